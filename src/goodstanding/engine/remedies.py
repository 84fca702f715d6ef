"""What would better a standing: the smallest lawful acts, looked for with the exact evaluator, and what waiting does.

The acts are those under `repairs` of the policy, done on the day asked for. Sets of one act, then of two, then of three
are tried, every set with all its numbers: nothing is taken to grow or to fall with anything else. An act about an entry
and one with numbers are done once in a set, others as often as it takes. A set is smaller than another if it has fewer
acts, then if its numbers are fewer steps above the least in sum, then if it comes before it in the policy's order.

Two limits keep the search short. Of a set with more than `MOST_POINTS` choices of numbers each number is lowered in
turn, by halving, from the most. After `MOST_TRIALS` standings, fewer for a long dossier, nothing more is tried. Where a
limit was met, `least` of a remedy says so: it gives its grade, but there may be a smaller one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import prod

from goodstanding.engine.evaluation import holds
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Change, Outcome, Standing
from goodstanding.engine.state import State
from goodstanding.facts.catalogue import Subject
from goodstanding.facts.records import Record, Value
from goodstanding.policy.model import Options, Repair
from goodstanding.policy.scalars import day, number

MOST_ACTS = 3
MOST_POINTS = 2000
MOST_TRIALS = 4000
LONG = 10
"""Records from which on a dossier is long: one of twice as many gets half the trials."""

Steps = tuple[int, ...]
"""For every number of a set, how many steps it is above the least."""


@dataclass(frozen=True)
class Possible:
    """An act that could be done: a repair, whose occurrence it is about, what is given, and numbers to choose."""

    repair: str
    kind: str
    occurrence: str | None
    given: Mapping[str, Value]
    numbers: Mapping[str, Sequence[Fraction]]

    def record(self, subject: str, on: dt.date, name: str, steps: Steps) -> Record:
        """Return the record that would follow; `name` is its document, and its occurrence if it has none."""
        chosen = {key: values[step] for (key, values), step in zip(self.numbers.items(), steps, strict=True)}
        return Record(
            subject=subject,
            kind=self.kind,
            act=on,
            occurrence=self.occurrence or name,
            document=name,
            attributes={**self.given, **chosen},
            digest=name,
        )


@dataclass(frozen=True)
class Act:
    """An act of a remedy: the repair of the policy and the record that would follow."""

    repair: str
    record: Record


@dataclass(frozen=True)
class Remedy:
    """Acts on the day asked for and the standing that they give; `least`: no smaller set of acts gives its grade."""

    acts: tuple[Act, ...]
    standing: Standing
    steps: int
    place: int
    least: bool = False

    @property
    def size(self) -> tuple[int, int, int]:
        """What makes it smaller than another: how many acts, how many steps, and its place in the policy's order."""
        return len(self.acts), self.steps, self.place


@dataclass(frozen=True)
class Remedies:
    """What betters a standing.

    acts: a remedy for each better grade, the worst of them first; a grade is left out where a better one takes no more.
    waiting: the later days on which a better grade than before comes by itself. complete: no limit was met.
    """

    acts: tuple[Remedy, ...]
    waiting: tuple[Change, ...]
    complete: bool


def remedies(
    evaluator: Evaluator, records: Sequence[Record], subject: Subject, on: dt.date, known_on: dt.date | None = None
) -> Remedies:
    """Return what would better a standing on a day, as known on a day; nothing where it is not decidable."""
    now = evaluator.standing(records, subject, on, known_on)
    if now.outcome is Outcome.NOT_DECIDABLE:
        return Remedies((), (), complete=True)
    search = _Search(evaluator, records, subject, now)
    search.run(list(possible(evaluator, subject, now)))
    waiting = tuple(_waiting(evaluator, now, evaluator.changes(records, subject, on, known_on)))
    return Remedies(search.kept(), waiting, search.complete)


def possible(evaluator: Evaluator, subject: Subject, now: Standing) -> Iterator[Possible]:
    """Yield every act that the policy's repairs allow under a standing, in the order of the policy."""
    for name, repair in evaluator.policy.repairs.items():
        kind = evaluator.catalogue.kinds[repair.by]
        if subject not in kind.subjects:
            continue
        types = {key: attribute.type for key, attribute in kind.attributes.items()}
        numbers = {key: _grid(one) for key, one in repair.giving.items() if isinstance(one, Options)}
        choices = {key: one for key, one in repair.giving.items() if not isinstance(one, Options)}
        for occurrence in _occurrences(evaluator, subject, now, repair) if repair.of else (None,):
            for texts in product(*choices.values()):
                given = {key: _value(types[key], text, now.on) for key, text in zip(choices, texts, strict=True)}
                yield Possible(name, repair.by, occurrence, given, numbers)


def _occurrences(evaluator: Evaluator, subject: Subject, now: Standing, repair: Repair) -> list[str]:
    """Return the occurrences of the entries that count and that a repair can be about, each once."""
    state = State(evaluator.policy, evaluator.catalogue, subject, now.on)
    state.entries = list(now.entries)
    found = []
    for entry in now.entries:
        around = state.around_entry(entry, state.plain)
        if entry.rule == repair.of and entry.record and entry.counts_on(now.on):
            found += [entry.record.occurrence] if repair.where is None or holds(repair.where, around) is True else []
    return list(dict.fromkeys(found))


