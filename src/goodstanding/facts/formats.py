"""From a file to tables of text cells: our own columns, or a publisher's format that we have a reader for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from goodstanding.facts import fsa
from goodstanding.facts.reading import ahead, batches


def read_delivery(path: Path) -> pl.DataFrame:
    """Read a whole delivery. Raises InputError as `delivery_batches` does."""
    read = list(delivery_batches(path))
    return pl.concat(read, how="diagonal") if len(read) > 1 else read[0]


def delivery_batches(path: Path) -> Iterator[pl.DataFrame]:
    """Yield a delivery in batches: our own columns, or the Food Standards Agency's open data, which is one batch.

    A second thread reads ahead. Raises InputError as `reading.batches` and `fsa.read_ratings` do, before or between
    batches.
    """
    if path.suffix in (".xml", ".json"):
        yield fsa.records_of(fsa.read_ratings(path))
        return
    read = ahead(batches(path))
    first = next(read)
    if "fhrsid" in first.columns:
        yield fsa.records_of(fsa.read_ratings(path))
        return
    yield from chain([first], read)
