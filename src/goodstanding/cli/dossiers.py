"""`goodstanding register dossier` and `changed`: what is held of one subject, and what changed in it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, serviced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goodstanding.engine.standing import Standing
    from goodstanding.register.ledger.dossiers import Erased, KnownRecord, Withdrawal
    from goodstanding.register.ledger.grounds import Ground, Undone
    from goodstanding.register.ledger.subjects import Subject
    from goodstanding.register.store.database import Register


@click.command()
@click.argument("number")
@DSN
@FOLDER
@click.option(
    "--known-on", type=DAY, help="As it was known by the end of that day (UTC); as it is now where not given."
)
@click.option("--on", type=DAY, help="The day of the standings; the register's present day where not given.")
def dossier(number: str, dsn: str | None, folder: Path, known_on: dt.date | None, on: dt.date | None) -> None:
    """Show the dossier of the subject with a public NUMBER or an identifier; the look is logged.

    \b
    Example:
      goodstanding register dossier gb.fhrs:413-321605 --known-on 2026-03-31
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.dossiers import dossier as read
    from goodstanding.register.ledger.dossiers import standing
    from goodstanding.register.ledger.grounds import grounds, undone
    from goodstanding.register.ledger.policies import policies

    register = serviced(dsn, folder)
    held = read(register, _subject(register, number, "dossier", known_on), known_on)
    for merge in held.merged:
        click.echo(f"{merge.subject} was merged with {merge.into} on {merge.at.date()}: {merge.reason}", err=True)
    about = grounds(register, held.ids)
    rows: list[tuple[object, ...]] = [
        (
            *_first(one),
            one.record.act,
            one.record.kind,
            one.record.document,
            one.version,
            state,
            _by(_about(about, one)),
        )
        for state, records in (("stands", held.records), ("replaced", held.superseded))
        for one in records
    ]
    why = undone(register, [one.delivery for one in held.withdrawals])
    rows += [
        (*_first(one), "", "", one.document, one.version, _taken_back(why.get(one.delivery)), "")
        for one in held.withdrawals
    ]
    rows += [(*_first(one), "", "", "", "", f"erased under {one.clause} since {one.on}", "") for one in held.erased]
    show(("known", "delivery/row", "act", "kind", "document", "version", "state", "about it by"), rows)
    for one in (*held.records, *held.superseded):
        _tell(_about(about, one))
    for name, loaded in policies(register).items():
        if held.subject.is_a in loaded.policy.subjects:
            click.echo(f"{name}: {_said(standing(register, held, name, on or register.today))}")


@click.command()
@click.argument("number")
@DSN
@FOLDER
@click.option("--since", type=DAY, required=True, help="What was known by the end of this day (UTC) is not told.")
@click.option("--until", type=DAY, required=True, help="The last day of which it is told.")
def changed(number: str, dsn: str | None, folder: Path, since: dt.date, until: dt.date) -> None:
    """Tell what changed between two days in the dossier of the subject with a public NUMBER or an identifier.

    Standings are those of the first day as known on it, and of the last day as known on that. The look is logged.

    \b
    Example:
      goodstanding register changed gb.fhrs:413-321605 --since 2026-01-01 --until 2026-03-31
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.differences import difference

    register = serviced(dsn, folder)
    told = difference(register, _subject(register, number, "changed", until), since, until)
    rows: list[tuple[object, ...]] = [
        (
            one.known_on.date(),
            "corrected" if one.version > 1 else "came",
            _place(one),
            one.record.kind,
            one.record.document,
        )
        for one in told.came
    ]
    rows += [
        (
            one.superseded_on.date() if one.superseded_on else "",
            "replaced",
            _place(one),
            one.record.kind,
            one.record.document,
        )
        for one in told.replaced
    ]
    rows += [
        (
            one.known_on.date(),
            _taken_back(told.undone.get(one.delivery)),
            _place(one),
            "",
            one.document,
        )
        for one in told.withdrawn
    ]
    rows += [(one.on, "erased", _place(one), "", one.clause) for one in told.erased]
    for merge in told.merges:
        both = f"merge {merge.number}: {merge.subject} with {merge.into}"
        rows += [(merge.at.date(), "merged", both, "", merge.reason)] * (since < merge.at.date() <= until)
        if merge.ended and since < merge.ended.date() <= until:
            rows.append((merge.ended.date(), "split", both, "", merge.ended_why or ""))
    show(("day", "what", "delivery/row", "kind", "document"), sorted(rows, key=str))
    for one in told.standings:
        click.echo(f"{one.policy}: {_said(one.before)} -> {_said(one.after)}")


COMMANDS = (dossier, changed)


def _subject(register: Register, number: str, what: str, known_on: dt.date | None) -> Subject:
    from goodstanding.facts.errors import InputError
    from goodstanding.register.ledger.access import log_access
    from goodstanding.register.ledger.subjects import by_identifier, subject

    found = by_identifier(register, number, known_on) or subject(register, number, known_on)
    if found is None:
        raise InputError(f"subject {number}: this register has none with such a number")
    log_access(register, found, "registrar", "officer", "register", what)
    return found


def _first(one: KnownRecord | Withdrawal | Erased) -> tuple[object, ...]:
    return one.known_on.date(), _place(one)


def _about(about: Mapping[tuple[int, int], Ground], one: KnownRecord) -> Ground:
    return about[one.delivery, one.row]


def _by(ground: Ground) -> str:
    """Say in a few words by what a record is about its subject."""
    from goodstanding.register.ledger.grounds import ByNumber, Decided

    if isinstance(ground, ByNumber):
        return f"{ground.scheme}, {' and '.join(ground.agreed)}"
    return f"case {ground.case}" if isinstance(ground, Decided) else f"answer of {ground.on}: {ground.reason}"


def _taken_back(why: Undone | None) -> str:
    """Say that a source took a record back, or that it was said not to be about its subject, by whom and why."""
    if why is None:
        return "withdrawn"
    return f"link undone on {why.on}, {'by its subject' if why.own else f'by {why.by}'}: {why.reason}"


def _tell(ground: Ground) -> None:
    """Tell of a record that came without a number who decided whose it is, and what spoke for it and against it."""
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.grounds import REGISTER, Decided

    if not isinstance(ground, Decided):
        return
    by = f"model {ground.model} without a person" if ground.by == REGISTER else ground.by
    click.echo(f"case {ground.case}: decided on {ground.on} by {by}: {ground.decision}, {ground.reason}")
    if ground.evidence:
        click.echo(f"{ground.weight} bits, probability {ground.probability}, by model {ground.model}")
        columns = ("comparison", "level", "left", "right", "weight", "frequency")
        rows = [tuple(part[name] or "" for name in columns) for part in ground.evidence]
        show(("compared", "how", "register", "row", "bits", "for its rarity"), rows)


def _place(one: KnownRecord | Withdrawal | Erased) -> str:
    return f"{one.delivery}/{one.row}"


def _said(standing: Standing) -> str:
    from goodstanding.engine.standing import Outcome, number_text

    if standing.outcome is Outcome.GRADED:
        return f"{standing.grade} ({'no score' if standing.score is None else number_text(standing.score)})"
    return f"{standing.outcome}: {'; '.join(standing.missing)}" if standing.missing else str(standing.outcome)
