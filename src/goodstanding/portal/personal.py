"""Pages about one person: signing in (a demonstration, in synthetic worlds only), the envelope, an officer's look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.exceptions import NotAuthorizedException
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Response, Template

from goodstanding.portal import papers
from goodstanding.portal.denying import REASONS
from goodstanding.portal.errors import Unreadable
from goodstanding.portal.gathering import day_of, file_of
from goodstanding.portal.rendering import Held, Visit, page, today
from goodstanding.portal.session import DESKS, PURPOSES, REVIEWERS, kept
from goodstanding.register.ledger.access import accesses, log_access
from goodstanding.register.ledger.differences import difference
from goodstanding.register.ledger.merging import alarms
from goodstanding.register.ledger.policies import policies
from goodstanding.register.ledger.subjects import Subject, by_identifier, subject
from goodstanding.register.proving.proofs import prove_dossier
from goodstanding.register.store.database import Register


@dataclass(frozen=True)
class SignIn:
    """The form: an example person, a desk, or an identifier with a date of birth."""

    example: str = ""
    desk: str = ""
    identifier: str = ""
    born: str = ""


@dataclass(frozen=True)
class Look:
    """The form: whose file an officer opens, and why."""

    identifier: str = ""
    purpose: str = ""


@get("/sign-in", sync_to_thread=False, name="sign-in")
def sign_in_form(request: Visit) -> Template:
    """Show the ways to sign in."""
    return _sign_in_page(request)


def _sign_in_page(request: Visit, *, failed: bool = False) -> Template:
    examples = request.app.state.examples
    status = 400 if failed else 200
    return page(request, "sign-in.html", status, failed=failed, examples=examples, desks=(*DESKS, *REVIEWERS))


@post("/sign-in", sync_to_thread=True, name="sign-in-form")
def sign_in(request: Visit, register: Held, data: URLEncodedBody[SignIn]) -> Response[Any]:
    """Sign in as a person, officer or reviewer; whether a number exists is never told apart from a wrong date."""
    if data.desk:
        if data.desk not in (*DESKS, *REVIEWERS):
            raise Unreadable("error.desk")
        request.set_session({"desk": data.desk})
        return Redirect("/review" if data.desk in REVIEWERS else "/officer", status_code=303)
    person = _person(register, data, request.app.state.examples)
    if person is None:
        return _sign_in_page(request, failed=True)
    request.set_session({"person": person.number})
    return Redirect("/envelope", status_code=303)


def _person(register: Register, data: SignIn, examples: Sequence[Subject]) -> Subject | None:
    if data.example:
        return next((one for one in examples if one.number == data.example), None)
    found = by_identifier(register, data.identifier.strip())
    born = found.born.isoformat() if found and found.born else None
    return found if found and found.is_a == "person" and born == data.born.strip() else None


@post("/sign-out", sync_to_thread=False, name="sign-out")
def sign_out(request: Visit) -> Redirect:
    """Forget who the visitor is."""
    request.clear_session()
    return Redirect("/", status_code=303)


@get("/envelope", sync_to_thread=True, name="envelope")
def envelope(request: Visit, register: Held) -> Response[Any]:
    """Show somebody the own file: records, standings, and who looked."""
    person = subject(register, kept(request)["person"])
    if person is None:
        request.clear_session()
        return Redirect("/sign-in", status_code=303)
    return page(request, "envelope.html", **_file(request, register, person, today(request)))


@get("/envelope/changed", sync_to_thread=True, name="changed")
def changed(request: Visit, register: Held) -> Response[Any]:
    """Show somebody what changed in the own file between two days, and what that did to the standings."""
    person = subject(register, kept(request)["person"])
    if person is None:
        request.clear_session()
        return Redirect("/sign-in", status_code=303)
    present = dt.datetime.now(dt.UTC).date()
    until = day_of(request, "until", present)
    since = day_of(request, "since", until - dt.timedelta(days=30))
    told = difference(register, person, since, until)
    titles = {name: loaded.policy.title for name, loaded in policies(register).items()}
    words = {name: kind.words for name, kind in register.catalogue.kinds.items()}
    return page(request, "changed.html", told=told, titles=titles, words=words)


def _file(request: Visit, register: Register, person: Subject, on: dt.date) -> dict[str, Any]:
    held = file_of(register, person, on)
    documents, open_here = papers.listed(request, register, person)
    looks = sorted(accesses(register, person), key=lambda one: one.at, reverse=True)
    titles = {told.policy: told.title for told in held.standings}
    return {
        "person": person,
        "standings": held.standings,
        "records": held.records,
        "merged": held.merged,
        "claims": held.claims,
        "reasons": REASONS,
        "accesses": looks,
        "titles": titles,
        "documents": documents,
        "open_here": open_here,
    }


@get("/envelope/proof", sync_to_thread=True, name="proof")
def proof(request: Visit, register: Held) -> Response[Any]:
    """Give somebody the proof that the own dossier is complete."""
    person = subject(register, kept(request)["person"])
    if person is None:
        raise NotAuthorizedException
    log_access(register, person, person.number, "subject", "own-file", "proof")
    headers = {"content-disposition": f'attachment; filename="dossier-{person.number}.json"'}
    document = prove_dossier(register, person.identifier).text()
    return Response(document.encode(), media_type="application/json", headers=headers)


@get("/officer", sync_to_thread=True, name="officer")
def officer(request: Visit, register: Held) -> Template:
    """Show the form with which an officer opens one file, and the merges that nobody has looked at who should."""
    return _officer_page(request, register)


def _officer_page(request: Visit, register: Register, *, unknown: bool = False) -> Template:
    desk, status = kept(request)["desk"], 404 if unknown else 200
    told: dict[str, Any] = {"desk": desk, "purposes": PURPOSES, "unknown": unknown, "alarms": alarms(register)}
    return page(request, "officer.html", status, **told)


@post("/officer", sync_to_thread=True, name="officer-look", status_code=200)
def look(request: Visit, register: Held, data: URLEncodedBody[Look]) -> Template:
    """Record an officer's look for its purpose, then show the file."""
    if data.purpose not in PURPOSES:
        raise Unreadable("error.purpose")
    person = by_identifier(register, data.identifier.strip())
    if person is None:
        return _officer_page(request, register, unknown=True)
    desk = kept(request)["desk"]
    log_access(register, person, desk, "officer", data.purpose, "file")
    shown = _file(request, register, person, today(request))
    return page(request, "file.html", desk=desk, purpose=data.purpose, **shown)


OPEN = [sign_in_form, sign_in, sign_out]
PERSONS = [envelope, changed, proof, papers.own]
OFFICERS = [officer, look, papers.look]
