"""What changed in a dossier between two days, and what that did to the standings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from goodstanding.engine.standing import Standing
from goodstanding.facts.errors import InputError
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.dossiers import Dossier, Erased, KnownRecord, Withdrawal, dossier, standing
from goodstanding.register.ledger.grounds import Undone, undone
from goodstanding.register.ledger.policies import policies
from goodstanding.register.ledger.subjects import Subject
from goodstanding.register.store.database import Register


@dataclass(frozen=True)
class Moved:
    """The standing under a policy on the first day as known on it, and on the last day as known on that."""

    policy: str
    before: Standing
    after: Standing


@dataclass(frozen=True)
class Difference:
    """What became known of a subject after the end of the day `since` until the end of the day `until`, both in UTC.

    `came`: records, corrections among them (a version after the first). `replaced`: those that no longer stand.
    `withdrawn`: what a source took back, or was found not to be about the subject (`undone`, by delivery). `erased`:
    what was emptied. `merges`: those that were made or split.
    """

    subject: Subject
    since: dt.date
    until: dt.date
    came: tuple[KnownRecord, ...]
    replaced: tuple[KnownRecord, ...]
    withdrawn: tuple[Withdrawal, ...]
    erased: tuple[Erased, ...]
    standings: tuple[Moved, ...]
    merges: tuple[merges.Merged, ...]
    undone: Mapping[int, Undone]


def difference(register: Register, subject: Subject, since: dt.date, until: dt.date) -> Difference:
    """Return what changed in a dossier between two days. Raises InputError where the first is not before the last."""
    if since >= until:
        raise InputError(f"between {since} and {until}: expected a first day before the last")
    before, after = dossier(register, subject, since), dossier(register, subject, until)
    with register.engine.connect() as connection:
        made = merges.happened(connection, [*before.ids, *after.ids], since, until)
    known = (*after.records, *after.superseded)
    withdrawn = tuple(one for one in after.withdrawals if one.known_on.date() > since)
    return Difference(
        after.subject,
        since,
        until,
        came=tuple(one for one in known if one.known_on.date() > since),
        replaced=tuple(one for one in after.superseded if one.superseded_on and one.superseded_on.date() > since),
        withdrawn=withdrawn,
        erased=tuple(one for one in after.erased if since < one.on <= until),
        standings=tuple(_moved(register, before, after)),
        merges=made,
        undone=undone(register, [one.delivery for one in withdrawn]),
    )


def _moved(register: Register, before: Dossier, after: Dossier) -> list[Moved]:
    first, last = before.known_on, after.known_on
    assert first is not None
    assert last is not None
    applying = [name for name, one in policies(register).items() if before.subject.is_a in one.policy.subjects]
    return [
        Moved(name, standing(register, before, name, first), standing(register, after, name, last)) for name in applying
    ]
