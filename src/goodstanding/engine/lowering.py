"""Records as arrays that kernels read: sorted by subject, day, occurrence and digest, each once, in small integers.

What depends on no day is done here once: which subject, kind and occurrence a record is of, what its attributes are,
and which items it matches. One lowered table can be judged on any number of days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from goodstanding.engine.columns import Array, Column, bounded, evaluate
from goodstanding.engine.compiled import SUBJECTS, Compiled
from goodstanding.engine.entries import parsed
from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import subject_of
from goodstanding.facts.records import CONTENT, schema
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import EntryRule, Policy

_NEEDED = ("subject", "kind", "act", "occurrence", "digest")


@dataclass(frozen=True)
class Fact:
    """An attribute or date of every record, and which records do not have it (None: all do)."""

    column: Column
    absent: Array | None


@dataclass(frozen=True)
class Candidates:
    """What may open entries of one rule, in order of record and item: row, place of the item, what `where` lacks."""

    row: Array
    item: Array | None = None
    lacking: Array | None = None

    def take(self, kept: Array | slice) -> Candidates:
        """Return some of them, by mask or slice."""
        item = None if self.item is None else self.item[kept]
        return Candidates(self.row[kept], item, None if self.lacking is None else self.lacking[kept])


@dataclass(frozen=True)
class Lowered:
    """Records under a policy, as arrays in order of subject, day, occurrence and digest.

    subjects: all that must get a standing, sorted. is_a: numbers in SUBJECTS. offsets: where each subject's records
    begin, and where the last one's end. place: the row in `records`. owner: the subject's place. occurrence: the first
    row of the same subject and occurrence. kind: number in `compiled.kinds`. act: days since 1970-01-01. exact:
    subjects that only the exact evaluator can judge.
    """

    compiled: Compiled
    records: pl.DataFrame
    subjects: pl.Series
    is_a: Array
    offsets: Array
    place: Array
    owner: Array
    occurrence: Array
    kind: Array
    act: Array
    facts: dict[str, Fact]
    candidates: dict[str, Candidates]
    exact: Array

    def lacking(self, name: str, rows: Array) -> Array:
        """Return what is missing for each row where its attribute or date of this name is."""
        kinds = self.compiled.kinds.things
        sets = np.array([self.compiled.missing.named(f"{kind}.{name}") for kind in kinds], np.int32)
        numbers: Array = sets[self.kind[rows]]
        return numbers


class RowScope:
    """The scope of expressions over records, some of which may be joined with an item.

    `ended` is the day on which each row's conduct ended, ABSENT where it goes on; None where no expression asks.
    """

    def __init__(self, lowered: Lowered, rows: Array, item: Array | None = None, ended: Array | None = None) -> None:
        """Take rows of the lowered records, and the place of the item of each."""
        self.lowered, self.rows, self.item, self.ended = lowered, rows, item, ended
        compiled = lowered.compiled
        self.codes, self.durations, self.missing = compiled.codes, compiled.durations, compiled.missing
        self.cells = compiled.cells

    def name(self, name: str) -> Column:
        """Return a date or an attribute of the records."""
        if name == "act":
            return Column(self.lowered.act[self.rows])
        if name == "ended":
            assert self.ended is not None
            return Column(self.ended)
        fact = self.lowered.facts[name]
        column = fact.column.take(self.rows)
        absent = None if fact.absent is None else fact.absent[self.rows]
        if absent is None or not absent.any():
            return column
        lacking = np.where(absent, self.lowered.lacking(name, self.rows), 0)
        return Column(column.values, lacking, column.scale, column.bound)

    def function(self, function: str, name: str) -> Column:
        """Never called: the reader lets no function into an expression over records."""
        raise AssertionError(function, name)

    def folded(self, node: ex.Node) -> Column | None:
        """Return what the item alone gives, where the node reads nothing else."""
        of_items = None if self.item is None else self.lowered.compiled.over_items(node)
        return None if of_items is None or self.item is None else of_items.take(self.item)


def lower(policy: Policy, catalogue: Catalogue, records: pl.DataFrame, subjects: pl.DataFrame | None) -> Lowered:
    """Bring records into the form that kernels read.

    `records` as `facts.records` with `digest`, in any order; `subjects` (subject, is_a) or None for those that occur.
    Raises InputError where a column is missing or empty, or a record is about a subject that is not among them.
    """
    compiled = Compiled(policy, catalogue)
    records = _completed(records, catalogue, compiled)
    names, is_a = _subjects(records, subjects)
    numbers = {kind: number for number, kind in enumerate(compiled.kinds.things)}
    kind = records["kind"].replace_strict(numbers, default=-1, return_dtype=pl.Int16).to_numpy()
    owner = _owners(records["subject"], names)
    place = _sorted(records, owner, np.flatnonzero(kind >= 0))
    owner = owner[place]
    lowered = Lowered(
        compiled=compiled,
        records=records,
        subjects=names,
        is_a=is_a,
        offsets=np.searchsorted(owner, np.arange(len(names) + 1)).astype(np.int64),
        place=place,
        owner=owner,
        occurrence=_first_of_occurrence(records["occurrence"].gather(place), owner),
        kind=kind[place],
        act=records["act"].to_physical().to_numpy()[place],
        facts={name: _fact(name, records[name].gather(place), compiled) for name in sorted(compiled.reads)},
        candidates={},
        exact=np.zeros(len(names), np.bool_),
    )
    lowered.candidates.update(_all_candidates(lowered))
    return lowered


def _completed(records: pl.DataFrame, catalogue: Catalogue, compiled: Compiled) -> pl.DataFrame:
    types = schema(catalogue) | {"digest": pl.String}
    missing = [name for name in (*CONTENT, "digest") if name not in records.columns]
    if missing:
        raise InputError(f"records lack column {', '.join(missing)}; expected a table as facts.records makes it")
    unheard = [name for name in compiled.reads if name not in types]
    if unheard:
        raise InputError(f"the catalogue has no attribute {', '.join(sorted(unheard))}, which the policy reads")
    blank = [pl.lit(None, types[name]).alias(name) for name in compiled.reads if name not in records.columns]
    records = records.with_columns(blank).cast({name: types[name] for name in (*_NEEDED, *sorted(compiled.reads))})
    empty = [name for name in _NEEDED if records[name].null_count()]
    if empty or (records["digest"] == "").any():
        raise InputError(f"records without {', '.join(empty) or 'digest'}; expected a value in every row")
    strange = set(records["kind"].unique()) & set(compiled.kinds.things) - set(catalogue.kinds)
    if strange:
        raise InputError(f"kind {sorted(strange)[0]} is not in the catalogue, but the policy reads it")
    return records


def _subjects(records: pl.DataFrame, subjects: pl.DataFrame | None) -> tuple[pl.Series, Array]:
    if subjects is None:
        names = records["subject"].unique().sort()
        try:
            kinds: Sequence[str] = [subject_of(name) for name in names]
        except KeyError as error:
            raise InputError(f"found the identifier scheme {error.args[0]!r}, which is not known") from None
    else:
        subjects = subjects.select(pl.col("subject", "is_a").cast(pl.String)).unique().sort("subject")
        names, kinds = subjects["subject"], subjects["is_a"].to_list()
        if names.is_duplicated().any() or names.null_count():
            raise InputError("subjects: found a subject twice or none at all, expected each once")
    if not set(kinds) <= set(SUBJECTS):
        raise InputError(
            f"subjects: is_a: found {sorted(set(map(str, kinds)) - set(SUBJECTS))[0]!r}, expected {SUBJECTS}"
        )
    return names, np.array([SUBJECTS.index(kind) for kind in kinds], np.uint8)


def _owners(subject: pl.Series, names: pl.Series) -> Array:
    """Return the place of each record's subject among the names."""
    places = pl.DataFrame({"subject": names}).with_row_index("place")
    joined = pl.DataFrame({"subject": subject}).join(places, on="subject", how="left", maintain_order="left")["place"]
    if joined.null_count():
        raise InputError(f"{joined.null_count()} records are about a subject that is not among those given")
    return joined.cast(pl.Int32).to_numpy().copy()


