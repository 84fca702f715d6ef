"""Founding a register: its tables, its world, its sources and, where the world is synthetic, everybody in it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import fault_in, subject_of
from goodstanding.facts.sources import Source
from goodstanding.facts.world import Manifest, World
from goodstanding.register.ledger.sources import keep_contract, kept_sources
from goodstanding.register.ledger.subjects import committed, enrol, enrolled, numbered
from goodstanding.register.log import events
from goodstanding.register.log.commitments import root_of
from goodstanding.register.store import schema
from goodstanding.register.store.database import (
    Register,
    check_revision,
    engine_of,
    open_register,
    place,
    revision,
    turn,
)
from goodstanding.register.store.roles import check_provided

_TAKEN = ("identifier", "is_a", "name", "latin", "born")


def found(
    dsn: str,
    world: World,
    sources: Mapping[str, Source],
    manifest: Manifest | None = None,
    population: pl.DataFrame | None = None,
) -> Register:
    """Make a register of a world, for ever, in the database at a libpq address, and return it open.

    A synthetic world needs its manifest and the population made from it (columns subject, is_a, name, latin, born);
    nobody is added to it later. A register that is there already gets this release's tables and is left as it is, with
    the contracts that are in force.
    Raises InputError where that one is of another world, catalogue, manifest, population or of other sources, where
    what is given does not fit together, where the login may not work as the service's role, or no PostgreSQL answers.
    """
    people = _people(world, manifest, population)
    terms = {
        "world": world.value,
        "manifest": manifest.model_dump(mode="json") if manifest else None,
        "catalogue": catalogue(world).digest,
    }
    engine = engine_of(dsn)
    with turn(engine) as connection:
        _migrate(connection, dsn)
        if connection.execute(sa.select(schema.world.c.id)).one_or_none() is None:
            _write(connection, terms, sources, people)
        else:
            _compare(connection, dsn, terms, sources, people)
    engine.dispose()
    return open_register(dsn)


def _people(world: World, manifest: Manifest | None, population: pl.DataFrame | None) -> pl.DataFrame:
    if world is World.REAL:
        if manifest is not None or population is not None:
            raise InputError("a register of the real world takes no manifest and no population: give neither")
        return pl.DataFrame(schema=dict.fromkeys(_TAKEN, pl.String) | {"born": pl.Date})
    if manifest is None or population is None:
        raise InputError("a register of a synthetic world needs its manifest and the population made from it")
    people = population.rename({"subject": "identifier"}).select(_TAKEN)
    people = people.with_columns(pl.col("name", "latin").fill_null(""))
    for identifier, is_a in people.select("identifier", "is_a").iter_rows():
        fault = fault_in(identifier, world)
        if fault is not None or subject_of(identifier) != is_a:
            raise InputError(f"population: a number of {is_a}: expected {fault or 'a number of such a subject'}")
    if people["identifier"].is_duplicated().any():
        raise InputError("population: a number stands there twice; expected every subject once")
    return people


def _migrate(connection: sa.Connection, dsn: str) -> None:
    if (revision(connection) or "") > schema.REVISION:
        check_revision(connection, dsn)
    check_provided(connection)
    config = Config()
    config.set_main_option("script_location", "goodstanding.register.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _write(
    connection: sa.Connection, terms: Mapping[str, Any], sources: Mapping[str, Source], people: pl.DataFrame
) -> None:
    salt = terms["manifest"]["population"] if terms["manifest"] else secrets.token_hex(16)
    origin = f"goodstanding-{secrets.token_hex(8)}"
    told = committed(numbered(people.with_columns(seat=pl.lit(None, pl.String)), 1, salt))
    events.add(connection, "world", [dict(terms) | {"salt": salt, "origin": origin, "subjects_root": root_of(told)}])
    definitions = {name: source.model_dump(mode="json", exclude={"contract"}) for name, source in sources.items()}
    events.add(connection, "source", [{"id": name, "definition": said} for name, said in definitions.items()])
    for name, source in sources.items():
        if source.contract is not None:
            keep_contract(connection, name, source.contract)
    enrol(connection, told, None)


def _compare(
    connection: sa.Connection,
    dsn: str,
    terms: Mapping[str, Any],
    sources: Mapping[str, Source],
    people: pl.DataFrame,
) -> None:
    row = connection.execute(sa.select(schema.world)).one()
    same = {name: getattr(row, name) == term for name, term in terms.items()}
    same["sources"] = _without_contracts(kept_sources(connection)) == _without_contracts(sources)
    same["population"] = enrolled(connection, "delivery IS NULL").select(_TAKEN).equals(people)
    different = [name for name, equal in same.items() if not equal]
    if different:
        raise InputError(
            f"{place(dsn)}: there is a register already, with another {different[0]}; "
            "these are fixed at the founding: give the same, or another database"
        )


def _without_contracts(sources: Mapping[str, Source]) -> dict[str, Source]:
    """What of the sources is fixed: their contracts in force may have been changed since."""
    return {name: source.model_copy(update={"contract": None}) for name, source in sources.items()}
