"""What people read of the links that likeness proposed: each week some of the cases of each source, drawn by chance."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.linkage.linking import LINKS
from goodstanding.register.deliveries import unlinked
from goodstanding.register.deliveries.inforce import in_force
from goodstanding.register.deliveries.unlinked import Case
from goodstanding.register.ledger.sampled import RECORDS, draw
from goodstanding.register.ledger.subjects import Subject, by_identifier
from goodstanding.register.store.database import Register

WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True)
class Unit:
    """Both sides of what is read: the case, its cells gone where it is decided, and the subject, none where none was.

    Neither its weight nor what others answered is told.
    """

    case: Case
    subject: Subject | None


def unit(register: Register, number: int) -> Unit:
    """Return both sides of a unit of a sample. Raises InputError where there is none, or no case that it is about."""
    with register.engine.connect() as connection:
        row = connection.execute(_UNIT, {"number": number}).one_or_none()
        if row is None:
            raise InputError(f"sample {number}: there is no case of it to show; goodstanding register read lists units")
        case = unlinked.case(connection, row.case)
    return Unit(case, by_identifier(register, row.identifier) if row.identifier else None)


_UNIT = sa.text("""
    SELECT unlinked.number AS case, subject.identifier FROM sampled
    JOIN unlinked ON unlinked.number::text = sampled."left"
    LEFT JOIN subject ON subject.id::text = sampled."right"
    WHERE sampled.number = :number""")

_SOURCES = sa.text("SELECT DISTINCT source FROM unlinked WHERE known_on > now() - :week ORDER BY source")
_CASES = sa.text("""
    SELECT unlinked.number, unlinked_content.content, name
    FROM unlinked
    LEFT JOIN unlinked_content ON unlinked_content.unlinked = unlinked.number
    LEFT JOIN link_decision ON link_decision.unlinked = unlinked.number AND decision <> 'undone'
    LEFT JOIN subject ON subject.id = link_decision.subject_id
    WHERE unlinked.source = :source AND unlinked.known_on > now() - :week ORDER BY unlinked.number""")
_LINKS = sa.text("""
    SELECT candidate.unlinked::text, subject_id::text, weight::float8, probability::float8
    FROM candidate JOIN unlinked ON unlinked.number = candidate.unlinked
    WHERE model = :model AND source = :source AND known_on > now() - :week ORDER BY candidate.unlinked, subject_id""")


def draw_samples(register: Register) -> int:
    """Draw this week's sample of each source whose rows came without a number; return how many units were drawn.

    Of a source without a model in force there is nothing to read. A case that was decided shows its group by the
    subject's name.
    """
    with register.engine.connect() as connection:
        force = in_force(connection)
        told = []
        for source in connection.execute(_SOURCES, {"week": WEEK}).scalars().all():
            using, asked = force.of(source), {"source": source, "week": WEEK}
            if using is None:
                continue
            links = [tuple(row) for row in connection.execute(_LINKS, asked | {"model": using.number})]
            cases = [_record(*row) for row in connection.execute(_CASES, asked)]
            told.append((source, using, links, cases))
    return sum(
        draw(
            register,
            source,
            using.version,
            pl.DataFrame(links, schema=LINKS, orient="row"),
            pl.DataFrame(cases, schema=RECORDS, orient="row"),
            float(using.threshold),
        )
        for source, using, links, cases in told
    )


def _record(number: int, content: str | None, name: str | None) -> tuple[str, str | None, dt.date | None]:
    cells = json.loads(content) if content else {}
    born = cells.get("born")
    return str(number), cells.get("name", name), dt.date.fromisoformat(born) if born else None
