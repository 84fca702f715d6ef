"""From links to groups: which records are taken together for those of one subject.

A chain of links is no group: where a resembles b and b resembles c, all that is known of a and c counts too. Groups
grow by the strongest average over all pairs between two groups, and no further than where it speaks against them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import count

import polars as pl

GROUPS = {"record": pl.String, "group": pl.String}
MOST = 10.0
"""What one pair may weigh for or against two groups: about one in a thousand; more would outweigh all other pairs."""
UNSEEN = -5.0
"""What a pair weighs that was not looked at, since it shares no key."""


def groups(links: pl.DataFrame, least: float = 0.0) -> pl.DataFrame:
    """Return a group for each record that a link of at least `least` names, columns `GROUPS`, in order of record.

    A group is named by the first of its records. `links` are of one table, or of several whose keys differ, with all
    that was looked at where possible: a pair that weighs little keeps groups apart. Two groups become one while the
    average weight between them is `least` or more, the strongest average first; of equals those named first.
    """
    seen = links.group_by("left", "right").agg(pl.col("weight").max()).sort("left", "right")
    near: dict[str, dict[str, float]] = {}
    for left, right, weight in seen.iter_rows():
        capped = max(-MOST, min(MOST, weight)) - UNSEEN
        near.setdefault(left, {})[right] = capped
        near.setdefault(right, {})[left] = capped
    linked = seen.filter(pl.col("weight") >= least)
    named = _merged(near, least)
    records = sorted({*linked["left"], *linked["right"]})
    return pl.DataFrame({"record": records, "group": [named[record] for record in records]}, schema=GROUPS)


def _merged(near: dict[str, dict[str, float]], least: float) -> dict[str, str]:
    """Return the group of each record. `near` holds, above what is unseen, the sum of weights between two groups."""
    members = {record: [record] for record in near}
    turn = count()
    latest: dict[tuple[str, str], int] = {}
    heap: list[tuple[float, str, str, int]] = []

    def offer(one: str, others: Iterable[str]) -> None:
        for other in others:
            first, second = min(one, other), max(one, other)
            average = near[one][other] / (len(members[one]) * len(members[other])) + UNSEEN
            latest[first, second] = next(turn)
            if average >= least:
                heapq.heappush(heap, (-average, first, second, latest[first, second]))

    for record in sorted(near):
        offer(record, (other for other in near[record] if other > record))
    while heap:
        _, first, second, at = heapq.heappop(heap)
        if latest.get((first, second)) != at or second not in members or first not in members:
            continue
        members[first] += members.pop(second)
        for other, weight in near.pop(second).items():
            del near[other][second]
            if other != first:
                near[first][other] = near[other][first] = near[first].get(other, 0.0) + weight
        offer(first, near[first])
    return {record: name for name, records in members.items() for record in records}
