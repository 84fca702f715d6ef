"""Which pairs are looked at: those that share a key. What a run will cost is counted before it starts.

A key is a combination of normal forms. Where very many rows share a value of a key it tells little and would cost the
square of their number: such values are passed over (`Blocking.crowds`). Keys and crowds are pinned with the model, so
that a delivery that is linked by itself looks at the same pairs as all rows together.

Keys are chosen by what they can be expected to find for what they cost: forms go wrong independently, with the shares
`_WHOLE` and `_PART`, and the next key is the one that finds the most further pairs for its comparisons.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb
import numpy as np
import numpy.typing as npt

from goodstanding.linkage.columns import KEY, Columns

PAIRS_A_ROW = 5
LEAST_PAIRS = 5_000_000
"""Pairs that a run may look at: so many for each row, or so many in all where there are few rows."""
MOST_KEYS = 12
_WHOLE, _PART = 0.75, 0.6
"""How often a form is expected to be the same in two rows about one subject; and a part of it, where it is not."""
_DRAWS = 8192
_COUNTED = 62_500
"""Rows about whose values of a key are counted; where there are more, one in so many values."""
_LEAST_GAIN = 0.0005


@dataclass(frozen=True)
class Key:
    """Forms that two rows must share to be looked at, and how many rows may share a value of it."""

    forms: tuple[str, ...]
    crowd: int = 0

    @property
    def name(self) -> str:
        """How the key is called in tables and reports."""
        return "+".join(self.forms)

    @property
    def sql(self) -> str:
        """The value of the key in a prepared row: a number of 64 bits, null where a form is missing."""
        there = " AND ".join(f"{part} IS NOT NULL" for part in self.parts)
        return f"CASE WHEN {there} THEN hash({', '.join(self.parts)}) END"

    @property
    def parts(self) -> list[str]:
        """The forms as SQL reads them from a prepared row."""
        return [_PARTS.get(form, form) for form in self.forms]


_PARTS = {"given3": "left(given, 3)", "family4": "left(family, 4)", "organisation6": "left(organisation, 6)"}


@dataclass(frozen=True)
class Count:
    """What a key costs and reaches: pairs, and the share of the rows that it can compare with any other."""

    key: Key
    pairs: int
    share: float


def keys(columns: Columns, told: Collection[str]) -> list[Key]:
    """Return every key that the columns of `told` offer: each telling form, and each pair of the others.

    Where there is no other to make a pair with, each form is a key by itself.
    """
    strong, weak = [], []
    labels = sorted(((label, field) for label, field in columns.labels() if label in told), key=lambda one: one[0])
    if "name" in told:
        strong += ["name", "family", "name_sound"]
        weak += ["given", "family", "given3", "family4"]
    for label, field in labels:
        strong += {
            "organisation": [label, f"{label}_sound"],
            "identifier": [label],
            "postcode": [label],
            "date": [label],
            "address": [label],
        }.get(field.role, [])
        weak += {
            "organisation": [label, "organisation6"],
            "date": [label, f"{label}_year", f"{label}_day"],
            "postcode": [label, f"{label}_area"],
            "place": [label],
            "address": [label],
            "code": [label],
        }.get(field.role, [])
    pairs = [pair for pair in combinations(weak, 2) if stem(pair[0]) != stem(pair[1])]
    alone = strong if pairs else [*strong, *(one for one in weak if one not in strong)]
    return [Key((one,)) for one in alone] + [Key(pair) for pair in pairs]


def chosen(
    connection: duckdb.DuckDBPyConnection, left: str, right: str | None, columns: Columns, told: Collection[str]
) -> tuple[list[Count], float]:
    """Choose keys for linking one prepared table with another, or with itself, within `PAIRS_A_ROW`.

    Return them, and which share of the pairs of one subject they can be expected to find.

    A key that costs its fair part of that must find twice what a key finds that costs nothing: where rows are few, so
    that pairs are cheap, wide keys are taken. The pairs of one key are those of another too where they share both; the
    sum is what a run looks at, at most.
    """
    rows = [connection.table(table).count("*").fetchall()[0][0] for table in (left, right) if table]
    budget = max(PAIRS_A_ROW * sum(rows), LEAST_PAIRS)
    possible = keys(columns, told)
    parts = sorted({part for key in possible for part in key.parts})
    for side, table in (("l", left), ("r", right)):
        if table:
            _hashed(connection, table, f"hashed_{side}", parts)
    offered = [
        count for key in possible if (count := _fitting(connection, key, parts, budget // 4, rows, right is not None))
    ]
    for side in "lr":
        connection.execute(f"DROP TABLE IF EXISTS hashed_{side}")
    if not offered:
        return [], 0.0
    fair = budget / MOST_KEYS
    forms = sorted({form for count in offered for form in count.key.forms})
    same, there = _draws(forms), _there(connection, left, right or left, forms)
    found = np.zeros(_DRAWS, dtype=bool)
    taken: list[Count] = []
    hits = {count.key: _hits(count, same, there, place) for place, count in enumerate(offered)}
    while offered and len(taken) < MOST_KEYS:
        _, best = max(
            ((np.mean(hits[count.key] & ~found) / (count.pairs / fair + 1), count) for count in offered),
            key=lambda one: one[0],
        )
        offered.remove(best)
        if np.mean(hits[best.key] & ~found) < _LEAST_GAIN:
            continue
        if best.pairs <= budget - sum(count.pairs for count in taken):
            taken.append(best)
            found |= hits[best.key]
    return taken, float(found.mean())


def _hashed(connection: duckdb.DuckDBPyConnection, table: str, target: str, parts: Sequence[str]) -> None:
    """Make a table of the hashes of all that keys are made of, so that each is read once for all keys."""
    hashes = ", ".join(
        f"CASE WHEN {part} IS NOT NULL THEN (hash({part}) % {_DIFFERENT})::UINTEGER END AS part_{place}"
        for place, part in enumerate(parts)
    )
    connection.execute(f"CREATE OR REPLACE TABLE {target} AS SELECT {hashes} FROM {table}")


_DIFFERENT = 2**32 - 5


def _fitting(
    connection: duckdb.DuckDBPyConnection, key: Key, parts: Sequence[str], most: int, rows: Sequence[int], apart: bool
) -> Count | None:
    """Return a key with the largest crowd under which it costs no more than `most` pairs; None where none does."""
    sampled = max(sum(rows) // _COUNTED, 1)
    columns = [f"part_{parts.index(part)}" for part in key.parts]
    value = f"CASE WHEN {' AND '.join(f'{one} IS NOT NULL' for one in columns)} THEN hash({', '.join(columns)}) END"
    groups = connection.execute(_GROUPS[apart].format(key=value, n=sampled)).fetchnumpy()
    size, pairs, members = (groups[name].astype(np.float64) * sampled for name in ("size", "pairs", "members"))
    size = size / sampled
    within = np.cumsum(pairs) <= most
    if not within.any() or not pairs.sum():
        return None
    last = int(np.flatnonzero(within)[-1])
    share = float(members[: last + 1].sum()) / max(rows[0], 1)
    return Count(Key(key.forms, int(size[last])), int(pairs[: last + 1].sum()), min(share, 1.0))


_GROUPS = {
    False: """
        SELECT n AS size, count(*) * n * (n - 1) / 2 AS pairs, count(*) * n AS members
        FROM (SELECT count(*) AS n FROM (SELECT {key} AS key FROM hashed_l) WHERE key % {n} = 0 GROUP BY key)
        WHERE n >= 1 GROUP BY n ORDER BY n""",
    True: """
        SELECT nl + nr AS size, sum(nl * nr) AS pairs, sum(nl) AS members FROM (
            SELECT key, count(*) FILTER (side = 0) AS nl, count(*) FILTER (side = 1) AS nr
            FROM (SELECT {key} AS key, 0 AS side FROM hashed_l UNION ALL SELECT {key}, 1 FROM hashed_r)
            WHERE key % {n} = 0 GROUP BY key)
        GROUP BY nl + nr ORDER BY size""",
}
"""How many values of a key are shared by how many rows, the least shared first."""


def _draws(forms: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return in which of many imagined pairs each form is the same; a part of a form is where the whole is."""
    random = np.random.default_rng(0)
    stems = sorted({stem(form) for form in forms})
    whole = {stem: random.random(_DRAWS) < _WHOLE for stem in stems}
    whole["name"] = (
        whole.get("name", np.ones(_DRAWS, dtype=bool)) & whole.get("given", True) & whole.get("family", True)
    )
    return {
        form: whole[stem(form)] if form == stem(form) else whole[stem(form)] | (random.random(_DRAWS) < _PART)
        for form in forms
    }


