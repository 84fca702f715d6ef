"""Expressions of the policy language as lines of generated code; each means what `evaluation.evaluate` says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any, Protocol

from goodstanding.engine.compiled.coding import (
    CONSTANT_BITS,
    Arithmetic,
    Operand,
    UncompiledError,
    bits_of,
    scale_of,
    whole,
)
from goodstanding.engine.compiled.primitives import (
    CEILING,
    DAYS,
    DOWN,
    FLOOR,
    HALF_EVEN,
    HALF_UP,
    MONTHS,
    SEVERAL,
    UP,
    WORKING,
)
from goodstanding.engine.compiled.vocabulary import Vocabulary, day_number
from goodstanding.engine.evaluation import Surroundings, parsed
from goodstanding.engine.evaluation import evaluate as evaluate_exactly
from goodstanding.engine.standing import Unknown
from goodstanding.policy import expressions as ex

MODES = {"half-up": HALF_UP, "half-even": HALF_EVEN, "down": DOWN, "up": UP, "floor": FLOOR, "ceiling": CEILING}
_TODAY = ex.Name("today")
_PYTHON = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Scope(Protocol):
    """What the names in an expression stand for."""

    def name(self, name: str, code: Expressions) -> Operand:
        """Return what a name stands for."""


class Expressions(Arithmetic):
    """Lines that work out expressions. What differs between the shapes of programs is asked of `around`."""

    def __init__(self, words: Vocabulary, around: Any) -> None:
        """Write code that reads its numbers from the vocabulary's table."""
        super().__init__(words.table)
        self.words, self.around = words, around
        self.bad, self.today, self.edge = around.bad, around.today, around.edge
        self.known: dict[str, Operand] = {}
        """Values that were worked out before a loop."""

    def text(self, text: str, scope: Scope) -> Operand:
        """Return the value of an expression."""
        return self.value(parsed(text), scope)

    def value(self, node: ex.Node, scope: Scope) -> Operand:
        """Return the value of a node."""
        match node:
            case ex.Number() | ex.Code() | ex.Date() | ex.Duration():
                return self._constant(node)
            case ex.Name(name):
                return Operand("date", self.today) if name == "today" else scope.name(name, self)
            case ex.Lookup(table, key):
                return self._lookup(table, key, scope)
            case ex.Call(function, arguments):
                return self._call(function, arguments, scope)
            case ex.Aggregate():
                return self.around.aggregate(node, scope, self)  # type: ignore[no-any-return]
            case ex.Codes(items):
                return Operand("codes", "", items=tuple(self.value(item, scope) for item in items))
            case ex.Not(inner):
                truth = self.value(inner, scope)
                return replace(truth, text=f"(not {truth.text})")
            case ex.Choice():
                return self._choice(node, scope)
            case ex.Binary():
                return self._kleene(node, scope) if node.sign in ("and", "or") else self._binary(node, scope)

    def _constant(self, node: ex.Number | ex.Code | ex.Date | ex.Duration) -> Operand:
        if isinstance(node, ex.Number):
            return self.constant(node.value)
        if isinstance(node, ex.Code):
            return Operand("code", str(self.words.codes.number(node.text)))
        if isinstance(node, ex.Date):
            return Operand("date", self.table.number(day_number(node.day), ("date", node.day)))
        return self.duration(node)

    def duration(self, node: ex.Duration) -> Operand:
        """Return a duration: months for years."""
        count = node.count * (12 if node.unit == "years" else 1)
        return Operand("duration", self.table.number(count, ("number", count)), unit=str(unit_of(node)))

    def truth(self, operand: Operand) -> str:
        """Return the truth of a condition that holds for certain."""
        return operand.text if operand.lacking is None else f"({operand.lacking} == 0 and {operand.text})"

    def _choice(self, node: ex.Choice, scope: Scope) -> Operand:
        condition = self.simple(self.value(node.condition, scope))
        one: list[Any] = []
        other: list[Any] = []
        with self.into(one):
            then = self.value(node.then, scope)
        with self.into(other):
            otherwise = self.value(node.otherwise, scope)
        with self.into(one):
            then = self._shaped(then, otherwise)
        with self.into(other):
            otherwise = self._shaped(otherwise, then)
        lacks = any(part.lacking is not None for part in (condition, then, otherwise))
        found = self.begin(replace(then, bits=max(then.bits, otherwise.bits)), lacks)
        inner = found if lacks else replace(found, lacking=None)
        for block, operand in ((one, then), (other, otherwise)):
            with self.into(block):
                self.give(inner, operand)
        if condition.lacking is not None:
            with self.under(f"if {condition.lacking} != 0:"):
                self.put(f"{found.lacking} = {condition.lacking}")
            self.put(f"elif {condition.text}:", one, "else:", other)
        else:
            self.put(f"if {condition.text}:", one, "else:", other)
        return found

    def _shaped(self, operand: Operand, other: Operand) -> Operand:
        """Return an operand in the form that it shares with another one."""
        if operand.kind != other.kind:
            raise UncompiledError(f"a choice between a {operand.kind} and a {other.kind}")
        if operand.kind == "number":
            return self.alike(operand, replace(other, text="0"))[0] if other.over is None else self.quotient(operand)
        if other.begun is None:
            return replace(operand, begun=None)
        return operand

    def _kleene(self, node: ex.Binary, scope: Scope) -> Operand:
        """Work out both sides, so that the days on which either may change are told."""
        left = self.value(node.left, scope)
        rest: list[Any] = []
        with self.into(rest):
            right = self.value(node.right, scope)
        if rest and not self._tells(node.right):
            return self._decided(node.sign == "or", left, right, rest)
        self.put(*rest)
        return self._either(node.sign, left, right)

    def _tells(self, node: ex.Node) -> bool:
        """Whether an expression is compared with today, so that it must be worked out in any case."""
        names = ex.names_in(node)
        inner = (parsed(self.words.policy.values[name].expression) for name in names & set(self.words.policy.values))
        return "today" in names or any(map(self._tells, inner))

    def _decided(self, sign: bool, left: Operand, right: Operand, rest: list[Any]) -> Operand:
        """Work out the right side only where the left one does not decide."""
        left = self.simple(left)
        lacks = left.lacking is not None or right.lacking is not None
        found = self.begin(left, lacks)
        self.give(found if lacks else replace(found, lacking=None), left)
        decided = left.text if sign else f"not {left.text}"
        if left.lacking is not None:
            decided = f"{left.lacking} == 0 and {decided}"
        with self.into(rest):
            whole = self._either("or" if sign else "and", left, right)
            self.give(found, whole)
        self.put(f"if not ({decided}):", rest)
        return found

    def _either(self, sign: str, left: Operand, right: Operand) -> Operand:
        if left.lacking is None and right.lacking is None:
            return Operand("flag", f"({left.text} {sign} {right.text})")
        left, right = self.simple(left), self.simple(right)
        decisive = "" if sign == "or" else "not "
        settled = " or ".join(
            f"({decisive}{one.text})" if one.lacking is None else f"({one.lacking} == 0 and {decisive}{one.text})"
            for one in (left, right)
        )
        truth = self.set(settled)
        lacking = self.set(f"0 if {truth} else {self.lacks(left, right)}", "u")
        return Operand("flag", truth if sign == "or" else f"(not {truth})", lacking)

    def _binary(self, node: ex.Binary, scope: Scope) -> Operand:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        sign = node.sign
        if sign == "in":
            return self._within(node, left, right)
        if sign in ("after", "beginning"):
            return self._period(left, right, counted=sign == "beginning")
        if right.kind == "duration" and sign in ("+", "-"):
            if sign == "-":
                raise UncompiledError("a day less a duration")
            self._no_working_days(right)
            return Operand("date", self.set(f"later({left.text}, {right.text}, {right.unit})"), self.lacks(left, right))
        if sign in ("+", "-"):
            return self.sum(left, right, sign)
        if sign == "*":
            return self.product(left, right)
        if sign == "/":
            return self._quotient(node.right, left, right)
        return self._compared(node, left, right)

    def _no_working_days(self, length: Operand) -> None:
        """Only the end of a period can be counted in working days."""
        if length.unit not in (str(DAYS), str(MONTHS)) and self.words.policy.calendar is not None:
            raise UncompiledError("working days beyond periods")

    def _quotient(self, divisor: ex.Node, left: Operand, right: Operand) -> Operand:
        if isinstance(divisor, ex.Number) and divisor.value and left.over is None:
            inverse = 1 / divisor.value
            return replace(self.product(left, self.constant(inverse)), lacking=left.lacking)
        return self.ratio(left, right, self.words.fact("a divisor that is zero"))

    def _compared(self, node: ex.Binary, left: Operand, right: Operand) -> Operand:
        lacking = self.lacks(left, right)
        if _TODAY in (node.left, node.right):
            other = self.simple(right if node.left == _TODAY else left)
            known = "" if lacking is None else f" if {lacking} == 0 else {self.edge}"
            self.put(f"{self.edge} = soonest({self.edge}, {other.text}, {self.today}){known}")
            self.put(f"{self.edge} = soonest({self.edge}, {other.text} + 1, {self.today}){known}")
        if {left.kind, right.kind} == {"number"}:
            return Operand("flag", self.compared(_PYTHON[node.sign], left, right), lacking)
        self._comparable(left, right)
        return Operand("flag", f"({left.text} {_PYTHON[node.sign]} {right.text})", lacking)

    def _comparable(self, left: Operand, right: Operand) -> None:
        if left.kind != right.kind or left.kind in ("duration", "codes"):
            raise UncompiledError(f"a {left.kind} compared with a {right.kind}")

    def _within(self, node: ex.Binary, left: Operand, right: Operand) -> Operand:
        if right.kind != "codes":
            return self._in_period(node, left, right)
        left = self.simple(left)
        lacking = self.lacks(left, *right.items)
        tests = []
        for item in right.items:
            if left.kind == "number":
                tests.append(self.compared("==", left, item))
            else:
                self._comparable(left, item)
                tests.append(f"{left.text} == {item.text}")
        return Operand("flag", f"({' or '.join(tests)})", lacking)

    def _in_period(self, node: ex.Binary, left: Operand, right: Operand) -> Operand:
        if right.begun is None:
            raise UncompiledError("a day in what is no period")
        right, lacking = self.simple(right), self.lacks(left, right)
        if node.left == _TODAY:
            known = "" if lacking is None else f" if {lacking} == 0 else {self.edge}"
            for day in (right.begun, right.text):
                self.put(f"{self.edge} = soonest({self.edge}, {day}, {self.today}){known}")
        return Operand("flag", f"({right.begun} <= {left.text} < {right.text})", lacking)

    def _period(self, length: Operand, day: Operand, *, counted: bool) -> Operand:
        day = self.simple(day)
        if length.unit in ("0", "1") or self.words.policy.calendar is None:
            end = f"near_end({day.text}, {length.text}, {length.unit}, {counted}, K)"
        else:
            calendar = self.words.calendar()
            end = f"end_of_any({day.text}, {length.text}, {length.unit}, {counted}, K, {calendar})"
        return Operand("date", self.set(end), self.lacks(length, day), begun=day.text)

    def _call(self, function: str, arguments: tuple[ex.Node, ...], scope: Scope) -> Operand:
        if function in ("before", "reached", "pending", "imposed"):
            named = arguments[0]
            assert isinstance(named, ex.Name)
            return self.around.state(function, named.name)  # type: ignore[no-any-return]
        if function == "known":
            asked = self.value(arguments[0], scope)
            return Operand("flag", "True" if asked.lacking is None else f"({asked.lacking} == 0)")
        if function == "round":
            return self._rounded(arguments, scope)
        values = [self.value(argument, scope) for argument in arguments]
        handled: dict[str, Callable[[], Operand]] = {
            "min": lambda: self._least("<", values),
            "max": lambda: self._least(">", values),
            "next_of": lambda: self._next_of(values),
            "full_years": lambda: self._full(12, arguments, values),
            "full_months": lambda: self._full(1, arguments, values),
            "full_days": lambda: self._full(0, arguments, values),
        }
        if function in handled:
            return handled[function]()
        if function in ("days", "months", "years"):
            return self._length(values[0], function)
        return Operand("date", self.set(f"{function}({values[0].text})"), values[0].lacking)

    def _length(self, number: Operand, unit: str) -> Operand:
        """Return a duration of a number of units, lacking where that is not whole or beyond what a duration may be."""
        number = self.simple(number)
        below = " * ".join(part for part in (number.over, str(number.scale)) if part not in (None, "1")) or "1"
        count = self.set(f"{number.text} // ({below})")
        whole_one = f"{count} * ({below}) == {number.text} and 0 <= {count} <= {ex.MOST_UNITS}"
        fact = self.words.fact(f"a whole number of {unit} up to {ex.MOST_UNITS}")
        lacking = self.set(f"0 if {whole_one} else {fact}", "u")
        if number.lacking is not None:
            lacking = self.set(f"{number.lacking} if {number.lacking} != 0 else {lacking}", "u")
        months = 12 if unit == "years" else 1
        text = self.set(f"{count} * {months} if {lacking} == 0 else 0")
        return Operand("duration", text, lacking, unit=str(DAYS if unit == "days" else MONTHS))

    def _least(self, sign: str, values: list[Operand]) -> Operand:
        lacking = self.lacks(*values)
        if values[0].kind == "number":
            values = self.alike(*values)
        found = self.begin(replace(values[0], begun=None, bits=max(one.bits for one in values)), lacking=False)
        self.give(found, values[0])
        for one in values[1:]:
            one = self.simple(one)
            if one.kind == "number":
                test = self.compared(sign, one, found)
            else:
                self._comparable(one, found)
                test = f"{one.text} {sign} {found.text}"
            with self.under(f"if {test}:"):
                self.give(found, one)
        return replace(found, lacking=lacking)

    def _rounded(self, arguments: tuple[ex.Node, ...], scope: Scope) -> Operand:
        step, mode = arguments[1], arguments[2]
        if not isinstance(step, ex.Number) or not isinstance(mode, ex.Code) or step.value <= 0:
            raise UncompiledError("rounding to a step that is worked out")
        return self.rounded(self.value(arguments[0], scope), step.value, MODES[mode.text])

    def _next_of(self, values: list[Operand]) -> Operand:
        length, first, after = values
        self._no_working_days(length)
        found = self.set(f"next_of({length.text}, {length.unit}, {first.text}, {after.text})")
        return Operand("date", found, self.lacks(*values))

    def _full(self, months: int, arguments: tuple[ex.Node, ...], values: list[Operand]) -> Operand:
        first, last = (self.simple(value) for value in values)
        lacking = self.lacks(first, last)
        count = self.set(f"full({months}, {first.text}, {last.text})")
        if arguments[1] == _TODAY:
            known = "" if lacking is None else f" if {lacking} == 0 else {self.edge}"
            day = f"later({first.text}, ({count} + 1) * {months or 1}, {MONTHS if months else DAYS})"
            self.put(f"{self.edge} = soonest({self.edge}, {day}, {self.today}){known}")
        return Operand("number", count, lacking)

    def _lookup(self, name: str, key: ex.Node, scope: Scope) -> Operand:
        table, found = self.words.policy.tables[name], self.simple(self.value(key, scope))
        if table.map is not None:
            keys = [self.words.codes.number(code) for code in table.map]
            cells = dict(zip(keys, map(constant, table.map.values()), strict=True))
            return self._cells(name, cells, max(keys, default=0) + 1, found, found.text)
        if table.since is not None:
            days = sorted(table.since)
            place = self.name("p")
            rows = self.table.run([day_number(day) for day in days], ("since", name))
            many = self.table.number(len(days), ("since many", name))
            self.put(f"{place} = since({found.text}, K, {rows}, {many})")
            if key == _TODAY:
                with self.under(f"if {place} + 1 < {many}:"):
                    self.put(f"{self.edge} = soonest({self.edge}, K[{rows} + {place} + 1], {self.today})")
            return self._cells(name, {n: constant(table.since[d]) for n, d in enumerate(days)}, len(days), found, place)
        if found.over is not None:
            raise UncompiledError("a quotient on a ladder")
        ladder, unit = self.words.ladder(name, found.scale)
        points = self.name()
        self.put(f"{points}, {self.bad} = on_ladder({found.text}, K, {ladder}, {self.bad})")
        return Operand("number", points, found.lacking, unit, bits=62)

    def _cells(self, name: str, cells: dict[int, Any], many: int, key: Operand, place: str) -> Operand:
        """Return the cell at a place: rows of whether it is there, what it is, and of a duration its unit."""
        kinds = {kind_of(cell) for cell in cells.values() if not isinstance(cell, Unknown)} or {"number"}
        if len(kinds) > 1:
            raise UncompiledError(f"table {name} of several types")
        kind = kinds.pop()
        scale = scale_of([cell for cell in cells.values() if isinstance(cell, Fraction)])
        rows = [number for at in range(many) for number in self._cell(cells.get(at), scale)]
        base = self.table.run(rows, ("cells", name))
        limit = self.table.number(many, ("cells many", name))
        largest = max((bits_of(row) for row in rows), default=CONSTANT_BITS) if kind == "number" else CONSTANT_BITS
        found = self.begin(Operand(kind, "", scale=scale, bits=largest), lacking=True)
        self.put(f"{found.lacking} = {key.lacking or '0'}")
        row = self.name("p")
        with self.under(f"if {found.lacking} == 0:"):
            self.put(f"{found.lacking} = {self.words.cell(name, key.kind, place)}")
            with self.under(f"if 0 <= {place} < {limit}:"):
                self.put(f"{row} = {base} + 3 * {place}")
                with self.under(f"if K[{row}] == 1:"):
                    unit = f"K[{row} + 2]" if kind == "duration" else "0"
                    text = f"K[{row} + 1] != 0" if kind == "flag" else f"K[{row} + 1]"
                    self.give(found, Operand(kind, text, unit=unit))
                with self.under(f"elif K[{row}] == 2:"):
                    self.put(f"{found.lacking} = {SEVERAL}")
        return found

    def _cell(self, cell: Any, scale: int) -> tuple[int, int, int]:
        if cell is None:
            return 0, 0, 0
        match cell:
            case Unknown():
                return 2, 0, 0
            case bool():
                return 1, int(cell), 0
            case Fraction():
                return 1, whole(cell, scale), 0
            case ex.Duration():
                return 1, cell.count * (12 if cell.unit == "years" else 1), unit_of(cell)
            case dt.date():
                return 1, day_number(cell), 0
        return 1, self.words.codes.number(str(cell)), 0


def unit_of(duration: ex.Duration) -> int:
    """Return the unit that a duration is counted in."""
    return {"days": DAYS, "working days": WORKING}.get(duration.unit, MONTHS)


_CELLS = ((bool, "flag"), (Fraction, "number"), (ex.Duration, "duration"), (dt.date, "date"), (str, "code"))


def kind_of(cell: Any) -> str:
    """Return the kind of operand that a cell is."""
    for type_, kind in _CELLS:
        if isinstance(cell, type_):
            return kind
    raise UncompiledError("a cell that is no constant")


def constant(text: str) -> Any:
    """Return the value of a cell, which reads nothing."""
    return evaluate_exactly(parsed(text), _NOWHERE)


def _never(*_: Any) -> Any:
    raise UncompiledError("a cell that is no constant")


_NOWHERE = Surroundings(_never, {}, dt.date.min, _never, _never, _never)
