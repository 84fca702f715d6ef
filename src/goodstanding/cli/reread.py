"""`goodstanding register reread`, `settle`: what reviewers decided is read by a second person; a third settles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import DSN, FOLDER, serviced

if TYPE_CHECKING:
    from goodstanding.register.deliveries.rereading import Again
    from goodstanding.register.store.database import Register


@click.command()
@click.argument("number", type=int, required=False)
@click.option("--same", metavar="SUBJECT", help="It is about this one, scheme:number.")
@click.option("--new", "said", flag_value="new", help="It is about one whom the register did not know.")
@click.option("--refuse", "said", flag_value="refused", help="It cannot be found whom it is about.")
@click.option("--reader", required=True, help="Who reads.")
@DSN
@FOLDER
def reread(number: int | None, same: str | None, said: str | None, reader: str, dsn: str | None, folder: Path) -> None:
    """List what READER is asked to read again, show case NUMBER with both sides, or keep the answer about it.

    What was decided, by whom, and by what weight is not shown. An answer changes nothing by itself. Showing a case is
    written down as a look at all whom it shows.

    \b
    Examples:
      goodstanding register reread --reader "B. Smit"
      goodstanding register reread 7 --reader "B. Smit"
      goodstanding register reread 7 --same gb.company:01234567 --reader "B. Smit"
    """
    from goodstanding.cli.tables import show
    from goodstanding.facts.errors import InputError
    from goodstanding.register.deliveries import rereading

    if same and said:
        raise click.UsageError("expected one of --same, --new, --refuse")
    if (same or said) and number is None:
        raise click.UsageError("an answer needs NUMBER")
    register = serviced(dsn, folder)
    if number is not None and (same or said):
        rereading.answer(register, number, reader, said or "same", same)
        click.echo(f"case {number}: read again")
        return
    asked = rereading.to_be_read(register, reader)
    if number is None:
        rows = [(one.case.number, one.case.source, one.case.kind, len(one.sides)) for one in asked]
        show(("case", "source", "kind", "candidates"), rows)
        return
    found = next((one for one in asked if one.case.number == number), None)
    if found is None:
        raise InputError(f"case {number}: is not to be read again by {reader}; goodstanding register reread lists")
    _show(register, found, reader)


def _show(register: Register, one: Again, reader: str) -> None:
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.access import log_access

    for side in one.sides:
        log_access(register, side, reader, "reviewer", "review", "case")
    show(("came", ""), list((one.case.cells or {}).items()))
    click.echo()
    show(("candidate", "name", "founded"), [(side.identifier, side.name, side.born or "") for side in one.sides])


@click.command()
@click.argument("number", type=int, required=False)
@click.option("--stands", "stands", flag_value=True, default=None, type=bool, help="What was decided first stands.")
@click.option("--wrong", "stands", flag_value=False, type=bool, help="It was wrong: the record is withdrawn.")
@click.option("--by", help="Who decides: a third person.")
@click.option("--reason", help="Why. No personal data.")
@DSN
@FOLDER
def settle(
    number: int | None, by: str | None, reason: str | None, dsn: str | None, folder: Path, *, stands: bool | None
) -> None:
    """List the cases that two people read differently, for the registrar, or say of case NUMBER whether it stands.

    \b
    Examples:
      goodstanding register settle
      goodstanding register settle 7 --wrong --by "C. Bos" --reason "another street"
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.deliveries.settling import Difference, differences
    from goodstanding.register.deliveries.settling import settle as end

    if (number is None) != (stands is None) or (number is not None and not (by and reason)):
        raise click.UsageError("a decision needs NUMBER, --stands or --wrong, --by and --reason")
    register = serviced(dsn, folder)
    if number is None or stands is None or by is None or reason is None:
        rows = [tuple("" if cell is None else cell for cell in one) for one in differences(register)]
        show(Difference._fields, rows)
        return
    end(register, number, by, reason, stands=stands)
    click.echo(f"case {number}: {'stands' if stands else 'was wrong'}")


COMMANDS = (reread, settle)
