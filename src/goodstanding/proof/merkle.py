"""Merkle trees of RFC 9162, section 2.1: roots, inclusion and consistency, made from stored hashes and checked alone.

Every hash is 32 bytes of SHA-256. A tree of `size` leaves is made of *perfect subtrees*: the one at (level, index) is
over the 2**level leaves from index * 2**level on. Their hashes never change while a log grows, so a log stores them,
and every proof is made through a function `read(level, index)` that returns one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from goodstanding.proof.errors import ProofError

Read = Callable[[int, int], bytes]
"""(level, index) to the hash of that perfect subtree, 32 bytes; asked only for subtrees that the tree has whole."""

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves (RFC 9162, 2.1.1)."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || data) (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side: SHA-256(0x01 || left || right) (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root over hashes of leaves, in their order (RFC 9162, 2.1.1); EMPTY where there are none."""
    nodes = list(leaf_hashes)
    while len(nodes) > 1:
        last = nodes[-1:] if len(nodes) % 2 else []
        nodes = _paired(nodes) + last
    return nodes[0] if nodes else EMPTY


def _paired(nodes: list[bytes]) -> list[bytes]:
    """Return the hashes one level up; the last of an odd number is left out."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=False)]


class Edge:
    """The right edge of a growing tree: the hashes of its largest perfect subtrees, one for each bit of its size.

    Enough to append any number of leaves in constant memory and to know the root after each, and small enough to keep:
    at most 64 hashes.
    """

    __slots__ = ("_hashes", "size")

    size: int
    """How many leaves the tree has."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Start a tree, or go on with one that was kept.

        hashes: as `hashes` gave them, the largest subtree first. Raises ValueError where they are not of this size.
        """
        if size < 0 or len(hashes) != size.bit_count() or any(len(one) != 32 for one in hashes):
            raise ValueError(f"a tree of {size} leaves has {max(size, 0).bit_count()} hashes of 32 bytes on its edge")
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> list[bytes]:
        """The hashes on the edge, the largest subtree first: as many as the size has bits that are set."""
        return list(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add one hash of a leaf, 32 bytes."""
        hashes, size = self._hashes, self.size
        while size & 1:
            leaf = node_hash(hashes.pop(), leaf)
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add hashes of leaves in their order; faster than one by one. Memory: that of the leaves given at once."""
        nodes, kept, rising, before = list(leaves), [], self.size, self._hashes
        self.size += len(nodes)
        while rising or nodes:
            if rising & 1:
                nodes = [before.pop(), *nodes]
            if len(nodes) % 2:
                kept.append(nodes[-1])
            nodes, rising = _paired(nodes), rising >> 1
        self._hashes = kept[::-1]

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        if not self._hashes:
            return EMPTY
        result = self._hashes[-1]
        for left in self._hashes[-2::-1]:
            result = node_hash(left, result)
        return result


def root_at(size: int, read: Read) -> bytes:
    """Return the root of the first `size` leaves, from stored hashes; at most 64 are read."""
    return _over(0, size, read) if size else EMPTY


def inclusion(index: int, size: int, read: Read) -> list[bytes]:
    """Return the proof that a leaf is in the tree of the first `size` leaves (RFC 9162, 2.1.3.1), nearest hash first.

    index: of the leaf, from 0. Raises ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    above, start, end = [], 0, size
    while (end - start).bit_count() > 1:  # as long as the leaf is not in a perfect subtree
        middle = start + _left(end - start)
        if index < middle:
            above.append(_over(middle, end, read))
            end = middle
        else:
            above.append(_over(start, middle, read))
            start = middle
    return [read(level, index >> level ^ 1) for level in range((end - start).bit_length() - 1)] + above[::-1]


def consistency(old: int, size: int, read: Read) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of that of `size` leaves (RFC 9162, 2.1.4.1).

    Empty where old is 0 or size: then the two roots say all. Raises ValueError where old is larger than size.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves has no beginning of {old} leaves")
    if old in (0, size):
        return []
    proof, start, end = [], 0, size
    while end != old:
        middle = start + _left(end - start)
        if old <= middle:
            proof.append(_over(middle, end, read))
            end = middle
        else:
            proof.append(_over(start, middle, read))
            start = middle
    if start:
        proof.append(_over(start, end, read))
    return proof[::-1]


def _left(size: int) -> int:
    """The number of leaves left of the root's middle: the largest power of two smaller than the size."""
    return 1 << (size - 1).bit_length() - 1


def _over(start: int, end: int, read: Read) -> bytes:
    """Return the hash over the leaves from start to end (not included), a subtree that the tree has or will have."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    result = parts.pop()
    while parts:
        result = node_hash(parts.pop(), result)
    return result


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf is at `index` in the tree of `size` leaves with this root (RFC 9162, 2.1.3.2).

    leaf: its hash, not its data. Raises ProofError where the proof does not show it.
    """
    if not 0 <= index < size:
        raise ProofError(f"inclusion: a tree of {size} leaves has no leaf {index}")
    _check_lengths("inclusion", (leaf, *proof, root))
    at, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"inclusion of leaf {index} in {size}: the proof has {len(proof)} hashes, too many")
        if at & 1 or at == last:
            result = node_hash(sibling, result)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError(f"inclusion of leaf {index} in {size}: the proof has {len(proof)} hashes, too few")
    if result != root:
        raise ProofError(
            f"inclusion of leaf {index} in {size}: it leads to {result.hex()}, not to the root {root.hex()}"
        )


def check_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old` leaves is the beginning of that of `size` leaves (RFC 9162, 2.1.4.2).

    An empty tree is the beginning of every tree. Raises ProofError where the proof does not show it.
    """
    what = f"consistency of {old} with {size} leaves"
    _check_lengths(what, (old_root, root, *proof))
    if not 0 <= old <= size:
        raise ProofError(f"{what}: the old tree is larger than the new one")
    for leaves, its in ((old, old_root), (size, root)):
        if leaves == 0 and its != EMPTY:
            raise ProofError(f"{what}: a tree without leaves has the root {EMPTY.hex()}, not {its.hex()}")
    if old in (0, size):
        if proof:
            raise ProofError(f"{what}: the proof has {len(proof)} hashes, expected none")
        if old == size and old_root != root:
            raise ProofError(f"{what}: two roots of one size, {old_root.hex()} and {root.hex()}")
        return
    _climb(what, (old, old_root), (size, root), proof)


def _climb(what: str, old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> None:
    path = list(proof) if old[0] & (old[0] - 1) else [old[1], *proof]
    at, last = old[0] - 1, new[0] - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not path:
        raise ProofError(f"{what}: the proof is empty")
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError(f"{what}: the proof has {len(proof)} hashes, too many")
        if at & 1 or at == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError(f"{what}: the proof has {len(proof)} hashes, too few")
    if first != old[1]:
        raise ProofError(f"{what}: it leads to the old root {first.hex()}, not to {old[1].hex()}")
    if second != new[1]:
        raise ProofError(f"{what}: it leads to the new root {second.hex()}, not to {new[1].hex()}")


def _check_lengths(what: str, hashes: Iterable[bytes]) -> None:
    for one in hashes:
        if len(one) != 32:
            raise ProofError(f"{what}: found a hash of {len(one)} bytes, expected 32")
