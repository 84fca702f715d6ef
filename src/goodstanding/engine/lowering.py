"""Records as arrays that kernels read: sorted by subject, day, occurrence and digest, each once, in small integers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from goodstanding.engine.columns import Array, Column, bounded
from goodstanding.engine.compiled import SUBJECTS, Compiled
from goodstanding.engine.kernels import first_alike
from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import subject_of
from goodstanding.facts.records import CONTENT, schema
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Policy

_NEEDED = ("subject", "kind", "act", "occurrence", "digest")


@dataclass(frozen=True)
class Fact:
    """An attribute or date by place in the table of records, and which records do not have it (None: all do)."""

    column: Column
    absent: Array | None


@dataclass(frozen=True)
class Lowered:
    """Records under a policy, as arrays in order of subject, day, occurrence and digest.

    subjects: all that must get a standing, sorted. is_a: numbers in SUBJECTS. offsets: where each subject's records
    begin, and where the last one's end. place: the row in `records`. owner: the subject's place. kind: number in
    `compiled.kinds`. act: days since 1970-01-01. exact: subjects that only the exact evaluator can judge on any day;
    `drafting` marks them.
    """

    compiled: Compiled
    records: pl.DataFrame
    subjects: pl.Series
    is_a: Array
    offsets: Array
    place: Array
    owner: Array
    kind: Array
    act: Array
    facts: dict[str, Fact]
    exact: Array

    @cached_property
    def occurrence(self) -> Array:
        """The first row of the same subject and occurrence, for each row; by hash, by text where hashes collide."""
        texts = self.records["occurrence"]
        first = first_alike(self.owner, texts.hash().to_numpy()[self.place])
        later = np.flatnonzero(first != np.arange(len(first)))
        if (texts.gather(self.place[later]) != texts.gather(self.place[first[later]])).any():
            return first_alike(self.owner, texts.rank("dense").cast(pl.UInt64).to_numpy()[self.place])
        return first


class RowScope:
    """The scope of expressions over records, some of which may be joined with an item.

    `ended` is the day on which each row's conduct ended, ABSENT where it goes on; None where no expression asks.
    """

    def __init__(self, lowered: Lowered, rows: Array, item: Array | None = None, ended: Array | None = None) -> None:
        """Take rows of the lowered records, and the place of the item of each."""
        self.lowered, self.rows, self.item, self.ended = lowered, rows, item, ended
        self.compiled = compiled = lowered.compiled
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
        column = fact.column.take(self._place)
        absent = None if fact.absent is None else fact.absent[self._place]
        if absent is None or not absent.any():
            return column
        lacking = np.where(absent, self.compiled.absences(name)[self.lowered.kind[self.rows]], 0)
        return replace(column, lacking=lacking)

    @cached_property
    def _place(self) -> Array:
        places: Array = self.lowered.place[self.rows]
        return places

    def function(self, function: str, name: str) -> Column:
        """Never called: the reader lets no function into an expression over records."""
        raise AssertionError(function, name)

    def folded(self, node: ex.Node) -> Column | None:
        """Return what the item alone gives, where the node reads nothing else."""
        of_items = None if self.item is None else self.compiled.over_items(node)
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
    return Lowered(
        compiled=compiled,
        records=records,
        subjects=names,
        is_a=is_a,
        offsets=np.searchsorted(owner, np.arange(len(names) + 1)).astype(np.int64),
        place=place,
        owner=owner,
        kind=kind[place],
        act=records["act"].to_physical().to_numpy()[place],
        facts={name: _fact(name, records[name], compiled) for name in sorted(compiled.reads)},
        exact=np.zeros(len(names), np.bool_),
    )


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
    """Return the subjects, sorted, and what each of them is."""
    if subjects is None:
        names = records["subject"]
        names = names.filter(_changes(names)) if names.is_sorted() else names.unique().sort()
        kinds = _kinds_of(names)
    else:
        subjects = subjects.select(pl.col("subject", "is_a").cast(pl.String)).unique().sort("subject")
        names, kinds = subjects["subject"], subjects["is_a"]
        if names.is_duplicated().any() or names.null_count():
            raise InputError("subjects: found a subject twice or none at all, expected each once")
    strange = kinds.filter(~kinds.is_in(SUBJECTS) | kinds.is_null())
    if len(strange):
        raise InputError(f"subjects: is_a: found {strange[0]!r}, expected one of {', '.join(SUBJECTS)}")
    numbers = {kind: number for number, kind in enumerate(SUBJECTS)}
    return names, kinds.replace_strict(numbers, return_dtype=pl.UInt8).to_numpy().copy()


def _kinds_of(names: pl.Series) -> pl.Series:
    """Return what each identifier is of, which its scheme and the first two characters of its number tell."""
    heads = names.str.extract("^([^:]*:?.{0,2})")
    try:
        known = {head: subject_of(head) for head in heads.unique().to_list()}
    except KeyError as error:
        raise InputError(f"found the identifier scheme {error.args[0]!r}, which is not known") from None
    return heads.replace_strict(known, return_dtype=pl.String) if known else heads


def _changes(subject: pl.Series) -> pl.Series:
    return (subject != subject.shift()).fill_null(value=True)


def _owners(subject: pl.Series, names: pl.Series) -> Array:
    """Return the place of each record's subject among the names."""
    if subject.is_sorted() and _changes(subject).sum() == len(names):
        owner = _changes(subject).cum_sum() - 1
        if (subject == names.gather(owner)).all():
            return owner.cast(pl.Int32).to_numpy().copy()
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


def _fact(name: str, cells: pl.Series, compiled: Compiled) -> Fact:
    absent = cells.is_null().to_numpy() if cells.null_count() else None
    if cells.dtype == pl.String:
        return Fact(Column(_codes(cells, compiled)), absent)
    filled = cells.fill_null(value=False) if cells.dtype == pl.Boolean else cells.to_physical().fill_null(0)
    values = filled.to_numpy()
    if cells.dtype != pl.Int64:
        return Fact(Column(values), absent)
    bound = bounded(max(-int(values.min()), int(values.max()))) if len(values) else 0
    return Fact(Column(values, scale=10 ** compiled.catalogue.attributes[name].scale, bound=bound), absent)


def _codes(cells: pl.Series, compiled: Compiled) -> Array:
    """Return the number of each text, 0 where there is none."""
    codes = np.zeros(len(cells), np.int32)
    there = cells.drop_nulls()
    numbers = {text: compiled.codes.number(text) for text in there.unique().sort()}
    if numbers:
        codes[cells.is_not_null().to_numpy()] = there.replace_strict(numbers, return_dtype=pl.Int32).to_numpy()
    return codes
