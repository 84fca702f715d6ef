"""Options that several commands share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import sqlalchemy as sa

    from goodstanding.register.store.database import Register


class Day(click.ParamType[dt.date]):
    """A calendar day, as 2026-03-31."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Read ISO 8601; the year, month and day must exist."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"found {value!r}, expected a day as 2026-03-31", param, ctx)


DAY = Day()
DSN = click.option("--dsn", envvar="GOODSTANDING_DSN", help="A PostgreSQL server; without it, the embedded one.")
FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".goodstanding/register"),
    envvar="GOODSTANDING_FOLDER",
    show_default=True,
    help="Where the embedded PostgreSQL keeps its data.",
)

CONFIGURATION = click.option(
    "--configuration",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="GOODSTANDING_CONFIGURATION",
    help="A TOML file with what is not said here; docs/how-to/run-a-register.md lists it.",
)


def database(dsn: str | None, folder: Path) -> str:
    """Return the DSN to use; starts the embedded server in `folder` where none is given.

    Raises InputError where it does not start, or nothing was ever founded there.
    """
    from goodstanding.facts.errors import InputError
    from goodstanding.register.store import embedded

    if not dsn and not embedded.founded(folder):
        raise InputError(
            f"{folder.resolve()}: no register is there; make one with goodstanding register init --sources FILE "
            f"--folder {folder}, bring one back with goodstanding register restore, or say with --folder or --dsn "
            "where it is"
        )
    return _started(dsn, folder)


def founding(dsn: str | None, folder: Path) -> str:
    """Return the DSN to found or migrate a register with, of a new embedded server where none is given and none is.

    On the embedded server the service's role is made first. Raises InputError where the server does not start, or
    could lose what it acknowledges.
    """
    from goodstanding.register.store import embedded, roles
    from goodstanding.register.store.database import engine_of

    address = _started(dsn, folder)
    if not dsn:
        roles.provide(embedded.superuser_dsn(folder), "goodstanding")
    engine = engine_of(address)
    _durable(engine)
    engine.dispose()
    return address


def _started(dsn: str | None, folder: Path) -> str:
    from goodstanding.register.store import embedded

    return dsn or embedded.start(folder)


def _durable(engine: sa.Engine) -> None:
    from goodstanding.register.store.durability import check_durable

    for warning in check_durable(engine):
        click.echo(f"warning: {warning}", err=True)


def read(dsn: str | None, folder: Path) -> Register:
    """Open the register only to read it: that may be done on any server, and as it is after a loss."""
    from goodstanding.register.store.database import open_register

    return open_register(database(dsn, folder))


def serviced(dsn: str | None, folder: Path) -> Register:
    """Open the register to serve it or to write to it.

    Raises InputError where its server could lose what it acknowledges or, where the configuration is strict, its login
    could change the ledger; what is only unwise is told on standard error.
    """
    from goodstanding.cli.configuration import Configuration
    from goodstanding.register.store.roles import check_strict

    register = read(dsn, folder)
    _durable(register.engine)
    found = click.get_current_context().find_object(Configuration)
    if found and found.strict:
        with register.engine.connect() as connection:
            check_strict(connection)
    return register
