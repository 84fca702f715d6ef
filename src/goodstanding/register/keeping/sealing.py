"""Encryption of documents: a key of each document under a key of its subject, that one under the master key, a file.

AES-256-GCM throughout. The parts of a document are numbered in their nonces (its key encrypts nothing else), each is
bound to the document, its place and their number: none can be left out, moved or exchanged.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goodstanding.facts.errors import InputError

_BYTES = 32
_NONCE = 12
_ABOUT = (2**96 - 1).to_bytes(_NONCE)
_LABEL = "goodstanding-envelopes"


class DamagedError(InputError):
    """What is stored is not what was sealed; the message says which."""


@dataclass(frozen=True)
class Key:
    """A key that seals other keys, and names contents so that only its holder can tell which."""

    secret: bytes = field(repr=False)

    def wrap(self, key: bytes, what: str) -> bytes:
        """Return a key encrypted, bound to what it is for."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, key, what.encode())

    def unwrap(self, wrapped: bytes, what: str) -> bytes:
        """Return a key that was wrapped for this. Raises DamagedError where it was not, or not by this key."""
        try:
            return AESGCM(self.secret).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], what.encode())
        except (InvalidTag, ValueError):
            raise DamagedError(f"the key of {what} was changed behind the register's back; restore it") from None

    def name(self, digest: bytes) -> bytes:
        """Return what stands for a content's hash, 32 bytes."""
        return hmac.digest(self.secret, digest, "sha256")


@dataclass(frozen=True)
class Master(Key):
    """The key over all envelopes; `id` names it without giving it away."""

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits."""
        return hashlib.sha256(_LABEL.encode() + self.secret).hexdigest()[:16]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a master key. Raises InputError where the file is none, or others than its owner may read it."""
        try:
            if path.stat().st_mode & 0o077:
                raise InputError(f"{path}: others may read this master key; do chmod 600 {path}")
            label, _, digits = path.read_text(encoding="ascii").strip().partition(" ")
            secret = bytes.fromhex(digits)
        except OSError as error:
            raise InputError(
                f"{path}: the master key cannot be read ({error.strerror}); "
                "make one with goodstanding register document key FILE"
            ) from None
        except ValueError:
            label, secret = "", b""
        if label != _LABEL or len(secret) != _BYTES:
            raise InputError(f"{path}: is no master key; expected a file that goodstanding register document key made")
        return cls(secret)

    @classmethod
    def make(cls, path: Path) -> Self:
        """Make a master key in a new file that only its owner reads. Raises InputError where it cannot be written."""
        made = cls(secrets.token_bytes(_BYTES))
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(f"{_LABEL} {made.secret.hex()}\n", encoding="ascii")
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror}); name a new file") from None
        return made


@dataclass(frozen=True)
class Sealer:
    """The key of one document, known by its number."""

    secret: bytes = field(repr=False)
    document: int

    def part(self, content: bytes, place: int, parts: int) -> bytes:
        """Return part `place` (from 0) of so many, encrypted."""
        return AESGCM(self.secret).encrypt(place.to_bytes(_NONCE), content, self._bound(place, parts))

    def opened(self, content: bytes, place: int, parts: int) -> bytes:
        """Return a part as it was before. Raises DamagedError."""
        return self._open(place.to_bytes(_NONCE), content, self._bound(place, parts))

    def about(self, content: bytes) -> bytes:
        """Return what is said about the document, encrypted."""
        return AESGCM(self.secret).encrypt(_ABOUT, content, b"about")

    def told(self, content: bytes) -> bytes:
        """Return what was said about the document. Raises DamagedError."""
        return self._open(_ABOUT, content, b"about")

    def _bound(self, place: int, parts: int) -> bytes:
        return f"{self.document}/{place}/{parts}".encode()

    def _open(self, nonce: bytes, content: bytes, bound: bytes) -> bytes:
        try:
            return AESGCM(self.secret).decrypt(nonce, content, bound)
        except (InvalidTag, ValueError):
            raise DamagedError(
                f"document {self.document}: was changed behind the register's back; restore it from a backup"
            ) from None


def new_key() -> bytes:
    """Return a new key: 32 bytes of the operating system's randomness."""
    return secrets.token_bytes(_BYTES)
