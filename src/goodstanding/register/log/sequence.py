"""The log of a register: events become leaves in their order, under checkpoints that the register signs.

A checkpoint is made whole or not at all: leaves, full tiles, heads, the map and the signed note in one transaction, in
the turn of one sequencer at a time. So a sequencer may be killed at any moment, and any number of them may run. Under
each checkpoint the last leaf is the event of its map.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.proof import checkpoints, dossiermap, merkle, tiles
from goodstanding.proof.checkpoints import Checkpoint
from goodstanding.proof.dossiermap import Top
from goodstanding.proof.notes import Signer
from goodstanding.register.log import events, maps
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copied
from goodstanding.register.store.database import Register

OVERDUE = dt.timedelta(minutes=15)
"""How long an event may wait for its checkpoint before the register no longer answers as if nothing were wrong."""

_TURN = 0x600D57A2D2
"""The key of the advisory lock that sequencers take."""
_log = logging.getLogger(__name__)
_LEAF, _CHECKPOINT = schema.leaf.c, schema.checkpoint.c


@dataclass(frozen=True)
class Attested:
    """Whether the log keeps up: since when the oldest event waits for its checkpoint; none waits: None."""

    waiting_since: dt.datetime | None
    overdue: bool


def attested(register: Register, limit: dt.timedelta = OVERDUE) -> Attested:
    """Return whether an event waits for its checkpoint longer than the limit, by the clock of the database."""
    oldest = sa.select(sa.func.min(schema.waiting.c.event)).scalar_subquery()
    query = sa.select(schema.event.c.at, sa.func.now() - schema.event.c.at > limit)
    with register.engine.connect() as connection:
        row = connection.execute(query.where(schema.event.c.number == oldest)).one_or_none()
    return Attested(row[0], row[1]) if row else Attested(None, overdue=False)


def reading(register: Register) -> sa.Connection:
    """Return a connection that sees one state of the register, to be used as a context."""
    return register.engine.connect().execution_options(isolation_level="REPEATABLE READ")


def origin(connection: sa.Connection) -> str:
    """Return the name of the log: that of its keys and checkpoints."""
    return str(connection.execute(sa.select(schema.world.c.origin)).scalar_one())


def latest(connection: sa.Connection) -> tuple[int, str] | None:
    """Return size and note of the newest checkpoint, with its cosignatures; None where nothing was signed yet."""
    query = sa.select(_CHECKPOINT.size, _CHECKPOINT.note).order_by(_CHECKPOINT.size.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    added = schema.cosignature.c
    lines = sa.select(added.line).where(added.size == row.size).order_by(added.number)
    return row.size, "".join([row.note, *connection.execute(lines).scalars()])


def sign(register: Register, key: Signer) -> Checkpoint | None:
    """Make one checkpoint over all events that wait. See `Sequencer.sign`."""
    return Sequencer(register, key).sign()


class Sequencer:
    """Signs one checkpoint after another; between them it keeps the top of the map, 6 MB."""

    def __init__(self, register: Register, key: Signer) -> None:
        """Keep what to sign and with what. Raises InputError where the key is not one of this register's."""
        self._register, self._key = register, key
        self._size, self._top = -1, Top()
        with register.engine.connect() as connection:
            known = connection.execute(sa.select(schema.log_key.c.verifier)).scalars().all()
        if str(key.verifier) not in known:
            raise InputError(
                f"the key {key.name}+{key.verifier.id.hex()} is not enrolled in this register; "
                "make one with goodstanding register key FILE"
            )

    def sign(self) -> Checkpoint | None:
        """Append all events that wait to the log, and sign it; None where none waits."""
        with self._register.engine.begin() as connection:
            if connection.execute(sa.select(schema.waiting).limit(1)).one_or_none() is None:
                return None
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
            try:
                return self._signed(connection)
            except BaseException:
                self._size = -1  # the top may be ahead of the database now
                raise

    def _signed(self, connection: sa.Connection) -> Checkpoint | None:
        before = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_CHECKPOINT.size), 0))).scalar_one()
        size = before + connection.execute(_APPEND, {"size": before, "only": None}).rowcount
        if size == before:  # another sequencer was faster
            return None
        if self._size != before:
            self._top = maps.top(connection)
        self._append_map(connection, before, size)
        grown = self._grown(connection, before, size + 1)
        checkpoint = Checkpoint(origin(connection), size + 1, grown)
        row = {"size": checkpoint.size, "root": checkpoint.root, "note": checkpoints.sign(checkpoint, self._key)}
        connection.execute(sa.insert(schema.checkpoint), row)
        self._size = checkpoint.size
        return checkpoint

    def _append_map(self, connection: sa.Connection, before: int, size: int) -> None:
        """Make the map over what came since the last one, and append its event as leaf `size`."""
        deliveries, salt = arrived(connection, before, size), maps.salt_of(connection)
        heads = list(maps.grown_heads(connection, deliveries, salt)) if deliveries else []
        if heads:
            maps.keep_heads(connection, heads, size)
            touched = {dossiermap.bucket_of(head.key) for head in heads}
            buckets = dossiermap.buckets(maps.entries(connection, touched))
            maps.keep_buckets(connection, buckets, size)
            self._top.update(buckets)
        row = {"size": size, "root": self._top.root, "subjects": self._top.subjects, "salt": salt}
        events.add(connection, "map", [row | covered(connection, before, size, deliveries)])
        event = schema.event.c
        own = connection.execute(sa.select(event.number).where(event.kind == "map", event.key == str(size)))
        connection.execute(_APPEND, {"size": size, "only": own.scalar_one()})

    def _grown(self, connection: sa.Connection, before: int, size: int) -> bytes:
        """Keep the tiles that are full now; return the root."""
        query = sa.select(_LEAF.hash).where(_LEAF.index >= before).order_by(_LEAF.index)
        new = tiles.grown(before, connection.execute(query).scalars(), fetch(connection))
        keep_tiles(connection, new)
        kept = fetch(connection)
        return merkle.root_at(size, tiles.reader(size, lambda path: new[path] if path in new else kept(path)))


