"""Saying that a record is not about its subject, and what a person of the register says to that.

Each is a fact. The record is withdrawn in the transaction in which it is said that it is not about its subject, and
comes back, as another version of its document, in the one in which it is said that it is after all. Until then no
delivery brings the document back for this subject (`linking`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from goodstanding.engine.standing import number_text
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import objects
from goodstanding.register.deliveries import reviewing
from goodstanding.register.deliveries.entering import bare, enter
from goodstanding.register.ledger.claims import Claim, told
from goodstanding.register.ledger.grounds import REGISTER
from goodstanding.register.ledger.records import recorded
from goodstanding.register.ledger.repeats import repeats
from goodstanding.register.log import effects, events
from goodstanding.register.store.database import Register, turn

_LONGEST = 500


def deny(register: Register, place: tuple[int, int], by: str, reason: str, *, own: bool = False) -> Claim:
    """Say that the record of a place (delivery, row) is not about its subject: it is withdrawn at once.

    own: it is the subject who says so; a person of the register then confirms or answers it (`confirm`, `affirm`).
    A link that a case had decided is undone. Raises InputError where there is no such record that stands, a person has
    said before that it is about this subject and the subject says otherwise again, or by or reason says nothing.
    """
    said = _said(by, reason)
    with register.engine.connect() as connection:
        one = _record(connection, place)
        if not one.stands:
            raise InputError(f"record {_named(place)}: does not stand any more; only what stands can be denied")
        _check_again(connection, one, own=own)
        case = connection.execute(_CASE, {"delivery": place[0]}).scalar_one_or_none()

    def keep(connection: sa.Connection, kept: Mapping[str, Any]) -> None:
        if case is not None:
            reviewing.mark_undone(
                connection, register, (case, one.subject_id), kept["number"], (said["by"], said["reason"])
            )
        _keep(connection, register, one, {"about": False, "own": own, "entered": kept["number"], **said})

    cells = bare(one.identifier, one.document, one.version + 1)
    enter(register, one.source, cells, keep, file=f"claim/{_named(place)}", what=f"record {_named(place)}")
    return _latest(register, one)


def affirm(register: Register, number: int, by: str, reason: str) -> Claim:
    """Answer a claim that a record is not about its subject: it is, and comes back as it was.

    Where its source has delivered or withdrawn the document meanwhile, nothing comes back. Raises InputError where
    there is no such claim, something was said of it later, the record was erased, or by or reason says nothing.
    """
    said = _said(by, reason)
    with register.engine.connect() as connection:
        claim = _open(connection, number)
        one = _record(connection, (claim.delivery, claim.row))
        entered = connection.execute(_ENTERED, {"subject": one.subject_id, "repeats": one.repeats}).scalar_one()
        last = connection.execute(_LAST, {"source": one.source, "document": one.document}).one_or_none()
        if one.document is None:
            raise InputError(f"claim {number}: the record was erased; nothing can be brought back, only confirmed")
        cells = _cells(connection, register, one) | {"version": str((last.version if last else one.version) + 1)}

    def keep(connection: sa.Connection, kept: Mapping[str, Any]) -> None:
        _open(connection, number)
        _keep(connection, register, one, {"about": True, "own": False, "entered": kept["number"], **said})

    if last and last.delivery == entered:
        enter(register, one.source, cells, keep, file=f"claim/{number}", what=f"claim {number}", settled=True)
    else:
        with turn(register.engine) as connection:
            _open(connection, number)
            _keep(connection, register, one, {"about": True, "own": False, "entered": None, **said})
    return _latest(register, one)


def confirm(register: Register, number: int, by: str, reason: str) -> Claim:
    """Say that a subject was right: the record is not about it, and stays out.

    Raises InputError where there is no such claim of a subject, something was said of it later, or by or reason says
    nothing.
    """
    said = _said(by, reason)
    with turn(register.engine) as connection:
        claim = _open(connection, number)
        if not claim.own:
            raise InputError(f"claim {number}: was said by {claim.by} of the register; nothing is to be confirmed")
        one = _record(connection, (claim.delivery, claim.row))
        _keep(connection, register, one, {"about": False, "own": False, "entered": None, **said})
    return _latest(register, one)


def end_unanswered(register: Register) -> int:
    """Confirm what subjects said and nobody answered in `claims.DAYS` days (charter R07); return how many."""
    with register.engine.connect() as connection:
        late = [one for one in told(connection) if one.due and one.due < register.today]
    for one in late:
        confirm(register, one.number, REGISTER, "nobody showed in time that it is about this subject")
    return len(late)


_RECORD = sa.text("""
    SELECT record.delivery, record.row, record.subject_id, identifier, number AS subject, subject.name, born,
        record.source, document, version, kind IS NOT NULL AND state = 'valid' AND NOT EXISTS (SELECT FROM superseded
            WHERE (superseded.delivery, superseded.row) = (record.delivery, record.row)) AS stands,
        (SELECT repeats FROM claim WHERE (claim.delivery, claim.row) = (record.delivery, record.row) LIMIT 1) AS repeats
    FROM record JOIN subject ON subject.id = record.subject_id
    WHERE record.delivery = :delivery AND record.row = :row""")
_CASE = sa.text("SELECT unlinked FROM link_decision WHERE delivery = :delivery AND decision IN ('same', 'new')")
_ENTERED = sa.text("""
    SELECT entered FROM claim WHERE repeats = :repeats AND subject_id = :subject AND NOT about AND entered IS NOT NULL
    ORDER BY number DESC LIMIT 1""")
_LAST = sa.text("""
    SELECT delivery, version FROM record WHERE source = :source AND document = :document
    ORDER BY version DESC LIMIT 1""")
_SALT = sa.text("SELECT salt FROM world")


def _record(connection: sa.Connection, place: tuple[int, int]) -> Any:
    found = connection.execute(_RECORD, {"delivery": place[0], "row": place[1]}).one_or_none()
    if found is None:
        raise InputError(f"record {_named(place)}: there is none; goodstanding register dossier shows them")
    return found


def _check_again(connection: sa.Connection, one: Any, *, own: bool) -> None:
    """Let a subject say it once: after a person has answered, the way on is to whoever hears appeals."""
    for claim in told(connection, [one.subject_id]) if own else ():
        if claim.about and _record(connection, (claim.delivery, claim.row)).document == one.document:
            raise InputError(
                f"record {_named((one.delivery, one.row))}: was found to be about {one.subject} on {claim.on}"
            )


def _open(connection: sa.Connection, number: int) -> Claim:
    claim = next((one for one in told(connection) if one.number == number), None)
    if claim is None:
        raise InputError(f"claim {number}: there is none; goodstanding register claims lists them")
    if claim.about or not claim.last:
        raise InputError(f"claim {number}: was answered already; goodstanding register claims lists what waits")
    return claim


def _keep(connection: sa.Connection, register: Register, one: Any, said: Mapping[str, Any]) -> None:
    salt = connection.execute(_SALT).scalar_one()
    row = {"delivery": one.delivery, "row": one.row, "subject_id": one.subject_id, "on": register.today}
    row["repeats"] = one.repeats or repeats(salt, one.source, one.document)
    number = events.add(connection, "claim", [{**row, **said}])[0]["number"]
    message = {"claim": number, "source": one.source, "subject": one.subject, "delivery": one.delivery, "row": one.row}
    kind = "about" if said["about"] else "not-about"
    effects.put(connection, f"claim/{number}", kind, message | {"own": said["own"]})


def _latest(register: Register, one: Any) -> Claim:
    with register.engine.connect() as connection:
        own = told(connection, [one.subject_id])
    return next(claim for claim in reversed(own) if (claim.delivery, claim.row) == (one.delivery, one.row))


def _cells(connection: sa.Connection, register: Register, one: Any) -> dict[str, str | None]:
    """Return the row by which a record comes back: what it says, and what corroborates the number of a person."""
    place = {"delivery": one.delivery, "row": one.row}
    where = "record.delivery = %(delivery)s AND record.row = %(row)s"
    (record,) = objects(recorded(connection, register.catalogue, where, place), register.catalogue)
    names = ("subject", "kind", "act", "occurrence", "document", "authority", "basis", "decided", "final")
    cells = {name: getattr(record, name) for name in names} | dict(record.attributes)
    if one.born is not None:
        cells |= {"name": one.name, "born": one.born}
    return {name: None if cell is None else number_text(cell) for name, cell in cells.items()}


def _said(by: str, reason: str) -> dict[str, str]:
    said = {"by": by.strip(), "reason": reason.strip()}
    for name, text in said.items():
        if not 0 < len(text) <= _LONGEST:
            raise InputError(f"{name}: found {len(text)} characters, expected 1 to {_LONGEST}: who says it, and why")
    return said


def _named(place: tuple[int, int]) -> str:
    return "/".join(map(str, place))
