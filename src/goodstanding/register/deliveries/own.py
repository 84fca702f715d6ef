"""What a source may read: its own deliveries, refused rows and what is held, under a role that sees nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from goodstanding.register.deliveries.delivering import DeliveryRow, Refusal
from goodstanding.register.deliveries.holding import Held
from goodstanding.register.store.database import Register


@contextmanager
def session_of(register: Register, source: str) -> Iterator[sa.Connection]:
    """Open a session in which only what a source delivered can be read, and nothing written."""
    with register.engine.connect() as connection, connection.begin():
        connection.execute(sa.select(sa.func.set_config("goodstanding.source", source, True)))
        connection.execute(sa.text("SET LOCAL ROLE goodstanding_source"))
        yield connection


def own_deliveries(register: Register, source: str) -> list[DeliveryRow]:
    """Return the deliveries of a source, the latest first."""
    columns = ", ".join(DeliveryRow.__dataclass_fields__)
    with session_of(register, source) as connection:
        rows = connection.execute(sa.text(f"SELECT {columns} FROM own_delivery ORDER BY number DESC"))  # noqa: S608
        return [DeliveryRow(*row) for row in rows]


def own_held(register: Register, source: str) -> list[Held]:
    """Return the deliveries of a source that were held back, in the order in which they came."""
    with session_of(register, source) as connection:
        rows = connection.execute(sa.text("SELECT * FROM own_held ORDER BY number")).mappings()
        return [Held.of(row) for row in rows]


def own_refusals(register: Register, source: str, delivery: int, most: int = 10_000) -> list[Refusal]:
    """Return what was refused of a delivery of a source, in order; nothing where it is another's."""
    query = """
        SELECT delivery, row, field, found, expected FROM own_refusal
        WHERE delivery = :delivery ORDER BY fault LIMIT :most"""
    with session_of(register, source) as connection:
        return [Refusal(*row) for row in connection.execute(sa.text(query), {"delivery": delivery, "most": most})]
