"""Checking a delivered table against the catalogue, column by column, and splitting it into records and refusals.

What a cell says by itself is asked of a column's distinct values (`columns.py`), what cells say together of all rows;
only rows that fail cost more. A row is refused whole, with every fault that was found in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import polars as pl

from goodstanding.facts.catalogue import Attribute, Catalogue
from goodstanding.facts.columns import Column
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import SUBJECTS, faults_in, held_by
from goodstanding.facts.records import CORE, KNOWING, LIKENESS, VALID, VERSIONS, WITHDRAWN, schema
from goodstanding.facts.world import World

REQUIRED = ("subject", "kind", "act", "document", "authority", "basis")
ALWAYS = ("subject", "document")
"""What a row must say even where it withdraws a document."""
LAST_VERSION = 9_999
WAITS = "a number; the row waits until a person has found whom it is about, and counts for nothing until then"
"""What is expected where a row has no number and all the rest is right."""
EARLIEST = dt.date(1900, 1, 1)
LONGEST_TEXT = 500
_SHAPED = pl.col("cell").str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$") & pl.col("means").is_not_null()
"""Whether a cell is a calendar day; what else a reader of dates takes (signs, missing zeros) is none."""
_DATES = ("born", "act", "decided", "final")


@dataclass(frozen=True)
class Intake:
    """What a delivery is checked against.

    `kinds` is what this source may deliver (None: all of the catalogue); `today` is the day of receipt, after which no
    fact can lie. `knowing`: the file may say when records came to be known and were withdrawn (`records.KNOWING`);
    `versions`: it may correct and withdraw documents (`records.VERSIONS`), as deliveries to a register do. `waits`:
    what is kept of organisations and things alone may come by name, without a number, and then waits for a person.
    """

    catalogue: Catalogue
    world: World
    source: str
    today: dt.date
    kinds: Collection[str] | None = None
    knowing: bool = False
    versions: bool = False
    waits: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """Columns that the delivery may have, and their types."""
        return (
            schema(self.catalogue)
            | (KNOWING if self.knowing else {})
            | ((VERSIONS if self.versions else {}) | (LIKENESS if self.waits else {}))
        )


@dataclass(frozen=True)
class Checked:
    """The two parts of a delivery.

    records: table of records with `row`, without digests: who keeps records adds them (`records.with_digest`).
    refusals: one line a fault, `row`, `field`, `found`, `expected`.
    waiting: the refused rows that only lack a number and may wait for it, as the text that came, and `row`.
    `row` counts from 1, the first row below the header.
    """

    records: pl.DataFrame
    refusals: pl.DataFrame
    rows: int
    waiting: pl.DataFrame


REFUSALS = {"row": pl.Int64, "field": pl.String, "found": pl.String, "expected": pl.String}


def check(table: pl.DataFrame, intake: Intake, first: int = 1) -> Checked:
    """Split a table of text cells, as `reading.read_table` gives it, into valid records and refused rows.

    first: the number of its first row, where it is a batch of a longer one.
    Raises InputError where a required column is missing or a column is unknown, since then no row can be right.
    """
    _check_names(table, intake)
    read = _Read(table, intake)
    faults = [fault for fault in (*_core_faults(read), *_attribute_faults(read)) if fault.rows.any()]
    rows = pl.int_range(first, first + table.height, dtype=pl.Int64, eager=True).alias("row")
    records = rows.to_frame().with_columns(read.typed(name, kind) for name, kind in intake.schema.items())
    refusals = pl.concat([pl.DataFrame(schema=REFUSALS), *(read.lines(fault, rows) for fault in faults)])
    return Checked(
        records=records.filter(~reduce(or_, (fault.rows for fault in faults))) if faults else records,
        refusals=refusals.sort("row", "field", maintain_order=True),
        rows=table.height,
        waiting=table.with_columns(rows).filter(_waiting(faults, table.height)),
    )


def _waiting(faults: Sequence[_Fault], height: int) -> pl.Series:
    """Tell which rows have no other fault than that they wait for a number."""
    none = pl.repeat(False, height, dtype=pl.Boolean, eager=True)
    other = reduce(or_, (fault.rows for fault in faults if fault.expected is not WAITS), none)
    return reduce(or_, (fault.rows for fault in faults if fault.expected is WAITS), none) & ~other


def _check_names(table: pl.DataFrame, intake: Intake) -> None:
    known = intake.schema
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise InputError(f"missing column {', '.join(missing)}; expected at least {', '.join(REQUIRED)}")
    unknown = [name for name in table.columns if name not in known]
    if unknown:
        raise InputError(f"unknown column {', '.join(unknown)}; expected some of {', '.join(known)}")


@dataclass(frozen=True)
class _Rule:
    """A way in which `cell` can be wrong by itself, or by what it `means`."""

    wrong: pl.Expr
    expected: str


@dataclass(frozen=True)
class _Fault:
    """The rows that are wrong in one way; `instead`: what is told where what was found may not be repeated."""

    field: str
    rows: pl.Series
    expected: str | pl.Series
    instead: str = ""


class _Read:
    """A table while it is checked: the columns that say anything, what they mean, and which rows may be bare."""

    def __init__(self, table: pl.DataFrame, intake: Intake) -> None:
        self.intake, self.height = intake, table.height
        self.columns = {one.name: Column.of(one) for one in table if one.null_count() < table.height}
        self._meanings: dict[str, pl.Series] = {}
        self._default("source", intake.source)
        self.bare = self._all(value=False)
        if intake.versions:
            self._default("version", "1")
            self._default("state", VALID)
            self.bare = self.says("state", [WITHDRAWN])
        self._name_occurrences()
        self.kinds = set(self.columns["kind"].values) if "kind" in self.columns else set()

    def _all(self, *, value: bool) -> pl.Series:
        return pl.repeat(value, self.height, dtype=pl.Boolean, eager=True)

    def _default(self, name: str, value: str) -> None:
        column = self.columns.get(name)
        if column is None:
            self.columns[name] = Column.constant(name, value, self.height)
        elif column.lacks:
            self.columns[name] = Column.of(column.cells.fill_null(value))

    def _name_occurrences(self) -> None:
        """Let a record that names no occurrence be one of its own, but for a withdrawal."""
        own, document = self.columns.get("occurrence"), self.columns.get("document")
        if document is None or (own is not None and not own.lacks):
            return
        if own is None and not self.bare.any():
            self.columns["occurrence"] = document.renamed("occurrence")
            return
        cells = document.cells.zip_with(~self.bare, pl.repeat(None, self.height, dtype=pl.String, eager=True))
        cells = cells if own is None else own.cells.zip_with(own.given, cells)
        self.columns["occurrence"] = Column.of(cells.alias("occurrence"))

    def given(self, name: str) -> pl.Series:
        """Tell which rows have a cell here."""
        column = self.columns.get(name)
        return column.given if column else self._all(value=False)

    def says(self, name: str, among: Collection[str]) -> pl.Series:
        """Tell which rows have one of these cells here."""
        column = self.columns.get(name)
        return column.spread(column.values.is_in(list(among))).fill_null(False) if column else self._all(value=False)

    def may_wait(self) -> pl.Series:
        """Tell which rows may come without a number: they have a name, and no person can be meant."""
        kinds = self.intake.catalogue.kinds
        nobody = [kind for kind in self.kinds & kinds.keys() if "person" not in kinds[kind].subjects]
        if not self.intake.waits or not nobody:
            return self._all(value=False)
        return self.given("name") & self.says("kind", nobody) & ~self.bare

    def meaning(self, name: str, kind: Any) -> pl.Series:
        """Return what each of a column's `values` stands for; null where it stands for nothing."""
        if name not in self._meanings:
            how = _meaning(kind, self.intake.catalogue.attributes.get(name))
            cells = self.columns[name].values.alias("cell")
            self._meanings[name] = cells.to_frame().select(how.alias("means")).to_series()
        return self._meanings[name]

    def typed(self, name: str, kind: Any) -> pl.Series | pl.Expr:
        """Return a column of the table of records; what stands in refused rows does not matter."""
        column = self.columns.get(name)
        if column is None:
            return pl.lit(None, kind).alias(name)
        return (column.cells if kind == pl.String else column.spread(self.meaning(name, kind))).alias(name)

    def faults(self, name: str, rules: Sequence[_Rule], kind: Any = pl.String) -> Iterator[_Fault]:
        """Look for cells that are wrong by themselves; most files have few."""
        column = self.columns.get(name)
        if column is None:
            return
        asked = pl.DataFrame([column.values.alias("cell"), self.meaning(name, kind).alias("means")])
        wrong = [rule.wrong & pl.col("cell").is_not_null() for rule in rules]
        answers = asked.select(one.fill_null(False).alias(str(at)) for at, one in enumerate(wrong))
        for rule, found in zip(rules, answers, strict=True):
            if found.any():
                yield _Fault(name, column.spread(found).fill_null(False), rule.expected)

    def lines(self, fault: _Fault, rows: pl.Series) -> pl.DataFrame:
        """Return one line for each row that is wrong in this way."""
        where = fault.rows.arg_true()
        column, expected = self.columns.get(fault.field), fault.expected
        found = pl.lit(fault.instead or "nothing")
        if not fault.instead and column is not None:
            found = pl.lit(column.cells.gather(where)).str.slice(0, 80).fill_null("nothing")
        return (
            rows.gather(where)
            .to_frame()
            .select(
                "row",
                pl.lit(fault.field).alias("field"),
                found.alias("found"),
                pl.lit(expected if isinstance(expected, str) else expected.gather(where)).alias("expected"),
            )
        )


