"""Samples of links that people read: drawn once a week for each source, and what each reader answered.

A sample names records and subjects by number, nothing of what is in them. A reader who reads a unit again takes the
earlier answer back; units are read by two where there are people for it (`to_be_read`).
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.linkage import bands
from goodstanding.linkage.sampling import strata, to_read
from goodstanding.register.ledger.sources import source_of
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn

RECORDS = {"record": pl.String, "name": pl.String, "founded": pl.Date}
"""What is asked of the records that links are about: organisations, each with its name and the day it was founded."""
SIZE = 100
"""Units that are drawn of a source in a week: an hour of a person's time, twice; more where there are more strata."""
ANSWERS = ("same", "different", "unsure")
READINGS = 2
"""How many people read a unit."""


def draw(
    register: Register, source: str, model: str, links: pl.DataFrame, records: pl.DataFrame, threshold: float
) -> int:
    """Draw the sample of this week from what came of a source, if it was not drawn; return how many units it has.

    `links` are all pairs that were looked at (`linking.LINKS`, `left` the record), `records` all that were to be linked
    (`RECORDS`); those without a link are drawn from too. `threshold`, in bits, is that of the model. Which units are
    drawn follows from these, the source and the week. Raises InputError where there is no such source.
    """
    source_of(register, source)
    on = register.today
    year, week, _ = on.isocalendar()
    groups = records.select(
        left="record",
        script=pl.col("name").map_elements(bands.script, pl.String, skip_nulls=False),
        age=pl.col("founded").map_elements(lambda founded: bands.age(founded, on), pl.String, skip_nulls=False),
    ).with_columns(group=pl.concat_str("script", "age", separator="\n"))
    pairs = links.join(groups.select("left", "group"), on="left")
    alone = groups.join(links.select("left").unique(), on="left", how="anti").select("left", "group")
    size = max(SIZE, strata(pairs, alone, threshold).select("side", "band", "group").n_unique())
    units = to_read(pairs, size, year * 100 + week, alone=alone, threshold=threshold)
    if units.is_empty():
        return 0
    drawn = units.join(groups.drop("group"), on="left").sort("left", "right")
    columns = ("left", "right", "side", "band", "script", "age", "members")
    rows = [{"source": source, "model": model, "on": on} | row for row in drawn.select(columns).iter_rows(named=True)]
    with turn(register.engine) as connection:
        if not effects.once(connection, f"sample/{source}/{year}-W{week:02}"):
            return 0
        events.add(connection, "sampled", rows)
    return len(rows)


def answer(register: Register, number: int, reader: str, said: str) -> None:
    """Keep what a reader answered about a unit of a sample.

    Raises InputError where there is no such unit, no reader, or no such answer.
    """
    if not reader.strip():
        raise InputError("reader: found nothing, expected the name of who reads")
    if said not in ANSWERS:
        raise InputError(f"answer: found {said[:100]!r}, expected one of {', '.join(ANSWERS)}")
    with turn(register.engine) as connection:
        there = sa.select(schema.sampled.c.number).where(schema.sampled.c.number == number)
        if connection.execute(there).scalar_one_or_none() is None:
            raise InputError(f"sample {number}: there is no such unit; goodstanding register read lists them")
        events.add(connection, "reading", [{"sampled": number, "reader": reader.strip(), "answer": said}])


def to_be_read(register: Register, reader: str | None, since: dt.date) -> list[sa.Row[tuple[object, ...]]]:
    """Return units drawn since a day that fewer than `READINGS` people have read, without this reader's, in order.

    What others answered about them is not told.
    """
    with register.engine.connect() as connection:
        return [*connection.execute(_TO_BE_READ, {"reader": reader, "since": since, "readings": READINGS})]


_TO_BE_READ = sa.text("""
    SELECT number, source, "left", "right" FROM sampled
    WHERE "on" >= :since
        AND (SELECT count(DISTINCT reader) FROM reading WHERE reading.sampled = sampled.number) < :readings
        AND NOT EXISTS (SELECT FROM reading WHERE reading.sampled = sampled.number AND reader = :reader)
    ORDER BY number""")
