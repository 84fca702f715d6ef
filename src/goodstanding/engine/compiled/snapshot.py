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
            occurrences = pool.submit(_encoded, self.records["occurrence"])
            coded = {name: pool.submit(_categories, self.records[name]) for name in self._texts()}
            self.subjects, self.is_a, owner = _subjects(self.records["subject"], subjects)
            self.place = _sorted(self.records, owner, kinds.result(), words)
            self.owner = owner[self.place]
            self.offsets = np.searchsorted(self.owner, np.arange(len(self.subjects) + 1)).astype(np.int64)
            self.hand = np.diff(self.offsets) >= 1 << ENTRIES_BITS
            self.columns = {"KIND": kinds.result()[self.place], "ACT": self._days("act")}
            self.columns["OCCURRENCE"] = occurrences.result()[0][self.place]
            for name in words.attributes.things:
                self.columns[name] = self._coded(*coded[name].result()) if name in coded else self._column(name)
        self.dated = any(name in self.records.columns and self.records[name].null_count() < self.records.height
                         for name in _OPTIONAL)  # fmt: skip

    def _texts(self) -> list[str]:
        """Return the attributes that are codes."""
        return [name for name in self.words.attributes.things if _is_text(self.records[name])]

    def _days(self, name: str) -> Array:
        cells = self.records[name].to_physical()
        days = (cells.fill_null(NOWHERE) if cells.null_count() else cells).to_numpy()
        found: Array = days[self.place]
        return found

    def day_column(self, name: str) -> Array:
        """Return a date of the records, NOWHERE where it is not there."""
        if name not in self.records.columns:
            return np.full(len(self.place), NOWHERE, np.int32)
        return self._days(name)

    def _column(self, name: str) -> Array:
        cells = self.records[name]
        if cells.dtype == pl.Int64:
            numbers: Array = (cells.fill_null(NOTHING) if cells.null_count() else cells).to_numpy()[self.place]
            large = (np.abs(numbers) >= 1 << ATTRIBUTE_BITS) & (numbers != NOTHING)
            self.hand[self.owner[large]] = True
            return numbers
        if cells.dtype == pl.Boolean:
            flags: Array = cells.cast(pl.Int32).fill_null(NOWHERE).to_numpy()[self.place]
            return flags
        return self._days(name)

    def _coded(self, numbers: Array, texts: list[str]) -> Array:
        known = self.words.codes.numbers
        for text in texts:
            if text not in known and text not in self._others:
                self._others[text] = len(self.codes)
                self.codes.append(text)
        if not texts:
            return np.full(len(self.place), NOWHERE, np.int32)
        mapped = np.array([*(known.get(text, self._others.get(text, 0)) for text in texts), NOWHERE], np.int32)
        found: Array = mapped[numbers[self.place]]
        return found

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


def _categories(cells: pl.Series) -> tuple[Array, list[str]]:
    """Return texts as numbers, -1 for none, and the text of each number."""
    if cells.null_count() == len(cells):
        return np.full(len(cells), -1, np.int32), []
    numbers, texts = _encoded(cells)
    return numbers, texts.to_pylist()


def _encoded(cells: pl.Series) -> tuple[Array, Any]:
    """Return texts as numbers, -1 for none, and the texts as an array of Arrow."""
    if 2 * cells.null_count() > len(cells):
        there = cells.is_not_null().arg_true()
        some, texts = _encoded(cells.gather(there))
        sparse = np.full(len(cells), -1, np.int32)
        sparse[there.to_numpy()] = some
        return sparse, texts
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
    numbers, texts = _categories(cells)
    mapped = np.array([*(known.get(text, none) for text in texts), none], np.int32)
    found: Array = mapped[numbers]
    return found


def _subjects(subject: pl.Series, given: pl.DataFrame | None) -> tuple[pl.Series, Array, Array]:
    """Return the subjects, sorted, what each of them is, and the place of each record's subject among them."""
    numbers, found = _encoded(subject)
    texts = pl.Series(found, dtype=pl.String)
    if given is None:
        used = np.bincount(numbers, minlength=len(texts)) > 0
        names = texts.filter(pl.Series(used)).sort() if not texts.is_sorted() or not used.all() else texts
        kinds = _kinds_of(names)
    else:
        given = given.select(pl.col("subject", "is_a").cast(pl.String)).unique().sort("subject")
        names, kinds = given["subject"], given["is_a"]
        if names.is_duplicated().any() or names.null_count():
            raise InputError("subjects: found a subject twice or none at all, expected each once")
    strange = kinds.filter(~kinds.is_in(SUBJECTS) | kinds.is_null())
    if len(strange):
        raise InputError(f"subjects: is_a: found {strange[0]!r}, expected one of {', '.join(SUBJECTS)}")
    is_a = {kind: number for number, kind in enumerate(SUBJECTS)}
    kind_numbers = kinds.replace_strict(is_a, return_dtype=pl.UInt8).to_numpy().copy()
    return names, kind_numbers, _places(texts, names)[numbers]


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
    heads = names.str.extract("^([^:]*:?.{0,2})")
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
    found: Array = rows[order]
    return found


def _ordered(records: pl.DataFrame, rows: Array, key: Array) -> tuple[Array, Array | None]:
    """Return the order of rows by key, occurrence and digest, and which of them in that order are there before."""
    order = np.argsort(key, kind="stable") if (np.diff(key) < 0).any() else np.arange(len(key))
    key = key[order]
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