def _core_faults(read: _Read) -> Iterator[_Fault]:
    intake, known = read.intake, read.intake.catalogue.kinds
    own = known if intake.kinds is None else intake.kinds
    for name in REQUIRED:
        column = read.columns.get(name)
        if column is None or column.lacks:
            lacking = ~read.given(name)
            if name == "subject":
                waits = lacking & read.may_wait()
                yield _Fault(name, waits, WAITS)
                lacking &= ~waits
            yield _Fault(name, lacking if name in ALWAYS else lacking & ~read.bare, "a value")
    if intake.versions:
        yield from _version_faults(read)
    for name in (name for name in (*CORE, *LIKENESS) if name not in _DATES):
        yield from _text_faults(name, read)
    cell, source = pl.col("cell"), intake.source
    yield from read.faults("kind", [
        _Rule(~cell.is_in(list(known)), "a kind of the catalogue (goodstanding catalogue lists them)"),
        _Rule(cell.is_in([kind for kind in known if kind not in own]), f"a kind of source {source}"),
    ])  # fmt: skip
    yield from read.faults("source", [_Rule(cell != source, f"{source}, who sent this delivery")])
    yield from _date_faults(read)
    yield from _subject_faults(read)
    yield from _seat_faults(read)


def _version_faults(read: _Read) -> Iterator[_Fault]:
    cell = pl.col("cell")
    number = _Rule(~cell.str.contains("^[1-9][0-9]{0,3}$"), f"a whole number from 1 to {LAST_VERSION:,}")
    yield from read.faults("version", [number], pl.Int32)
    yield from read.faults("state", [_Rule(~cell.is_in([VALID, WITHDRAWN]), f"{VALID} or {WITHDRAWN}")])


