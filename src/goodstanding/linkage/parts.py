"""Rows on disk that are found by the values of their keys and read by number, so that time follows what is asked.

A part is a folder: `rows.arrow` (Arrow IPC, not compressed, so that a row is read where it stands), `starts.npy` (the
number of the first row of each batch, and how many rows there are) and for each key `values-KEY.npy`, in order, with
`numbers-KEY.npy`, the rows that have them. Files are mapped: what is not asked is not read. A part is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Values = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
_BATCH = 16_384
"""Rows of a batch, about: of each that has a row that is asked the header is read."""


def write(
    folder: Path, connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], keys: Mapping[str, str]
) -> None:
    """Write the rows of a table, and an index for each key (the SQL of its value, 64 bits or null), to a new folder."""
    folder.mkdir(parents=True)
    raw = folder / "raw.arrow"
    told = [f"{value} AS index_{place}" for place, value in enumerate(keys.values())]
    batches = connection.sql(f"SELECT {', '.join([*columns, *told])} FROM {table}").to_arrow_reader(_BATCH)
    names = [f"index_{place}" for place in range(len(keys))]
    schemas = [pa.schema([batches.schema.field(name) for name in some]) for some in (columns, names)]
    starts = [0]
    with pa.ipc.new_file(folder / "rows.arrow", schemas[0]) as rows, pa.ipc.new_file(raw, schemas[1]) as values:
        for batch in batches:
            rows.write(batch.select(list(columns)))
            values.write(batch.select(names))
            starts.append(starts[-1] + batch.num_rows)
    np.save(folder / "starts.npy", np.array(starts))
    for name, key in zip(names, keys, strict=True):
        value = pl.scan_ipc(raw).select(pl.col(name).alias("value")).with_row_index("number")
        index = value.drop_nulls().sort("value").collect()
        np.save(folder / f"values-{key}.npy", index["value"].to_numpy())
        np.save(folder / f"numbers-{key}.npy", index["number"].to_numpy())
    raw.unlink()


def rows(part: Path) -> int:
    """Return how many rows a part has."""
    return int(np.load(part / "starts.npy")[-1])


def numbers(part: Path, asked: Mapping[str, Values]) -> Numbers:
    """Return the numbers of the rows that have one of the values of a key, for each key its values in order; once each.

    The time follows how many values are asked, or kept where that is less.
    """
    found = [_having(part, key, values) for key, values in asked.items()]
    rows = np.sort(np.concatenate([np.empty(0, np.uint32), *found]))
    once: Numbers = rows[np.diff(rows, prepend=rows[:1] - np.uint32(1)) != 0]
    return once


def _having(part: Path, key: str, values: Values) -> Numbers:
    kept, at = (np.asarray(np.load(part / f"{what}-{key}.npy", mmap_mode="r")) for what in ("values", "numbers"))
    if len(kept) < len(values):
        place = np.searchsorted(values, kept)
        same: Numbers = at[values[np.minimum(place, len(values) - 1)] == kept]
        return same
    first, last = (np.searchsorted(kept, values, side) for side in ("left", "right"))
    many = last - first
    before = np.cumsum(many) - many
    spans: Numbers = at[np.arange(many.sum()) + np.repeat(first - before, many)]
    return spans


def read(asked: Mapping[Path, Numbers]) -> pa.RecordBatchReader:
    """Return the rows of parts that have these numbers, in order, a batch at a time as they are taken."""
    with pa.memory_map(str(next(iter(asked)) / "rows.arrow")) as file:
        schema = pa.ipc.open_file(file).schema
    return pa.RecordBatchReader.from_batches(schema, (batch for part in asked.items() for batch in _taken(*part)))


def _taken(part: Path, asked: Numbers) -> Iterator[pa.RecordBatch]:
    starts = np.load(part / "starts.npy")
    ends = np.searchsorted(asked, starts)
    with pa.memory_map(str(part / "rows.arrow")) as file:
        batches = pa.ipc.open_file(file)
        for place in np.flatnonzero(np.diff(ends)):
            yield batches.get_batch(int(place)).take(pa.array(asked[ends[place] : ends[place + 1]] - starts[place]))
