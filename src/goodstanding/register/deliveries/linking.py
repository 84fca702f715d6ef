"""Which subject every staged row is about, in the database: what `linkage.exact.link` says, for any number of rows."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.world import World
from goodstanding.linkage.exact import expected
from goodstanding.register.ledger.subjects import committed, enrol, numbered
from goodstanding.register.store.bulk import copy_out

_MET = """
CREATE TEMP TABLE met AS
SELECT subject AS identifier, min(is_a) AS is_a,
    coalesce((array_agg(name ORDER BY staged.row) FILTER (WHERE name IS NOT NULL))[1], '') AS name
FROM staged WHERE {real} AND NOT EXISTS (SELECT FROM subject WHERE identifier = staged.subject)
GROUP BY subject;
ANALYZE met;
"""

_DOUBTS = """
INSERT INTO faulty
SELECT staged.row, doubt.place, doubt.field, doubt.found, doubt.expected
FROM staged
LEFT JOIN subject ON subject.identifier = staged.subject
LEFT JOIN met ON met.identifier = staged.subject
CROSS JOIN LATERAL (SELECT coalesce(subject.is_a, met.is_a) = 'person' AS person,
    coalesce(subject.is_a, met.is_a) IS NULL AS nobody, coalesce(subject.name, met.name) AS name,
    staged.state = 'withdrawn' AS bare) AS known
CROSS JOIN LATERAL (VALUES
    ({stranger}, 0, 'subject', :number, :stranger),
    (person AND NOT {stranger} AND staged.name IS NULL AND NOT bare, 1, 'name', 'nothing', :name_needed),
    (person AND NOT {stranger} AND staged.born IS NULL AND NOT bare, 2, 'born', 'nothing', :born_needed),
    (NOT {stranger} AND known.name <> '' AND staged.name <> known.name AND staged.name <> normalize(known.name, NFC),
        3, 'name', 'another name', :name_doubt),
    (NOT {stranger} AND staged.born <> subject.born, 4, 'born', 'another day', :born_doubt)
) AS doubt (wrong, place, field, found, expected)
WHERE doubt.wrong AND ({stranger} OR staged.name <> known.name OR staged.born <> subject.born
    OR person AND NOT bare AND (staged.name IS NULL OR staged.born IS NULL))
"""

_NEWCOMERS = """
CREATE TEMP TABLE newcomer AS
SELECT row_number() OVER (ORDER BY min(staged.row)) AS place, subject AS identifier, min(is_a) AS is_a,
    coalesce((array_agg(name ORDER BY staged.row) FILTER (WHERE name IS NOT NULL))[1], '') AS name
FROM staged
WHERE subject IN (SELECT identifier FROM met) AND NOT EXISTS (SELECT FROM faulty WHERE faulty.row = staged.row)
    AND NOT EXISTS (SELECT FROM skipped WHERE skipped.row = staged.row)
GROUP BY subject
"""
_NEWCOMER = {"identifier": pl.String, "is_a": pl.String, "name": pl.String}
_AT_ONCE = 50_000


def doubts(connection: sa.Connection, world: World) -> None:
    """Add to `faulty` what speaks against a staged row being about the subject whose number it carries."""
    synthetic = world is World.SYNTHETIC
    connection.execute(sa.text(_MET.format(real="false" if synthetic else "true")))
    query = _DOUBTS.format(stranger="nobody" if synthetic else "person")
    connection.execute(sa.text(query), expected(world))


def newcomers(connection: sa.Connection, first: int, salt: str, delivery: int) -> Iterator[pl.DataFrame]:
    """Enrol those whom the register meets in rows that are neither faulty nor skipped, numbered from `first` on.

    Yields them as `subjects.committed` gives them.
    """
    connection.execute(sa.text(_NEWCOMERS))
    count = connection.execute(sa.text("SELECT count(*) FROM newcomer")).scalar_one()
    for start in range(1, count + 1, _AT_ONCE):
        query = (
            "SELECT identifier, is_a, name FROM newcomer WHERE place >= %(start)s AND place < %(end)s ORDER BY place"
        )
        new = copy_out(connection, query, _NEWCOMER, {"start": start, "end": start + _AT_ONCE})
        blank = new.with_columns(pl.lit(None, pl.String).alias("latin"), pl.lit(None, pl.Date).alias("born"))
        told = committed(numbered(blank, first + start - 1, salt))
        enrol(connection, told, delivery)
        yield told