def _there(
    connection: duckdb.DuckDBPyConnection, left: str, right: str, forms: Sequence[str]
) -> dict[str, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Return, for each form, in which of many rows of either table it is there: what lacks in a row lacks together."""
    said = ", ".join(f"{_PARTS.get(form, form)} IS NOT NULL AS {form}" for form in forms)
    sides = []
    for seed, table in enumerate((left, right)):
        rows = f"SELECT {said} FROM {table} ORDER BY hash({KEY}, {seed}) LIMIT {_DRAWS}"
        some = connection.execute(rows).fetchnumpy()
        sides.append({form: np.resize(some[form].astype(bool), _DRAWS) for form in forms})
    return {form: (sides[0][form], sides[1][form]) for form in forms}


def _hits(
    count: Count,
    same: dict[str, npt.NDArray[np.bool_]],
    there: dict[str, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]],
    seed: int,
) -> npt.NDArray[np.bool_]:
    """Return which of the imagined pairs a key finds: all its forms are there on both sides, and are the same."""
    one, other = (np.logical_and.reduce([there[form][side] for form in count.key.forms]) for side in (0, 1))
    uncrowded = np.random.default_rng(1 + seed).random(_DRAWS) < count.share / max(one.mean(), 1 / _DRAWS)
    hits = np.logical_and.reduce([same[form] for form in count.key.forms])
    found: npt.NDArray[np.bool_] = hits & one & other & uncrowded
    return found


def stem(form: str) -> str:
    """Return the form that another is a part of; `date2` is a form of its own, `date2_year` a part of it."""
    return {"given3": "given", "family4": "family", "organisation6": "organisation"}.get(form, form.partition("_")[0])
