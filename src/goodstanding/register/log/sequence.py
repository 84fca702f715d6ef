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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.proof import checkpoints, merkle, tiles
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
_PREPARING = 0x600D57A2D4
"""The key of the advisory lock that whoever makes heads before a checkpoint takes."""
AT_ONCE = 5_000
"""So many records are brought into the map within a checkpoint; the heads of more are made before it."""
_log = logging.getLogger(__name__)
_LEAF, _CHECKPOINT, _DELIVERY = schema.leaf.c, schema.checkpoint.c, schema.delivery.c


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


@dataclass(frozen=True)
class Waiting:
    """The events that are under no checkpoint yet: how many, and since when the oldest is there, in UTC."""

    events: int
    since: dt.datetime | None


def waiting(register: Register) -> Waiting:
    """Return what no checkpoint covers yet."""
    own = schema.event.join(schema.waiting, schema.waiting.c.event == schema.event.c.number)
    query = sa.select(sa.func.count(), sa.func.min(schema.event.c.at)).select_from(own)
    with register.engine.connect() as connection:
        return Waiting(*connection.execute(query).one())


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
    lines = sa.select(added.line).where(added.size == row.size).order_by(added.verifier)
    return row.size, "".join([row.note, *connection.execute(lines).scalars()])


def sign(register: Register, key: Signer, *, alone: bool = False) -> Checkpoint | None:
    """Bring all events that wait under checkpoints. See `Sequencer`."""
    return Sequencer(register, key, alone=alone).sign()


@dataclass(frozen=True)
class Coming:
    """Deliveries that no map covers yet, in their order, and how many records they brought."""

    numbers: Sequence[int]
    records: int

    @property
    def large(self) -> bool:
        """Whether their heads are made before the checkpoint, and not in it."""
        return self.records > AT_ONCE


_HANDED_OVER = sa.text("""
    SELECT number = (SELECT min(number) FROM log_key) OR EXISTS (
        SELECT FROM event JOIN leaf ON leaf.event = event.number
        WHERE event.kind = 'log_key' AND event.key = log_key.number::text)
    FROM log_key WHERE verifier = :verifier""")


