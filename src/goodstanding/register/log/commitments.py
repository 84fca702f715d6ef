"""Commitments to rows of the bulk tables: each row has its own salt, and its hash stands in its delivery's tree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from secrets import token_bytes

import polars as pl
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import compute

from goodstanding.facts.records import sha256
from goodstanding.proof.commitments import SALT
from goodstanding.proof.merkle import root
from goodstanding.register.store.bulk import copied

SUBJECT = ("number", "identifier", "is_a", "name", "latin", "born", "publishable", "seat")
"""What is said of a subject: the columns that its commitment covers."""
_BYTES = pa.large_binary()
_ZERO, _NOTHING = pa.scalar(b"\x00", _BYTES), pa.scalar(b"", _BYTES)
REFUSAL = ("row", "field", "found", "expected")
"""What a commitment to a refusal covers."""


def lines(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return what each row says, as bytes: `column=value` in order of name, apart by U+001F, without what is absent."""
    cells = [pl.lit(f"{name}=") + pl.col(name).cast(pl.String) for name in sorted(columns)]
    return frame.select(pl.concat_str(cells, separator="\x1f", ignore_nulls=True).cast(pl.Binary)).to_series()


def committed(frame: pl.DataFrame, contents: pl.Series) -> pl.DataFrame:
    """Add `salt` and `commitment` to rows with these contents (bytes), as text that PostgreSQL reads as bytes.

    As `proof.commitments.commitment` makes it of each: SHA-256(0x00 || salt || content), here for all rows at once.
    """
    random = pa.py_buffer(token_bytes(SALT * frame.height))
    salts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SALT), frame.height, [None, random]).cast(_BYTES)
    said = compute.binary_join_element_wise(_ZERO, salts, contents.to_arrow().cast(_BYTES), _NOTHING)
    return frame.with_columns(
        salt=pl.lit("\\x") + pl.Series(salts).bin.encode("hex"),
        commitment=pl.lit("\\x") + sha256(pl.Series("said", said)),
    )


def of(frame: pl.DataFrame) -> list[bytes]:
    """Return the commitments of rows as `committed` gives them, in their order."""
    return frame["commitment"].str.slice(2).str.decode("hex").to_list()


def root_of(frame: pl.DataFrame) -> bytes:
    """Return the root over the commitments of rows as `committed` gives them, in their order."""
    return root(of(frame))


def standings_digest(connection: sa.Connection, run: int) -> bytes:
    """Return the SHA-256 over the standings of a run, as PostgreSQL writes them as CSV in order of subject."""
    query = (
        "SELECT subject_id, outcome, score, grade, missing, reason FROM standing WHERE run = %(run)s "
        "ORDER BY subject_id"
    )
    return _digest(connection, query, run)


def quiet_digest(connection: sa.Connection, run: int) -> bytes:
    """Return the same over the days on which the standings of a run may change by themselves."""
    return _digest(connection, "SELECT subject_id, until FROM quiet WHERE run = %(run)s ORDER BY subject_id", run)


def _digest(connection: sa.Connection, query: str, run: int) -> bytes:
    digest = hashlib.sha256()
    for block in copied(connection, query, {"run": run}):
        digest.update(block)
    return digest.digest()
