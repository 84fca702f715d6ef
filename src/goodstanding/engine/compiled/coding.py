"""Lines of generated code, the operands in them, and the numbers that they read from one table.

Generated code is a subset of Python in which every number is whole, so that it runs as plain Python and as machine code
alike. Numbers of a policy are no part of it: they stand in `Table`, so that a change of numbers changes no code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

Block = list[Any]
"""Lines, and blocks that are indented under the line before them."""

ATTRIBUTE_BITS, CONSTANT_BITS, ENTRIES_BITS = 44, 31, 14
"""Attributes are below 2^44 units, numbers of a policy mostly below 2^31, and subjects have below 2^14 records."""
AMOUNT_BITS, SUM_BITS = 43, 18
"""Amounts are below 2^43 units, and subjects have below 2^18 entries, so that the sum of all has below 2^61."""
MOST_BITS = 61
LAST_BIT = 60
"""The highest bit of a set of rules, which all further ones share; `next_edge` knows it too."""


class UncompiledError(Exception):
    """A construct that is left to the exact evaluator."""


@dataclass(frozen=True)
class Operand:
    """The value of an expression, as texts of generated code.

    kind: number, code, flag, date, duration, occurrence or codes. text: whole 1/scale units, days, codes, truths; of a
    duration how many of `unit`. over: the divisor where the number is a quotient. lacking: the fact that is missing, 0
    for none; None where nothing can be. begun: of a period its first day, `text` being the first day after it.
    bits: the number is below 2^bits units in size.
    """

    kind: str
    text: str
    lacking: str | None = None
    scale: int = 1
    over: str | None = None
    unit: str = "0"
    begun: str | None = None
    bits: int = CONSTANT_BITS
    items: tuple[Operand, ...] = ()


class Table:
    """All numbers that generated code reads: constants first come, then runs that are found through a constant."""

    def __init__(self) -> None:
        """Begin with none."""
        self._heads: list[int | list[int]] = []
        self._named: dict[Any, int] = {}

    def number(self, number: int, key: Any = None) -> str:
        """Return the text of a number; one with a key stands once."""
        return self._head(number, key)

    def run(self, numbers: Sequence[int], key: Any = None) -> str:
        """Return the text of the place at which a run of numbers begins."""
        return self._head(list(numbers), key)

    def _head(self, what: int | list[int], key: Any) -> str:
        if key is None or key not in self._named:
            self._heads.append(what)
            place = len(self._heads) - 1
            if key is not None:
                self._named[key] = place
            return f"K[{place}]"
        return f"K[{self._named[key]}]"

    def numbers(self) -> list[int]:
        """Return the whole table."""
        heads: list[int] = []
        runs: list[int] = []
        for head in self._heads:
            if isinstance(head, list):
                heads.append(len(self._heads) + len(runs))
                runs += head
            else:
                heads.append(head)
        return heads + runs


class Writer:
    """Lines of one function, with names of its own for what is in between."""

    def __init__(self) -> None:
        """Begin with no line."""
        self.lines: Block = []
        self._names = 0

    def name(self, what: str = "t") -> str:
        """Return a name that is not used yet."""
        self._names += 1
        return f"{what}{self._names}"

    def put(self, *lines: Any) -> None:
        """Add lines, and blocks under them."""
        self.lines.extend(lines)

    @contextmanager
    def under(self, line: str) -> Iterator[Block]:
        """Add a line; what is put meanwhile stands under it."""
        block: Block = []
        self.lines += [line, block]
        with self.into(block):
            yield block
        if not block:
            block.append("pass")

    @contextmanager
    def into(self, block: Block) -> Iterator[Block]:
        """Put lines into a block instead."""
        outer, self.lines = self.lines, block
        try:
            yield block
        finally:
            self.lines = outer

    def set(self, text: str, what: str = "t") -> str:
        """Give a value a name of its own."""
        name = self.name(what)
        self.put(f"{name} = {text}")
        return name


def written(block: Block, depth: int = 0) -> str:
    """Return a block as source text."""
    return "".join(
        written(line, depth + 1) if isinstance(line, list) else f"{'    ' * depth}{line}\n" for line in block
    )


def whole(fraction: Fraction, scale: int) -> int:
    """Return a number in whole 1/scale units."""
    units = fraction * scale
    assert units.denominator == 1
    return units.numerator


def scale_of(numbers: Sequence[Fraction], least: int = 1) -> int:
    """Return the units in which all of these are whole: tenths where they do, else what they need."""
    scale = least
    for number in numbers:
        rest, tens = number.denominator, 1
        for places in range(1, 10):
            if (10**places) % rest == 0 and rest > 1:
                tens = 10**places
                break
        scale = lcm(scale, tens if rest > 1 and tens > 1 else rest)
    return scale


def bits_of(number: int) -> int:
    """Return what a number is below, as a power of two; of a policy's numbers at least CONSTANT_BITS."""
    return max(abs(number).bit_length(), CONSTANT_BITS)


