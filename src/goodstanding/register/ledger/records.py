"""Records as the ledger's table holds them, and back: columns for what all have, JSON for the attributes of a kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.records import VERSIONS
from goodstanding.facts.records import schema as columns
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out, rows

_COLUMNS = ("kind", "act", "decided", "final", "occurrence", "source", "document", "authority", "basis")
"""The columns that table and frame have in common, under one name and with one meaning."""
_KEPT = {"subject": pl.String} | {name: columns(Catalogue(codes={}, kinds={}, digest=""))[name] for name in _COLUMNS}
STORED = ("row", *_COLUMNS, "attributes", "digest", *VERSIONS, "salt", "commitment")
"""What a delivery tells of a record; the ledger adds the delivery and the subject."""
CURRENT = """record.state = 'valid' AND record.kind IS NOT NULL AND NOT EXISTS (
    SELECT FROM superseded WHERE superseded.delivery = record.delivery AND superseded.row = record.row)"""
"""The condition that a record says what its source stands by now: not superseded, not withdrawn, not erased."""
CURRENT_THEN = """record.delivery <= %(known)s AND record.state = 'valid' AND record.kind IS NOT NULL AND NOT EXISTS (
    SELECT FROM superseded WHERE superseded.delivery = record.delivery AND superseded.row = record.row
    AND superseded.by_delivery <= %(known)s)"""
"""The same as it was known when the delivery `known` was the last."""


def stored(records: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return records (columns of `facts.records.schema`, row, digest, salt, commitment) with `STORED` as in the table.

    They come in order of document, as the largest index has them: it then grows at one end, in half the time.
    """
    return records.sort("document").with_columns(
        pl.when(pl.col("kind").is_not_null()).then(_json(records, catalogue)).alias("attributes"),
        digest=pl.lit("\\x") + pl.col("digest"),
    )


def recorded(
    connection: sa.Connection, catalogue: Catalogue, condition: str, parameters: Mapping[str, Any]
) -> pl.DataFrame:
    """Return all records under a condition on the tables `record` and `subject`, ordered by delivery and row.

    Columns: those of `facts.records.schema` but name and born, which no record keeps; version and state; digest, as it
    was stored; delivery, row, salt, commitment; `keys`, how many attributes are stored. What was erased is null.
    """
    query = f"""
        SELECT subject.identifier, {", ".join(f"record.{name}" for name in _COLUMNS)},
               record.attributes, encode(record.digest, 'hex'), record.delivery, record.row,
               record.salt, record.commitment, record.version, record.state
        FROM record LEFT JOIN subject ON subject.id = record.subject_id
        WHERE {condition}"""  # noqa: S608
    last = {"attributes": pl.String, "digest": pl.String, "delivery": pl.Int64, "row": pl.Int64}
    last |= {"salt": pl.String, "commitment": pl.String} | VERSIONS
    frame = copy_out(connection, query, _KEPT | last, parameters).sort("delivery", "row")
    keys = pl.col("attributes").str.count_matches('": ', literal=True)
    return _with_cells(frame.with_columns(keys.alias("keys")), catalogue)


def current(
    connection: sa.Connection,
    catalogue: Catalogue,
    condition: str,
    parameters: Mapping[str, Any],
    known: int | None = None,
) -> pl.DataFrame:
    """Return the records that their sources stood by when the delivery `known` was the last; None: now.

    The condition and the columns are those of `recorded`. What was erased since is not among them: see `missing`.
    """
    when = CURRENT if known is None else CURRENT_THEN
    return recorded(connection, catalogue, f"{condition} AND {when}", dict(parameters) | {"known": known})


def last_known(connection: sa.Connection, day: dt.date) -> int:
    """Return the number of the last delivery that the register knew by the end of a day in UTC; 0 for none."""
    number = sa.func.coalesce(sa.func.max(schema.delivery.c.number), 0)
    query = sa.select(number).where(schema.delivery.c.known_on < _end(day))
    return int(connection.execute(query).scalar_one())


def _end(day: dt.date) -> dt.datetime:
    """Return the first moment after a day in UTC."""
    return dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(days=1)


_GONE = """
    SELECT record.subject_id, record.delivery, record.row, erasure.clause, erasure."on"
    FROM erasure JOIN record ON record.delivery = erasure.delivery AND record.row = erasure.row
    WHERE {condition} AND record.state = 'valid'
        AND (%(last)s::bigint IS NULL OR record.delivery <= %(last)s)
        AND (erasure."on" > %(on)s OR erasure.at >= %(end)s)
        AND NOT EXISTS (
            SELECT FROM superseded WHERE superseded.delivery = record.delivery AND superseded.row = record.row
            AND (%(last)s::bigint IS NULL OR superseded.by_delivery <= %(last)s))
    ORDER BY record.subject_id, record.delivery, record.row"""


@dataclass(frozen=True)
class Lost:
    """A record that counted, and whose content was erased since: under which clause, and from which day on."""

    subject_id: int
    delivery: int
    row: int
    clause: str
    on: dt.date

    def __str__(self) -> str:
        return f"record of delivery {self.delivery}, row {self.row}, erased under {self.clause} since {self.on}"


def lost(
    connection: sa.Connection,
    condition: str,
    parameters: Mapping[str, Any],
    on: dt.date,
    known_on: dt.date | None = None,
) -> list[Lost]:
    """Return what a standing on a day, as known on a day (None: now), would need and no longer has.

    The condition is on the table `record`. What had been erased by both days is not needed: it no longer counted then.
    """
    last = None if known_on is None else last_known(connection, known_on)
    end = None if known_on is None else _end(known_on)
    query = _GONE.format(condition=condition)
    return [Lost(*row) for row in rows(connection, query, dict(parameters) | {"last": last, "on": on, "end": end})]


def _json(records: pl.DataFrame, catalogue: Catalogue) -> pl.Expr:
    """The attributes that are present as a JSON object. Validation lets nothing through that would need escaping."""
    bare = {"number", "flag"}
    members = [
        pl.format(f'"{name}":{{}}' if attribute.type in bare else f'"{name}":"{{}}"', pl.col(name).cast(pl.String))
        for name, attribute in sorted(catalogue.attributes.items())
        if records[name].null_count() < records.height
    ]
    return (
        pl.lit("{") + pl.concat_str([pl.lit(None, pl.String), *members], separator=",", ignore_nulls=True) + pl.lit("}")
    )


def _with_cells(frame: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Put one column for each attribute of the catalogue in the place of the JSON object."""
    types = {name: columns(catalogue)[name] for name in catalogue.attributes}
    sent = {name: pl.String if kind == pl.Date else kind for name, kind in types.items()}
    cells = frame.with_columns(pl.col("attributes").str.json_decode(pl.Struct(sent))).unnest("attributes")
    return cells.with_columns(pl.col(name).str.to_date() for name, kind in types.items() if kind == pl.Date)
