"""The chain of deliveries: each root is a hash over the root before it and everything that the delivery brought."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import polars as pl


def root(before: str, header: Mapping[str, Any], *tables: pl.DataFrame) -> str:
    """Return the SHA-256 (hex) over the root before, the header as JSON and the rows of the tables in their order.

    Days and times in the header are written as ISO 8601; give times in UTC.
    """
    digest = hashlib.sha256(before.encode())
    digest.update(b"\n" + json.dumps(header, sort_keys=True, ensure_ascii=False, default=_iso).encode())
    for table in tables:
        digest.update(b"\n" + "\t".join(table.columns).encode() + b"\n" + _lines(table).encode())
    return digest.hexdigest()


def _lines(table: pl.DataFrame) -> str:
    """The rows as text, cells apart by U+001F, which no stored text has, and null as U+0000."""
    cells = [pl.col(name).cast(pl.String).fill_null("\0") for name in table.columns]
    return "\n".join(table.select(pl.concat_str(cells, separator="\x1f")).to_series())


def _iso(value: Any) -> str:
    return str(value.isoformat())
