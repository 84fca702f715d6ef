"""From entries to outcome, score and grade for a range of subjects: what `exact` does for one dossier.

Values, overrides and ladders are computed for all subjects at once, each with what is missing where it is unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from goodstanding.engine.columns import NO_CODE, Array, Column, bounded, evaluate, spread
from goodstanding.engine.entries import parsed
from goodstanding.engine.kernels import NEVER
from goodstanding.engine.openings import Entries, Part, entries_of
from goodstanding.engine.standing import Outcome, Status
from goodstanding.policy import expressions as ex

OUTCOMES = tuple(Outcome)
"""What a standing comes to, by number."""
STATUSES = tuple(Status)
"""Whether an entry counts, by number."""
GRADED, NOT_RATED, NOT_DECIDABLE = (OUTCOMES.index(one) for one in OUTCOMES)
COUNTS, HELD, ENDED = (STATUSES.index(one) for one in STATUSES)


@dataclass(frozen=True)
class Judged:
    """Standings of a range of subjects, one a subject.

    outcome: number in OUTCOMES. score: known where nothing of it lacks. grade: code, NO_CODE where there is none.
    lacking: number of the set of missing names. because: which row of `unrated` holds, -1 none. witness: the record
    (row in `Lowered`) whose attribute is the reason, -1 none. edge: first later day on which an entry starts or ends,
    NEVER for none. exact: the rest means nothing, only the exact evaluator can judge. entries, status: by rule.
    """

    outcome: Array
    score: Column
    grade: Array
    lacking: Array
    because: Array
    witness: Array
    edge: Array
    exact: Array
    entries: dict[str, Entries]
    status: dict[str, Array]


def judged(part: Part) -> Judged:
    """Judge the subjects of a range on its day."""
    entries, status = _marked(entries_of(part), part)
    scope = _Subjects(part, entries, {name: one == COUNTS for name, one in status.items()})
    verdict = _Verdict(scope)
    verdict.unrated()
    verdict.overrides()
    verdict.ladders()
    score = scope.evaluated(scope.name(part.compiled.policy.score))
    edge = np.full(part.size, NEVER, np.int32)
    for one in entries.values():
        for days in (one.start, one.until):
            later = (days > part.on) & (days < NEVER)
            np.minimum.at(edge, one.owner[later], days[later])
    return Judged(
        verdict.outcome, score, verdict.grade, verdict.lacking, verdict.because, verdict.witness, edge,
        part.exact, entries, status,
    )  # fmt: skip


def _marked(entries: dict[str, Entries], part: Part) -> tuple[dict[str, Entries], dict[str, Array]]:
    """Say of every entry whether it counts on the day, is over, or is held back by its account."""
    counting = {name: (one.start <= part.on) & (part.on < one.until) for name, one in entries.items()}
    status = {name: np.where(counts, COUNTS, ENDED).astype(np.int8) for name, counts in counting.items()}
    accounts = {name: one.held_while for name, one in part.compiled.policy.accounts.items() if one.held_while}
    scope = _Subjects(part, entries, counting)
    holds = {name: scope.evaluated(evaluate(parsed(text), scope)) for name, text in accounts.items()}
    for name, rule in part.compiled.policy.entries.items():
        if rule.account in holds:
            entries[name], status[name] = _held(entries[name], status[name], holds[rule.account], part)
    return entries, status


def _held(entries: Entries, status: Array, holds: Column, part: Part) -> tuple[Entries, Array]:
    """Hold back entries while their account is held; doubt them where that is not known."""
    held = holds.values if holds.lacking is None else holds.values & (holds.lacking == 0)
    counts = status == COUNTS
    if holds.lacking is not None:
        entries = entries.doubted(np.where(counts, holds.lacking[entries.owner], 0), part.compiled.missing)
    return entries, np.where(counts & held[entries.owner], np.int8(HELD), status)


class _Subjects:
    """The scope of expressions over the subjects of a range: values, and functions of the entries that count."""

    def __init__(self, part: Part, entries: dict[str, Entries], counting: dict[str, Array]) -> None:
        self.part, self.entries, self.counting, self.compiled = part, entries, counting, part.compiled
        self.codes, self.durations = part.compiled.codes, part.compiled.durations
        self.missing, self.cells = part.compiled.missing, part.compiled.cells
        self.known: dict[tuple[str, str], Column] = {}

    def evaluated(self, column: Column) -> Column:
        """Return the column with a row a subject; what it cannot decide is left to the exact evaluator."""
        if column.exact is not None:
            self.part.exact |= column.exact
        return spread(column, self.part.size)

    def folded(self, node: ex.Node) -> Column | None:
        """Return None: nothing was worked out before."""

    def name(self, name: str) -> Column:
        if ("", name) not in self.known:
            self.known["", name] = evaluate(parsed(self.compiled.policy.values[name].expression), self)
        return self.known["", name]

    def function(self, function: str, name: str) -> Column:
        if (function, name) not in self.known:
            self.known[function, name] = getattr(self, f"_{function}")(name)
        return self.known[function, name]

    def _sum(self, account: str) -> Column:
        rules = [name for name, rule in self.compiled.policy.entries.items() if rule.account == account]
        columns = {name: self.entries[name].amount for name in rules}
        scale = math.lcm(*(column.scale for column in columns.values() if column is not None))
        sums, bound, lacking = np.zeros(self.part.size, np.int64), 0, None
        for name, column in columns.items():
            entries, counts = self.entries[name], self.counting[name]
            if column is not None:
                factor = scale // column.scale
                bound = bounded(bound + column.bound * factor * self._most(name))
                np.add.at(sums, entries.owner[counts], column.values[counts] * factor)
            lacking = self.missing.union(lacking, self._gathered(entries, entries.lacking, counts))
        return Column(sums, lacking, scale, bound)

    def _most(self, rule: str) -> int:
        return self.part.most(self.compiled.policy.entries[rule])

    def _gathered(self, entries: Entries, lacking: Array | None, rows: Array) -> Array | None:
        """Return for each subject the union of what is missing in some of its entries."""
        if lacking is None:
            return None
        some = np.flatnonzero(lacking)
        some = some[rows[some]]
        return self.missing.gathered(entries.owner[some], lacking[some], self.part.size) if len(some) else None

    def _count(self, rule: str) -> Column:
        entries, counts = self.entries[rule], self.counting[rule]
        number = np.bincount(entries.owner[counts], minlength=self.part.size)
        return Column(number, self._gathered(entries, entries.doubt, counts), bound=self._most(rule))

    def _some(self, rule: str) -> Column:
        return self._any(rule, self.counting[rule])

    def _continuing(self, rule: str) -> Column:
        continuing = self.entries[rule].continuing
        counts = self.counting[rule]
        return self._any(rule, np.zeros_like(counts) if continuing is None else counts & continuing)

    def _any(self, rule: str, those: Array) -> Column:
        entries = self.entries[rule]
        found = np.zeros(self.part.size, np.bool_)
        found[entries.owner[those & entries.certain]] = True
        doubts = self._gathered(entries, entries.doubt, those)
        return Column(found, None if doubts is None else np.where(found, 0, doubts))

    def _worst(self, rule: str) -> Column:
        """Return the worst grade among the entries, unknown where one that is in doubt would be worse."""
        entries, grade = self.entries[rule], self.entries[rule].grade
        none = np.int32(self.missing.named(rule))
        if grade is None:
            return Column(np.array(0, np.int32), np.array(none))
        graded = self.counting[rule] & (grade.values != NO_CODE)
        worst = np.full(self.part.size, NO_CODE, np.int32)
        certain = graded & entries.certain
        np.maximum.at(worst, entries.owner[certain], grade.values[certain])
        lacking = np.where(worst < 0, none, np.int32(0))
        for doubts in (self._worse(entries, worst, graded), self._gathered(entries, self._ungraded(grade), graded)):
            lacking = lacking if doubts is None else np.where(doubts != 0, doubts, lacking)
        return Column(worst, lacking)

    def _worse(self, entries: Entries, worst: Array, graded: Array) -> Array | None:
        assert entries.grade is not None
        return self._gathered(entries, entries.doubt, graded & (entries.grade.values > worst[entries.owner]))

    def _ungraded(self, grade: Column) -> Array | None:
        """Return what is missing of each entry's grade; a code that is no grade is none."""
        grades = len(self.compiled.policy.grades.order)
        strange = grade.values >= grades
        if not strange.any():
            return grade.lacking
        names = [self.missing.named(f"{code} among the grades") for code in self.codes.things]
        lacking = np.where(strange, np.array(names, np.int32)[grade.values], 0)
        return lacking if grade.lacking is None else np.where(grade.lacking != 0, grade.lacking, lacking)


