"""Records as arrays of whole numbers, prepared once: sorted by subject and day, each record once, codes by number.

A snapshot serves any number of days. `columns` are in order of subject, act, kind as the policy ranks it, occurrence
and digest; what a record does not have is NOWHERE in a column of days or codes, NOTHING in one of numbers.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow

from goodstanding.engine.compiled.coding import ATTRIBUTE_BITS, ENTRIES_BITS
from goodstanding.engine.compiled.primitives import NOTHING, NOWHERE
from goodstanding.engine.compiled.vocabulary import SUBJECTS, Vocabulary
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import subject_of
from goodstanding.facts.records import schema

Array = npt.NDArray[Any]
_ARROW: Any = pyarrow
"""Arrow, whose stubs do not name what it exports."""
_NEEDED = ("subject", "kind", "act", "occurrence", "digest")
_OPTIONAL = ("known", "withdrawn")


class Snapshot:
    """Records and subjects as arrays.

    subjects: all that must get a standing, sorted. is_a: numbers in SUBJECTS. offsets: where each subject's records
    begin, and where the last one's end. place: the row of each in `records`. hand: subjects that only the exact
    evaluator can judge. codes: all codes by number, those of the policy first.
    """

    def __init__(self, words: Vocabulary, records: pl.DataFrame, subjects: pl.DataFrame | None) -> None:
        """Bring records into order.

        `records` as `facts.records` with `digest`, in any order; `subjects` (subject, is_a) or None for those that
        occur. Raises InputError where a column is missing or empty, or a record is about somebody not among them.
        """
        self.words, self.records = words, _completed(records, words)
        self.codes = words.codes.things
        self._others: dict[str, int] = {}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            kinds = pool.submit(_numbers, self.records["kind"], words.kinds.numbers, -1)
            occurrences = pool.submit(_told_apart, self.records["occurrence"]) if words.tells_apart else None
            coded = {name: pool.submit(_categories, self.records[name]) for name in self._texts()}
            self.subjects, self.is_a, owner = _subjects(self.records["subject"], subjects)
            self.place = _sorted(self.records, owner, kinds.result(), words)
            self._ordered = np.array_equal(self.place, np.arange(records.height))
            self._rows = np.full(records.height, -1, np.int32)
            self._rows[self.place] = np.arange(len(self.place), dtype=np.int32)
            self.owner = self._placed(owner)
            many = np.bincount(self.owner, minlength=len(self.subjects))
            self.offsets = np.concatenate([[0], np.cumsum(many)]).astype(np.int64)
            self.hand = many >= 1 << ENTRIES_BITS
            self.columns = {"KIND": self._placed(kinds.result()), "ACT": self._days("act")}
            none = np.zeros(len(self.place), np.int32)
            self.columns["OCCURRENCE"] = self._placed(occurrences.result()) if occurrences else none
            others = {name: pool.submit(self._column, name) for name in words.attributes.things if name not in coded}
            for name in words.attributes.things:
                self.columns[name] = self._coded(*coded[name].result()) if name in coded else others[name].result()
        self.dated = any(name in self.records.columns and self.records[name].null_count() < self.records.height
                         for name in _OPTIONAL)  # fmt: skip

    def _texts(self) -> list[str]:
        """Return the attributes that are codes."""
        return [name for name in self.words.attributes.things if _is_text(self.records[name])]

    def _placed(self, cells: Array) -> Array:
        """Return cells of all records in order."""
        return cells if self._ordered else cells.take(self.place)

    def _spread(self, some: Array, there: Array | None, none: int) -> Array:
        """Return a column in order from the cells at these places, or from all where it is None."""
        if there is None:
            return self._placed(some)
        rows = self._rows[there]
        column = np.full(len(self.place), none, some.dtype)
        column[rows[rows >= 0]] = some[rows >= 0]
        return column

    def _days(self, name: str) -> Array:
        some, there = _cells(self.records[name].to_physical())
        return self._spread(some.fill_null(NOWHERE).to_numpy(), there, NOWHERE)

    def day_column(self, name: str) -> Array:
        """Return a date of the records, NOWHERE where it is not there."""
        if name not in self.records.columns:
            return np.full(len(self.place), NOWHERE, np.int32)
        return self._days(name)

    def _column(self, name: str) -> Array:
        cells = self.records[name]
        if cells.dtype == pl.Boolean:
            return self._placed(cells.cast(pl.Int32).fill_null(NOWHERE).to_numpy())
        if cells.dtype != pl.Int64:
            return self._days(name)
        some, there = _cells(cells)
        numbers = self._spread(some.fill_null(NOTHING).to_numpy(), there, NOTHING)
        if max(some.max() or 0, -(some.min() or 0)) >= 1 << ATTRIBUTE_BITS:  # type: ignore[operator]
            large = (np.abs(numbers) >= 1 << ATTRIBUTE_BITS) & (numbers != NOTHING)
            self.hand[self.owner[large]] = True
        return numbers

    def _coded(self, numbers: Array, texts: list[str], there: Array | None) -> Array:
        known = self.words.codes.numbers
        for text in texts:
            if text not in known and text not in self._others:
                self._others[text] = len(self.codes)
                self.codes.append(text)
        if not texts:
            return np.full(len(self.place), NOWHERE, np.int32)
        mapped = np.array([*(known.get(text, self._others.get(text, 0)) for text in texts), NOWHERE], np.int32)
        return self._spread(mapped.take(numbers), there, NOWHERE)

    def orders(self) -> Array:
        """Return the place of each record among its subject's by kind, occurrence and digest alone."""
        ranks = _ranks(self.words)[self.columns["KIND"]]
        order, _ = _ordered(self.records, self.place, self.owner.astype(np.int64) << 12 | ranks)
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order)) - self.offsets[self.owner]
        return places