class Arithmetic(Writer):
    """Lines that compute with operands."""

    bad = "S[BAD]"

    def __init__(self, table: Table) -> None:
        """Write code that reads its numbers from a table."""
        super().__init__()
        self.table = table

    def constant(self, number: Fraction) -> Operand:
        """Return a number of the policy."""
        scale = scale_of([number])
        units = whole(number, scale)
        return Operand("number", self.table.number(units, ("number", units)), scale=scale, bits=bits_of(units))

    def lacks(self, *operands: Operand) -> str | None:
        """Return what is missing where one of them is; None where nothing can be."""
        texts = list(dict.fromkeys(one.lacking for one in operands if one.lacking is not None))
        if not texts:
            return None
        joined = texts[0]
        for text in texts[1:]:
            joined = f"join({joined}, {text})"
        return joined if len(texts) == 1 else self.set(joined, "u")

    def joined(self, *texts: str | None) -> str | None:
        """Return what is missing where one of these is."""
        return self.lacks(*(Operand("flag", "", lacking=text) for text in texts))

    def simple(self, operand: Operand) -> Operand:
        """Return the operand with names for its parts, so that they can be used again."""
        text = operand.text if operand.text.isidentifier() else self.set(operand.text)
        over = operand.over if operand.over is None or operand.over.isidentifier() else self.set(operand.over)
        lacking = operand.lacking
        if lacking is not None and not lacking.isidentifier():
            lacking = self.set(lacking, "u")
        return replace(operand, text=text, over=over, lacking=lacking)

    def at(self, operand: Operand, scale: int) -> Operand:
        """Return a number in whole units of 1/scale, a multiple of its own; quotients keep theirs."""
        factor = scale // operand.scale
        if factor == 1 or operand.over is not None:
            return operand
        if operand.text == "0":
            return replace(operand, scale=scale)
        bits = operand.bits + factor.bit_length()
        if bits <= MOST_BITS:
            return replace(operand, text=f"({operand.text} * {factor})", scale=scale, bits=bits)
        return replace(operand, text=self.checked("mul", operand.text, str(factor)), scale=scale, bits=MOST_BITS)

    def alike(self, *operands: Operand) -> list[Operand]:
        """Return numbers in units of one size, or all as quotients."""
        if any(one.over is not None for one in operands):
            return [self.quotient(one) for one in operands]
        scale = lcm(*(one.scale for one in operands))
        return [self.at(one, scale) for one in operands]

    def quotient(self, operand: Operand) -> Operand:
        """Return a number as a quotient in units of 1."""
        if operand.over is not None and operand.scale == 1:
            return operand
        top, bottom = self.name("n"), self.name("d")
        if operand.over is None:
            self.put(f"{top}, {bottom} = reduced({operand.text}, {operand.scale})")
        else:
            parts = f"{operand.text}, {operand.over}, 1, {operand.scale}"
            self.put(f"{top}, {bottom}, {self.bad} = q_mul({parts}, {self.bad})")
        return replace(operand, text=top, over=bottom, scale=1, bits=MOST_BITS)

    def checked(self, function: str, left: str, right: str) -> str:
        """Return a sum or product that hands over where it may pass 62 bits."""
        name = self.name()
        self.put(f"{name}, {self.bad} = {function}({left}, {right}, {self.bad})")
        return name

    def sum(self, left: Operand, right: Operand, sign: str) -> Operand:
        """Add or subtract."""
        left, right = self.alike(left, right)
        lacking = self.lacks(left, right)
        other = right.text if sign == "+" else f"-{right.text}"
        if left.over is not None:
            top, bottom = self.name("n"), self.name("d")
            parts = f"{left.text}, {left.over}, {other}, {right.over}"
            self.put(f"{top}, {bottom}, {self.bad} = q_add({parts}, {self.bad})")
            return Operand("number", top, lacking, over=bottom, bits=MOST_BITS)
        bits = max(left.bits, right.bits) + 1
        if bits <= MOST_BITS:
            return Operand("number", f"({left.text} {sign} {right.text})", lacking, left.scale, bits=bits)
        return Operand("number", self.checked("add", left.text, other), lacking, left.scale, bits=MOST_BITS)

    def product(self, left: Operand, right: Operand) -> Operand:
        """Multiply."""
        lacking = self.lacks(left, right)
        if left.over is not None or right.over is not None:
            left, right = self.quotient(left), self.quotient(right)
            top, bottom = self.name("n"), self.name("d")
            parts = f"{left.text}, {left.over}, {right.text}, {right.over}"
            self.put(f"{top}, {bottom}, {self.bad} = q_mul({parts}, {self.bad})")
            return Operand("number", top, lacking, over=bottom, bits=MOST_BITS)
        bits, scale = left.bits + right.bits, left.scale * right.scale
        if bits <= MOST_BITS:
            return Operand("number", f"({left.text} * {right.text})", lacking, scale, bits=bits)
        return Operand("number", self.checked("mul", left.text, right.text), lacking, scale, bits=MOST_BITS)

    def ratio(self, left: Operand, right: Operand, none: int) -> Operand:
        """Divide; `none` is the fact that is missing where the divisor is zero."""
        left, right = self.simple(self.quotient(left)), self.simple(self.quotient(right))
        lacking = self.set(self.lacks(left, right) or "0", "u")
        top, bottom = self.name("n"), self.name("d")
        self.put(f"{top} = 0", f"{bottom} = 1")
        with self.under(f"if {lacking} == 0 and {right.text} == 0:"):
            self.put(f"{lacking} = {none}")
        with self.under(f"elif {lacking} == 0:"):
            parts = f"{left.text}, {left.over}, {right.over}, {right.text}"
            self.put(f"{top}, {bottom}, {self.bad} = q_mul({parts}, {self.bad})")
        return Operand("number", top, lacking, over=bottom, bits=MOST_BITS)

    def compared(self, sign: str, left: Operand, right: Operand) -> str:
        """Return the truth of a comparison of two numbers."""
        left, right = self.alike(left, right)
        if left.over is None:
            return f"({left.text} {sign} {right.text})"
        order = self.name("c")
        parts = f"{left.text}, {left.over}, {right.text}, {right.over}"
        self.put(f"{order}, {self.bad} = q_cmp({parts}, {self.bad})")
        return f"({order} {sign} 0)"

    def rounded(self, number: Operand, step: Fraction, mode: int) -> Operand:
        """Round to a multiple of a constant step."""
        steps = self.quotient(self.product(number, self.constant(1 / step)))
        scale = scale_of([step])
        units = self.constant(step)
        count = self.set(f"rounded({steps.text}, {steps.over}, {mode})")
        lacking = self.lacks(number)
        return Operand("number", self.checked("mul", count, units.text), lacking, scale, bits=MOST_BITS)

    def begin(self, operand: Operand, lacking: bool) -> Operand:
        """Return names that hold nothing yet, to be given such an operand in one branch or another."""
        over = self.set("1", "d") if operand.over is not None else None
        unit = self.set("0", "k") if operand.kind == "duration" else "0"
        begun = self.set("0", "b") if operand.begun is not None else None
        text = self.set("False" if operand.kind == "flag" else "0")
        return replace(
            operand, text=text, over=over, unit=unit, begun=begun, lacking=self.set("0", "u") if lacking else None
        )

    def give(self, names: Operand, operand: Operand) -> None:
        """Give names the parts of an operand of the same form."""
        if names.lacking is not None:
            self.put(f"{names.lacking} = {operand.lacking or '0'}")
        if names.over is not None:
            self.put(f"{names.over} = {operand.over}")
        if names.kind == "duration":
            self.put(f"{names.unit} = {operand.unit}")
        if names.begun is not None:
            self.put(f"{names.begun} = {operand.begun}")
        self.put(f"{names.text} = {operand.text}")
