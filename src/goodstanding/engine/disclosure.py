"""A standing as plain data: everything that its explanation says, with stable keys, ready for JSON.

Exact numbers are text (`2.5`, `1/3`, `?` where unknown), days are text as 2026-03-31, words are maps with `en`, `nl`
and `zh`, a clause is `{id, cite, words}`. What does not apply is null. docs/reference/explanation.md has every
key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from goodstanding.engine.evaluation import unknown
from goodstanding.engine.remedies import Act, Remedies
from goodstanding.engine.standing import Change, Entry, Standing, Step, Unknown, number_text
from goodstanding.facts.catalogue import Catalogue, Language, Words
from goodstanding.facts.records import Record, Value
from goodstanding.policy.model import Policy

Data = dict[str, Any]
_LANGUAGES: tuple[Language, ...] = ("en", "nl", "zh")


def as_data(
    policy: Policy,
    catalogue: Catalogue,
    standing: Standing,
    *,
    changes: Sequence[Change] | None = None,
    history: Sequence[Standing] | None = None,
    remedies: Remedies | None = None,
) -> Data:
    """Return a standing as plain data; with what changes by itself, its history and its remedies where given."""
    told = _Told(policy, catalogue)
    data = told.standing(standing)
    if changes is not None:
        data["changes"] = [told.change(change) for change in changes]
    if history is not None:
        data["history"] = [told.point(step) for step in history]
    if remedies is not None:
        data["remedies"] = told.remedies(remedies)
    return data


def reason_words(policy: Policy, catalogue: Catalogue, reason: str | None, language: Language) -> str:
    """Return why there is no score, in words: from the policy, or from the code list that the reason comes from."""
    own = {row.because: row.words for row in policy.unrated if row.words}
    if reason in own:
        return own[reason][language]
    return next((codes[reason][language] for codes in catalogue.codes.values() if reason in codes), reason or "")


def facts_of(attributes: Mapping[str, Value]) -> dict[str, str]:
    """Return the attributes of a record as text, by name."""
    return {name: number_text(value) for name, value in sorted(attributes.items())}


@dataclass(frozen=True)
class _Told:
    policy: Policy
    catalogue: Catalogue

    def standing(self, one: Standing) -> Data:
        policy, reason = self.policy, one.reason
        return {
            "policy": {
                "id": policy.id,
                "version": policy.version,
                "hash": one.receipt.policy,
                "title": policy.title,
            },
            "engine": one.receipt.engine,
            "on": _day(one.on),
            "known_on": _day(one.known_on),
            "outcome": one.outcome.value,
            "score": _number(one.score),
            "grade": one.grade,
            "grade_words": policy.grades.order[one.grade] if one.grade else None,
            "ground": self._ground(one),
            "reason": reason,
            "reason_words": {lang: reason_words(policy, self.catalogue, reason, lang) for lang in _LANGUAGES}
            if reason
            else None,
            "reason_clause": self._clause(one.clause),
            "missing": list(one.missing),
            "entries": [self._entry(entry) for entry in one.entries],
            "arithmetic": [self._step(step) for step in one.arithmetic],
            "measures": self._measures(one),
            "decisions": [self._decision(name, outcome) for name, outcome in one.decisions.items()],
            "records": list(one.receipt.records),
        }

    def point(self, one: Standing | Change) -> Data:
        """Return a standing in short, as it is from a day on."""
        return {
            "on": _day(one.on),
            "outcome": one.outcome.value,
            "score": _number(one.score),
            "grade": one.grade,
            "measures": self._measures(one),
            "decisions": dict(one.decisions),
        }

    def change(self, change: Change) -> Data:
        """Return a change with the rules whose entries begin and end on its day."""
        ending = [entry.rule for entry in change.because if entry.until == change.on]
        beginning = [entry.rule for entry in change.because if entry.until != change.on]
        return self.point(change) | {"begins": beginning, "ends": ending}

    def remedies(self, found: Remedies) -> Data:
        """Return what would better a standing."""
        acts = [
            {**self.point(one.standing), "acts": [self._act(act) for act in one.acts], "least": one.least}
            for one in found.acts
        ]
        return {"acts": acts, "waiting": [self.point(one) for one in found.waiting], "complete": found.complete}

    def _act(self, act: Act) -> Data:
        repair = self.policy.repairs[act.repair]
        record = self._record(act.record)
        keys = ("kind", "words", "act", "occurrence", "facts")
        return {
            "repair": act.repair,
            "repair_words": repair.words,
            "about": act.record.occurrence if repair.of else None,
            "clause": self._clause(repair.clause),
            "record": {key: record[key] for key in keys},
        }

    def _clause(self, name: str | None) -> Data | None:
        if name is None:
            return None
        law = self.policy.law.get(name)
        words: Words = law.words if law else self.policy.interpretations[name]
        return {"id": name, "cite": law.cite if law else name, "words": words}

    def _ground(self, one: Standing) -> Data | None:
        ground = one.ground
        if ground is None:
            return None
        by = "override" if ground.when is not None else "band" if ground.of is not None else "otherwise"
        return {
            "by": by,
            "when": ground.when,
            "value": ground.of,
            "band": ground.band,
            "clause": self._clause(ground.clause),
        }

    def _entry(self, entry: Entry) -> Data:
        lacking = unknown(entry.doubt, entry.amount, entry.grade)
        return {
            "rule": entry.rule,
            "words": entry.words,
            "account": entry.account,
            "item": entry.item.id if entry.item else None,
            "item_cite": entry.item.cite if entry.item else None,
            "status": entry.status.value,
            "amount": _number(entry.amount),
            "base": _number(entry.base),
            "times": number_text(entry.times),
            "grade": "?" if isinstance(entry.grade, Unknown) else entry.grade,
            "act": _day(entry.act),
            "placed": _day(entry.placed),
            "start": _day(entry.start),
            "until": _day(entry.until),
            "continuing": entry.continuing,
            "missing": sorted(lacking.missing) if lacking else [],
            "clause": self._clause(entry.clause),
            "record": self._record(entry.record) if entry.record else None,
        }

    def _record(self, record: Record) -> Data:
        return {
            "kind": record.kind,
            "words": self.catalogue.kinds[record.kind].words,
            "act": _day(record.act),
            "decided": _day(record.decided),
            "final": _day(record.final),
            "known": _day(record.known),
            "withdrawn": _day(record.withdrawn),
            "occurrence": record.occurrence,
            "document": record.document,
            "source": record.source,
            "authority": record.authority,
            "basis": record.basis,
            "facts": facts_of(record.attributes),
            "digest": record.digest,
        }

    def _step(self, step: Step) -> Data:
        return {
            "value": step.name,
            "words": step.words,
            "expression": step.expression,
            "filled": step.filled,
            "result": number_text(step.result),
            "clause": self._clause(step.clause),
        }

    def _measures(self, one: Standing | Change) -> list[Data]:
        """Return the measures that are in force or pending; those without stages have no dates."""
        staged = {stage.measure: stage for stage in one.stages}
        found = []
        for name, measure in self.policy.measures.items():
            stage = staged.get(name)
            if stage is not None or name in one.measures:
                found.append(
                    {
                        "measure": name,
                        "words": measure.words,
                        "state": stage.state if stage else "imposed",
                        "reached": _day(stage.reached) if stage else None,
                        "imposed": _day(stage.imposed) if stage else None,
                        "until": _day(stage.until) if stage else None,
                        "ground_fell": stage.ground_fell if stage else False,
                        "clause": self._clause(measure.clause),
                    }
                )
        return found

    def _decision(self, name: str, outcome: str) -> Data:
        decision = self.policy.decisions[name]
        return {
            "decision": name,
            "purpose": decision.purpose,
            "outcome": outcome,
            "words": decision.words.get(outcome),
            "reads": list(decision.reads),
            "review": decision.review,
            "notice": decision.notice,
            "appeal": decision.appeal,
            "clause": self._clause(decision.clause),
        }


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(number: Fraction | Unknown | None) -> str | None:
    return None if number is None else number_text(number)
