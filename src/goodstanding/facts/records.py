"""Records: one established fact about one subject, as a table and, for one dossier, as objects.

The table is a Polars frame with the columns of `CORE` and one column for every attribute of the catalogue, sorted by
nothing in particular. Numbers are whole 10^-scale units (Int64), dates are calendar days without a time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl
import polars_hash

from goodstanding.facts.catalogue import Attribute, Catalogue

Value = Fraction | str | dt.date | bool

CORE: dict[str, Any] = {
    "subject": pl.String,
    "name": pl.String,
    "born": pl.Date,
    "kind": pl.String,
    "act": pl.Date,
    "decided": pl.Date,
    "final": pl.Date,
    "occurrence": pl.String,
    "source": pl.String,
    "document": pl.String,
    "authority": pl.String,
    "basis": pl.String,
}
"""subject: `scheme:number`. name, born: what corroborates it. act, decided, final: when it was done, decided, became
final. occurrence: what groups several records of one act or inspection. source and document: who delivers it and under
which number, together the record's key. authority: who established it. basis: under which law."""

CONTENT = [column for column in CORE if column not in ("name", "born")]
"""What a record says; the rest of CORE only helps to find whom it is about."""

KNOWING: dict[str, Any] = {"known": pl.Date, "withdrawn": pl.Date}
"""When a record came to be known and when it was withdrawn: columns of files that are asked what was known when. They
are no part of what a record says; a register goes by its own clock."""

VERSIONS: dict[str, Any] = {"version": pl.Int32, "state": pl.String}
"""Columns of deliveries to a register: the version of a document, counted from 1, and whether its source still stands
by it: valid or withdrawn. They are part of what a record says, but for the first version of what is valid."""

LIKENESS: dict[str, Any] = {"seat": pl.String}
"""Columns of deliveries to a register that say where an organisation has its seat, beside `name` and `born`, the day it
was founded: by all three it is found where its number is not given. No part of what a record says."""

VALID, WITHDRAWN = "valid", "withdrawn"

_TYPES: dict[str, Any] = {"number": pl.Int64, "code": pl.String, "date": pl.Date, "flag": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Record:
    """One record, as the exact evaluator and the pages read it. Absent attributes are not in `attributes`.

    `known`: the day on which the authority knew of it; None: on every day that is asked for. `withdrawn`: the day from
    which it is known to be void from the start.
    """

    subject: str
    kind: str
    act: dt.date
    occurrence: str
    document: str
    source: str = ""
    authority: str = ""
    basis: str = ""
    decided: dt.date | None = None
    final: dt.date | None = None
    known: dt.date | None = None
    withdrawn: dt.date | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    digest: str = ""

    def known_on(self, day: dt.date) -> bool:
        """Whether it was known on a day and not withdrawn by then."""
        return (self.known is None or self.known <= day) and (self.withdrawn is None or self.withdrawn > day)


def schema(catalogue: Catalogue) -> dict[str, Any]:
    """Return column names and Polars types of a table of records under this catalogue, without the digest."""
    return CORE | {name: _TYPES[attribute.type] for name, attribute in sorted(catalogue.attributes.items())}


def with_digest(records: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add the column `digest`: SHA-256 (hex) over what the record says, the same on every machine.

    The hashed text is `column=value` for the content columns and the attributes that are present, in order of name,
    separated by unit separators (U+001F), which the reader refuses in delivered text. Where there are columns
    `VERSIONS`, a version after the first and a withdrawal are said too.
    """
    columns = sorted([*CONTENT, *catalogue.attributes, *(name for name in VERSIONS if name in records.columns)])
    columns = [name for name in columns if records[name].null_count() < max(records.height, 1)]
    said = {"version": pl.col("version") > 1, "state": pl.col("state") != VALID}
    text = (
        records.with_columns(pl.when(said[name]).then(name) for name in VERSIONS if name in columns)
        .select(
            pl.concat_str(
                [pl.lit(None, pl.String), *(pl.lit(f"{name}=") + pl.col(name).cast(pl.String) for name in columns)],
                separator="\x1f",
                ignore_nulls=True,
            )
        )
        .to_series()
    )
    return records.with_columns(sha256(text.alias("digest")))


def sha256(contents: pl.Series) -> pl.Series:
    """Return the SHA-256 of each text (as UTF-8) or each run of bytes, in hexadecimal digits, under the same name."""
    return contents.to_frame().select(polars_hash.col(contents.name).chash.sha2_256()).to_series()


def value_of(attribute: Attribute, cell: Any) -> Value:
    """Turn a cell of the table into the exact value that it stands for."""
    return attribute.number(cell) if attribute.type == "number" else cell


def known_by(records: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Return the records that were known on a day and not withdrawn by then, without the columns that say so."""
    known = (pl.col("known") <= day).fill_null(value=True) & (pl.col("withdrawn") > day).fill_null(value=True)
    return records.filter(known).drop(list(KNOWING)) if set(KNOWING) <= set(records.columns) else records


def objects(records: pl.DataFrame, catalogue: Catalogue) -> Iterator[Record]:
    """Yield the rows of a table with digests as `Record` objects, in the order of the table."""
    attributes = catalogue.attributes
    present = [name for name in attributes if name in records.columns]
    columns = [*CONTENT, *(column for column in KNOWING if column in records.columns)]
    for row in records.iter_rows(named=True):
        yield Record(
            **{column: row[column] for column in columns},
            attributes={name: value_of(attributes[name], row[name]) for name in present if row[name] is not None},
            digest=row["digest"],
        )
