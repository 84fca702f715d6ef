"""How right the links of each source are, by what people read: kept as facts, for all and by group, and published.

A measure is worked out anew when there are readings that the last one did not know, over the samples of `WINDOW`. The
figures are kept in millionths, low ones rounded down and high ones up. A unit counts as most of its readers answered;
where they are divided, or unsure, as not read. Real persons are linked by number, and are in no sample.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import polars as pl
import sqlalchemy as sa

from goodstanding.linkage.intervals import Figure
from goodstanding.linkage.readers import Agreement, Reading, against_others, agreement, consensus
from goodstanding.linkage.sampling import estimated
from goodstanding.register.log import events
from goodstanding.register.store.database import Register, turn

WINDOW = dt.timedelta(weeks=26)
"""A measure is over samples drawn within so long."""
K = 30
"""A group is published where it has so many members or more (k-anonymity), and no other could be had by subtracting."""
MILLION = 1_000_000
PER = 100_000
"""The charter counts records that reached the wrong subject by 100,000 (C47)."""
_STRATUM = ["side", "band", "script", "age"]


class Measure(NamedTuple):
    """One figure of the links of a source: of all, or of a group of organisations."""

    number: int
    source: str
    model: str
    group: str | None
    measure: str
    figure: Figure
    members: int
    on: dt.date

    @property
    def wrong(self) -> Figure:
        """Of a precision, how many of 100,000 linked records would be with the wrong subject."""
        return self.figure.rest().scaled(PER)


def measure(register: Register) -> None:
    """Work out the figures of each source and model about which there are readings that none of them knows."""
    with turn(register.engine) as connection:
        for source, model, last in connection.execute(_NEWS).all():
            asked = {"source": source, "model": model, "since": register.today - WINDOW}
            units = _units(connection, asked)
            if not units.is_empty():
                said = {"source": source, "model": model, "readings": last, "on": register.today}
                events.add(connection, "quality", [said | row for row in _figures(units)])


_NEWS = sa.text("""
    SELECT sampled.source, sampled.model, max(reading.number) FROM reading
    JOIN sampled ON sampled.number = reading.sampled GROUP BY sampled.source, sampled.model
    HAVING max(reading.number) > coalesce((SELECT max(readings) FROM quality
        WHERE quality.source = sampled.source AND quality.model = sampled.model), 0)
    ORDER BY 1, 2""")
_READ = sa.text("""
    SELECT sampled.number, "on", side, band, script, age, members,
        array(SELECT DISTINCT ON (reader) answer FROM reading WHERE reading.sampled = sampled.number
            ORDER BY reader, reading.number DESC) AS answers
    FROM sampled WHERE source = :source AND model = :model AND "on" >= :since AND at > coalesce(
        (SELECT max(at) FROM pause WHERE source = :source AND NOT paused AND by IS NOT NULL), '-infinity')
    ORDER BY number""")
"""Whoever resumed a source knew what was drawn before: it counts no more."""


def _units(connection: sa.Connection, asked: dict[str, Any]) -> pl.DataFrame:
    """Return the strata of the samples of a source, with how many units were read, and how many of them are right."""
    rows = []
    for row in connection.execute(_READ, asked):
        most = consensus(row.answers)
        rows.append((row.on, row.side, row.band, row.script, row.age, row.members, most, len(row.answers)))
    names = ["on", *_STRATUM, "members", "most", "answers"]
    units = pl.DataFrame(rows, schema_overrides={"most": pl.String}, schema=names, orient="row")
    sure = pl.col("most").is_in(["same", "different"])
    each = units.group_by("on", *_STRATUM).agg(
        pl.col("members").first(), sure.sum().alias("read"), (pl.col("most") == "same").sum().alias("same")
    )
    return each.group_by(_STRATUM).agg(pl.col("members", "read", "same").sum()).sort(_STRATUM)


def _figures(units: pl.DataFrame) -> Iterator[dict[str, Any]]:
    groups: list[tuple[str | None, pl.DataFrame]] = [(None, units)]
    for name in ("script", "age"):
        groups += [(f"{name}:{value}", part) for (value,), part in units.sort(name).group_by(name, maintain_order=True)]
    for group, part in groups:
        strata = part.with_columns(group=pl.concat_str("script", "age", separator="\n"))
        for name, figure in estimated(strata)._asdict().items():
            yield {"group": group, "measure": name, "answers": figure.of, "members": part["members"].sum()} | _kept(
                figure
            )


def _kept(figure: Figure) -> dict[str, int | None]:
    value, low, high, _ = figure
    if value is None or low is None or high is None:
        return dict.fromkeys(("value", "low", "high"))
    return {"value": round(value * MILLION), "low": math.floor(low * MILLION), "high": math.ceil(high * MILLION)}


def measures(register: Register) -> list[Measure]:
    """Return the newest figures of each source, of the model that was measured last, in order of source and group."""
    with register.engine.connect() as connection:
        return newest(connection)


def newest(connection: sa.Connection) -> list[Measure]:
    """Return what `measures` does, in a transaction that is open."""
    return [
        Measure(row.number, row.source, row.model, row.group, row.measure, _figure(row), row.members, row.on)
        for row in connection.execute(_NEWEST)
    ]


_NEWEST = sa.text("""
    SELECT quality.* FROM quality JOIN (
        SELECT DISTINCT ON (source) source, model, readings FROM quality ORDER BY source, number DESC
    ) AS last USING (source, model, readings) ORDER BY source, "group" NULLS FIRST, number""")


def _figure(row: sa.Row[Any]) -> Figure:
    if row.value is None:
        return Figure(None, None, None, row.answers)
    return Figure(row.value / MILLION, row.low / MILLION, row.high / MILLION, row.answers)


def published(found: Sequence[Measure]) -> list[Measure]:
    """Return the figures that may be published: those of groups of `K` members or more.

    Where one group alone of its kind is too small, the smallest of the others is not published either: what is told of
    all, less the others, would tell of it.
    """
    hidden: set[tuple[str, str]] = set()
    for source, kind in {(one.source, one.group.split(":")[0]) for one in found if one.group}:
        sizes = sorted(
            {
                (one.members, one.group)
                for one in found
                if one.source == source and (one.group or "").startswith(f"{kind}:")
            }
        )
        small = [group for members, group in sizes if members < K]
        if len(small) == 1 and len(sizes) > 1:
            small.append(sizes[1][1])
        hidden |= {(source, group) for group in small if group}
    too_few = {one.source for one in found if one.group is None and one.members < K}
    return [one for one in found if (one.source, one.group or "") not in hidden and one.source not in too_few]


def readers(register: Register) -> tuple[Agreement, dict[str, Figure]]:
    """Return how far readers agree in the samples of `WINDOW`, and each against the others; for the registrar only."""
    with register.engine.connect() as connection:
        rows = connection.execute(_READINGS, {"since": register.today - WINDOW})
        readings = [Reading(str(number), reader, said) for number, reader, said in rows]
    return agreement(readings), against_others(readings)


_READINGS = sa.text("""
    SELECT sampled, reader, answer FROM reading JOIN sampled ON sampled.number = reading.sampled
    WHERE "on" >= :since ORDER BY reading.number""")
