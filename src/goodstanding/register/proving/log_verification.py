"""Whether the log of a register is what was signed: leaves, tiles and checkpoints are computed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from goodstanding.proof import checkpoints, merkle, notes, tiles
from goodstanding.proof.checkpoints import Verified
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Verifier
from goodstanding.register.log import events, sequence
from goodstanding.register.proving import map_verification
from goodstanding.register.proving.naming import named
from goodstanding.register.store import schema

_SUSPECTS = 1_000
"""How many rows are named where one of them was rewritten together with all that tells of it."""


@dataclass
class _Log:
    """What follows from the leaves: no more of it than memory holds for any number of them."""

    size: int = 0
    outside: bytes | None = None
    """The root at the size of the checkpoint that was kept outside."""
    wrong: dict[int, bytes] = field(default_factory=dict)
    """The sizes at which a checkpoint has another root, and the root that follows."""


def problems(
    connection: sa.Connection, outside: Verified | None = None, trusted: Sequence[Verifier] = ()
) -> Iterator[str]:
    """Yield what is not as it was signed, each problem with its table and row.

    outside: a checkpoint that was kept elsewhere, verified. trusted: the log's public keys as they are known elsewhere;
    where none is given, the first that was enrolled is trusted, and any that was enrolled under one that is.
    """
    made = _Log()
    yield from _leaves(connection, made, outside)
    yield from _waiting(connection)
    yield from _checkpoints(connection, made, trusted)
    odd = [*map_verification.problems(connection)]
    yield from odd
    yield from _times(connection, events.KINDS if any(one.startswith("event:") for one in odd) else ("map",))
    yield from _cosignatures(connection)
    if outside:
        yield from _since(connection, made, outside)


_AT_ONCE = 50_000


def _leaves(connection: sa.Connection, made: _Log, outside: Verified | None) -> Iterator[str]:
    """Compare the leaves with their events, and tiles and roots with the leaves; keep what follows."""
    leaf, event = schema.leaf.c, schema.event.c
    query = (
        sa.select(leaf.index.label("place"), leaf.event, leaf.hash, event.commitment)
        .select_from(schema.leaf.outerjoin(schema.event, event.number == leaf.event))
        .order_by(leaf.index)
    )
    kept, tile = schema.checkpoint.c, schema.tile.c
    signed = sa.select(kept.size, kept.root).order_by(kept.size)
    lowest = sa.select(tile.index.label("place"), tile.hashes).where(tile.level == 0).order_by(tile.index)
    edge, rest = merkle.Edge(), b""
    with (
        connection.execute(signed.execution_options(yield_per=_AT_ONCE)) as roots_kept,
        connection.execute(lowest.execution_options(yield_per=200)) as tiles_kept,
        connection.execute(query.execution_options(yield_per=_AT_ONCE)) as rows,
    ):
        roots, tiled = _Roots(roots_kept, outside), _Tiles(tiles_kept)
        roots.append(edge, [], made)
        for part in rows.partitions():
            hashes: list[bytes] = []
            for row in part:
                if row.place != edge.size + len(hashes):
                    break
                hashed = merkle.leaf_hash(row.commitment) if row.commitment is not None else row.hash
                if row.commitment is None:
                    yield f"leaf {row.place}: event {row.event}, of which it is, is not there"
                elif hashed != row.hash:
                    yield f"leaf {row.place}: is not the hash of event {row.event}"
                hashes.append(hashed)
            roots.append(edge, hashes, made)
            rest += b"".join(hashes)
            whole = len(rest) - len(rest) % (tiles.WIDTH * 32)
            yield from tiled.compared(rest[:whole])
            rest = rest[whole:]
            if len(hashes) < len(part):
                yield f"leaf {edge.size}: is missing; found leaf {part[len(hashes)].place} in its place"
                break
        yield from tiled.end()
    made.size = edge.size
    yield from _above(connection, tiled.full)


class _Roots:
    """The roots of all checkpoints, compared in order of size while the leaves go by."""

    def __init__(self, kept: Iterable[Any], outside: Verified | None) -> None:
        self._coming = iter(kept)
        self._next = next(self._coming, None)
        self._outside = outside.checkpoint.size if outside else None

    def append(self, edge: merkle.Edge, hashes: Sequence[bytes], made: _Log) -> None:
        """Append leaves to the tree, and look at its root wherever one was signed."""
        start, end = edge.size, edge.size + len(hashes)
        while (size := self._due()) is not None and size <= end:
            if size >= edge.size:
                edge.extend(hashes[edge.size - start : size - start])
            root = edge.root() if size >= start else b""
            if size == self._outside:
                made.outside, self._outside = root, None
            if self._next and self._next.size == size:
                if self._next.root != root:
                    made.wrong[size] = root
                self._next = next(self._coming, None)
        edge.extend(hashes[edge.size - start :])

    def _due(self) -> int | None:
        sizes = [one for one in (self._outside, self._next and self._next.size) if one is not None]
        return min(sizes, default=None)


class _Tiles:
    """The lowest tiles that are kept, compared with those that follow from the leaves while they go by."""

    def __init__(self, kept: Iterable[Any]) -> None:
        self._coming = iter(kept)
        self._next = next(self._coming, None)
        self._missing: list[str] = []
        self.full: list[bytes] = []
        """The roots of the full tiles: 32 bytes for 256 leaves."""

    def compared(self, leaves: bytes) -> Iterator[str]:
        """Compare the next full tiles, given as the hashes of their leaves."""
        for at in range(0, len(leaves), tiles.WIDTH * 32):
            part, number = leaves[at : at + tiles.WIDTH * 32], len(self.full)
            while self._next and self._next.place < number:
                yield self._odd()
            if self._next is None or self._next.place > number:
                self._missing.append(f"0/{number}")
            elif self._next.hashes != part:
                yield self._odd()
            else:
                self._next = next(self._coming, None)
            self.full.append(merkle.root([part[i : i + 32] for i in range(0, len(part), 32)]))

    def end(self) -> Iterator[str]:
        """Name the tiles that are over no leaves, and those that are not there."""
        while self._next:
            yield self._odd()
        yield from named(self._missing, "tile", "is missing")

    def _odd(self) -> str:
        index, self._next = self._next.place if self._next else 0, next(self._coming, None)
        return f"tile 0/{index}: is not over these leaves"


def _above(connection: sa.Connection, full: Sequence[bytes]) -> Iterator[str]:
    """Compare the tiles of higher levels, which follow from the roots of the lowest."""
    expected = {}
    for path, content in tiles.grown(0, full, _nothing).items():
        tile = tiles.Tile.parse(path)
        if tile.width == tiles.WIDTH:
            expected[tile.level + 1, tile.index] = content
    query = sa.select(schema.tile).where(schema.tile.c.level != 0).order_by(*schema.tile.primary_key)
    for level, index, hashes in connection.execute(query):
        if expected.pop((level, index), None) != hashes:
            yield f"tile {level}/{index}: is not over these leaves"
    yield from named([f"{level}/{index}" for level, index in expected], "tile", "is missing")


def _nothing(path: str) -> bytes:
    raise FileNotFoundError(path)


_WAITING = """
    SELECT 'event ' || number || ': is neither a leaf nor waiting to be one' FROM event
    WHERE NOT EXISTS (SELECT FROM leaf WHERE leaf.event = number)
        AND NOT EXISTS (SELECT FROM waiting WHERE waiting.event = number)
    UNION ALL
    SELECT 'waiting ' || event || ': that event is a leaf already, or is not there' FROM waiting
    WHERE EXISTS (SELECT FROM leaf WHERE leaf.event = waiting.event)
        OR NOT EXISTS (SELECT FROM event WHERE number = waiting.event)"""


def _waiting(connection: sa.Connection) -> Iterator[str]:
    yield from connection.execute(sa.text(_WAITING)).scalars()


def _checkpoints(connection: sa.Connection, made: _Log, trusted: Sequence[Verifier]) -> Iterator[str]:
    """Check every signature by keys that are trusted then, and every root, from the oldest to the newest."""
    keys, enrolled = list(trusted), dict(_enrolled(connection, made))
    if not keys and enrolled:
        keys.append(next(iter(enrolled)))
    origin, sound, size, lost = sequence.origin(connection), 0, 0, False
    kept, map_ = schema.checkpoint, schema.map_.c
    query = sa.select(*kept.c, map_.made).select_from(kept.outerjoin(schema.map_, map_.size == kept.c.size - 1))
    for row in connection.execute(query.order_by(kept.c.size).execution_options(yield_per=_AT_ONCE)):
        size = row.size
        problem = _checkpoint(row, origin, keys)
        if problem is None and row.at != row.made:
            problem = "was signed at another time than its map was made"
        if problem is None and (row.size in made.wrong or not 0 <= row.size <= made.size):
            problem = (
                "its root is not that of the leaves either" if lost else _rewritten(connection, made, sound, row.size)
            )
            lost = True
        if problem is not None:
            yield f"checkpoint {row.size}: {problem}"
            continue
        sound = row.size
        keys += [key for key, leaf in enrolled.items() if leaf < row.size and key not in keys]
    gone = [str(one) for one in connection.execute(sa.text(_GONE), {"size": made.size}).scalars()]
    yield from named(gone, "checkpoint", "is missing; the event of its map is there")
    if made.size > size:
        yield f"leaf {size}: it and all after it are under no checkpoint; the last has {size} leaves"


_GONE = """
    SELECT index + 1 FROM leaf JOIN event ON number = event
    WHERE kind = 'map' AND index < :size AND NOT EXISTS (SELECT FROM checkpoint WHERE size = index + 1)
    ORDER BY index"""


def _enrolled(connection: sa.Connection, made: _Log) -> Iterator[tuple[Verifier, int]]:
    """The keys of the log and the leaves that tell of them; one that cannot be read is found by its event."""
    event, key = schema.event.c, schema.log_key.c
    same = sa.and_(event.kind == "log_key", event.key == sa.cast(key.number, sa.Text))
    sides = schema.log_key.outerjoin(schema.event, same)
    sides = sides.outerjoin(schema.leaf, schema.leaf.c.event == event.number)
    for text, place in connection.execute(
        sa.select(key.verifier, schema.leaf.c.index).select_from(sides).order_by(key.number)
    ):
        try:
            yield Verifier.parse(text), made.size if place is None else place
        except ProofError:
            continue


def _checkpoint(row: Any, origin: str, keys: Sequence[Verifier]) -> str | None:
    try:
        signed = checkpoints.verify(row.note, keys).checkpoint
    except ProofError as error:
        return str(error)
    if (signed.origin, signed.size, signed.root) != (origin, row.size, row.root):
        return f"its note says {signed.origin}, {signed.size} leaves and the root {signed.root.hex()}"
    return None


def _rewritten(connection: sa.Connection, made: _Log, sound: int, size: int) -> str:
    """Say which rows may have been rewritten together with their events and leaves."""
    if size > made.size:
        return f"signed {size} leaves, but {made.size} are there: the log was cut back"
    leaf, event = schema.leaf.c, schema.event.c
    own = sa.select(event.kind, event.key).join(schema.leaf, leaf.event == event.number)
    own = own.where(leaf.index >= sound, leaf.index < size).order_by(leaf.index).limit(_SUSPECTS)
    among = [f"{kind} {key}" for kind, key in connection.execute(own)]
    more = size - sound - len(among)
    rows = ", ".join(among) + (f" and {more} more" if more > 0 and len(among) == _SUSPECTS else "")
    return f"its root is not that of the leaves: history was rewritten in leaves {sound} to {size - 1}: {rows}"


def _cosignatures(connection: sa.Connection) -> Iterator[str]:
    """Check the witnesses' lines. Whether one was removed only the witness knows: it is no event."""
    added, kept = schema.cosignature, schema.checkpoint.c
    query = sa.select(added, kept.note).select_from(added.outerjoin(schema.checkpoint, kept.size == added.c.size))
    for row in connection.execute(query.order_by(added.c.size, added.c.verifier)):
        try:
            witness = Verifier.parse(row.verifier)
            notes.opened((row.note or "") + row.line, [witness])
            if str(witness) != row.verifier:
                yield f"cosignature {row.size}/{row.verifier}: expected the key as {witness}"
        except ProofError as error:
            yield f"cosignature {row.size}/{row.verifier}: {error}"