class Sequencer:
    """Signs one checkpoint after another; between them it keeps the top of the map, 6 MB.

    Many records at once would hold up a checkpoint: heads and buckets are then made by `prepare`, which may run in
    another thread or another sequencer, while `attest` signs what else happens. Their deliveries wait that long.
    """

    def __init__(self, register: Register, key: Signer, *, alone: bool = False) -> None:
        """Keep what to sign and with what.

        A key takes over once an older one signed its enrolment; `alone` says that the older one is lost, and whoever
        verifies must name this one. Raises InputError where the key is not one of this register's, or is not handed
        over yet.
        """
        self._register, self._key = register, key
        self._size, self._through, self._top = -1, 0, Top()
        self._prepared: tuple[list[int], dict[str, bytes]] = ([], {})
        with register.engine.connect() as connection:
            known = connection.execute(sa.select(schema.log_key.c.verifier)).scalars().all()
        if str(key.verifier) not in known:
            raise InputError(
                f"the key {key.name}+{key.verifier.id.hex()} is not enrolled in this register; "
                "make one with goodstanding register key FILE"
            )
        if not alone and not self._handed_over():
            raise InputError(
                f"the key {key.name}+{key.verifier.id.hex()} waits for an older key to sign its enrolment; sign once "
                "more with that one, or, where it is lost, once with goodstanding register sign --alone"
            )

    def _handed_over(self) -> bool:
        """Whether the key is the first one, or its enrolment stands under a checkpoint."""
        with self._register.engine.connect() as connection:
            return bool(connection.execute(_HANDED_OVER, {"verifier": str(self._key.verifier)}).scalar_one())

    def sign(self) -> Checkpoint | None:
        """Bring all events that wait now under checkpoints, one or a few; return the last; None where none waits."""
        with self._register.engine.connect() as connection:
            last = max(uncovered(connection, through(connection)).numbers, default=0)
        signed = self.attest()
        while self._through < last:
            prepared, made = self.prepare(), self.attest()
            if not prepared and made is None:
                break
            signed = made or signed
        return signed

    def attest(self) -> Checkpoint | None:
        """Sign a checkpoint over all events that wait, but for deliveries that `prepare` has to make heads of first.

        None where there is nothing to sign.
        """
        with self._register.engine.begin() as connection:
            if connection.execute(sa.select(schema.waiting).limit(1)).one_or_none() is None:
                self._through = max(self._through, through(connection))
                return None
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
            try:
                return self._signed(connection)
            except BaseException:
                self._size = -1  # the top may be ahead of the database now
                raise

    def behind(self) -> bool:
        """Return whether deliveries wait for `prepare`."""
        with self._register.engine.connect() as connection:
            covered = through(connection)
            return maps.last_grown(connection) <= covered and uncovered(connection, covered).large

    def prepare(self) -> bool:
        """Make heads and buckets of the deliveries that wait, where they are large; return whether they are made.

        One sequencer at a time does it; others wait for it.
        """
        with self._register.engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PREPARING)))
            covered = through(connection)
            coming = uncovered(connection, covered)
            if maps.last_grown(connection) > covered:
                return True
            if not coming.large:
                return False
            connection.execute(sa.text("SET LOCAL work_mem = '64MB'"))
            maps.grow(connection, coming.numbers, maps.salt_of(connection))
            prepared = [*coming.numbers], _placed(connection, coming.numbers)
        self._prepared = prepared
        return True

    def _signed(self, connection: sa.Connection) -> Checkpoint | None:
        before = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_CHECKPOINT.size), 0))).scalar_one()
        if self._size != before:  # this is the first, or another sequencer signed meanwhile
            self._through = through(connection)
            self._top = maps.top(connection, self._through)
        deliveries = self._ready(connection)
        until = max(deliveries, default=self._through)
        size = before + connection.execute(_APPEND, {"size": before, "until": until}).rowcount
        if size == before:  # another sequencer was faster, or only deliveries wait that are not prepared
            self._size = before
            return None
        self._append_map(connection, before, size, deliveries)
        grown = self._grown(connection, before, size + 1)
        checkpoint = Checkpoint(origin(connection), size + 1, grown)
        row = {"size": checkpoint.size, "root": checkpoint.root, "note": checkpoints.sign(checkpoint, self._key)}
        connection.execute(sa.insert(schema.checkpoint), row)
        self._size, self._through = checkpoint.size, until
        return checkpoint

    def _ready(self, connection: sa.Connection) -> list[int]:
        """Return the deliveries that the next map covers, and bring the top of the map to them."""
        coming, prepared = uncovered(connection, self._through), maps.last_grown(connection)
        if prepared > self._through:
            self._top.update(maps.grown(connection, self._through, prepared))
            return [one for one in coming.numbers if one <= prepared]
        if not coming.numbers or coming.large:
            return []
        self._top.update(maps.grow(connection, coming.numbers, maps.salt_of(connection)))
        return [*coming.numbers]

    def _append_map(self, connection: sa.Connection, before: int, size: int, deliveries: list[int]) -> None:
        """Append the event of the map as leaf `size`."""
        salt = maps.salt_of(connection)
        row = {"size": size, "root": self._top.root, "subjects": self._top.subjects, "salt": salt}
        known, digests = self._prepared
        places = digests if deliveries and known == deliveries else _placed(connection, deliveries)
        events.add(connection, "map", [row | _happened(connection, before, size) | places])
        connection.execute(_APPEND_MAP, {"size": size, "key": str(size)})

    def _grown(self, connection: sa.Connection, before: int, size: int) -> bytes:
        """Keep the tiles that are full now; return the root."""
        hashes = connection.execute(_HASHES.execution_options(yield_per=1), {"before": before}).scalars()
        new = tiles.grown(before, hashes, fetch(connection))
        keep_tiles(connection, new)
        kept = fetch(connection)
        return merkle.root_at(size, tiles.reader(size, lambda path: new[path] if path in new else kept(path)))


