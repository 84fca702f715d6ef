"""What is decided of rows without a number: whose they are, a new one's, nobody's; and what was decided wrongly.

A decision is a fact. The record then enters the ledger by the same way as any delivery, in the same transaction, known
from the day of the decision. It is undone by another fact, which names it, and withdraws the record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import faults_in
from goodstanding.register.deliveries import likeness, rereading, unlinked
from goodstanding.register.deliveries.delivering import Delivered
from goodstanding.register.deliveries.entering import bare, enter
from goodstanding.register.deliveries.inforce import Given, in_force
from goodstanding.register.deliveries.likeness import Candidate, Tell
from goodstanding.register.deliveries.unlinked import Case
from goodstanding.register.ledger.grounds import REGISTER
from goodstanding.register.ledger.pausing import now_paused
from goodstanding.register.ledger.subjects import Subject, by_identifier
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn

DAYS = 90
"""How long a row may wait for a person."""
_DROPPED = ("name", "born", "seat")
"""What only helps to find whom a row is about; decided, the number says it."""


@dataclass(frozen=True)
class Waiting:
    """A case that nobody has decided yet, and whom the model that applies takes to be likely, the likeliest first.

    `using`: that model, None where none is in force for its source. `sought`: whether it has been looked for by it.
    """

    case: Case
    candidates: tuple[Candidate, ...]
    using: Given | None
    sought: bool


def find(register: Register, tell: Tell = likeness.nothing) -> tuple[int, int]:
    """Look for candidates of all that waits; make the links that the authority lets be made without a person.

    Returns how many cases have candidates, and how many links were made. Without a model for its source a case is not
    looked for; while the links of a source are too often wrong (`pausing`), all of its cases wait for a person.
    """
    with register.engine.connect() as connection:
        force = in_force(connection)
        cases = unlinked.undecided(connection)
        newest = likeness.newest_subject(connection)
        known = _searches(connection)
        paused = now_paused(connection)
    for using in force.models.values():
        own = [one for one in cases if force.of(one.source) is using]
        last_case, last_subject = known.get(using.number, (0, -1))
        left = own if last_subject < newest else [one for one in own if one.number > last_case]
        for found in likeness.candidates(register, using, left, tell):
            _keep(register, using, found)
        if left:
            _searched(register, using, max(last_case, left[-1].number), newest)
    waits = waiting(register)
    sure = [one for one in waits if one.case.source not in paused and one.using and _sure(one.candidates, one.using)]
    for made, one in enumerate(sure):
        tell("links made", made, len(sure))
        _link(register, one)
    tell("links made", len(sure), len(sure))
    return sum(1 for one in waits if one.candidates), len(sure)


def _link(register: Register, one: Waiting) -> None:
    """Decide, without a person, that a case is about its likeliest candidate."""
    best, using = one.candidates[0], one.using
    if using is not None:
        why = f"model {using.version[:12]}: {best.weight} bits of {using.threshold} asked for"
        _same(register, one.case.number, _identifier(register, best.subject_id), (REGISTER, why))


def _searches(connection: sa.Connection) -> dict[int, tuple[int, int]]:
    """Return up to which case, and among the subjects up to which, each model has looked last."""
    return {model: (case, of) for model, case, of in connection.execute(_SEARCHES)}


_SEARCHES = sa.text("SELECT DISTINCT ON (model) model, last_case, last_subject FROM search ORDER BY model, number DESC")


def _searched(register: Register, using: Given, last_case: int, last_subject: int) -> None:
    row = {"model": using.number, "last_case": last_case, "last_subject": last_subject}
    with turn(register.engine) as connection:
        events.add(connection, "search", [row])


def end_unfound(register: Register) -> int:
    """End the cases that have waited for more than `DAYS`, since nothing is kept about nobody; return how many."""
    row = schema.unlinked.c
    decided = sa.exists().where(schema.link_decision.c.unlinked == row.number)
    old = sa.func.now() - dt.timedelta(days=DAYS)
    with register.engine.connect() as connection:
        query = sa.select(row.number).where(~decided, row.known_on < old).order_by(row.number)
        numbers = connection.execute(query).scalars().all()
    for number in numbers:
        refuse(register, number, REGISTER, f"nobody could say in {DAYS} days whom it is about")
    return len(numbers)


def _sure(found: Sequence[Candidate], using: Given) -> bool:
    """Whether the best passes the threshold and is ahead of all others; who is not here weighs under `LEAST`."""
    if not found:
        return False
    best = found[0].weight
    second = found[1].weight if len(found) > 1 else Decimal(likeness.LEAST)
    return best >= using.threshold and best > second and best - second >= using.margin


def _keep(register: Register, using: Given, found: Mapping[int, Sequence[Candidate]]) -> None:
    """Keep candidates that are not kept yet; who was found to be another is never offered again."""
    key = (schema.candidate.c.unlinked, schema.candidate.c.subject_id)
    no = (schema.not_about.c.unlinked, schema.not_about.c.subject_id)
    with turn(register.engine) as connection:
        kept = sa.select(*key).where(schema.candidate.c.model == using.number, key[0].in_(found))
        denied = sa.select(*no).where(no[0].in_(found))
        known = {tuple(row) for query in (kept, denied) for row in connection.execute(query)}
        rows = [
            {"unlinked": number, "model": using.number} | vars(one)
            for number, some in sorted(found.items())
            for one in some
            if (number, one.subject_id) not in known
        ]
        events.add(connection, "candidate", rows)


def waiting(register: Register) -> list[Waiting]:
    """Return what waits, the oldest first, with the candidates that the model in force for its source has found.

    Of all that were ever found by it the `likeness.MOST` likeliest are offered, whenever each was found.
    """
    with register.engine.connect() as connection:
        force = in_force(connection)
        cases = unlinked.undecided(connection)
        known = _searches(connection)
        numbers = [one.number for one in force.models.values()]
        found: dict[tuple[int, int], list[tuple[bool, Candidate]]] = {}
        for case, model, no, *rest in connection.execute(_OFFERED, {"models": numbers}):
            found.setdefault((case, model), []).append((no, Candidate(*rest)))
    told = []
    for one in cases:
        using = force.of(one.source)
        some = found.get((one.number, using.number), []) if using else []
        sought = using is not None and one.number <= known.get(using.number, (0, 0))[0]
        told.append(Waiting(one, tuple(it for no, it in some[: likeness.MOST] if not no), using, sought))
    return told


_OFFERED = sa.text("""
    SELECT candidate.unlinked, model,
        EXISTS (SELECT FROM not_about AS no
            WHERE no.unlinked = candidate.unlinked AND no.subject_id = candidate.subject_id),
        candidate.subject_id, weight, probability
    FROM candidate JOIN subject ON subject.id = candidate.subject_id
    WHERE model = ANY(:models)
        AND NOT EXISTS (SELECT FROM link_decision WHERE link_decision.unlinked = candidate.unlinked)
    ORDER BY weight DESC, subject.identifier COLLATE "C" """)


def side(register: Register, case: Case, candidate: Candidate) -> tuple[Subject, list[dict[str, Any]]]:
    """Return who a candidate is, and what speaks for it and against it, as the model in force takes it apart.

    Raises InputError where no model is in force.
    """
    with register.engine.connect() as connection:
        using = in_force(connection).of(case.source)
    subject = by_identifier(register, _identifier(register, candidate.subject_id))
    if using is None or subject is None:
        raise InputError(f"no model is in force for {case.source}; goodstanding register model puts one in force")
    return subject, likeness.spoken(register, using, case, subject.id)


def same(register: Register, number: int, identifier: str, by: str, reason: str) -> Delivered:
    """Decide that a case is about a subject of the register: its record enters the ledger.

    Raises InputError where there is no such case or subject, it is decided already, it was found not to be about this
    subject, the record cannot be taken in, or a name or a reason is missing.
    """
    return _same(register, number, identifier, signed(by, reason))


def _same(register: Register, number: int, identifier: str, said: tuple[str, str]) -> Delivered:
    subject = by_identifier(register, identifier)
    if subject is None or subject.is_a == "person":
        raise InputError(f"{identifier}: no organisation of this register; expected its identifier, scheme:number")
    case = _open(register, number, subject.id)
    with register.engine.connect() as connection:
        using = in_force(connection).of(case.source)
    return _enter(register, case, ("same", subject, _evidence(register, using, case, subject)), said)


def _evidence(register: Register, using: Given | None, case: Case, subject: Subject) -> list[dict[str, Any]]:
    return likeness.spoken(register, using, case, subject.id) if using and subject.publishable else []


def new(register: Register, number: int, identifier: str, by: str, reason: str) -> Delivered:
    """Decide that a case is about an organisation that the register does not know yet, and has this number.

    Raises InputError as `same` does, and where the number is not a valid one or the register knows it already.
    """
    said, case = signed(by, reason), _open(register, number)
    if faults_in(pl.Series([identifier]), register.world):
        raise InputError("--new: not a valid number of an organisation; expected scheme:number")
    if by_identifier(register, identifier) is not None:
        raise InputError("--new: the register knows this number already; decide --same")
    return _enter(register, case, ("new", None, []), said, identifier)


def _enter(
    register: Register,
    case: Case,
    decided: tuple[str, Subject | None, list[dict[str, Any]]],
    said: tuple[str, str],
    identifier: str | None = None,
) -> Delivered:
    """Apply the row of a case under a number, as a delivery of its own, with the decision in its transaction."""
    decision, subject, evidence = decided
    number = identifier or (subject.identifier if subject else "")
    dropped = _DROPPED if subject else ()
    cells = {name: cell for name, cell in (case.cells or {}).items() if name not in dropped} | {"subject": number}

    def keep(connection: sa.Connection, kept: Mapping[str, Any]) -> None:
        about = connection.execute(sa.select(schema.subject.c.id).where(schema.subject.c.identifier == number))
        row = {"unlinked": case.number, "decision": decision, "evidence": evidence, "delivery": kept["number"]}
        _decide(connection, register, row | {"subject_id": about.scalar_one()}, said)

    return enter(register, case.source, cells, keep, file=f"review/{case.number}", what=f"case {case.number}")


def refuse(register: Register, number: int, by: str, reason: str) -> None:
    """Decide that it cannot be found whom a case is about: nothing of it is kept.

    Raises InputError where there is no such case, it is decided already, or a name or a reason is missing.
    """
    said = signed(by, reason)
    with turn(register.engine) as connection:
        _check_open(connection, number)
        row = {"unlinked": number, "decision": "refused", "subject_id": None, "evidence": [], "delivery": None}
        _decide(connection, register, row, said)


def different(register: Register, number: int, identifier: str, by: str, reason: str) -> None:
    """Say that a case is not about a subject, which is never offered for it again (R10).

    Raises InputError as `same` does.
    """
    said, subject = signed(by, reason), by_identifier(register, identifier)
    if subject is None:
        raise InputError(f"{identifier}: nobody in this register has this number")
    with turn(register.engine) as connection:
        _check_open(connection, number)
        _not_about(connection, number, subject.id, said)


def undo(register: Register, number: int, by: str, reason: str) -> Delivered:
    """Undo the decision that a case is about a subject: its record is withdrawn, and never offered for it again.

    Raises InputError where there is no such decision, it was undone before, or a name or a reason is missing.
    """
    said, decision = signed(by, reason), schema.link_decision.c
    with register.engine.connect() as connection:
        case = unlinked.case(connection, number)
        query = sa.select(schema.link_decision).where(decision.unlinked == number).order_by(decision.number.desc())
        last = connection.execute(query.limit(1)).one_or_none()
        if last is None or last.delivery is None or last.decision == "undone":
            raise InputError(f"case {number}: has no decision that could be undone")
        record = schema.record.c
        query = sa.select(sa.func.max(record.version)).where(
            record.source == case.source, record.document == case.document
        )
        version = connection.execute(query).scalar_one()
    cells = bare(_identifier(register, last.subject_id), case.document, version + 1)

    def keep(connection: sa.Connection, kept: Mapping[str, Any]) -> None:
        mark_undone(connection, register, (number, last.subject_id), kept["number"], said)

    return enter(register, case.source, cells, keep, file=f"review/{number}/undone", what=f"case {number}")


def mark_undone(
    connection: sa.Connection, register: Register, link: tuple[int, int], delivery: int, said: tuple[str, str]
) -> None:
    """Keep that the link of a case to a subject was undone, and by which delivery, in the transaction that is open."""
    row = {"unlinked": link[0], "decision": "undone", "subject_id": link[1], "evidence": [], "delivery": delivery}
    _decide(connection, register, row, said)
    _not_about(connection, *link, said)


def _decide(connection: sa.Connection, register: Register, row: Mapping[str, Any], said: tuple[str, str]) -> None:
    by, reason = said
    if row["decision"] != "undone":
        _check_open(connection, row["unlinked"], row["subject_id"])
    decision = dict(row) | {"by": by, "reason": reason, "on": register.today}
    events.add(connection, "link_decision", [decision])
    if not rereading.draw(connection, decision):
        unlinked.let_go(connection, row["unlinked"])


def _not_about(connection: sa.Connection, number: int, subject_id: int, said: tuple[str, str]) -> None:
    row = {"unlinked": number, "subject_id": subject_id, "by": said[0], "reason": said[1]}
    known = sa.exists().where(schema.not_about.c.unlinked == number, schema.not_about.c.subject_id == subject_id)
    if not connection.execute(sa.select(known)).scalar_one():
        events.add(connection, "not_about", [row])


def _open(register: Register, number: int, subject_id: int | None = None) -> Case:
    with register.engine.connect() as connection:
        _check_open(connection, number, subject_id)
        return unlinked.case(connection, number)


def _check_open(connection: sa.Connection, number: int, subject_id: int | None = None) -> None:
    unlinked.case(connection, number)
    decision, no = schema.link_decision, schema.not_about.c
    told = connection.execute(sa.select(decision).where(decision.c.unlinked == number).limit(1)).one_or_none()
    if told:
        raise InputError(f"case {number}: was decided on {told.on} by {told.by}: {told.decision}, {told.reason}")
    query = sa.select(no.by, no.reason).where(no.unlinked == number, no.subject_id == subject_id)
    if found := connection.execute(query).one_or_none():
        raise InputError(f"case {number}: was found not to be about this subject, by {found.by}: {found.reason}")


def signed(by: str, reason: str) -> tuple[str, str]:
    """Return who decides and why, trimmed. Raises InputError where either is missing."""
    for name, text in (("by", by), ("reason", reason)):
        if not text.strip():
            raise InputError(f"{name}: found nothing, expected who decides and why")
    return by.strip(), reason.strip()


def _identifier(register: Register, subject_id: int) -> str:
    with register.engine.connect() as connection:
        query = sa.select(schema.subject.c.identifier).where(schema.subject.c.id == subject_id)
        return str(connection.execute(query).scalar_one())
