"""The value of an expression, exactly: rationals, and unknowns that stay unknown.

Arithmetic and comparison with an unknown are unknown; `and` and `or` follow Kleene, so that a false condition beside an
unknown one is false.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from goodstanding.engine.periods import end_of_period
from goodstanding.engine.standing import Unknown
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Table

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class Surroundings:
    """What the names, tables and functions in an expression stand for."""

    names: Callable[[str], Any]
    tables: Mapping[str, Table]
    functions: Callable[[str, str], Any] | None = None


def unknown(*values: Any) -> Unknown | None:
    """Return one unknown for all unknown values, or None where every value is known."""
    missing = [value.missing for value in values if isinstance(value, Unknown)]
    return Unknown(frozenset().union(*missing)) if missing else None


def evaluate(node: ex.Node, around: Surroundings) -> Any:
    """Return the exact value: Fraction, str, date, bool, Duration, the end of a period as a date, or Unknown."""
    match node:
        case ex.Number(value):
            return value
        case ex.Code(text):
            return text
        case ex.Duration():
            return node
        case ex.Name(name):
            return around.names(name)
        case ex.Lookup(table, key):
            return _cell(around, table, evaluate(key, around))
        case ex.Call(function, arguments):
            return _call(function, arguments, around)
        case ex.Not(inner):
            value = evaluate(inner, around)
            return value if isinstance(value, Unknown) else not value
        case ex.Choice(then, condition, otherwise):
            holds = evaluate(condition, around)
            return holds if isinstance(holds, Unknown) else evaluate(then if holds else otherwise, around)
        case ex.Binary(sign, left, right):
            return _binary(sign, evaluate(left, around), evaluate(right, around))


def _cell(around: Surroundings, table: str, key: Any) -> Any:
    if isinstance(key, Unknown):
        return key
    cells = around.tables[table].map or {}
    return evaluate(ex.parse(cells[key]), around) if key in cells else Unknown(frozenset({f"{table}[{key}]"}))


def _call(function: str, arguments: tuple[ex.Node, ...], around: Surroundings) -> Any:
    if function in ("min", "max"):
        values = [evaluate(argument, around) for argument in arguments]
        return unknown(*values) or (min if function == "min" else max)(values)
    argument = arguments[0]
    assert isinstance(argument, ex.Name)
    assert around.functions is not None
    return around.functions(function, argument.name)


def _binary(sign: str, left: Any, right: Any) -> Any:
    if sign in ("and", "or"):
        return _kleene(left, right, decisive=sign == "or")
    lacking = unknown(left, right)
    if lacking is not None:
        return lacking
    if sign in ("after", "beginning"):
        assert isinstance(left, ex.Duration)
        assert isinstance(right, dt.date)
        return end_of_period(left.count, left.unit, right, counted=sign == "beginning")
    if sign == "/" and right == 0:
        return Unknown(frozenset({"a divisor that is zero"}))
    return _ARITHMETIC[sign](left, right)


def _kleene(left: Any, right: Any, *, decisive: bool) -> Any:
    if left is decisive or right is decisive:
        return decisive
    return unknown(left, right) or not decisive


def on_ladder(table: Table, total: Fraction) -> Fraction:
    """Return the points that a running total has on a ladder of brackets or steps, capped where it has a cap.

    In a bracket only whole multiples of `each` count; at a step the highest rung that is reached does.
    """
    points = Fraction(0)
    brackets = table.brackets or ()
    for index, bracket in enumerate(brackets):
        top = brackets[index + 1].over if index + 1 < len(brackets) else None
        inside = max(Fraction(0), (total if top is None else min(total, top)) - bracket.over)
        points += inside // bracket.each * bracket.points
    for step in table.steps or ():
        points = step.points if total >= step.at else points
    return points if table.cap is None else min(points, table.cap)