def _grid(options: Options) -> Sequence[Fraction]:
    count = int((options.most - options.least) // options.step)
    return [options.least + step * options.step for step in range(count + 1)]


def _value(kind: str, text: str, on: dt.date) -> Value:
    if kind == "number":
        return number(text)
    if kind == "date":
        return on if text == "today" else day(text)
    return text == "true" if kind == "flag" else text


def _rank(evaluator: Evaluator, grade: str | None) -> int:
    order = list(evaluator.policy.grades.order)
    return order.index(grade) if grade is not None else len(order)


def _waiting(evaluator: Evaluator, now: Standing, changes: Sequence[Change]) -> Iterator[Change]:
    rank = _rank(evaluator, now.grade)
    for change in changes:
        if change.grade is not None and _rank(evaluator, change.grade) < rank:
            rank = _rank(evaluator, change.grade)
            yield change


def sets_of(acts: Sequence[Possible], many: int) -> Iterator[tuple[Possible, ...]]:
    """Yield the sets of so many acts, in the order of the policy."""
    for chosen in combinations_with_replacement(acts, many):
        once = [(one.repair, one.occurrence) for one in chosen if one.occurrence is not None or one.numbers]
        if len(set(once)) == len(once):
            yield chosen


@dataclass
class _Search:
    """A search in progress: the smallest set found so far for each grade."""

    evaluator: Evaluator
    records: Sequence[Record]
    subject: Subject
    now: Standing
    best: dict[str, Remedy] = field(default_factory=dict)
    trials: int = 0
    complete: bool = True

    @property
    def most(self) -> int:
        """How many standings may be worked out."""
        return max(1, MOST_TRIALS * LONG // max(LONG, len(self.records)))

    def run(self, acts: Sequence[Possible]) -> None:
        """Try sets of one act, then of more, for grades that are better than those that fewer acts give."""
        for many in range(1, MOST_ACTS + 1):
            ceiling = min([self._rank(self.now.grade), *map(self._rank, self.best)])
            if ceiling == 0:
                return
            for place, chosen in enumerate(sets_of(acts, many)):
                if self.trials >= self.most:
                    self.complete = False
                    break
                self._try(chosen, place, ceiling)
            for grade, remedy in self.best.items():
                if len(remedy.acts) == many:
                    self.best[grade] = replace(remedy, least=self.complete)

    def kept(self) -> tuple[Remedy, ...]:
        """Return the remedies, without those for which a better grade takes no more."""
        kept: list[Remedy] = []
        for grade in sorted(self.best, key=self._rank):
            if all(self.best[grade].size < better.size for better in kept):
                kept.append(self.best[grade])
        return tuple(reversed(kept))

    def _rank(self, grade: str | None) -> int:
        return _rank(self.evaluator, grade)

    def _try(self, chosen: Sequence[Possible], place: int, ceiling: int) -> None:
        """Try a set with all its numbers, fewer steps first, for grades better than `ceiling`."""
        ranges = [range(len(values)) for one in chosen for values in one.numbers.values()]
        if prod(map(len, ranges)) > MOST_POINTS:
            self.complete = False
            self._lower(chosen, place, [len(one) - 1 for one in ranges], ceiling)
            return
        for steps in sorted(product(*ranges), key=sum):
            if self._needless((len(chosen), sum(steps), place)):
                return
            self._found(self._tried(chosen, place, steps), ceiling)

    def _needless(self, size: tuple[int, int, int]) -> bool:
        """Whether nothing so large can be kept, for the best grade of all takes no more."""
        top = next(iter(self.evaluator.policy.grades.order))
        return top in self.best and self.best[top].size <= size

    def _lower(self, chosen: Sequence[Possible], place: int, steps: list[int], ceiling: int) -> None:
        """Lower the numbers of a set one by one, by halving, as long as it gives a grade as good as with the most."""
        most = self._tried(chosen, place, tuple(steps))
        rank = self._rank(most.standing.grade) if most else ceiling
        if rank >= ceiling:
            return
        self._found(most, ceiling)
        for at in range(len(steps)):
            low, high = 0, steps[at]
            while low < high:
                middle = (low + high) // 2
                tried = self._tried(chosen, place, (*steps[:at], middle, *steps[at + 1 :]))
                self._found(tried, ceiling)
                low, high = (low, middle) if tried and self._rank(tried.standing.grade) <= rank else (middle + 1, high)
            steps[at] = high

    def _tried(self, chosen: Sequence[Possible], place: int, steps: Steps) -> Remedy | None:
        """Work out the standing with the acts of a set, if there may still be trials."""
        if self.trials >= self.most:
            self.complete = False
            return None
        self.trials += 1
        subject = self.records[0].subject if self.records else "subject"
        left, acts = list(steps), []
        for nth, one in enumerate(chosen, start=1):
            own, left = tuple(left[: len(one.numbers)]), left[len(one.numbers) :]
            acts.append(Act(one.repair, one.record(subject, self.now.on, f"repair-{nth}", own)))
        dossier = [*self.records, *(act.record for act in acts)]
        standing = self.evaluator.standing(dossier, self.subject, self.now.on, self.now.known_on)
        return Remedy(tuple(acts), standing, sum(steps), place)

    def _found(self, remedy: Remedy | None, ceiling: int) -> None:
        """Keep a remedy if it is the smallest for its grade."""
        grade = remedy.standing.grade if remedy else None
        if remedy is None or grade is None or self._rank(grade) >= ceiling:
            return
        if grade not in self.best or remedy.size < self.best[grade].size:
            self.best[grade] = remedy
