"""A dossier: all records of a subject, as known on a day, and what a policy makes of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Change, Standing
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import Record, objects
from goodstanding.register import schema
from goodstanding.register.database import Register
from goodstanding.register.ledger import current
from goodstanding.register.policies import policy_of
from goodstanding.register.subjects import Subject


@dataclass(frozen=True)
class KnownRecord:
    """A record, when the register came to know it (UTC), and the delivery and row (from 1) that brought it."""

    record: Record
    known_on: dt.datetime
    delivery: int
    row: int


@dataclass(frozen=True)
class Dossier:
    """The records of a subject, in order of the day of the act."""

    subject: Subject
    records: tuple[KnownRecord, ...]


def dossier(register: Register, subject: Subject, known_on: dt.date | None = None) -> Dossier:
    """Return the records of a subject that were known by the end of a day in UTC; all of them where none is given."""
    with register.engine.connect() as connection:
        frame = current(connection, register.catalogue, "record.subject_id = %(id)s", {"id": subject.id})
        numbers = sa.select(schema.delivery.c.number, schema.delivery.c.known_on).where(
            schema.delivery.c.number.in_(frame["delivery"].unique())
        )
        clock = {number: at for number, at in connection.execute(numbers)}  # noqa: C416
    places = zip(objects(frame, register.catalogue), frame["delivery"], frame["row"], strict=True)
    records = [KnownRecord(record, clock[number], number, row) for record, number, row in places]
    known = [one for one in records if known_on is None or one.known_on.date() <= known_on]
    return Dossier(subject, tuple(sorted(known, key=lambda one: (one.record.act, one.delivery, one.row))))


def standing(register: Register, dossier: Dossier, policy: str, on: dt.date) -> Standing:
    """Return the standing under the newest version of a policy on a day, by the exact evaluator.

    Its receipt names the day (UTC) on which the last of the records became known. Raises InputError where the policy
    is not loaded, or not about such subjects.
    """
    known_on = max((one.known_on.date() for one in dossier.records), default=None)
    records = [one.record for one in dossier.records]
    return _evaluator(register, dossier, policy).standing(records, dossier.subject.is_a, on, known_on)


def changes(register: Register, dossier: Dossier, policy: str, on: dt.date) -> list[Change]:
    """Return the days after `on` on which the standing changes by itself. Raises InputError as `standing` does."""
    records = [one.record for one in dossier.records]
    return _evaluator(register, dossier, policy).changes(records, dossier.subject.is_a, on)


def history(register: Register, dossier: Dossier, policy: str, until: dt.date) -> list[Standing]:
    """Return the standing on every day until `until` on which it changed. Raises InputError as `standing` does."""
    records = [one.record for one in dossier.records]
    return _evaluator(register, dossier, policy).history(records, dossier.subject.is_a, until)


def _evaluator(register: Register, dossier: Dossier, policy: str) -> Evaluator:
    loaded = policy_of(register, policy)
    if dossier.subject.is_a not in loaded.policy.subjects:
        about = ", ".join(loaded.policy.subjects)
        raise InputError(f"policy {policy}: found a {dossier.subject.is_a}, expected one of {about}")
    return Evaluator(loaded, register.catalogue)
