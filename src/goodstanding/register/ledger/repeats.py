"""How an erased document is known when it comes again: a keyed hash, from which nobody finds the document by trying.

The version is no part of it: an erased record keeps its version in clear, so that one hash leads to every version that
was erased, and a late lower version does not come to life after a higher one was erased.
"""

from __future__ import annotations

import hmac


def repeats(salt: str, source: str, document: str) -> bytes:
    """Return what `erase` keeps of a document of a source, 32 bytes; salt: the register's own, `world.salt`."""
    return hmac.digest(salt.encode(), f"{source}\x1f{document}".encode(), "sha256")


def in_sql(source: str, document: str) -> str:
    """Return the same as an SQL expression over two others, with the parameters of `pads` in it."""
    said = f"convert_to({source} || chr(31) || {document}, 'UTF8')"
    return f"sha256(%(outer)s::bytea || sha256(%(inner)s::bytea || {said}))"


def pads(salt: str) -> dict[str, bytes]:
    """Return the parameters of `in_sql`: the key with the pads of HMAC (RFC 2104). A salt has 64 bytes at most."""
    key = salt.encode().ljust(64, b"\0")
    return {"inner": bytes(byte ^ 0x36 for byte in key), "outer": bytes(byte ^ 0x5C for byte in key)}
