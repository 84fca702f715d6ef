"""Who looked at a subject's dossier, when and what for: shown to the subject for two years, then forgotten."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.ledger.subjects import Subject
from goodstanding.register.log import acts
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
    """Write down a look before it is allowed: when this returns, it is durable.

    Raises InputError where who, role or purpose is not said.
    """
    said = {"who": who.strip(), "role": role.strip(), "purpose": purpose.strip()}
    for name, text in said.items():
        if not text:
            raise InputError(f"{name}: found nothing, expected who looks, in which role and for what purpose")
    acts.add(register, "access", {"subject_id": subject.id, **said, "what": what})


def accesses(register: Register, subject: Subject) -> list[Access]:
    """Return the looks at a subject's dossier that are not forgotten, the register's own included, the latest first."""
    looked, run, standing = schema.access.c, schema.run.c, schema.standing.c
    looks = sa.select(looked.at, looked.who, looked.role, looked.purpose, looked.what).where(
        looked.subject_id == subject.id, looked.who.is_not(None)
    )
    scored = sa.select(run.made, run.policy, run.on).where(
        sa.exists().where(standing.run == run.number, standing.subject_id == subject.id)
    )
    with register.engine.connect() as connection:
        found = [Access(*row) for row in connection.execute(looks)]
        runs = connection.execute(scored).all()
    found += [Access(made, "register", "scoring", policy, f"scored on {on}") for made, policy, on in runs]
    return sorted(found, key=lambda one: one.at, reverse=True)
