"""Whole tables in and out of PostgreSQL by COPY, as CSV that Polars writes and reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, cast

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql

_CHUNK = 1 << 20


def copy_in(connection: sa.Connection, table: str, frame: pl.DataFrame) -> None:
    """Append a frame, column by column of the same name, to a table; null is NULL."""
    copy_text(connection, table, frame.columns, text_of(frame))


def text_of(frame: pl.DataFrame) -> memoryview:
    """Return the rows of a frame as CSV, as `copy_text` takes it."""
    content = BytesIO()
    frame.write_csv(content, include_header=False)
    return content.getbuffer()


def copy_text(connection: sa.Connection, table: str, columns: Sequence[str], text: memoryview) -> None:
    """Append rows that were written as CSV already to a table."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(sql.Identifier(table), names)
    with _session(connection).cursor() as cursor, cursor.copy(command) as copy:
        for start in range(0, len(text), _CHUNK):
            copy.write(text[start : start + _CHUNK])


def run(connection: sa.Connection, command: str, parameters: Mapping[str, Any] | None = None) -> int:
    """Run commands, apart by semicolons where there are no parameters; `%(name)s` stands for each of these.

    Returns how many rows the first of them wrote.
    """
    with _session(connection).cursor() as cursor:
        return cursor.execute(sql.SQL(cast("Any", command)), parameters).rowcount


def rows(connection: sa.Connection, query: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the few rows of a query, `%(name)s` in it for each parameter."""
    with _session(connection).cursor() as cursor:
        return list(cursor.execute(sql.SQL(cast("Any", query)), parameters))


def copy_out(
    connection: sa.Connection, query: str, schema: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
) -> pl.DataFrame:
    """Return the rows of a query, `%(name)s` in it for each parameter, as a frame of this schema, column by column."""
    content = BytesIO()
    for block in copied(connection, query, parameters):
        content.write(block)
    if not content.tell():
        return pl.DataFrame(schema=schema)
    return pl.read_csv(content.getvalue(), has_header=False, schema=dict(schema))


def copied(connection: sa.Connection, query: str, parameters: Mapping[str, Any] | None = None) -> Iterator[bytes]:
    """Yield the rows of a query as PostgreSQL writes them as CSV, block by block."""
    with _session(connection).cursor() as cursor:
        command = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(sql.SQL(cast("Any", query)))
        with cursor.copy(command, parameters) as copy:
            for block in copy:
                yield bytes(block)


def _session(connection: sa.Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
