"""Checkpoints of a log (c2sp.org/tlog-checkpoint): origin, size and root, as the text of a signed note."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from goodstanding.proof import merkle, notes
from goodstanding.proof.errors import ProofError

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself at one size."""

    origin: str
    """Which log: a name without scheme, as `example.org/register`; the name of the log's key."""
    size: int
    """How many leaves."""
    root: bytes
    """The RFC 9162 root over them, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Lines after the third, without a meaning here."""

    def __str__(self) -> str:
        """The text that is signed (tlog-checkpoint, "Note text")."""
        return "\n".join([self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions, ""])


@dataclass(frozen=True)
class Verified:
    """A checkpoint that the log signed, and which of the given keys signed it."""

    checkpoint: Checkpoint
    signed: tuple[notes.Signed, ...]

    @property
    def witnesses(self) -> tuple[notes.Signed, ...]:
        """The cosignatures that hold."""
        return tuple(one for one in self.signed if one.key.kind is notes.Kind.COSIGNATURE)


def parse(text: str) -> Checkpoint:
    """Read the text of a checkpoint, strictly. Raises ProofError that says which line is wrong."""
    if not text.endswith("\n"):
        raise ProofError("the checkpoint does not end in a newline")
    lines = text[:-1].split("\n")
    if len(lines) < 3:
        raise ProofError(f"the checkpoint has {len(lines)} lines, expected an origin, a size and a root")
    for number, line in enumerate(lines, 1):
        if not line:
            raise ProofError(f"line {number} of the checkpoint is empty")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) >= 1 << 63:
        raise ProofError(f"line 2 of the checkpoint: found {lines[1][:40]!r}, expected a size as 20852163")
    checkpoint = Checkpoint(lines[0], int(lines[1]), _root(lines[2]), tuple(lines[3:]))
    if checkpoint.size == 0 and checkpoint.root != merkle.EMPTY:
        raise ProofError("the checkpoint is of no leaves, and its root is not that of an empty tree")
    return checkpoint


def _root(line: str) -> bytes:
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32 or base64.b64encode(raw).decode() != line:
        raise ProofError(f"line 3 of the checkpoint: found {line[:60]!r}, expected 32 bytes in base64")
    return raw


def sign(checkpoint: Checkpoint, key: notes.Signer) -> str:
    """Return the signed note. Raises ProofError where the key has another name than the origin."""
    if key.name != checkpoint.origin:
        raise ProofError(f"the key is of {key.name}, the checkpoint of {checkpoint.origin}")
    if parse(str(checkpoint)) != checkpoint:
        raise ProofError("the origin or an extension of the checkpoint is no line of text")
    return notes.sign(str(checkpoint), key)


def verify(note: str, keys: Sequence[notes.Verifier]) -> Verified:
    """Return the checkpoint of a note that the log itself signed: by one of the keys, which has the origin's name.

    A cosignature alone is not enough: witnesses vouch for the order of what the log signed, not for the log. Raises
    ProofError where the note, a signature or the text is wrong, or the log's signature is not there.
    """
    note_opened = notes.opened(note, keys)
    checkpoint = parse(note_opened.text)
    own = (one.key for one in note_opened.signed if one.key.kind is notes.Kind.SIGNATURE)
    if not any(key.name == checkpoint.origin for key in own):
        raise ProofError(f"the checkpoint is of {checkpoint.origin}, and is not signed by a given key of that name")
    return Verified(checkpoint, note_opened.signed)


def compare(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that the log only grew from one checkpoint to another, by a consistency proof (RFC 9162, 2.1.4).

    Raises ProofError where they are of two logs, the new one is smaller, or the proof does not show it.
    """
    if old.origin != new.origin:
        raise ProofError(f"the checkpoints are of two logs: {old.origin} and {new.origin}")
    if new.size < old.size:
        raise ProofError(f"the log was cut back: from {old.size} leaves to {new.size}")
    if new.size == old.size and new.root != old.root:
        raise ProofError(f"two histories of one log: at {old.size} leaves two roots were signed")
    merkle.check_consistency(old.size, old.root, new.size, new.root, proof)
