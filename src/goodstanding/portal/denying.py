"""A person says on the own page that a record is about another: it counts for nothing until somebody has answered.

The reason is one of a few, so that nothing personal comes to stand in what is kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from litestar import post
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from goodstanding.facts.errors import InputError
from goodstanding.portal.errors import Unreadable
from goodstanding.portal.rendering import Held, Visit
from goodstanding.portal.session import kept
from goodstanding.register.deliveries import claiming
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.subjects import subject

REASONS = ("namesake", "number", "unknown")
"""Why a record is another's: who has the same name, who gave this number, or nobody knows."""


@dataclass(frozen=True)
class Denial:
    """The form: where the record came, and why it is another's."""

    delivery: int = 0
    row: int = 0
    reason: str = ""


@post("/envelope/not-mine", sync_to_thread=True, name="deny")
def deny(request: Visit, register: Held, data: URLEncodedBody[Denial]) -> Redirect:
    """Keep that a record of the own file is about another; what is in no own file is not there."""
    person = subject(register, kept(request)["person"])
    if person is None:
        raise NotAuthorizedException
    if data.reason not in REASONS:
        raise Unreadable("error.denial")
    file, place = dossier(register, person), (data.delivery, data.row)
    if place not in [(one.delivery, one.row) for one in file.records]:
        raise NotFoundException
    try:
        claiming.deny(register, place, file.subject.number, data.reason, own=True)
    except InputError:
        raise Unreadable("error.answered") from None
    return Redirect("/envelope#not-mine", status_code=303)


HANDLERS = [deny]