def _text_faults(name: str, read: _Read) -> Iterator[_Fault]:
    column, cell = read.columns.get(name), pl.col("cell")
    if column is not None and not column.plain(LONGEST_TEXT):
        wrong = (cell.str.len_chars() > LONGEST_TEXT) | cell.str.contains(r"[\x00-\x1f\x7f]")
        rule = _Rule(wrong, f"at most {LONGEST_TEXT} characters, no control characters")
        yield from read.faults(name, [rule])


def _date_faults(read: _Read) -> Iterator[_Fault]:
    day, today = pl.col("means"), read.intake.today
    rules = [
        _Rule(~_SHAPED, "a calendar day, as 2026-03-31"),
        _Rule(_SHAPED & (day > today), f"a day not after {today}, the day of receipt"),
        _Rule(_SHAPED & (day < EARLIEST), f"a day from {EARLIEST} on"),
    ]
    for name in (*_DATES, *(KNOWING if read.intake.knowing else ())):
        yield from read.faults(name, rules, pl.Date)
    decided, act = read.columns.get("decided"), read.columns.get("act")
    if decided is not None and act is not None:
        early = decided.spread(read.meaning("decided", pl.Date)) < act.spread(read.meaning("act", pl.Date))
        yield _Fault("decided", early.fill_null(False), "a day not before the act")


