"""The map of a register: from each subject to the head of its dossier, under every checkpoint of the log.

A head is a chain over the commitments of a dossier's records in ledger order (delivery, row); `head` has a row for each
map in which one is new. Buckets and the map's root follow from the heads (`proof.dossiermap`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl
import sqlalchemy as sa

from goodstanding.proof import dossiermap
from goodstanding.proof.dossiermap import Bucket, Entry, Top
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in

_FETCHED = 20_000
"""How many rows are fetched at once."""


@dataclass(frozen=True)
class Head:
    """Where a dossier ends: its subject, the subject's key in the map, and what the map says of it."""

    subject: int
    key: bytes
    entry: Entry


def salt_of(connection: sa.Connection) -> bytes:
    """Return what keys in the map are mixed with, 32 bytes: subjects are told it, unlike the register's own salt."""
    own = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    return sha256(b"map" + own.encode()).digest()


def grown_heads(connection: sa.Connection, deliveries: Sequence[int], salt: bytes) -> Iterator[Head]:
    """Yield the new heads of all dossiers that these deliveries, later than all before, added records to."""
    rows = connection.execute(
        _GROWN.execution_options(yield_per=_FETCHED), {"deliveries": list(deliveries), "salt": salt}
    )
    for subject, key, items, head, added in rows:
        commitments = (added[at : at + 32] for at in range(0, len(added), 32))
        entry = Entry((items or 0) + len(added) // 32, dossiermap.head(commitments, head or dossiermap.NONE))
        yield Head(subject, bytes(key), entry)


_GROWN = sa.text("""
    WITH added AS (
        SELECT subject_id, string_agg(commitment, ''::bytea ORDER BY delivery, row) AS commitments
        FROM record WHERE delivery = ANY (:deliveries) GROUP BY subject_id
    )
    SELECT subject.id, sha256('subject'::bytea || :salt || convert_to(identifier, 'UTF8')),
        before.items, before.head, commitments
    FROM added JOIN subject ON subject.id = added.subject_id LEFT JOIN LATERAL (
        SELECT items, head FROM head WHERE head.subject_id = added.subject_id ORDER BY size DESC LIMIT 1
    ) AS before ON true
    ORDER BY subject.id""")


def added(connection: sa.Connection, deliveries: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
    """Yield what deliveries added to each dossier: subject, identifier, and the commitments one after another."""
    if deliveries:
        found = connection.execute(_ADDED.execution_options(yield_per=_FETCHED), {"deliveries": list(deliveries)})
        yield from ((subject, identifier, bytes(commitments)) for subject, identifier, commitments in found)


_ADDED = sa.text("""
    SELECT subject_id, identifier, string_agg(record.commitment, ''::bytea ORDER BY record.delivery, row)
    FROM record JOIN subject ON subject.id = subject_id WHERE record.delivery = ANY (:deliveries)
    GROUP BY subject_id, identifier ORDER BY subject_id""")


def keep_heads(connection: sa.Connection, heads: Sequence[Head], size: int) -> None:
    """Write heads that are new in the map of a size."""
    columns = {
        "subject_id": [one.subject for one in heads],
        "size": [size] * len(heads),
        "items": [one.entry.records for one in heads],
        "head": [f"\\x{one.entry.head.hex()}" for one in heads],
        "key": [f"\\x{one.key.hex()}" for one in heads],
    }
    copy_in(connection, "head", pl.DataFrame(columns))


def entries(connection: sa.Connection, buckets: Iterable[int], size: int | None = None) -> dict[bytes, Entry]:
    """Return what the map says of every subject in these buckets: the newest map, or that of a size."""
    wanted = [number.to_bytes(2) for number in buckets]
    found = connection.execute(
        _ENTRIES.execution_options(yield_per=_FETCHED),
        {"buckets": wanted, "all": len(wanted) == dossiermap.BUCKETS, "size": size},
    )
    return {bytes(key): Entry(items, bytes(head)) for key, items, head in found}


_ENTRIES = sa.text("""
    SELECT DISTINCT ON (key) key, items, head FROM head
    WHERE (:all OR substr(key, 1, 2) = ANY (:buckets)) AND (CAST(:size AS bigint) IS NULL OR size <= :size)
    ORDER BY key, size DESC""")


def keep_buckets(connection: sa.Connection, buckets: Mapping[int, Bucket], size: int) -> None:
    """Write buckets that are new in the map of a size."""
    columns = {
        "prefix": list(buckets),
        "size": [size] * len(buckets),
        "subjects": [one.subjects for one in buckets.values()],
        "root": [f"\\x{one.root.hex()}" for one in buckets.values()],
    }
    copy_in(connection, "bucket", pl.DataFrame(columns))


def top(connection: sa.Connection, size: int | None = None) -> Top:
    """Return what lies above the buckets, as they are kept: of the newest map, or that of a size."""
    found = connection.execute(_BUCKETS, {"size": size})
    return Top({prefix: Bucket(bytes(root), subjects) for prefix, root, subjects in found})


_BUCKETS = sa.text("""
    SELECT DISTINCT ON (prefix) prefix, root, subjects FROM bucket
    WHERE CAST(:size AS bigint) IS NULL OR size <= :size ORDER BY prefix, size DESC""")