_APPEND = sa.text("""
    WITH taken AS (
        DELETE FROM waiting WHERE CAST(:only AS bigint) IS NULL OR event = :only RETURNING event
    )
    INSERT INTO leaf (index, event, hash)
    SELECT :size + row_number() OVER (ORDER BY number) - 1, number, sha256('\\x00'::bytea || commitment)
    FROM event JOIN taken ON taken.event = number""")


def arrived(connection: sa.Connection, start: int, end: int) -> list[int]:
    """Return the numbers of the deliveries whose events are leaves from start to end (not included), in order."""
    event = schema.event.c
    query = sa.select(event.key).join(schema.leaf, _LEAF.event == event.number)
    found = connection.execute(query.where(event.kind == "delivery", _LEAF.index >= start, _LEAF.index < end))
    return sorted(int(key) for key in found.scalars())


def covered(connection: sa.Connection, start: int, end: int, deliveries: Sequence[int]) -> dict[str, bytes]:
    """Return the digests in which a map covers what no commitment does, of the leaves from start to end and deliveries.

    They are SHA-256 over rows as PostgreSQL writes them as CSV: events with their numbers and times, from the last
    map's own; records with their places and versions; what was superseded.
    """
    parameters = {"start": max(start - 1, 0), "end": end, "deliveries": list(deliveries)}
    return {f"{name}_digest": _digest(connection, query, parameters) for name, query in _COVERED.items()}


_COVERED = {
    "events": """
        SELECT leaf.index, number, kind, key, at FROM leaf JOIN event ON number = leaf.event
        WHERE leaf.index >= %(start)s AND leaf.index < %(end)s ORDER BY leaf.index""",
    "records": """
        SELECT delivery, row, subject_id, source, version, state FROM record
        WHERE delivery = ANY (%(deliveries)s) ORDER BY delivery, row""",
    "superseded": """
        SELECT delivery, row, by_delivery, by_row FROM superseded
        WHERE by_delivery = ANY (%(deliveries)s) ORDER BY delivery, row""",
}


def _digest(connection: sa.Connection, query: str, parameters: dict[str, object]) -> bytes:
    digest = hashlib.sha256()
    for block in copied(connection, query, parameters):
        digest.update(block)
    return digest.digest()


def keep_tiles(connection: sa.Connection, new: Mapping[str, bytes]) -> None:
    """Write those of new tiles, path to content, that are full: they never change."""
    found = [(tiles.Tile.parse(path), content) for path, content in new.items()]
    full = [
        {"level": tile.level, "index": tile.index, "hashes": content}
        for tile, content in found
        if tile.width == tiles.WIDTH
    ]
    if full:
        connection.execute(sa.insert(schema.tile), full)


def fetch(connection: sa.Connection) -> tiles.Fetch:
    """Return what gives a log's tiles and bundles of entries by their path, partial ones too.

    An entry is an event's commitment. FileNotFoundError where the log has no such tile, or not as many hashes.
    """

    def fetched(path: str) -> bytes:
        try:
            tile = tiles.Tile.parse(path)
        except ValueError:
            raise FileNotFoundError(path) from None
        parts = _parts(connection, tile)
        if len(parts) < tile.width:
            raise FileNotFoundError(path)
        return tiles.bundle(parts) if tile.level < 0 else b"".join(parts)

    return fetched


def _parts(connection: sa.Connection, tile: tiles.Tile) -> list[bytes]:
    """Return the hashes or entries of a tile, as far as they are there: from full tiles, or from what lies below."""
    start, end = tile.index * tiles.WIDTH, tile.index * tiles.WIDTH + tile.width
    if end >= 1 << 63:
        return []
    kept = schema.tile.c
    if tile.level >= 0 and tile.width == tiles.WIDTH:
        whole = sa.select(kept.hashes).where(kept.level == tile.level, kept.index == tile.index)
        return _hashes(connection.execute(whole).scalar_one_or_none() or b"")
    if tile.level <= 0:
        what = _LEAF.hash if tile.level == 0 else schema.event.c.commitment
        query = sa.select(what).where(_LEAF.index >= start, _LEAF.index < end).order_by(_LEAF.index)
        if tile.level < 0:
            query = query.join(schema.event, schema.event.c.number == _LEAF.event)
        return [bytes(one) for one in connection.execute(query).scalars()]
    below = sa.select(kept.hashes).where(kept.level == tile.level - 1, kept.index >= start, kept.index < end)
    found = connection.execute(below.order_by(kept.index)).scalars()
    return [merkle.root(_hashes(hashes)) for hashes in found]


def _hashes(content: bytes) -> list[bytes]:
    return [content[at : at + 32] for at in range(0, len(content), 32)]


@contextmanager
def signing(register: Register, key: Signer, every: float = 1.0) -> Iterator[None]:
    """Sign in the background, once in so many seconds, as long as the context lasts; and once more at its end.

    What goes wrong is logged and tried again; whether it keeps up, `attested` says.
    """
    sequencer, ended = Sequencer(register, key), threading.Event()

    def run() -> None:
        while True:
            last = ended.wait(every)
            try:
                sequencer.sign()
            except Exception:
                _log.exception("no checkpoint could be signed; it is tried again")
            if last:
                return

    thread = threading.Thread(target=run, name="sequencer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
