"""The tables of a log that follow from its other tables and the records: kept for speed, and made again where lost."""

from __future__ import annotations

import sqlalchemy as sa

from goodstanding.proof import tiles
from goodstanding.register.log import maps, sequence
from goodstanding.register.store import schema

CACHES = ("head", "bucket", "tile", "waiting")
"""Nothing stands in these that could not be computed again; `verification` does, and names what differs."""


def make_again(connection: sa.Connection) -> None:
    """Fill the caches, which are empty, from events, leaves, maps and records; in one transaction."""
    before = 0
    for size, salt in connection.execute(sa.select(schema.map_.c.size, schema.map_.c.salt).order_by("size")).all():
        if deliveries := sequence.arrived(connection, before, size):
            maps.grow(connection, deliveries, salt)
        before = size + 1
    hashes = connection.execute(sa.select(schema.leaf.c.hash).order_by(schema.leaf.c.index)).scalars()
    sequence.keep_tiles(connection, tiles.grown(0, hashes, sequence.fetch(connection)))
    unsigned = sa.select(schema.event.c.number).where(schema.event.c.number.not_in(sa.select(schema.leaf.c.event)))
    connection.execute(sa.insert(schema.waiting).from_select(["event"], unsigned))
