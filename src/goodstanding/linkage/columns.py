"""What the columns of a table say, by role; and the table of normal forms that all comparisons read.

A role says how a column is read and compared, never where it comes from: a register's subjects, a delivery and a
stranger's file are all read in the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, model_validator

from goodstanding.facts.errors import InputError
from goodstanding.linkage import names

Role = Literal["name", "given", "family", "organisation", "date", "place", "address", "postcode", "identifier", "code"]
KEY = "key"
"""The column of a prepared table that says which row it was."""
_NUMBER = 1
FORMS = hashlib.sha256(
    f"{_NUMBER}\n{files('goodstanding.linkage').joinpath('names.yaml').read_text(encoding='utf-8')}".encode()
).hexdigest()[:16]
"""Which normal forms this release makes, by `names.yaml` and a number that is raised whenever else they change.

What was learned from other forms, or is kept in them, cannot be compared with these (see `models.read_model`).
"""


class Field(BaseModel):
    """A column with its role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    role: Role


class Columns(BaseModel):
    """What a table's columns say: `key` numbers its rows, `fields` are compared, in this order.

    At most one given and one family name, one name, one organisation; any number of the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    fields: tuple[Field, ...]

    @model_validator(mode="after")
    def _once(self) -> Columns:
        seen = [field.role for field in self.fields if field.role in ("name", "given", "family", "organisation")]
        if len(seen) > len(set(seen)):
            raise ValueError("each of name, given, family and organisation can be the role of one column only")
        if not self.fields:
            raise ValueError("no column has a role; expected at least one")
        return self

    def labels(self) -> Iterator[tuple[str, Field]]:
        """Yield each field under the name that its forms have: its role, and a number where there are several."""
        seen: dict[str, int] = {}
        for field in self.fields:
            seen[field.role] = seen.get(field.role, 0) + 1
            number = seen[field.role]
            yield field.role if number == 1 else f"{field.role}{number}", field


def prepared(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Return the normal forms of a table, one row for each of its rows, `key` and the columns that `_FORMS` lists.

    Raises InputError where a column is not there, or a key is missing or stands twice.
    """
    lacking = [name for name in (columns.key, *(field.column for field in columns.fields)) if name not in table.columns]
    if lacking:
        raise InputError(f"column {', '.join(lacking)}: not in the table; expected some of {', '.join(table.columns)}")
    keys = table[columns.key].cast(pl.String)
    if keys.null_count() or keys.n_unique() < len(keys):
        raise InputError(f"column {columns.key}: expected another value in every row, to name it by")
    forms: dict[str, pl.Series] = {KEY: keys}
    cells = {label: table[field.column].cast(pl.String) for label, field in columns.labels()}
    for label, field in columns.labels():
        if field.role not in _NAMES:
            forms |= {f"{label}{end}": column for end, column in _FORMS[field.role](cells[label]).items()}
    return pl.DataFrame(forms).with_columns(*_people(cells), *_organisations(cells))


def prepare(source: Path, columns: Columns, target: Path) -> int:
    """Write the normal forms of a Parquet file to another, `BATCH` rows at a time; return how many rows there are.

    Raises InputError as `prepared` does; then nothing is written. A key that stands twice is looked for in all rows.
    """
    file = pq.ParquetFile(source)
    prepared(pl.DataFrame(pl.from_arrow(file.schema_arrow.empty_table())), columns)
    keys = pl.scan_parquet(source).select(pl.col(columns.key).n_unique()).collect().item()
    if keys < file.metadata.num_rows:
        raise InputError(f"column {columns.key}: expected another value in every row, to name it by")
    partial = target.with_suffix(".partial")
    writer = None
    try:
        for batch in file.iter_batches(BATCH):
            forms = prepared(pl.DataFrame(pl.from_arrow(batch)), columns).to_arrow()
            writer = writer or pq.ParquetWriter(partial, forms.schema, compression="zstd")
            writer.write_table(forms)
        if writer is None:
            raise InputError(f"{source}: no rows; expected at least one")
        writer.close()
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return int(file.metadata.num_rows)


BATCH = 500_000
"""Rows that are prepared at once."""
ROUNDED = r"(?i)^\s*-?\d(?:[.,]\d+)?E\+\d+\s*$"
"""A number of which a spreadsheet kept the first digits only: as an identifier it says nothing."""
_POINT = r"^\s*(\d+)\.0+\s*$"
"""A whole number that a table kept as a decimal one, as many programs do where a cell is empty."""
MOST_SHARED = 1_000
"""Rows of one table (or batch) that may have one identifier; what more have stands for nothing and is left out."""
_NAMES = ("name", "given", "family", "organisation")