def _sorted(records: pl.DataFrame, owner: Array, rows: Array) -> Array:
    """Return the rows in order of subject, act, occurrence and digest, without those whose digest is there before."""
    act = records["act"].to_physical().to_numpy()
    key = owner.astype(np.int64)[rows] << 32 | (act[rows].astype(np.int64) + 2**31)
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        rows, key = rows[order], key[order]
    same = np.diff(key) == 0
    tied = np.append(same, False) | np.append(False, same)
    if not tied.any():
        return rows
    where = np.flatnonzero(tied)
    text = records.select(pl.col("occurrence", "digest").gather(rows[where]))
    ties = text.with_columns(key=key[where], row=rows[where]).sort("key", "occurrence", "digest")
    rows[where] = ties["row"].to_numpy()
    again = (ties["key"] == ties["key"].shift()) & (ties["digest"] == ties["digest"].shift())
    return np.delete(rows, where[again.fill_null(value=False).to_numpy()])


def _first_of_occurrence(occurrence: pl.Series, owner: Array) -> Array:
    first = np.arange(len(owner), dtype=np.int32)
    shared = np.flatnonzero(occurrence.is_duplicated().to_numpy())
    if len(shared):
        rows = pl.DataFrame({"row": first[shared], "owner": owner[shared], "occurrence": occurrence.gather(shared)})
        first[shared] = rows.select(pl.col("row").first().over("owner", "occurrence")).to_series().to_numpy()
    return first


