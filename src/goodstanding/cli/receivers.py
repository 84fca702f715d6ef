"""Commands of `goodstanding register receiver`: who is given records or standings, and is told when these change."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, read, serviced


@click.group(name="receiver")
def group() -> None:
    """Who is given records or standings: told of every correction, withdrawal and erasure, and asked for an answer."""


@group.command()
@click.argument("name")
@click.argument("address")
@click.option("--policy", help="It is given the standings of this policy.")
@click.option("--kind", "kinds", multiple=True, help="It is given the records of this kind; may be repeated.")
@click.option("--since", type=DAY, help="Since when; the present day (UTC) where it is not given.")
@DSN
@FOLDER
def add(
    name: str,
    address: str,
    policy: str | None,
    kinds: tuple[str, ...],
    since: dt.date | None,
    dsn: str | None,
    folder: Path,
) -> None:
    """Enter the receiver NAME, whose messages go to ADDRESS by POST.

    \b
    Example:
      goodstanding register receiver add "City of Leeds" https://leeds.example/standings --kind food.inspection
    """
    from goodstanding.register.keeping import receivers

    register = serviced(dsn, folder)
    receivers.add(register, name, address, since or dt.datetime.now(dt.UTC).date(), policy, kinds)
    click.echo(f"{name} is told of every change of what it is given")


@group.command()
@click.argument("name")
@click.option("--why", required=True, help="Why it is given nothing any more.")
@click.option("--until", type=DAY, help="From which day on; the present day (UTC) where it is not given.")
@DSN
@FOLDER
def end(name: str, why: str, until: dt.date | None, dsn: str | None, folder: Path) -> None:
    """Say that the receiver NAME is given nothing any more; of what it got before it is still told.

    \b
    Example:
      goodstanding register receiver end "City of Leeds" --why "the agreement of 2024 ended"
    """
    from goodstanding.register.keeping import receivers

    register = serviced(dsn, folder)
    receivers.end(register, name, until or dt.datetime.now(dt.UTC).date(), why)
    click.echo(f"{name} is told of what it got before, and of nothing else")


@group.command()
@click.argument("message")
@click.argument("text")
@DSN
@FOLDER
def answer(message: str, text: str, dsn: str | None, folder: Path) -> None:
    """Keep what a receiver answered to MESSAGE, a key that `list` shows, where it did not come with the message.

    \b
    Example:
      goodstanding register receiver answer changed/1/27 "letter of 3 May 2026: corrected"
    """
    from goodstanding.register.keeping import receivers

    receivers.keep_answer(serviced(dsn, folder), message, text)
    click.echo(f"answer to {message} kept")


@group.command(name="list")
@DSN
@FOLDER
def list_(dsn: str | None, folder: Path) -> None:
    """List the receivers, and the messages that they have not answered. Exit 1 where one is overdue.

    \b
    Example:
      goodstanding register receiver list
    """
    from goodstanding.register.keeping import receivers

    register, today = read(dsn, folder), dt.datetime.now(dt.UTC).date()
    found = receivers.receivers(register, today)
    for one in found:
        given = one.policy or ", ".join(one.kinds)
        click.echo(f"{one.name}: {given}, since {one.since}" + (f" until {one.until}" if one.until else ""))
        click.echo(f"  {one.address}: {one.waiting} waiting, {one.unanswered} unanswered, {one.overdue} overdue")
        for key, due in receivers.unanswered(register, one.name):
            click.echo(f"  {key}: answer due by {due}" + (", overdue" if due < today else ""))
    if any(one.overdue for one in found):
        raise click.exceptions.Exit(1)
