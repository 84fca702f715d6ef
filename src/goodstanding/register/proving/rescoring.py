"""A run scored again, with what the register knew when it was made: to name the standings that differ."""

from __future__ import annotations

from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.engine.state import ENDING
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.lateness import pauses
from goodstanding.register.ledger.policies import kept
from goodstanding.register.ledger.records import current
from goodstanding.register.standings.scoring import READ, guarded
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out
from goodstanding.register.store.database import Register

_COLUMNS = ("outcome", "score", "grade", "missing", "reason")
_SUBJECTS = """
    SELECT id, identifier, is_a FROM subject
    WHERE is_a = ANY (%(is_a)s) AND (delivery IS NULL OR delivery <= %(known)s) ORDER BY id"""


def compared(connection: sa.Connection, register: Register, run: Any) -> list[int]:
    """Return the subjects whose standing in a run (its row) is not what the policy and the records of then give again.

    Left out are subjects of whom a record was erased since. Raises InputError where the policy is not there.
    """
    known = schema.delivery.c
    last = sa.select(sa.func.coalesce(sa.func.max(known.number), 0)).where(known.known_on <= run.made)
    lead = merges.leads(connection, run.made)
    made = _made(connection, register, run, connection.execute(last).scalar_one(), lead)
    to = dict(lead.select("id", "kept_id").iter_rows())
    erasure, standing = schema.erasure.c, schema.standing.c
    erased = {to.get(one, one) for one in connection.execute(sa.select(erasure.subject_id)).scalars()}
    query = sa.select(standing.subject_id, *(standing[name] for name in _COLUMNS)).where(standing.run == run.number)
    kept = {subject: tuple(rest) for subject, *rest in connection.execute(query)}
    return sorted(one for one in kept.keys() | made.keys() if one not in erased and kept.get(one) != made.get(one))


def _made(
    connection: sa.Connection, register: Register, run: Any, known: int, lead: pl.DataFrame
) -> dict[int, tuple[Any, ...]]:
    from goodstanding.engine.batch import score  # compiled kernels: only those who score wait for them

    contents = sa.select(schema.policy.c.contents).where(schema.policy.c.hash == run.hash)
    loaded = kept(run.policy, connection.execute(contents).scalar_one_or_none() or {})
    about = {"is_a": list(loaded.policy.subjects), "known": known}
    read = {"kinds": sorted(loaded.policy.kinds | {ENDING}), "on": run.on}
    types = {"subject_id": pl.Int64, "subject": pl.String, "is_a": pl.String}
    subjects = copy_out(connection, _SUBJECTS, types, about).filter(~pl.col("subject_id").is_in(lead["id"].implode()))
    records = merges.about_kept(current(connection, register.catalogue, READ, about | read, known), lead)
    standings = score(loaded, register.catalogue, records, subjects.select("subject", "is_a"), run.on)
    told = standings.join(subjects, on="subject", how="left")
    paused = pauses(connection, loaded.policy, register.catalogue, run.on, known)
    rows = guarded(told, (), paused, records).select("subject_id", *_COLUMNS).iter_rows()
    return {subject: tuple(rest) for subject, *rest in rows}
