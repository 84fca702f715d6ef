"""Signed notes (c2sp.org/signed-note) and the cosignatures of witnesses (c2sp.org/tlog-cosignature), with Ed25519.

A note is a text, an empty line, and a line for each signature. A verifier knows some keys; it passes over signatures of
others, refuses the note where one of a key it knows does not hold, and needs at least one that does.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from goodstanding.proof.errors import ProofError

MOST_SIGNATURES = 64
"""A note with more is refused; signed-note asks for at least 16."""
MOST_BYTES = 1 << 20
"""A note that is longer is refused."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Kind(IntEnum):
    """How a key signs: the signature type byte of signed-note, section "Signature types"."""

    SIGNATURE = 1
    """Ed25519 over the text of the note."""
    COSIGNATURE = 4
    """Ed25519 of a witness over the text and a time: cosignature/v1."""


@dataclass(frozen=True)
class Verifier:
    """A public key with its name: what a reader must know of whom it trusts."""

    name: str
    public: bytes
    """32 bytes, as in RFC 8032."""
    kind: Kind = Kind.SIGNATURE

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read `<name>+<8 hex digits>+<base64>` (signed-note, "Verifier keys"). Raises ProofError."""
        name, found, kind, public = _key_parts("a public key", text.strip().split("+", 2))
        key = cls(name, public, kind)
        if found != key.id.hex():
            raise ProofError(f"the public key of {name}: its id is written as {found}, and is {key.id.hex()}")
        return key

    @property
    def id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || newline || kind || public key), which a signature begins with."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind]) + self.public)}"


@dataclass(frozen=True, repr=False)
class Signer:
    """A private key with its name; its text form is a secret."""

    name: str
    seed: bytes
    """32 bytes, as in RFC 8032."""
    kind: Kind = Kind.SIGNATURE

    @classmethod
    def generate(cls, name: str, kind: Kind = Kind.SIGNATURE) -> Signer:
        """Make a new key. Raises ProofError where the name is empty or has a space or a plus in it."""
        return cls(_named(name), os.urandom(32), kind)

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read `PRIVATE+KEY+<name>+<8 hex digits>+<base64>`. Raises ProofError, whose message does not show the key."""
        parts = text.strip().split("+", 4)
        if parts[:2] != ["PRIVATE", "KEY"]:
            raise ProofError("a private key: expected a text that begins with PRIVATE+KEY+")
        name, found, kind, seed = _key_parts("a private key", parts[2:])
        key = cls(name, seed, kind)
        if found != key.verifier.id.hex():
            raise ProofError(f"the private key of {name}: its id is written as {found}, and is {key.verifier.id.hex()}")
        return key

    @property
    def verifier(self) -> Verifier:
        """The public key."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return Verifier(self.name, public, self.kind)

    def __str__(self) -> str:
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{_base64(bytes([self.kind]) + self.seed)}"

    def __repr__(self) -> str:
        return f"Signer({self.name!r}, kind={self.kind!r})"


@dataclass(frozen=True)
class Signature:
    """One line of signatures, held against no key yet."""

    name: str
    id: bytes
    """4 bytes."""
    data: bytes
    """What the key made: 64 bytes for a signature, 72 for a cosignature (the time, then the signature)."""


@dataclass(frozen=True)
class Signed:
    """A signature that holds: the key, and for a cosignature when, in seconds of POSIX time."""

    key: Verifier
    at: int | None = None


@dataclass(frozen=True)
class Opened:
    """The text of a note, ending in a newline, and the signatures on it that hold, of the keys that were given."""

    text: str
    signed: tuple[Signed, ...]


def sign(text: str, *keys: Signer) -> str:
    """Return the note with the text and a signature of each key. Raises ProofError where the text cannot be signed.

    text: ends in a newline and has no other control character. Keys of witnesses sign with `cosigned`.
    """
    _check_text(text)
    if not keys or any(key.kind is not Kind.SIGNATURE for key in keys):
        raise ProofError("a note is signed by one key or more, none of them a witness's")
    return text + "\n" + "".join(_line(key, _private(key).sign(text.encode())) for key in keys)


def cosigned(note: str, key: Signer, at: int) -> str:
    """Return the note with the cosignature of a witness added (tlog-cosignature, "Ed25519 signed message").

    at: the time, in seconds of POSIX time. Raises ProofError where the note is none or the key is not a witness's.
    """
    text, signatures = split(note)
    if key.kind is not Kind.COSIGNATURE or not 0 <= at < 1 << 63:
        raise ProofError(f"{key.name}: expected the key of a witness (type 4) and a time in seconds since 1970")
    if len(signatures) >= MOST_SIGNATURES:
        raise ProofError(f"the note has {len(signatures)} signatures already")
    return note + _line(key, at.to_bytes(8, "big") + _private(key).sign(_cosigned_text(text, at)))


def split(note: str) -> tuple[str, list[Signature]]:
    """Return the text of a note and its signatures, checked against no key. Raises ProofError where it is no note."""
    if len(note.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise ProofError(f"the note is longer than {MOST_BYTES:,} bytes")
    end = note.rfind("\n\n")
    if end < 0:
        raise ProofError("the note has no empty line between its text and its signatures")
    text, lines = note[: end + 1], note[end + 2 :]
    _check_text(text)
    if not lines.endswith("\n"):
        raise ProofError("the note does not end in a signature and a newline")
    found = [_signature(line) for line in lines[:-1].split("\n")]
    if len(found) > MOST_SIGNATURES:
        raise ProofError(f"the note has {len(found)} signatures, more than {MOST_SIGNATURES}")
    return text, found


def opened(note: str, verifiers: Sequence[Verifier]) -> Opened:
    """Return the text of a note and which of the keys signed it (signed-note, "Signatures").

    Raises ProofError where it is no note, a signature of one of the keys does not hold, or none of them signed.
    """
    text, signatures = split(note)
    known = {(key.name, key.id): key for key in verifiers}
    if len(known) < len(set(verifiers)):
        raise ProofError("two of the keys given have one name and one id")
    held: dict[Verifier, Signed] = {}
    for signature in signatures:
        key = known.get((signature.name, signature.id))
        if key is not None:
            held.setdefault(key, _held(text, signature, key))
    if not held:
        given = ", ".join(f"{key.name}+{key.id.hex()}" for key in verifiers) or "none"
        by = ", ".join(f"{one.name}+{one.id.hex()}" for one in signatures)
        raise ProofError(f"the note is signed by {by}, and not by a key that was given: {given}")
    return Opened(text, tuple(held.values()))


def _held(text: str, signature: Signature, key: Verifier) -> Signed:
    public, data = Ed25519PublicKey.from_public_bytes(key.public), signature.data
    at = None
    message = text.encode()
    if key.kind is Kind.COSIGNATURE:
        at, data = int.from_bytes(data[:8], "big"), data[8:]
        if at >= 1 << 63:
            raise ProofError(f"the cosignature of {key.name}+{key.id.hex()} has no time that can be")
        message = _cosigned_text(text, at)
    try:
        public.verify(data, message)
    except InvalidSignature:
        raise ProofError(f"the signature of {key.name}+{key.id.hex()} does not hold: the text was changed") from None
    return Signed(key, at)


def _cosigned_text(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _private(key: Signer) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.seed)


def _line(key: Signer, data: bytes) -> str:
    return f"— {_named(key.name)} {_base64(key.verifier.id + data)}\n"


def _signature(line: str) -> Signature:
    mark, _, rest = line.partition(" ")
    name, _, data = rest.partition(" ")
    if mark != "—":
        raise ProofError(f"found {line[:60]!r}, expected a signature: — name base64")
    raw = _bytes_of(data, f"the signature of {_named(name)}")
    if len(raw) < 5:
        raise ProofError(f"the signature of {name} is too short")
    return Signature(name, raw[:4], raw[4:])


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ProofError("the text of a note is not Unicode") from None
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ProofError("the text of a note ends in a newline and has no other control character")


def _named(name: str) -> str:
    if not name or "+" in name or any(character.isspace() or character < " " for character in name):
        raise ProofError(f"found {name!r} as the name of a key, expected one without spaces and plus signs")
    return name


def _key_parts(what: str, parts: list[str]) -> tuple[str, str, Kind, bytes]:
    if len(parts) != 3:
        raise ProofError(f"{what}: expected a name, 8 hexadecimal digits and base64, with a plus between them")
    name, found = _named(parts[0]), parts[1]
    raw = _bytes_of(parts[2], what)
    if not re.fullmatch("[0-9a-f]{8}", found):
        raise ProofError(f"{what} of {name}: expected 8 hexadecimal digits in lower case after the name")
    if not raw or raw[0] not in (Kind.SIGNATURE, Kind.COSIGNATURE):
        raise ProofError(f"{what} of {name}: expected one of Ed25519: type 1, or 4 for a witness")
    if len(raw) != 33:
        raise ProofError(f"{what} of {name}: found {len(raw) - 1} bytes, expected 32")
    return name, found, Kind(raw[0]), raw[1:]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes_of(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProofError(f"{what}: not base64") from None
    if _base64(raw) != text:
        raise ProofError(f"{what}: base64 with bits left over")
    return raw
