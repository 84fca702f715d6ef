"""`goodstanding register lookup`: who in the register may have a name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, read


@click.command()
@click.argument("name")
@DSN
@FOLDER
@click.option("--place", default="", help="Where it is: speaks for and against those found by name.")
@click.option("--date", type=DAY, help="The day it began, likewise.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Show no more than these.")
def lookup(name: str, dsn: str | None, folder: Path, place: str, date: dt.date | None, limit: int) -> None:
    """Look up organisations by NAME, with slips and in any script, or by number; persons are never found.

    \b
    Example:
      goodstanding register lookup "Sunrise Bakary"
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.subjects import search

    hits = search(read(dsn, folder), name, limit, place, date.isoformat() if date else "")
    if not hits:
        click.echo("no organisation that may be shown is likely to have this name", err=True)
        return
    show(
        ("score", "number", "identifier", "name", "seat", "reasons"),
        [
            (f"{hit.score:.2f}", one.number, one.identifier, one.name, one.seat or "", _reasons(hit.reasons))
            for hit in hits
            for one in [hit.subject]
        ],
    )


def _reasons(reasons: tuple[tuple[str, str, str], ...]) -> str:
    return "; ".join(f"{code} {asked} / {found}".rstrip(" /") for code, asked, found in reasons) or "number"


COMMANDS = [lookup]
