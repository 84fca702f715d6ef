"""Which staged rows are new: a source numbers its documents and their versions, and a version says one thing.

All in the database, over the tables of `staging`, so that it does not matter how many rows there are. Rows of one
delivery that contradict each other are all refused: no order among them decides.
"""

from __future__ import annotations

import sqlalchemy as sa

from goodstanding.register.ledger.repeats import in_sql, pads
from goodstanding.register.store.bulk import run

_ONCE = "another number, or the content delivered before; a correction is the same document with a higher version"
_AGREE = "one content in all rows with this version of the document; correct them and deliver them again"
_ERASED = "nothing: this version of the document was erased, and is not taken in again, under "

_CANDIDATE = "NOT EXISTS (SELECT FROM faulty WHERE faulty.row = staged.row)"

_BEFORE = f"""
CREATE TEMP TABLE before AS
SELECT staged.row, record.version, record.delivery, record.row AS of_row, NULL AS clause,
    record.version = staged.version AS same_version, record.digest = staged.digest AS same_content
FROM staged JOIN record ON record.source = %(source)s AND record.document = staged.document WHERE {_CANDIDATE}
"""  # noqa: S608
_BEFORE_ERASED = f"""
INSERT INTO before
SELECT staged.row, record.version, record.delivery, record.row, erasure.clause, record.version = staged.version, NULL
FROM staged JOIN erasure ON erasure.repeats = {in_sql("%(source)s", "staged.document")}
JOIN record ON record.delivery = erasure.delivery AND record.row = erasure.row WHERE {_CANDIDATE}
"""  # noqa: S608
_MANY = f"""
CREATE TEMP TABLE many AS SELECT document FROM staged GROUP BY document HAVING count(*) > 1;
CREATE TEMP TABLE alike AS
SELECT document, version, min(staged.row) AS first, count(*) AS rows, count(DISTINCT digest) > 1 AS torn
FROM staged WHERE document IN (SELECT document FROM many) AND {_CANDIDATE}
GROUP BY document, version HAVING count(*) > 1;
"""  # noqa: S608
_FAULTS = """
INSERT INTO faulty
SELECT row, 0, 'document', document, expected FROM (
    SELECT staged.row, staged.document, CASE
        WHEN before.clause IS NOT NULL THEN %(erased)s || before.clause
        WHEN NOT before.same_content THEN %(once)s
        WHEN before.row IS NULL AND alike.torn THEN %(agree)s END AS expected
    FROM staged LEFT JOIN before ON before.row = staged.row AND before.same_version
    LEFT JOIN alike ON alike.document = staged.document AND alike.version = staged.version
    WHERE (before.row IS NOT NULL OR alike.torn)
) AS looked WHERE expected IS NOT NULL AND NOT EXISTS (SELECT FROM faulty WHERE faulty.row = looked.row)
"""
_SKIPPED = """
CREATE TEMP TABLE skipped AS
SELECT row FROM before WHERE same_version AND same_content
UNION
SELECT row FROM staged JOIN alike USING (document, version) WHERE NOT alike.torn AND staged.row <> alike.first
"""
_LEFT_OUT = """
CREATE TEMP TABLE left_out AS SELECT row FROM skipped UNION SELECT row FROM faulty;
CREATE INDEX ON left_out (row);
ANALYZE left_out;
"""
TAKEN_IN = "NOT EXISTS (SELECT FROM left_out WHERE left_out.row = staged.row)"
"""The condition that a staged row is taken in."""
_SUPERSEDED = f"""
INSERT INTO superseded
SELECT delivery, row, top_delivery, top_row FROM (
    SELECT *, first_value(delivery) OVER best AS top_delivery, first_value(row) OVER best AS top_row,
        first_value(version) OVER best AS top_version
    FROM (
        SELECT document, version, %(number)s::bigint AS delivery, staged.row FROM staged
        WHERE (row IN (SELECT row FROM before) OR document IN (SELECT document FROM many)) AND {TAKEN_IN}
        UNION
        SELECT document, before.version, before.delivery, before.of_row
        FROM before JOIN staged USING (row) WHERE {TAKEN_IN}
    ) AS present
    WINDOW best AS (PARTITION BY document ORDER BY version DESC)
) AS ranked
WHERE version < top_version
    AND NOT EXISTS (SELECT FROM superseded WHERE superseded.delivery = ranked.delivery AND superseded.row = ranked.row)
"""  # noqa: S608


def sift(connection: sa.Connection, source: str, salt: str) -> None:
    """Tell the staged rows that are new from those that are known (`skipped`) or cannot be (added to `faulty`)."""
    run(connection, _BEFORE, {"source": source})
    if connection.execute(sa.text("SELECT EXISTS (SELECT FROM erasure)")).scalar_one():
        run(connection, _BEFORE_ERASED, {"source": source} | pads(salt))
    run(connection, _MANY)
    run(connection, "ANALYZE before; ANALYZE many; ANALYZE alike")
    run(connection, _FAULTS, {"erased": _ERASED, "once": _ONCE, "agree": _AGREE})
    run(connection, _SKIPPED)
    run(connection, "ANALYZE faulty; ANALYZE skipped")


def leave_out(connection: sa.Connection) -> bool:
    """Put into `left_out` which rows are not taken in: what is faulty or skipped; return whether there are any."""
    run(connection, _LEFT_OUT)
    return bool(connection.execute(sa.text("SELECT EXISTS (SELECT FROM left_out)")).scalar_one())


def supersede(connection: sa.Connection, delivery: int) -> None:
    """Let the highest version of each document that came, or is there, stand for all lower ones."""
    run(connection, _SUPERSEDED, {"number": delivery})
