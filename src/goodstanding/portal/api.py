"""The same content as data: what the public pages show, as JSON with exact numbers as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery

from goodstanding.facts.sources import Source
from goodstanding.policy.reader import parse_yaml
from goodstanding.portal.content import SubjectContent
from goodstanding.portal.errors import BuildingError
from goodstanding.portal.gathering import day_of, public_subject
from goodstanding.portal.pages import HITS, policy_of
from goodstanding.portal.rendering import Held, Visit
from goodstanding.register.deliveries.delivering import DeliveryRow, deliveries
from goodstanding.register.ledger.finding import Building
from goodstanding.register.ledger.lateness import Timeliness, timeliness
from goodstanding.register.ledger.sources import sources
from goodstanding.register.ledger.subjects import search


@dataclass(frozen=True)
class ReasonContent:
    """What speaks for or against: a code, the words that were asked and those that were found."""

    code: str
    asked: str
    found: str


@dataclass(frozen=True)
class HitContent:
    """An organisation that was found, how far it agrees with what was asked, and why."""

    number: str
    identifier: str
    name: str
    latin: str
    seat: str | None
    score: str
    reasons: list[ReasonContent]


@dataclass(frozen=True)
class PolicyContent:
    """A policy as it was loaded: the hash that names it, and its files with every scalar as text."""

    id: str
    version: str
    hash: str
    files: dict[str, Any]


@dataclass(frozen=True)
class SourceContent:
    """A source, how it stands today, and what became of its deliveries, the latest first."""

    source: Source
    timeliness: Timeliness
    deliveries: list[DeliveryRow]


@get("/subjects/{number:str}", sync_to_thread=True, name="api-subject")
def subject_data(
    request: Visit, register: Held, number: FromPath[str], on: FromQuery[str | None] = None
) -> SubjectContent:
    """Give an organisation with its standings on a day (`on`, as 2026-03-31), and why."""
    return public_subject(register, number, day_of(request))


@get("/policies/{name:str}", sync_to_thread=True, name="api-policy")
def policy_data(register: Held, name: FromPath[str]) -> PolicyContent:
    """Give a policy: its hash and its files."""
    loaded = policy_of(register, name)
    files = {file: parse_yaml(loaded.folder / file, content).value for file, content in loaded.contents.items()}
    return PolicyContent(loaded.policy.id, loaded.policy.version, loaded.hash, files)


@get("/sources", sync_to_thread=True, name="api-sources")
def source_data(register: Held) -> list[SourceContent]:
    """Give the sources, which of them are late and what pauses for it, and their deliveries."""
    done, stands = deliveries(register), timeliness(register, register.today)
    return [
        SourceContent(source, stands[name], [one for one in done if one.source == name])
        for name, source in sources(register).items()
    ]


@get("/subjects", sync_to_thread=True, name="api-search")
def search_data(
    register: Held, q: FromQuery[str], place: FromQuery[str | None] = None, date: FromQuery[str | None] = None
) -> list[HitContent]:
    """Give the organisations that may have a name (`q`), the likeliest first; persons are never found.

    `place` and `date` (as 2026-03-31) speak for and against; the score is from 0.00 to 1.00, from 0.70 on likely.
    While the index of names is being built, the answer is 503: ask again in a minute, or by the whole number.
    """
    try:
        hits = search(register, q, HITS, place or "", date or "", wait=False)
    except Building:
        raise BuildingError from None
    return [
        HitContent(
            hit.subject.number,
            hit.subject.identifier,
            hit.subject.name,
            hit.subject.latin,
            hit.subject.seat,
            f"{hit.score:.2f}",
            [ReasonContent(*reason) for reason in hit.reasons],
        )
        for hit in hits
    ]


HANDLERS = [search_data, subject_data, policy_data, source_data]
