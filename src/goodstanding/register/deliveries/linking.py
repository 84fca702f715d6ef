"""Which subject every staged row is about, in the database: what `linkage.exact.link` says, for any number of rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.world import World
from goodstanding.linkage.exact import DOTS, expected
from goodstanding.register.deliveries.documents import TAKEN_IN
from goodstanding.register.ledger.repeats import in_sql, pads
from goodstanding.register.ledger.subjects import committed, enrol, numbered
from goodstanding.register.store.bulk import copy_out, run

_GROUPED = """
SELECT identifier, is_a, first, coalesce(called.name, '') AS name, founded.born, located.seat FROM (
    SELECT subject AS identifier, min(is_a) AS is_a, min(row) AS first,
        min(row) FILTER (WHERE name IS NOT NULL) AS named, min(row) FILTER (WHERE born IS NOT NULL) AS dated,
        min(row) FILTER (WHERE seat IS NOT NULL) AS placed
    FROM staged WHERE {condition} GROUP BY subject
) AS unknown
LEFT JOIN (SELECT row, name FROM staged WHERE name IS NOT NULL) AS called ON called.row = named
LEFT JOIN (SELECT row, born FROM staged WHERE born IS NOT NULL) AS founded ON founded.row = dated
LEFT JOIN (SELECT row, seat FROM staged WHERE seat IS NOT NULL) AS located ON located.row = placed
"""
"""Whom rows are about, each by the first name, day of foundation and seat that it is given."""
_MET = "CREATE TEMP TABLE met AS {grouped}; ANALYZE met"
_UNKNOWN = "NOT EXISTS (SELECT FROM subject WHERE identifier = staged.subject)"

_NUMBER = "a number, not repeated here"
_DOUBTS = """
INSERT INTO faulty
SELECT staged.row, doubt.place, doubt.field, doubt.found, doubt.expected
FROM staged
LEFT JOIN subject ON subject.identifier = staged.subject
LEFT JOIN met ON met.identifier = staged.subject
CROSS JOIN LATERAL (SELECT coalesce(subject.is_a, met.is_a) = 'person' AS person,
    coalesce(subject.is_a, met.is_a) IS NULL AS nobody, coalesce(subject.name, met.name) AS name,
    coalesce(subject.born, met.born) AS born, staged.state = 'withdrawn' AS bare) AS known
CROSS JOIN LATERAL (VALUES
    ({stranger}, 0, 'subject', :number, :stranger),
    (person AND NOT {stranger} AND staged.name IS NULL AND NOT bare, 1, 'name', 'nothing', :name_needed),
    (person AND NOT {stranger} AND staged.born IS NULL AND NOT bare, 2, 'born', 'nothing', :born_needed),
    (NOT {stranger} AND known.name <> '' AND staged.name <> known.name AND translate(staged.name, :dots, :dot) <>
        translate(normalize(known.name, NFC), :dots, :dot), 3, 'name', 'another name', :name_doubt),
    (NOT {stranger} AND staged.born <> known.born, 4, 'born', 'another day', :born_doubt)
) AS doubt (wrong, place, field, found, expected)
WHERE {doubtful} AND doubt.wrong AND ({stranger} OR staged.name <> known.name OR staged.born <> known.born
    OR person AND NOT bare AND (staged.name IS NULL OR staged.born IS NULL))
"""

_DOUBTFUL = "(staged.name IS NOT NULL OR staged.born IS NOT NULL OR staged.is_a = 'person')"
"""Without any of these nothing speaks against a row in a real world, where all that is known is no person."""

_SAID = sa.text("SELECT EXISTS (SELECT FROM claim) OR EXISTS (SELECT FROM not_about)")
_DENIED_WHY = (
    "another number: this document was found not to be about this subject; ask the register before you send it"
)
_DENIED = f"""
WITH word AS (
    SELECT DISTINCT ON (repeats, subject_id) repeats, subject_id, about FROM (
        SELECT repeats, subject_id, about, at FROM claim
        UNION ALL
        SELECT {in_sql("unlinked.source", "unlinked.document")}, subject_id, false, not_about.at
        FROM not_about JOIN unlinked ON unlinked.number = not_about.unlinked WHERE unlinked.source = %(source)s
    ) AS said ORDER BY repeats, subject_id, at DESC, about),