def _since(connection: sa.Connection, made: _Log, outside: Verified) -> Iterator[str]:
    """Compare with the checkpoint that was kept outside."""
    kept, there = outside.checkpoint, made.size
    if kept.origin != sequence.origin(connection):
        yield f"world 1: the checkpoint kept outside is of another log, {kept.origin}"
    elif kept.size > there:
        yield (
            f"checkpoint {kept.size}: was kept outside, and the log has {there} leaves: "
            "it was cut back, or an old backup was restored"
        )
    elif made.outside != kept.root:
        rewritten = _rewritten(connection, made, 0, kept.size)
        yield f"checkpoint {kept.size}: was kept outside, and the log has another history: {rewritten}"


def _times(connection: sa.Connection, kinds: Iterable[str]) -> Iterator[str]:
    """Name the events of kinds whose time is not that of their rows, where rows have one."""
    for kind in kinds:
        table = schema.metadata.tables[kind]
        clock = next((column for column in table.columns if _is_clock(column)), None)
        if clock is None:
            continue
        key = sa.func.concat_ws("/", *table.primary_key)
        event = schema.event.c
        query = sa.select(event.number).where(event.kind == kind, event.key == key, event.at != clock)
        yield from named(
            [str(one) for one in connection.execute(query).scalars()], "event", "has another time than its row"
        )


def _is_clock(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.DateTime) and column.server_default is not None
