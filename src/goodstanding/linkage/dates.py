"""Days as people write them, as YYYY-MM-DD: which order of day and month a column has is told by the whole column.

Read are year first, day or month first, months by name (English, Dutch, German, French), 年月日, years alone (their
1 January, which comparisons know may stand for the year), seconds and finer since 1970 (UTC), and the day numbers of
spreadsheets (from 30 December 1899). What is none of these is no date, and is counted.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

_MONTHS = (
    ("january", "januari", "januar", "janvier", "jan", "jän", "janv"),
    ("february", "februari", "februar", "février", "fevrier", "feb", "févr", "fevr"),
    ("march", "maart", "märz", "maerz", "mars", "mar", "mrt", "mär"),
    ("april", "avril", "apr", "avr"),
    ("may", "mei", "mai"),
    ("june", "juni", "juin", "jun"),
    ("july", "juli", "juillet", "jul", "juil"),
    ("august", "augustus", "août", "aout", "aug"),
    ("september", "septembre", "sep", "sept"),
    ("october", "oktober", "octobre", "oct", "okt"),
    ("november", "novembre", "nov"),
    ("december", "dezember", "décembre", "decembre", "dec", "dez", "déc"),
)
_NUMBERS = {name: str(number) for number, names in enumerate(_MONTHS, 1) for name in names}
_TIME = r"(?:[t ]+\d{1,2}[:.]\d{2}.*)?$"
"""A time of day after a date, which is passed over."""


class Days(NamedTuple):
    """Cells as YYYY-MM-DD. How many rows: `unread`, no date at all; `either`, day or month may be first; and more.

    `month_first`: were read with the month first, since others of the column can only be so; `mixed`: could be either
    in a column that has both orders, and are left out; `years`: say a year alone; `counted`: are numbers of days or of
    seconds since a day.
    """

    cells: pl.Series
    counts: dict[str, int]


def days(cells: pl.Series) -> Days:
    """Read a column of days. Cells that could be read with day or month first are read as the others of it can only be.

    Where none tells, the day is first, and they are counted as `either`.
    """
    values = cells.cast(pl.String).value_counts(name="rows")
    values.columns = ["said", "rows"]
    read = _read(values.filter(pl.col("said").is_not_null()))
    orders = read.select(day=(pl.col("first") > 12).any(), month=(pl.col("second") > 12).any()).row(0)
    month_first, mixed = (orders[1] or False) and not orders[0], bool(orders[0] and orders[1])
    either = (pl.col("first") <= 12) & (pl.col("second") <= 12) & (pl.col("first") != pl.col("second"))
    monthly = pl.lit(value=True) if month_first else pl.col("second") > 12
    day, month = (
        pl.when(monthly).then(one).otherwise(other) for one, other in (("second", "first"), ("first", "second"))
    )
    ordered = pl.when(~(either & mixed)).then(pl.format("{}-{}-{}", "year", _two(month), _two(day)))
    read = read.with_columns(day=_calendar(pl.coalesce("day", ordered)), either=either.fill_null(value=False))
    rows = pl.col("rows")
    kinds = {
        "either": pl.col("either") & (not orders[0] and not orders[1]),
        "month_first": pl.col("first").is_not_null() & pl.col("day").is_not_null() & month_first,
        "mixed": pl.col("either") & mixed,
        "unread": pl.col("day").is_null() & ~(pl.col("either") & mixed),
        "years": pl.col("kind") == "years",
        "counted": pl.col("kind") == "counted",
    }
    counts = read.select(rows.filter(of).sum().alias(name) for name, of in kinds.items()).row(0, named=True)
    known = dict(read.select("said", "day").rows())
    found = cells.cast(pl.String).replace_strict(known, default=None, return_dtype=pl.String)
    return Days(found, {name: count for name, count in counts.items() if count})


def _read(values: pl.DataFrame) -> pl.DataFrame:
    """Add to cells `day` where there is one way to read them, else `year`, `first` and `second`; and a kind."""
    plain = pl.col("said").str.strip_chars().str.to_lowercase().str.replace(r"^(-?\d+)\.0+$", "${1}")
    values = values.with_columns(it=plain)
    it = pl.col("it")
    turned = it.str.extract_groups(rf"^(\d{{1,2}})[./\- ](\d{{1,2}})[./\- ](\d{{4}}){_TIME}").struct
    number, size = it.cast(pl.Int64, strict=False), it.str.strip_prefix("-").str.len_chars()
    serial = (size == 5) & number.is_between(1, 80_000)
    whole = it.str.contains(r"^-?\d+$")
    unit = pl.when(size >= 17).then(1_000_000).when(size >= 15).then(1_000).otherwise(1)
    stamp = whole & ((size.is_between(11, 19) & (size != 14)) | ((size == 14) & it.str.starts_with("-")))
    since = pl.from_epoch(number // unit, time_unit="ms").dt.strftime("%Y-%m-%d")
    serials = (pl.date(1899, 12, 30) + pl.duration(days=number)).dt.strftime("%Y-%m-%d")
    return values.with_columns(
        day=pl.coalesce(
            _joined(it, rf"^(\d{{4}})[./\-](\d{{1,2}})[./\-](\d{{1,2}}){_TIME}", (0, 1, 2)),
            _joined(it, r"^(\d{4})(\d{2})(\d{2})(?:\d{6})?$", (0, 1, 2)),
            _joined(it, r"^(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号號]$", (0, 1, 2)),
            _joined(it, rf"^(\d{{1,2}})(?:st|nd|rd|th|er)?[.,\-/ ]+(\p{{L}}+)[.,\-/ ]+(\d{{4}}){_TIME}", (2, 1, 0)),
            _joined(it, rf"^(\p{{L}}+)[. ]+(\d{{1,2}})(?:st|nd|rd|th)?,?[ ]+(\d{{4}}){_TIME}", (2, 0, 1)),
            pl.when(it.str.contains(r"^\d{4}$")).then(pl.format("{}-01-01", it)),
            pl.when(serial).then(serials),
            pl.when(stamp).then(since),
        ),
        kind=pl.when(it.str.contains(r"^\d{4}$")).then(pl.lit("years")).when(serial | stamp).then(pl.lit("counted")),
        **{
            name: turned.field(str(place)).cast(pl.Int64, strict=False)
            for place, name in enumerate(("first", "second", "year"), 1)
        },
    )


def _joined(it: pl.Expr, pattern: str, order: tuple[int, int, int]) -> pl.Expr:
    """Return the year, month and day that groups of a pattern hold, in this order; a month may be a name."""
    groups = it.str.extract_groups(pattern).struct
    year, month, day = (groups.field(str(place + 1)) for place in order)
    named = month.replace_strict(_NUMBERS, default=None, return_dtype=pl.String)
    number = pl.when(month.str.contains(r"^\d")).then(month).otherwise(named)
    return pl.format("{}-{}-{}", year, number.str.zfill(2), day.str.zfill(2))


def _two(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.zfill(2)


def _calendar(day: pl.Expr) -> pl.Expr:
    """Keep days that the calendar has."""
    return pl.when(day.str.to_date("%Y-%m-%d", strict=False).is_not_null()).then(day)
