"""Applying a checked delivery to the ledger: whose its records are, which are new, and writing all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.validation import Checked
from goodstanding.linkage.exact import SUBJECTS, link
from goodstanding.register import commitments, events, schema
from goodstanding.register.bulk import copy_in, copy_out
from goodstanding.register.commitments import root_of
from goodstanding.register.database import Register
from goodstanding.register.documents import KNOWN, sift
from goodstanding.register.ledger import stored
from goodstanding.register.subjects import committed, enrol, numbered

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
    told = committed(_newcomers(sifted.new, place.subjects + 1, place.salt))
    records = commitments.committed(sifted.new, [bytes.fromhex(digest) for digest in sifted.new["digest"]])
    delivery = dict(header) | {
        "number": place.deliveries + 1,
        "rows": checked.rows,
        "accepted": records.height,
        "repeated": sifted.repeated,
        "refused": faults["row"].n_unique(),
        "records_root": root_of(records.sort("row")),
        "subjects_root": root_of(told),
        "refusals_root": root_of(faults),
    }
    enrol(connection, told, delivery["number"])
    kept = stored(_with_newcomers(records, told), delivery["number"], register.catalogue)
    copy_in(connection, "record", kept)
    copy_in(connection, "refusal", faults.with_columns(pl.lit(delivery["number"]).alias("delivery")))
    return events.add(connection, "delivery", [delivery])[0] | {"refusals": faults}


_PLACE = sa.select(
    schema.world.c.salt,
    sa.func.coalesce(sa.select(sa.func.max(schema.subject.c.id)).scalar_subquery(), 0).label("subjects"),
    sa.func.coalesce(sa.select(sa.func.max(schema.delivery.c.number)).scalar_subquery(), 0).label("deliveries"),
)
"""Where the ledger stands: the last subject and the last delivery."""


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


def _faults(*refusals: pl.DataFrame) -> pl.DataFrame:
    """All refusals in order of row, numbered; what was found is shown without control characters."""
    ordered = pl.concat(refusals).sort("row", maintain_order=True)
    shown = ordered.with_columns(pl.col("found").str.replace_all(_CONTROL, "\N{REPLACEMENT CHARACTER}"))
    numbered = shown.with_row_index("fault", offset=1).with_columns(pl.col("fault").cast(pl.Int64))
    return commitments.committed(numbered, commitments.lines(numbered, commitments.REFUSAL))


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
