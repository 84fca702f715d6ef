"""The map from subjects to the heads of their dossiers: one root for all, a proof for each, of absence too.

A dossier's head is a hash chain over the commitments of its records in ledger order, so that a head stands for exactly
one list. The map is a binary trie over the bits of the subjects' keys, first bit first, and depends on its content
only:

- a subtree without subjects is 32 zero bytes;
- a subtree with one subject is its leaf's hash, SHA-256(0x00 || key || records || head), as high up as it is alone;
- any other is SHA-256(0x01 || left || right).

At scale it is cut at 16 bits into 65,536 buckets: `bucket_root` computes one, `Top` holds what lies above them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from goodstanding.proof.errors import ProofError
from goodstanding.proof.merkle import node_hash

NONE = bytes(32)
"""The hash of a subtree without subjects, and the head of a dossier without records."""
DEPTH = 16
"""How many bits of a key name its bucket."""
BUCKETS = 1 << DEPTH
"""How many buckets there are."""


class Entry(NamedTuple):
    """What the map says of a subject."""

    records: int
    """How many records the dossier has, those that were erased or withdrawn included; at least 1."""
    head: bytes
    """The head after the last of them, 32 bytes."""


Entries = Mapping[bytes, Entry]
"""Keys of subjects, 32 bytes each, to what the map says of them."""


@dataclass(frozen=True)
class MapProof:
    """What the map has for a key: the hashes beside the way down to where it ends, and what is there."""

    siblings: tuple[bytes, ...]
    """From the root down; as many as the end is deep."""
    end: tuple[bytes, Entry] | None
    """The leaf where the way ends, of this key or of another one that is alone there; None: no subject is there."""


def key(salt: bytes, identifier: str) -> bytes:
    """Return the key of a subject, 32 bytes: SHA-256("subject" || salt of the register || identifier in UTF-8)."""
    return sha256(b"subject" + salt + identifier.encode()).digest()


def chain(head: bytes, commitment: bytes) -> bytes:
    """Return the head of a dossier after one more record: SHA-256(0x03 || head || commitment)."""
    return sha256(b"\x03" + head + commitment).digest()


def head(commitments: Iterable[bytes], before: bytes = NONE) -> bytes:
    """Return the head after the commitments of records in ledger order; `before` them, the head so far."""
    for commitment in commitments:
        before = sha256(b"\x03" + before + commitment).digest()
    return before


def leaf(key: bytes, entry: Entry) -> bytes:
    """Return the hash of a subject's leaf: SHA-256(0x00 || key || number of records in 8 bytes, big-endian || head)."""
    return sha256(b"\x00" + key + entry.records.to_bytes(8, "big") + entry.head).digest()


def bucket_of(key: bytes) -> int:
    """Return the bucket of a key: its first 16 bits, 0 to 65,535."""
    return key[0] << 8 | key[1]


def root(entries: Entries) -> bytes:
    """Return the root of the map, 32 bytes; the order of the entries is of no matter."""
    return _Leaves(entries).over(0)


def bucket_root(entries: Entries) -> bytes:
    """Return the hash of the subtree at depth 16 over the entries of one bucket.

    Raises ValueError where they are of several buckets.
    """
    if len({bucket_of(one) for one in entries}) > 1:
        raise ValueError("the entries are of several buckets")
    return _Leaves(entries).over(DEPTH)


def prove(entries: Entries, key: bytes) -> MapProof:
    """Return the proof of what the map of all these entries has for a key, present or not."""
    siblings, end = _Leaves(entries).down(key, 0)
    return MapProof(tuple(siblings), None if end is None else (end, entries[end]))


def check(proof: MapProof, key: bytes, root: bytes) -> Entry | None:
    """Return what the map with this root has for a key; None where the proof shows that it has nothing.

    Raises ProofError where the proof is of another key, another root, or no trie of this form can have it.
    """
    depth = len(proof.siblings)
    if len(key) != 32 or any(len(one) != 32 for one in (root, *proof.siblings)):
        raise ProofError("the map: found a key or a hash that is not 32 bytes")
    if depth > 256 or (depth and proof.siblings[-1] == NONE):
        raise ProofError("the map: the way down goes on below where the subject is alone")
    result = NONE
    if proof.end is not None:
        found, entry = proof.end
        if len(found) != 32 or len(entry.head) != 32 or not 1 <= entry.records < 1 << 64:
            raise ProofError("the map: the leaf is not of a key, a count and a head")
        if any(_bit(found, at) != _bit(key, at) for at in range(depth)):
            raise ProofError("the map: the leaf that is shown does not lie on the way of this subject")
        result = leaf(found, entry)
    for at in range(depth - 1, -1, -1):
        sibling = proof.siblings[at]
        result = node_hash(sibling, result) if _bit(key, at) else node_hash(result, sibling)
    if result != root:
        raise ProofError(f"the map: the proof leads to {result.hex()}, not to the map's root {root.hex()}")
    return proof.end[1] if proof.end is not None and proof.end[0] == key else None


