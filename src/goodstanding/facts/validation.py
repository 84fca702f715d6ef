"""Checking a delivered table against the catalogue, column by column, and splitting it into records and refusals.

All checks are vector expressions over the table; only rows that fail cost more. A row is refused whole, with every
fault that was found in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from goodstanding.facts.catalogue import Attribute, Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import fault_in, plainly_valid, subjects_of
from goodstanding.facts.records import CORE, KNOWING, VALID, VERSIONS, WITHDRAWN, schema
from goodstanding.facts.world import World

REQUIRED = ("subject", "kind", "act", "document", "authority", "basis")
ALWAYS = ("subject", "document")
"""What a row must say even where it withdraws a document."""
LAST_VERSION = 9_999
EARLIEST = dt.date(1900, 1, 1)
LONGEST_TEXT = 500
_DATES = ("born", "act", "decided", "final")
_BARE = "may be bare"
"""The column that says whether a row withdraws a document, and need not say again what the document said."""


@dataclass(frozen=True)
class Intake:
    """What a delivery is checked against.

    `kinds` is what this source may deliver (None: all of the catalogue); `today` is the day of receipt, after which no
    fact can lie. `knowing`: the file may say when records came to be known and were withdrawn (`records.KNOWING`);
    `versions`: it may correct and withdraw documents (`records.VERSIONS`), as deliveries to a register do.
    """

    catalogue: Catalogue
    world: World
    source: str
    today: dt.date
    kinds: Collection[str] | None = None
    knowing: bool = False
    versions: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """Columns that the delivery may have, and their types."""
        return schema(self.catalogue) | (KNOWING if self.knowing else {}) | (VERSIONS if self.versions else {})


@dataclass(frozen=True)
class Checked:
    """The two parts of a delivery.

    records: table of records with `row`, without digests: who keeps records adds them (`records.with_digest`).
    refusals: one line a fault, `row`, `field`, `found`, `expected`.
    `row` counts from 1, the first row below the header.
    """

    records: pl.DataFrame
    refusals: pl.DataFrame
    rows: int


REFUSALS = {"row": pl.Int64, "field": pl.String, "found": pl.String, "expected": pl.String}


def check(table: pl.DataFrame, intake: Intake, first: int = 1) -> Checked:
    """Split a table of text cells, as `reading.read_table` gives it, into valid records and refused rows.

    first: the number of its first row, where it is a batch of a longer one.
    Raises InputError where a required column is missing or a column is unknown, since then no row can be right.
    """
    table = _completed(table, intake).with_row_index("row", offset=first).with_columns(pl.col("row").cast(pl.Int64))
    faults = [*_core_faults(table, intake), *_attribute_faults(table, intake.catalogue)]
    refusals = pl.concat([pl.DataFrame(schema=REFUSALS), *_found(table, faults)]).sort(
        "row", "field", maintain_order=True
    )
    good = table.join(refusals.select("row").unique(), on="row", how="anti", maintain_order="left")
    return Checked(records=_typed(good, intake), refusals=refusals, rows=table.height)


def _completed(table: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    known = intake.schema
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise InputError(f"missing column {', '.join(missing)}; expected at least {', '.join(REQUIRED)}")
    unknown = [name for name in table.columns if name not in known]
    if unknown:
        raise InputError(f"unknown column {', '.join(unknown)}; expected some of {', '.join(known)}")
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in known if name not in table.columns]
    full = table.with_columns(blank).with_columns(pl.col("source").fill_null(intake.source))
    if intake.versions:
        full = full.with_columns(pl.col("version").fill_null("1"), pl.col("state").fill_null(VALID))
    bare = pl.col("state") == WITHDRAWN if intake.versions else pl.lit(value=False)
    return full.with_columns(
        pl.when(bare).then("occurrence").otherwise(pl.coalesce("occurrence", "document")).alias("occurrence"),
        bare.alias(_BARE),
    )


@dataclass(frozen=True)
class _Fault:
    """A way in which a row can be wrong; `show`: whether what was found may be repeated."""

    field: str
    wrong: pl.Expr
    expected: str | pl.Expr
    show: bool = True

    def rows(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return one line for each row that is wrong in this way."""
        found = pl.col(self.field).str.slice(0, 80).fill_null("nothing")
        found = found if self.show else pl.lit("a number, not repeated here")
        expected = pl.lit(self.expected) if isinstance(self.expected, str) else self.expected
        return table.filter(self.wrong.fill_null(False)).select(
            "row", pl.lit(self.field).alias("field"), found.alias("found"), expected.alias("expected")
        )


