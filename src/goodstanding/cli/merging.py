"""`goodstanding register merge`, `split`, `different`, `merges`, `acknowledge`: which subjects are one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goodstanding.cli.options import DSN, FOLDER, read, serviced

if TYPE_CHECKING:
    from goodstanding.register.ledger.merges import Merged


def _deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--reason", required=True, help="Why; both subjects are told it. No personal data.")(command)
    return click.option("--by", required=True, help="Who decides.")(DSN(FOLDER(command)))


@click.command()
@click.argument("kept")
@click.argument("merged")
@_deciding
@click.option(
    "--act", help="The authority's act that gave one person both numbers; persons are merged by nothing else."
)
@click.option(
    "--despite", type=int, multiple=True, help="What says that they are different; the merge then raises an alarm."
)
def merge(  # noqa: PLR0917
    kept: str,
    merged: str,
    by: str,
    reason: str,
    dsn: str | None,
    folder: Path,
    act: str | None,
    despite: tuple[int, ...],
) -> None:
    """Let the subject MERGED (its identifier, or its number here) lead to KEPT from now on, until it is split.

    Both numbers stay valid; records of both count for KEPT. The reason stands on its page.

    \b
    Example:
      goodstanding register merge gb.fhrs:413-7 gb.fhrs:413-9 --by "A. Jansen" --reason "moved, and was numbered anew"
    """
    from goodstanding.register.ledger import merging
    from goodstanding.register.ledger.subjects import asked_for

    register = serviced(dsn, folder)
    pair = asked_for(register, kept), asked_for(register, merged)
    done = merging.merge(register, *pair, by, reason, act=act, despite=despite)
    click.echo(f"merge {done.number}: {done.subject} leads to {done.into}")
    if despite:
        click.echo(
            f"alarm: it was said that they are different; goodstanding register acknowledge {done.number}", err=True
        )


@click.command()
@click.argument("number", type=int)
@_deciding
def split(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Undo the merge NUMBER: everything is as if it had never been made.

    \b
    Example:
      goodstanding register split 3 --by "A. Jansen" --reason "two firms at one address"
    """
    from goodstanding.register.ledger import merging

    done = merging.split(serviced(dsn, folder), number, by, reason)
    click.echo(f"merge {done.number} is undone: {done.subject} no longer leads to {done.into}")


@click.command()
@click.argument("one")
@click.argument("other")
@_deciding
def different(one: str, other: str, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Say that the subjects ONE and OTHER are not the same: from now on they are merged only despite it.

    \b
    Example:
      goodstanding register different gb.fhrs:413-7 gb.fhrs:413-8 --by "A. Jansen" --reason "both were inspected in May"
    """
    from goodstanding.register.ledger import merging
    from goodstanding.register.ledger.subjects import asked_for

    register = serviced(dsn, folder)
    done = merging.differ(register, asked_for(register, one), asked_for(register, other), by, reason)
    click.echo(f"different {done.number}: {done.a} and {done.b}")


@click.command("not-different")
@click.argument("number", type=int)
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why. No personal data.")
@DSN
@FOLDER
def not_different(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Take back what NUMBER says, that two subjects are different: they may be merged again, or not.

    \b
    Example:
      goodstanding register not-different 2 --by "C. Bos" --reason "said of the wrong branch"
    """
    from goodstanding.register.ledger import merging

    merging.take_back(serviced(dsn, folder), number, by, reason)
    click.echo(f"different {number} is taken back")


@click.command()
@click.option("--all", "also_split", is_flag=True, help="Those that were split too.")
@DSN
@FOLDER
def merges(dsn: str | None, folder: Path, *, also_split: bool) -> None:
    """List the merges that stand, what says that subjects are different, and the alarms that nobody has acknowledged.

    Exit 1 where there are such alarms.

    \b
    Example:
      goodstanding register merges --all
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger import merging

    register = read(dsn, folder)
    known = [one for one in merging.all_merges(register) if also_split or one.ended is None]
    show(("merge", "subject", "leads to", "on", "by", "reason", "state"), [_line(one) for one in known])
    for one in merging.differences(register):
        click.echo(f"different {one.number}: {one.a} and {one.b}, said by {one.by} on {one.at.date()}: {one.reason}")
    open_ = merging.alarms(register)
    for alarm in open_:
        against = ", ".join(map(str, alarm.despite))
        click.echo(f"alarm: merge {alarm.merge.number} was made despite different {against}", err=True)
    if open_:
        raise click.exceptions.Exit(1)


def _line(one: Merged) -> tuple[object, ...]:
    state = f"split on {one.ended.date()}: {one.ended_why}" if one.ended else "stands"
    return one.number, one.subject, one.into, one.at.date(), one.by, one.reason, state


@click.command()
@click.argument("number", type=int)
@click.option("--by", required=True, help="Who has looked.")
@click.option("--reason", required=True, help="What was found. No personal data.")
@DSN
@FOLDER
def acknowledge(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """End the alarm of the merge NUMBER, made although its subjects were said to be different; the merge stands.

    \b
    Example:
      goodstanding register acknowledge 3 --by "C. Bos" --reason "the earlier note was about another branch"
    """
    from goodstanding.register.ledger import merging

    merging.acknowledge(serviced(dsn, folder), number, by, reason)
    click.echo(f"the alarm of merge {number} is acknowledged")


COMMANDS = (merge, split, different, not_different, merges, acknowledge)