class _Verdict:
    """Outcome and grade of the subjects of a range, settled step by step; `open` are those still to be settled."""

    def __init__(self, scope: _Subjects) -> None:
        size = scope.part.size
        self.scope, self.policy, self.open = scope, scope.compiled.policy, np.ones(size, np.bool_)
        self.outcome = np.full(size, GRADED, np.int8)
        self.grade, self.because = np.full(size, NO_CODE, np.int32), np.full(size, -1, np.int32)
        self.witness, self.lacking = np.full(size, -1, np.int64), np.zeros(size, np.int32)

    def holds(self, text: str) -> Array:
        """Return the open subjects for which a condition holds; those for which it is unknown are not decidable."""
        truth = self.column(text)
        self.undecidable(truth.lacking)
        holds: Array = self.open & truth.values
        self.open &= ~holds
        return holds

    def column(self, text: str) -> Column:
        return self.scope.evaluated(evaluate(parsed(text), self.scope))

    def undecidable(self, lacking: Array | None) -> None:
        """Settle the open subjects for which something is missing."""
        if lacking is None:
            return
        unknown = self.open & (lacking != 0)
        self.outcome[unknown], self.lacking[unknown] = NOT_DECIDABLE, lacking[unknown]
        self.open &= ~unknown

    def unrated(self) -> None:
        for place, row in enumerate(self.policy.unrated):
            holds = self.holds(row.when)
            self.outcome[holds], self.because[holds] = NOT_RATED, place
            rule, _, attribute = row.because.partition(".")
            if attribute:
                latest = np.full(len(holds), -1, np.int64)
                entries, counts = self.scope.entries[rule], self.scope.counting[rule]
                latest[entries.owner[counts]] = entries.row[counts]
                self.witness[holds] = latest[holds]

    def overrides(self) -> None:
        for override in self.policy.grades.overrides:
            holds = self.holds(override.when)
            if holds.any():
                self._graded(self.column(override.grade), holds)

    def _graded(self, grade: Column, rows: Array) -> None:
        unknown = rows & (grade.lacking != 0) if grade.lacking is not None else np.zeros_like(rows)
        self.grade[rows] = grade.values[rows]
        self.grade[unknown] = NO_CODE
        if grade.lacking is not None:
            self.outcome[unknown], self.lacking[unknown] = NOT_DECIDABLE, grade.lacking[unknown]

    def ladders(self) -> None:
        """Give the worst grade of all ladders; a value outside every band is not decidable."""
        values = [self.scope.evaluated(self.scope.name(one.of)) for one in self.policy.grades.ladders]
        missing, lacking, off, grade = self.scope.missing, None, None, self.grade.copy()
        for ladder, value in zip(self.policy.grades.ladders, values, strict=True):
            bands = self.scope.compiled.bands(ladder, value.scale)
            units = value.at(bands.scale).values
            place = np.searchsorted(bands.least, units, side="right") - 1
            outside = (place < 0) | (units > bands.most[place])
            if outside.any():
                off = missing.union(
                    off, np.where(outside, missing.named(f"{ladder.of} on its grid"), 0).astype(np.int32)
                )
            lacking = missing.union(lacking, value.lacking)
            grade = np.maximum(grade, bands.grade[place])
        self.undecidable(lacking)
        self.undecidable(off)
        self.grade[self.open] = grade[self.open]
