"""Applying a checked delivery to the ledger: whose its records are, which are new, and writing all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.validation import Checked
from goodstanding.linkage.exact import SUBJECTS, link
from goodstanding.register import chain, schema
from goodstanding.register.bulk import copy_in, copy_out
from goodstanding.register.database import Register
from goodstanding.register.documents import KNOWN, sift
from goodstanding.register.ledger import stored
from goodstanding.register.subjects import enrol, numbered

HEADER = ("number", "source", "file", "received", "content", "rows", "accepted", "repeated", "refused", "known_on")
"""What the chain covers of a delivery itself."""
_CONTROL = r"[\x00-\x1f\x7f]"


def apply(connection: sa.Connection, register: Register, header: Mapping[str, Any], checked: Checked) -> dict[str, Any]:
    """Write a delivery (header: source, file, received, content) in the turn that is held; return it as it is kept.

    The answer has the columns of `delivery`, and `refusals`, numbered as they are kept.
    """
    subjects, known = _known(connection, header["source"], checked.records)
    linked = link(checked.records, subjects, register.world)
    sifted = sift(linked.records, known)
    faults = _faults(checked.refusals, linked.refusals, sifted.refusals)
    place = connection.execute(_PLACE).one()
    told = _newcomers(sifted.new, place.subjects + 1, place.salt)
    delivery = dict(header) | {
        "number": place.deliveries + 1,
        "rows": checked.rows,
        "accepted": sifted.new.height,
        "repeated": sifted.repeated,
        "refused": faults["row"].n_unique(),
        "known_on": place.now,
    }
    delivery["root"] = link_of(place.root, delivery, told, sifted.new, faults)
    _write(connection, register, delivery, told, sifted.new, faults)
    return delivery | {"refusals": faults}


def link_of(
    before: str, delivery: Mapping[str, Any], told: pl.DataFrame, records: pl.DataFrame, faults: pl.DataFrame
) -> str:
    """Return a delivery's root: over the one before, its header, the subjects, records and refusals that it brought."""
    header = {name: delivery[name] for name in HEADER}
    return chain.root(before, header, told, records.select("row", "digest"), faults)


_PLACE = sa.select(
    sa.func.now().label("now"),
    schema.world.c.salt,
    sa.func.coalesce(sa.select(sa.func.max(schema.subject.c.id)).scalar_subquery(), 0).label("subjects"),
    sa.func.coalesce(sa.select(sa.func.max(schema.delivery.c.number)).scalar_subquery(), 0).label("deliveries"),
    sa.func.coalesce(
        sa.select(schema.delivery.c.root).order_by(schema.delivery.c.number.desc()).limit(1).scalar_subquery(),
        schema.world.c.root,
    ).label("root"),
)
"""Where the ledger stands: the time, the last subject, the last delivery and its root."""


def _known(connection: sa.Connection, source: str, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the register has already of the subjects and documents that are named: `SUBJECTS`, and `KNOWN`."""
    connection.execute(sa.text("CREATE TEMP TABLE staged (row bigint, subject text, document text) ON COMMIT DROP"))
    copy_in(connection, "staged", records.select("row", "subject", "document"))
    connection.execute(sa.text("ANALYZE staged"))
    subjects = f"SELECT {', '.join(SUBJECTS)} FROM subject WHERE identifier IN (SELECT subject FROM staged)"  # noqa: S608
    documents = """
        SELECT staged.row, encode(record.digest, 'hex') FROM staged JOIN record USING (document)
        WHERE record.source = %(source)s"""
    return copy_out(connection, subjects, SUBJECTS), copy_out(connection, documents, KNOWN, {"source": source})


def _write(
    connection: sa.Connection,
    register: Register,
    delivery: Mapping[str, Any],
    told: pl.DataFrame,
    records: pl.DataFrame,
    faults: pl.DataFrame,
) -> None:
    number = delivery["number"]
    enrol(connection, told, number)
    copy_in(connection, "record", stored(_with_newcomers(records, told), number, register.catalogue))
    copy_in(connection, "refusal", faults.with_columns(pl.lit(number).alias("delivery")))
    connection.execute(sa.insert(schema.delivery).values(**delivery))


def _faults(*refusals: pl.DataFrame) -> pl.DataFrame:
    """All refusals in order of row, numbered; what was found is shown without control characters."""
    ordered = pl.concat(refusals).sort("row", maintain_order=True)
    shown = ordered.with_columns(pl.col("found").str.replace_all(_CONTROL, "\N{REPLACEMENT CHARACTER}"))
    return shown.with_row_index("fault", offset=1).with_columns(pl.col("fault").cast(pl.Int64))


def _newcomers(records: pl.DataFrame, first: int, salt: str) -> pl.DataFrame:
    new = (
        records.filter(pl.col("id").is_null())
        .group_by(pl.col("subject").alias("identifier"), maintain_order=True)
        .agg(pl.col("is_a").first(), pl.col("name").drop_nulls().first())
        .with_columns(pl.lit(None, pl.String).alias("latin"), pl.lit(None, pl.Date).alias("born"))
    )
    return numbered(new, first, salt)


def _with_newcomers(records: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    places = told.select(pl.col("identifier").alias("subject"), pl.col("id").alias("new"))
    joined = records.join(places, on="subject", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("id", "new").alias("subject_id"))
