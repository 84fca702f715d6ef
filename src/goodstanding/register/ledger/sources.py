"""The sources of a register: fixed at its founding, with what each may deliver."""

from __future__ import annotations

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.facts.sources import Source
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register


def sources(register: Register) -> dict[str, Source]:
    """Return the sources by id, in order of id."""
    with register.engine.connect() as connection:
        return kept_sources(connection)


def kept_sources(connection: sa.Connection) -> dict[str, Source]:
    """Return the sources by id, in order of id."""
    rows = connection.execute(sa.select(schema.source.c.id, schema.source.c.definition).order_by("id"))
    return {row.id: Source.model_validate(row.definition) for row in rows}


def source_of(register: Register, source: str) -> Source:
    """Return one source. Raises InputError where the register has no such source."""
    known = sources(register)
    if source not in known:
        raise InputError(f"source {source}: this register has no such source; expected one of {', '.join(known)}")
    return known[source]
