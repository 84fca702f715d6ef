"""Expressions of the policy language: from text to a tree.

Grammar, loosest first; `[]` is optional, `{}` repeated:

    choice     = either ["if" either "else" choice]
    either     = both {"or" both}
    both       = negation {"and" negation}
    negation   = ["not"] comparison
    comparison = period [("=" | "!=" | "<" | "<=" | ">" | ">=") period | "in" (period | "(" choice {"," choice} ")")]
    period     = sum [("after" | "beginning") sum]
    sum        = product {("+" | "-") product}
    product    = factor {("*" | "/") factor}
    factor     = ["-"] (number [unit] | date | 'code' | name | name "." name | name "[" choice "]"
               | aggregate | name "(" choice {"," choice} ")" | "(" choice ")")
    aggregate  = function "(" [choice "of"] ["ever"] name ["on" sum | "from" sum] ["where" either] ["last" whole number]
                 ["else" choice] ")"
    unit       = "day(s)" | "working day(s)" | "month(s)" | "year(s)"
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import NoReturn

from goodstanding.facts.errors import InputError

_TOKEN = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d\d-\d\d)|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|'(?P<code>[^']*)'|(?P<sign><=|>=|!=|[-+*/=<>()\[\],.]))",
    re.ASCII,
)
_GAP = re.compile(r"\s*", re.ASCII)
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_UNITS = {"day": "days", "days": "days", "month": "months", "months": "months", "year": "years", "years": "years"}
WORDS = ("if", "else", "or", "and", "not", "in", "after", "beginning", "of", "ever", "on", "from", "where")
AGGREGATES = ("sum", "count", "some", "latest", "first", "highest", "lowest", "worst", "continuing", "peak")
"""Functions over entries; all but sum, count, some and continuing are none where there are no entries."""
_IN_AGGREGATE = ("on", "from", "where", "last", "else")
"""What may follow the name of a rule or an account in them, in this order."""

EARLIEST, MOST_UNITS = 1900, 100_000
"""The first year of any date, and the most days, months or years of a duration."""

LONGEST, MOST_DIGITS, MOST_BRACKETS, DEEPEST = 2000, 18, 40, 100
"""Of one expression at most: characters, digits of a number on either side of the point, brackets within each other,
and operations within each other (`a + b + c` is two)."""


class ExpressionError(InputError):
    """The text is no expression; `column` counts characters from 1."""

    def __init__(self, message: str, column: int) -> None:
        """Keep the message and the column in the expression's own text."""
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Code:
    """A code or a grade, in quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A number of days, months or years."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute, a date of the record, a value, or `item.FIELD`."""

    name: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """A cell of a table."""

    table: str
    key: Node


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar day."""

    day: dt.date


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of which `in` asks for one."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function over the entries of a rule or an account: those that count, or `ever` were made and not spent.

    `value` is read of each entry, `where` keeps some of them, of which only the `last` so many that were placed are
    taken; `otherwise` stands where there are none. `reading` is `on` or `from` with the date `at`: the sum on another
    day, or the highest since.
    """

    function: str
    source: str
    value: Node | None = None
    ever: bool = False
    reading: str | None = None
    at: Node | None = None
    where: Node | None = None
    last: int | None = None
    otherwise: Node | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Logical negation."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison, `in`, `and`, `or`, and the periods `after` and `beginning`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """`then if condition else otherwise`."""

    then: Node
    condition: Node
    otherwise: Node


Node = Number | Code | Date | Duration | Name | Lookup | Call | Aggregate | Codes | Not | Binary | Choice


def parse(text: str) -> Node:
    """Read an expression.

    Raises ExpressionError with the column, what was found and what was expected.
    """
    return _parsed(text)


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> Node:
    return _Parser(text).whole()


def character(one: str) -> str:
    """Name a character so that it cannot be taken for another: U+0430 CYRILLIC SMALL LETTER A."""
    if one.isascii() and one.isprintable():
        return repr(one)
    shown = f"{one!r} " if one.isprintable() else ""
    return f"{shown}U+{ord(one):04X} {unicodedata.name(one, 'with no name')}"


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ExpressionError(f"found {len(text)} characters, expected at most {LONGEST}", LONGEST)
        self.text = text
        self.tokens = list(self._scan())
        self.at = 0
        self.depth = 0

    def _scan(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while (position := self.after_gap(position)) < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                found = character(self.text[position])
                raise ExpressionError(f"found {found}, expected a name, a number or a sign", position + 1)
            group = match.lastgroup or ""
            column = match.start(group) + 1
            yield group, self.sane(group, match[group], column), column
            position = match.end()

    def after_gap(self, position: int) -> int:
        gap = _GAP.match(self.text, position)
        return gap.end() if gap else position

    def sane(self, group: str, text: str, column: int) -> str:
        """Return a token's text where it is not too long, and ASCII."""
        if group == "number" and max(len(part) for part in text.split(".")) > MOST_DIGITS:
            raise ExpressionError(f"found {len(text)} digits, expected at most {MOST_DIGITS} in a number", column)
        for at, one in enumerate(text):
            if not (one.isascii() and one.isprintable()):
                raise ExpressionError(f"found {character(one)}, expected ASCII in a code", column + at)
        return text

    def whole(self) -> Node:
        node = self.choice()
        if self.at < len(self.tokens):
            self.fail("the end of the expression")
        if _deeper(node, DEEPEST):
            raise ExpressionError(f"found over {DEEPEST} operations within each other, expected fewer", 1)
        return node

    def fail(self, expected: str) -> NoReturn:
        if self.at < len(self.tokens):
            _, found, column = self.tokens[self.at]
            raise ExpressionError(f"found {found!r}, expected {expected}", column)
        raise ExpressionError(f"the expression ends, expected {expected}", len(self.text) + 1)

    def peek(self, *words: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] != "code" and self.tokens[self.at][1] in words

    def take(self, *words: str) -> str | None:
        if not self.peek(*words):
            return None
        self.at += 1
        return str(self.tokens[self.at - 1][1])

    def need(self, word: str) -> None:
        if self.take(word) is None:
            self.fail(repr(word))

    def need_word(self, word: str, *others: str) -> None:
        """Take a word, or say which one was meant: it, or another that may stand before it."""
        if not self.peek(word):
            text = self.tokens[self.at][1] if self.at < len(self.tokens) else ""
            close = get_close_matches(text, (word, *others), n=1)
            self.fail(" or ".join(map(repr, close or (word, *others))))
        self.at += 1

    def choice(self) -> Node:
        node = self.either()
        if self.take("if"):
            condition = self.either()
            self.need("else")
            node = Choice(node, condition, self.choice())
        return node

    def either(self) -> Node:
        node = self.both()
        while self.take("or"):
            node = Binary("or", node, self.both())
        return node

    def both(self) -> Node:
        node = self.negation()
        while self.take("and"):
            node = Binary("and", node, self.negation())
        return node

    def negation(self) -> Node:
        return Not(self.comparison()) if self.take("not") else self.comparison()

    def comparison(self) -> Node:
        left = self.period()
        if self.take("in"):
            return Binary("in", left, self.codes() if self.peek("(") else self.period())
        sign = self.take(*_COMPARISONS)
        return Binary(sign, left, self.period()) if sign else left

    def codes(self) -> Node:
        self.need("(")
        items = [self.choice()]
        while self.take(","):
            items.append(self.choice())
        self.need(")")
        return Codes(tuple(items)) if len(items) > 1 or isinstance(items[0], Code) else items[0]

    def period(self) -> Node:
        left = self.sum()
        sign = self.take("after", "beginning")
        return Binary(sign, left, self.sum()) if sign else left

    def sum(self) -> Node:
        node = self.product()
        while sign := self.take("+", "-"):
            node = Binary(sign, node, self.product())
        return node

    def product(self) -> Node:
        node = self.factor()
        while sign := self.take("*", "/"):
            start = self.at
            divisor = self.factor()
            if sign == "/" and not _deeper(divisor, DEEPEST) and constant(divisor) == 0:
                self.at = start
                self.fail("a divisor that is not always zero")
            node = Binary(sign, node, divisor)
        return node

    def factor(self) -> Node:
        self.depth += 1
        if self.depth > MOST_BRACKETS:
            self.fail(f"at most {MOST_BRACKETS} brackets within each other")
        node = self.signed()
        self.depth -= 1
        return node

    def signed(self) -> Node:
        if self.take("-"):
            node = self.factor()
            return Number(-node.value) if isinstance(node, Number) else Binary("-", Number(Fraction(0)), node)
        if self.take("("):
            node = self.choice()
            self.need(")")
            return node
        if self.at >= len(self.tokens) or self.tokens[self.at][1] in WORDS:
            self.fail("a name, a number or '('")
        group, text, _ = self.tokens[self.at]
        self.at += 1
        if group == "number":
            return self.number(text)
        if group == "code":
            return Code(text)
        if group == "date":
            return self.date(text)
        if group == "name":
            return self.named(text)
        self.at -= 1
        return self.fail("a name, a number or '('")

    def date(self, text: str) -> Node:
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            day = dt.date.min
        if day.year < EARLIEST:
            self.at -= 1
            self.fail(f"a day of the calendar from {EARLIEST} on, as 2020-02-29")
        return Date(day)

    def number(self, text: str) -> Node:
        working = "working " if self.take("working") else ""
        if working and not self.peek("day", "days"):
            self.fail("'days'")
        unit = self.take(*_UNITS)
        if unit is None:
            return Number(Fraction(text))
        if "." in text:
            self.at -= 1
            self.fail("a whole number before it")
        if int(text) > MOST_UNITS:
            self.at -= 1
            self.fail(f"at most {MOST_UNITS} of a unit")
        return Duration(int(text), working + _UNITS[unit])

    def named(self, name: str) -> Node:
        if self.take("["):
            key = self.choice()
            self.need("]")
            return Lookup(name, key)
        if name in AGGREGATES and self.take("("):
            return self.aggregate(name)
        if self.take("("):
            arguments = [self.choice()]
            while self.take(","):
                arguments.append(self.choice())
            if self.peek("of", "ever", "where"):
                self.fail(f"')': {name!r} is no function over entries, which are {', '.join(AGGREGATES)}")
            self.need(")")
            return Call(name, tuple(arguments))
        if self.take("."):
            if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
                self.fail("a field name")
            self.at += 1
            return Name(f"{name}.{self.tokens[self.at - 1][1]}")
        return Name(name)

    def aggregate(self, function: str) -> Node:
        value = None
        if not self._at_source():
            value = self.choice()
            self.need_word("of", *(_IN_AGGREGATE if isinstance(value, Name) else ()))
        ever = self.take("ever") is not None
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
            self.fail("the name of a rule or an account")
        source = self.tokens[self.at][1]
        self.at += 1
        reading = self.take("on", "from")
        at = self.sum() if reading else None
        where = self.either() if self.take("where") else None
        last = self.how_many() if self.take("last") else None
        otherwise = self.choice() if self.take("else") else None
        read = [
            place for place, one in enumerate((reading, reading, where, last, otherwise), start=1) if one is not None
        ]
        self.need_word(")", *_IN_AGGREGATE[max(read, default=0) :])
        return Aggregate(function, source, value, ever, reading, at, where, last, otherwise)

    def how_many(self) -> int:
        """Read of how many entries a function is."""
        group, text, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", 0)
        if group != "number" or not text.isdigit() or int(text) < 1:
            self.fail("how many entries after 'last': a whole number from 1")
        self.at += 1
        if self.peek(*_UNITS, "working"):
            self.fail("entries, not days, after 'last': a time is asked as where today in 3 months after act")
        return int(text)

    def _at_source(self) -> bool:
        if self.peek("ever"):
            return True
        after = self.tokens[self.at + 1][1] if self.at + 1 < len(self.tokens) else ")"
        group, text, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", 0)
        return group == "name" and text not in WORDS and after in (")", *_IN_AGGREGATE)


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node, left to right."""
    match node:
        case Lookup(_, key):
            return (key,)
        case Call(_, arguments):
            return arguments
        case Aggregate(value=value, at=at, where=where, otherwise=otherwise):
            return tuple(part for part in (value, at, where, otherwise) if part is not None)
        case Codes(items):
            return items
        case Not(inner):
            return (inner,)
        case Binary(_, left, right):
            return (left, right)
        case Choice(then, condition, otherwise):
            return (then, condition, otherwise)
    return ()


def _deeper(node: Node, most: int) -> bool:
    """Whether more than `most` parts stand within each other."""
    level = [node]
    for _ in range(most + 1):
        level = [child for one in level for child in children(one)]
    return bool(level)


def constant(node: Node) -> Fraction | None:
    """Return the value of an expression that reads nothing, where it is a number; else None."""
    if isinstance(node, Number):
        return node.value
    if not isinstance(node, Binary) or node.sign not in ("+", "-", "*", "/"):
        return None
    left, right = constant(node.left), constant(node.right)
    if left is None or right is None:
        return None
    if node.sign == "/":
        return left / right if right else None
    return {"+": left + right, "-": left - right, "*": left * right}[node.sign]


def names_in(node: Node) -> set[str]:
    """Return every name that an expression reads, those of rules and accounts left out."""
    own = {node.name} if isinstance(node, Name) else set()
    return own.union(*(names_in(child) for child in children(node)))


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)
