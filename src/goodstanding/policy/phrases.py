"""Expressions of a policy in words: `1 year after act` as "1 year after the act", in each language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files

import yaml
from babel.dates import format_date
from babel.numbers import format_decimal

from goodstanding.facts.catalogue import Attribute, Catalogue, Language, Words
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Policy

LOCALES: dict[Language, str] = {"en": "en_GB", "nl": "nl", "zh": "zh_Hans_CN"}

_SIGNS = {"=": "equal", "!=": "unequal", "<": "below", "<=": "at-most", ">": "above", ">=": "at-least"}
_DATES_AND_ITEM = ("act", "decided", "final", "ended", "item.points", "item.level", "item.grade", "item.id")
_STRENGTH = {"or": 1, "and": 2, "+": 5, "-": 5, "*": 6, "/": 6}


@cache
def messages() -> Mapping[str, Words]:
    """Return the words with which policies are told, by key."""
    content = files("goodstanding.policy").joinpath("prose.yaml").read_bytes()
    loaded: dict[str, Words] = yaml.load(content, Loader=yaml.CSafeLoader)
    return loaded


def number(value: Fraction, language: Language) -> str:
    """Write an exact number as the language does: a decimal where it ends, else a quotient; a true minus sign.

    >>> number(Fraction(-5, 2), "nl"), number(Fraction(1, 3), "en")
    ('−2,5', '1/3')
    """
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(decimal) != value:
        return str(value).replace("-", "−")
    form = "#,##0.############" if abs(value) >= 10000 else "0.############"
    return format_decimal(decimal, format=form, locale=LOCALES[language]).replace("-", "−")


@dataclass(frozen=True)
class Speaker:
    """Tells parts of one policy in one language."""

    policy: Policy
    language: Language
    catalogue: Catalogue

    def say(self, key: str, /, **parts: str) -> str:
        """Return the message of a key, with its parts filled in."""
        return messages()[key][self.language].format(**parts)

    def word(self, words: Words) -> str:
        """Return words in this language."""
        return words[self.language]

    def kind(self, kind: str) -> str:
        """Return what a kind of record is called."""
        return self.word(self.catalogue.kinds[kind].words)

    def cite(self, clause: str | None) -> str:
        """Return the citation of a clause; interpretations are cited by their number."""
        law = self.policy.law.get(clause or "")
        return law.cite if law else clause or ""

    def listed(self, parts: Iterable[str], mark: str = "comma") -> str:
        """Join parts with the comma or the semicolon of the language."""
        return self.say(mark).join(parts)

    def date(self, day: dt.date) -> str:
        """Write a calendar day in full."""
        return format_date(day, "long", locale=LOCALES[self.language])

    def number(self, value: Fraction) -> str:
        """Write an exact number."""
        return number(value, self.language)

    def duration(self, duration: ex.Duration) -> str:
        """Write a number of days, months or years."""
        key = f"{duration.unit}.one" if duration.count == 1 else duration.unit
        return self.say(key, n=str(duration.count))

    def phrase(self, text: str) -> str:
        """Return an expression in words."""
        return self._node(ex.parse(text))

    def _node(self, node: ex.Node) -> str:
        match node:
            case ex.Number(value):
                return self.number(value)
            case ex.Code(text):
                return text
            case ex.Duration():
                return self.duration(node)
            case ex.Name(name):
                return self._name(name)
            case ex.Lookup(table, key):
                words = self.word(self.policy.tables[table].words)
                return self.say("lookup", table=words, key=self._node(key))
            case ex.Call(function, arguments):
                return self._call(function, arguments)
            case ex.Not(inner):
                return self._negated(inner)
            case ex.Choice(then, condition, otherwise):
                parts = (self._node(part) for part in (then, condition, otherwise))
                return self.say("choice", **dict(zip(("then", "condition", "otherwise"), parts, strict=True)))
            case ex.Binary():
                return self._binary(node)

    def _name(self, name: str) -> str:
        if name in _DATES_AND_ITEM:
            return self.say(name)
        if name in self.policy.values:
            return self.word(self.policy.values[name].words)
        attribute = self._attribute(name)
        return self.word(attribute.words) if attribute else name

    def _attribute(self, name: str) -> Attribute | None:
        """Return an attribute as the kinds that this policy reads have it."""
        kinds = [self.catalogue.kinds[kind] for kind in sorted(self.policy.kinds) if kind in self.catalogue.kinds]
        return next((kind.attributes[name] for kind in kinds if name in kind.attributes), None)

    def _call(self, function: str, arguments: tuple[ex.Node, ...]) -> str:
        if function in ("min", "max"):
            listed = self.listed((self._node(argument) for argument in arguments), "semicolon")
            return self.say(function, list=self.say("inside", text=listed))
        name = arguments[0].name if isinstance(arguments[0], ex.Name) else ""
        named = self.policy.accounts if function == "sum" else self.policy.entries
        return self.say(function, of=self.word(named[name].words))

    def _negated(self, inner: ex.Node) -> str:
        if isinstance(inner, ex.Call) and inner.function == "some":
            return self._call("none", inner.arguments)
        return self.say("not", inner=self._node(inner))

    def _binary(self, node: ex.Binary) -> str:
        if _negative(node):
            return f"−{self._inside(node.right, node.sign)}"
        if node.sign in ("+", "-", "*", "/"):
            sign = {"-": "−", "*": "×", "/": "÷"}.get(node.sign, node.sign)
            return f"{self._inside(node.left, node.sign)} {sign} {self._inside(node.right, node.sign)}"
        key = _SIGNS.get(node.sign, node.sign)
        left, right = self._inside(node.left, node.sign), self._inside(node.right, node.sign)
        return self.say(key, left=left, right=self._code(node.left, node.right) or right)

    def _inside(self, node: ex.Node, sign: str) -> str:
        """Write a part, in brackets where it binds weaker than the sign around it."""
        own = _STRENGTH.get(node.sign, 4) if isinstance(node, ex.Binary) and not _negative(node) else 9
        weaker = isinstance(node, ex.Choice) or own < _STRENGTH.get(sign, 4)
        return self.say("inside", text=self._node(node)) if weaker else self._node(node)

    def _code(self, left: ex.Node, right: ex.Node) -> str | None:
        """Return the words of a code that an attribute is compared with."""
        if not (isinstance(left, ex.Name) and isinstance(right, ex.Code)):
            return None
        attribute = self._attribute(left.name)
        codes = self.catalogue.codes.get((attribute.codes if attribute else None) or "", {})
        return self.word(codes[right.text]) if right.text in codes else None


def _negative(node: ex.Binary) -> bool:
    """Whether the node is how the parser keeps a minus sign in front."""
    return node.sign == "-" and node.left == ex.Number(Fraction(0))
