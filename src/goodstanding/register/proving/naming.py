"""How verification names rows: the first ones each, the rest counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

NAMED = 20
"""How many rows of one kind are named, before the rest is counted."""


def named(rows: Sequence[str], table: str, message: str) -> Iterator[str]:
    """Yield one problem for each of the first rows, and how many more there are."""
    yield from (f"{table} {row}: {message}" for row in rows[:NAMED])
    if len(rows) > NAMED:
        yield f"{table}: {len(rows) - NAMED} more rows like these: {message}"
