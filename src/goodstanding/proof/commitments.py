"""Commitments: what stands in public for a content that stays in the register.

A commitment is SHA-256(0x00 || salt || content). Without the salt, 16 random bytes that are kept with the content,
nobody can find the content by trying; when salt and content are erased, the commitment stays and says nothing more.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from goodstanding.proof.merkle import leaf_hash

SALT = 16
"""The length of a salt, in bytes."""


def salt() -> bytes:
    """Return a new salt: 16 bytes of the operating system's randomness."""
    return os.urandom(SALT)


def commitment(salt: bytes, content: bytes) -> bytes:
    """Return the commitment to a content, 32 bytes; raises ValueError where the salt is not 16 bytes.

    content: of a record its digest, 32 bytes, so that the commitment is the record's leaf hash in the RFC 9162 tree
    over its delivery; of an event its `canonical` form.
    """
    if len(salt) != SALT:
        raise ValueError(f"found a salt of {len(salt)} bytes, expected {SALT}")
    return leaf_hash(salt + content)


def commitments(salts: bytes, contents: Sequence[bytes]) -> list[bytes]:
    """Return the commitments to many contents, in their order.

    salts: 16 bytes for each content, one after another. Raises ValueError where there are more or fewer.
    """
    if len(salts) != SALT * len(contents):
        raise ValueError(f"found {len(salts)} bytes of salts, expected {SALT} for each of {len(contents)} contents")
    starts = range(0, len(salts), SALT)
    return [
        sha256(b"\x00" + salts[at : at + SALT] + content).digest() for at, content in zip(starts, contents, strict=True)
    ]


def canonical(row: Mapping[str, Any]) -> bytes:
    """Return the one way of writing a row as JSON, which the commitment of an event covers.

    UTF-8, keys sorted by code point, no spaces, only what JSON must escape is escaped. Whole numbers and decimals are
    text, as "12" and "0.50"; days are text as "2026-03-31", times as "2026-03-31T08:00:00.000000Z", bytes as
    hexadecimal digits in lower case. What is read back from it, written again, is the same. Raises TypeError for
    floats, times without a zone, and anything else that has no exact text.
    """
    plain = _plain(row)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    result: Any = value
    if value is None or isinstance(value, bool):
        pass
    elif isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("found a key that is no text")
        result = {str(key): _plain(one) for key, one in value.items()}
    elif isinstance(value, list | tuple):
        result = [_plain(one) for one in value]
    else:
        result = _text(value)
    return result


def _text(value: Any) -> str:
    match value:
        case str():
            return str(value)
        case int():
            return str(int(value))
        case Decimal() if value.is_finite():
            return f"{value:f}"
        case dt.datetime() if value.utcoffset() is not None:
            return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case dt.date() if not isinstance(value, dt.datetime):
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
    raise TypeError(f"found {value!r}, a {type(value).__name__} without an exact text")


def record_digest(content: Mapping[str, str]) -> bytes:
    """Return the digest of a record from what it says, 32 bytes: the rule of `facts.records.with_digest`.

    content: column to text, of the columns that are present; numbers in whole units of their scale, days in ISO 8601,
    flags as `true` and `false`. Raises ValueError where a text has U+001F in it or a name has an equals sign.
    """
    if any("=" in name or "\x1f" in name + text for name, text in content.items()):
        raise ValueError("a record has U+001F in a text, or an equals sign in the name of a column")
    return sha256("\x1f".join(f"{name}={text}" for name, text in sorted(content.items())).encode()).digest()
