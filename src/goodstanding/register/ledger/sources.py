"""The sources of a register: fixed at its founding, with what each may deliver; and the contracts in force."""

from __future__ import annotations

import sqlalchemy as sa

from goodstanding.facts.contracts import Contract
from goodstanding.facts.errors import InputError
from goodstanding.facts.sources import Source
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn


def sources(register: Register) -> dict[str, Source]:
    """Return the sources by id, in order of id."""
    with register.engine.connect() as connection:
        return kept_sources(connection)


def kept_sources(connection: sa.Connection) -> dict[str, Source]:
    """Return the sources by id, in order of id."""
    source, contract = schema.source.c, schema.contract.c
    latest = sa.select(sa.func.max(contract.number)).group_by(contract.source)
    in_force = sa.and_(contract.source == source.id, contract.number.in_(latest.correlate(None)))
    query = sa.select(source.id, source.definition, contract.terms)
    query = query.join_from(schema.source, schema.contract, in_force, isouter=True)
    rows = connection.execute(query.order_by(source.id))
    return {row.id: Source.model_validate(row.definition | {"contract": row.terms}) for row in rows}


def keep_contract(connection: sa.Connection, source: str, contract: Contract) -> None:
    """Let a contract be in force for the deliveries of a source that come from now on, in the open transaction."""
    terms = contract.model_dump(mode="json", exclude_defaults=True)
    events.add(connection, "contract", [{"source": source, "terms": terms}])


def change_contract(register: Register, source: str, contract: Contract) -> None:
    """Put another contract in force; the same once more is nothing. Raises InputError where there is no such source."""
    if source_of(register, source).contract != contract:
        with turn(register.engine) as connection:
            keep_contract(connection, source, contract)


def source_of(register: Register, source: str) -> Source:
    """Return one source. Raises InputError where the register has no such source."""
    known = sources(register)
    if source not in known:
        raise InputError(f"source {source}: this register has no such source; expected one of {', '.join(known)}")
    return known[source]