def _fact(name: str, cells: pl.Series, compiled: Compiled) -> Fact:
    absent = cells.is_null().to_numpy().copy() if cells.null_count() else None
    if cells.dtype == pl.String:
        return Fact(Column(_codes(cells, compiled)), absent)
    attribute = compiled.catalogue.attributes.get(name)
    if cells.dtype == pl.Int64 and attribute is not None:
        values = cells.fill_null(0).to_numpy().copy()
        bound = bounded(max(-int(values.min()), int(values.max()), 0)) if len(values) else 0
        return Fact(Column(values, scale=10**attribute.scale, bound=bound), absent)
    plain = cells.fill_null(value=False) if cells.dtype == pl.Boolean else cells.to_physical().fill_null(0)
    return Fact(Column(plain.to_numpy().copy()), absent)


def _codes(cells: pl.Series, compiled: Compiled) -> Array:
    numbers = {text: compiled.codes.number(text) for text in cells.unique().drop_nulls().sort()}
    return cells.replace_strict(numbers, default=0, return_dtype=pl.Int32).to_numpy().copy()


def _all_candidates(lowered: Lowered) -> Iterator[tuple[str, Candidates]]:
    groups = dict(_groups(lowered))
    by_class: dict[str, Candidates] = {}
    for name, rule in lowered.compiled.policy.entries.items():
        if rule.items and rule.items not in by_class:
            by_class[rule.items] = _matching(rule.items, lowered, groups)
        found = by_class[rule.items] if rule.items else _of_kinds(rule, lowered)
        if rule.subject:
            found = found.take(lowered.is_a[lowered.owner[found.row]] == SUBJECTS.index(rule.subject))
        yield name, found


def _of_kinds(rule: EntryRule, lowered: Lowered) -> Candidates:
    kinds = [lowered.compiled.kinds.number(kind) for kind in rule.kinds]
    return Candidates(np.flatnonzero(np.isin(lowered.kind, kinds)).astype(np.int32))


def _groups(lowered: Lowered) -> Iterator[tuple[tuple[str, int], Array]]:
    """Give the rows, in order, of each kind on each sort of subject."""
    key = lowered.kind * len(SUBJECTS) + lowered.is_a[lowered.owner]
    order = np.argsort(key, kind="stable").astype(np.int32)
    present = np.unique(key)
    for number, rows in zip(present, np.split(order, np.searchsorted(key[order], present[1:])), strict=False):
        yield (lowered.compiled.kinds.things[number // len(SUBJECTS)], int(number) % len(SUBJECTS)), rows


def _matching(class_: str, lowered: Lowered, groups: dict[tuple[str, int], Array]) -> Candidates:
    """Return every record with every item of a class that it matches or, for want of a fact, may match."""
    found = [
        _matches(rows, place, lowered)
        for (kind, is_a), rows in groups.items()
        for place in lowered.compiled.items_for(class_, kind, is_a)
    ]
    none = np.empty(0, np.int32)
    row, item, lacking = (np.concatenate(parts) for parts in zip((none, none, none), *found, strict=True))
    order = np.argsort(row.astype(np.int64) << 32 | item)
    return Candidates(row[order], item[order], lacking[order] if lacking.any() else None)


def _matches(rows: Array, place: int, lowered: Lowered) -> tuple[Array, Array, Array]:
    """Return the rows that match one item, the item's place and what is missing to tell whether they do."""
    where = lowered.compiled.policy.items[place].where
    if where:
        holds = evaluate(parsed(where), RowScope(lowered, rows))
        if holds.exact is not None:
            lowered.exact[lowered.owner[rows[np.broadcast_to(holds.exact, rows.shape)]]] = True
        lacking = np.zeros(len(rows), np.int32) if holds.lacking is None else np.broadcast_to(holds.lacking, rows.shape)
        kept = np.broadcast_to(holds.values, rows.shape) | (lacking != 0)
        return rows[kept], np.full(kept.sum(), place, np.int32), lacking[kept]
    return rows, np.full(len(rows), place, np.int32), np.zeros(len(rows), np.int32)
