"""One row that a person lets into the ledger, or takes out of it: a delivery of its own, with the decision in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.facts.records import WITHDRAWN
from goodstanding.register.deliveries.delivering import Delivered, Release, deliver
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

Keep = Callable[[sa.Connection, Mapping[str, Any]], None]


def enter(
    register: Register,
    source: str,
    cells: Mapping[str, str | None],
    keep: Keep,
    *,
    file: str,
    what: str,
    settled: bool = False,
) -> Delivered:
    """Apply a row of text cells as a delivery of a source under the name `file`, known from today.

    what: what is decided, for errors. keep: writes the decision in the same transaction, given the row of `delivery`.
    settled: whose the row is was decided, against what was said before. Raises InputError, and leaves all as it was,
    where the row cannot be taken in.
    """

    def keep_taken(connection: sa.Connection, kept: Mapping[str, Any]) -> None:
        _check_taken(connection, what, kept)
        keep(connection, kept)

    table = pl.DataFrame([cells], schema=dict.fromkeys(cells, pl.String))
    released = Release(hashlib.sha256(file.encode()).hexdigest(), keep_taken, settled=settled)
    return deliver(register, source, Path(file), register.today, table, file=file, release=released)


def bare(identifier: str, document: str, version: int) -> dict[str, str | None]:
    """Return the row that withdraws a document, as its version of a number."""
    empty = dict.fromkeys(("kind", "act", "authority", "basis"))
    return empty | {"subject": identifier, "document": document, "version": str(version), "state": WITHDRAWN}


def _check_taken(connection: sa.Connection, what: str, kept: Mapping[str, Any]) -> None:
    if kept["accepted"] == 1:
        return
    fault = schema.refusal.c
    query = sa.select(fault.field, fault.expected).where(fault.delivery == kept["number"]).limit(1)
    told = connection.execute(query).one_or_none()
    why = f"{told.field}: expected {told.expected}" if told else "the document is there already"
    raise InputError(f"{what}: its record cannot be taken in: {why}")
