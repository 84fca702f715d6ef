"""Tiles of a log (c2sp.org/tlog-tiles): its hashes and its entries as files that never change once they are full.

A tile has up to 256 hashes of perfect subtrees of 256**level leaves; an entry bundle up to 256 entries. A tile of fewer
is *partial*, and has its width in its path. Whoever has the tiles makes every proof alone: see `reader`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from goodstanding.proof import merkle
from goodstanding.proof.errors import ProofError

WIDTH = 256
"""How many hashes, or entries, a full tile has."""

Fetch = Callable[[str], bytes]
"""A path below the log's prefix, as `tile/0/x001/x234/067`, to what is there; FileNotFoundError where nothing is."""

_KEPT = 1024
"""How many tiles a reader keeps: 40 MB."""
_LARGEST = WIDTH * (2 + 0xFFFF)
"""The size of the largest bundle, in bytes."""
_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, order=True)
class Tile:
    """One tile of hashes, or where `level` is -1 one bundle of entries."""

    level: int
    """0: hashes of leaves; each level above, hashes of full tiles below; -1: entries."""
    index: int
    """From 0, among those of the level."""
    width: int = WIDTH
    """How many hashes or entries, 1 to 256."""

    @property
    def path(self) -> str:
        """Where it is served, below the log's prefix (tlog-tiles, "Merkle Tree" and "Log entries")."""
        number, folders = self.index, ""
        last = f"{number % 1000:03}"
        while number := number // 1000:
            folders = f"x{number % 1000:03}/{folders}"
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level < 0 else self.level}/{folders}{last}{part}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Return the tile of a path. Raises ValueError where it is not written as it must be."""
        match = _PATH.fullmatch(path)
        if match is not None:
            level, number, width = match.groups()
            index = int(number.replace("x", "").replace("/", ""))
            tile = cls(-1 if level == "entries" else int(level), index, int(width or WIDTH))
            if tile.path == path:
                return tile
        raise ValueError(f"found {path!r}, expected the path of a tile as tile/0/x001/x234/067 or tile/0/000.p/5")


def tiles(size: int, since: int = 0, *, entries: bool = False) -> Iterator[Tile]:
    """Yield the tiles of hashes of a log of `size` leaves, level by level; with `entries` the bundles instead.

    since: leaves at an earlier time; the tiles that were there then as they are now are passed over.
    """
    level = -1 if entries else 0
    while size:
        for index in range(since // WIDTH, size // WIDTH):
            yield Tile(level, index)
        if size % WIDTH and size > since:
            yield Tile(level, size // WIDTH, size % WIDTH)
        if entries:
            return
        size, since, level = size // WIDTH, since // WIDTH, level + 1


def reader(size: int, fetch: Fetch) -> merkle.Read:
    """Return `read(level, index)` for `merkle`, over the tiles of a log of at least `size` leaves.

    The tiles last used are kept, with the hashes between their levels, so that proofs one after another are fast. Where
    a partial tile is gone, the full one is taken. It raises ProofError where a tile is not there or has another length
    than it must have. What it reads is trusted only through a root: check the proofs that are made from it.
    """

    @lru_cache(maxsize=_KEPT)
    def tile(level: int, index: int) -> list[list[bytes]]:
        width = min(WIDTH, (size >> 8 * level) - index * WIDTH)
        levels = [_hashes(_fetched(Tile(level, index, width), fetch))]
        while len(levels[-1]) > 1:
            pairs = zip(levels[-1][::2], levels[-1][1::2], strict=False)
            levels.append([merkle.node_hash(left, right) for left, right in pairs])
        return levels

    def read(level: int, index: int) -> bytes:
        if (index + 1) << level > size:
            raise ValueError(f"a log of {size} leaves has no perfect subtree {index} at level {level}")
        below, rest = divmod(level, 8)
        number, at = divmod(index << rest, WIDTH)
        return tile(below, number)[rest][at >> rest]

    return read


def _fetched(tile: Tile, fetch: Fetch) -> bytes:
    for path in dict.fromkeys((tile.path, Tile(tile.level, tile.index).path)):
        try:
            data = fetch(path)
        except FileNotFoundError:
            continue
        width = tile.width if path == tile.path else WIDTH
        if len(data) != width * 32:
            raise ProofError(f"{path}: found {len(data)} bytes, expected {width} hashes of 32")
        return data[: tile.width * 32]
    raise ProofError(f"{tile.path}: the tile is not there")


def grown(size: int, leaves: Iterable[bytes], fetch: Fetch) -> dict[str, bytes]:
    """Return the tiles of hashes that are new once leaves are appended to a log of `size`: path to content.

    leaves: hashes of leaves, 32 bytes each, or many of them joined. fetch: is asked for the partial tiles of the log
    before. Raises ProofError where one is not there. A level's full tiles come before its partial one, lower levels
    before higher ones.
    """
    result, level, new = {}, 0, b"".join(leaves)
    while new:
        first, width = divmod(size, WIDTH)
        if width:
            new = _fetched(Tile(level, first, width), fetch) + new
        above = []
        for offset in range(0, len(new), WIDTH * 32):
            part = new[offset : offset + WIDTH * 32]
            result[Tile(level, first + offset // (WIDTH * 32), len(part) // 32).path] = part
            if len(part) == WIDTH * 32:
                above.append(merkle.root(_hashes(part)))
        size, level, new = size // WIDTH, level + 1, b"".join(above)
    return result


def _hashes(data: bytes) -> list[bytes]:
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in 2 bytes, big-endian (tlog-tiles, "Log entries").

    Raises ValueError for no entry, more than 256, or one longer than 65,535 bytes.
    """
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > 0xFFFF for entry in entries):
        raise ValueError("a bundle has 1 to 256 entries of up to 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(data: bytes, width: int = WIDTH) -> list[bytes]:
    """Return the entries of a bundle. Raises ProofError where it has not `width` entries, or ends within one."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise ProofError(f"the bundle ends within entry {len(found)}")
        found.append(data[at + 2 : end])
        at = end
    if len(found) != width:
        raise ProofError(f"the bundle has {len(found)} entries, expected {width}")
    return found


def folder(path: Path) -> Fetch:
    """Return a `fetch` over a folder that has the tiles as files under their paths."""

    def fetch(tile: str) -> bytes:
        try:
            with (path / tile).open("rb") as file:
                return file.read(_LARGEST + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(tile) from None

    return fetch
