"""An open register: its database, its world and its catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.string import StrDumperUnknown
from sqlalchemy.exc import DBAPIError

from goodstanding.facts.catalogue import Catalogue, catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import Manifest, World
from goodstanding.register.store import schema
from goodstanding.register.store.roles import SERVICE, check_provided

_TURN = 0x600D57A2D1
"""The key of the advisory lock that the ledger's writers take."""
_SECONDS_TO_CONNECT = 10


class _Session(psycopg.Connection[Any]):
    """A session that ends with its last user, since a pool forgets its sessions when nobody has the pool any more."""

    def __del__(self, *_: object) -> None:
        self.close()


class _Text(StrDumperUnknown):
    """Text as PostgreSQL can hold it: what is asked for or logged may have bytes in it that no UTF-8 text has."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}"))


@dataclass(frozen=True)
class Register:
    """A register with this release's schema and catalogue; `manifest` is None in the real world."""

    engine: sa.Engine
    world: World
    manifest: Manifest | None
    catalogue: Catalogue

    @property
    def today(self) -> dt.date:
        """The present day: in a synthetic world the last one that is simulated, in the real one the day in UTC."""
        return self.manifest.until if self.manifest else dt.datetime.now(dt.UTC).date()


def open_register(dsn: str) -> Register:
    """Open the register at a libpq address (URI or key=value).

    Raises InputError where the server does not answer, the database holds no register, or one of another release.
    """
    owner = engine_of(dsn)
    with owner.connect() as connection:
        check_revision(connection, dsn)
        check_provided(connection)
    owner.dispose()
    engine = engine_of(dsn, SERVICE)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(schema.world)).all()
    if len(rows) != 1:
        raise InputError(f"{place(dsn)}: found {len(rows)} rows of table world, expected one; {_DAMAGED}")
    (row,) = rows
    world, manifest = _world(row, dsn)
    if row.catalogue != catalogue(world).digest:
        raise InputError(
            f"{place(dsn)}: this register was made with another catalogue of kinds; "
            "open it with the release that made it"
        )
    return Register(engine, world, manifest, catalogue(world))


_DAMAGED = "it was changed behind the register's back: keep the disk as evidence, and restore a backup"


def _world(row: Any, dsn: str) -> tuple[World, Manifest | None]:
    """Read what a register was founded as. Raises InputError where that cannot be."""
    try:
        world, manifest = World(row.world), Manifest.model_validate(row.manifest) if row.manifest is not None else None
    except ValueError as error:
        said = str(error).splitlines()[0]
        raise InputError(f"{place(dsn)}: table world: {said}; {_DAMAGED}") from None
    if (world is World.SYNTHETIC) != (manifest is not None and manifest.world is World.SYNTHETIC):
        raise InputError(f"{place(dsn)}: table world: a {world} world has another manifest; {_DAMAGED}")
    return world, manifest


def engine_of(dsn: str, role: str | None = None) -> sa.Engine:
    """Return an engine that answers, its sessions in UTC and in a role, where one is given.

    Raises InputError where no PostgreSQL 15 or newer answers.
    """

    def connect() -> _Session:
        session = _Session.connect(dsn, connect_timeout=_SECONDS_TO_CONNECT)
        session.execute("SET TIME ZONE 'UTC'")
        if role:
            session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        session.commit()
        session.adapters.register_dumper(str, _Text)
        return session

    engine = sa.create_engine("postgresql+psycopg://", creator=connect, pool_pre_ping=True)
    try:
        with engine.connect():
            version = engine.dialect.server_version_info or (0,)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise InputError(f"{place(dsn)}: no database answers ({reason}); start it, or give another --dsn") from None
    if version < (15,):
        raise InputError(f"{place(dsn)}: found PostgreSQL {version[0]}, expected 15 or newer")
    return engine


def place(dsn: str) -> str:
    """Name the database of an address without its user and password."""
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.Error:
        return "the address of the database"
    return f"database {parts.get('dbname', 'of this user')} at {parts.get('host', 'localhost')}"


@contextmanager
def turn(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Wait for the turn to write to the ledger, and hold it for one transaction, whole or not at all."""
    with engine.connect() as connection, turn_of(connection):
        yield connection


@contextmanager
def turn_of(connection: sa.Connection, key: int = _TURN) -> Iterator[None]:
    """Wait for the turn, and hold it for one transaction of a session that is in none.

    key: of the advisory lock; the ledger's writers take the one that stands where none is given.
    The turn is taken before the transaction begins, so that `known_on`, its time, never runs against the order of the
    ledger. The server takes it back when the session ends, whatever ended it.
    """
    connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
    connection.commit()
    try:
        with connection.begin():
            yield
    finally:
        if not connection.invalidated:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
            connection.commit()


def revision(connection: sa.Connection) -> str | None:
    """Return the revision of the tables, or None where there are none."""
    if connection.execute(sa.select(sa.func.to_regclass(schema.REVISION_TABLE))).scalar_one() is None:
        return None
    found = connection.execute(sa.text(f"SELECT version_num FROM {schema.REVISION_TABLE}"))  # noqa: S608
    return found.scalar_one_or_none()


def check_revision(connection: sa.Connection, dsn: str) -> None:
    """Raise InputError where the database holds no register, or one with tables of another release."""
    found = revision(connection)
    if found is None:
        raise InputError(f"{place(dsn)}: holds no register; make one with goodstanding register init --sources FILE")
    if found < schema.REVISION:
        raise InputError(
            f"{place(dsn)}: its tables are of an older release; "
            "run goodstanding register init with the same world and sources to bring them up to date"
        )
    if found > schema.REVISION:
        raise InputError(f"{place(dsn)}: its tables are of a newer release; update goodstanding")
