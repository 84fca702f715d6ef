"""A dossier folded day by day: the morning, the day, the evening and the close of each day on which anything happens.

The order within a day is that of docs/reference/language.md. Every day on which something can happen by time alone is
visited: starts and ends of entries, deadlines, ends of measures, and days with which `today` was compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from goodstanding.engine import stages
from goodstanding.engine.entries import Fitting, ended, give_back, open_entries, take_in, test_end, timed
from goodstanding.engine.evaluation import holds
from goodstanding.engine.grading import grade_of
from goodstanding.engine.periods import DAY
from goodstanding.engine.standing import Entry, Unknown
from goodstanding.engine.state import ENDING, State
from goodstanding.engine.timeline import Arrival, Timeline
from goodstanding.facts.records import Record
from goodstanding.policy.expressions import Call, Name, walk
from goodstanding.policy.model import Policy
from goodstanding.policy.occurrences import occurrences


class Fold:
    """One subject's dossier on its way through time; `state` is what stands at the close of the last day visited."""

    def __init__(self, state: State, coming: Timeline, fitting: Fitting, remembered: frozenset[str]) -> None:
        """Begin on the day of `state`, before anything came. `remembered`: what is asked of the day before.

        The day after is visited whatever comes, so that conditions are asked of an empty dossier too.
        """
        self.state, self.coming, self.fitting, self.remembered = state, coming, fitting, remembered
        self.left = sorted(coming.days)
        self.was: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self._close()
        state.edges.add(state.today + DAY)

    def days(self, until: dt.date) -> Iterator[dt.date]:
        """Work out one day after another up to one, and yield each when it is closed."""
        while (day := self._next()) is not None and day <= until:
            self._work_out(day)
            yield day

    def to(self, day: dt.date) -> State:
        """Return the state on a day."""
        for _ in self.days(day):
            pass
        if day > self.state.today:
            self.state.before = self.kept
        self.state.on(day)
        return self.state

    def _next(self) -> dt.date | None:
        state = self.state
        while self.left and self.left[0] <= state.today:
            self.left.pop(0)
        days = set(self.left[:1]) | {day for day in state.edges if day > state.today}
        days |= {day for e in state.entries if not e.spent for day in (e.start, e.until) if day and day > state.today}
        days |= {stage.until for stage in state.stages.values() if stage.until}
        return min(days, default=None)

    def _work_out(self, day: dt.date) -> None:
        opened: list[Entry] = []
        self._morning(day, opened)
        for arrival in self.coming.records.get(day, ()):
            self._arrive(arrival, opened)
        self._evening(opened)
        self._close()

    def _morning(self, day: dt.date, opened: list[Entry]) -> None:
        state = self.state
        ending = [entry for entry in state.entries if entry.until == day and not entry.spent]
        asked = self._tests(ending, day - DAY)
        state.before = self.kept
        state.on(day)
        state.edges = {edge for edge in state.edges if edge > day}
        for entry in ending:
            rule = state.policy.entries[entry.rule]
            if entry.tested and asked[entry.place] is not True:
                test_end(state, rule, entry, asked[entry.place])
            elif entry.start < day:
                give_back(state, entry)
        for entry in [e for e in state.entries if e.start == day and e.placed < day and not e.spent]:
            take_in(state, entry)
        stages.expire(state)
        for arrival in self.coming.deadlines.get(day, ()):
            for name in arrival.rules:
                opened += open_entries(state, name, arrival.record, self.fitting)

    def _tests(self, ending: list[Entry], before: dt.date) -> dict[int, Any]:
        """Ask the conditions of tested ends, all of the state at the close of the day before."""
        state = self.state
        state.on(before)
        return {
            entry.place: holds(text, state.around(entry.record, entry.item, entry.placed))
            for entry in ending
            if entry.tested and (text := state.policy.entries[entry.rule].counts.condition)
        }

    def _arrive(self, arrival: Arrival, opened: list[Entry]) -> None:
        record = arrival.record
        if arrival.itself:
            self._end_others(record)
            self.state.arrived.append(record)
            self._end_conduct(record)
            self._impose(record, opened)
        for name in arrival.rules:
            opened += open_entries(self.state, name, record, self.fitting)

    def _end_others(self, record: Record) -> None:
        state = self.state
        for entry in [e for e in state.entries if e.record is not None and not e.spent]:
            rule, of = state.policy.entries[entry.rule], entry.record
            assert of is not None
            same = record.kind in rule.ended_by and of.occurrence == record.occurrence and of.act <= record.act
            over = entry.until is not None and entry.until <= state.today
            if not over and (same or (record.kind in rule.superseded_by and of.act <= record.act)):
                ended(state, entry)

    def _end_conduct(self, record: Record) -> None:
        if record.kind != ENDING:
            return
        state = self.state
        state.changed()
        for entry in state.entries:
            of = entry.record
            if entry.continuing and of and of.occurrence == record.occurrence and of.act <= record.act:
                if not entry.spent and (entry.until is None or entry.until > state.today):
                    timed(state, state.policy.entries[entry.rule], entry)
                entry.continuing = False

    def _impose(self, record: Record, opened: list[Entry]) -> None:
        """Let an act impose measures; they are looked at first, so that one can be reached and imposed on one day."""
        state = self.state
        for name in state.stages:
            if record.kind in state.policy.measures[name].imposed_by:
                stages.look_at(state, name, opened, self.was[name])
                if stages.impose(state, name, record):
                    self._follow(name, record, opened)

    def _follow(self, measure: str, record: Record | None, opened: list[Entry]) -> None:
        """Open the entries of rules that are for a measure that is now imposed."""
        for name, rule in self.state.policy.entries.items():
            if measure in rule.kinds and rule.subject in (None, self.state.subject):
                opened += open_entries(self.state, name, record, self.fitting)

    def _evening(self, opened: list[Entry]) -> None:
        state = self.state
        for name, rule in state.policy.entries.items():
            if rule.when and rule.subject in (None, state.subject) and self.was[name] is not True:
                asked = holds(rule.when, state.plain)
                if asked is True:
                    opened += open_entries(state, name, None, self.fitting)
                elif isinstance(asked, Unknown):
                    state.doubted(asked)
        for name in state.stages:
            if stages.look_at(state, name, opened, self.was[name]):
                self._follow(name, None, opened)

    def _close(self) -> None:
        """Keep what the next day asks of this one."""
        state = self.state
        rules = {name: rule.when for name, rule in state.policy.entries.items() if rule.when}
        measures = {n: m.when for n, m in state.policy.measures.items() if m.when and m.at is None}
        asked = {name: holds(text, state.plain) for name, text in {**rules, **measures}.items()}
        if any(isinstance(now, Unknown) and self.was.get(name) is True for name, now in asked.items()):
            state.edges.add(state.today + DAY)  # what is no longer known may be so again on the next day: it is asked
        self.was = dict.fromkeys(state.stages, False) | asked
        self._keep()

    def _keep(self) -> None:
        """Keep what the day before is asked for; where it changed, it comes out otherwise on the next day."""
        state = self.state
        kept = {name: state.value(name) for name in self.remembered if name != "grade"}
        if "grade" in self.remembered:
            kept["grade"] = grade_of(state)
        if kept != state.before:
            state.edges.add(state.today + DAY)
        self.kept = kept


def remembered(policy: Policy) -> frozenset[str]:
    """Return what a policy asks of the day before: names of values, and `grade`."""
    # Items may be thousands, and are asked of a record alone.
    asking = (one.node for one in occurrences(policy) if one.path[0] != "items")
    calls = (node for whole in asking for node in walk(whole) if isinstance(node, Call))
    return frozenset(
        call.arguments[0].name for call in calls if call.function == "before" and isinstance(call.arguments[0], Name)
    )
