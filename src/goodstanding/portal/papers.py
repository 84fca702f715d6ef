"""The documents of an envelope on the pages: listed, and given to their subject or to an officer with a purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Response, Stream

from goodstanding.facts.errors import InputError
from goodstanding.portal.errors import Unreadable
from goodstanding.portal.rendering import Held, Visit
from goodstanding.portal.session import PURPOSES, kept
from goodstanding.register.keeping.envelope import Document, content, documents
from goodstanding.register.keeping.sealing import DamagedError, Master
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.subjects import Subject, by_identifier, subject
from goodstanding.register.store.database import Register


@dataclass(frozen=True)
class Wanted:
    """The form: which document of whom an officer opens, and why."""

    identifier: str = ""
    purpose: str = ""
    number: int = 0


def listed(request: Visit, register: Register, person: Subject) -> tuple[list[Document], bool]:
    """Return the documents of somebody, and whether this server can open them; without the master key it cannot."""
    master = _master(request)
    try:
        return documents(register, person, master), master is not None
    except InputError:  # another master key, or damage: the page still says what there is
        return documents(register, person), False


@get("/envelope/documents/{number:int}", sync_to_thread=True, name="document")
def own(request: Visit, register: Held, number: FromPath[int]) -> Response[Any]:
    """Give somebody a document of the own envelope."""
    person = subject(register, kept(request)["person"])
    if person is None:
        raise NotAuthorizedException
    log_access(register, person, person.number, "subject", "own-file", f"document {number}")
    return _given(request, register, person, number)


@post("/officer/documents", sync_to_thread=True, name="officer-document", status_code=200)
def look(request: Visit, register: Held, data: URLEncodedBody[Wanted]) -> Response[Any]:
    """Record an officer's look at a document for its purpose, then give it."""
    if data.purpose not in PURPOSES:
        raise Unreadable("error.purpose")
    person = by_identifier(register, data.identifier.strip())
    if person is None:
        raise NotFoundException
    log_access(register, person, kept(request)["desk"], "officer", data.purpose, f"document {data.number}")
    return _given(request, register, person, data.number)


def _given(request: Visit, register: Register, person: Subject, number: int) -> Response[Any]:
    master = _master(request)
    if master is None:
        raise NotFoundException
    try:
        parts = content(register, master, person, number)
        first = next(parts)
    except DamagedError:
        raise
    except InputError:  # nobody's, another's, erased: never told apart
        raise NotFoundException from None
    headers = {"content-disposition": f'attachment; filename="document-{number}"'}
    return Stream(_joined(first, parts), media_type="application/octet-stream", headers=headers)


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _master(request: Visit) -> Master | None:
    found = request.app.state.get("master")
    return found if isinstance(found, Master) else None
