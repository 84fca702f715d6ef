"""From records to entries, as the exact evaluator does it: one rule after another, in the order of the policy.

Records of one day are taken in the order of the policy's items, then occurrence, then content hash, so that the order
of delivery never matters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any

from goodstanding.engine.evaluation import Surroundings, evaluate, on_ladder, unknown
from goodstanding.engine.standing import Entry, Unknown
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.records import Record
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import EntryRule, Item, Policy, Share

ENDING = "conduct.ended"
"""The kind of record that says of an occurrence that the conduct has ended."""

parsed = cache(ex.parse)


Fitting = Mapping[tuple[str, str, str], Sequence[Item]]
"""Items by class, kind and subject, each list in the order of the policy."""


def fitting_items(policy: Policy) -> Fitting:
    """Sort a policy's items by what they fit, once for all dossiers."""
    fitting: dict[tuple[str, str, str], list[Item]] = {}
    for item in policy.items:
        fitting.setdefault((item.class_, item.kind, item.subject), []).append(item)
    return fitting


@dataclass(frozen=True)
class Dossier:
    """The records that a standing is computed from: one subject's, none after the day asked for."""

    policy: Policy
    catalogue: Catalogue
    items: Fitting
    places: Mapping[str, int]
    subject: Subject
    records: Sequence[Record]


def entries_of(dossier: Dossier) -> list[Entry]:
    """Return every entry that the policy makes of the dossier, ended ones included, in order of rule and day."""
    made: dict[str, list[Entry]] = {}
    for name, rule in dossier.policy.entries.items():
        if rule.subject not in (None, dossier.subject):
            continue
        drafts = _kept(rule, [draft for record in dossier.records for draft in _drafts(name, rule, record, dossier)])
        if rule.unless:
            drafts = _spared(drafts, made.get(rule.unless, []))
        drafts = _timed(rule, sorted(drafts, key=lambda draft: _order(draft, dossier)), dossier)
        made[name] = _repeated(rule, _shared(rule, drafts, dossier))
    return [entry for entries in made.values() for entry in entries]


def _order(entry: Entry, dossier: Dossier) -> tuple[Any, ...]:
    place = dossier.places[entry.item.id] if entry.item else 0
    return (entry.record.act, place, entry.record.occurrence, entry.record.digest)


def surroundings(record: Record, item: Item | None, dossier: Dossier) -> Surroundings:
    """Return what the names in a rule's expressions stand for, for one record and item."""

    def named(name: str) -> Any:
        if name.startswith("item."):
            return getattr(item, name.removeprefix("item."))
        if name == "ended":
            return end_of_conduct(record, dossier)
        value = getattr(record, name) if name in ("act", "decided", "final") else record.attributes.get(name)
        return Unknown(frozenset({f"{record.kind}.{name}"})) if value is None else value

    return Surroundings(named, dossier.policy.tables)


def end_of_conduct(record: Record, dossier: Dossier) -> dt.date | None:
    """Return the day on which the conduct ended: the act's, or for continuing kinds that of the ending record."""
    if not dossier.catalogue.kinds[record.kind].continuing:
        return record.act
    ends = [other.act for other in dossier.records if other.kind == ENDING and other.occurrence == record.occurrence]
    return min((end for end in ends if end >= record.act), default=None)


def _drafts(name: str, rule: EntryRule, record: Record, dossier: Dossier) -> Iterable[Entry]:
    if rule.kinds:
        if record.kind in rule.kinds:
            yield _draft(name, rule, record, None, dossier)
        return
    for item in dossier.items.get((rule.items or "", record.kind, dossier.subject), ()):
        around = surroundings(record, item, dossier)
        holds = evaluate(parsed(item.where), around) if item.where else True
        if isinstance(holds, Unknown):
            yield replace(_draft(name, rule, record, item, dossier), amount=holds, base=holds, doubt=holds)
        elif holds:
            yield _draft(name, rule, record, item, dossier)


def _draft(name: str, rule: EntryRule, record: Record, item: Item | None, dossier: Dossier) -> Entry:
    around = surroundings(record, item, dossier)
    text = rule.amount.running if isinstance(rule.amount, Share) else rule.amount
    amount = evaluate(parsed(text), around) if text else None
    grade = evaluate(parsed(rule.grade), around) if rule.grade else None
    clause, words = (item.clause, item.words) if item else (rule.clause, rule.words)
    return Entry(name, rule.account, record, item, amount, grade, record.act, None, clause, words, base=amount)


def _kept(rule: EntryRule, drafts: list[Entry]) -> list[Entry]:
    """Keep one entry an occurrence: the lowest amount where the gravest counts, else the highest."""
    if rule.choose is None:
        return drafts
    best: dict[str, Entry] = {}
    sign = 1 if rule.choose == "gravest" else -1
    for draft in sorted(drafts, key=lambda one: (one.record.act, one.record.digest)):
        held = best.get(draft.record.occurrence)
        if held is None or _graver(draft, held, sign):
            best[draft.record.occurrence] = draft
    return list(best.values())


