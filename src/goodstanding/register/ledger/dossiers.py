"""A dossier: all records of a subject, as known on a day, and what a policy makes of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Change, Outcome, Standing
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import VALID, Record, objects
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.lateness import Pause, pauses, pausing
from goodstanding.register.ledger.policies import policy_of
from goodstanding.register.ledger.records import Lost, last_known, lost, recorded
from goodstanding.register.ledger.subjects import Subject, whom
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register


@dataclass(frozen=True)
class KnownRecord:
    """A record, when the register came to know it (UTC), and the delivery and row (from 1) that brought it.

    `version` of the document; `superseded_on`: when a higher one came, None while this one stands.
    """

    record: Record
    known_on: dt.datetime
    delivery: int
    row: int
    version: int = 1
    superseded_on: dt.datetime | None = None


@dataclass(frozen=True)
class Withdrawal:
    """A version with which a source takes a document back."""

    source: str
    document: str
    version: int
    known_on: dt.datetime
    delivery: int
    row: int


@dataclass(frozen=True)
class Erased:
    """What is left of a record: where and when it came, the clause under which it was erased, and from which day on."""

    delivery: int
    row: int
    known_on: dt.datetime
    clause: str
    on: dt.date


@dataclass(frozen=True)
class Dossier:
    """What is held of a subject, as known on a day (None: now).

    `records` are those that stand, `superseded` those that were corrected or withdrawn, each in order of the day of the
    act; `withdrawals` and `erased` in order of arrival. `merged`: the merges by which others' records are among them;
    `ids`: the places of all who are one, the subject's own first.
    """

    subject: Subject
    records: tuple[KnownRecord, ...]
    superseded: tuple[KnownRecord, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    erased: tuple[Erased, ...] = ()
    known_on: dt.date | None = None
    merged: tuple[merges.Merged, ...] = ()
    ids: tuple[int, ...] = ()


def dossier(register: Register, subject: Subject, known_on: dt.date | None = None) -> Dossier:
    """Return what was known of a subject by the end of a day in UTC; all that is known where none is given.

    What was erased since is among `erased` only: nothing brings it back. It is the dossier of all who were one with the
    subject, as known on that day, under the subject to whom they led.
    """
    then = merges.moment(known_on)
    with register.engine.connect() as connection:
        subject = whom(connection, subject, then)
        own = merges.members(connection, subject.id, then)
        merged = merges.merged(connection, own, then) if len(own) > 1 else ()
        frame = recorded(connection, register.catalogue, "record.subject_id = ANY (%(ids)s)", {"ids": own})
        ended = connection.execute(_ENDED, {"ids": own}).all()
        erased = connection.execute(_ERASED, {"ids": own}).all()
        by = [one.by_delivery for one in ended]
        numbers = sa.select(schema.delivery.c.number, schema.delivery.c.known_on).where(
            schema.delivery.c.number.in_({*frame["delivery"], *by})
        )
        clock = {number: at for number, at in connection.execute(numbers)}  # noqa: C416

    def was_known(number: int) -> bool:
        return known_on is None or clock[number].date() <= known_on

    until = {(one.delivery, one.row): clock[one.by_delivery] for one in ended if was_known(one.by_delivery)}
    frame = frame.filter(pl.col("delivery").is_in([number for number in clock if was_known(number)]))
    records = _known(register, frame.filter(pl.col("kind").is_not_null(), pl.col("state") == VALID), clock, until)
    taken = frame.filter(pl.col("document").is_not_null(), pl.col("state") != VALID)
    columns = ("source", "document", "version", "delivery", "row")
    return Dossier(
        subject,
        tuple(one for one in records if one.superseded_on is None),
        tuple(one for one in records if one.superseded_on is not None),
        tuple(Withdrawal(s, d, v, clock[n], n, r) for s, d, v, n, r in taken.select(columns).iter_rows()),
        tuple(Erased(n, r, clock[n], clause, on) for n, r, clause, on in erased if was_known(n)),
        known_on,
        merged,
        tuple(own),
    )


_ENDED = sa.text("""
    SELECT superseded.delivery, superseded.row, by_delivery FROM superseded JOIN record USING (delivery, row)
    WHERE subject_id = ANY (:ids)""")
_ERASED = sa.text("""
    SELECT delivery, row, clause, "on" FROM erasure WHERE subject_id = ANY (:ids) ORDER BY delivery, row""")


def _known(
    register: Register, frame: pl.DataFrame, clock: dict[int, dt.datetime], until: dict[tuple[int, int], dt.datetime]
) -> list[KnownRecord]:
    """Return records with the register's own clock, in order of the day of the act."""
    places = zip(objects(frame, register.catalogue), *frame.select("delivery", "row", "version"), strict=True)
    known = []
    for record, delivery, row, version in places:
        end, start = until.get((delivery, row)), clock[delivery]
        timed = replace(record, known=start.date(), withdrawn=end.date() if end else None)
        known.append(KnownRecord(timed, start, delivery, row, version, end))
    return sorted(known, key=lambda one: (one.record.act, one.delivery, one.row))


