"""`goodstanding register model`, `review`: whom rows without a number are about, by likeness and by people."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goodstanding.cli.options import DSN, FOLDER, read, serviced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
@click.argument("model", metavar="[MODEL]", type=click.Path(path_type=Path), required=False)
@click.option("--threshold", type=_Bits(), help="Bits from which a link is made without a person.")
@click.option("--margin", type=_Bits(), help="Bits by which the best must be ahead of the second.")
@click.option("--source", help="In force for this source alone, and not for all that have no model of their own.")
@click.option("--by", help="Who puts it in force.")
@DSN
@FOLDER
def model(
    model: Path | None,
    threshold: Decimal | None,
    margin: Decimal | None,
    source: str | None,
    by: str | None,
    dsn: str | None,
    folder: Path,
) -> None:
    """Put the linkage model in the folder MODEL in force, for rows that come without a number; or list those in force.

    It may compare name, born (the day of foundation) and place. A threshold that nothing reaches, as 1000, leaves every
    case to people.

    \b
    Examples:
      goodstanding register model models/restaurants --threshold 12 --margin 6 --by "A. Jansen"
      goodstanding register model models/permits --source city.permits --threshold 15 --margin 6 --by "A. Jansen"
      goodstanding register model
    """
    from goodstanding.register.deliveries.inforce import give

    if model is None:
        if threshold is not None or margin is not None or source is not None or by is not None:
            raise click.UsageError("expected the folder MODEL; without it, and without options, models are listed")
        _list_models(read(dsn, folder))
        return
    if threshold is None or margin is None or by is None:
        raise click.UsageError("MODEL needs --threshold, --margin and --by")
    put = give(serviced(dsn, folder), model, threshold, margin, by, source)
    click.echo(
        f"model {put.number}, version {put.version[:12]}, for {put.source or _OTHERS}: "
        f"from {put.threshold} bits, {put.margin} ahead"
    )


_OTHERS = "all other sources"


def _list_models(register: Register) -> None:
    from goodstanding.cli.tables import show
    from goodstanding.register.deliveries.inforce import in_force

    with register.engine.connect() as connection:
        models = in_force(connection).models.values()
    if not models:
        click.echo("no linkage model is in force: rows without a number wait for a person", err=True)
    for place, one in enumerate(models):
        if place:
            click.echo()
        told: list[tuple[str, object]] = [
            ("version", one.version),
            ("bits asked for", one.threshold),
            ("ahead of the second", one.margin),
            ("by", one.by),
            ("since", one.at.astimezone(dt.UTC).isoformat(timespec="seconds")),
        ]
        show((f"model {one.number}", one.source or _OTHERS), [*told, *_learned("", one.learned)])


def _learned(name: str, told: object) -> Iterator[tuple[str, object]]:
    """Yield what a model says of the rows that it was learned from, each thing by the way that leads to it."""
    if isinstance(told, dict):
        for part, value in told.items():
            yield from _learned(f"{name} {part}".strip(), value)
    elif isinstance(told, list):
        for place, value in enumerate(told, 1):
            yield from _learned(f"{name} {place}", value)
    else:
        yield f"learned from {name}", told


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
    from goodstanding.cli.progress import bars
    from goodstanding.facts.errors import InputError
    from goodstanding.register.deliveries import reviewing

    with bars() as report:
        reviewing.find(register, report)
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
    if without := sorted({one.case.source for one in waits if one.using is None}):
        click.echo(f"no linkage model is in force for {', '.join(without)}: nobody is looked for", err=True)
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