def _completed(records: pl.DataFrame, words: Vocabulary) -> pl.DataFrame:
    types = schema(words.catalogue) | {"digest": pl.String}
    missing = [name for name in _NEEDED if name not in records.columns]
    if missing:
        raise InputError(f"records lack column {', '.join(missing)}; expected a table as facts.records makes it")
    reads = words.attributes.things
    blank = [pl.lit(None, types[name]).alias(name) for name in reads if name not in records.columns]
    wanted = {name: types[name] for name in (*_NEEDED, *reads)}
    records = records.with_columns(blank)
    other = {name: kind for name, kind in wanted.items() if records.schema[name] != kind}
    wrong = {name: kind for name, kind in other.items() if not _is_coded(records[name])}
    records = records.cast(wrong) if wrong else records  # type: ignore[arg-type]
    empty = [name for name in _NEEDED if records[name].null_count()]
    if empty or (records["digest"] == "").any():
        raise InputError(f"records without {', '.join(empty) or 'digest'}; expected a value in every row")
    return records


def _is_coded(cells: pl.Series) -> bool:
    return isinstance(cells.dtype, pl.Categorical | pl.Enum)


def _is_text(cells: pl.Series) -> bool:
    return cells.dtype == pl.String or _is_coded(cells)


def _cells(cells: pl.Series) -> tuple[pl.Series, Array | None]:
    """Return the cells that are there and their places, where they are few; else all, and None."""
    if 2 * cells.null_count() <= len(cells):
        return cells, None
    there = cells.is_not_null().arg_true()
    return cells.gather(there), there.to_numpy()


def _categories(cells: pl.Series) -> tuple[Array, list[str], Array | None]:
    """Return texts as numbers, -1 for none, the text of each number, and at which places they are, None for all."""
    some, there = _cells(cells)
    numbers, texts = _encoded(some)
    return numbers, texts.to_pylist(), there


def _told_apart(cells: pl.Series) -> Array:
    """Return a number for each text, the same for the same."""
    return cells.to_physical().cast(pl.Int32).to_numpy() if _is_coded(cells) else _encoded(cells)[0]


def _encoded(cells: pl.Series) -> tuple[Array, Any]:
    """Return texts as numbers, -1 for none, and the texts as an array of Arrow."""
    if _is_coded(cells):
        return _recoded(cells)
    arrow: Any = cells.to_arrow()
    coded = arrow.dictionary_encode()
    numbers: Array = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return numbers, coded.dictionary


def _recoded(cells: pl.Series) -> tuple[Array, Any]:
    """Return codes as numbers from 0, -1 for none, and the texts of those that occur."""
    own = cells.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
    at = np.full(int(own.max(initial=-1)) + 2, -1, np.int32)
    at[own] = np.arange(len(own), dtype=np.int32)
    at[-1] = -1
    used = np.flatnonzero(at >= 0)
    numbers = np.full(len(at), -1, np.int32)
    numbers[used] = np.arange(len(used), dtype=np.int32)
    return numbers[own], cells.gather(at[used]).cast(pl.String).to_arrow()


def _numbers(cells: pl.Series, known: dict[str, int], none: int) -> Array:
    numbers, texts = _encoded(cells)
    mapped = np.array([*(known.get(text, none) for text in texts.to_pylist()), none], np.int32)
    return mapped.take(numbers)