def _bit(key: bytes, at: int) -> int:
    return key[at >> 3] >> (7 - (at & 7)) & 1


def _raised(hashed: bytes, key: int, top: int | None, parting: int) -> bytes:
    """Return a subtree's hash as it is just below the parting: with empty subtrees beside the way up, if it has two.

    key: of one of its leaves. top: its depth; None: it is one leaf, which rises as it is.
    """
    if top is not None:
        for at in range(top - 1, parting, -1):
            hashed = sha256(b"\x01" + (NONE + hashed if key >> (255 - at) & 1 else hashed + NONE)).digest()
    return hashed


def over(keys: Sequence[bytes], hashes: Sequence[bytes], depth: int) -> bytes:
    """Return the hash of the subtree at a depth that leaves are in: their keys, in order, and their hashes.

    From left to right: two neighbours part at the first bit in which they differ. What is complete on the left waits
    on a stack, deepest parting last, until the leaves to the right of its parting are complete too.
    """
    if len(keys) < 2:
        return hashes[0] if keys else NONE
    waiting: list[tuple[bytes, int]] = []
    key = int.from_bytes(keys[0])
    for at, result in enumerate(hashes, 1):
        top, parting = None, depth - 1
        if at < len(keys):
            following = int.from_bytes(keys[at])
            parting = 256 - (key ^ following).bit_length()
        while waiting and waiting[-1][1] > parting:
            left, where = waiting.pop()
            result = sha256(b"\x01" + left + _raised(result, key, top, where)).digest()
            top = where
        waiting.append((_raised(result, key, top, parting), parting))
        key = following
    return waiting[0][0]


class _Leaves:
    """Entries sorted by key, with the hashes of their leaves."""

    def __init__(self, entries: Entries) -> None:
        self.keys = sorted(entries)
        if any(len(key) != 32 for key in self.keys):
            raise ValueError("the key of a subject is 32 bytes")
        self.hashes = [leaf(key, entries[key]) for key in self.keys]

    def over(self, depth: int) -> bytes:
        """The hash of the subtree at this depth that all entries are in."""
        return over(self.keys, self.hashes, depth)

    def _over(self, start: int, end: int, depth: int) -> bytes:
        return over(self.keys[start:end], self.hashes[start:end], depth)

    def _middle(self, start: int, end: int, depth: int) -> int:
        """The first entry whose bit at this depth is set."""
        return bisect_left(self.keys, 1, start, end, key=lambda key: _bit(key, depth))

    def down(self, key: bytes, depth: int) -> tuple[list[bytes], bytes | None]:
        """Return the hashes beside the way of a key from this depth on, and the key of the leaf where it ends."""
        siblings, start, end = [], 0, len(self.keys)
        while end - start > 1:
            middle = self._middle(start, end, depth)
            if _bit(key, depth):
                siblings.append(self._over(start, middle, depth + 1))
                start = middle
            else:
                siblings.append(self._over(middle, end, depth + 1))
                end = middle
            depth += 1
        return siblings, self.keys[start] if start < end else None


class Bucket(NamedTuple):
    """A bucket, as `Top` needs it."""

    root: bytes
    """Its `bucket_root`, 32 bytes."""
    subjects: int
    """How many it has."""


