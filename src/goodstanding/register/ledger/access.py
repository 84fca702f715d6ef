"""Who looked at a subject's dossier, when and what for: shown to the subject for two years, then forgotten."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.subjects import Subject
from goodstanding.register.log import acts, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register


@dataclass(frozen=True)
class Access:
    """One look at a dossier; `at` is the clock of the database, in UTC."""

    at: dt.datetime
    who: str
    role: str
    purpose: str
    what: str


def log_access(register: Register, subject: Subject, who: str, role: str, purpose: str, what: str) -> None:
    """Write down a look before it is allowed, at each of those who are one: when this returns, it is durable.

    Raises InputError where who, role or purpose is not said.
    """
    said = {"who": who.strip(), "role": role.strip(), "purpose": purpose.strip()}
    for name, text in said.items():
        if not text:
            raise InputError(f"{name}: found nothing, expected who looks, in which role and for what purpose")
    with register.engine.connect() as connection:
        own = merges.members(connection, subject.id)
    if len(own) == 1:
        acts.add(register, "access", {"subject_id": subject.id, **said, "what": what})
        return
    with register.engine.begin() as connection:
        events.add(connection, "access", [{"subject_id": one, **said, "what": what} for one in own])


def accesses(register: Register, subject: Subject) -> list[Access]:
    """Return the looks at a subject's dossier that are not forgotten, the register's own included, the latest first.

    Of those who are one these are the looks at any of them; one that was at all of them is one look.
    """
    with register.engine.connect() as connection:
        own = merges.members(connection, subject.id)
    looked, run, standing = schema.access.c, schema.run.c, schema.standing.c
    looks = sa.select(looked.at, looked.who, looked.role, looked.purpose, looked.what).where(
        looked.subject_id.in_(own), looked.who.is_not(None)
    )
    scored = sa.select(run.made, run.policy, run.on).where(
        sa.exists().where(standing.run == run.number, standing.subject_id.in_(own))
    )
    with register.engine.connect() as connection:
        found = list(dict.fromkeys(Access(*row) for row in connection.execute(looks)))
        runs = connection.execute(scored).all()
    found += [Access(made, "register", "scoring", policy, f"scored on {on}") for made, policy, on in runs]
    return sorted(found, key=lambda one: one.at, reverse=True)
