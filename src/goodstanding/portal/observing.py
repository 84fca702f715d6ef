"""What is seen of a running register from outside: health, metrics, and a line of the log for each answer.

Addresses are told by their pattern (/subjects/{number}), never as they were asked: what is asked for is about somebody.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from typing import Any

from anyio import to_thread
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest

from goodstanding.register.log.sequence import OVERDUE
from goodstanding.register.operation.health import alarming, unready
from goodstanding.register.operation.metrics import Figures
from goodstanding.register.store.database import Register

_log = logging.getLogger("goodstanding.requests")
_JSON = "application/json"


class Observed:
    """An application with `/health/live`, `/health/ready` and `/metrics` before it."""

    def __init__(self, app: ASGIApp, register: Register, limit: dt.timedelta = OVERDUE) -> None:
        """Keep what is observed; `limit`: how long an event may wait for its checkpoint while this is called ready."""
        self._app, self._register, self._limit = app, register, limit
        self._registry = CollectorRegistry()
        self._registry.register(Figures(register))
        self._seconds = Histogram(
            "goodstanding_request_seconds",
            "How long answers took.",
            ("method", "route", "status"),
            registry=self._registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is asked of health and metrics, and time all else."""
        own = {"/health/live": self._live, "/health/ready": self._ready, "/metrics": self._metrics}
        if scope["type"] != "http":  # type: ignore[comparison-overlap]
            await self._app(scope, receive, send)
        elif scope["path"] in own:
            await _answer(send, *await to_thread.run_sync(own[scope["path"]]))
        else:
            await self._timed(scope, receive, send)

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - start
            told: Any = scope
            route, method = (
                told.get("path_template") or "none",
                told["method"] if told["method"] in _METHODS else "other",
            )
            self._seconds.labels(method, route, str(status)).observe(seconds)
            said = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            _log.info("answered", extra={"fields": said})

    def _live(self) -> tuple[int, str, bytes]:
        return 200, _JSON, b'{"live": true}'

    def _ready(self) -> tuple[int, str, bytes]:
        reasons = unready(self._register, self._limit)
        told = {"ready": not reasons, "reasons": reasons, "alarms": alarming(self._register)}
        return 503 if reasons else 200, _JSON, json.dumps(told).encode()

    def _metrics(self) -> tuple[int, str, bytes]:
        return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