class Top:
    """The first 16 levels of the map, in 4 MB: changed by the bucket, without the subjects in it.

    A subtree with one subject is its leaf, however deep the bucket lies. So each node keeps, beside its hash, whether
    there is none, one, or more below it: of two halves, where one is empty and the other has one subject, the hash of
    the one rises unchanged.
    """

    __slots__ = ("_below", "_counts", "_hashes")

    def __init__(self, buckets: Mapping[int, Bucket] | None = None) -> None:
        """Make the top over these buckets; those that are not named are empty."""
        self._hashes = bytearray(2 * BUCKETS * 32)
        self._below = bytearray(2 * BUCKETS)
        self._counts = array("Q", bytes(8 * BUCKETS))
        self.update(buckets or {})

    @property
    def root(self) -> bytes:
        """The root of the map."""
        return bytes(self._hashes[32:64])

    @property
    def subjects(self) -> int:
        """How many subjects the map has."""
        return sum(self._counts)

    def bucket(self, number: int) -> Bucket:
        """Return what was set for a bucket."""
        at = (BUCKETS + number) * 32
        return Bucket(bytes(self._hashes[at : at + 32]), self._counts[number])

    def update(self, buckets: Mapping[int, Bucket]) -> None:
        """Set these buckets and all that lies above them; cost: up to 16 hashes a bucket.

        Raises ValueError for a number that is no bucket, or a root that cannot be that of so many subjects.
        """
        for number, (hashed, count) in buckets.items():
            if not 0 <= number < BUCKETS or len(hashed) != 32 or count < 0 or (count == 0) != (hashed == NONE):
                raise ValueError(f"bucket {number}: found {count} subjects with the root {hashed.hex()}")
        for number, (hashed, count) in buckets.items():
            node = BUCKETS + number
            self._hashes[node * 32 : node * 32 + 32] = hashed
            self._below[node] = min(count, 2)
            self._counts[number] = count
        nodes = {BUCKETS + number >> 1 for number in buckets}
        while nodes and 0 not in nodes:
            for node in nodes:
                self._join(node)
            nodes = {node >> 1 for node in nodes}

    def _join(self, node: int) -> None:
        hashes, below = self._hashes, self._below
        left, right = below[2 * node], below[2 * node + 1]
        both = bytes(hashes[node * 64 : node * 64 + 64])
        alone = both[32:] if right else both[:32]
        hashes[node * 32 : node * 32 + 32] = sha256(b"\x01" + both).digest() if left + right > 1 else alone
        below[node] = min(left + right, 2)

    def prove(self, key: bytes, entries_of: Callable[[int], Entries]) -> MapProof:
        """Return the proof of what the map has for a key, present or not.

        entries_of: gives all entries of a bucket; asked for at most one, the key's own, or that of the single subject
        where the way ends above the buckets. Raises ValueError where they are not what was set.
        """
        node = 1
        siblings: list[bytes] = []
        while node < BUCKETS and self._below[node] > 1:
            node = 2 * node + _bit(key, len(siblings))
            siblings.append(bytes(self._hashes[(node ^ 1) * 32 : (node ^ 1) * 32 + 32]))
        if not self._below[node]:
            return MapProof(tuple(siblings), None)
        while node < BUCKETS:
            node = 2 * node + (0 if self._below[2 * node] else 1)
        entries = self._entries(node - BUCKETS, entries_of)
        if len(entries) == 1:
            return MapProof(tuple(siblings), next(iter(entries.items())))
        rest, end = _Leaves(entries).down(key, DEPTH)
        return MapProof((*siblings, *rest), None if end is None else (end, entries[end]))

    def _entries(self, number: int, entries_of: Callable[[int], Entries]) -> Entries:
        entries, bucket = entries_of(number), self.bucket(number)
        if len(entries) != bucket.subjects or bucket_root(entries) != bucket.root:
            raise ValueError(f"bucket {number}: its entries are not those that the map was made of")
        return entries


def buckets(entries: Entries) -> dict[int, Bucket]:
    """Return the buckets that have entries, for a `Top`."""
    parts: dict[int, dict[bytes, Entry]] = {}
    for one, entry in entries.items():
        parts.setdefault(bucket_of(one), {})[one] = entry
    return {number: Bucket(bucket_root(part), len(part)) for number, part in parts.items()}


def bucket(leaves: bytes) -> Bucket:
    """Return a bucket from its subjects in order of their keys: the key and the hash of the leaf of each, 64 bytes.

    Raises ValueError where they are of several buckets.
    """
    keys = [leaves[at : at + 32] for at in range(0, len(leaves), 64)]
    if keys[0][:2] != keys[-1][:2]:
        raise ValueError("the entries are of several buckets")
    return Bucket(over(keys, [leaves[at : at + 32] for at in range(32, len(leaves), 64)], DEPTH), len(keys))


def heads(commitments: Sequence[bytes]) -> list[bytes]:
    """Return the head after each record of a dossier, in ledger order."""
    result, before = [], NONE
    for commitment in commitments:
        before = chain(before, commitment)
        result.append(before)
    return result
