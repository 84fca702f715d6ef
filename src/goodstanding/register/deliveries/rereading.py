"""Second readings: of what people decided of cases, one in `ONE_IN` is decided again by another, who is not told.

Which ones is a lot: the salt of the event of the row that came. The log holds it before anybody decides; it follows
from nothing in the row, and nobody is shown it. What came is kept until both agree, or a third person has said what
stands (`settling`), for at most `DAYS`; it goes when the decision is undone, and within the hour when the record is
erased. A second answer changes nothing by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.linkage.intervals import NOT_KNOWN, Figure, share
from goodstanding.linkage.readers import Agreement, Reading, agreement, by_reader
from goodstanding.register.deliveries import unlinked
from goodstanding.register.deliveries.unlinked import Case
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.grounds import REGISTER
from goodstanding.register.ledger.quality import WINDOW
from goodstanding.register.ledger.subjects import Subject, by_identifier
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn

ONE_IN = 5
"""Of so many decisions one is read again."""
DAYS = 28
"""How long what came is kept for a second reading, and for a third person where two differ."""
ANSWERS = ("same", "new", "refused")


@dataclass(frozen=True)
class Again:
    """A case that is read again: what came, and whom the register found likely, in no order that tells anything."""

    case: Case
    sides: tuple[Subject, ...]


def draw(connection: sa.Connection, decision: Mapping[str, Any]) -> bool:
    """Ask for a second reading of what a person just decided, if the lot falls on its case; return whether it does."""
    if decision["decision"] == "undone" or decision["by"] == REGISTER:
        return False
    event, number = schema.event.c, decision["unlinked"]
    query = sa.select(event.salt).where(event.kind == "unlinked", event.key == str(number))
    if not drawn(connection.execute(query).scalar_one()):
        return False
    until = decision["on"] + dt.timedelta(days=DAYS)
    events.add(connection, "second", [{"unlinked": number, "until": until}])
    return True


def drawn(salt: bytes) -> bool:
    """Return whether the lot of a case falls on it: of `ONE_IN` salts one does."""
    return int.from_bytes(hashlib.sha256(b"second reading\0" + salt).digest()[:8]) % ONE_IN == 0


def to_be_read(register: Register, reader: str | None) -> list[Again]:
    """Return the cases that nobody has read again, but those that this reader decided, in order.

    What was decided, by whom, and what weighed how much is not told.
    """
    with register.engine.connect() as connection:
        asked = {"reader": reader and reader.strip(), "today": register.today}
        cases = [unlinked.case(connection, number) for number in connection.execute(_ASKED, asked).scalars().all()]
        found = {one.number: connection.execute(_FOUND, {"case": one.number}).scalars().all() for one in cases}
    told = {name: by_identifier(register, name) for some in found.values() for name in some}
    return [Again(one, tuple(side for name in found[one.number] if (side := told[name]))) for one in cases]


_ASKED = sa.text("""
    SELECT second.unlinked FROM second
    JOIN link_decision USING (unlinked) JOIN unlinked_content USING (unlinked)
    WHERE until >= :today AND (CAST(:reader AS text) IS NULL OR lower(link_decision.by) <> lower(:reader))
        AND NOT EXISTS (SELECT FROM second_reading WHERE second_reading.unlinked = second.unlinked)
        AND NOT EXISTS (SELECT FROM link_decision AS undone
            WHERE undone.unlinked = second.unlinked AND undone.decision = 'undone')
    ORDER BY second.unlinked""")
_FOUND = sa.text("""
    SELECT identifier FROM candidate JOIN subject ON subject.id = subject_id
    WHERE unlinked = :case AND model = (SELECT max(model) FROM candidate WHERE unlinked = :case)
    ORDER BY subject.number""")


def answer(register: Register, number: int, reader: str, said: str, identifier: str | None = None) -> None:
    """Keep what a second reader says of a case: about the one with this identifier, a new one, or nobody can tell.

    Where it differs from what was decided, that is told, and waits for a third person. Raises InputError where the case
    is not to be read again by this reader, there is no such answer, subject or reader.
    """
    reader = reader.strip()
    if not reader:
        raise InputError("reader: found nothing, expected the name of who reads")
    if said not in ANSWERS or (identifier is None) == (said == "same"):
        raise InputError(f"answer: found {said[:100]!r}, expected same with a subject, new or refused")
    about = by_identifier(register, identifier) if identifier else None
    if identifier and (about is None or about.is_a == "person"):
        raise InputError(f"{identifier}: no organisation of this register; expected its identifier, scheme:number")
    with turn(register.engine) as connection:
        asked = {"reader": reader, "today": register.today}
        if number not in connection.execute(_ASKED, asked).scalars().all():
            raise InputError(f"case {number}: is not to be read again by {reader}; goodstanding register reread lists")
        first = connection.execute(_FIRST, {"case": number}).one()
        agrees = _agrees(connection, first, said, about)
        row = {"unlinked": number, "reader": reader, "answer": said, "subject_id": about and about.id}
        events.add(connection, "second_reading", [row | {"agrees": agrees, "on": register.today}])
        if agrees:
            unlinked.let_go(connection, number)
        else:
            effects.put(connection, f"second/{number}", "readings-differ", {"case": number})


_FIRST = sa.text("SELECT decision, subject_id FROM link_decision WHERE unlinked = :case AND decision <> 'undone'")


def _agrees(connection: sa.Connection, first: sa.Row[Any], said: str, about: Subject | None) -> bool:
    if about is None:
        return bool(first.decision == said)
    return first.subject_id is not None and first.subject_id in merges.members(connection, about.id)


def let_go(register: Register) -> int:
    """Let go what is kept longer than it may be, or of a record that was erased; return of how many cases."""
    with turn(register.engine) as connection:
        numbers = connection.execute(_OVER, {"today": register.today}).scalars().all()
        for number in numbers:
            unlinked.let_go(connection, number)
    return len(numbers)


_OVER = sa.text("""
    SELECT DISTINCT second.unlinked FROM second
    JOIN unlinked_content USING (unlinked) JOIN link_decision USING (unlinked)
    WHERE until < :today OR decision = 'undone'
        OR EXISTS (SELECT FROM erasure WHERE erasure.delivery = link_decision.delivery)
    ORDER BY second.unlinked""")


class Reviewer(NamedTuple):
    """How right a person is by second readings: how often both agree, kappa, and how many answers stood in the end."""

    read: Agreement
    stood: Figure


def reviewers(register: Register) -> dict[str, Reviewer]:
    """Return the figures of who decided or read again what was decided within `WINDOW`; for the registrar only.

    An answer stood where both agree, or where a third person found so; what waits for a third counts there nowhere.
    """
    with register.engine.connect() as connection:
        rows = connection.execute(_BOTH, {"since": register.today - WINDOW}).all()
    readings: list[Reading] = []
    stood: dict[str, list[bool]] = {}
    for row in rows:
        first = f"{row.decision} {row.about}"
        second = first if row.agrees else f"{row.answer} {row.other}"
        readings += [Reading(str(row.unlinked), row.by, first), Reading(str(row.unlinked), row.reader, second)]
        if row.stands is not None:
            stood.setdefault(row.by, []).append(row.stands)
            stood.setdefault(row.reader, []).append(row.agrees or not row.stands)
    return {name: Reviewer(agreement(own), _share(stood.get(name, ()))) for name, own in by_reader(readings).items()}


def _share(right: Any) -> Figure:
    return share(sum(right) / len(right), len(right), len(right)) if right else NOT_KNOWN


_BOTH = sa.text("""
    SELECT unlinked, link_decision.by, decision, link_decision.subject_id AS about, reader, answer,
        second_reading.subject_id AS other, agrees,
        CASE WHEN agrees THEN true WHEN undone.gone THEN false ELSE stands END AS stands
    FROM second_reading JOIN link_decision USING (unlinked) LEFT JOIN second_end USING (unlinked)
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM link_decision AS later
        WHERE later.unlinked = second_reading.unlinked AND decision = 'undone') AS gone) AS undone
    WHERE decision <> 'undone' AND link_decision."on" >= :since ORDER BY unlinked""")
