"""What a person decides about a held delivery: released, it is applied as if it had just come; rejected, it ends."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries import holding
from goodstanding.register.deliveries.delivering import Delivered, Release, content_of, deliver
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn


def release(register: Register, number: int, by: str, reason: str) -> Delivered:
    """Apply a held delivery with its day of receipt and its note, whose age was judged when it came.

    Released before, it says what became of it then. Raises InputError where there is no such one, it was rejected, a
    name or a reason is missing, or what is stored is not what came.
    """
    row = _decidable(register, number, by, reason)
    with tempfile.TemporaryDirectory(prefix="released-") as folder:
        path = Path(folder) / f"delivery{row['suffix']}"
        if row["decision"] is None:
            with register.engine.connect() as connection, path.open("wb") as file:
                file.writelines(holding.content(connection, number))
            if content_of(path) != row["content"]:
                raise InputError(f"held {number}: what is stored is not what came; restore it")
        said = {"held": number, "decision": "released", "by": by.strip(), "reason": reason.strip()}

        def keep(connection: sa.Connection, kept: Mapping[str, Any]) -> None:
            holding.decide(connection, said | {"on": register.today, "delivery": kept["number"]})

        released = Release(row["content"], keep)
        return deliver(
            register, row["source"], path, row["received"], note=row["note"], file=row["file"], release=released
        )


def reject(register: Register, number: int, by: str, reason: str) -> holding.Held:
    """End a held delivery; sent again, it is refused with the reason.

    Raises InputError where there is no such one, it was decided otherwise, or a name or a reason is missing.
    """
    _decidable(register, number, by, reason)
    with turn(register.engine) as connection:
        row = _row(connection, number)
        if row["decision"] == "released":
            raise InputError(f"held {number}: was released on {row['on']}, as delivery {row['delivery']}")
        if row["decision"] is None:
            decision = {"decision": "rejected", "by": by.strip(), "reason": reason.strip(), "delivery": None}
            holding.decide(connection, decision | {"held": number, "on": register.today})
        return holding.Held.of(_row(connection, number))


def _decidable(register: Register, number: int, by: str, reason: str) -> dict[str, Any]:
    for name, text in (("by", by), ("reason", reason)):
        if not text.strip():
            raise InputError(f"{name}: found nothing, expected who decides and why")
    with register.engine.connect() as connection:
        return _row(connection, number)


def _row(connection: sa.Connection, number: int) -> dict[str, Any]:
    row = connection.execute(holding.QUERY.where(schema.held.c.number == number)).mappings().one_or_none()
    if row is None:
        raise InputError(f"held {number}: there is none; goodstanding register held lists them")
    return dict(row)
