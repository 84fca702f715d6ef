"""Applying a staged delivery to the ledger: whose its records are, which are new, and writing all of it at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.validation import REFUSALS
from goodstanding.proof.merkle import Edge
from goodstanding.register.deliveries.documents import place, sift, supersede
from goodstanding.register.deliveries.linking import doubts, newcomers
from goodstanding.register.deliveries.staging import Batch, Staged
from goodstanding.register.log import commitments, events
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in, copy_out, copy_text, run
from goodstanding.register.store.database import Register


def apply(register: Register, header: Mapping[str, Any], stage: Staged) -> dict[str, Any]:
    """Write a staged delivery (header: source, file, received, content) in the turn that is held.

    Returns its row of `delivery` as it is kept.
    """
    connection = stage.connection
    run(connection, "SET LOCAL work_mem = '64MB'")
    at = connection.execute(_PLACE).one()
    number = at.deliveries + 1
    doubts(connection, register.world)
    sift(connection, header["source"], at.salt)
    told = Edge()
    for new in newcomers(connection, at.subjects + 1, at.salt, number):
        told.extend(commitments.of(new))
    place(connection)
    records = _records(stage, number)
    supersede(connection, number)
    refused = connection.execute(sa.text("SELECT count(DISTINCT row) FROM faulty")).scalar_one()
    delivery = dict(header) | {
        "number": number,
        "rows": stage.rows,
        "accepted": records.size,
        "repeated": stage.rows - records.size - refused,
        "refused": refused,
        "records_root": records.root(),
        "subjects_root": told.root(),
        "refusals_root": _refusals(stage, number).root(),
    }
    return events.add(connection, "delivery", [delivery])[0]


_PLACE = sa.select(
    schema.world.c.salt,
    sa.func.coalesce(sa.select(sa.func.max(schema.subject.c.id)).scalar_subquery(), 0).label("subjects"),
    sa.func.coalesce(sa.select(sa.func.max(schema.delivery.c.number)).scalar_subquery(), 0).label("deliveries"),
)
"""Where the ledger stands: the last subject and the last delivery."""


def _records(stage: Staged, number: int) -> Edge:
    """Write the records that are placed; return the tree over their commitments in order of row."""
    tree = Edge()

    def ready(batch: Batch, places: pl.DataFrame) -> tuple[list[str], bytes]:
        records = batch.records().join(places, on="row", how="inner", maintain_order="left")
        tree.extend(commitments.of(records.sort("row")))
        rows = records.with_columns(pl.lit(number).alias("delivery"))
        return rows.columns, rows.write_csv(include_header=False).encode()

    with ThreadPoolExecutor(1) as preparing:  # the next batch, while the database writes this one
        coming: deque[Future[tuple[list[str], bytes]]] = deque()
        for batch in [*stage.batches, None]:
            if batch:
                coming.append(preparing.submit(ready, batch, placed(stage.connection, batch)))
            if coming and (len(coming) > 1 or batch is None):
                copy_text(stage.connection, "record", *coming.popleft().result())
    return tree


def placed(connection: sa.Connection, batch: Batch) -> pl.DataFrame:
    """Return which rows of a batch are taken in, and whom each is about."""
    query = "SELECT row, subject_id FROM placed WHERE row BETWEEN %(first)s AND %(last)s"
    return copy_out(connection, query, {"row": pl.Int64, "subject_id": pl.Int64}, _span(batch))


def _refusals(stage: Staged, number: int) -> Edge:
    """Write the refusals, numbered in order of row; return the tree over their commitments in order of fault."""
    tree = Edge()
    for batch in _with_faults(stage):
        query = f"SELECT {', '.join(REFUSALS)} FROM faulty WHERE row BETWEEN %(first)s AND %(last)s ORDER BY row, place"  # noqa: S608
        faults = copy_out(stage.connection, query, REFUSALS, _span(batch))
        faults = faults.with_columns(
            pl.int_range(tree.size + 1, tree.size + faults.height + 1, dtype=pl.Int64).alias("fault"),
            pl.lit(number).alias("delivery"),
        )
        kept = commitments.committed(faults, commitments.lines(faults, commitments.REFUSAL))
        copy_in(stage.connection, "refusal", kept)
        tree.extend(commitments.of(kept))
    return tree


def _with_faults(stage: Staged) -> Iterator[Batch]:
    run(stage.connection, "CREATE INDEX ON faulty (row)")
    rows = stage.connection.execute(sa.text("SELECT min(row), max(row) FROM faulty")).one()
    yield from (one for one in stage.batches if rows[0] is not None and one.first <= rows[1] and one.last >= rows[0])


def _span(batch: Batch) -> dict[str, int]:
    return {"first": batch.first, "last": batch.last}
