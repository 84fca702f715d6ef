"""`goodstanding register deny`, `affirm`, `confirm`, `claims`: that a record is not about its subject, and answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goodstanding.cli.options import DSN, FOLDER, read, serviced

if TYPE_CHECKING:
    from goodstanding.register.ledger.claims import Claim


class _Place(click.ParamType[tuple[int, int]]):
    name = "DELIVERY/ROW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Read where a record came: the numbers of its delivery and row."""
        delivery, _, row = value.partition("/")
        if not (delivery.isascii() and delivery.isdigit() and row.isascii() and row.isdigit()):
            self.fail(f"found {value}, expected the place of a record as dossier shows it, as 12/3", param, ctx)
        return int(delivery), int(row)


def _saying(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--reason", required=True, help="Why; it is kept for ever. No personal data.")(command)
    return click.option("--by", required=True, help="Who says it.")(DSN(FOLDER(command)))


@click.command()
@click.argument("place", type=_Place(), metavar="DELIVERY/ROW")
@_saying
@click.option("--own", is_flag=True, help="Its subject says so; a person of the register has 15 days to answer.")
def deny(place: tuple[int, int], by: str, reason: str, dsn: str | None, folder: Path, *, own: bool) -> None:
    """Say that the record of DELIVERY/ROW is not about its subject: it counts for nothing from now on.

    The document is not taken in for this subject again until somebody says otherwise (`affirm`).

    \b
    Examples:
      goodstanding register deny 12/3 --by "A. Jansen" --reason "a namesake"
      goodstanding register deny 12/3 --own --by "counter 4" --reason "says that the car was sold in May"
    """
    from goodstanding.register.deliveries import claiming

    _echo(claiming.deny(serviced(dsn, folder), place, by, reason, own=own))


@click.command()
@click.argument("number", type=int)
@_saying
def affirm(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Answer claim NUMBER: the record is about its subject after all, and comes back.

    \b
    Example:
      goodstanding register affirm 2 --by "A. Jansen" --reason "the court sent the whole judgment"
    """
    from goodstanding.register.deliveries import claiming

    _echo(claiming.affirm(serviced(dsn, folder), number, by, reason))


@click.command()
@click.argument("number", type=int)
@_saying
def confirm(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Answer claim NUMBER of a subject: it is right, and the record stays out.

    \b
    Example:
      goodstanding register confirm 2 --by "A. Jansen" --reason "another person of that name"
    """
    from goodstanding.register.deliveries import claiming

    _echo(claiming.confirm(serviced(dsn, folder), number, by, reason))


@click.command()
@click.option("--all", "answered", is_flag=True, help="Those that were answered too.")
@DSN
@FOLDER
def claims(dsn: str | None, folder: Path, *, answered: bool) -> None:
    """List what subjects say is not about them and nobody has answered, with the last day for it.

    \b
    Example:
      goodstanding register claims --all
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger import claims as told

    found = [one for one in told.claims(read(dsn, folder)) if answered or one.due]
    show(
        ("claim", "record", "source", "subject", "on", "says", "by", "reason", "answer by"),
        [_line(one) for one in found],
    )


def _line(one: Claim) -> tuple[object, ...]:
    says = "about it" if one.about else "not about it"
    return (
        one.number,
        f"{one.delivery}/{one.row}",
        one.source,
        one.subject,
        one.on,
        says,
        one.by,
        one.reason,
        one.due or "",
    )


def _echo(one: Claim) -> None:
    until = f"; to be answered by {one.due}" if one.due else ""
    says = "is about" if one.about else "is not about"
    click.echo(f"claim {one.number}: record {one.delivery}/{one.row} {says} {one.subject}{until}")


COMMANDS = (deny, affirm, confirm, claims)
