"""`goodstanding register model`, `review`: whom rows without a number are about, by likeness and by people."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goodstanding.cli.options import DSN, FOLDER, serviced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goodstanding.register.deliveries.reviewing import Waiting
    from goodstanding.register.store.database import Register


class _Bits(click.ParamType[Decimal]):
    name = "BITS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read bits, with at most three decimals."""
        try:
            bits = Decimal(value)
        except InvalidOperation:
            bits = Decimal("NaN")
        if not bits.is_finite() or bits != round(bits, 3) or abs(bits) >= 100_000:
            self.fail(f"found {value}, expected bits with at most three decimals, as 12.5", param, ctx)
        return bits


@click.command()
@click.argument("model", metavar="MODEL", type=click.Path(path_type=Path))
@click.option("--threshold", type=_Bits(), required=True, help="Bits from which a link is made without a person.")
@click.option("--margin", type=_Bits(), required=True, help="Bits by which the best must be ahead of the second.")
@click.option("--by", required=True, help="Who puts it in force.")
@DSN
@FOLDER
def model(model: Path, threshold: Decimal, margin: Decimal, by: str, dsn: str | None, folder: Path) -> None:
    """Put the linkage model in the folder MODEL in force, for rows that come without a number.

    It may compare name, born (the day of foundation) and place. A threshold that nothing reaches, as 1000, leaves every
    case to people.

    \b
    Example:
      goodstanding register model models/restaurants --threshold 12 --margin 6 --by "A. Jansen"
    """
    from goodstanding.register.deliveries.likeness import give

    put = give(serviced(dsn, folder), model, threshold, margin, by)
    click.echo(f"model {put.number}, version {put.model.version[:12]}: from {put.threshold} bits, {put.margin} ahead")


@click.command()
@click.argument("number", type=int, required=False)
@click.option("--same", metavar="SUBJECT", help="It is about this one, scheme:number.")
@click.option("--different", metavar="SUBJECT", help="It is not about this one, who is not offered again.")
@click.option("--new", metavar="SUBJECT", help="It is about one whom the register does not know yet, scheme:number.")
@click.option("--refuse", is_flag=True, help="It cannot be found whom it is about: nothing of it is kept.")
@click.option("--undo", is_flag=True, help="It was decided wrongly: the record is withdrawn.")
@click.option("--by", help="Who decides.")
@click.option("--reason", help="Why. No personal data.")
@DSN
@FOLDER
def review(number: int | None, by: str | None, reason: str | None, dsn: str | None, folder: Path, **said: Any) -> None:
    """List the rows that wait for a number, show case NUMBER with what speaks for each candidate, or decide it.

    \b
    Examples:
      goodstanding register review
      goodstanding register review 7
      goodstanding register review 7 --same gb.company:01234567 --by "A. Jansen" --reason "same address"
    """
    from goodstanding.register.deliveries import reviewing

    chosen = {name: value for name, value in said.items() if value}
    if len(chosen) > 1:
        raise click.UsageError("expected one of --same, --different, --new, --refuse, --undo")
    if chosen and (number is None or not by or not reason):
        raise click.UsageError("a decision needs NUMBER, --by and --reason")
    register = serviced(dsn, folder)
    if not chosen:
        _show(register, number)
        return
    (what, value), *_ = chosen.items()
    act = getattr(reviewing, what)
    done = act(register, number, by, reason) if value is True else act(register, number, value, by, reason)
    click.echo(f"case {number}: {what}" + (f", delivery {done.number}" if done else ""))


def _show(register: Register, number: int | None) -> None:
    from goodstanding.facts.errors import InputError
    from goodstanding.register.deliveries import reviewing

    reviewing.find(register)
    waits = reviewing.waiting(register)
    if number is None:
        _list(waits)
        return
    found = [one for one in waits if one.case.number == number]
    if not found:
        raise InputError(f"case {number}: does not wait; goodstanding register review lists those that do")
    _one(register, found[0])


def _list(waits: Sequence[Waiting]) -> None:
    from goodstanding.cli.tables import show

    rows = [
        (
            one.case.number,
            one.case.source,
            one.case.kind,
            one.case.document,
            (one.case.cells or {}).get("name", ""),
            len(one.candidates),
            one.candidates[0].weight if one.candidates else "",
        )
        for one in waits
    ]
    show(("case", "source", "kind", "document", "name", "candidates", "bits of the best"), rows)


def _one(register: Register, one: Waiting) -> None:
    from goodstanding.cli.tables import show
    from goodstanding.register.deliveries import reviewing

    show(("came", ""), list((one.case.cells or {}).items()))
    for candidate in one.candidates:
        subject, evidence = reviewing.side(register, one.case, candidate)
        click.echo()
        told = [("name", subject.name), ("founded", subject.born or ""), ("probability", candidate.probability)]
        show(("candidate", subject.identifier), [*told, ("bits", candidate.weight)])
        show(("compared", "how", "register", "row", "bits", "for its rarity"), [_part(row) for row in evidence])


def _part(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] or "" for name in ("comparison", "level", "left", "right", "weight", "frequency"))


COMMANDS = (model, review)
