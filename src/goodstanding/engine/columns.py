"""The value of an expression for many rows at once: exact, and with what is missing where a value is unknown.

A column holds numbers as whole 1/scale units, so that nothing is ever rounded, and codes, days and durations as small
integers. Row by row it means what `evaluation` says. Rows that this form cannot hold (a quotient that is no whole
unit, a period from a day that is not there) are marked for the exact evaluator, never decided in floating point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from goodstanding.engine.kernels import ABSENT, FIRST_DAYS, ends_of_periods
from goodstanding.facts.errors import InputError
from goodstanding.policy import expressions as ex

Array = npt.NDArray[Any]
Thing = TypeVar("Thing", bound=Hashable)

LARGEST = 2**62
"""No number that a column can come to hold is larger, or the computation is refused: sums of two still fit 64 bits."""
LAST_DAY = 2932896
"""9999-12-31, the last day of the calendar, as days since 1970-01-01."""
NO_CODE = -1
"""The code of an item's field that is left out; it indexes the last slot of a table over codes."""


class Numbered(Generic[Thing]):
    """Things in the order in which they came up first, each with its number; safe for several threads."""

    def __init__(self, *first: Thing) -> None:
        """Number the first things from 0."""
        self.things: list[Thing] = []
        self._numbers: dict[Thing, int] = {}
        self._lock = Lock()
        for thing in first:
            self.number(thing)

    def number(self, thing: Thing) -> int:
        """Return the number of a thing, a new one where it has none yet."""
        known = self._numbers.get(thing)
        if known is not None:
            return known
        with self._lock:
            if thing not in self._numbers:
                self.things.append(thing)
                self._numbers[thing] = len(self.things) - 1
            return self._numbers[thing]


class Missing(Numbered[frozenset[str]]):
    """Sets of names of missing facts, each with a number; 0 is the empty set: nothing is missing.

    In arrays of such numbers None stands for zeros everywhere.
    """

    def __init__(self) -> None:
        """Begin with the empty set."""
        super().__init__(frozenset())

    def named(self, name: str) -> int:
        """Return the number of the set of one name."""
        return self.number(frozenset({name}))

    def union(self, left: Array | None, right: Array | None) -> Array | None:
        """Return the number of the union, row by row."""
        if left is None or right is None:
            return right if left is None else left
        left, right = np.broadcast_arrays(left, right)
        joined, more = np.array(left), right != 0
        joined[more] = self._pairs(joined[more], right[more])
        return joined

    def _pairs(self, left: Array, right: Array) -> Array:
        if not len(right) or not left.any():
            return right
        pairs, where = np.unique(left.astype(np.int64) << 32 | right, return_inverse=True)
        both = [(self.things[pair >> 32], self.things[pair & 0xFFFFFFFF]) for pair in pairs.tolist()]
        return np.array([self.number(one | other) for one, other in both], np.int32)[where]

    def gathered(self, owner: Array, lacking: Array, owners: int) -> Array:
        """Return for each owner the union over its rows."""
        found = np.zeros(owners, np.int32)
        some = lacking != 0
        pairs = np.unique(owner[some].astype(np.int64) << 32 | lacking[some])
        while len(pairs):
            first = np.diff(pairs >> 32, prepend=-1) != 0
            whose, what = pairs[first] >> 32, (pairs[first] & (2**32 - 1)).astype(np.int32)
            joined = self.union(found[whose], what)
            found[whose] = joined if joined is not None else 0
            pairs = pairs[~first]
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """A value a row, or one for all rows (arrays without a dimension).

    values: whole 1/scale units (Int64), codes, days since 1970-01-01, durations (numbers of theirs) or truths.
    lacking: number of the set of missing names, the value means nothing where it is not 0; None where all is known.
    bound: no number is larger in size. exact: rows that only the exact evaluator can decide; None: no row.
    """

    values: Array
    lacking: Array | None = None
    scale: int = 1
    bound: int = 0
    exact: Array | None = None

    def take(self, rows: Array | slice) -> Column:
        """Return the column of some of its rows, by index, mask or slice."""
        lacking = None if self.lacking is None else taken(self.lacking, rows)
        exact = None if self.exact is None else taken(self.exact, rows)
        return replace(self, values=taken(self.values, rows), lacking=lacking, exact=exact)

    def at(self, scale: int) -> Column:
        """Return a column of numbers in whole units of 1/scale, a multiple of its own."""
        factor = scale // self.scale
        if factor == 1:
            return self
        bound = bounded(self.bound * factor)
        return replace(self, values=self.values * factor, scale=scale, bound=bound)


def taken(values: Array, rows: Array | slice) -> Array:
    """Return some of the values; the value for all rows is also that for some."""
    return values[rows] if values.ndim else values


def full(values: Array, rows: int) -> Array:
    """Return an array of its own memory with a value for each row."""
    return values if values.ndim else np.full(rows, values)


