"""Applying a staged delivery to the ledger: whose its records are, which are new, and writing all of it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.validation import REFUSALS
from goodstanding.proof.merkle import Edge
from goodstanding.register.deliveries import unlinked
from goodstanding.register.deliveries.documents import TAKEN_IN, leave_out, sift, supersede
from goodstanding.register.deliveries.linking import denied, doubts, newcomers
from goodstanding.register.deliveries.staging import Batch, Staged
from goodstanding.register.ledger.records import STORED
from goodstanding.register.log import commitments, events
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in, copy_out, run
from goodstanding.register.store.database import Register


def apply(register: Register, header: Mapping[str, Any], stage: Staged, *, settled: bool = False) -> dict[str, Any]:
    """Write a staged delivery (header: source, file, received, content) in the turn that is held.

    settled: whose its rows are was decided, whatever was said of that before.
    Returns its row of `delivery` as it is kept.
    """
    connection = stage.connection
    run(connection, "SET LOCAL work_mem = '64MB'")
    at = connection.execute(_PLACE).one()
    number = at.deliveries + 1
    doubts(connection, register.world)
    if not settled:
        denied(connection, header["source"], at.salt)
    sift(connection, header["source"], at.salt)
    told = Edge()
    some = leave_out(connection)
    for new in newcomers(connection, at.subjects + 1, at.salt, number):
        told.extend(commitments.of(new))
    records = _records(stage, number, whole=not some)
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
    kept = events.add(connection, "delivery", [delivery])[0]
    unlinked.keep(connection, kept)
    return kept


_PLACE = sa.select(
    schema.world.c.salt,
    sa.func.coalesce(sa.select(sa.func.max(schema.subject.c.id)).scalar_subquery(), 0).label("subjects"),
    sa.func.coalesce(sa.select(sa.func.max(schema.delivery.c.number)).scalar_subquery(), 0).label("deliveries"),
)
"""Where the ledger stands: the last subject and the last delivery."""


def _records(stage: Staged, number: int, *, whole: bool) -> Edge:
    """Write the records; return the tree over their commitments in order of row. whole: no row is left out."""
    connection, tree, growing = stage.connection, Edge(), []
    with ThreadPoolExecutor(1) as hashing:  # the tree, while the database writes what is in it
        for batch in stage.batches:
            growing.append(hashing.submit(_grow, tree, batch, None if whole else left_out(connection, batch)))
            if not whole:
                growing.pop().result()  # what is left out of one batch is forgotten before the next
        written = write(connection, number, whole=whole)
        for one in growing:
            one.result()
    if written != tree.size:
        raise RuntimeError(f"delivery {number}: {tree.size} rows are taken in, but {written} records were written")
    return tree


def _grow(tree: Edge, batch: Batch, out: pl.DataFrame | None) -> None:
    rows = batch.commitments()
    tree.extend(commitments.of(rows if out is None else rows.join(out, on="row", how="anti", maintain_order="left")))


def left_out(connection: sa.Connection, batch: Batch) -> pl.DataFrame:
    """Return which rows of a batch are not taken in."""
    query = "SELECT row FROM left_out WHERE row BETWEEN %(first)s AND %(last)s"
    return copy_out(connection, query, {"row": pl.Int64}, _span(batch))


def write(connection: sa.Connection, number: int, *, whole: bool) -> int:
    """Write the staged rows that are taken in as the records of a delivery; return how many there are.

    whole: none is left out, and no row need be asked.
    """
    return run(connection, _RECORDS + ("" if whole else f" WHERE {TAKEN_IN}"), {"number": number})


_RECORDS = f"""
INSERT INTO record (delivery, subject_id, {", ".join(STORED)})
SELECT %(number)s, subject.id, {", ".join(f"staged.{name}" for name in STORED)}
FROM staged JOIN subject ON subject.identifier = staged.subject
"""  # noqa: S608


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