def _graver(draft: Entry, held: Entry, sign: int) -> bool:
    """Whether a draft displaces the one held; an unknown amount always does, and is never displaced."""
    if isinstance(held.amount, Unknown):
        return False
    if isinstance(draft.amount, Unknown):
        return True
    assert draft.amount is not None
    assert held.amount is not None
    return sign * draft.amount < sign * held.amount


def _spared(drafts: list[Entry], others: list[Entry]) -> list[Entry]:
    """Drop the drafts of an occurrence in which another rule opened an entry; doubt them where that is in doubt."""
    taken = {other.record.occurrence for other in others if other.doubt is None}
    spared = []
    for draft in drafts:
        if draft.record.occurrence not in taken:
            doubts = unknown(*(one.doubt for one in others if one.record.occurrence == draft.record.occurrence))
            spared.append(doubtful(draft, doubts) if doubts else draft)
    return spared


def doubtful(entry: Entry, lacking: Unknown) -> Entry:
    """Return an entry of which it is not known, for lack of these facts, whether it is there or counts."""
    return replace(entry, amount=unknown(lacking, entry.amount), doubt=unknown(lacking, entry.doubt))


def _timed(rule: EntryRule, drafts: list[Entry], dossier: Dossier) -> list[Entry]:
    return [one for draft in drafts if (one := _interval(rule, draft, dossier)) is not None]


def _interval(rule: EntryRule, draft: Entry, dossier: Dossier) -> Entry | None:
    around = surroundings(draft.record, draft.item, dossier)
    continuing = end_of_conduct(draft.record, dossier) is None
    start = evaluate(parsed(rule.counts.start), around)
    draft = replace(draft, continuing=continuing)
    if start is None or isinstance(start, Unknown):
        return None if start is None else doubtful(draft, start)
    ends = [_next(rule.superseded_by, draft.record, dossier), _ending(rule.ended_by, draft.record, dossier)]
    if rule.counts.until and not (continuing and "ended" in ex.names_in(parsed(rule.counts.until))):
        ends.append(evaluate(parsed(rule.counts.until), around))
    known = [end for end in ends if end is not None]
    lacking = unknown(*known)
    if lacking is not None:
        return doubtful(replace(draft, start=start), lacking)
    return replace(draft, start=start, until=min(known, default=None))


def _next(kinds: Sequence[str], record: Record, dossier: Dossier) -> dt.date | None:
    place = (record.act, record.occurrence, record.digest)
    later = [
        other.act
        for other in dossier.records
        if other.kind in kinds and (other.act, other.occurrence, other.digest) > place
    ]
    return min(later, default=None)


def _ending(kinds: Sequence[str], record: Record, dossier: Dossier) -> dt.date | None:
    ends = [o.act for o in dossier.records if o.kind in kinds and o.occurrence == record.occurrence]
    return min((end for end in ends if end >= record.act), default=None)


def _shared(rule: EntryRule, drafts: list[Entry], dossier: Dossier) -> list[Entry]:
    """Turn amounts into shares of a ladder of their running total within each calendar year."""
    if not isinstance(rule.amount, Share):
        return drafts
    table = dossier.policy.tables[rule.amount.share]
    shares: list[Entry] = []
    for _, year in groupby(drafts, key=lambda draft: draft.record.act.year):
        total: Any = Fraction(0)
        for draft in year:
            before = total
            total = unknown(total, draft.amount) or total + draft.amount
            lacking = unknown(total)
            amount = lacking or on_ladder(table, total) - on_ladder(table, before)
            shares.append(replace(draft, amount=amount))
    return shares


def _repeated(rule: EntryRule, drafts: list[Entry]) -> list[Entry]:
    """Multiply the amount of an entry whose item already counts, from an earlier day, on the day of the act."""
    if rule.repeat is None:
        return drafts
    done: list[Entry] = []
    for draft in drafts:
        day = draft.record.act
        repeated = [one for one in done if one.item is draft.item and one.record.act < day and counts_on(one, day)]
        if isinstance(draft.amount, Fraction) and any(one.doubt is None for one in repeated):
            draft = replace(draft, amount=draft.amount * rule.repeat.times, times=rule.repeat.times)
        elif isinstance(draft.amount, Fraction):
            draft = replace(draft, amount=unknown(*(one.doubt for one in repeated)) or draft.amount)
        done.append(draft)
    return done


def counts_on(entry: Entry, day: dt.date) -> bool:
    """Whether the day lies in the interval in which the entry counts."""
    return entry.start <= day and (entry.until is None or day < entry.until)
