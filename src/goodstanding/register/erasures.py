"""The list of erasures, kept outside the database: what an old backup brings back is erased again by it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register import schema
from goodstanding.register.database import Register, turn
from goodstanding.register.expiry import erase
from goodstanding.register.repeats import pads

_ORIGIN = "origin"


@dataclass(frozen=True)
class Again:
    """What erasing again did: records emptied now, and entries of the list with nothing left to erase here."""

    records: int
    nothing: int


def listed(register: Register) -> str:
    """Return all erasures so far as JSON lines: the register's origin first, then one line for each.

    No line says what was erased: records are named by a keyed hash of their document (`repeats`, hex).
    """
    erasure = schema.erasure.c
    with register.engine.connect() as connection:
        origin = connection.execute(sa.select(schema.world.c.origin)).scalar_one()
        query = sa.select(erasure.repeats, erasure.clause, erasure.on).distinct().order_by(erasure.on, erasure.repeats)
        rows = connection.execute(query).all()
    lines: list[dict[str, str]] = [{_ORIGIN: origin}]
    lines += [{"repeats": row.repeats.hex(), "clause": row.clause, "on": row.on.isoformat()} for row in rows]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def again(register: Register, path: Path) -> Again:
    """Erase what a list names and this register still holds, under the clause and from the day of then.

    Raises InputError where the list cannot be read, is none, or is another register's.
    """
    entries = _read(register, path)
    with turn(register.engine) as connection:
        salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
        wanted = {bytes.fromhex(one["repeats"]): one for one in entries}
        rows = connection.execute(_NAMED, pads(salt) | {"wanted": list(wanted)}).all()
        told = [wanted[row.known] for row in rows]
        gone = erase(
            connection,
            [(row, one["clause"], dt.date.fromisoformat(one["on"])) for row, one in zip(rows, told, strict=True)],
        )
    return Again(len(gone), len(wanted) - len({row.known for row in rows}))


_NAMED = sa.text("""
    WITH held AS (
        SELECT delivery, row, source, document,
            sha256(:outer || sha256(:inner || convert_to(source || chr(31) || document, 'UTF8'))) AS known
        FROM record WHERE document IS NOT NULL)
    SELECT * FROM held WHERE known = ANY (CAST(:wanted AS bytea[])) ORDER BY delivery, row""")


def _read(register: Register, path: Path) -> Sequence[dict[str, Any]]:
    with register.engine.connect() as connection:
        origin = connection.execute(sa.select(schema.world.c.origin)).scalar_one()
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found = lines[0][_ORIGIN]
        for line in lines[1:]:
            bytes.fromhex(line["repeats"])
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
