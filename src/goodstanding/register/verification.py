"""Whether the register still holds what it accepted: every digest, root and count is computed again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars.exceptions import PolarsError

from goodstanding.facts.errors import InputError
from goodstanding.facts.records import with_digest
from goodstanding.register import schema
from goodstanding.register.application import link_of
from goodstanding.register.database import Register
from goodstanding.register.deliveries import faults_of
from goodstanding.register.founding import founding_root
from goodstanding.register.ledger import recorded
from goodstanding.register.policies import kept
from goodstanding.register.subjects import enrolled

_NAMED = 20
"""How many changed rows of one delivery are named, before the rest is counted."""


def verify(register: Register) -> list[str]:
    """Return what is not as it was accepted, each problem with its table and row; nothing where all is well.

    Finds what was changed, added or removed in world, sources, subjects, deliveries, records, refusals, policies and
    runs. It cannot find that the ledger was cut off after some delivery and nothing added since: for that, somebody
    else must keep the last root.
    """
    with register.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        return [
            *_founding(connection),
            *_deliveries(connection, register),
            *_strays(connection),
            *_policies(connection),
            *_runs(connection),
        ]


def _founding(connection: sa.Connection) -> Iterator[str]:
    root = connection.execute(sa.select(schema.world.c.root)).scalar_one()
    if founding_root(connection) != root:
        yield "world row 1: world, manifest, catalogue, source or subject rows are not those of the founding"


def _deliveries(connection: sa.Connection, register: Register) -> Iterator[str]:
    before = connection.execute(sa.select(schema.world.c.root)).scalar_one()
    rows = connection.execute(sa.select(schema.delivery).order_by(schema.delivery.c.number)).all()
    for place, row in enumerate(rows, start=1):
        if row.number != place:
            yield f"delivery {place}: is missing; found {row.number} in its place"
            return
        yield from _delivery(connection, register, row, before)
        before = row.root


def _delivery(connection: sa.Connection, register: Register, row: Any, before: str) -> Iterator[str]:
    condition = {"number": row.number}
    try:
        records = recorded(connection, register.catalogue, "record.delivery = %(number)s", condition)
    except PolarsError as error:
        yield f"record of delivery {row.number}: attributes cannot be read ({str(error).splitlines()[0]})"
        return
    yield from _changed(records, register, row.number)
    faults = faults_of(connection, row.number)
    for name, found in (("accepted", records.height), ("refused", faults["row"].n_unique())):
        if found != getattr(row, name):
            yield f"delivery {row.number}: {name} {getattr(row, name)} rows, but {found} are there"
    told = enrolled(connection, "delivery = %(number)s", condition)
    if link_of(before, dict(row._mapping), told, records, faults) != row.root:
        yield f"delivery {row.number}: its row, or its subject, record or refusal rows, are not those of then"


def _changed(records: pl.DataFrame, register: Register, delivery: int) -> Iterator[str]:
    """Name the records whose content no longer gives their digest, or that hold attributes unknown to it."""
    present = pl.sum_horizontal(pl.col(name).is_not_null() for name in register.catalogue.attributes)
    again = with_digest(records.rename({"digest": "kept"}), register.catalogue)
    rows = again.filter((pl.col("digest") != pl.col("kept")) | (pl.col("keys") != present))["row"].to_list()
    yield from (f"record delivery {delivery} row {row}: is not what was accepted" for row in rows[:_NAMED])
    if len(rows) > _NAMED:
        yield f"record delivery {delivery}: {len(rows) - _NAMED} more rows are not what was accepted"


def _strays(connection: sa.Connection) -> Iterator[str]:
    """Name rows that belong to nothing: the bulk tables have no foreign keys."""
    owners = (
        (schema.record, schema.record.c.delivery, schema.delivery.c.number),
        (schema.refusal, schema.refusal.c.delivery, schema.delivery.c.number),
        (schema.subject, schema.subject.c.delivery, schema.delivery.c.number),
        (schema.standing, schema.standing.c.run, schema.run.c.number),
        (schema.standing, schema.standing.c.subject_id, schema.subject.c.id),
    )
    for table, column, owner in owners:
        query = sa.select(column).distinct().where(column.is_not(None), ~sa.exists().where(owner == column))
        for stray in connection.execute(query.order_by(column)).scalars():
            yield f"{table.name}: has rows of {owner.table.name} {stray}, which is not there"


def _policies(connection: sa.Connection) -> Iterator[str]:
    for row in connection.execute(sa.select(schema.policy).order_by(schema.policy.c.number)):
        try:
            loaded = kept(row.id, row.contents)
        except (InputError, KeyError):
            yield f"policy {row.number}: the files of {row.id} {row.version} can no longer be read"
            continue
        if (loaded.hash, loaded.policy.id, loaded.policy.version) != (row.hash, row.id, row.version):
            yield f"policy {row.number}: the files of {row.id} {row.version} are not those that were loaded"


def _runs(connection: sa.Connection) -> Iterator[str]:
    standing = schema.standing.c
    counts = sa.select(standing.run, standing.outcome, sa.func.count()).group_by(standing.run, standing.outcome)
    found: dict[int, dict[str, int]] = {}
    for run, outcome, count in connection.execute(counts):
        found.setdefault(run, {})[outcome] = count
    for row in connection.execute(sa.select(schema.run).order_by(schema.run.c.number)):
        if found.get(row.number, {}) != row.outcomes or sum(row.outcomes.values()) != row.subjects:
            yield f"run {row.number}: has {found.get(row.number, {})}, but {row.outcomes} of {row.subjects} were made"
