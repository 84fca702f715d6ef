"""The Food Standards Agency's open data of food hygiene ratings, read as records.

Takes a local authority's file as published, XML or JSON (`FHRSEstablishment`: a header with the extract date and one
`EstablishmentDetail` a business), or a Parquet table with the same fields in lower case. Business names and addresses
are left where they are: the scheme needs neither. The published rating is no record, since a kind may not carry one;
`official_ratings` returns it beside the records, so that a computed rating can be held against it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError

import polars as pl
from polars.exceptions import PolarsError

from goodstanding.facts.errors import InputError
from goodstanding.facts.reading import read_table

BASIS = "Food Law Code of Practice, annex 5"
_FIELDS = {
    "FHRSID": "fhrsid",
    "LocalAuthorityCode": "la_code",
    "RatingValue": "ratingvalue",
    "RatingDate": "ratingdate",
    "Hygiene": "hygiene",
    "Structural": "structural",
    "ConfidenceInManagement": "confidenceinmanagement",
}
_UNRATED = {
    "exempt": "exempt",
    "awaitinginspection": "awaiting-inspection",
    "awaitingpublication": "awaiting-publication",
    "pass": "other-scheme",
    "passandeatsafe": "other-scheme",
    "improvementrequired": "other-scheme",
}
MOST_BYTES = 1 << 28
"""A published file is read as a whole: one that is larger is refused."""
_RATINGS = ["0", "1", "2", "3", "4", "5"]


def read_ratings(path: Path) -> pl.DataFrame:
    """Read a published file as text columns la_code, fhrsid, ratingvalue, ratingdate, the three scores and `stated`.

    `stated` is the day on which the agency said so: the extract date, or, where a file has none, its latest rating
    date. Raises InputError where the file is not one of the three forms.
    """
    readers = {".xml": _from_xml, ".json": _from_json, ".parquet": read_table}
    if path.suffix not in readers:
        raise InputError(f"{path}: expected a .xml, .json or .parquet file of food hygiene ratings")
    if not path.is_file() or path.stat().st_size == 0:
        raise InputError(f"{path}: no such file, or an empty one")
    if path.suffix != ".parquet" and path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path}: found {path.stat().st_size:,} bytes, expected at most {MOST_BYTES:,}")
    table = readers[path.suffix](path)
    missing = [name for name in _FIELDS.values() if name not in table.columns]
    if missing:
        raise InputError(f"{path}: missing {', '.join(missing)}; expected the fields of the agency's open data")
    if "stated" not in table.columns:
        table = table.with_columns(pl.lit(table["ratingdate"].max(), dtype=pl.String).alias("stated"))
    return table.select(*_FIELDS.values(), "stated")


def records_of(ratings: pl.DataFrame) -> pl.DataFrame:
    """Turn published rows into a delivery of food.inspection and food.unrated records, all cells text.

    A status without a date of its own (awaiting inspection, some exemptions) is dated on the day that it was stated.
    """
    value = pl.col("ratingvalue").str.to_lowercase().str.replace_all(" ", "")
    rated = pl.col("ratingvalue").is_in(_RATINGS)
    number = pl.col("la_code") + "-" + pl.col("fhrsid")
    act = pl.coalesce("ratingdate", "stated")
    score = {"hygiene": "hygiene", "structural": "structural", "confidence": "confidenceinmanagement"}
    return ratings.select(
        ("gb.fhrs:" + number).alias("subject"),
        pl.when(rated).then(pl.lit("food.inspection")).otherwise(pl.lit("food.unrated")).alias("kind"),
        act.alias("act"),
        (number + "@" + act).alias("document"),
        ("gb.la:" + pl.col("la_code")).alias("authority"),
        pl.lit(BASIS).alias("basis"),
        *(pl.when(rated).then(pl.col(column)).alias(name) for name, column in score.items()),
        pl.when(~rated).then(value.replace(_UNRATED)).alias("reason"),
    )


def official_ratings(ratings: pl.DataFrame) -> pl.DataFrame:
    """Return `subject`, the published `rating` ("0" to "5", else null) and `scored`: are all three scores there."""
    return ratings.select(
        ("gb.fhrs:" + pl.col("la_code") + "-" + pl.col("fhrsid")).alias("subject"),
        pl.when(pl.col("ratingvalue").is_in(_RATINGS)).then("ratingvalue").alias("rating"),
        pl.all_horizontal(pl.col("hygiene", "structural", "confidenceinmanagement").is_not_null()).alias("scored"),
    )


def _from_xml(path: Path) -> pl.DataFrame:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    rows: list[dict[str, str | None]] = []
    stated = None
    try:
        for _, element in cast("Iterator[tuple[str, Element]]", iterparse(path)):
            if element.tag == "ExtractDate":
                stated = (element.text or "")[:10]
            elif element.tag == "EstablishmentDetail":
                rows.append(_row({part.tag: part.text for part in element.iter()}))
                element.clear()
    except (ParseError, DefusedXmlException) as error:
        raise InputError(f"{path}: not a whole XML file: {error}") from None
    return _table(path, rows, stated)


def _from_json(path: Path) -> pl.DataFrame:
    try:
        top = json.loads(path.read_bytes())["FHRSEstablishment"]
        details = top["EstablishmentCollection"]
        details = details["EstablishmentDetail"] if isinstance(details, dict) else details
        rows = [_row({**detail, **(detail.get("Scores") or {})}) for detail in details]
        stated = top["Header"]["ExtractDate"][:10]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not the agency's JSON ({type(error).__name__}: {error})") from None
    return _table(path, rows, stated)


def _row(detail: dict[str, Any]) -> dict[str, str | None]:
    row = {ours: detail.get(theirs) for theirs, ours in _FIELDS.items()}
    return {name: str(value) if value not in (None, "") else None for name, value in row.items()}


def _table(path: Path, rows: list[dict[str, str | None]], stated: str | None) -> pl.DataFrame:
    if not rows:
        raise InputError(f"{path}: no EstablishmentDetail found; expected a local authority's file of ratings")
    try:
        table = pl.DataFrame(rows, schema=dict.fromkeys(_FIELDS.values(), pl.String))
    except PolarsError as error:
        raise InputError(f"{path}: {error}") from None
    return table.with_columns(
        pl.col("ratingdate").str.slice(0, 10), pl.lit(stated or None, dtype=pl.String).alias("stated")
    )
