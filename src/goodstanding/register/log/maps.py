"""The map of a register: from each subject to the head of its dossier, under every checkpoint of the log.

A head is a chain over the commitments of a dossier's records in ledger order (delivery, row). Heads and buckets
(`proof.dossiermap`) follow from the records alone; they stand under the last delivery of those that a map covers anew,
so that they can be made before the map is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

import polars as pl
import sqlalchemy as sa

from goodstanding.proof import dossiermap
from goodstanding.proof.dossiermap import Bucket, Entry, Top
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in

_FETCHED = 20_000
"""How many rows are fetched at once."""
_MANY = dossiermap.BUCKETS // 4
"""From so many buckets on, all heads are read in one go."""


def salt_of(connection: sa.Connection) -> bytes:
    """Return what keys in the map are mixed with, 32 bytes: subjects are told it, unlike the register's own salt."""
    own = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    return sha256(b"map" + own.encode()).digest()


def grow(connection: sa.Connection, deliveries: Sequence[int], salt: bytes) -> dict[int, Bucket]:
    """Write the heads and buckets that deliveries, later than all before, changed; return these buckets."""
    last = max(deliveries)
    parameters = {"deliveries": list(deliveries), "last": last, "salt": salt}
    touched = [bytes(prefix) for prefix in connection.execute(_GROWN, parameters).scalars()]
    if not touched:
        return {}
    query = _LEAVES["all" if len(touched) > _MANY else "some"].execution_options(yield_per=_FETCHED)
    wanted, made = {int.from_bytes(prefix) for prefix in touched}, {}
    for prefix, leaves in connection.execute(query, {"buckets": touched}):
        if (number := int.from_bytes(prefix)) in wanted:
            made[number] = dossiermap.bucket(leaves)
    columns = {
        "delivery": [last] * len(made),
        "prefix": list(made),
        "subjects": [one.subjects for one in made.values()],
        "root": [f"\\x{one.root.hex()}" for one in made.values()],
    }
    copy_in(connection, "bucket", pl.DataFrame(columns))
    return made


_GROWN = sa.text("""
    WITH touched AS MATERIALIZED (
        SELECT id, sha256('subject'::bytea || :salt || convert_to(identifier, 'UTF8')) AS key FROM subject
        WHERE id IN (SELECT subject_id FROM record WHERE delivery = ANY (:deliveries)) ORDER BY key
    ), before AS (
        SELECT id, touched.key, coalesce(items, 0) AS items, coalesce(head, decode(repeat('00', 32), 'hex')) AS head
        FROM touched LEFT JOIN LATERAL (
            SELECT items, head FROM head WHERE head.key = touched.key ORDER BY delivery DESC LIMIT 1
        ) AS newest ON true
    ), added AS (
        INSERT INTO head (key, delivery, subject_id, items, head)
        SELECT before.key, :last, id, items + count(*), chain(head, commitment ORDER BY record.delivery, row)
        FROM record JOIN before ON id = subject_id WHERE record.delivery = ANY (:deliveries)
        GROUP BY before.key, id, items, head ORDER BY before.key RETURNING key
    )
    SELECT DISTINCT substr(key, 1, 2) FROM added""")
"""Heads are made where the records are: 400,000 need not come here and go back."""

_OF_BUCKETS = """unnest(CAST(:buckets AS bytea[])) AS wanted (prefix)
    JOIN head ON key BETWEEN prefix AND prefix || decode(repeat('ff', 30), 'hex')"""
_LEAVES = {
    name: sa.text(f"""
        SELECT substr(key, 1, 2), string_agg(key || sha256('\\x00'::bytea || key || int8send(items) || head), ''
            ORDER BY key)
        FROM (SELECT DISTINCT ON (key) key, items, head FROM {heads} ORDER BY key, delivery DESC) AS newest
        GROUP BY substr(key, 1, 2)""")  # noqa: S608
    for name, heads in {"some": _OF_BUCKETS, "all": "head WHERE CAST(:buckets AS bytea[]) IS NOT NULL"}.items()
}
"""Of each bucket its subjects in order, the key and the hash of the leaf of each."""


def last_grown(connection: sa.Connection) -> int:
    """Return the last delivery with which heads and buckets were made; 0: none."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(schema.bucket.c.delivery), 0))).scalar_one())


def added(connection: sa.Connection, deliveries: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
    """Yield what deliveries added to each dossier: subject, identifier, and the commitments one after another."""
    if deliveries:
        found = connection.execute(_ADDED.execution_options(yield_per=_FETCHED), {"deliveries": list(deliveries)})
        yield from ((subject, identifier, bytes(commitments)) for subject, identifier, commitments in found)


_ADDED = sa.text("""
    SELECT subject_id, identifier, string_agg(record.commitment, ''::bytea ORDER BY record.delivery, row)
    FROM record JOIN subject ON subject.id = subject_id WHERE record.delivery = ANY (:deliveries)
    GROUP BY subject_id, identifier ORDER BY subject_id""")


def entries(connection: sa.Connection, buckets: Iterable[int], through: int) -> dict[bytes, Entry]:
    """Return what the map through a delivery says of every subject in these buckets."""
    wanted = {"buckets": [number.to_bytes(2) for number in buckets], "through": through}
    found = connection.execute(_ENTRIES.execution_options(yield_per=_FETCHED), wanted)
    return {bytes(key): Entry(items, bytes(head)) for key, items, head in found}


_ENTRIES = sa.text(f"""
    SELECT DISTINCT ON (key) key, items, head FROM {_OF_BUCKETS} WHERE delivery <= :through
    ORDER BY key, delivery DESC""")  # noqa: S608


def top(connection: sa.Connection, through: int) -> Top:
    """Return what lies above the buckets, as they are kept, of the map through a delivery."""
    return Top(_kept(connection, 0, through))


def grown(connection: sa.Connection, before: int, through: int) -> Mapping[int, Bucket]:
    """Return the buckets that are new with the deliveries after one, through another."""
    return _kept(connection, before, through)


def _kept(connection: sa.Connection, before: int, through: int) -> dict[int, Bucket]:
    found = connection.execute(_BUCKETS, {"before": before, "through": through})
    return {prefix: Bucket(bytes(root), subjects) for prefix, root, subjects in found}


_BUCKETS = sa.text("""
    SELECT DISTINCT ON (prefix) prefix, root, subjects FROM bucket
    WHERE delivery > :before AND delivery <= :through ORDER BY prefix, delivery DESC""")
