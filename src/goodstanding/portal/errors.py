"""Errors as pages, and for the API as problem details (RFC 9457); never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from litestar.exceptions import ClientException, HTTPException, NotAuthorizedException
from litestar.plugins.problem_details import ProblemDetailsException
from litestar.response import Redirect, Response

from goodstanding.facts.errors import InputError
from goodstanding.portal.languages import messages
from goodstanding.portal.rendering import Visit, page, voice_of
from goodstanding.portal.session import CSRF_COOKIE

_log = logging.getLogger(__name__)
_FOR_PROGRAMS = ("/api", "/schema")


class OverdueError(HTTPException):
    """What happened last is under no signed checkpoint: the register must not answer as if nothing were wrong."""

    status_code = 503
    detail = (
        "The register's log was not signed in time, so nobody could prove later what was answered now. "
        "Nothing is said about standings, dossiers and decisions until it is signed again."
    )


class BuildingError(HTTPException):
    """The index of names is not there yet: whoever asks by name must ask again."""

    status_code = 503
    detail = "The index of names is being built. Ask again in a minute, or by the whole number."


_STATES = (OverdueError, BuildingError)
"""What the register says of itself; no fault of its programs."""


class Unreadable(ClientException):
    """Something in the request is not as expected; the message of `key`, filled in, says what."""

    def __init__(self, key: str, **parts: str) -> None:
        """Keep the message, to be said in the visitor's language."""
        super().__init__(detail=messages()[key]["en"].format(**parts))
        self.key, self.parts = key, parts


def answer(request: Visit, error: Exception) -> Response[Any]:
    """Answer an error: to a person with a page in the person's language, to a program with problem details."""
    status = _status(error)
    if status >= 500 and not isinstance(error, _STATES):
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if request.url.path.startswith(_FOR_PROGRAMS):
        return _problem(request, error, status)
    if isinstance(error, NotAuthorizedException):
        return Redirect("/sign-in", status_code=303)
    voice = voice_of(request)
    named = f"error.{status}" in messages()
    title, message = (voice.say(f"error.{part}{status if named else 400}") for part in ("title-", ""))
    if isinstance(error, Unreadable):
        message = voice.say(error.key, **error.parts)
    elif isinstance(error, InputError):
        message = str(error)
    found = page(request, "error.html", status, title=title, message=message)
    if status == 403:
        found.delete_cookie(CSRF_COOKIE)
    return found


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    return 400 if isinstance(error, InputError) else 500


def _problem(request: Visit, error: Exception, status: int) -> Response[Any]:
    title = voice_of(request).say(
        f"error.title-{status}" if f"error.title-{status}" in messages() else "error.title-400"
    )
    said = status < 500 or isinstance(error, _STATES)
    detail = str(error) if isinstance(error, InputError) else getattr(error, "detail", "") if said else ""
    return ProblemDetailsException(status_code=status, title=title, detail=detail).to_response(request)
