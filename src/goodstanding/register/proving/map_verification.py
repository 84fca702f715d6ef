"""Whether the maps of a register are over its dossiers: heads, buckets and maps, computed again from the records."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from goodstanding.proof import dossiermap
from goodstanding.proof.dossiermap import Bucket, Entry, Top
from goodstanding.register.log import maps, sequence
from goodstanding.register.proving.naming import NAMED, named
from goodstanding.register.store import schema

_AT_ONCE = 50_000
"""So many rows are fetched at once."""


def problems(connection: sa.Connection) -> Iterator[str]:
    """Yield what is not as it follows from the records: heads, buckets and maps, and what each map covers."""
    with _streamed(connection, schema.head) as heads, _streamed(connection, schema.bucket) as buckets:
        yield from _maps(connection, _Map(connection, _Kept(heads, 2), _Kept(buckets, 1)))


def _streamed(connection: sa.Connection, table: sa.Table) -> sa.CursorResult[Any]:
    """The rows of `head` or `bucket` in order of delivery: the delivery, what they are of, and what is said of it."""
    own = [column for column in table.columns if column.name != "delivery"]
    query = sa.select(table.c.delivery, *own).order_by(table.c.delivery, own[0])
    return connection.execute(query.execution_options(yield_per=_AT_ONCE))


def _maps(connection: sa.Connection, made: _Map) -> Iterator[str]:
    salt, before = made.salt, 0
    for row in connection.execute(sa.text(_MAPS).execution_options(yield_per=_AT_ONCE)):
        if not row.told:
            yield f"map {row.size}: leaf {row.size} of the log does not tell of it"
        if row.salt != salt:
            yield f"map {row.size}: was made with another salt than the one of world 1"
        arrived = sequence.arrived(connection, before, row.size)
        yield from made.grow(arrived)
        if (row.root, row.subjects) != (made.top.root, made.top.subjects):
            yield f"map {row.size}: is not over the dossiers of then"
        yield from _covered(connection, row, before, arrived)
        before = row.size + 1
    yield from made.prepared(sequence.uncovered(connection, sequence.through(connection)).numbers)


_MAPS = """
    SELECT map.*, EXISTS (
        SELECT FROM leaf JOIN event ON number = event WHERE index = size AND kind = 'map' AND key = size::text
    ) AS told
    FROM map ORDER BY size"""


class _Map:
    """The map as it follows from the records, beside the heads and buckets that are kept; one entry a subject."""

    def __init__(self, connection: sa.Connection, heads: _Kept, buckets: _Kept) -> None:
        self.top, self.salt = Top(), maps.salt_of(connection)
        self._connection, self._heads, self._buckets = connection, heads, buckets
        self._keys: dict[int, bytes] = {}
        self._parts: dict[int, dict[bytes, Entry]] = {}

    def grow(self, deliveries: Sequence[int]) -> Iterator[str]:
        """Bring the map to deliveries, and compare what is kept under the last of them."""
        if not deliveries:
            return
        last, expected = max(deliveries), {}
        for subject, identifier, added in maps.added(self._connection, deliveries):
            key = self._keys.setdefault(subject, dossiermap.key(self.salt, identifier))
            part = self._parts.setdefault(dossiermap.bucket_of(key), {})
            entry, more = part.get(key, _NOBODY), [added[at : at + 32] for at in range(0, len(added), 32)]
            part[key] = Entry(entry.records + len(more), dossiermap.head(more, entry.head))
            expected[key] = (subject, *part[key])
        yield from _compared("head", self._heads, last, expected, lambda _, row: row[0])
        touched = {dossiermap.bucket_of(key) for key in expected}
        new = {number: Bucket(dossiermap.bucket_root(part := self._parts[number]), len(part)) for number in touched}
        self.top.update(new)
        buckets = {number: (one.subjects, one.root) for number, one in new.items()}
        yield from _compared("bucket", self._buckets, last, buckets, lambda of, _: of)

    def prepared(self, coming: Sequence[int]) -> Iterator[str]:
        """Compare what is kept for the next map, and name what is for none."""
        heads = self._heads.peek()
        yield from self.grow([one for one in coming if heads is not None and one <= heads])
        for table, kept in (("head", self._heads), ("bucket", self._buckets)):
            yield from kept.strays(table)


_NOBODY = Entry(0, dossiermap.NONE)


class _Kept:
    """The rows of `head` or `bucket`, delivery by delivery."""

    def __init__(self, rows: Iterable[Any], named_by: int) -> None:
        """Keep rows in order of delivery, which stands first in them; they are named by what stands at a place."""
        self._groups = itertools.groupby(rows, key=lambda row: int(row[0]))
        self._next, self._named_by = next(self._groups, None), named_by
        self._strays: list[str] = []

    def peek(self) -> int | None:
        """The next delivery under which there are rows."""
        return self._next[0] if self._next else None

    def take(self, delivery: int) -> dict[Any, tuple[Any, ...]]:
        """Return the rows under a delivery, by what they are of; those before it belong to none."""
        while self._next and self._next[0] < delivery:
            self._stray()
        if self._next is None or self._next[0] != delivery:
            return {}
        kept: dict[Any, tuple[Any, ...]] = {row[1]: (*row[2:],) for row in self._next[1]}
        self._next = next(self._groups, None)
        return kept

    def _stray(self) -> None:
        delivery, rows = self._next or (0, [])
        self._strays += [f"{row[self._named_by]} delivery {delivery}" for row in rows]
        self._next = next(self._groups, None)

    def strays(self, table: str) -> Iterator[str]:
        """Name the rows that belong to no map."""
        while self._next:
            self._stray()
        yield from named(self._strays, table, "is of a map that is not there")


def _compared(
    table: str,
    rows: _Kept,
    last: int,
    made: Mapping[Any, tuple[Any, ...]],
    name: Callable[[Any, tuple[Any, ...]], int],
) -> Iterator[str]:
    kept = rows.take(last)
    wrong = {
        name(of, row)
        for side, other in ((kept, made), (made, kept))
        for of, row in side.items()
        if other.get(of) != row
    }
    yield from named([f"{one} delivery {last}" for one in sorted(wrong)], table, "is not what follows from the records")


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