def spread(column: Column, rows: int) -> Column:
    """Return the column with a value for each row, and what is missing of it and marked."""
    lacking = None if column.lacking is None else full(column.lacking, rows)
    exact = None if column.exact is None else full(column.exact, rows)
    return replace(column, values=full(column.values, rows), lacking=lacking, exact=exact)


def patched(column: Column, rows: Array, other: Column) -> Column:
    """Return the column with some rows from another one of the same unit."""

    def put(old: Array | None, new: Array | None) -> Array | None:
        if old is None and new is None:
            return None
        whole = np.zeros(len(column.values), new.dtype) if old is None and new is not None else np.array(old)
        whole[rows] = False if new is None else new
        return whole

    values, bound = np.array(column.values), max(column.bound, other.bound)
    values[rows] = other.values
    return Column(values, put(column.lacking, other.lacking), column.scale, bound, put(column.exact, other.exact))


def bounded(bound: int) -> int:
    """Return a bound on numbers. Raises InputError where they may not fit whole 64-bit numbers."""
    if bound >= LARGEST:
        raise InputError("numbers of this policy and these records may pass 2^62 units, more than is computed with")
    return bound


def either(one: Array | None, other: Array | None) -> Array | None:
    """Return where one of two masks is set; None stands for nowhere."""
    return one if other is None else other if one is None else one | other


def constant(fraction: Fraction) -> Column:
    """Return a number that is the same for all rows."""
    bound = bounded(abs(fraction.numerator))
    return Column(np.array(fraction.numerator, np.int64), scale=fraction.denominator, bound=bound)


class Scope(Protocol):
    """What the parts of an expression stand for, for some rows."""

    codes: Numbered[str]
    durations: Numbered[ex.Duration]
    missing: Missing

    def name(self, name: str) -> Column:
        """Return an attribute, a date, a field of the item, or a value."""

    def function(self, function: str, name: str) -> Column:
        """Return a function of a rule or an account."""

    def cells(self, table: str) -> Column:
        """Return the cells of a table by the number of their code; the last slot is for NO_CODE."""

    def folded(self, node: ex.Node) -> Column | None:
        """Return the value of a node that was worked out before, None where it was not."""


def evaluate(node: ex.Node, scope: Scope) -> Column:
    """Return the value of an expression, row by row what `evaluation.evaluate` gives."""
    return scope.folded(node) or _worked_out(node, scope)


def _worked_out(node: ex.Node, scope: Scope) -> Column:
    match node:
        case ex.Number(value):
            return constant(value)
        case ex.Code(text):
            return Column(np.array(scope.codes.number(text), np.int32))
        case ex.Duration():
            return Column(np.array(scope.durations.number(node), np.int32))
        case ex.Name(name):
            return scope.name(name)
        case ex.Lookup(table, key):
            return _cell(scope.cells(table), evaluate(key, scope), scope.missing)
        case ex.Call(function, arguments):
            return _call(function, arguments, scope)
        case ex.Aggregate(function, source):
            return scope.function(function, source)
        case ex.Not(inner):
            truth = evaluate(inner, scope)
            return replace(truth, values=~truth.values)
        case ex.Choice(then, condition, otherwise):
            holds = evaluate(condition, scope)
            return _choice(holds, evaluate(then, scope), evaluate(otherwise, scope))
        case ex.Binary(sign, left, right):
            return _binary(sign, evaluate(left, scope), evaluate(right, scope), scope)
    raise InputError(f"{type(node).__name__} is not compiled")


def _cell(cells: Column, key: Column, missing: Missing) -> Column:
    found = cells.take(key.values)
    lacking = found.lacking
    if lacking is not None and not lacking.any():
        lacking = None
    if key.lacking is not None:
        lacking = np.where(key.lacking != 0, key.lacking, 0 if lacking is None else lacking)
    return replace(found, lacking=lacking, exact=either(found.exact, key.exact))


def _call(function: str, arguments: tuple[ex.Node, ...], scope: Scope) -> Column:
    pick = np.minimum if function == "min" else np.maximum
    columns = [evaluate(argument, scope) for argument in arguments]
    return reduce(lambda one, other: _joined(one, other, pick, scope.missing), columns)


def _joined(left: Column, right: Column, how: Callable[[Array, Array], Array], missing: Missing) -> Column:
    """Return what comes of two columns of one unit, its bound the larger of theirs."""
    left, right = _alike(left, right)
    return replace(
        left,
        values=how(left.values, right.values),
        lacking=missing.union(left.lacking, right.lacking),
        bound=max(left.bound, right.bound),
        exact=either(left.exact, right.exact),
    )


def _alike(left: Column, right: Column) -> tuple[Column, Column]:
    scale = math.lcm(left.scale, right.scale)
    return left.at(scale), right.at(scale)


