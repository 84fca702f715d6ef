"""From the register to content: what the public pages, the API and the personal pages show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from litestar.exceptions import NotFoundException

from goodstanding.facts.catalogue import Words
from goodstanding.facts.validation import EARLIEST
from goodstanding.portal.content import (
    GroundContent,
    MergedContent,
    PartContent,
    RecordContent,
    StandingContent,
    SubjectContent,
)
from goodstanding.portal.errors import Unreadable
from goodstanding.portal.rendering import Visit, today
from goodstanding.portal.telling import Teller, record_content
from goodstanding.register.ledger.claims import Claim, claims
from goodstanding.register.ledger.dossiers import Dossier, KnownRecord, changes, dossier, history, standing
from goodstanding.register.ledger.grounds import REGISTER, Affirmed, ByNumber, Ground, grounds, weight_of
from goodstanding.register.ledger.merges import Merged
from goodstanding.register.ledger.numbers import canonical
from goodstanding.register.ledger.policies import policies
from goodstanding.register.ledger.sources import sources
from goodstanding.register.ledger.subjects import Subject, subject
from goodstanding.register.store.database import Register

LATEST = dt.date(2100, 12, 31)


def day_of(request: Visit, name: str = "on", otherwise: dt.date | None = None) -> dt.date:
    """Return the day that is asked for, or another, by default the present day. Raises Unreadable."""
    found = request.query_params.get(name)
    if not found:
        return otherwise or today(request)
    try:
        day = dt.date.fromisoformat(found)
    except ValueError:
        raise Unreadable("error.date", found=found[:40]) from None
    if not EARLIEST <= day <= LATEST:
        raise Unreadable("error.date", found=found[:40])
    return day


def public_subject(register: Register, number: str, on: dt.date) -> SubjectContent:
    """Return what the public may see of a subject.

    Raises NotFoundException, always the same, for a number that is nobody's, a person's, or one that may not be shown.
    """
    found = subject(register, number)
    if found is None or not found.publishable or found.is_a == "person":
        raise NotFoundException
    file = dossier(register, found)
    told = standings_of(register, file, on, grounds_of(register, file, named=False))
    merged = tuple(merged_content(one) for one in file.merged)
    names = (found.number, found.is_a, found.identifier, found.name, found.latin, found.seat)
    return SubjectContent(*names, on, told, canonical(number) or found.number, merged)


def merged_content(one: Merged) -> MergedContent:
    """Return a merge as those may read it who may read of its subjects; who decided it is not told."""
    return MergedContent(one.subject, one.identifier, one.name, one.into, one.at.date(), one.reason)


def grounds_of(register: Register, file: Dossier, *, named: bool) -> dict[str, GroundContent]:
    """Return by what each record of a dossier is about its subject, by digest; named: with who decided."""
    found = grounds(register, file.ids)
    known = (*file.records, *file.superseded)
    return {one.record.digest: ground_content(found[one.delivery, one.row], named=named) for one in known}


def ground_content(one: Ground, *, named: bool) -> GroundContent:
    """Return by what a record is about its subject, as it may be read; named: with who decided."""
    if isinstance(one, ByNumber):
        return GroundContent("number", one.scheme, one.agreed)
    if isinstance(one, Affirmed):
        return GroundContent("answer", by=one.by if named else None, on=one.on, reason=one.reason)
    alone = one.by == REGISTER
    return GroundContent(
        "register" if alone else "person",
        case=one.case,
        decision=one.decision,
        by=one.by if named and not alone else None,
        on=one.on,
        reason=None if alone else one.reason,
        weight=text(one.weight),
        probability=text(one.probability),
        model=one.model,
        threshold=text(one.threshold) if alone else None,
        margin=text(one.margin) if alone else None,
        parts=tuple(PartContent(part["comparison"], part["level"], str(weight_of([part]))) for part in one.evidence),
    )


def text(number: Decimal | None) -> str | None:
    """Write a decimal number, where there is one."""
    return None if number is None else str(number)


def standings_of(
    register: Register, file: Dossier, on: dt.date, grounds: Mapping[str, GroundContent]
) -> tuple[StandingContent, ...]:
    """Return the standing under every policy that applies to such a subject; those that say something come first."""
    names = {name: source.words for name, source in sources(register).items()}
    told = [
        Teller(loaded, register.catalogue, names, grounds).standing(
            standing(register, file, name, on), changes(register, file, name, on), history(register, file, name, on)
        )
        for name, loaded in policies(register).items()
        if file.subject.is_a in loaded.policy.subjects
    ]
    return tuple(sorted(told, key=lambda one: not one.entries))


@dataclass(frozen=True)
class End:
    """When a policy stops giving effect to a record: the first day without it; none: not known yet."""

    title: Words
    until: dt.date | None


@dataclass(frozen=True)
class FiledRecord:
    """A record in the envelope: what it says, when it became known, and when its effect ends under each policy."""

    record: RecordContent
    known_on: dt.date
    delivery: int
    row: int
    ends: tuple[End, ...]


@dataclass(frozen=True)
class File:
    """All that is held of somebody: records, the latest first, standings, who was merged with this one, and claims.

    claims: what was said of records that are about somebody else.
    """

    person: Subject
    standings: tuple[StandingContent, ...]
    records: tuple[FiledRecord, ...]
    merged: tuple[MergedContent, ...]
    claims: tuple[Claim, ...]


def file_of(register: Register, person: Subject, on: dt.date) -> File:
    """Return the whole file of somebody, for that person's own eyes or an officer's."""
    held = dossier(register, person)
    about = grounds_of(register, held, named=True)
    told = standings_of(register, held, on, about)
    records = sorted(held.records, key=lambda known: known.record.act, reverse=True)
    filed = tuple(_filed(known, told, register, about[known.record.digest]) for known in records)
    merged = tuple(merged_content(one) for one in held.merged)
    return File(held.subject, told, filed, merged, claims(register, held.ids))


def _filed(
    known: KnownRecord, told: Sequence[StandingContent], register: Register, ground: GroundContent
) -> FiledRecord:
    record = record_content(known.record, register.catalogue, ground)
    ends = [_end(one, record.digest) for one in told]
    return FiledRecord(
        record, known.known_on.date(), known.delivery, known.row, tuple(end for end in ends if end is not None)
    )


def _end(told: StandingContent, digest: str) -> End | None:
    of_record = [entry for entry in told.entries if entry.record and entry.record.digest == digest]
    if not of_record:
        return None
    ends = [entry.until for entry in of_record]
    return End(told.title, None if None in ends else max(end for end in ends if end))
