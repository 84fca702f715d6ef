"""From a file to a table of text cells: our own columns, or a publisher's format that we have a reader for."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from goodstanding.facts import fsa
from goodstanding.facts.reading import read_table


def read_delivery(path: Path) -> pl.DataFrame:
    """Read a delivery: CSV or Parquet with the columns of `records.CORE`, or the Food Standards Agency's open data.

    Raises InputError as `reading.read_table` and `fsa.read_ratings` do.
    """
    if path.suffix in (".xml", ".json"):
        return fsa.records_of(fsa.read_ratings(path))
    table = read_table(path)
    return fsa.records_of(fsa.read_ratings(path)) if "fhrsid" in table.columns else table