def _choice(condition: Column, then: Column, otherwise: Column) -> Column:
    then, otherwise = _alike(then, otherwise)
    lacking = _picked(condition.values, then.lacking, otherwise.lacking)
    if condition.lacking is not None:
        lacking = np.where(condition.lacking != 0, condition.lacking, 0 if lacking is None else lacking)
    return Column(
        np.where(condition.values, then.values, otherwise.values),
        lacking,
        then.scale,
        max(then.bound, otherwise.bound),
        either(condition.exact, _picked(condition.values, then.exact, otherwise.exact)),
    )


def _picked(condition: Array, then: Array | None, otherwise: Array | None) -> Array | None:
    if then is None and otherwise is None:
        return None
    return np.where(condition, False if then is None else then, False if otherwise is None else otherwise)


def _binary(sign: str, left: Column, right: Column, scope: Scope) -> Column:
    if sign in ("and", "or"):
        return _kleene(left, right, sign == "or", scope.missing)
    if sign in ("after", "beginning"):
        return _period(left, right, sign == "beginning", scope)
    if sign in _COMPARED:
        return _compared(sign, left, right, scope.missing)
    if sign in ("+", "-"):
        left, right = _alike(left, right)
        bound = bounded(left.bound + right.bound)
        sums = _joined(left, right, np.add if sign == "+" else np.subtract, scope.missing)
        return replace(sums, bound=bound)
    return _product(left, right, scope.missing) if sign == "*" else _quotient(left, right, scope.missing)


_COMPARED: dict[str, Callable[[Array, Array], Array]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _compared(sign: str, left: Column, right: Column, missing: Missing) -> Column:
    truth = replace(_joined(left, right, _COMPARED[sign], missing), scale=1, bound=0)
    if sign in ("=", "!="):
        return truth
    return replace(truth, exact=either(truth.exact, either(_not_there(left), _not_there(right))))


def _not_there(days: Column) -> Array | None:
    """Return where a column of days has none; numbers never are that small a 32-bit number."""
    gone = days.values == ABSENT if days.values.dtype == np.int32 else None
    return gone if gone is not None and gone.any() else None


def _kleene(left: Column, right: Column, decisive: bool, missing: Missing) -> Column:
    settled = _settles(left, decisive) | _settles(right, decisive)
    lacking = missing.union(left.lacking, right.lacking)
    if lacking is not None:
        lacking = np.where(settled, 0, lacking)
    return Column(settled == decisive, lacking, exact=either(left.exact, right.exact))


def _settles(truth: Column, decisive: bool) -> Array:
    agrees: Array = truth.values == decisive
    return agrees if truth.lacking is None else agrees & (truth.lacking == 0)


def _product(left: Column, right: Column, missing: Missing) -> Column:
    bound = bounded(left.bound * right.bound)
    return Column(
        left.values * right.values,
        missing.union(left.lacking, right.lacking),
        left.scale * right.scale,
        bound,
        either(left.exact, right.exact),
    )


def _quotient(left: Column, right: Column, missing: Missing) -> Column:
    """Divide: by a constant in a finer unit; else what is a whole unit is known, and the rest marked."""
    lacking, exact = missing.union(left.lacking, right.lacking), either(left.exact, right.exact)
    nothing = np.array(missing.named("a divisor that is zero"), np.int32)
    if right.values.ndim == 0 and right.values != 0:
        divisor = Fraction(int(right.values), right.scale)
        factor = divisor.denominator * (1 if divisor > 0 else -1)
        bound = bounded(left.bound * abs(factor))
        return Column(left.values * factor, lacking, left.scale * abs(divisor.numerator), bound, exact)
    zero = right.values == 0
    if zero.any():
        none = np.zeros((), np.int32) if lacking is None else lacking
        lacking = np.where(zero & (none == 0), nothing, none)
    bound = bounded(left.bound * right.scale)
    whole, rest = np.divmod(left.values * right.scale, np.where(zero, 1, right.values))
    return Column(whole, lacking, left.scale, bound, either(exact, (rest != 0) if rest.any() else None))


def _period(length: Column, day: Column, counted: bool, scope: Scope) -> Column:
    """Return the ends of periods; days always stand in an array, one a row."""
    each = scope.durations.things
    ends, latest = ends_of_periods(
        day.values,
        full(length.values, len(day.values)),
        np.array([one.count * (12 if one.unit == "years" else 1) for one in each], np.int64),
        np.array([one.unit != "days" for one in each], np.bool_),
        counted,
        FIRST_DAYS,
    )
    if latest > LAST_DAY:
        raise InputError("a period of this policy ends after the year 9999; expected shorter periods or earlier days")
    lacking = scope.missing.union(length.lacking, day.lacking)
    exact = either(either(length.exact, day.exact), _not_there(day))
    return Column(ends, lacking, exact=exact)
