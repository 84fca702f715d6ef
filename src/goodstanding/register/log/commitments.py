"""Commitments to rows of the bulk tables: each row has its own salt, and its hash stands in its delivery's tree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from secrets import token_bytes

import polars as pl
import sqlalchemy as sa

from goodstanding.proof import commitments as proof
from goodstanding.proof.merkle import root
from goodstanding.register.store.bulk import copied

SUBJECT = ("number", "identifier", "is_a", "name", "latin", "born", "publishable")
"""What is said of a subject: the columns that its commitment covers."""
REFUSAL = ("row", "field", "found", "expected")
"""What a commitment to a refusal covers."""


def lines(frame: pl.DataFrame, columns: Sequence[str]) -> list[bytes]:
    """Return what each row says: `column=value` in order of name, apart by U+001F, without what is absent."""
    cells = [pl.lit(f"{name}=") + pl.col(name).cast(pl.String) for name in sorted(columns)]
    said = frame.select(pl.concat_str(cells, separator="\x1f", ignore_nulls=True)).to_series()
    return [line.encode() for line in said]


def committed(frame: pl.DataFrame, contents: Sequence[bytes]) -> pl.DataFrame:
    """Add `salt` and `commitment` to rows with these contents, as text that PostgreSQL reads as bytes."""
    salts = token_bytes(16 * len(contents))
    said = proof.commitments(salts, contents)
    own = [salts[start : start + 16] for start in range(0, len(salts), 16)]
    return frame.with_columns(
        (pl.lit("\\x") + pl.Series(values, dtype=pl.Binary).bin.encode("hex")).alias(name)
        for name, values in (("salt", own), ("commitment", said))
    )


def of(frame: pl.DataFrame) -> list[bytes]:
    """Return the commitments of rows as `committed` gives them, in their order."""
    return bytes_of(frame["commitment"].str.slice(2))


def bytes_of(digits: pl.Series) -> list[bytes]:
    """Return what hexadecimal digits stand for."""
    return digits.str.decode("hex").to_list()


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
