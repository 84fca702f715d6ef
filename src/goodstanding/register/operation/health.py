"""Whether a register can do its work now; where not, why, without a word about anybody."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from goodstanding.register.ledger.merging import alarms
from goodstanding.register.ledger.pausing import paused
from goodstanding.register.log.sequence import OVERDUE, attested
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

_AHEAD = dt.timedelta(seconds=5)
"""So far the ledger may be ahead of the server's clock before that is told."""


def alarming(register: Register) -> list[str]:
    """Return what a person must look at though the register works; nothing where its database does not answer."""
    try:
        found, stopped = alarms(register), paused(register)
    except sa.exc.SQLAlchemyError:
        return []
    merges = [
        f"merge {one.merge.number}: made despite different {', '.join(map(str, one.despite))}, not acknowledged"
        for one in found
    ]
    return merges + [f"source {name}: its links are paused since {one.since}" for name, one in stopped.items()]


def unready(register: Register, limit: dt.timedelta = OVERDUE) -> list[str]:
    """Return why a register should be asked nothing now; nothing where it should. `limit`: of an event's waiting."""
    try:
        log = attested(register, limit)
        with register.engine.connect() as connection:
            row = connection.execute(_AHEAD_OF_CLOCK, {"ahead": _AHEAD}).one_or_none()
    except sa.exc.SQLAlchemyError as error:
        return [f"database: does not answer ({type(error).__name__})"]
    reasons = []
    if log.overdue:
        reasons.append(f"checkpoint: overdue; an event waits since {log.waiting_since:%Y-%m-%dT%H:%M:%SZ}")
    if row:
        reasons.append(f"clock: the server's stands {row.ahead} before the last delivery; set it right")
    return reasons


_AHEAD_OF_CLOCK = (
    sa.select((schema.delivery.c.known_on - sa.func.now()).label("ahead"))
    .where(
        schema.delivery.c.number == sa.select(sa.func.max(schema.delivery.c.number)).scalar_subquery(),
        schema.delivery.c.known_on > sa.func.now() + sa.bindparam("ahead", type_=sa.Interval),
    )
    .limit(1)
)
