"""What of a policy its examples touch: rules, items, cells of tables, bands, overrides, measures, decisions, branches.

A rule or an item is touched where it opens an entry, a cell where it is read. Bands, overrides, reasons without a
score, measures, outcomes of decisions and branches of values are, on the days that an example asks about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from goodstanding.engine import grading
from goodstanding.engine.evaluation import evaluate, parsed
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Standing
from goodstanding.engine.state import State
from goodstanding.facts.catalogue import Catalogue
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of
from goodstanding.policy.examples import Case
from goodstanding.policy.model import Policy, Table
from goodstanding.policy.reader import Loaded

Part = tuple[str, str]
"""What sort of part, and its name."""


@dataclass(frozen=True)
class Covered:
    """Parts of one sort, in the order of the policy, and those that no example touches."""

    what: str
    parts: tuple[str, ...]
    untouched: tuple[str, ...]

    def lines(self, verbose: bool) -> Iterator[str]:
        """Yield how many are touched, and one line for each that is not; items, of which there are many, if verbose."""
        yield f"{self.what}: {len(self.parts) - len(self.untouched)} of {len(self.parts)} touched"
        if self.what != "items" or verbose:
            yield from (f"  no example touches {name}" for name in self.untouched)


def coverage(loaded: Loaded, catalogue: Catalogue, cases: Iterable[Case]) -> list[Covered]:
    """Run the examples of a policy and return, sort by sort, what they touch of it and what not."""
    seen: set[Part] = set()
    evaluator = Evaluator(replace(loaded, policy=_noting(loaded.policy, seen)), catalogue)
    for case in cases:
        for state, standing in _asked(evaluator, case):
            seen.update(_touched(state, standing))
    every: dict[str, list[str]] = {}
    for what, name in _parts(loaded.policy):
        every.setdefault(what, []).append(name)
    return [
        Covered(what, tuple(names), tuple(name for name in names if (what, name) not in seen))
        for what, names in every.items()
    ]


def _asked(evaluator: Evaluator, case: Case) -> Iterator[tuple[State, Standing]]:
    """Yield what stands on the day that an example asks about, and on those on which it expects changes."""
    example = case.example
    known_on = example.known_on or example.on
    kept = evaluator._kept(case.records, example.on, known_on)
    fold = evaluator._fold(kept, example.subject, example.on)
    for day in (example.on, *sorted(change.on for change in example.expect.changes or ())):
        state = fold.to(day)
        yield state, evaluator._judged(state, kept, known_on)


def _touched(state: State, standing: Standing) -> Iterator[Part]:
    policy = state.policy
    for entry in standing.entries:
        yield "rules", entry.rule
        if entry.item is not None:
            yield "items", entry.item.id
    row, lacking = grading.unrated(state)
    if row is not None:
        if lacking is None:
            yield "unrated", str(policy.unrated.index(row) + 1)
    else:
        yield from _graded(state)
    yield from (("measures", name) for name in (*standing.measures, *(stage.measure for stage in standing.stages)))
    yield from (("decisions", f"{name}: {outcome}") for name, outcome in standing.decisions.items())
    for name, value in policy.values.items():
        yield from _branches(name, parsed(value.expression), state)


def _graded(state: State) -> Iterator[Part]:
    """Yield the override that decides; else the band of each ladder, in which the value lies."""
    grades = state.policy.grades
    for place, override in enumerate(grades.overrides, start=1):
        asked = evaluate(parsed(override.when), state.plain)
        if asked is not False:
            if asked is True:
                yield "overrides", str(place)
            return
    for ladder in grades.ladders:
        value = state.value(ladder.of)
        inside = (band.grade for band in bands_of(ladder) if isinstance(value, Fraction) and band.holds(value))
        yield from (("bands", f"{ladder.of}: {grade}") for grade in inside)


def _choices(node: ex.Node) -> list[ex.Choice]:
    """Return the choices that are made once for a value, not for each entry."""
    if isinstance(node, ex.Aggregate):
        return []
    inner = [choice for child in ex.children(node) for choice in _choices(child)]
    return [node, *inner] if isinstance(node, ex.Choice) else inner


def _branches(name: str, node: ex.Node, state: State) -> Iterator[Part]:
    """Yield the branches that a value takes: those under a branch that is not taken are not reached."""
    taken, places = [node], {choice: place for place, choice in enumerate(_choices(node), start=1)}
    while taken:
        one = taken.pop()
        if isinstance(one, ex.Choice):
            asked = evaluate(one.condition, state.plain)
            taken.append(one.condition)
            if isinstance(asked, bool):
                yield "branches", _branch(name, places[one], holds=asked)
                taken.append(one.then if asked else one.otherwise)
        elif not isinstance(one, ex.Aggregate):
            taken += ex.children(one)


def _branch(name: str, place: int, *, holds: bool) -> str:
    return f"{name}: 'if' number {place} {'holds' if holds else 'does not hold'}"


def _parts(policy: Policy) -> Iterator[Part]:
    """Yield everything that an example can touch."""
    yield from (("rules", name) for name in policy.entries)
    yield from (("items", item.id) for item in policy.items)
    for name, table in policy.tables.items():
        yield from (("cells", f"{name}[{key}]") for key in _keys(table))
    for ladder in policy.grades.ladders:
        yield from (("bands", f"{ladder.of}: {grade}") for grade in ladder.bands)
    yield from (("overrides", str(place + 1)) for place in range(len(policy.grades.overrides)))
    yield from (("unrated", str(place + 1)) for place in range(len(policy.unrated)))
    yield from (("measures", name) for name in policy.measures)
    for name, decision in policy.decisions.items():
        outcomes = dict.fromkeys((*(case.outcome for case in decision.outcomes), decision.otherwise))
        yield from (("decisions", f"{name}: {outcome}") for outcome in outcomes)
    for name, value in policy.values.items():
        for place in range(1, len(set(_choices(parsed(value.expression)))) + 1):
            yield from (("branches", _branch(name, place, holds=holds)) for holds in (True, False))


def _keys(table: Table) -> list[Any]:
    rungs = [bracket.over for bracket in table.brackets or ()] + [step.at for step in table.steps or ()]
    return [*(table.map or ()), *(table.since or ()), *rungs]


class _Cells(dict[Any, str]):
    """Cells of a table that note when one is read."""

    def __init__(self, name: str, cells: dict[Any, str], seen: set[Part]) -> None:
        super().__init__(cells)
        self.name, self.seen = name, seen

    def get(self, key: Any, default: Any = None) -> Any:
        self.seen.add(("cells", f"{self.name}[{key}]"))
        return super().get(key, default)

    def __getitem__(self, key: Any) -> str:
        self.seen.add(("cells", f"{self.name}[{key}]"))
        return super().__getitem__(key)


class _Edge(Fraction):
    """The edge of a rung, that notes when a total lies on or above it."""

    note: Any

    def __le__(self, total: Any) -> bool:
        reached = super().__le__(total)
        if reached:
            self.note()
        return reached

    def __sub__(self, other: Any) -> Any:
        return Fraction(self.numerator, self.denominator) - other

    def __rsub__(self, total: Any) -> Any:
        if total > Fraction(self.numerator, self.denominator):
            self.note()
        return super().__rsub__(total)


def _edge(name: str, number: Fraction, seen: set[Part]) -> Fraction:
    edge = _Edge(number)
    edge.note = lambda: seen.add(("cells", f"{name}[{number}]"))
    return edge


def _noting(policy: Policy, seen: set[Part]) -> Policy:
    """Return a policy whose tables note which of their cells are read."""
    return policy.model_copy(update={"tables": {name: _noted(name, t, seen) for name, t in policy.tables.items()}})


def _noted(name: str, table: Table, seen: set[Part]) -> Table:
    cells: dict[str, Any] = {
        key: _Cells(name, found, seen) for key in ("map", "since") if (found := getattr(table, key)) is not None
    }
    if table.brackets is not None:
        cells["brackets"] = tuple(
            one.model_copy(update={"over": _edge(name, one.over, seen)}) for one in table.brackets
        )
    if table.steps is not None:
        cells["steps"] = tuple(one.model_copy(update={"at": _edge(name, one.at, seen)}) for one in table.steps)
    return table.model_copy(update=cells)


__all__ = ["Covered", "coverage"]
