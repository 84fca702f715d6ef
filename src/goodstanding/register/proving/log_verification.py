"""Whether the log of a register is what was signed: leaves, tiles, heads, maps and checkpoints are computed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from goodstanding.proof import checkpoints, dossiermap, merkle, notes, tiles
from goodstanding.proof.checkpoints import Verified
from goodstanding.proof.dossiermap import Bucket, Entry, Top
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Verifier
from goodstanding.register.log import events, maps, sequence
from goodstanding.register.store import schema

NAMED = 20
"""How many rows of one kind are named, before the rest is counted."""
_SUSPECTS = 100
"""How many rows are named where one of them was rewritten together with all that tells of it."""


@dataclass
class _Log:
    """The leaves as they follow from the events: their kinds, keys, and the roots at the sizes that were signed."""

    leaves: list[tuple[str, str]] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)


def problems(
    connection: sa.Connection, outside: Verified | None = None, trusted: Sequence[Verifier] = ()
) -> Iterator[str]:
    """Yield what is not as it was signed, each problem with its table and row.

    outside: a checkpoint that was kept elsewhere, verified. trusted: the log's public keys as they are known elsewhere;
    where none is given, the first that was enrolled is trusted, and any that was enrolled under one that is.
    """
    made = _Log()
    sizes = {row.size for row in connection.execute(sa.select(schema.checkpoint.c.size))}
    sizes |= {outside.checkpoint.size} if outside else set()
    yield from _leaves(connection, made, sizes)
    yield from _waiting(connection)
    yield from _tiles(connection, made)
    yield from _checkpoints(connection, made, trusted)
    odd = [*_maps(connection, made)]
    yield from odd
    yield from _times(connection, events.KINDS if any(one.startswith("event:") for one in odd) else ("map",))
    yield from _cosignatures(connection)
    if outside:
        yield from _since(connection, made, outside)


def named(rows: Sequence[str], table: str, message: str) -> Iterator[str]:
    """Yield one problem for each of the first rows, and how many more there are."""
    yield from (f"{table} {row}: {message}" for row in rows[:NAMED])
    if len(rows) > NAMED:
        yield f"{table}: {len(rows) - NAMED} more rows like these: {message}"


def _leaves(connection: sa.Connection, made: _Log, sizes: Iterable[int]) -> Iterator[str]:
    """Compare the leaves with their events, and keep what follows from the events alone."""
    leaf, event = schema.leaf.c, schema.event.c
    query = (
        sa.select(leaf.index.label("place"), leaf.event, leaf.hash, event.commitment, event.kind, event.key)
        .select_from(schema.leaf.outerjoin(schema.event, event.number == leaf.event))
        .order_by(leaf.index)
    )
    hashes: list[bytes] = []
    with connection.execute(query.execution_options(yield_per=50_000)) as rows:
        for row in rows:
            if row.place != len(hashes):
                yield f"leaf {len(hashes)}: is missing; found leaf {row.place} in its place"
                break
            hashed = merkle.leaf_hash(row.commitment) if row.commitment is not None else bytes(row.hash)
            if row.commitment is None:
                yield f"leaf {row.place}: event {row.event}, of which it is, is not there"
            elif hashed != row.hash:
                yield f"leaf {row.place}: is not the hash of event {row.event}"
            hashes.append(hashed)
            made.leaves.append((row.kind or "", row.key or ""))
    edge = merkle.Edge()
    for size in sorted(one for one in sizes if 0 <= one <= len(hashes)):
        edge.extend(hashes[edge.size : size])
        made.roots[size] = edge.root()
    for path, content in tiles.grown(0, hashes, _nothing).items():
        tile = tiles.Tile.parse(path)
        if tile.width == tiles.WIDTH:
            made.tiles[tile.level, tile.index] = content


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


def _tiles(connection: sa.Connection, made: _Log) -> Iterator[str]:
    expected = dict(made.tiles)
    for level, index, hashes in connection.execute(sa.select(schema.tile).order_by(*schema.tile.primary_key)):
        if expected.pop((level, index), None) != hashes:
            yield f"tile {level}/{index}: is not over these leaves"
    yield from named([f"{level}/{index}" for level, index in expected], "tile", "is missing")


def _checkpoints(connection: sa.Connection, made: _Log, trusted: Sequence[Verifier]) -> Iterator[str]:
    """Check every signature by keys that are trusted then, and every root, from the oldest to the newest."""
    keys, enrolled = list(trusted), dict(_enrolled(connection, made))
    if not keys and enrolled:
        keys.append(next(iter(enrolled)))
    origin, sound, size, lost = sequence.origin(connection), 0, 0, False
    clock = {row.size: row.made for row in connection.execute(sa.select(schema.map_))}
    for row in connection.execute(sa.select(schema.checkpoint).order_by(schema.checkpoint.c.size)):
        size = row.size
        problem = _checkpoint(row, origin, keys)
        if problem is None and row.at != clock.get(row.size - 1):
            problem = "was signed at another time than its map was made"
        if problem is None and made.roots.get(row.size) != row.root:
            problem = "its root is not that of the leaves either" if lost else _rewritten(made, sound, row.size)
            lost = True
        if problem is not None:
            yield f"checkpoint {row.size}: {problem}"
            continue
        sound = row.size
        keys += [key for key, leaf in enrolled.items() if leaf < row.size and key not in keys]
    signed = {row.size for row in connection.execute(sa.select(schema.checkpoint.c.size))}
    gone = [place + 1 for place, (kind, _) in enumerate(made.leaves) if kind == "map" and place + 1 not in signed]
    yield from named([str(one) for one in gone], "checkpoint", "is missing; the event of its map is there")
    if len(made.leaves) > size:
        yield f"leaf {size}: it and all after it are under no checkpoint; the last has {size} leaves"


def _enrolled(connection: sa.Connection, made: _Log) -> Iterator[tuple[Verifier, int]]:
    """The keys of the log and the leaves that tell of them; one that cannot be read is found by its event."""
    places = {key: place for place, (kind, key) in enumerate(made.leaves) if kind == "log_key"}
    for row in connection.execute(sa.select(schema.log_key).order_by(schema.log_key.c.number)):
        try:
            yield Verifier.parse(row.verifier), places.get(str(row.number), len(made.leaves))
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


def _rewritten(made: _Log, sound: int, size: int) -> str:
    """Say which rows may have been rewritten together with their events and leaves."""
    if size > len(made.leaves):
        return f"signed {size} leaves, but {len(made.leaves)} are there: the log was cut back"
    among = [f"{kind} {key}" for kind, key in made.leaves[sound:size] if kind]
    rows = ", ".join(among[:_SUSPECTS]) + (f" and {len(among) - _SUSPECTS} more" if len(among) > _SUSPECTS else "")
    return f"its root is not that of the leaves: history was rewritten in leaves {sound} to {size - 1}: {rows}"


def _maps(connection: sa.Connection, made: _Log) -> Iterator[str]:
    """Compute heads, buckets and maps again, one after another, and what each map covers."""
    entries: dict[int, tuple[bytes, Entry]] = {}
    top, heads, buckets = Top(), _kept(connection, schema.head), _kept(connection, schema.bucket)
    parts: dict[int, dict[bytes, Entry]] = {}
    salt, before = maps.salt_of(connection), 0
    for row in connection.execute(sa.select(schema.map_).order_by(schema.map_.c.size)).all():
        if not 0 <= row.size < len(made.leaves) or made.leaves[row.size] != ("map", str(row.size)):
            yield f"map {row.size}: leaf {row.size} of the log does not tell of it"
        if row.salt != salt:
            yield f"map {row.size}: was made with another salt than the one of world 1"
        arrived = [
            int(key) for kind, key in made.leaves[before : max(row.size, 0)] if kind == "delivery" and key.isdecimal()
        ]
        grown = list(_grown(connection, sorted(arrived), row.salt, entries))
        ends = {one.subject: (one.entry.records, one.entry.head, one.key) for one in grown}
        yield from _compared("head", heads.pop(row.size, {}), ends, row.size)
        for one in grown:
            parts.setdefault(dossiermap.bucket_of(one.key), {})[one.key] = one.entry
        touched = {dossiermap.bucket_of(one.key) for one in grown}
        new = {number: Bucket(dossiermap.bucket_root(parts[number]), len(parts[number])) for number in touched}
        top.update(new)
        expected = {number: (one.subjects, one.root) for number, one in new.items()}
        yield from _compared("bucket", buckets.pop(row.size, {}), expected, row.size)
        if (row.root, row.subjects) != (top.root, top.subjects):
            yield f"map {row.size}: is not over the dossiers of then"
        yield from _covered(connection, row, before, arrived)
        before = row.size + 1
    for table, kept in (("head", heads), ("bucket", buckets)):
        rows = [f"{key} size {size}" for size, own in kept.items() for key in own]
        yield from named(rows, table, "is of a map that is not there")


def _grown(
    connection: sa.Connection, deliveries: list[int], salt: bytes, entries: dict[int, tuple[bytes, Entry]]
) -> Iterator[maps.Head]:
    """Yield the heads after deliveries, from those before them, which `entries` keeps."""
    for subject, identifier, added in maps.added(connection, deliveries):
        key, entry = entries.get(subject, (None, Entry(0, dossiermap.NONE)))
        key = key or dossiermap.key(salt, identifier)
        commitments = [added[at : at + 32] for at in range(0, len(added), 32)]
        entries[subject] = key, Entry(entry.records + len(commitments), dossiermap.head(commitments, entry.head))
        yield maps.Head(subject, *entries[subject])


def _kept(connection: sa.Connection, table: sa.Table) -> dict[int, dict[int, tuple[Any, ...]]]:
    """The rows of `head` or `bucket`: by size, then by what they are of."""
    first, _, *rest = table.columns
    kept: dict[int, dict[int, tuple[Any, ...]]] = {}
    query = sa.select(first, table.c.size, *rest).order_by(table.c.size, first)
    for of, size, *row in connection.execute(query.execution_options(yield_per=50_000)):
        kept.setdefault(size, {})[of] = tuple(row)
    return kept


def _compared(
    table: str, kept: Mapping[int, tuple[Any, ...]], made: Mapping[int, tuple[Any, ...]], size: int
) -> Iterator[str]:
    wrong = [f"{of} size {size}" for of in sorted(kept.keys() | made.keys()) if kept.get(of) != made.get(of)]
    yield from named(wrong, table, "is not what follows from the records")


_ON = {
    "events": "event: the number, kind, key or time of one of leaves {0} to {1} is not what it was",
    "records": "record: the row, source, version or state of one of deliveries {2} is not what it was",
    "superseded": "superseded: what superseded what in deliveries {2} is not what it was",
}


def _covered(connection: sa.Connection, row: Any, before: int, arrived: Sequence[int]) -> Iterator[str]:
    again = sequence.covered(connection, before, row.size, sorted(arrived))
    for name, message in _ON.items():
        if again[f"{name}_digest"] != getattr(row, f"{name}_digest"):
            said = ", ".join(str(one) for one in sorted(arrived)[:NAMED]) or "none"
            yield message.format(max(before - 1, 0), row.size - 1, said)


def _cosignatures(connection: sa.Connection) -> Iterator[str]:
    """Check the witnesses' lines; that none was removed, their events say."""
    added, kept = schema.cosignature, schema.checkpoint.c
    query = sa.select(added, kept.note).select_from(added.outerjoin(schema.checkpoint, kept.size == added.c.size))
    for row in connection.execute(query.order_by(added.c.number)):
        try:
            notes.opened((row.note or "") + row.line, [Verifier.parse(row.verifier)])
        except ProofError as error:
            yield f"cosignature {row.number}: {error}"


def _since(connection: sa.Connection, made: _Log, outside: Verified) -> Iterator[str]:
    """Compare with the checkpoint that was kept outside."""
    kept, there = outside.checkpoint, len(made.leaves)
    if kept.origin != sequence.origin(connection):
        yield f"world 1: the checkpoint kept outside is of another log, {kept.origin}"
    elif kept.size > there:
        yield (
            f"checkpoint {kept.size}: was kept outside, and the log has {there} leaves: "
            "it was cut back, or an old backup was restored"
        )
    elif made.roots[kept.size] != kept.root:
        rewritten = _rewritten(made, 0, kept.size)
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
