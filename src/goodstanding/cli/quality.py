"""`goodstanding register quality`, `read`, `resume`: how right links and reviewers are, and what people read for it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goodstanding.cli.options import DSN, FOLDER, read, serviced

if TYPE_CHECKING:
    from goodstanding.linkage.intervals import Figure
    from goodstanding.linkage.readers import Agreement
    from goodstanding.register.deliveries.rereading import Reviewer
    from goodstanding.register.ledger.pausing import Paused
    from goodstanding.register.ledger.quality import Measure
    from goodstanding.register.store.database import Register


@click.command()
@click.option("--public", is_flag=True, help="Only what is published: no small groups, no readers.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, figures as shares of 1.")
@DSN
@FOLDER
def quality(*, public: bool, as_json: bool, dsn: str | None, folder: Path) -> None:
    """Show how right the links of each source are, by what people read, with 95 % intervals; and which is paused.

    Then how far readers agree, and of everybody who decides cases: how often a second reading agreed, and what stood.

    \b
    Example:
      goodstanding register quality --json
    """
    from goodstanding.register.deliveries.rereading import reviewers
    from goodstanding.register.ledger.pausing import paused
    from goodstanding.register.ledger.quality import measures, published, readers

    register = read(dsn, folder)
    found = published(measures(register)) if public else measures(register)
    agreed, each = (None, {}) if public else readers(register)
    people = {} if public else reviewers(register)
    stopped = paused(register)
    if as_json:
        told = _document(found, stopped, agreed, each)
        if not public:
            told["reviewers"] = {name: _told(one) for name, one in people.items()}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    _show(found, stopped, agreed, each)
    if people:
        _show_reviewers(people)


def _told(one: Reviewer) -> dict[str, dict[str, Any]]:
    figures = {"agreement": one.read.agreed, "kappa": one.read.kappa, "stood": one.stood}
    return {name: figure._asdict() for name, figure in figures.items()}


def _show_reviewers(people: dict[str, Reviewer]) -> None:
    from goodstanding.cli.tables import show

    rows = [
        (name, measure, *_cells(figure, 4), figure.of)
        for name, one in people.items()
        for measure, figure in (("agreement", one.read.agreed), ("kappa", one.read.kappa), ("stood", one.stood))
    ]
    show(("reviewer", "measure", "value", "low", "high", "read twice"), rows)


def _show(found: list[Measure], stopped: dict[str, Paused], agreed: Agreement | None, each: dict[str, Figure]) -> None:
    from goodstanding.cli.tables import show

    if not found:
        click.echo("nothing is known: no sample of links has been read", err=True)
    rows: list[tuple[object, ...]] = []
    for one in found:
        told = [(one.measure, one.figure, 4)]
        told += [("wrong per 100,000", one.wrong, 0)] if one.measure == "precision" else []
        rows += [
            (one.source, one.group or "all", name, *_cells(figure, digits), figure.of, one.members)
            for name, figure, digits in told
        ]
    if rows:
        show(("source", "group", "measure", "value", "low", "high", "answers", "members"), rows)
    for held in stopped.values():
        click.echo(
            f"{held.source}: paused since {held.since}; precision {held.value:.4f} ({held.low:.4f}-{held.high:.4f}), "
            f"{held.answers} answers; what it sends without a number waits for a person"
        )
    if agreed is not None and agreed.agreed.of:
        figures = {"agreement": agreed.agreed, "kappa": agreed.kappa}
        figures |= {f"{name}, against others": figure for name, figure in each.items()}
        show(
            ("readers", "value", "low", "high", "readings"),
            [(name, *_cells(figure, 4), figure.of) for name, figure in figures.items()],
        )


def _cells(figure: Figure, digits: int) -> tuple[str, str, str]:
    if figure.value is None:
        return "not known", "", ""
    return f"{figure.value:.{digits}f}", f"{figure.low:.{digits}f}", f"{figure.high:.{digits}f}"


def _document(
    found: list[Measure], stopped: dict[str, Paused], agreed: Agreement | None, each: dict[str, Figure]
) -> dict[str, Any]:
    told = {
        "measures": [
            {"source": one.source, "model": one.model, "group": one.group, "measure": one.measure, "on": one.on}
            | one.figure._asdict()
            | {"members": one.members}
            for one in found
        ],
        "wrong_per_100000": {
            one.source: one.wrong._asdict() for one in found if one.measure == "precision" and one.group is None
        },
        "paused": [one._asdict() for one in stopped.values()],
    }
    if agreed is None:
        return told
    agreement = {name: figure._asdict() for name, figure in agreed._asdict().items()}
    return told | {"readers": agreement | {"each": {name: figure._asdict() for name, figure in each.items()}}}


@click.command(name="read")
@click.argument("number", type=int, required=False)
@click.argument("answer", type=click.Choice(["same", "different", "unsure"]), required=False)
@click.option("--reader", required=True, help="Who reads.")
@DSN
@FOLDER
def read_command(number: int | None, answer: str | None, reader: str, dsn: str | None, folder: Path) -> None:
    """List what READER is asked about links, show both sides of unit NUMBER, or keep ANSWER: same where both are one.

    A unit without a subject is a record that nothing was linked to: same means that its subject is in the register.
    What others answered is not shown, nor what weighed how much. Showing a unit is written down as a look.

    \b
    Example:
      goodstanding register read --reader "A. Jansen"
      goodstanding register read 12 --reader "A. Jansen"
      goodstanding register read 12 same --reader "A. Jansen"
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.quality import WINDOW
    from goodstanding.register.ledger.sampled import answer as keep
    from goodstanding.register.ledger.sampled import to_be_read

    register = serviced(dsn, folder)
    if number is not None and answer is not None:
        keep(register, number, reader, answer)
        return
    if number is not None:
        _both(register, number, reader)
        return
    since: dt.date = register.today - WINDOW
    show(("number", "source", "record", "subject"), [tuple(unit) for unit in to_be_read(register, reader, since)])


def _both(register: Register, number: int, reader: str) -> None:
    from goodstanding.cli.tables import show
    from goodstanding.register.deliveries.drawing import unit
    from goodstanding.register.ledger.access import log_access

    one = unit(register, number)
    cells = one.case.cells or {"kind": one.case.kind, "document": one.case.document}
    if one.subject:
        log_access(register, one.subject, reader, "reviewer", "review", "case")
    show(("came", ""), list(cells.items()))
    if one.case.cells is None:
        click.echo("the rest of what came went with the decision", err=True)
    if one.subject:
        click.echo()
        told = (one.subject.identifier, one.subject.name, one.subject.born or "", one.subject.seat or "")
        show(("linked with", "name", "founded", "seat"), [told])


@click.command()
@click.argument("source")
@click.option("--by", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why. No personal data.")
@DSN
@FOLDER
def resume(source: str, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Let SOURCE go on that is paused because its links were not right often enough.

    \b
    Example:
      goodstanding register resume city.permits --by "A. Jansen" --reason "a column was shifted; corrected on 3 May"
    """
    from goodstanding.register.ledger.pausing import resume as go_on

    go_on(serviced(dsn, folder), source, by, reason)
    click.echo(f"{source} was resumed")


COMMANDS = (quality, read_command, resume)
