"""What is known of a dossier while it is folded: its entries and measures, and what expressions read of them.

`today` is the day that is worked out. Values are kept until something changes (`changed`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from goodstanding.engine import aggregates
from goodstanding.engine.evaluation import FOREVER, Surroundings, evaluate, holds, parsed, unknown
from goodstanding.engine.standing import Entry, Unknown
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.records import Record
from goodstanding.policy.model import Item, Policy

ENDING = "conduct.ended"
"""The kind of record that says of an occurrence that the conduct has ended."""

NO_GRADE = "none"
"""What `before(grade)` is where there was no grade."""

_OWN = ("placed", "start", "until", "amount", "grade", "rule")
_DATES = ("act", "decided", "final")


class InForce:
    """Where one staged measure stands while a dossier is folded."""

    def __init__(self) -> None:
        """Begin neither pending nor in force."""
        self.clear()

    def clear(self) -> None:
        """Be neither pending nor in force, whatever stood before."""
        self.reached: dt.date | None = None
        self.imposed: dt.date | None = None
        self.until: dt.date | None = None
        self.ground_fell = False

    @property
    def state(self) -> str:
        """Return no, pending or imposed."""
        return "imposed" if self.imposed else "pending" if self.reached else "no"


class State:
    """The dossier of one subject on one day."""

    def __init__(self, policy: Policy, catalogue: Catalogue, subject: Subject, today: dt.date) -> None:
        """Begin with an empty dossier on a day."""
        self.policy, self.catalogue, self.subject, self.today = policy, catalogue, subject, today
        self.entries: list[Entry] = []
        self.made = 0
        self.arrived: list[Record] = []
        self.stages = {name: InForce() for name, measure in policy.measures.items() if measure.when}
        self.balances = {name: Fraction(0) for name, a in policy.accounts.items() if _walked(a)}
        self.before: dict[str, Any] = {}
        self.doubt: Unknown | None = None
        self.edges: set[dt.date] = set()
        self.plain = self.around()
        self._values: dict[str, Any] = {}
        self._held: dict[str, Any] | None = None

    def on(self, day: dt.date) -> None:
        """Let it be a day."""
        self.today = day
        self.changed()

    def changed(self) -> None:
        """Forget what was worked out, for something has changed."""
        self._values.clear()
        self._held = None
        self.plain = self.around()

    def doubted(self, lacking: Unknown) -> None:
        """Keep that it can no longer be told what state the dossier is in."""
        self.doubt = unknown(lacking, self.doubt)

    def around(
        self, record: Record | None = None, item: Item | None = None, placed: dt.date | None = None
    ) -> Surroundings:
        """Return what an expression of a rule reads that looks at a record; without one, of a value or condition.

        placed: the day of the place; today where it is not given.
        """

        def named(name: str) -> Any:
            name = name.removeprefix("this.")
            if name == "placed":
                return placed or self.today
            return self._of_record(name, record, item)

        return Surroundings(
            named,
            self.policy.tables,
            self.today,
            self._edge,
            lambda node, around: aggregates.over(node, around, self),
            self._state,
            self.policy.calendar,
        )

    def around_entry(self, entry: Entry, outer: Surroundings) -> Surroundings:
        """Return what an expression on an entry reads; `this.` is what stands around it."""

        def named(name: str) -> Any:
            if name.startswith("this."):
                return outer.names(name)
            if name in _OWN:
                value = getattr(entry, name)
                value = FOREVER if name == "until" and value is None else value
                return Unknown(frozenset({f"{entry.rule}.{name}"})) if value is None else value
            if name in ("item", "level"):
                value = entry.item and (entry.item.id if name == "item" else entry.item.level)
                return value or Unknown(frozenset({f"{entry.rule}.{name}"}))
            return self._of_record(name, entry.record, entry.item)

        return Surroundings(named, outer.tables, outer.today, outer.edge, outer.entries, outer.state, outer.calendar)

    def value(self, name: str) -> Any:
        """Return a value of the policy."""
        if name == "grade":
            return self.before.get("grade", NO_GRADE)
        if name not in self._values:
            self._values[name] = evaluate(parsed(self.policy.values[name].expression), self.plain)
        return self._values[name]

    def held(self, entry: Entry) -> Any:
        """Return whether the account of an entry is held, so that it counts for nothing: True, False or Unknown."""
        if self._held is None:
            self._held = {}
            found = {
                name: holds(account.held_while, self.plain)
                for name, account in self.policy.accounts.items()
                if account.held_while
            }
            self._held = found
        return self._held.get(entry.account or "", False)

    def end_of_conduct(self, record: Record) -> dt.date:
        """Return the day on which the conduct ended: the act's, or for continuing kinds that of the ending record."""
        if not self.catalogue.kinds[record.kind].continuing:
            return record.act
        ends = (r.act for r in self.arrived if r.kind == ENDING and r.occurrence == record.occurrence)
        return min((end for end in ends if end >= record.act), default=FOREVER)

    def named(self, names: Sequence[str]) -> list[Entry]:
        """Return the entries of these rules and accounts that were not spent, in the order in which they were made."""
        return [e for e in self.entries if not e.spent and (e.rule in names or e.account in names)]

    def _edge(self, day: dt.date) -> None:
        if self.today < day < FOREVER:
            self.edges.add(day)

    def _state(self, function: str, name: str) -> Any:
        if function == "before":
            nothing = NO_GRADE if name == "grade" else Unknown(frozenset({f"{name} of the day before"}))
            return self.before.get(name, nothing)
        stage = self.stages[name].state
        return stage != "no" if function == "reached" else stage == function

    def _of_record(self, name: str, record: Record | None, item: Item | None) -> Any:
        if name in self.policy.values:
            return self.value(name)
        if record is None:
            return Unknown(frozenset({name}))
        if name.startswith("item."):
            return _of_item(name.removeprefix("item."), record, item)
        if name == "ended":
            return self.end_of_conduct(record)
        if name in ("occurrence", "kind"):
            return getattr(record, name)
        value = getattr(record, name) if name in _DATES else record.attributes.get(name)
        return Unknown(frozenset({f"{record.kind}.{name}"})) if value is None else value


def _of_item(name: str, record: Record, item: Item | None) -> Any:
    if name == "points" and item is not None and item.range is not None:
        assessed = record.attributes.get("assessed")
        least, most = item.range
        fits = isinstance(assessed, Fraction) and least <= assessed <= most
        return assessed if fits else Unknown(frozenset({f"{record.kind}.assessed from {least} to {most}"}))
    value = getattr(item, name, None)
    return Unknown(frozenset({f"item.{name}"})) if value is None else value


def _walked(account: Any) -> bool:
    return account.floor is not None or account.ceiling is not None
