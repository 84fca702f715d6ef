"""Merging and splitting subjects, each a fact; a merge against "these are different" is an alarm until acknowledged.

Organisations and things are merged by whoever keeps the register; persons only where an authority's act gave one person
both numbers, and name and day of birth agree: never because they are alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.merges import Merged
from goodstanding.register.ledger.subjects import Subject
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn

_SAME, _APART, _DIFFERENT, _END = schema.same.c, schema.apart.c, schema.different.c, schema.alarm_end.c
_STANDS = ~sa.exists().where(schema.different_end.c.different == _DIFFERENT.number)
"""That something says that two are different, and was not taken back."""
_LONGEST = 500


@dataclass(frozen=True)
class Different:
    """That two subjects (public numbers) are not the same; `at` is the clock of the database, in UTC."""

    number: int
    a: str
    b: str
    by: str
    reason: str
    at: dt.datetime


@dataclass(frozen=True)
class Alarm:
    """A merge that was made against what was said before, by the numbers of `different`, and is not acknowledged."""

    merge: Merged
    despite: tuple[int, ...]


def merge(
    register: Register,
    kept: Subject,
    merged: Subject,
    by: str,
    reason: str,
    *,
    act: str | None = None,
    despite: Iterable[int] = (),
) -> Merged:
    """Let a subject lead to another from now on; both are told.

    act: of the authority that gave one person both numbers, needed for persons alone. despite: the numbers of what
    says that they are different, all of it, for a merge that is made against it and raises an alarm.
    Raises InputError where they are not of one sort, are one already, or are said to be different; of persons, where
    no act is given or name and day of birth are not the same; where nothing is said of `by` or `reason`.
    """
    said = _said(by, reason) | {"act": act.strip() or None if act else None}
    _check_sort(kept, merged, said["act"])
    with turn(register.engine) as connection:
        _check_apart(connection, kept, merged)
        against = [one.number for one in _between(connection, kept, merged)]
        _check_despite(against, sorted({*despite}))
        row = {"kept": kept.id, "merged": merged.id, "despite": against, **said}
        fact = events.add(connection, "same", [row])[0]
        _tell(connection, "merged", fact, (kept, merged))
        if against:
            message = {"merge": fact["number"], "kept": kept.number, "merged": merged.number, "despite": against}
            effects.put(connection, f"merge-alarm/{fact['number']}", "merge-alarm", message)
        return _fact(connection, fact["number"])


def split(register: Register, number: int, by: str, reason: str) -> Merged:
    """Undo the merge of a number: everything is as if it had never been made. Both subjects are told.

    Raises InputError where there is no such merge, it was undone before, or nothing is said of `by` or `reason`.
    """
    said = _said(by, reason)
    with turn(register.engine) as connection:
        found = _fact(connection, number)
        if found.ended is not None:
            raise InputError(f"merge {number}: was split before, on {found.ended.date()}")
        events.add(connection, "apart", [{"same": number, **said}])
        fact = connection.execute(sa.select(schema.same).where(_SAME.number == number)).mappings().one()
        own = schema.subject.c
        query = sa.select(own.id, own.number).where(own.id.in_([fact["kept"], fact["merged"]])).order_by(own.id)
        _tell(connection, "split", {**fact, "reason": said["reason"]}, connection.execute(query).all())
        return _fact(connection, number)


def differ(register: Register, one: Subject, other: Subject, by: str, reason: str) -> Different:
    """Say that two subjects are not the same: from now on they are merged only despite it.

    Raises InputError where they are one subject, are merged, it was said before, or `by` or `reason` says nothing.
    """
    said = _said(by, reason)
    if one.id == other.id:
        raise InputError(f"subject {one.number}: is no other than itself; expected two subjects")
    a, b = sorted((one.id, other.id))
    with turn(register.engine) as connection:
        if other.id in (own := merges.members(connection, one.id)):
            facts = ", ".join(str(fact.number) for fact in merges.merged(connection, own))
            raise InputError(f"subjects {one.number} and {other.number}: are one by merge {facts}; split that first")
        before = connection.execute(
            sa.select(_DIFFERENT.number).where(_DIFFERENT.a == a, _DIFFERENT.b == b, _STANDS)
        ).scalar_one_or_none()
        if before is not None:
            raise InputError(f"subjects {one.number} and {other.number}: are said to be different already, by {before}")
        number = events.add(connection, "different", [{"a": a, "b": b, **said}])[0]["number"]
        return next(kept for kept in _differences(connection) if kept.number == number)


def take_back(register: Register, number: int, by: str, reason: str) -> None:
    """Take back that two subjects are different: they can be merged, or said to be different, again.

    A merge that was made despite it stays an alarm until somebody acknowledges it. Raises InputError where it was not
    said, it was taken back before, or `by` or `reason` says nothing.
    """
    said = _said(by, reason)
    with turn(register.engine) as connection:
        standing = [one.number for one in _differences(connection)]
        if number not in standing:
            raise InputError(f"different {number}: does not stand; goodstanding register merges lists those that do")
        events.add(connection, "different_end", [{"different": number, **said}])


def acknowledge(register: Register, number: int, by: str, reason: str) -> None:
    """End the alarm of a merge: somebody has looked at it. The merge stands as it is.

    Raises InputError where the merge is not there or raised none, it was acknowledged before, or nothing is said.
    """
    said = _said(by, reason)
    with turn(register.engine) as connection:
        _fact(connection, number)
        open_ = [one.merge.number for one in _alarms(connection)]
        if number not in open_:
            raise InputError(f"merge {number}: has no open alarm; open are {open_ or 'none'}")
        events.add(connection, "alarm_end", [{"same": number, **said}])


def all_merges(register: Register) -> tuple[Merged, ...]:
    """Return every merge that was ever made, in order of number."""
    with register.engine.connect() as connection:
        return merges.told(connection)


def differences(register: Register) -> tuple[Different, ...]:
    """Return what says that subjects are different, and was not taken back, in order of number."""
    with register.engine.connect() as connection:
        return tuple(_differences(connection))


def alarms(register: Register) -> tuple[Alarm, ...]:
    """Return the merges that were made against what was said before and that nobody has acknowledged, in order."""
    with register.engine.connect() as connection:
        return tuple(_alarms(connection))


def between(connection: sa.Connection, one: Subject, other: Subject) -> tuple[int, ...]:
    """Return the numbers of what says that two subjects, or any who are one with them, are different."""
    return tuple(row.number for row in _between(connection, one, other))


def _said(by: str, reason: str) -> dict[str, Any]:
    said = {"by": by.strip(), "reason": reason.strip()}
    for name, text in said.items():
        if not 0 < len(text) <= _LONGEST:
            raise InputError(f"{name}: found {len(text)} characters, expected 1 to {_LONGEST}: who decides, and why")
    return said


def _check_sort(kept: Subject, merged: Subject, act: str | None) -> None:
    both = f"subjects {kept.number} and {merged.number}"
    if kept.id == merged.id:
        raise InputError(f"subject {kept.number}: is no other than itself; expected two subjects")
    if kept.is_a != merged.is_a:
        raise InputError(f"{both}: found a {kept.is_a} and a {merged.is_a}, expected two of one sort")
    if kept.publishable != merged.publishable:
        raise InputError(f"{both}: one may be shown to the public and the other not; such are never merged")
    if kept.is_a != "person":
        return
    if act is None:
        raise InputError(f"{both}: are persons; expected --act, the authority's act that gave one person both numbers")
    for name in ("name", "born"):
        if not getattr(kept, name) or getattr(kept, name) != getattr(merged, name):
            raise InputError(f"{both}: are persons whose {name} does not agree; such are never merged")


def _check_apart(connection: sa.Connection, kept: Subject, merged: Subject) -> None:
    lead = merges.leading(connection, [kept.id, merged.id])
    if lead[kept.id] == lead[merged.id]:
        raise InputError(f"subjects {kept.number} and {merged.number}: are one already")
    if lead[merged.id] != merged.id:
        number = connection.execute(
            sa.text("SELECT number FROM same_then(NULL) WHERE merged = :id"), {"id": merged.id}
        ).scalar_one()
        raise InputError(
            f"subject {merged.number}: is merged already, by merge {number}; split that, or merge whom it leads to"
        )


def _check_despite(against: list[int], despite: list[int]) -> None:
    missing, idle = sorted({*against} - {*despite}), sorted({*despite} - {*against})
    if missing:
        options = " ".join(f"--despite {number}" for number in missing)
        raise InputError(
            f"these are said to be different, by {', '.join(map(str, missing))}; where they are the same after all, "
            f"say {options}, which raises an alarm"
        )
    if idle:
        raise InputError(f"despite {idle[0]}: does not say that these two are different; leave it out")


def _between(connection: sa.Connection, one: Subject, other: Subject) -> list[Any]:
    first, second = (merges.members(connection, side.id) for side in (one, other))
    across = sa.or_(
        sa.and_(_DIFFERENT.a.in_(first), _DIFFERENT.b.in_(second)),
        sa.and_(_DIFFERENT.b.in_(first), _DIFFERENT.a.in_(second)),
    )
    return [*connection.execute(sa.select(schema.different).where(across, _STANDS).order_by(_DIFFERENT.number))]


def _tell(connection: sa.Connection, kind: str, fact: Any, subjects: Iterable[Any]) -> None:
    """Put a message to each of two subjects into the outbox: numbers and the reason, and nothing of a person's."""
    both = [one.number for one in subjects]
    for whose, other in (both, both[::-1]):
        message = {"merge": fact["number"], "subject": whose, "other": other, "reason": fact["reason"]}
        effects.put(connection, f"{kind}/{fact['number']}/{whose}", kind, message)


def _fact(connection: sa.Connection, number: int) -> Merged:
    found = merges.told(connection, number)
    if not found:
        raise InputError(f"merge {number}: there is none; goodstanding register merges lists them")
    return found[0]


def _differences(connection: sa.Connection) -> list[Different]:
    a, b = schema.subject.alias("first"), schema.subject.alias("second")
    query = sa.select(
        _DIFFERENT.number,
        a.c.number.label("a"),
        b.c.number.label("b"),
        _DIFFERENT.by,
        _DIFFERENT.reason,
        _DIFFERENT.at,
    )
    query = query.join_from(schema.different, a, a.c.id == _DIFFERENT.a).join(b, b.c.id == _DIFFERENT.b)
    query = query.where(_STANDS).order_by(_DIFFERENT.number)
    return [Different(**row) for row in connection.execute(query).mappings()]


def _alarms(connection: sa.Connection) -> list[Alarm]:
    query = sa.select(_SAME.number, _SAME.despite).where(
        sa.func.cardinality(_SAME.despite) > 0, ~sa.exists().where(_END.same == _SAME.number)
    )
    return [
        Alarm(_fact(connection, number), tuple(despite))
        for number, despite in connection.execute(query.order_by(_SAME.number)).all()
    ]
