"""Reading delivery files, CSV and Parquet, into a table in which every cell is still the text that was sent.

Nothing is guessed: numbers, dates and codes are read from text by `validation`; a file means the same in both formats.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from goodstanding.facts.errors import InputError

_REFUSED = ("refused_field", "refused_found", "refused_expected")
"""Columns that a refusals file adds; they are passed over, so that a corrected one can be delivered as it is."""


def read_table(path: Path) -> pl.DataFrame:
    """Read a CSV (UTF-8, comma, header) or Parquet file; every column comes back as text, empty cells as null.

    Raises InputError where the file is missing, empty, truncated, in another encoding or holds floats.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty (0 bytes); expected a CSV header or a Parquet file. Send it again")
    table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    text = table.select(pl.col(pl.String).str.strip_chars().replace("", None), pl.exclude(pl.String))
    return text.drop(_REFUSED, strict=False)


def _csv(path: Path) -> pl.DataFrame:
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}: line {line}: byte {error.start} is not UTF-8; save the file as UTF-8 and send it again"
        ) from None
    try:
        return pl.read_csv(content, infer_schema=False, encoding="utf8")
    except PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a CSV file with one header and rows of equal length: {reason}") from None


def _parquet(path: Path) -> pl.DataFrame:
    try:
        table = pl.read_parquet(path)
    except (PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not a whole Parquet file ({reason}); it may be truncated: send it again") from None
    floats = [name for name, kind in table.schema.items() if kind.is_float()]
    if floats:
        raise InputError(
            f"{path}: column {', '.join(floats)}: floating point is not exact; expected decimal, integer or text"
        )
    nested = [name for name, kind in table.schema.items() if kind.is_nested()]
    if nested:
        raise InputError(f"{path}: column {', '.join(nested)}: expected plain columns, found lists or structs")
    return table.with_columns(pl.all().cast(pl.String))