def _found(table: pl.DataFrame, faults: Sequence[_Fault]) -> list[pl.DataFrame]:
    """Return the faults that are there: all are looked for in one pass, and most files have few."""
    there = table.select(fault.wrong.fill_null(False).any().alias(str(place)) for place, fault in enumerate(faults))
    return [fault.rows(table) for fault, any_ in zip(faults, there.row(0), strict=True) if any_]


def _core_faults(table: pl.DataFrame, intake: Intake) -> list[_Fault]:
    kinds = sorted(intake.catalogue.kinds if intake.kinds is None else intake.kinds)
    known = pl.col("kind").is_in(list(intake.catalogue.kinds))
    text = [name for name in CORE if name not in _DATES]
    return [
        *(_Fault(name, pl.col(name).is_null() & ~_may_lack(name), "a value") for name in REQUIRED),
        *(_version_faults() if intake.versions else ()),
        *(_text_faults(name) for name in text),
        _Fault("kind", ~known, "a kind of the catalogue (goodstanding catalogue lists them)"),
        _Fault("kind", known & ~pl.col("kind").is_in(kinds), f"a kind of source {intake.source}"),
        _Fault("source", pl.col("source") != intake.source, f"{intake.source}, who sent this delivery"),
        *_date_faults(intake),
        *_subject_faults(table, intake),
    ]


def _may_lack(name: str) -> pl.Expr:
    return pl.lit(value=False) if name in ALWAYS else pl.col(_BARE)


def _version_faults() -> list[_Fault]:
    number = pl.col("version").str.contains(r"^[1-9]\d{0,3}$")
    return [
        _Fault("version", ~number, f"a whole number from 1 to {LAST_VERSION:,}"),
        _Fault("state", ~pl.col("state").is_in([VALID, WITHDRAWN]), f"{VALID} or {WITHDRAWN}"),
    ]


def _text_faults(name: str) -> _Fault:
    wrong = (pl.col(name).str.len_chars() > LONGEST_TEXT) | pl.col(name).str.contains(r"[\x00-\x1f\x7f]")
    return _Fault(name, wrong, f"at most {LONGEST_TEXT} characters, no control characters")


def _date_faults(intake: Intake) -> list[_Fault]:
    faults, today = [], intake.today
    for name in (*_DATES, *(KNOWING if intake.knowing else ())):
        day = pl.col(name).str.to_date("%Y-%m-%d", strict=False)
        shaped = pl.col(name).str.contains(r"^\d{4}-\d{2}-\d{2}$") & day.is_not_null()
        faults.append(_Fault(name, pl.col(name).is_not_null() & ~shaped, "a calendar day, as 2026-03-31"))
        faults.append(_Fault(name, shaped & (day > today), f"a day not after {today}, the day of receipt"))
        faults.append(_Fault(name, shaped & (day < EARLIEST), f"a day from {EARLIEST} on"))
    order = pl.col("decided").str.to_date("%Y-%m-%d", strict=False) < pl.col("act").str.to_date(
        "%Y-%m-%d", strict=False
    )
    faults.append(_Fault("decided", order, "a day not before the act"))
    return faults


