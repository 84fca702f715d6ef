"""Rows that came without a number: kept as they came, about nobody and counting for nothing, until it is decided.

Of what waits only its digest stands in the log. What came leaves the database, by a function of it, in the transaction
of the decision, or once that was read again (`rereading`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema

_AT_ONCE = 5_000
_UNLINKED, _CONTENT, _DECISION = schema.unlinked.c, schema.unlinked_content.c, schema.link_decision.c
READ_AGAIN = sa.text("""
    SELECT second.unlinked FROM second LEFT JOIN second_reading USING (unlinked)
    WHERE agrees IS NOT TRUE
        AND NOT EXISTS (SELECT FROM second_end WHERE second_end.unlinked = second.unlinked)""").columns(
    sa.column("unlinked", sa.BigInteger)
)
"""The decided cases whose content is kept, since the decision is read again or two readings differ."""


@dataclass(frozen=True)
class Case:
    """A row that came without a number; `cells`: what came, none where that was let go."""

    number: int
    delivery: int
    row: int
    source: str
    kind: str
    document: str
    cells: Mapping[str, str] | None

    @classmethod
    def of(cls, row: Mapping[str, Any] | sa.RowMapping) -> Case:
        """Return it from a row with these columns, its cells as JSON."""
        told = {name: row[name] for name in cls.__dataclass_fields__}
        return cls(**told | {"cells": json.loads(row["cells"]) if row["cells"] else None})


QUERY = sa.select(schema.unlinked, _CONTENT.content.label("cells")).join_from(
    schema.unlinked, schema.unlinked_content, isouter=True
)


def keep(connection: sa.Connection, delivery: Mapping[str, Any]) -> None:
    """Keep the rows of a staged delivery that wait, under its number, and tell the registrar that there are some."""
    rows = connection.execute(sa.text("SELECT row, kind, document, cells FROM unnumbered ORDER BY row"))
    first = number = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_UNLINKED.number), 0))).scalar_one()
    for some in rows.partitions(_AT_ONCE):
        told = []
        for row in some:
            number += 1
            known = {"number": number, "delivery": delivery["number"], "source": delivery["source"]}
            told.append(
                known | {"row": row.row, "kind": row.kind, "document": row.document, "content": digest(row.cells)}
            )
        events.add(connection, "unlinked", told)
        contents = [{"unlinked": one["number"], "content": row.cells} for one, row in zip(told, some, strict=True)]
        connection.execute(sa.insert(schema.unlinked_content), contents)
    if number > first:
        said = {"delivery": delivery["number"], "source": delivery["source"], "rows": number - first}
        effects.put(connection, f"unlinked/{delivery['number']}", "unlinked", said)


def count(connection: sa.Connection, delivery: int) -> int:
    """Return how many rows of a delivery came without a number, and were kept."""
    query = sa.select(sa.func.count()).where(_UNLINKED.delivery == delivery)
    return int(connection.execute(query).scalar_one())


def case(connection: sa.Connection, number: int) -> Case:
    """Return one case. Raises InputError where there is none."""
    row = connection.execute(QUERY.where(_UNLINKED.number == number)).mappings().one_or_none()
    if row is None:
        raise InputError(f"case {number}: there is none; goodstanding register review lists them")
    return Case.of(row)


def undecided(connection: sa.Connection) -> list[Case]:
    """Return the cases that wait, the oldest first."""
    decided = sa.exists().where(_DECISION.unlinked == _UNLINKED.number)
    return [Case.of(row) for row in connection.execute(QUERY.where(~decided).order_by(_UNLINKED.number)).mappings()]


def let_go(connection: sa.Connection, number: int) -> None:
    """Let the content of a case go that was decided in the transaction that is open."""
    connection.execute(sa.select(sa.func.let_go_unlinked(number)))


def digest(cells: str) -> str:
    """Return the SHA-256 (hexadecimal) of what came."""
    return hashlib.sha256(cells.encode()).hexdigest()


def problems(connection: sa.Connection) -> Iterator[str]:
    """Name the cases of which something else is kept than what came, and contents of what is not there."""
    decided = sa.exists().where(_DECISION.unlinked == _UNLINKED.number)
    query = sa.select(_UNLINKED.number, _UNLINKED.content, _CONTENT.content.label("cells"), decided.label("decided"))
    query = query.add_columns(_UNLINKED.number.in_(READ_AGAIN).label("again"))
    query = query.join_from(schema.unlinked, schema.unlinked_content, isouter=True).order_by(_UNLINKED.number)
    for row in connection.execute(query.execution_options(yield_per=10_000)):
        if row.decided and not row.again and row.cells is not None:
            yield f"unlinked {row.number}: was decided, and its content is stored again; let it go again"
        elif (row.cells is None and not row.decided) or (row.cells and digest(row.cells) != row.content):
            yield f"unlinked {row.number}: what is stored is not what came"
    stray = sa.select(_CONTENT.unlinked).where(_CONTENT.unlinked.not_in(sa.select(_UNLINKED.number)))
    for number in connection.execute(stray).scalars():
        yield f"unlinked_content: has a row of unlinked {number}, which is not there"
