"""Looks at dossiers are kept for two years: then nothing is left of one but whom it was at, and when."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

CLAUSE = "charter R04: who looked is kept for two years"
_AT_ONCE = 5_000


def forget(register: Register, on: dt.date) -> int:
    """Forget the looks of two years and more before a day (UTC); return how many.

    The function `forget` of the database empties them, and the salts with which their events could be guessed; it lets
    nobody do so before the time. Run again, it finds nothing more to do.
    """
    count = 0
    while part := _part(register, on):
        count += part
    return count


def _part(register: Register, on: dt.date) -> int:
    with register.engine.begin() as connection:
        gone = connection.execute(_FORGOTTEN, {"clause": CLAUSE, "on": on, "limit": _AT_ONCE}).scalars().all()
        erasure = schema.access_erasure
        rows = connection.execute(sa.select(erasure).where(erasure.c.access.in_(gone))).mappings().all()
        events.happened(connection, erasure.name, [dict(row) for row in rows])
        return len(gone)


_FORGOTTEN = sa.text("""
    WITH due AS MATERIALIZED (
        SELECT number FROM access WHERE who IS NOT NULL AND at < (CAST(:on AS date) + 1 - interval '2 years')
        AND (at AT TIME ZONE 'UTC' + interval '2 years')::date <= :on ORDER BY at LIMIT :limit),
    done AS MATERIALIZED (SELECT number, forget(number, :clause, :on) AS gone FROM due)
    SELECT number FROM done WHERE gone""")
"""What another job forgets meanwhile is not counted twice."""