def _subject_faults(table: pl.DataFrame, intake: Intake) -> list[_Fault]:
    numbers = table.select(pl.col("subject").drop_nulls().unique())
    doubtful = numbers.filter(~plainly_valid(pl.col("subject"), intake.world)).to_series()
    faults = {number: fault for number in doubtful if (fault := fault_in(number, intake.world)) is not None}
    invalid = pl.col("subject").replace_strict(faults, default=None, return_dtype=pl.String)
    is_a = pl.when(invalid.is_null()).then(subjects_of(pl.col("subject")))
    kept = [f"{kind}/{subject}" for kind, spec in intake.catalogue.kinds.items() for subject in spec.subjects]
    stray = pl.col("kind").is_in(list(intake.catalogue.kinds)) & ~(pl.col("kind") + "/" + is_a).is_in(kept)
    return [
        *([_Fault("subject", invalid.is_not_null(), invalid, show=False)] if faults else []),
        _Fault("kind", stray, "a kind that is kept on such a subject"),
    ]


def _attribute_faults(table: pl.DataFrame, catalogue: Catalogue) -> list[_Fault]:
    faults = []
    present = set(table["kind"].unique())
    for name, attribute in catalogue.attributes.items():
        having = [kind for kind, spec in catalogue.kinds.items() if kind in present and name in spec.attributes]
        needing = [kind for kind in having if catalogue.kinds[kind].attributes[name].required]
        given, kind = pl.col(name).is_not_null(), pl.col("kind")
        if table[name].null_count() < table.height:
            stray = given & kind.is_in(list(catalogue.kinds)) & ~kind.is_in(having)
            faults.append(_Fault(name, stray, "nothing: this kind has no such attribute"))
            faults.append(_Fault(name, given & ~_fits(name, attribute, catalogue), _expected(attribute, catalogue)))
        if needing:
            lacking = ~given & kind.is_in(needing) & ~pl.col(_BARE)
            faults.append(_Fault(name, lacking, _expected(attribute, catalogue)))
    return faults


def _fits(name: str, attribute: Attribute, catalogue: Catalogue) -> pl.Expr:
    column = pl.col(name)
    if attribute.type == "number":
        form = r"^-?\d{1,12}$" if attribute.scale == 0 else rf"^-?\d{{1,12}}(\.\d{{1,{attribute.scale}}})?$"
        fits = column.str.contains(form)
        return fits & column.is_in([str(value) for value in attribute.values]) if attribute.values else fits
    if attribute.type == "code":
        return column.is_in(list(catalogue.codes[attribute.codes or ""]))
    if attribute.type == "flag":
        return column.is_in(["true", "false"])
    return column.str.to_date("%Y-%m-%d", strict=False).is_not_null()


def _expected(attribute: Attribute, catalogue: Catalogue) -> str:
    if attribute.type == "code":
        return f"one of {', '.join(catalogue.codes[attribute.codes or ''])}"
    if attribute.values:
        return f"one of {', '.join(str(value) for value in attribute.values)}"
    if attribute.type == "number":
        decimals = f" with at most {attribute.scale} decimals" if attribute.scale else ", whole"
        return f"a number{decimals}" + (f", in {attribute.unit}" if attribute.unit else "")
    return {"flag": "true or false", "date": "a calendar day, as 2026-03-31"}[attribute.type]


def _typed(table: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    columns = []
    for name, kind in intake.schema.items():
        attribute = intake.catalogue.attributes.get(name)
        if kind == pl.Date:
            columns.append(pl.col(name).str.to_date("%Y-%m-%d"))
        elif attribute is not None and attribute.type == "number":
            columns.append(_units(name, attribute.scale))
        elif kind == pl.Int32:
            columns.append(pl.col(name).cast(pl.Int32))
        elif kind == pl.Boolean:
            columns.append(pl.col(name) == "true")
        else:
            columns.append(pl.col(name))
    return table.select("row", *columns)


def _units(name: str, scale: int) -> pl.Expr:
    """Decimal text to whole 10^-scale units without passing through a float."""
    whole, fraction = (
        pl.col(name).str.extract(r"^(-?\d+)"),
        pl.col(name).str.extract(r"\.(\d+)$").fill_null(""),
    )
    return (whole + fraction.str.pad_end(scale, "0")).cast(pl.Int64).alias(name)
