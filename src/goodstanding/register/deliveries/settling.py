"""What stands where two people read a case differently: a third one decides, and nobody else does."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries import reviewing, unlinked
from goodstanding.register.log import events
from goodstanding.register.store.database import Register, turn


class Difference(NamedTuple):
    """A case that was read differently; subjects by their identifiers, for the registrar."""

    case: int
    by: str
    decision: str
    subject: str | None
    reader: str
    answer: str
    other: str | None
    until: dt.date


def differences(register: Register) -> list[Difference]:
    """Return what waits for a third person, the oldest first."""
    with register.engine.connect() as connection:
        return [Difference(*row) for row in connection.execute(_OPEN)]


_OPEN = sa.text("""
    SELECT unlinked, link_decision.by, decision, one.identifier, reader, answer, other.identifier, until
    FROM second_reading JOIN second USING (unlinked) JOIN link_decision USING (unlinked)
    LEFT JOIN subject AS one ON one.id = link_decision.subject_id
    LEFT JOIN subject AS other ON other.id = second_reading.subject_id
    WHERE NOT agrees AND NOT EXISTS (SELECT FROM second_end WHERE second_end.unlinked = second_reading.unlinked)
        AND NOT EXISTS (SELECT FROM link_decision AS undone WHERE undone.unlinked = second_reading.unlinked
            AND undone.decision = 'undone')
    ORDER BY unlinked""")


def settle(register: Register, number: int, by: str, reason: str, *, stands: bool) -> None:
    """Say whether what was decided first of a case stands. If not, its record is withdrawn, as `undo` does.

    A row that was wrongly refused is gone: its source sends it again. Raises InputError where the case does not wait
    for a third person, or that is one of the two, or a name or a reason is missing.
    """
    by, reason = reviewing.signed(by, reason)
    one = next((one for one in differences(register) if one.case == number), None)
    if one is None:
        raise InputError(
            f"case {number}: no two readings of it differ; goodstanding register settle lists those that do"
        )
    if by.casefold() in (one.by.casefold(), one.reader.casefold()):
        raise InputError(f"by: found {by}, who has read case {number}; expected a third person")
    if not stands and one.subject is not None:
        reviewing.undo(register, number, by, reason)
        return
    with turn(register.engine) as connection:
        row = {"unlinked": number, "stands": stands, "by": by, "reason": reason, "on": register.today}
        events.add(connection, "second_end", [row])
        unlinked.let_go(connection, number)
