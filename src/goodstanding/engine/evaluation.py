"""The value of an expression, exactly: rationals, and unknowns that stay unknown.

Arithmetic and comparison with an unknown are unknown; `and` and `or` follow Kleene, so that a false condition beside an
unknown one is false. Whatever is compared with `today` tells its `Surroundings` on which later days that may change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from goodstanding.engine import periods
from goodstanding.engine.periods import FOREVER, Period
from goodstanding.engine.standing import Unknown
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Calendar, Table

parsed = cache(ex.parse)

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: _sane(a * b),
    "/": lambda a, b: a / b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_LARGEST = 4096
"""Bits of a number at most; beyond it a product is not worked out."""


def _sane(product: Fraction) -> Any:
    size = max(product.numerator.bit_length(), product.denominator.bit_length())
    return product if size <= _LARGEST else Unknown(frozenset({f"a number of at most {_LARGEST} bits"}))


_COMPARED = ("=", "!=", "<", "<=", ">", ">=")
_DAYS: dict[str, Callable[[dt.date], dt.date]] = {
    "month_after": periods.month_after,
    "year_after": periods.year_after,
    "year_of": periods.year_of,
}
_TODAY = ex.Name("today")


@dataclass(frozen=True)
class Surroundings:
    """What the names, tables, entries and `today` in an expression stand for.

    `edge` is told each later day on which a comparison with `today` may come out otherwise.
    """

    names: Callable[[str], Any]
    tables: Mapping[str, Table]
    today: dt.date
    edge: Callable[[dt.date], None]
    entries: Callable[[ex.Aggregate, Surroundings], Any]
    state: Callable[[str, str], Any]
    calendar: Calendar | None = None


def unknown(*values: Any) -> Unknown | None:
    """Return one unknown for all unknown values, or None where every value is known."""
    missing = [value.missing for value in values if isinstance(value, Unknown)]
    return Unknown(frozenset().union(*missing)) if missing else None


def evaluate(node: ex.Node, around: Surroundings) -> Any:
    """Return the exact value: Fraction, str, date, bool, Duration, Period, or Unknown."""
    match node:
        case ex.Number() | ex.Code() | ex.Date() | ex.Duration():
            return _constant(node)
        case ex.Name(name):
            return around.today if name == "today" else around.names(name)
        case ex.Lookup(table, key):
            return _cell(around, table, key)
        case ex.Call(function, arguments):
            return _call(function, arguments, around)
        case ex.Aggregate():
            return around.entries(node, around)
        case ex.Codes(items):
            return [evaluate(item, around) for item in items]
        case ex.Not(inner):
            return _not(evaluate(inner, around))
        case ex.Choice():
            return _choice(node, around)
        case ex.Binary():
            return _binary(node, around)


def _constant(node: ex.Number | ex.Code | ex.Date | ex.Duration) -> Any:
    if isinstance(node, ex.Number):
        return node.value
    if isinstance(node, ex.Code):
        return node.text
    return node.day if isinstance(node, ex.Date) else node


def _not(value: Any) -> Any:
    return value if isinstance(value, Unknown) else not value


def _choice(node: ex.Choice, around: Surroundings) -> Any:
    asked = evaluate(node.condition, around)
    return asked if isinstance(asked, Unknown) else evaluate(node.then if asked else node.otherwise, around)


def holds(text: str, around: Surroundings) -> Any:
    """Return whether a condition holds: True, False or Unknown."""
    return evaluate(parsed(text), around)


def day_of(value: Any) -> Any:
    """Return a date as it is, and of a period the first day after it."""
    return value.end if isinstance(value, Period) else value


def _kleene(left: ex.Node, right: ex.Node, around: Surroundings, *, decisive: bool) -> Any:
    """Both sides are worked out, so that the days on which either may change are told."""
    one, other = evaluate(left, around), evaluate(right, around)
    if one is decisive or other is decisive:
        return decisive
    return unknown(one, other) or not decisive


def _cell(around: Surroundings, name: str, key: ex.Node) -> Any:
    found, table = evaluate(key, around), around.tables[name]
    if isinstance(found, Unknown):
        return found
    if table.map is not None:
        text = table.map.get(found)
    elif table.since is not None:
        if key == _TODAY:
            for day in table.since:
                around.edge(day)
        text = next((table.since[day] for day in sorted(table.since, reverse=True) if day <= found), None)
    else:
        return on_ladder(table, found)
    return Unknown(frozenset({f"{name}[{found}]"})) if text is None else evaluate(parsed(text), around)


def _call(function: str, arguments: tuple[ex.Node, ...], around: Surroundings) -> Any:
    if function in ("before", "reached", "pending", "imposed"):
        return around.state(function, arguments[0].name)  # type: ignore[union-attr]
    if function == "known":
        return not isinstance(evaluate(arguments[0], around), Unknown)
    values = [evaluate(argument, around) for argument in arguments]
    lacking = unknown(*values)
    if lacking is not None:
        return lacking
    if function in ("min", "max"):
        return (min if function == "min" else max)(day_of(value) for value in values)
    if function == "round":
        return rounded(*values)
    if function in ("days", "months", "years"):
        return _length(values[0], function)
    if function in _DAYS:
        return _DAYS[function](day_of(values[0]))
    if function == "next_of":
        return periods.next_of(values[0].count, values[0].unit, day_of(values[1]), day_of(values[2]))
    return _full(function.removeprefix("full_"), arguments, [day_of(value) for value in values], around)


def _length(count: Fraction, unit: str) -> ex.Duration | Unknown:
    if count.denominator != 1 or not 0 <= count <= ex.MOST_UNITS:
        return Unknown(frozenset({f"a whole number of {unit} up to {ex.MOST_UNITS}"}))
    return ex.Duration(int(count), unit)


def _full(unit: str, arguments: tuple[ex.Node, ...], days: list[dt.date], around: Surroundings) -> Fraction:
    count = periods.full(unit, *days)
    if arguments[1] == _TODAY:
        around.edge(periods.later(days[0], count + 1, unit))
    return Fraction(count)


def _binary(node: ex.Binary, around: Surroundings) -> Any:
    sign = node.sign
    if sign in ("and", "or"):
        return _kleene(node.left, node.right, around, decisive=sign == "or")
    left, right = evaluate(node.left, around), evaluate(node.right, around)
    lacking = unknown(left, right, *(right if isinstance(right, list) else ()))
    if lacking is not None:
        return lacking
    if sign == "in":
        return _within(node, left, right, around)
    if sign in ("after", "beginning"):
        return _period(left, day_of(right), around, counted=sign == "beginning")
    if isinstance(right, ex.Duration):
        if right.unit == "working days":
            return Unknown(frozenset({"a day and working days after it"}))
        return periods.later(day_of(left), right.count, right.unit)
    if sign == "/" and right == 0:
        return Unknown(frozenset({"a divisor that is zero"}))
    left, right = day_of(left), day_of(right)
    if sign in _COMPARED and _TODAY in (node.left, node.right):
        other = right if node.left == _TODAY else left
        around.edge(other)
        around.edge(periods.later(other, 1, "days"))
    return _ARITHMETIC[sign](left, right)


def _within(node: ex.Binary, left: Any, right: Any, around: Surroundings) -> bool:
    if isinstance(right, list):
        return left in right
    if node.left == _TODAY:
        around.edge(right.start)
        around.edge(right.end)
    return bool(right.start <= day_of(left) < right.end)


def _period(length: ex.Duration, start: dt.date, around: Surroundings, *, counted: bool) -> Period:
    if length.unit != "working days":
        return Period(start, periods.end_of_period(length.count, length.unit, start, counted=counted))
    assert around.calendar is not None
    return Period(start, periods.end_of_working_days(length.count, start, around.calendar, counted=counted))


def rounded(number: Fraction, step: Fraction, mode: str) -> Fraction:
    """Return a multiple of a step: half-up, half-even, down (to zero), up (from zero), floor or ceiling.

    >>> rounded(Fraction(-5, 2), Fraction(1), "half-up")
    Fraction(-3, 1)
    """
    steps = number / step
    below = steps.numerator // steps.denominator
    rest = steps - below
    if mode == "floor" or rest == 0:
        return below * step
    if mode == "ceiling":
        return (below + 1) * step
    negative = steps < 0
    if mode == "down":
        return (below + negative) * step
    if mode == "up":
        return (below + (not negative)) * step
    if rest != Fraction(1, 2):
        return (below + (rest > Fraction(1, 2))) * step
    upwards = below % 2 == 1 if mode == "half-even" else not negative
    return (below + upwards) * step


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


__all__ = ["FOREVER", "Surroundings", "day_of", "evaluate", "holds", "on_ladder", "parsed", "rounded", "unknown"]
