"""When records come to their places: for every day, which rules look at which records, in the order of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from goodstanding.engine.evaluation import FOREVER, Surroundings, day_of, evaluate, parsed
from goodstanding.engine.periods import Period, later
from goodstanding.engine.standing import Unknown
from goodstanding.engine.state import State
from goodstanding.facts.records import Record
from goodstanding.policy.model import Policy


@dataclass(frozen=True)
class Arrival:
    """A record on a day, and the rules that look at it there. `itself`: it is the day of its act."""

    record: Record
    rules: tuple[str, ...]
    itself: bool


@dataclass
class Timeline:
    """Arrivals by day, in the order of the day: deadlines that passed, in the morning, and records."""

    deadlines: Mapping[dt.date, Sequence[Arrival]]
    records: Mapping[dt.date, Sequence[Arrival]]

    @property
    def days(self) -> set[dt.date]:
        """Every day on which a record or a deadline comes."""
        return {*self.deadlines, *self.records}


def ranks(policy: Policy) -> dict[str, int]:
    """Return the place of each kind in the order in which the policy first names them, in rules or in their items."""
    named = (kind for rule in policy.entries.values() for kind in policy.kinds_of(rule))
    return {kind: place for place, kind in enumerate(dict.fromkeys(named))}


def lookers(policy: Policy) -> dict[str, list[str]]:
    """Return by kind the rules that look at its records, in the order of the policy."""
    found: dict[str, list[str]] = {}
    for name, rule in policy.entries.items():
        for kind in policy.kinds_of(rule):
            found.setdefault(kind, []).append(name)
    return found


def timeline(
    order: Mapping[str, int], looking: Mapping[str, Sequence[str]], records: Iterable[Record], state: State
) -> Timeline:
    """Place records: each rule on the day that it names, the record itself on the day of its act.

    order and looking are what `ranks` and `lookers` return. A record without the date that a rule places it by comes to
    that rule on the day of its act.
    """
    deadlines: dict[dt.date, list[Arrival]] = {}
    arrivals: dict[dt.date, list[Arrival]] = {}
    for record in sorted(records, key=lambda r: (order.get(r.kind, len(order)), r.occurrence, r.digest)):
        by_day: dict[dt.date, list[str]] = {record.act: []}
        around = state.around(record)
        for name in looking.get(record.kind, ()):
            rule = state.policy.entries[name]
            if rule.subject not in (None, state.subject):
                continue
            if rule.after is not None:
                day = _passed(rule.after, record, around)
                if day < FOREVER:
                    deadlines.setdefault(day, []).append(Arrival(record, (name,), itself=False))
            else:
                by_day.setdefault(_placed(rule.placed or "act", record, around), []).append(name)
        for day, rules in by_day.items():
            arrivals.setdefault(day, []).append(Arrival(record, tuple(rules), itself=day == record.act))
    return Timeline(deadlines, arrivals)


def _passed(text: str, record: Record, around: Surroundings) -> dt.date:
    """Return the day after a date, or after a period; that of the act where the record has no such date."""
    day = evaluate(parsed(text), around)
    if isinstance(day, Unknown):
        return record.act
    return day.end if isinstance(day, Period) else later(day, 1, "days")


def _placed(text: str, record: Record, around: Surroundings) -> dt.date:
    day = day_of(evaluate(parsed(text), around))
    return record.act if isinstance(day, Unknown) else day