_APPEND = sa.text("""
    WITH taken AS (
        DELETE FROM waiting USING event WHERE number = event
            AND CASE kind WHEN 'delivery' THEN key::bigint ELSE 0 END <= :until RETURNING number, commitment
    )
    INSERT INTO leaf (index, event, hash)
    SELECT :size + row_number() OVER (ORDER BY number) - 1, number, sha256('\\x00'::bytea || commitment) FROM taken""")
_APPEND_MAP = sa.text("""
    WITH taken AS (
        DELETE FROM waiting USING event WHERE number = event AND kind = 'map' AND key = :key
        RETURNING number, commitment
    )
    INSERT INTO leaf (index, event, hash) SELECT :size, number, sha256('\\x00'::bytea || commitment) FROM taken""")


_HASHES = sa.text("""
    SELECT string_agg(hash, ''::bytea ORDER BY index) FROM leaf WHERE index >= :before
    GROUP BY index / 65536 ORDER BY index / 65536""")
"""One after another in few rows: fetching each alone costs more than hashing it."""


def through(connection: sa.Connection, size: int | None = None) -> int:
    """Return the last delivery whose event is a leaf, of the first so many leaves or of all; 0: none."""
    event, before = schema.event.c, [] if size is None else [_LEAF.index < size]
    own = sa.select(_LEAF.index).where(_LEAF.event == event.number, *before).exists()
    told = sa.select(event.number).where(event.kind == "delivery", event.key == sa.cast(_DELIVERY.number, sa.Text), own)
    query = sa.select(_DELIVERY.number).where(told.exists()).order_by(_DELIVERY.number.desc()).limit(1)
    return int(connection.execute(query).scalar_one_or_none() or 0)


def uncovered(connection: sa.Connection, covered: int) -> Coming:
    """Return the deliveries after one that are told of."""
    event = schema.event.c
    told = sa.select(event.number).where(event.kind == "delivery", event.key == sa.cast(_DELIVERY.number, sa.Text))
    query = sa.select(_DELIVERY.number, _DELIVERY.accepted).where(_DELIVERY.number > covered, told.exists())
    found = connection.execute(query.order_by(_DELIVERY.number)).all()
    return Coming([row.number for row in found], sum(row.accepted for row in found))


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
    return _happened(connection, start, end) | _placed(connection, deliveries)


def _happened(connection: sa.Connection, start: int, end: int) -> dict[str, bytes]:
    return {"events_digest": _digest(connection, _COVERED["events"], {"start": max(start - 1, 0), "end": end})}


def _placed(connection: sa.Connection, deliveries: Sequence[int]) -> dict[str, bytes]:
    of = {"deliveries": [*deliveries]}
    return {f"{name}_digest": _digest(connection, _COVERED[name], of) for name in ("records", "superseded")}


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


def _digest(connection: sa.Connection, query: str, parameters: Mapping[str, object]) -> bytes:
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
    beside: list[threading.Thread] = []

    def tried(step: Callable[[], object]) -> None:
        try:
            step()
        except Exception:
            _log.exception("no checkpoint could be signed; it is tried again")

    def step() -> None:
        sequencer.attest()
        if not any(one.is_alive() for one in beside) and sequencer.behind():
            beside[:] = [threading.Thread(target=tried, args=[sequencer.prepare], name="heads", daemon=True)]
            beside[0].start()

    def run() -> None:
        while not ended.wait(every):
            tried(step)
        tried(sequencer.sign)

    thread = threading.Thread(target=run, name="sequencer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