coming AS MATERIALIZED (
    SELECT staged.row, subject.id, {in_sql("%(source)s", "staged.document")} AS repeats
    FROM staged JOIN subject ON subject.identifier = staged.subject WHERE staged.state <> 'withdrawn')
INSERT INTO faulty
SELECT coming.row, 5, 'subject', %(number)s, %(denied)s
FROM coming JOIN word USING (repeats)
WHERE NOT word.about AND leads_to(coming.id, NULL) = leads_to(word.subject_id, NULL)
"""  # noqa: S608
"""What was said of a document: by subjects and people of the register, and of cases that came without a number."""

_AGAIN = _GROUPED.format(condition=f"subject IN (SELECT subject FROM touched) AND {TAKEN_IN}")  # noqa: S608
_TOUCHED = """
CREATE TEMP TABLE touched AS SELECT DISTINCT subject FROM staged
WHERE EXISTS (SELECT FROM left_out) AND row IN (SELECT row FROM left_out) AND subject IN (SELECT identifier FROM met);
ANALYZE touched;
"""
_NEWCOMERS = f"""
CREATE TEMP TABLE newcomer AS
SELECT row_number() OVER (ORDER BY first) AS turn, identifier, is_a, name, born, seat FROM (
    SELECT * FROM met WHERE NOT EXISTS (SELECT FROM touched WHERE subject = identifier)
    UNION ALL {_AGAIN}
) AS kept;
CREATE INDEX ON newcomer (turn);
"""  # noqa: S608
"""Those who were met in rows that are taken in: whoever has a row that is left out is looked at again without it."""
_NEWCOMER = dict.fromkeys(("identifier", "is_a", "name", "seat"), pl.String) | {"born": pl.Date}
_LOT = (
    "SELECT identifier, is_a, name, seat, born FROM newcomer WHERE turn >= %(start)s AND turn < %(end)s ORDER BY turn"
)
_AT_ONCE = 20_000


def doubts(connection: sa.Connection, world: World) -> None:
    """Add to `faulty` what speaks against a staged row being about the subject whose number it carries."""
    synthetic = world is World.SYNTHETIC
    run(connection, _MET.format(grouped=_GROUPED.format(condition="false" if synthetic else _UNKNOWN)))
    query = _DOUBTS.format(stranger="nobody" if synthetic else "person", doubtful="true" if synthetic else _DOUBTFUL)
    connection.execute(sa.text(query), expected(world) | {"dots": DOTS, "dot": DOTS[0] * len(DOTS)})


def denied(connection: sa.Connection, source: str, salt: str) -> None:
    """Add to `faulty` the staged rows that name a subject of whom it was found that their document is not about it.

    The last word rules; a row that withdraws its document names whom it likes.
    """
    if connection.execute(_SAID).scalar_one():
        parameters = pads(salt) | {"source": source, "number": _NUMBER, "denied": _DENIED_WHY}
        run(connection, _DENIED, parameters)


def newcomers(connection: sa.Connection, first: int, salt: str, delivery: int) -> Iterator[pl.DataFrame]:
    """Enrol those whom the register meets in rows that are not left out, numbered from `first` on.

    Yields them as `subjects.committed` gives them.
    """
    run(connection, _TOUCHED + _NEWCOMERS)
    count = connection.execute(sa.text("SELECT count(*) FROM newcomer")).scalar_one()

    def ready(new: pl.DataFrame, start: int) -> pl.DataFrame:
        return committed(numbered(new.with_columns(latin=pl.lit("")), first + start - 1, salt))

    with ThreadPoolExecutor(1) as preparing:  # the next ones, while the database writes these
        coming: deque[Future[pl.DataFrame]] = deque()
        for start in [*range(1, count + 1, _AT_ONCE), None]:
            if start:
                new = copy_out(connection, _LOT, _NEWCOMER, {"start": start, "end": start + _AT_ONCE})
                coming.append(preparing.submit(ready, new, start))
            if coming and (len(coming) > 1 or start is None):
                told = coming.popleft().result()
                enrol(connection, told, delivery)
                yield told
