"""The log for everybody (c2sp.org/tlog-tiles): the newest checkpoint, tiles of hashes and entries, the public keys.

Nothing in it says anything about anybody: an entry is a salted commitment.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from litestar import MediaType, get
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.response import Response
from litestar.types import Guard

from goodstanding.portal.errors import OverdueError
from goodstanding.portal.rendering import Held
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.store.database import Register

_STILL = ("/static/", "/schema", "/log/", "/policies", "/api/policies", "/health", "/metrics", "/sign-out")
"""What is answered even when a checkpoint is overdue: it says nothing of standings, dossiers or decisions."""


def only_attested(register: Register, limit: dt.timedelta) -> Guard:
    """Return the guard that refuses with 503, but for a few paths, while an event waits longer than the limit."""

    def attested(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if not connection.url.path.startswith(_STILL) and sequence.attested(register, limit).overdue:
            raise OverdueError

    return attested


@get("/checkpoint", sync_to_thread=True, media_type=MediaType.TEXT, name="log-checkpoint")
def checkpoint(register: Held) -> str:
    """Give the newest checkpoint as a signed note, with the cosignatures on it."""
    with register.engine.connect() as connection:
        newest = sequence.latest(connection)
    if newest is None:
        raise NotFoundException
    return newest[1]


@get("/key", sync_to_thread=True, media_type=MediaType.TEXT, name="log-key")
def key(register: Held) -> str:
    """Give the public keys of the log, one on each line."""
    with register.engine.connect() as connection:
        return "".join(f"{one}\n" for one in log_keys.keys(connection))


@get("/tile/{path:path}", sync_to_thread=True, name="log-tile")
def tile(register: Held, path: FromPath[str]) -> Response[bytes]:
    """Give a tile of hashes or entries; it never changes."""
    try:
        with register.engine.connect() as connection:
            content = sequence.fetch(connection)(f"tile/{path.lstrip('/')}")
    except FileNotFoundError:
        raise NotFoundException from None
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(content, media_type="application/octet-stream", headers=headers)


HANDLERS = [checkpoint, key, tile]