def standing(
    register: Register, dossier: Dossier, policy: str, on: dt.date, known_on: dt.date | None = None
) -> Standing:
    """Return the standing under the newest version of a policy on a day, by the exact evaluator.

    known_on: as known on that day (UTC), by the register's own clock; where it is not given, as the dossier is known.
    The receipt names it, or the day on which the last of the records became known. Not decidable where it would need
    what was erased since, or rests on records that pause because a source is late. Raises InputError where the policy
    is not loaded, or not about such subjects.
    """
    known = known_on or dossier.known_on
    dossier = _as_one_then(register, dossier, known_on)
    evaluator = _evaluator(register, dossier, policy)
    found = evaluator.standing(_timed(dossier), dossier.subject.is_a, on, known or _last(dossier))
    return guarded(found, [*_lost(register, dossier, on, known), *_paused(register, dossier, evaluator, on, known)])


def changes(register: Register, dossier: Dossier, policy: str, on: dt.date) -> list[Change]:
    """Return the days after `on` on which the standing changes by itself, where sources go on delivering on time.

    None where it is not known what it is. Raises InputError as `standing` does.
    """
    known = dossier.known_on
    evaluator = _evaluator(register, dossier, policy)
    if _lost(register, dossier, on, known) or _paused(register, dossier, evaluator, on, known):
        return []
    return evaluator.changes(_timed(dossier), dossier.subject.is_a, on, known or _last(dossier))


def history(register: Register, dossier: Dossier, policy: str, until: dt.date) -> list[Standing]:
    """Return the standing on every day until `until` on which it changed. Raises InputError as `standing` does."""
    known = dossier.known_on or _last(dossier)
    evaluator = _evaluator(register, dossier, policy)
    steps = evaluator.history(_timed(dossier), dossier.subject.is_a, until, known)
    needed = _lost(register, dossier, dt.date.min, dossier.known_on)
    always = _lost(register, dossier, dt.date.max, dossier.known_on)
    told = [guarded(step, [one for one in needed if one.on > step.on or one in always]) for step in steps]
    first = min(_paused(register, dossier, evaluator, until, dossier.known_on).values(), default=None)
    if first is None:
        return told
    return [*(step for step in told if step.on < first), standing(register, dossier, policy, first)]


def guarded(standing: Standing, needed: Iterable[Lost | Pause]) -> Standing:
    """Return a standing as not decidable where what it needs was erased or is stale; it says what, and since when."""
    missing = tuple(str(one) for one in needed)
    if not missing:
        return standing
    empty: dict[str, Any] = {"score": None, "grade": None, "measures": (), "stages": (), "decisions": {}}
    empty |= {"ground": None, "clause": None, "reason": None}
    return replace(standing, outcome=Outcome.NOT_DECIDABLE, missing=missing, **empty)


def _as_one_then(register: Register, held: Dossier, known_on: dt.date | None) -> Dossier:
    """The dossier of those who were one on a day, where they are not those whose dossier it is."""
    if known_on is None or known_on == held.known_on:
        return held
    with register.engine.connect() as connection:
        own = merges.members(connection, held.subject.id, merges.moment(known_on))
    return held if own == list(held.ids) else dossier(register, held.subject, known_on)


def _timed(dossier: Dossier) -> list[Record]:
    return [one.record for one in (*dossier.records, *dossier.superseded)]


def _last(dossier: Dossier) -> dt.date | None:
    """The day on which the last became known of all that is known, corrections and merges among it."""
    days = [one.known_on for one in dossier.records] + [one.at for one in dossier.merged]
    days += [one.superseded_on for one in dossier.superseded if one.superseded_on]
    return max(days).date() if days else None


def _lost(register: Register, dossier: Dossier, on: dt.date, known_on: dt.date | None) -> Sequence[Lost]:
    if not dossier.erased:
        return ()
    with register.engine.connect() as connection:
        return lost(connection, "record.subject_id = ANY (%(ids)s)", {"ids": [*dossier.ids]}, on, known_on)


def _paused(
    register: Register, dossier: Dossier, evaluator: Evaluator, on: dt.date, known_on: dt.date | None
) -> dict[Pause, dt.date]:
    """The pauses that a standing on a day is under, as known on a day (None: as the dossier is known)."""
    known = known_on or _last(dossier) or on
    records = [one for one in _timed(dossier) if one.act <= on and one.known_on(known)]
    with register.engine.connect() as connection:
        last = None if known_on is None else last_known(connection, known_on)
        return pausing(pauses(connection, evaluator.policy, register.catalogue, on, last), records)


def _evaluator(register: Register, dossier: Dossier, policy: str) -> Evaluator:
    loaded = policy_of(register, policy)
    if dossier.subject.is_a not in loaded.policy.subjects:
        about = ", ".join(loaded.policy.subjects)
        raise InputError(f"policy {policy}: found a {dossier.subject.is_a}, expected one of {about}")
    return Evaluator(loaded, register.catalogue)
