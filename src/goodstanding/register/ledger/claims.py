"""What was said of whom a record is about, after it came: by its subject, or by a person of the register.

The last word on a document and a subject rules. What the subject says holds at once, so that the record counts for
nothing meanwhile; a person of the register has the word after it, and where nobody says anything in time, it stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.register.store.database import Register

DAYS = 15
"""So many days a person of the register has to look at what a subject says (charter R07)."""


@dataclass(frozen=True)
class Claim:
    """That a record, named by its delivery and row, is about its subject (a public number), or is not.

    own: the subject says so itself. on: the day by the register's own calendar. due: the last day for a person of the
    register to say something; None where none need. last: nothing was said of it later.
    """

    number: int
    delivery: int
    row: int
    source: str
    subject: str
    about: bool
    own: bool
    by: str
    reason: str
    on: dt.date
    last: bool

    @property
    def due(self) -> dt.date | None:
        """The last day for a person of the register to say something, while nobody has."""
        return self.on + dt.timedelta(DAYS) if self.own and self.last else None


def claims(register: Register, ids: Sequence[int] | None = None) -> tuple[Claim, ...]:
    """Return all that was said, or what was said of records of some subjects, in order of number."""
    with register.engine.connect() as connection:
        return told(connection, ids)


def told(connection: sa.Connection, ids: Sequence[int] | None = None) -> tuple[Claim, ...]:
    """Return the same in a transaction that is open."""
    rows = connection.execute(_CLAIMS, {"ids": None if ids is None else list(ids)}).mappings()
    return tuple(Claim(**row) for row in rows)


_CLAIMS = sa.text("""
    SELECT claim.number, claim.delivery, claim.row, record.source, subject.number AS subject, about, own, by, reason,
        "on",        NOT EXISTS (SELECT FROM claim AS later WHERE later.repeats = claim.repeats
            AND later.subject_id = claim.subject_id AND later.number > claim.number) AS last
    FROM claim JOIN record ON (record.delivery, record.row) = (claim.delivery, claim.row)
    JOIN subject ON subject.id = claim.subject_id
    WHERE CAST(:ids AS bigint[]) IS NULL OR claim.subject_id = ANY (:ids) ORDER BY claim.number""")
