"""The exact evaluator: what a policy means. Everything fast must agree with it, to the last unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import version
from typing import Any

from goodstanding.engine.entries import ENDING, Dossier, counts_on, doubtful, entries_of, fitting_items, parsed
from goodstanding.engine.evaluation import Surroundings, evaluate, unknown
from goodstanding.engine.standing import (
    Change,
    Entry,
    Outcome,
    Receipt,
    Standing,
    Status,
    Step,
    Unknown,
    number_text,
)
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.records import Record
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of
from goodstanding.policy.model import Policy
from goodstanding.policy.reader import Loaded

ENGINE = version("goodstanding")


class Evaluator:
    """A policy ready to judge dossiers under one catalogue; holds nothing of any subject."""

    def __init__(self, loaded: Loaded, catalogue: Catalogue) -> None:
        """Prepare a checked policy."""
        self.loaded, self.policy, self.catalogue = loaded, loaded.policy, catalogue
        self._read = loaded.policy.kinds | {ENDING}
        self._items = fitting_items(loaded.policy)
        self._places = {item.id: place for place, item in enumerate(loaded.policy.items)}

    def standing(
        self, records: Iterable[Record], subject: Subject, on: dt.date, known_on: dt.date | None = None
    ) -> Standing:
        """Return the standing on a day from all of a subject's records, as known on `known_on` (default: that day).

        Records of kinds that the policy does not read, and those after the day, are passed over; a record that is
        given twice counts once.
        """
        kept = {record.digest or id(record): record for record in records if record.kind in self._read}
        placed = sorted((record for record in kept.values() if record.act <= on), key=lambda r: (r.act, r.digest))
        dossier = Dossier(self.policy, self.catalogue, self._items, self._places, subject, placed)
        return _judged(self.loaded, dossier, on, known_on or on)

    def changes(self, records: Sequence[Record], subject: Subject, on: dt.date) -> list[Change]:
        """Return the later days on which the standing changes by itself, if nothing new becomes known, in order."""
        placed = [record for record in records if record.act <= on]
        last = self.standing(placed, subject, on)
        changes = []
        for day in sorted(_edges(last.entries, on)):
            then = self.standing(placed, subject, day)
            if (then.outcome, then.score, then.grade) != (last.outcome, last.score, last.grade):
                because = tuple(entry for entry in then.entries if day in (entry.start, entry.until))
                changes.append(Change(day, then.outcome, then.score, then.grade, because))
            last = then
        return changes

    def history(self, records: Sequence[Record], subject: Subject, until: dt.date) -> list[Standing]:
        """Return the standing on every day up to `until` on which anything of it changed: a step function of time."""
        days = {record.act for record in records if record.act <= until}
        steps: list[Standing] = []
        while days:
            day = min(days)
            now = self.standing(records, subject, day)
            days = {later for later in days | _edges(now.entries, day) if day < later <= until}
            if not steps or (now.outcome, now.score, now.grade) != (
                steps[-1].outcome,
                steps[-1].score,
                steps[-1].grade,
            ):
                steps.append(now)
        return steps


def _edges(entries: Iterable[Entry], after: dt.date) -> set[dt.date]:
    """Return the days after one on which an entry starts or ends."""
    return {day for entry in entries for day in (entry.start, entry.until) if day is not None and day > after}


def _judged(loaded: Loaded, dossier: Dossier, on: dt.date, known_on: dt.date) -> Standing:
    policy = loaded.policy
    entries = _marked(dossier, on)
    around = _Values(policy, entries)
    outcome, reason, clause = around.unrated(dossier.catalogue)
    grade = None
    if outcome is None:
        grade = around.grade()
        outcome = Outcome.NOT_DECIDABLE if isinstance(grade, Unknown) else Outcome.GRADED
    score = around.value(policy.score)
    decided = outcome is Outcome.GRADED and isinstance(grade, str)
    missing = () if outcome is not Outcome.NOT_DECIDABLE else sorted((unknown(grade, around.doubt) or _NOTHING).missing)
    return Standing(
        policy=policy.id,
        on=on,
        outcome=outcome,
        score=score if decided and isinstance(score, Fraction) else None,
        grade=str(grade) if decided else None,
        entries=tuple(sorted(entries, key=lambda entry: (entry.record.act, entry.start))),
        arithmetic=tuple(around.steps()) if outcome is not Outcome.NOT_RATED else (),
        measures=tuple(name for name, measure in policy.measures.items() if decided and grade in measure.grades),
        missing=tuple(missing),
        reason=reason,
        clause=clause,
        receipt=Receipt(loaded.hash, ENGINE, on, known_on, tuple(sorted(r.digest for r in dossier.records))),
    )


_NOTHING = Unknown(frozenset())


def _marked(dossier: Dossier, on: dt.date) -> list[Entry]:
    """Say of every entry whether it counts on the day, is over, or is held back by its account."""
    entries = [
        replace(entry, status=Status.COUNTS if counts_on(entry, on) else Status.ENDED) for entry in entries_of(dossier)
    ]
    around = _Values(dossier.policy, entries)
    held = {
        name: evaluate(parsed(account.held_while), around.surroundings)
        for name, account in dossier.policy.accounts.items()
        if account.held_while
    }
    return [_held(entry, held.get(entry.account, False)) for entry in entries]


def _held(entry: Entry, holds: bool | Unknown) -> Entry:
    if entry.status is not Status.COUNTS or holds is False:
        return entry
    return doubtful(entry, holds) if isinstance(holds, Unknown) else replace(entry, status=Status.HELD)


class _Values:
    """The values of a policy on one day, each computed once, from the entries that count."""

    def __init__(self, policy: Policy, entries: list[Entry]) -> None:
        self.policy, self.entries = policy, entries
        self.counting = [entry for entry in entries if entry.status is Status.COUNTS]
        self.surroundings = Surroundings(self.value, policy.tables, self.function)
        self.known: dict[str, Any] = {}
        self.doubt: Unknown | None = None

    def value(self, name: str) -> Any:
        if name not in self.known:
            self.known[name] = evaluate(parsed(self.policy.values[name].expression), self.surroundings)
        return self.known[name]

    def function(self, function: str, name: str) -> Any:
        of_rule = [entry for entry in self.counting if entry.rule == name]
        if function == "sum":
            amounts = [entry.amount for entry in self.counting if entry.account == name]
            return unknown(*amounts) or sum((a for a in amounts if isinstance(a, Fraction)), Fraction(0))
        if function == "count":
            return unknown(*(entry.doubt for entry in of_rule)) or Fraction(len(of_rule))
        if function == "worst":
            return self._worst(name, of_rule)
        those = [entry for entry in of_rule if entry.continuing or function == "some"]
        certain = any(entry.doubt is None for entry in those)
        return certain or unknown(*(entry.doubt for entry in those)) or False

    def _worst(self, name: str, of_rule: list[Entry]) -> Any:
        """Return the worst grade among the entries, unknown where one that is in doubt would be worse."""
        graded = [(entry, self._rank(entry.grade)) for entry in of_rule if entry.grade is not None]
        lacking = unknown(*(rank for _, rank in graded))
        if lacking is not None:
            return lacking
        worst = max((rank for entry, rank in graded if entry.doubt is None), default=-1)
        doubts = unknown(*(entry.doubt for entry, rank in graded if rank > worst))
        return doubts or (list(self.policy.grades.order)[worst] if worst >= 0 else Unknown(frozenset({name})))

    def _rank(self, grade: str | Unknown | None) -> Any:
        """Return the place of a grade, 0 the best; unknown for a code that is none of the grades."""
        order = list(self.policy.grades.order)
        if isinstance(grade, Unknown):
            return grade
        return order.index(grade) if grade in order else Unknown(frozenset({f"{grade} among the grades"}))

    def unrated(self, catalogue: Catalogue) -> tuple[Outcome | None, str | None, str | None]:
        for row in self.policy.unrated:
            holds = evaluate(parsed(row.when), self.surroundings)
            if isinstance(holds, Unknown):
                self.doubt = holds
                return Outcome.NOT_DECIDABLE, None, row.clause
            if holds:
                return Outcome.NOT_RATED, self._reason(row.because), row.clause
        return None, None, None

    def _reason(self, because: str) -> str | None:
        """Return the code, or what the latest record of the rule gives as reason; None where it gives none."""
        rule, _, attribute = because.partition(".")
        if not attribute:
            return because
        latest = next((entry for entry in reversed(self.counting) if entry.rule == rule), None)
        value = latest.record.attributes.get(attribute) if latest else None
        return None if value is None else str(value)

    def grade(self) -> Any:
        for override in self.policy.grades.overrides:
            holds = evaluate(parsed(override.when), self.surroundings)
            if isinstance(holds, Unknown):
                return holds
            if holds:
                return evaluate(parsed(override.grade), self.surroundings)
        values = [self.value(ladder.of) for ladder in self.policy.grades.ladders]
        lacking = unknown(*values)
        if lacking is not None:
            return lacking
        order = list(self.policy.grades.order)
        given = [
            next((band.grade for band in bands_of(ladder) if band.holds(value)), None)
            for ladder, value in zip(self.policy.grades.ladders, values, strict=True)
        ]
        off = [ladder.of for ladder, grade in zip(self.policy.grades.ladders, given, strict=True) if grade is None]
        return Unknown(frozenset(f"{name} on its grid" for name in off)) if off else max(given, key=order.index)  # type: ignore[arg-type]

    def steps(self) -> Iterable[Step]:
        for name, value in self.policy.values.items():
            node = parsed(value.expression)
            yield Step(name, value.expression, self._filled(node), self.value(name), value.clause, value.words)

    def _filled(self, node: ex.Node) -> str:
        """Write an expression with the numbers put in, choosing the branch that is taken."""
        if isinstance(node, ex.Choice):
            holds = evaluate(node.condition, self.surroundings)
            return "?" if isinstance(holds, Unknown) else self._filled(node.then if holds else node.otherwise)
        if isinstance(node, ex.Binary) and node.sign in ("+", "-", "*", "/"):
            right = self._filled(node.right)
            return f"{self._filled(node.left)} {node.sign} {f'({right})' if right.startswith('-') else right}"
        if isinstance(node, ex.Call) and node.function in ("min", "max"):
            return f"{node.function}({', '.join(self._filled(one) for one in node.arguments)})"
        return number_text(evaluate(node, self.surroundings))
