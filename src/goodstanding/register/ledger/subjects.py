"""The subjects of a register: who they are, and finding those that the public may find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.catalogue import Subject as Being
from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import publishable
from goodstanding.linkage.agreement import LIKELY, Reason
from goodstanding.linkage.lookup import Asked
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.finding import candidates
from goodstanding.register.ledger.numbers import canonical, numbers, place_of
from goodstanding.register.log import commitments
from goodstanding.register.log.commitments import SUBJECT as TOLD
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in, copy_out
from goodstanding.register.store.database import Register


@dataclass(frozen=True)
class Subject:
    """A person, organisation or thing.

    `id` is its place in the register, `number` its public number, `identifier` the one that records are linked by;
    name and latin are empty where the register has none. `born`: of an organisation the day on which it was founded;
    `seat`: where it is, never of what may not be published. `publishable`: whether a page may be shown to the public.
    """

    id: int
    number: str
    is_a: Being
    identifier: str
    name: str
    latin: str
    born: dt.date | None
    seat: str | None
    publishable: bool


@dataclass(frozen=True)
class Hit:
    """A subject that was found; `grades` has the grade or outcome of each policy's latest run, None where not in it.

    `score`: how far it agrees with what was asked, from 0 to 1; `reasons`: why, none where it was found by its number.
    """

    subject: Subject
    grades: dict[str, str | None]
    score: float
    reasons: tuple[Reason, ...]


_COLUMNS = [schema.subject.c[name] for name in ("id", *TOLD)]


def subject(register: Register, number: str, known_on: dt.date | None = None) -> Subject | None:
    """Return the subject to whom a public number, in any case and with or without hyphens, leads; None for nobody.

    Whoever was merged leads to the kept subject, as known by the end of a day in UTC; as known now where none is given.
    """
    with register.engine.connect() as connection:
        return _led(connection, _numbered(connection, number), known_on)


def by_identifier(register: Register, identifier: str, known_on: dt.date | None = None) -> Subject | None:
    """Return the subject to whom an identifier, as `scheme:number`, leads, as `subject` does; None for nobody."""
    with register.engine.connect() as connection:
        return _led(connection, schema.subject.c.identifier == identifier, known_on)


def asked_for(register: Register, text: str) -> Subject:
    """Return the subject with an identifier or a public number itself, merged or not. Raises InputError for nobody."""
    with register.engine.connect() as connection:
        found = _one(connection, schema.subject.c.identifier == text) or _one(connection, _numbered(connection, text))
    if found is None:
        raise InputError(f"subject {text}: nobody here has this identifier or number")
    return found


def search(
    register: Register, text: str, limit: int = 50, place: str = "", date: str = "", *, wait: bool = True
) -> list[Hit]:
    """Find subjects by name, with slips and in any script, by identifier, or by public number.

    Finds only what may be published: never a person, never a thing whose holder is not known. `place` and `date` (as
    YYYY-MM-DD) speak for and against those that were found by name. The likeliest come first; whoever bears all words
    of the text is found too, however much longer the name is. An empty text finds nothing, since nobody may list a
    register. Where the index of names has to be made first, and `wait` is false, it is made in the background and
    finding.Building raised. Raises InputError where it cannot be kept.
    """
    if not text.strip():
        return []
    column = schema.subject.c
    with register.engine.connect() as connection:
        numbered_so = sa.or_(column.identifier == text.strip(), _numbered(connection, text))
        exact = connection.execute(sa.select(column.id).where(column.publishable, numbered_so)).scalars().all()
        asked = Asked(text, place, date)
        likely = [] if exact else candidates(connection, asked, limit, wait=wait)
        hits = {int(one.entry.key): one for one in likely if one.score >= LIKELY or one.whole}
        lead = merges.leading(connection, [*exact, *hits])
        found = {lead[id_]: hits[id_] for id_ in reversed(hits)}  # of those who are one, the likeliest name
        order = dict.fromkeys(lead[id_] for id_ in (*exact, *hits))
        query = sa.select(*_COLUMNS).where(column.id.in_(list(order)), column.publishable)
        told = {row.id: _subject(row) for row in connection.execute(query)}
        grades = _grades(connection, list(told))
    return [
        Hit(
            told[id_],
            grades[id_],
            found[id_].score if id_ in found else 1.0,
            found[id_].reasons if id_ in found else (),
        )
        for id_ in order
        if id_ in told
    ]


def numbered(newcomers: pl.DataFrame, first: int, salt: str) -> pl.DataFrame:
    """Return subjects (columns identifier, is_a, name, latin, born, seat) with `id`, from `first` on, and `TOLD`.

    The seat of what may not be published is left out.
    """
    rows = pl.Series("id", range(first, first + newcomers.height), dtype=pl.Int64)
    public = [publishable(identifier) for identifier in newcomers["identifier"]]
    return newcomers.with_columns(
        rows,
        pl.col("name", "latin").fill_null(""),
        pl.when(pl.Series(public, dtype=pl.Boolean)).then("seat").alias("seat"),
        pl.Series("publishable", public, dtype=pl.Boolean),
        numbers(rows, salt).alias("number"),
    ).select("id", *TOLD)


_ENROLLED = ("id", *TOLD, "salt", "commitment")


def committed(told: pl.DataFrame) -> pl.DataFrame:
    """Add commitments to subjects as `numbered` gives them."""
    return commitments.committed(told, commitments.lines(told, TOLD))


def enrol(connection: sa.Connection, told: pl.DataFrame, delivery: int | None) -> None:
    """Write subjects as `committed` gives them, and the delivery that brought them; none for the founding."""
    rows = told.with_columns(sought(), pl.lit(delivery, pl.Int64).alias("delivery"))
    copy_in(connection, "subject", rows.sort("identifier"))  # the order of the largest index, which then grows fast


def sought() -> pl.Expr:
    """Return what a subject is searched by, from its names."""
    return _folded(pl.concat_str("name", "latin", separator="\n")).alias("sought")


def enrolled(connection: sa.Connection, condition: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Return the subjects under a condition on the table `subject`, in order of id.

    Columns: `id`, `TOLD`, salt and commitment.
    """
    columns = ", ".join(f"subject.{name}" + "::text" * (name == "publishable") for name in _ENROLLED)
    types = dict.fromkeys(_ENROLLED, pl.String) | {"id": pl.Int64, "born": pl.Date}
    query = f"SELECT {columns} FROM subject WHERE {condition} ORDER BY id"  # noqa: S608
    return copy_out(connection, query, types, parameters)


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()