def _people(cells: dict[str, pl.Series]) -> list[pl.Series]:
    """Return the forms of a person's name: `name` (its words in order of alphabet), `given`, `family`, `words`, sound.

    A name in Han characters is one word, family name first.
    """
    there = [role for role in ("name", "given", "family") if role in cells]
    if not there:
        return []
    frame = pl.DataFrame({role: names.person(cells[role]) for role in there})
    family = pl.col("family").str.replace(_PARTICLES, "") if "family" in there else None
    whole = pl.coalesce("name", _joined(there)) if "name" in there else _joined(there)
    han = whole.str.contains(f"^[{names.HAN}]+$")
    first, last = whole.str.extract(names.FAMILY), whole.str.replace(names.FAMILY, "")
    parted = whole.str.split(" ")
    given = pl.when(han).then(pl.when(last != "").then(last)).otherwise(parted.list.first())
    last_word = pl.when(whole.str.contains(" ")).then(parted.list.last())
    forms = frame.select(
        whole.alias("whole"),
        (pl.col("given") if "given" in there else given).alias("given"),
        (family if family is not None else pl.when(han).then(first).otherwise(last_word)).alias("family"),
    )
    name = names.ordered(forms["whole"])
    words = name.str.split(" ")
    telling = words.list.filter(~pl.element().is_in(names.PARTICLES))
    return [
        name.alias("name"),
        *forms.select("given", "family").get_columns(),
        pl.select(pl.when(telling.list.len() > 0).then(telling).otherwise(words)).to_series().alias("words"),
        names.person_sound(forms["whole"]).alias("name_sound"),
    ]


_PARTICLES = rf"^(?:(?:{'|'.join(names.PARTICLES)}) )+"


def _joined(roles: Sequence[str]) -> pl.Expr:
    """Return given and family name as one name: Han characters the family first, without a gap."""
    if not {"given", "family"} <= set(roles):
        return pl.col(next((role for role in roles if role != "name"), "name"))
    han = pl.concat_str("family", "given").str.contains(f"^[{names.HAN}]+$")
    latin = pl.concat_str("given", "family", separator=" ", ignore_nulls=True)
    return pl.when(han).then(pl.concat_str("family", "given")).otherwise(pl.when(latin != "").then(latin))


def _organisations(cells: dict[str, pl.Series]) -> list[pl.Series]:
    if "organisation" not in cells:
        return []
    core = names.organisation(cells["organisation"])
    forms = {"": core, "_words": names.words(core), "_sound": names.sound(core), "_marks": names.marks(core)}
    return [form.alias(f"organisation{end}") for end, form in forms.items()]


def _date(cells: pl.Series) -> dict[str, pl.Series]:
    """Read days as YYYY-MM-DD, YYYYMMDD or DD/MM/YYYY; what is no day of the calendar is kept as it was written."""
    bare = cells.str.strip_chars().str.replace_all(r"[^0-9]", "")
    european = cells.str.contains(r"^\s*\d{1,2}[./-]\d{1,2}[./-]\d{4}\s*$")
    parts = cells.str.extract_groups(r"(\d{1,2})\D(\d{1,2})\D(\d{4})").struct
    turned = parts.field("3") + parts.field("2").str.zfill(2) + parts.field("1").str.zfill(2)
    digits = pl.select(pl.when(european).then(turned).otherwise(bare)).to_series()
    whole = pl.select(pl.when(digits.str.len_chars() == 8).then(digits)).to_series()
    return {"": whole, "_year": whole.str.slice(0, 4), "_day": whole.str.slice(4)}


def _place(cells: pl.Series) -> dict[str, pl.Series]:
    plain = names.place(cells)
    return {"": plain, "_sound": names.sound(plain)}


def _address(cells: pl.Series) -> dict[str, pl.Series]:
    plain = names.place(cells)
    return {"": plain, "_words": names.words(plain)}


def _postcode(cells: pl.Series) -> dict[str, pl.Series]:
    bare = cells.str.replace(_POINT, "${1}").str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")
    code = pl.select(pl.when(bare != "").then(bare)).to_series()
    return {"": code, "_area": code.str.head(pl.select((code.str.len_chars().cast(pl.Int64) - 3).clip(2)).to_series())}


def _identifier(cells: pl.Series) -> dict[str, pl.Series]:
    whole = cells.str.replace(_POINT, "${1}")
    bare = whole.str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")
    telling = (
        (bare != "")
        & ~cells.str.contains(ROUNDED)
        & (bare.to_frame("it").select(pl.len().over("it")).to_series() <= MOST_SHARED)
    )
    return {"": pl.select(pl.when(telling).then(bare)).to_series()}


def _code(cells: pl.Series) -> dict[str, pl.Series]:
    return {"": names.text(cells.str.replace(_POINT, "${1}"))}


_FORMS = {
    "date": _date,
    "place": _place,
    "address": _address,
    "postcode": _postcode,
    "identifier": _identifier,
    "code": _code,
}
