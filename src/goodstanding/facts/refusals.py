"""The refusals file: the refused rows as they were sent, with what was wrong, to be corrected and delivered again."""

from __future__ import annotations

from pathlib import Path

import polars as pl


def with_refusals(table: pl.DataFrame, refusals: pl.DataFrame) -> pl.DataFrame:
    """Return the refused rows of a delivered table with `refused_field`, `refused_found` and `refused_expected`.

    A row with several faults stands there once, its faults joined by "; ".
    """
    faults = refusals.group_by("row", maintain_order=True).agg(
        pl.col(name).str.join("; ").alias(f"refused_{name}") for name in ("field", "found", "expected")
    )
    rows = table.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
    return rows.join(faults, on="row", how="inner", maintain_order="left").drop("row")


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a CSV or Parquet file, by its suffix, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    try:
        if path.suffix == ".parquet":
            table.write_parquet(partial)
        else:
            table.write_csv(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