def _numbered(connection: sa.Connection, text: str) -> sa.ColumnElement[bool]:
    """The condition that a subject has a public number: it leads to the place, which has an index."""
    number = canonical(text)
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    return schema.subject.c.id == (place_of(number, salt) if number else None)


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Subject | None:
    row = _row(connection, condition)
    return _subject(row) if row else None


def _row(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Any:
    return connection.execute(sa.select(*_COLUMNS).where(condition)).one_or_none()


def _led(connection: sa.Connection, condition: sa.ColumnElement[bool], known_on: dt.date | None) -> Subject | None:
    """The subject to whom the one of a condition leads."""
    found = _one(connection, condition)
    return found and whom(connection, found, merges.moment(known_on))


def whom(connection: sa.Connection, subject: Subject, until: dt.datetime | None) -> Subject:
    """Return to whom a subject leads, as known at a moment (None: now)."""
    (kept,) = merges.leading(connection, [subject.id], until).values()
    return subject if kept == subject.id else _subject(_row(connection, schema.subject.c.id == kept))


def _subject(row: Any) -> Subject:
    return Subject(**row._mapping)


def _grades(connection: sa.Connection, ids: Sequence[int]) -> dict[int, dict[str, str | None]]:
    run, standing = schema.run.c, schema.standing.c
    latest = sa.select(run.policy, sa.func.max(run.number).label("number")).group_by(run.policy).subquery()
    policies = connection.execute(sa.select(latest.c.policy).order_by(latest.c.policy)).scalars().all()
    given = sa.select(standing.subject_id, latest.c.policy, sa.func.coalesce(standing.grade, standing.outcome))
    given = given.join(latest, standing.run == latest.c.number).where(standing.subject_id.in_(ids))
    grades: dict[int, dict[str, str | None]] = {id_: dict.fromkeys(policies) for id_ in ids}
    for id_, policy, grade in connection.execute(given):
        grades[id_][policy] = grade
    return grades
