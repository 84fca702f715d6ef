"""Who a visitor is: an encrypted cookie, forms that only our own pages can send, and the guards of personal pages."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.exceptions.base_exceptions import SerializationException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.middleware.session.base import SessionMiddleware
from litestar.middleware.session.client_side import ClientSideSessionBackend, CookieBackendConfig

from goodstanding.facts.errors import InputError

DESKS = ("licensing", "tax", "court")
REVIEWERS = ("reader-a", "reader-b")
"""Who may say whom a record is about, and nothing else."""
PURPOSES = ("licence", "tax", "court", "request", "audit")
CSRF_COOKIE = "form"
_HOURS = 3600
_FOR_ALL = ["^/static/", "^/api/", "^/schema", "^/log/"]
"""Where answers are the same for everybody: no cookie is read or set there, so that caches may keep them."""

Connection = ASGIConnection[Any, Any, Any, Any]


class _Backend(ClientSideSessionBackend):
    def load_data(self, data: list[bytes]) -> dict[str, Any]:
        """Return what a cookie holds; a cookie that is none of ours holds nothing."""
        try:
            return super().load_data(data)
        except (SerializationException, KeyError, TypeError, ValueError):
            return {}


def sessions(secret: bytes, *, secure: bool) -> DefineMiddleware:
    """Return what keeps sessions: in a cookie, encrypted, for two hours, never readable by scripts."""
    key = _key(secret, "session")
    config = CookieBackendConfig(key, key="session", max_age=2 * _HOURS, secure=secure, exclude=_FOR_ALL)
    return DefineMiddleware(SessionMiddleware, backend=_Backend(config))


def csrf_config(secret: bytes, *, secure: bool) -> CSRFConfig:
    """Return how forms are protected: a token in the form must agree with one in a cookie."""
    key = _key(secret, "form").hex()
    return CSRFConfig(
        key,
        cookie_name=CSRF_COOKIE,
        cookie_secure=secure,
        cookie_httponly=True,
        cookie_samesite="strict",
        exclude=_FOR_ALL,
    )


def _key(secret: bytes, purpose: str) -> bytes:
    if len(secret) < 16:
        raise InputError(f"secret: found {len(secret)} bytes, expected at least 16")
    return hashlib.sha256(purpose.encode() + b"\0" + secret).digest()


def kept(connection: Connection) -> dict[str, str]:
    """Return what the session holds: `person` (a number of this register) or `desk`; empty for everybody else."""
    session = connection.scope.get("session")
    return session if isinstance(session, dict) else {}


def only_persons(connection: Connection, _: BaseRouteHandler) -> None:
    """Let only somebody through who is signed in as a person. Raises NotAuthorizedException."""
    if "person" not in kept(connection):
        raise NotAuthorizedException


def only_officers(connection: Connection, _: BaseRouteHandler) -> None:
    """Let only somebody through who is signed in as an officer. Raises NotAuthorizedException."""
    if kept(connection).get("desk") not in DESKS:
        raise NotAuthorizedException


def only_reviewers(connection: Connection, _: BaseRouteHandler) -> None:
    """Let only somebody through who is signed in as a reviewer. Raises NotAuthorizedException."""
    if kept(connection).get("desk") not in REVIEWERS:
        raise NotAuthorizedException
