"""What happens in a register, as events: each commits to one row of a table, and becomes a leaf of the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from goodstanding.proof.commitments import canonical, commitment, salt
from goodstanding.register.store import schema

KINDS = (
    "world",
    "source",
    "delivery",
    "policy",
    "run",
    "access",
    "erasure",
    "log_key",
    "map",
    "envelope",
    "resealing",
    "document",
    "document_erasure",
    "source_key",
    "source_key_end",
    "delivery_note",
    "contract",
    "held",
    "held_decision",
    "model",
    "model_source",
    "search",
    "unlinked",
    "candidate",
    "link_decision",
    "not_about",
    "claim",
    "effect",
    "outbox",
    "sent",
    "increment",
    "access_erasure",
    "receiver",
    "receiver_end",
    "told",
    "attempt",
    "answer",
    "same",
    "apart",
    "different",
    "different_end",
    "alarm_end",
    "increment_merge",
    "sampled",
    "reading",
    "quality",
    "pause",
    "second",
    "second_reading",
    "second_end",
)
"""The tables whose rows are events, each named by its primary key."""
PAST = ("cosignature",)
"""What was an event in an earlier release: its leaves stay in the log."""


class Told(NamedTuple):
    """What an event says of its row: see `commitment`."""

    number: int
    key: str
    salt: bytes
    commitment: bytes


def key_of(kind: str, row: Mapping[str, Any]) -> str:
    """Return how an event names a row of its kind: the primary key, its parts apart by a slash."""
    return "/".join(str(row[column.name]) for column in schema.metadata.tables[kind].primary_key)


def add(connection: sa.Connection, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add rows to a table, an event for each, in one transaction; return the rows as the database keeps them."""
    if not rows:
        return []
    query = sa.insert(schema.metadata.tables[kind]).returning(*schema.metadata.tables[kind].columns)
    kept = [dict(row) for row in connection.execute(query, list(rows)).mappings()]
    happened(connection, kind, kept)
    return kept


def happened(connection: sa.Connection, kind: str, kept: Sequence[Mapping[str, Any]]) -> None:
    """Add an event for each row that the database already keeps, as it keeps it."""
    if not kept:
        return
    salts = [salt() for _ in kept]
    said = [commitment(own, content(kind, row)) for own, row in zip(salts, kept, strict=True)]
    columns = {"kind": kind, "keys": [key_of(kind, row) for row in kept], "salts": salts, "said": said}
    connection.execute(_HAPPENED, columns)


_HAPPENED = sa.text("""
    INSERT INTO event (kind, key, salt, commitment)
    SELECT :kind, key, salt, commitment FROM unnest(CAST(:keys AS text[]), CAST(:salts AS bytea[]),
        CAST(:said AS bytea[])) WITH ORDINALITY AS happened (key, salt, commitment, place) ORDER BY place""")
"""All at once: a statement for each event would take three times as long."""


def content(kind: str, row: Mapping[str, Any]) -> bytes:
    """Return what an event commits to: its kind and the row as the database keeps it."""
    return canonical({"event": kind, "row": dict(row)})


def rows_of(connection: sa.Connection, kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a kind as the database keeps them, in order of their key."""
    table = schema.metadata.tables[kind]
    query = sa.select(table).order_by(*table.primary_key).execution_options(yield_per=10_000)
    for row in connection.execute(query).mappings():
        yield dict(row)


def told(connection: sa.Connection, kind: str) -> Iterator[tuple[Mapping[str, Any] | None, Told | None]]:
    """Yield the rows of a kind and the events that tell of them, side by side; what has no counterpart, with None.

    Memory does not grow with how many there are.
    """
    table, event = schema.metadata.tables[kind], schema.event.c
    own = sa.select(event.number, event.key, event.salt, event.commitment).where(event.kind == kind).subquery("own")
    same = own.c.key == sa.func.concat_ws("/", *table.primary_key)
    sides = sa.join(table, own, same, full=True)
    rows, there = sa.select(*table.columns), len(table.columns)
    first = next(place for place, column in enumerate(table.columns) if column.primary_key)
    query = rows.add_columns(*own.c).select_from(sides).execution_options(yield_per=10_000)
    names = [column.name for column in table.columns]
    for row in connection.execute(query):
        kept = dict(zip(names, row, strict=False)) if row[first] is not None else None
        yield kept, None if row[there] is None else Told(*row[there:])


def row_of(connection: sa.Connection, kind: str, key: str) -> dict[str, Any]:
    """Return one row of a kind as the database keeps it, by the key of its event."""
    table = schema.metadata.tables[kind]
    columns = table.primary_key.columns
    parts = zip(columns, key.split("/", len(columns) - 1), strict=True)
    query = sa.select(table).where(*(column == column.type.python_type(part) for column, part in parts))
    return dict(connection.execute(query).mappings().one())
