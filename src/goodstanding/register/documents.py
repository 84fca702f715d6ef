"""Which rows of a delivery are new: a source numbers its documents, and a document says one thing."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from goodstanding.facts.validation import REFUSALS

KNOWN = {"row": pl.Int64, "known": pl.String}
"""The columns of a table of documents that the ledger has: a row of the delivery, and the digest kept for it."""
_ONCE = "another number, or the content delivered before; a correction is a new fact, not yet possible here"
_AGREE = "one content in all rows with this document; correct them and deliver them again"


@dataclass(frozen=True)
class Sifted:
    """`new` records, how many were `repeated`, and `refusals` as validation's."""

    new: pl.DataFrame
    repeated: int
    refusals: pl.DataFrame


def sift(records: pl.DataFrame, known: pl.DataFrame) -> Sifted:
    """Part records of one source (columns row, document, digest) into new, repeated and contradicting ones.

    A document that the ledger has (`known`, columns `KNOWN`) is repeated where its digest is the same, and refused
    where it is not. Rows of one delivery that contradict each other are all refused: no order among them decides.
    """
    rows = records.join(known, on="row", how="left", maintain_order="left").with_columns(
        torn=pl.col("known").is_null() & (pl.col("digest").n_unique().over("document") > 1),
        first=pl.col("row") == pl.col("row").min().over("document"),
    )
    changed = rows.filter(pl.col("known") != pl.col("digest"))
    torn = rows.filter("torn")
    new = rows.filter(pl.col("known").is_null() & ~pl.col("torn") & pl.col("first"))
    repeated = rows.height - new.height - changed.height - torn.height
    refusals = pl.concat([pl.DataFrame(schema=REFUSALS), _refused(changed, _ONCE), _refused(torn, _AGREE)])
    return Sifted(new.drop("known", "torn", "first"), repeated, refusals)


def _refused(rows: pl.DataFrame, expected: str) -> pl.DataFrame:
    return rows.select(
        "row", pl.lit("document").alias("field"), pl.col("document").alias("found"), pl.lit(expected).alias("expected")
    )
