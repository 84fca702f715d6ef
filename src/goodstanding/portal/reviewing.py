"""Pages for reviewers: the rows that wait for a number, one of them beside those it may be about, and the decision.

Who opens a case looks at the organisations that it may be about: each look is written down first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from goodstanding.portal.errors import Unreadable
from goodstanding.portal.rendering import Held, Visit, page, voice_of
from goodstanding.portal.session import kept
from goodstanding.portal.weights import Part, bits, parts_of, waterfall
from goodstanding.register.deliveries import reviewing
from goodstanding.register.deliveries.reviewing import Waiting
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.sources import sources
from goodstanding.register.ledger.subjects import Subject, subject
from goodstanding.register.store.database import Register

CASES = 200
"""The cases of a queue that are listed; the oldest come first."""


@dataclass(frozen=True)
class Decision:
    """The form: `answer` is same:NUMBER or different:NUMBER (a public number), new or refuse."""

    answer: str = ""
    identifier: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Side:
    """One whom a case may be about, and what speaks for it and against it."""

    subject: Subject
    weight: Decimal
    probability: Decimal
    parts: tuple[Part, ...]


@get("/review", sync_to_thread=True, name="review")
def queue(request: Visit, register: Held) -> Template:
    """Show what waits, the oldest first, and why."""
    waits = reviewing.waiting(register)
    told = [{"waiting": one, "name": _name(one), "why": _why(one)} for one in waits[:CASES]]
    kinds = register.catalogue.kinds
    return page(request, "review.html", count=len(waits), cases=told, kinds=kinds, sources=sources(register), bits=bits)


def _name(one: Waiting) -> str:
    return (one.case.cells or {}).get("name", "")


def _why(one: Waiting) -> str:
    """Return the message that says why nobody was found without a person."""
    if one.using is None:
        return "review.why-model"
    if not one.candidates:
        return "review.why-nobody" if one.sought else "review.why-unsought"
    return "review.why-below" if one.candidates[0].weight < one.using.threshold else "review.why-close"


@get("/review/{number:int}", sync_to_thread=True, name="case")
def case(request: Visit, register: Held, number: FromPath[int]) -> Template:
    """Write the look down, then show a case and all whom it may be about."""
    return _case_page(request, register, _waiting(register, number))


def _case_page(request: Visit, register: Register, one: Waiting) -> Template:
    voice = voice_of(request)
    sides = _sides(register, one)
    for side in sides:
        log_access(register, side.subject, kept(request)["desk"], "reviewer", "review", "case")
    pictures = [waterfall(side.parts, f"weight-{at}", voice) for at, side in enumerate(sides)]
    came = [(name, cell) for name, cell in (one.case.cells or {}).items() if name != "kind"]
    return page(
        request,
        "case.html",
        case=one.case,
        kind=register.catalogue.kinds[one.case.kind],
        source=sources(register)[one.case.source],
        came=came,
        sides=list(zip(sides, pictures, strict=True)),
        bits=bits,
    )


def _waiting(register: Register, number: int) -> Waiting:
    """Return a case that waits. Raises NotFoundException, also where it is decided."""
    found = next((one for one in reviewing.waiting(register) if one.case.number == number), None)
    if found is None:
        raise NotFoundException
    return found


def _sides(register: Register, one: Waiting) -> Sequence[Side]:
    told = []
    for candidate in one.candidates:
        about, evidence = reviewing.side(register, one.case, candidate)
        told.append(Side(about, candidate.weight, candidate.probability, parts_of(evidence)))
    return told


@post("/review/{number:int}", sync_to_thread=True, name="decide")
def decide(request: Visit, register: Held, number: FromPath[int], data: URLEncodedBody[Decision]) -> Redirect:
    """Decide a case as the reviewer who is signed in, and go on with the queue."""
    one = _waiting(register, number)
    by = kept(request)["desk"]
    what, _, of = data.answer.partition(":")
    if not data.reason.strip():
        raise Unreadable("error.reason")
    if what in _ABOUT and (about := subject(register, of)) and _offered(one, about):
        _ABOUT[what](register, number, about.identifier, by, data.reason)
        return Redirect(f"/review/{number}" if what == "different" else "/review", status_code=303)
    if data.answer == "new":
        reviewing.new(register, number, data.identifier.strip(), by, data.reason)
    elif data.answer == "refuse":
        reviewing.refuse(register, number, by, data.reason)
    else:
        raise Unreadable("error.answer")
    return Redirect("/review", status_code=303)


_ABOUT: dict[str, Any] = {"same": reviewing.same, "different": reviewing.different}


def _offered(one: Waiting, about: Subject) -> bool:
    """Whether somebody is among those whom the register itself found: a form can name no other."""
    return about.id in [candidate.subject_id for candidate in one.candidates]


HANDLERS = [queue, case, decide]
