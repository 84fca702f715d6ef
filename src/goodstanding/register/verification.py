"""Whether the register still holds what it accepted: every digest, commitment, root and count is computed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars.exceptions import PolarsError

from goodstanding.facts.records import with_digest
from goodstanding.proof import commitments as proof
from goodstanding.register import commitments, events, schema
from goodstanding.register.database import Register
from goodstanding.register.deliveries import faults_of
from goodstanding.register.ledger import recorded
from goodstanding.register.subjects import enrolled

_NAMED = 20
"""How many changed rows of one delivery are named, before the rest is counted."""


def verify(register: Register) -> list[str]:
    """Return what is not as it was accepted, each problem with its table and row; nothing where all is well."""
    with register.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        return [
            *_events(connection),
            *_founding(connection),
            *_deliveries(connection, register),
            *_strays(connection),
            *_runs(connection),
        ]


def _events(connection: sa.Connection) -> Iterator[str]:
    """Compare every row that is an event with what was committed to when it happened."""
    event = schema.event.c
    for kind in events.KINDS:
        said = sa.select(event.key, event.salt, event.commitment).where(event.kind == kind)
        kept = {key: (salt, commitment) for key, salt, commitment in connection.execute(said)}
        for row in events.rows_of(connection, kind):
            key = events.key_of(kind, row)
            salt, commitment = kept.pop(key, (None, None))
            if salt is None:
                yield f"{kind} {key}: was added behind the register's back: no event tells of it"
            elif proof.commitment(salt, events.content(kind, row)) != commitment:
                yield f"{kind} {key}: is not what happened then"
        yield from (f"{kind} {key}: was removed; its event is there" for key in kept)


def _founding(connection: sa.Connection) -> Iterator[str]:
    subjects = enrolled(connection, "delivery IS NULL")
    yield from _changed("subject", "id", subjects, commitments.lines(subjects, commitments.SUBJECT))
    if commitments.root_of(subjects) != connection.execute(sa.select(schema.world.c.subjects_root)).scalar_one():
        yield "world 1: subject rows of the founding are not those of then"


def _deliveries(connection: sa.Connection, register: Register) -> Iterator[str]:
    rows = connection.execute(sa.select(schema.delivery).order_by(schema.delivery.c.number)).all()
    for place, row in enumerate(rows, start=1):
        if row.number != place:
            yield f"delivery {place}: is missing; found {row.number} in its place"
            return
        yield from _delivery(connection, register, row)


def _delivery(connection: sa.Connection, register: Register, row: Any) -> Iterator[str]:
    condition = {"number": row.number}
    try:
        records = recorded(connection, register.catalogue, "record.delivery = %(number)s", condition)
    except PolarsError as error:
        yield f"record of delivery {row.number}: attributes cannot be read ({str(error).splitlines()[0]})"
        return
    faults = faults_of(connection, row.number)
    told = enrolled(connection, "delivery = %(number)s", condition)
    yield from _records(records, register, row.number)
    refused = commitments.lines(faults, commitments.REFUSAL)
    yield from _changed(f"refusal delivery {row.number}", "fault", faults, refused)
    yield from _changed("subject", "id", told, commitments.lines(told, commitments.SUBJECT))
    for name, found in (("accepted", records.height), ("refused", faults["row"].n_unique())):
        if found != getattr(row, name):
            yield f"delivery {row.number}: {name} {getattr(row, name)} rows, but {found} are there"
    for name, frame in (("records", records), ("subjects", told), ("refusals", faults)):
        if commitments.root_of(frame) != getattr(row, f"{name}_root"):
            yield f"delivery {row.number}: its {name} are not those of then"


def _records(records: pl.DataFrame, register: Register, delivery: int) -> Iterator[str]:
    """Name the records whose content no longer gives what was committed to, or that hold attributes unknown to it."""
    present = pl.sum_horizontal(pl.col(name).is_not_null() for name in register.catalogue.attributes)
    again = with_digest(records.rename({"digest": "kept"}), register.catalogue)
    odd = again.filter((pl.col("digest") != pl.col("kept")) | (pl.col("keys") != present))["row"].to_list()
    contents = [bytes.fromhex(digest) for digest in again["digest"]]
    yield from _changed(f"record delivery {delivery}", "row", again, contents, also=odd)


def _changed(
    table: str, key: str, frame: pl.DataFrame, contents: list[bytes], also: Sequence[int] = ()
) -> Iterator[str]:
    """Name the rows whose content is not what their commitment was made of."""
    salts = b"".join(bytes.fromhex(salt[2:]) for salt in frame["salt"])
    again = pl.Series([f"\\x{one.hex()}" for one in proof.commitments(salts, contents)], dtype=pl.String)
    rows = sorted({*frame.filter(again != frame["commitment"])[key].to_list(), *also})
    yield from (f"{table} {key} {row}: is not what was accepted" for row in rows[:_NAMED])
    if len(rows) > _NAMED:
        yield f"{table}: {len(rows) - _NAMED} more rows are not what was accepted"


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


def _runs(connection: sa.Connection) -> Iterator[str]:
    for row in connection.execute(sa.select(schema.run).order_by(schema.run.c.number)).all():
        if commitments.standings_digest(connection, row.number) != row.standings_digest:
            yield f"run {row.number}: its standings are not those that were made"
