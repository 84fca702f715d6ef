"""The list of erasures, kept outside the database: by it, what an old backup brings back is erased again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.keeping.envelope import shred
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.ledger.repeats import in_sql, pads
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn

_ORIGIN = "origin"


@dataclass(frozen=True)
class Again:
    """What erasing again did: records and documents erased now; entries of the list with nothing left to erase here."""

    records: int
    documents: int
    nothing: int


def listed(register: Register) -> str:
    """Return all erasures so far as JSON lines: the register's origin first, then one line for each.

    No line says what was erased: records are named by a keyed hash of their document (`repeats`, hex), documents of
    envelopes by their commitment.
    """
    erasure, shredded = schema.erasure.c, schema.document_erasure.c
    with register.engine.connect() as connection:
        origin = connection.execute(sa.select(schema.world.c.origin)).scalar_one()
        query = sa.select(erasure.repeats, erasure.clause, erasure.on).distinct().order_by(erasure.on, erasure.repeats)
        rows = connection.execute(query).all()
        files = sa.select(schema.document.c.commitment, shredded.clause, shredded.on).join(schema.document_erasure)
        files = files.order_by(shredded.on, shredded.document)
        documents = connection.execute(files).all()
    lines: list[dict[str, str]] = [{_ORIGIN: origin}]
    lines += [{"repeats": row.repeats.hex(), "clause": row.clause, "on": row.on.isoformat()} for row in rows]
    lines += [{"document": row[0].hex(), "clause": row.clause, "on": row.on.isoformat()} for row in documents]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def again(register: Register, path: Path) -> Again:
    """Erase what a list names and this register still holds, under the clause and from the day of then.

    Raises InputError where the list cannot be read, is none, or is another register's.
    """
    entries = _read(register, path)
    with turn(register.engine) as connection:
        salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
        wanted = {bytes.fromhex(one["repeats"]): one for one in entries if "repeats" in one}
        rows = connection.exec_driver_sql(_NAMED, pads(salt) | {"wanted": list(wanted)}).all()
        told = [wanted[row.known] for row in rows]
        gone = erase(
            connection,
            [(row, one["clause"], dt.date.fromisoformat(one["on"])) for row, one in zip(rows, told, strict=True)],
        )
        shredded = sum(_shredded(connection, one) for one in entries if "document" in one)
    idle = len(entries) - len({row.known for row in rows}) - shredded
    return Again(len(gone), shredded, idle)


def _shredded(connection: sa.Connection, one: dict[str, Any]) -> bool:
    same = schema.document.c.commitment == bytes.fromhex(one["document"])
    number = connection.execute(sa.select(schema.document.c.number).where(same)).scalar_one_or_none()
    return number is not None and shred(connection, number, one["clause"], dt.date.fromisoformat(one["on"]))


_NAMED = f"""
    WITH held AS (
        SELECT delivery, row, source, document, {in_sql("source", "document")} AS known
        FROM record WHERE document IS NOT NULL)
    SELECT * FROM held WHERE known = ANY (%(wanted)s::bytea[]) ORDER BY delivery, row"""  # noqa: S608


def _read(register: Register, path: Path) -> Sequence[dict[str, Any]]:
    with register.engine.connect() as connection:
        origin = connection.execute(sa.select(schema.world.c.origin)).scalar_one()
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found = lines[0][_ORIGIN]
        for line in lines[1:]:
            bytes.fromhex(line["document"] if "document" in line else line["repeats"])
            dt.date.fromisoformat(line["on"])
            str(line["clause"])
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); expected a list of erasures") from None
    except (ValueError, KeyError, IndexError, TypeError):
        raise InputError(
            f"{path}: is no list of erasures; expected what goodstanding register erasures writes"
        ) from None
    if found != origin:
        raise InputError(f"{path}: these are erasures of the register {found}; expected those of {origin}")
    return lines[1:]
