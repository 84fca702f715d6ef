"""Sources whose links are not right often enough: what comes of them by likeness waits for a person, all of it.

What comes by number goes on. A source pauses when its precision is known to lie under `LIMIT`, or, from `ENOUGH`
answers on, not known to lie above; it is resumed by a better sample, or by a person who says why. Each is a fact.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.ledger.quality import MILLION, Measure, newest
from goodstanding.register.ledger.sources import source_of
from goodstanding.register.log import effects, events
from goodstanding.register.store.database import Register, turn

LIMIT = 0.95
"""What precision has to be, by the lower end of its interval."""
ENOUGH = 100
"""From so many answers on, what is not known to be right enough pauses. Fewer, all right, could not show it."""


class Paused(NamedTuple):
    """Since when a source is paused, and the precision for which, in the interval in which it lay."""

    source: str
    since: dt.date
    value: float
    low: float
    high: float
    answers: int


def paused(register: Register) -> dict[str, Paused]:
    """Return the sources whose links wait for a person, in order of id."""
    with register.engine.connect() as connection:
        return now_paused(connection)


def now_paused(connection: sa.Connection) -> dict[str, Paused]:
    """Return what `paused` does, in a transaction that is open."""
    return {
        row.source: Paused(row.source, row.on, row.value / MILLION, row.low / MILLION, row.high / MILLION, row.answers)
        for row in connection.execute(_PAUSED)
    }


_PAUSED = sa.text("""
    SELECT last.source, last.on, value, low, high, answers
    FROM (SELECT DISTINCT ON (source) * FROM pause ORDER BY source, number DESC) AS last
    JOIN quality ON quality.number = last.quality WHERE last.paused ORDER BY last.source""")


def judge(register: Register) -> None:
    """Pause and resume sources by their newest precision, and tell of each once."""
    with turn(register.engine) as connection:
        standing = now_paused(connection)
        for one in newest(connection):
            if one.group is None and one.measure == "precision":
                _judge(connection, one, register.today, is_paused=one.source in standing)


def _judge(connection: sa.Connection, one: Measure, today: dt.date, *, is_paused: bool) -> None:
    value, low, high, answers = one.figure
    if value is None or low is None or high is None:
        return
    enough = answers >= ENOUGH
    if is_paused and not (enough and low >= LIMIT):
        return
    if not is_paused and not (high < LIMIT or (enough and low < LIMIT)):
        return
    if connection.execute(_AFTER, {"source": one.source, "quality": one.number}).scalar_one():
        return
    _keep(connection, one.source, today, paused=not is_paused, quality=one.number)


_AFTER = sa.text("""
    SELECT EXISTS (SELECT FROM pause JOIN quality ON quality.number = :quality
        WHERE pause.source = :source
            AND (pause.quality = :quality OR pause.by IS NOT NULL AND pause.at >= quality.at))""")
"""Whether what is measured was judged already: by the register, or by a person who knew it."""


def resume(register: Register, source: str, by: str, reason: str) -> None:
    """Resume a paused source: a person's decision, that what was read till now no longer speaks against.

    Raises InputError where there is no such source, it is not paused, or a name or a reason is missing.
    """
    for name, text in (("by", by), ("reason", reason)):
        if not text.strip():
            raise InputError(f"{name}: found nothing, expected who decides and why")
    source_of(register, source)
    with turn(register.engine) as connection:
        if source not in now_paused(connection):
            raise InputError(f"source {source}: is not paused")
        _keep(connection, source, register.today, paused=False, by=by.strip(), reason=reason.strip())


def _keep(connection: sa.Connection, source: str, on: dt.date, *, paused: bool, **why: object) -> None:
    row = {"source": source, "paused": paused, "limit": round(LIMIT * MILLION), "on": on, **why}
    (kept,) = events.add(connection, "pause", [row])
    kind = "paused" if paused else "resumed"
    effects.put(connection, f"linkage/{kept['number']}", f"linkage-{kind}", {"source": source, "on": on.isoformat()})
