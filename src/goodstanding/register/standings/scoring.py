"""Runs: every subject that a policy is about, scored on a day, kept as it came out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.engine.standing import Outcome
from goodstanding.engine.state import ENDING
from goodstanding.policy.reader import Loaded
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.lateness import Pause, pauses
from goodstanding.register.ledger.policies import kept, policy_of
from goodstanding.register.ledger.records import Lost, current, last_known, lost
from goodstanding.register.log import events
from goodstanding.register.log.commitments import standings_digest
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in, copy_out
from goodstanding.register.store.database import Register

_RUN = schema.run.c
_STANDING = dict.fromkeys(("subject", "outcome", "score", "grade", "missing", "reason"), pl.String)


@dataclass(frozen=True)
class Run:
    """One run of a policy (`hash` names the version) with facts until the day `on`; `made` is the clock, in UTC.

    `outcomes` says how many of the subjects were graded, not rated or not decidable.
    """

    number: int
    policy: str
    hash: str
    on: dt.date
    made: dt.datetime
    subjects: int
    outcomes: dict[str, int]


def score(register: Register, policy: str, on: dt.date) -> Run:
    """Score every subject that the newest version of a policy is about, those without records too, and keep the run.

    Whoever is merged has no standing but that of the kept subject, which rests on the records of all who are one.

    Records and subjects are those of one moment. Raises InputError where the policy is not loaded.
    """
    loaded = policy_of(register, policy)
    with register.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        told = judged(connection, register, loaded, on)
        run = _written(connection, policy, loaded.hash, on, told)
        connection.commit()
    return run


def scored_then(register: Register, policy: str, on: dt.date, known_on: dt.date) -> pl.DataFrame:
    """Return what a run over a day says on what was known by the end of another day (UTC); no run is kept of it.

    Columns: subject_id, subject, is_a, outcome, score, grade, missing, reason. Raises InputError as `score` does.
    """
    loaded = policy_of(register, policy)
    with register.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        return judged(connection, register, loaded, on, known_on)


def judged(
    connection: sa.Connection,
    register: Register,
    loaded: Loaded,
    on: dt.date,
    known_on: dt.date | None = None,
    only: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the standings of all that a policy is about, or only of some (columns `SUBJECT`); see `scored_then`."""
    from goodstanding.engine.batch import score as scored  # compiled kernels: only those who score wait for them

    about = {"is_a": list(loaded.policy.subjects)}
    read = {"kinds": sorted(loaded.policy.kinds | {ENDING}), "on": on}
    known = None if known_on is None else last_known(connection, known_on)
    lead = merges.leads(connection, merges.moment(known_on))
    subjects = copy_out(connection, _SUBJECTS, SUBJECT, about) if only is None else only
    subjects = subjects.filter(~pl.col("subject_id").is_in(lead["id"].implode()))
    these = {} if only is None else {"ids": _with_merged(subjects["subject_id"], lead)}
    among = "record.subject_id = ANY (%(ids)s)" if these else "true"
    records = current(connection, register.catalogue, f"{READ} AND {among}", about | read | these, known)
    records = merges.about_kept(records, lead)
    standings = scored(loaded, register.catalogue, records, subjects.select("subject", "is_a"), on)
    told = standings.join(subjects, on="subject", how="left")
    paused = pauses(connection, loaded.policy, register.catalogue, on, known)
    return guarded(told, about_kept(lost(connection, among, these, on, known_on), lead), paused, records)


def _with_merged(ids: pl.Series, lead: pl.DataFrame) -> list[int]:
    """Return places of subjects, and of all who lead to one of them."""
    merged = lead.filter(pl.col("kept_id").is_in(ids.implode()))["id"]
    return [*ids.to_list(), *merged.to_list()]


def about_kept(needed: Sequence[Lost], lead: pl.DataFrame) -> list[Lost]:
    """Let what was lost be about those to whom its subjects lead, given as `merges.leads` gives it."""
    to = dict(lead.select("id", "kept_id").iter_rows())
    return [replace(one, subject_id=to.get(one.subject_id, one.subject_id)) for one in needed]