def _subjects(subject: pl.Series, given: pl.DataFrame | None) -> tuple[pl.Series, Array, Array]:
    """Return the subjects, sorted, what each of them is, and the place of each record's subject among them."""
    numbers, found = _encoded(subject)
    texts = pl.Series(found, dtype=pl.String)
    if given is None:
        names, places = _sorted_texts(texts, np.bincount(numbers, minlength=len(texts)) > 0)
        kinds = _kinds_of(names)
    else:
        given = given.select(pl.col("subject", "is_a").cast(pl.String)).unique().sort("subject")
        names, kinds = given["subject"], given["is_a"]
        if names.is_duplicated().any() or names.null_count():
            raise InputError("subjects: found a subject twice or none at all, expected each once")
        places = _places(texts, names)
    strange = kinds.filter(~kinds.is_in(SUBJECTS) | kinds.is_null())
    if len(strange):
        raise InputError(f"subjects: is_a: found {strange[0]!r}, expected one of {', '.join(SUBJECTS)}")
    is_a = {kind: number for number, kind in enumerate(SUBJECTS)}
    kind_numbers = kinds.replace_strict(is_a, return_dtype=pl.UInt8).to_numpy().copy()
    return names, kind_numbers, places.take(numbers)


def _sorted_texts(texts: pl.Series, used: Array) -> tuple[pl.Series, Array]:
    """Return those of the texts that are used, sorted, and the place of each text among them."""
    order = np.arange(len(texts)) if texts.is_sorted() else texts.arg_sort().to_numpy()
    order = order[used[order]]
    places = np.full(len(texts), -1, np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return texts.gather(order), places


def _places(texts: pl.Series, names: pl.Series) -> Array:
    """Return the place of each text among the names."""
    if len(texts) == len(names) and (texts == names).all():
        return np.arange(len(names), dtype=np.int32)
    places = pl.DataFrame({"subject": names}).with_row_index("place")
    joined = pl.DataFrame({"subject": texts}).join(places, on="subject", how="left", maintain_order="left")["place"]
    if joined.null_count():
        raise InputError(f"{joined.null_count()} subjects have records, but are not among those given")
    return joined.cast(pl.Int32).to_numpy().copy()


def _kinds_of(names: pl.Series) -> pl.Series:
    """Return what each identifier is of, which its scheme and the first two characters of its number tell."""
    cut = pl.col("name").str.slice(0, pl.col("name").str.find(":", literal=True) + 3)
    heads = names.to_frame("name").select(cut.fill_null(pl.col("name"))).to_series()
    try:
        known = {head: subject_of(head) for head in heads.unique().to_list()}
    except KeyError as error:
        raise InputError(f"found the identifier scheme {error.args[0]!r}, which is not known") from None
    return heads.replace_strict(known, return_dtype=pl.String) if known else heads


def _ranks(words: Vocabulary) -> Array:
    """Return the place of each kind in the order in which the policy first names them."""
    last = len(words.ranks)
    return np.array([words.ranks.get(kind, last) for kind in words.kinds.things], np.int64)


def _sorted(records: pl.DataFrame, owner: Array, kinds: Array, words: Vocabulary) -> Array:
    """Return the rows of kinds that are read, in order of owner, act, rank, occurrence and digest, each digest once."""
    rows = np.flatnonzero(kinds >= 0)
    ranks, act = _ranks(words), records["act"].to_physical().to_numpy()
    day = (act[rows].astype(np.int64) + 2**21) & (2**23 - 1)
    key = (owner[rows].astype(np.int64) << 23 | day) << 12 | ranks[kinds[rows]]
    order, again = _ordered(records, rows, key)
    order = order if again is None else order[~again]
    return rows.take(order)


def _ordered(records: pl.DataFrame, rows: Array, key: Array) -> tuple[Array, Array | None]:
    """Return the order of rows by key, occurrence and digest, and which of them in that order are there before."""
    if (np.diff(key) >= 0).all():
        order = np.arange(len(key))
    else:
        order = pl.Series(key).arg_sort().to_numpy().copy()
        key = key.take(order)
    same = np.diff(key) == 0
    if not same.any():
        return order, None
    tied = np.append(same, False) | np.append(False, same)
    where = np.flatnonzero(tied)
    text = records.select(pl.col("occurrence", "digest").gather(rows[order[where]]).cast(pl.String))
    ties = text.with_columns(key=key[where], row=order[where]).sort("key", "occurrence", "digest")
    order[where] = ties["row"].to_numpy()
    again = np.zeros(len(order), np.bool_)
    repeated = (ties["key"] == ties["key"].shift()) & (ties["digest"] == ties["digest"].shift())
    again[where] = repeated.fill_null(value=False).to_numpy()
    return order, again