def _subject_faults(read: _Read) -> Iterator[_Fault]:
    column, catalogue = read.columns.get("subject"), read.intake.catalogue
    if column is None:
        return
    values = column.values
    faults = faults_in(values, read.intake.world)
    valid = values.is_not_null()
    if faults:
        invalid = values.replace_strict(faults, default=None, return_dtype=pl.String)
        valid &= invalid.is_null()
        expected = column.spread(invalid)
        yield _Fault("subject", expected.is_not_null(), expected, "a number, not repeated here")
    for what in SUBJECTS:
        stray = [kind for kind in read.kinds & catalogue.kinds.keys() if what not in catalogue.kinds[kind].subjects]
        if stray and (of := values.to_frame("cell").select(held_by(pl.col("cell"), what)).to_series() & valid).any():
            yield _Fault(
                "kind",
                column.spread(of).fill_null(False) & read.says("kind", stray),
                "a kind that is kept on such a subject",
            )


def _seat_faults(read: _Read) -> Iterator[_Fault]:
    """Look for the seats of persons: where they live is not kept, and nothing is let go without a word."""
    column = read.columns.get("subject")
    if column is not None and "seat" in read.columns:
        persons = column.values.to_frame("cell").select(held_by(pl.col("cell"), "person")).to_series()
        stray = column.spread(persons).fill_null(False) & read.given("seat")
        yield _Fault("seat", stray, "nothing: where a person lives is not kept", "a place, not repeated here")


def _attribute_faults(read: _Read) -> Iterator[_Fault]:
    catalogue = read.intake.catalogue
    present = sorted(read.kinds & catalogue.kinds.keys())
    for name, attribute in catalogue.attributes.items():
        having = [kind for kind in present if name in catalogue.kinds[kind].attributes]
        needing = [kind for kind in having if catalogue.kinds[kind].attributes[name].required]
        column, expected = read.columns.get(name), _expected(attribute, catalogue)
        if column is not None:
            if len(having) < len(present):
                stray = column.given & read.says("kind", [kind for kind in present if kind not in having])
                yield _Fault(name, stray, "nothing: this kind has no such attribute")
            wrong = ~_fits(attribute, catalogue)
            yield from read.faults(name, [_Rule(wrong, expected)], read.intake.schema[name])
        if needing and (column is None or column.lacks):
            yield _Fault(name, ~read.given(name) & read.says("kind", needing) & ~read.bare, expected)


def _fits(attribute: Attribute, catalogue: Catalogue) -> pl.Expr:
    cell = pl.col("cell")
    if attribute.type == "number":
        decimals = rf"(\.[0-9]{{1,{attribute.scale}}})?" if attribute.scale else ""
        fits = cell.str.contains(f"^-?[0-9]{{1,12}}{decimals}$")
        return fits & cell.is_in([str(value) for value in attribute.values]) if attribute.values else fits
    if attribute.type == "code":
        return cell.is_in(list(catalogue.codes[attribute.codes or ""]))
    if attribute.type == "flag":
        return cell.is_in(["true", "false"])
    return _SHAPED & (pl.col("means") >= dt.date.min)


def _expected(attribute: Attribute, catalogue: Catalogue) -> str:
    if attribute.type == "code":
        return f"one of {', '.join(catalogue.codes[attribute.codes or ''])}"
    if attribute.values:
        return f"one of {', '.join(str(value) for value in attribute.values)}"
    if attribute.type == "number":
        decimals = f" with at most {attribute.scale} decimals" if attribute.scale else ", whole"
        return f"a number{decimals}" + (f", in {attribute.unit}" if attribute.unit else "")
    return {"flag": "true or false", "date": "a calendar day, as 2026-03-31"}[attribute.type]


def _meaning(kind: Any, attribute: Attribute | None) -> pl.Expr:
    """Read `cell` as what its column holds; numbers without passing through a float."""
    cell = pl.col("cell")
    if kind == pl.Date:
        return cell.str.to_date("%Y-%m-%d", strict=False)
    if kind == pl.Boolean:
        return cell == "true"
    if attribute is not None and attribute.type == "number" and attribute.scale:
        cell = cell.str.to_decimal(scale=attribute.scale) * 10**attribute.scale
    return cell.cast(kind, strict=False)