def guarded(told: pl.DataFrame, needed: Sequence[Lost], paused: Sequence[Pause], records: pl.DataFrame) -> pl.DataFrame:
    """Say of standings that need what was erased, or rest on records that pause, that they are not decidable, and why.

    told: with columns subject and subject_id; records: those that were read.
    """
    lacking = pl.DataFrame(
        [(one.subject_id, str(one)) for one in needed], {"subject_id": pl.Int64, "why": pl.String}, orient="row"
    ).join(told.select("subject", "subject_id"), on="subject_id")
    why = pl.DataFrame(
        [(one.source, one.kind, str(one)) for one in paused],
        dict.fromkeys(("source", "kind", "why"), pl.String),
        orient="row",
    )
    stale = records.select("subject", "source", "kind").join(why, on=["source", "kind"]).select("subject", "why")
    whys = pl.concat([lacking.select("subject", "why"), stale.unique().sort("subject", "why")])
    whys = whys.group_by("subject", maintain_order=True).agg(pl.col("why").str.join("; "))
    texts, gone = pl.col("why"), pl.col("why").is_not_null()
    return (
        told.join(whys, on="subject", how="left", maintain_order="left")
        .with_columns(
            pl.when(gone).then(pl.lit(Outcome.NOT_DECIDABLE.value)).otherwise("outcome").alias("outcome"),
            pl.when(gone).then(texts).otherwise("missing").alias("missing"),
            *(pl.when(~gone).then(name).alias(name) for name in ("score", "grade", "reason")),
        )
        .drop("why")
    )


def latest_run(register: Register, policy: str) -> Run | None:
    """Return the run of a policy that was made last, or None where it was never run."""
    query = sa.select(schema.run).where(_RUN.policy == policy).order_by(_RUN.number.desc()).limit(1)
    with register.engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return Run(**{name: getattr(row, name) for name in Run.__dataclass_fields__}) if row else None


def grade_counts(register: Register, run: Run) -> dict[str, int]:
    """Return how many subjects each grade of the policy was given in a run, best grade first."""
    standing = schema.standing.c
    counts = sa.select(standing.grade, sa.func.count()).where(standing.run == run.number).group_by(standing.grade)
    contents = sa.select(schema.policy.c.contents).where(schema.policy.c.hash == run.hash)
    with register.engine.connect() as connection:
        found: dict[str | None, int] = {grade: count for grade, count in connection.execute(counts)}  # noqa: C416
        policy = kept(run.policy, connection.execute(contents).scalar_one()).policy
    return {grade: found.get(grade, 0) for grade in policy.grades.order}


def standings(register: Register, run: Run) -> pl.DataFrame:
    """Return what a run came to, in order of `subject`, its identifier: outcome, score, grade, missing, reason.

    Scores are exact, Int64 or Decimal.
    """
    query = """
        SELECT identifier, outcome, score::text, grade, missing, reason
        FROM standing JOIN subject ON subject.id = subject_id WHERE run = %(run)s ORDER BY identifier"""
    with register.engine.connect() as connection:
        found = copy_out(connection, query, _STANDING, {"run": run.number})
    places = found["score"].str.extract(r"\.(\d+)$").str.len_chars().max()
    return found.with_columns(pl.col("score").cast(pl.Decimal(38, int(str(places))) if places else pl.Int64))


SUBJECT = {"subject_id": pl.Int64, "subject": pl.String, "is_a": pl.String}
_SUBJECTS = "SELECT id, identifier, is_a FROM subject WHERE is_a = ANY (%(is_a)s) ORDER BY id"
READ = "subject.is_a = ANY (%(is_a)s) AND record.kind = ANY (%(kinds)s) AND record.act <= %(on)s"


def _written(connection: sa.Connection, policy: str, digest: str, on: dt.date, standings: pl.DataFrame) -> Run:
    counts = standings["outcome"].value_counts().sort("outcome")
    values = {"policy": policy, "hash": digest, "on": on, "subjects": standings.height, "outcomes": dict(counts.rows())}
    number = next_run(connection)
    columns = ("subject_id", "outcome", "score", "grade", "missing", "reason")
    copy_in(connection, "standing", standings.select(pl.lit(number).alias("run"), *columns))
    return keep_run(connection, values | {"number": number})


def next_run(connection: sa.Connection) -> int:
    """Return the number of a run that is about to be kept."""
    place = sa.func.nextval(sa.func.pg_get_serial_sequence("run", "number"))
    return int(connection.execute(sa.select(place)).scalar_one())


def keep_run(connection: sa.Connection, values: Mapping[str, Any]) -> Run:
    """Keep a run, an event, over the standings that stand under its number already."""
    digest = standings_digest(connection, values["number"])
    kept = events.add(connection, "run", [dict(values) | {"standings_digest": digest}])[0]
    return Run(**{name: kept[name] for name in Run.__dataclass_fields__})
