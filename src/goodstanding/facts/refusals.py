"""The refusals file: the refused rows as they were sent, with what was wrong, to be corrected and delivered again.

A cell that a spreadsheet would take for a formula gets a quote before it, which `reading` takes away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def write_refused(batches: Iterable[pl.DataFrame], refused: Callable[[int, int], pl.DataFrame], path: Path) -> None:
    """Write the refused rows of a delivery that comes in batches as CSV, whole or not at all.

    refused: gives the refusals, as validation's, of the rows from one number (the first row is 1) up to another.
    """
    partial, header, first = path.with_name(path.name + ".partial"), True, 1
    try:
        with partial.open("wb") as file:
            for batch in batches:
                last = first + batch.height - 1
                rows = with_refusals(batch.select(pl.all().cast(pl.String)), refused(first, last))
                if header or rows.height:
                    rows.with_columns(_harmless(pl.all())).write_csv(file, include_header=header)
                header, first = False, last + 1
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _harmless(cells: pl.Expr) -> pl.Expr:
    formula = cells.str.contains(r"^[=+\-@]") & ~cells.str.contains(r"^-?\d+(\.\d+)?$")
    return pl.when(formula).then(pl.lit("'") + cells).otherwise(cells).name.keep()


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
