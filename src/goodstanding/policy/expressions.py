"""Expressions of the policy language: from text to a tree, and back.

Grammar, loosest first; `[]` is optional, `{}` repeated:

    choice     = either ["if" either "else" choice]
    either     = both {"or" both}
    both       = negation {"and" negation}
    negation   = ["not"] comparison
    comparison = period [("=" | "!=" | "<" | "<=" | ">" | ">=") period]
    period     = sum [("after" | "beginning") sum]
    sum        = product {("+" | "-") product}
    product    = factor {("*" | "/") factor}
    factor     = ["-"] (number [unit] | 'code' | name | name "." name | name "[" choice "]"
               | name "(" choice {"," choice} ")" | "(" choice ")")
    unit       = "day(s)" | "month(s)" | "year(s)"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from goodstanding.facts.errors import InputError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|'(?P<code>[^']*)'|(?P<sign><=|>=|!=|[-+*/=<>()\[\],.]))"
)
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_UNITS = {"day": "days", "days": "days", "month": "months", "months": "months", "year": "years", "years": "years"}
_WORDS = ("if", "else", "or", "and", "not", "after", "beginning")


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
    """Arithmetic, comparison, `and`, `or`, and the periods `after` and `beginning`."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """`then if condition else otherwise`."""

    then: Node
    condition: Node
    otherwise: Node


Node = Number | Code | Duration | Name | Lookup | Call | Not | Binary | Choice


def parse(text: str) -> Node:
    """Read an expression.

    Raises ExpressionError with the column, what was found and what was expected.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._scan())
        self.at = 0

    def _scan(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while self.text[position:].strip():
            match = _TOKEN.match(self.text, position)
            if match is None:
                column = position + len(self.text[position:]) - len(self.text[position:].lstrip()) + 1
                raise ExpressionError(f"found {self.text[column - 1]!r}, expected a name, a number or a sign", column)
            group = match.lastgroup or ""
            yield group, match[group], match.start(group) + 1
            position = match.end()

    def whole(self) -> Node:
        node = self.choice()
        if self.at < len(self.tokens):
            self.fail("the end of the expression")
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

    def choice(self) -> Node:
        then = self.either()
        if not self.take("if"):
            return then
        condition = self.either()
        self.need("else")
        return Choice(then, condition, self.choice())

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
        sign = self.take(*_COMPARISONS)
        return Binary(sign, left, self.period()) if sign else left

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
            node = Binary(sign, node, self.factor())
        return node

    def factor(self) -> Node:
        if self.take("-"):
            return Binary("-", Number(Fraction(0)), self.factor())
        if self.take("("):
            node = self.choice()
            self.need(")")
            return node
        if self.at >= len(self.tokens) or self.tokens[self.at][1] in _WORDS:
            self.fail("a name, a number or '('")
        group, text, _ = self.tokens[self.at]
        self.at += 1
        if group == "number":
            return self.number(text)
        if group == "code":
            return Code(text)
        if group == "name":
            return self.named(text)
        self.at -= 1
        return self.fail("a name, a number or '('")

    def number(self, text: str) -> Node:
        unit = self.take(*_UNITS)
        if unit is None:
            return Number(Fraction(text))
        if "." in text:
            self.at -= 1
            self.fail("a whole number before it")
        return Duration(int(text), _UNITS[unit])

    def named(self, name: str) -> Node:
        if self.take("["):
            key = self.choice()
            self.need("]")
            return Lookup(name, key)
        if self.take("("):
            arguments = [self.choice()]
            while self.take(","):
                arguments.append(self.choice())
            self.need(")")
            return Call(name, tuple(arguments))
        if self.take("."):
            if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
                self.fail("a field name")
            self.at += 1
            return Name(f"{name}.{self.tokens[self.at - 1][1]}")
        return Name(name)


def children(node: Node) -> tuple[Node, ...]:
    """Return the parts of a node, left to right."""
    match node:
        case Lookup(_, key):
            return (key,)
        case Call(_, arguments):
            return arguments
        case Not(inner):
            return (inner,)
        case Binary(_, left, right):
            return (left, right)
        case Choice(then, condition, otherwise):
            return (then, condition, otherwise)
    return ()


def names_in(node: Node) -> set[str]:
    """Return every name that an expression reads, functions' arguments included."""
    own = {node.name} if isinstance(node, Name) else set()
    return own.union(*(names_in(child) for child in children(node)))
