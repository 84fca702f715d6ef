"""The embedded database in which prepared rows are compared, for one run."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
from splink import DuckDBAPI

Rows = pl.DataFrame | Path
"""Prepared rows: a table, or the Parquet file that holds one and need not fit into memory."""


@contextmanager
def engine() -> Iterator[tuple[duckdb.DuckDBPyConnection, DuckDBAPI]]:
    """Open an embedded database for one run, with Splink over it, and close it in the end.

    It takes half of the machine's memory at most; what is more is written to a temporary folder meanwhile. What Splink
    remarks upon is ours to settle (see `weighing`) and is not shown to whoever runs it.
    """
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    logging.getLogger("splink").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory(prefix="linkage-") as folder,
        duckdb.connect() as connection,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module="splink")
        warnings.filterwarnings("ignore", message="Arrow output")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET memory_limit = '{half}B'")
        connection.execute(f"SET temp_directory = '{folder}'")
        yield connection, DuckDBAPI(connection=connection)


def view(connection: duckdb.DuckDBPyConnection, name: str, rows: Rows) -> None:
    """Show prepared rows to an embedded database under a name; those of a file are read as they are needed."""
    if isinstance(rows, Path):
        quoted = str(rows).replace("'", "''")
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet('{quoted}')")
    else:
        connection.register(name, rows.to_arrow())
