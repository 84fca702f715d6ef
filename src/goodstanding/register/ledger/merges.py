"""Which subjects are one, now or as known on a day: each keeps its number and its records, and leads to the kept one.

All follows from the facts that stand (`same` without `apart`), in whatever order they came, so that a split leaves what
would be if the merge had never been.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out

NOW: dt.datetime | None = None
"""The moment of what is known now, where functions take one."""
_DEEPEST = 64
_LEADS = {"id": pl.Int64, "kept_id": pl.Int64, "subject": pl.String, "kept": pl.String}


@dataclass(frozen=True)
class Merged:
    """A merge: `number` names it; `id`, `subject`, `identifier` and `name` are the merged subject's, `into` the kept's.

    subject and into: public numbers. at and ended (None: it stands): the clock of the database, in UTC; `by`, `reason`
    and, of a person, `act` as they were said, `ended_why` why it was split.
    """

    number: int
    id: int
    subject: str
    identifier: str
    name: str
    into: str
    by: str
    reason: str
    act: str | None
    at: dt.datetime
    ended: dt.datetime | None = None
    ended_why: str | None = None


def moment(known_on: dt.date | None) -> dt.datetime | None:
    """Return the last moment of a day in UTC, as the database counts; None, now, for None."""
    if known_on is None:
        return NOW
    return dt.datetime.combine(known_on, dt.time(23, 59, 59, 999_999), dt.UTC)


def leading(connection: sa.Connection, ids: Iterable[int], until: dt.datetime | None = NOW) -> dict[int, int]:
    """Return to whom subjects lead, as known at a moment: to themselves where they are not merged."""
    query = sa.text("SELECT id, coalesce(leads_to(id, :until), id) FROM unnest(CAST(:ids AS bigint[])) AS id")
    found = connection.execute(query, {"ids": list(ids), "until": until})
    return {id_: kept for id_, kept in found}  # noqa: C416


def members(connection: sa.Connection, id_: int, until: dt.datetime | None = NOW) -> list[int]:
    """Return all who were one with a subject, as known at a moment: whom they lead to first, then in order of id."""
    query = sa.text("SELECT coalesce(leads_to(:id, :until), :id), ARRAY(SELECT * FROM group_of(:id, :until))")
    kept, own = connection.execute(query, {"id": id_, "until": until}).one()
    return [kept, *sorted({*own} - {kept})]


def leads(connection: sa.Connection, until: dt.datetime | None = NOW) -> pl.DataFrame:
    """Return all who lead to another, as known at a moment: id, kept_id, and the identifiers, subject and kept.

    Raises ValueError where merges go in a circle, which the database does not let happen.
    """
    query = """
        SELECT merged AS id, kept AS kept_id, one.identifier, into_.identifier FROM same_then(%(until)s::timestamptz)
        JOIN subject AS one ON one.id = merged JOIN subject AS into_ ON into_.id = kept ORDER BY merged"""
    edges = copy_out(connection, query, _LEADS, {"until": until})
    for _ in range(_DEEPEST):  # each time the ways are twice as long
        on = edges.select(pl.col("id").alias("kept_id"), further="kept_id", name="kept")
        onward = edges.join(on, on="kept_id", how="left", maintain_order="left")
        if onward["further"].null_count() == edges.height:
            return edges
        edges = onward.select(
            "id",
            pl.coalesce("further", "kept_id").alias("kept_id"),
            "subject",
            pl.coalesce("name", "kept").alias("kept"),
        )
    raise ValueError("merges go in a circle")


def about_kept(records: pl.DataFrame, lead: pl.DataFrame) -> pl.DataFrame:
    """Let records (column `subject`) be about those to whom their subjects lead, given as `leads` gives it."""
    if not lead.height:
        return records
    return records.with_columns(pl.col("subject").replace(lead["subject"], lead["kept"]))


def merged(connection: sa.Connection, ids: Sequence[int], until: dt.datetime | None = NOW) -> tuple[Merged, ...]:
    """Return the merges that made these subjects one, as known at a moment, in order of number."""
    standing = sa.text("same.number IN (SELECT number FROM same_then(:until))").bindparams(until=until)
    return _told(connection, ids, standing)


def happened(connection: sa.Connection, ids: Sequence[int], since: dt.date, until: dt.date) -> tuple[Merged, ...]:
    """Return the merges of subjects that were made, or split, after the day `since` until the day `until` (UTC)."""
    window = {"since": moment(since), "until": moment(until)}
    condition = "same.at > :since AND same.at <= :until OR apart.at > :since AND apart.at <= :until"
    return _told(connection, ids, sa.text(f"({condition})").bindparams(**window))


def _told(
    connection: sa.Connection, ids: Sequence[int] | None, condition: sa.ColumnElement[bool] | sa.TextClause
) -> tuple[Merged, ...]:
    fact, end, one = schema.same.c, schema.apart.c, schema.subject.alias("one")
    into = schema.subject.alias("into")
    query = sa.select(
        fact.number,
        one.c.id,
        one.c.number.label("subject"),
        one.c.identifier,
        one.c.name,
        into.c.number.label("into"),
        fact.by,
        fact.reason,
        fact.act,
        fact.at,
        end.at.label("ended"),
        end.reason.label("ended_why"),
    )
    query = query.join_from(schema.same, one, one.c.id == fact.merged).join(into, into.c.id == fact.kept)
    query = query.join(schema.apart, end.same == fact.number, isouter=True).where(condition)
    if ids is not None:
        query = query.where(sa.or_(fact.merged.in_(ids), fact.kept.in_(ids)))
    return tuple(Merged(**row) for row in connection.execute(query.order_by(fact.number)).mappings())


def told(connection: sa.Connection, number: int | None = None) -> tuple[Merged, ...]:
    """Return every merge that was ever made, or the one of a number, in order of number."""
    return _told(connection, None, sa.true() if number is None else schema.same.c.number == number)
