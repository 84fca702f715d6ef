"""Records as arrays of whole numbers, prepared once: sorted by subject and day, each record once, codes by number.

A snapshot serves any number of days. `columns` are in order of subject, act, kind as the policy ranks it, occurrence and
digest; what a record does not have is NOWHERE in a column of days or codes, NOTHING in one of numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow

from goodstanding.engine.coding import ATTRIBUTE_BITS, ENTRIES_BITS
from goodstanding.engine.primitives import NOTHING, NOWHERE
from goodstanding.engine.vocabulary import SUBJECTS, Vocabulary
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
        self.subjects, self.is_a = _subjects(self.records, subjects)
        kinds = _numbers(self.records["kind"], words.kinds.numbers, -1)
        owner = _owners(self.records["subject"], self.subjects)
        self.place = _sorted(self.records, owner, kinds, words)
        self.owner = owner[self.place]
        self.offsets = np.searchsorted(self.owner, np.arange(len(self.subjects) + 1)).astype(np.int64)
        self.codes = words.codes.things
        self.hand = np.diff(self.offsets) >= 1 << ENTRIES_BITS
        self.columns = {"KIND": kinds[self.place], "ACT": self._days("act"), "OCCURRENCE": self._occurrences()}
        for name in words.attributes.things:
            self.columns[name] = self._column(name)
        self.dated = any(name in self.records.columns and self.records[name].null_count() < self.records.height
                         for name in _OPTIONAL)  # fmt: skip

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

    def _occurrences(self) -> Array:
        """Return a number for each occurrence, the same for the same text."""
        found: Array = _categories(self.records["occurrence"])[0][self.place].astype(np.int32)
        return found

    def _column(self, name: str) -> Array:
        cells = self.records[name]
        if cells.dtype == pl.String or isinstance(cells.dtype, pl.Categorical | pl.Enum):
            found: Array = self._coded(cells)[self.place]
            return found
        if cells.dtype == pl.Int64:
            numbers: Array = (cells.fill_null(NOTHING) if cells.null_count() else cells).to_numpy()[self.place]
            large = (np.abs(numbers) >= 1 << ATTRIBUTE_BITS) & (numbers != NOTHING)
            self.hand[self.owner[large]] = True
            return numbers
        if cells.dtype == pl.Boolean:
            flags: Array = cells.cast(pl.Int32).fill_null(NOWHERE).to_numpy()[self.place]
            return flags
        return self._days(name)

    def _coded(self, cells: pl.Series) -> Array:
        numbers, texts = _categories(cells)
        known = self.words.codes.numbers
        first = len(self.codes)
        mapped = np.empty(len(texts) + 1, np.int32)
        for place, text in enumerate(texts):
            mapped[place] = known[text] if text in known else self._unheard(text, first)
        mapped[-1] = NOWHERE
        return mapped[numbers]

    def _unheard(self, text: str, _: int) -> int:
        """Return the number of a code that the policy does not know."""
        if text not in self.codes:
            self.codes = [*self.codes, text]
        return self.codes.index(text)

    def absence(self, name: str) -> int:
        """Return what stands in a column where a record has nothing."""
        return NOTHING if self.columns[name].dtype == np.int64 else NOWHERE

    def orders(self) -> Array:
        """Return the place of each record among its subject's by kind, occurrence and digest alone."""
        table = self.records.select("occurrence", "digest")[self.place]
        ranks = _ranks(self.words)[self.columns["KIND"]]
        keys = table.with_columns(owner=pl.Series(self.owner), rank=pl.Series(ranks)).with_row_index("row")
        order = keys.sort("owner", "rank", "occurrence", "digest")["row"].to_numpy()
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
    wrong = {name: kind for name, kind in wanted.items() if records.schema[name] != kind and not _is_coded(records[name])}
    records = records.cast(wrong) if wrong else records  # type: ignore[arg-type]
    empty = [name for name in _NEEDED if records[name].null_count()]
    if empty or (records["digest"] == "").any():
        raise InputError(f"records without {', '.join(empty) or 'digest'}; expected a value in every row")
    return records


def _is_coded(cells: pl.Series) -> bool:
    return isinstance(cells.dtype, pl.Categorical | pl.Enum)


def _categories(cells: pl.Series) -> tuple[Array, list[str]]:
    """Return texts as numbers, -1 for none, and the text of each number."""
    arrow: Any = cells.to_arrow()
    coded = arrow if isinstance(arrow, _ARROW.DictionaryArray) else arrow.dictionary_encode()
    numbers = coded.indices.fill_null(-1) if coded.indices.null_count else coded.indices
    return numbers.to_numpy(zero_copy_only=False).astype(np.int64), coded.dictionary.to_pylist()


def _numbers(cells: pl.Series, known: dict[str, int], none: int) -> Array:
    numbers, texts = _categories(cells)
    mapped = np.array([*(known.get(text, none) for text in texts), none], np.int32)
    found: Array = mapped[numbers]
    return found


def _subjects(records: pl.DataFrame, subjects: pl.DataFrame | None) -> tuple[pl.Series, Array]:
    """Return the subjects, sorted, and what each of them is."""
    if subjects is None:
        names = records["subject"].cast(pl.String)
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


def _ranks(words: Vocabulary) -> Array:
    """Return the place of each kind in the order in which the policy first names them."""
    last = len(words.ranks)
    return np.array([words.ranks.get(kind, last) for kind in words.kinds.things], np.int64)


def _sorted(records: pl.DataFrame, owner: Array, kinds: Array, words: Vocabulary) -> Array:
    """Return the rows of kinds that are read, in order of owner, act, rank, occurrence and digest, each digest once."""
    rows = np.flatnonzero(kinds >= 0)
    ranks, act = _ranks(words), records["act"].to_physical().to_numpy()
    day = (act[rows].astype(np.int64) + 2**21) & (2**23 - 1)
    key = (owner[rows].astype(np.int64) << 23 | day) << 10 | ranks[kinds[rows]]
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
