"""From links to groups: which records are taken together for those of one subject.

A chain of links is no group: where a resembles b and b resembles c, all that is known of a and c counts too. Groups
grow by the strongest average over all pairs between two groups, no further than where it speaks against them, and never
over a pair that by itself speaks strongly against.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import combinations, count

import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import KEY
from goodstanding.linkage.linking import weights
from goodstanding.linkage.models import Model

GROUPS = {"record": pl.String, "group": pl.String}
MOST = 10.0
"""What one pair may weigh for or against two groups: about one in a thousand; more would outweigh all other pairs."""
AGAINST = -10.0
"""The evidence, without the prior, that keeps two records apart whatever else is known: as much as `MOST`."""
UNSEEN = -5.0
"""What a pair weighs that was not looked at, since it shares no key."""


def grouped(model: Model, rows: pl.DataFrame, links: pl.DataFrame, least: float = 0.0) -> pl.DataFrame:
    """Return the groups of prepared rows, as `groups` does, in which every pair was compared.

    `rows` are one table, or all tables in one, whose keys differ; `links` what `linking.links` found in them, from
    `UNSEEN` bits where possible. Pairs of a group that are not among them are weighed too, and groups are made again
    until none has a pair that was not. Raises InputError where a link names a row that is not there.
    """
    known = _ordered(links)
    if lacking := {*known["left"], *known["right"]} - {*rows[KEY]}:
        raise InputError(f"row {min(lacking)}: is linked, but is not in the table; expected the rows that were linked")
    while True:
        found = groups(known, least, model.prior)
        members = found.group_by("group").agg(pl.col("record").sort())["record"]
        within = [pair for records in members for pair in combinations(records, 2)]
        pairs = pl.DataFrame(within, schema={"left": pl.String, "right": pl.String}, orient="row")
        new = pairs.join(known, on=["left", "right"], how="anti")
        if new.is_empty():
            return found
        known = pl.concat([known, _ordered(weights(model, new, rows))])


def groups(links: pl.DataFrame, least: float = 0.0, prior: float = 0.0) -> pl.DataFrame:
    """Return a group for each record that a link of at least `least` names, columns `GROUPS`, in order of record.

    A group is named by the first of its records. `links` are of one table, or of several whose keys differ, with all
    that was looked at where possible: a pair that weighs little keeps groups apart; of a pair that stands twice the
    least counts. Two groups become one while the average weight between them is `least` or more, the strongest average
    first, of equals those named first; but never where any pair between them weighs `AGAINST` or less without `prior`,
    the bits that its weight began with.
    """
    seen = _ordered(links)
    linked = seen.filter(pl.col("weight") >= least)
    records = sorted({*linked["left"], *linked["right"]})
    near: dict[str, dict[str, float]] = {record: {} for record in records}
    apart: dict[str, set[str]] = {record: set() for record in records}
    for left, right, weight in seen.filter(pl.col("left").is_in(records), pl.col("right").is_in(records)).iter_rows():
        capped = max(-MOST, min(max(MOST, least), weight)) - UNSEEN
        near[left][right] = near[right][left] = capped
        if weight - prior <= AGAINST:
            apart[left].add(right)
            apart[right].add(left)
    named = _merged(near, apart, least)
    return pl.DataFrame({"record": records, "group": [named[record] for record in records]}, schema=GROUPS)


def _ordered(links: pl.DataFrame) -> pl.DataFrame:
    """Return each pair of two records once, `left` before `right`, with the least weight that it has."""
    turned = pl.col("left") > pl.col("right")
    one, other = (pl.when(turned).then(a).otherwise(b).alias(b) for a, b in (("right", "left"), ("left", "right")))
    seen = links.filter(pl.col("left") != pl.col("right")).select(one, other, "weight")
    return seen.group_by("left", "right").agg(pl.col("weight").min()).sort("left", "right")


def _merged(near: dict[str, dict[str, float]], apart: dict[str, set[str]], least: float) -> dict[str, str]:
    """Return the group of each record.

    `near` holds, above what is unseen, the sum of weights between two groups; `apart` those that never become one.
    """
    members = {record: [record] for record in near}
    turn = count()
    latest: dict[tuple[str, str], int] = {}
    heap: list[tuple[float, str, str, int]] = []

    def offer(one: str, others: Iterable[str]) -> None:
        for other in others:
            first, second = min(one, other), max(one, other)
            average = near[one][other] / (len(members[one]) * len(members[other])) + UNSEEN
            latest[first, second] = next(turn)
            if average >= least and other not in apart[one]:
                heapq.heappush(heap, (-average, first, second, latest[first, second]))

    for record in sorted(near):
        offer(record, (other for other in near[record] if other > record))
    while heap:
        _, first, second, at = heapq.heappop(heap)
        if latest.get((first, second)) != at or second not in members or first not in members:
            continue
        members[first] += members.pop(second)
        for other in apart.pop(second):
            apart[other].remove(second)
            apart[other].add(first)
            apart[first].add(other)
        for other, weight in near.pop(second).items():
            del near[other][second]
            if other != first:
                near[first][other] = near[other][first] = near[first].get(other, 0.0) + weight
        offer(first, near[first])
    return {record: name for name, records in members.items() for record in records}
