"""Options that several commands share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
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
    """Return the DSN to use; starts the embedded server in `folder` where none is given."""
    if dsn:
        return dsn
    from goodstanding.facts.errors import InputError
    from goodstanding.register.store import embedded

    try:
        return embedded.start(folder)
    except embedded.EmbeddedError as error:
        raise InputError(str(error)) from None


def founding(dsn: str | None, folder: Path) -> str:
    """Return the DSN to found or migrate a register with; on the embedded server the service's role is made first."""
    address = database(dsn, folder)
    if not dsn:
        from goodstanding.register.store import embedded, roles

        roles.provide(embedded.superuser_dsn(folder), "goodstanding")
    return address


def serviced(dsn: str | None, folder: Path) -> Register:
    """Open the register to serve it or to write to it.

    Raises InputError where its server could lose what it acknowledges or, where the configuration is strict, its login
    could change the ledger; what is only unwise is told on standard error.
    """
    from goodstanding.cli.configuration import Configuration
    from goodstanding.register.store.database import open_register
    from goodstanding.register.store.durability import check_durable
    from goodstanding.register.store.roles import check_strict

    register = open_register(database(dsn, folder))
    for warning in check_durable(register):
        click.echo(f"warning: {warning}", err=True)
    found = click.get_current_context().find_object(Configuration)
    if found and found.strict:
        with register.engine.connect() as connection:
            check_strict(connection)
    return register
