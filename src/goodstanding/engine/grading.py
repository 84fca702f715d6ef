"""What a policy says of a dossier at the close of a day: score or none, grade, measures, decisions, arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

from goodstanding.engine.evaluation import day_of, evaluate, holds, parsed, unknown
from goodstanding.engine.standing import Ground, Stage, Step, Unknown, number_text
from goodstanding.engine.state import NO_GRADE, State
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import Band, bands_of
from goodstanding.policy.model import Ladder, Unrated


@cache
def _bands(ladder: str, bands: tuple[tuple[str, str], ...]) -> list[Band]:
    return bands_of(Ladder(of=ladder, bands=dict(bands), clause=""))


def unrated(state: State) -> tuple[Unrated | None, Unknown | None]:
    """Return why there is no score, if there is none, and what must be known to tell."""
    for row in state.policy.unrated:
        asked = holds(row.when, state.plain)
        if isinstance(asked, Unknown):
            return row, asked
        if asked:
            return row, None
    return None, None


def reason(state: State, because: str) -> str | None:
    """Return the code, or what the latest record of the rule gives as reason; None where it gives none."""
    rule, _, attribute = because.partition(".")
    if not attribute:
        return because
    those = [e for e in state.entries if e.rule == rule and e.counts_on(state.today) and e.record]
    latest = max(those, key=lambda entry: (entry.act, entry.place), default=None)
    value = latest.record.attributes.get(attribute) if latest and latest.record else None
    return None if value is None else str(value)


def graded(state: State) -> Any:
    """Return the grade that a policy gives, of which it is not asked whether there is one; a code or Unknown."""
    grades = state.policy.grades
    for override in grades.overrides:
        asked = holds(override.when, state.plain)
        if isinstance(asked, Unknown):
            return asked
        if asked:
            return evaluate(parsed(override.grade), state.plain)
    if not grades.ladders:
        return grades.otherwise
    values = [state.value(ladder.of) for ladder in grades.ladders]
    lacking = unknown(*values)
    if lacking is not None:
        return lacking
    order = list(grades.order)
    given = [
        next((band.grade for band in _bands(ladder.of, tuple(ladder.bands.items())) if band.holds(value)), None)
        for ladder, value in zip(grades.ladders, values, strict=True)
    ]
    off = [ladder.of for ladder, grade in zip(grades.ladders, given, strict=True) if grade is None]
    if off and grades.otherwise is not None:
        return grades.otherwise
    return Unknown(frozenset(f"{name} on its grid" for name in off)) if off else max(given, key=order.index)  # type: ignore[arg-type]


def ground(state: State, grade: str) -> Ground:
    """Return what decided on a grade: the first override that holds, else the first ladder that gives it."""
    grades = state.policy.grades
    for override in grades.overrides:
        if holds(override.when, state.plain) is True:
            return Ground(override.clause, when=override.when)
    for ladder in grades.ladders:
        value = state.value(ladder.of)
        if any(band.grade == grade and band.holds(value) for band in _bands(ladder.of, tuple(ladder.bands.items()))):
            return Ground(ladder.clause, of=ladder.of, band=str(ladder.bands[grade]))
    return Ground()


def grade_of(state: State) -> Any:
    """Return the grade, `none` where the policy gives no score, or Unknown."""
    row, lacking = unrated(state)
    if row is not None:
        return lacking or NO_GRADE
    return graded(state)


def in_force(state: State, grade: Any) -> tuple[list[str], Unknown | None]:
    """Return the measures that are in force, and what must be known to tell."""
    names, doubts = [], []
    for name, measure in state.policy.measures.items():
        if measure.while_ is not None:
            asked: Any = holds(measure.while_, state.plain)
        elif measure.when is not None:
            asked = state.stages[name].state == "imposed"
        else:
            asked = grade in measure.grades
        if isinstance(asked, Unknown):
            doubts.append(asked)
        elif asked:
            names.append(name)
    return names, unknown(*doubts)


def stages(state: State) -> list[Stage]:
    """Return the staged measures that are pending or in force."""
    measures = state.policy.measures
    return [
        Stage(
            name,
            at.state,
            at.reached,
            at.imposed,
            at.until,
            at.ground_fell,
            measures[name].clause,
            measures[name].words,
        )
        for name, at in state.stages.items()
        if at.state != "no"
    ]


def decisions(state: State, grade: Any, measures: Sequence[str]) -> tuple[dict[str, str], Unknown | None]:
    """Return the outcome of each decision from the grade and the measures in force, and what must be known to tell."""
    given, doubts = {}, []

    def named(name: str) -> Any:
        if name in state.policy.measures:
            return name in measures
        return (grade or NO_GRADE) if name == "grade" else state.value(name)

    around = replace(state.plain, names=named)
    for name, decision in state.policy.decisions.items():
        found: Any = decision.otherwise
        for case in decision.outcomes:
            asked = holds(case.when, around)
            if asked is not False:
                found = asked if isinstance(asked, Unknown) else case.outcome
                break
        if isinstance(found, Unknown):
            doubts.append(found)
        else:
            given[name] = found
    return given, unknown(*doubts)


def steps(state: State) -> Iterable[Step]:
    """Yield the arithmetic: each value with the numbers put in."""
    for name, value in state.policy.values.items():
        node = parsed(value.expression)
        yield Step(name, value.expression, _filled(node, state), day_of(state.value(name)), value.clause, value.words)


def _filled(node: ex.Node, state: State) -> str:
    """Write an expression with the numbers put in, choosing the branch that is taken."""
    taken = _taken(node, state)
    if taken is None:
        return "?"
    if isinstance(taken, ex.Binary) and taken.sign in STRENGTH:
        left, right = (_operand(taken, part, state) for part in (taken.left, taken.right))
        return f"{left} {taken.sign} {right}"
    if isinstance(taken, ex.Call) and taken.function in ("min", "max"):
        return f"{taken.function}({', '.join(_filled(one, state) for one in taken.arguments)})"
    return number_text(day_of(evaluate(taken, state.plain)))


STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2}
"""How strongly a sign of the arithmetic binds."""


def _taken(node: ex.Node, state: State) -> ex.Node | None:
    """Return the branch of a choice that is taken, None where that is unknown; all else as it is."""
    while isinstance(node, ex.Choice):
        asked = evaluate(node.condition, state.plain)
        if isinstance(asked, Unknown):
            return None
        node = node.then if asked else node.otherwise
    return node


def _operand(around: ex.Binary, part: ex.Node, state: State) -> str:
    """Write a part of a sum or product, in brackets where it binds weaker than the sign beside it."""
    text, taken, second = _filled(part, state), _taken(part, state), part is around.right
    own = STRENGTH.get(taken.sign, 3) if isinstance(taken, ex.Binary) else 3
    weaker = own < STRENGTH[around.sign] or (second and around.sign in "-/" and own == STRENGTH[around.sign])
    return f"({text})" if weaker or (second and text.startswith("-")) else text


def score(state: State) -> Fraction | None:
    """Return the score, None where the policy has none or it is unknown."""
    name = state.policy.score
    value = state.value(name) if name else None
    return value if isinstance(value, Fraction) else None
