"""Persons of a synthetic city that anyone may sign in as, to see what an envelope looks like."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from goodstanding.facts.world import World
from goodstanding.register.ledger.subjects import Subject, subject
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

_MANY = 5


def example_persons(register: Register) -> list[Subject]:
    """Return five persons with records, of as many different grades as there are; none where the world is real."""
    if register.world is not World.SYNTHETIC:
        return []
    who, standing, record = schema.subject.c, schema.standing.c, schema.record.c
    recorded = sa.exists().where(record.subject_id == who.id)
    persons = sa.select(who.number).where(who.is_a == "person", who.born.is_not(None), recorded)
    graded = persons.join(schema.standing, standing.subject_id == who.id).where(standing.grade.is_not(None))
    varied = graded.ext(distinct_on(standing.grade)).order_by(standing.grade.desc(), who.id)
    with register.engine.connect() as connection:
        numbers = [*connection.execute(varied.limit(_MANY)).scalars()]
        numbers += connection.execute(persons.order_by(who.id).limit(_MANY)).scalars()
    found = [subject(register, number) for number in list(dict.fromkeys(numbers))[:_MANY]]
    return [one for one in found if one is not None]
