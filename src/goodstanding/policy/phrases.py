"""Expressions of a policy in words: `1 year after act` as "1 year after the act", in each language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
_DATES_AND_ITEM = ("today", "act", "decided", "final", "ended", "item.points", "item.level", "item.grade", "item.id")
_DATES = ("today", "act", "decided", "final", "ended", "placed", "start", "until")
_ORDER = ("<", "<=", ">", ">=")
_SAME = ex.Binary("=", ex.Name("occurrence"), ex.Name("this.occurrence"))
_OF_ENTRY_ONLY = ("amount", "grade", "start", "until", "placed", "level", "rule")
_OF_ENTRY = (*_OF_ENTRY_ONLY, "occurrence", "item", "kind")
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
    """Tells parts of one policy in one language.

    `of_entry`: plain names are read of an entry; `today`: the message with which today is called.
    """

    policy: Policy
    language: Language
    catalogue: Catalogue
    of_entry: bool = False
    today: str = "today"

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

    def entries(self, names: Iterable[str], where: str | None) -> str:
        """Return rules, accounts and measures by their words, with the condition on their entries."""
        condition = self._of_entries()._node(ex.parse(where)) if where else ""
        listed = self.say("comma").join(self.named(name) for name in names)
        return self.say("entries-and-measures", of=listed, filter=self._filter(condition))

    def named(self, name: str) -> str:
        """Return the words of a rule, an account or a measure."""
        parts = (self.policy.entries, self.policy.accounts, self.policy.measures)
        return next((self.word(part[name].words) for part in parts if name in part), name)

    def _of_entries(self) -> Speaker:
        return replace(self, of_entry=True)

    def _node(self, node: ex.Node) -> str:
        match node:
            case ex.Number() | ex.Code() | ex.Date() | ex.Duration() | ex.Name():
                return self._leaf(node)
            case ex.Lookup(table, key):
                return self.say("lookup", table=self.word(self.policy.tables[table].words), key=self._node(key))
            case ex.Call(function, arguments):
                return self._call(function, arguments)
            case ex.Aggregate():
                return self._aggregate(node)
            case ex.Codes(items):
                return self.listed(self._node(item) for item in items)
            case ex.Not(inner):
                return self._negated(inner)
            case ex.Choice(then, condition, otherwise):
                parts = (self._node(part) for part in (then, condition, otherwise))
                return self.say("choice", **dict(zip(("then", "condition", "otherwise"), parts, strict=True)))
            case ex.Binary():
                return self._binary(node)

    def _leaf(self, node: ex.Number | ex.Code | ex.Date | ex.Duration | ex.Name) -> str:
        match node:
            case ex.Number(value):
                return self.number(value)
            case ex.Code(text):
                return text
            case ex.Date(day):
                return self.date(day)
            case ex.Duration():
                return self.duration(node)
            case ex.Name(name):
                return self._name(name)

    def _name(self, name: str) -> str:
        if name.startswith("this."):
            field = name.removeprefix("this.")
            return self.say("this-entry" if field in _OF_ENTRY_ONLY else "this", name=self._of_entries()._name(field))
        if self.of_entry and name in _OF_ENTRY:
            return self.say(f"entry.{name}")
        if name in _DATES_AND_ITEM:
            return self.say(self.today if name == "today" else name)
        if name in self.policy.values:
            return self.word(self.policy.values[name].words)
        attribute = self._attribute(name)
        if attribute:
            return self.word(attribute.words)
        if name in self.policy.measures:
            return self.say("imposed", of=self.named(name))
        return self.say(f"entry.{name}") if name in _OF_ENTRY else name

    def _attribute(self, name: str) -> Attribute | None:
        """Return an attribute as the kinds that this policy reads have it."""
        kinds = [self.catalogue.kinds[kind] for kind in sorted(self.policy.kinds) if kind in self.catalogue.kinds]
        return next((kind.attributes[name] for kind in kinds if name in kind.attributes), None)

    def _call(self, function: str, arguments: tuple[ex.Node, ...]) -> str:
        told = [self._node(argument) for argument in arguments]
        if function in ("min", "max"):
            if len(told) == 1 and isinstance(arguments[0], ex.Binary) and arguments[0].sign in ("after", "beginning"):
                return self.say("first-after", of=told[0])
            key = f"{function}.date" if any(self._is_date(argument) for argument in arguments) else function
            return self.say(key, list=self.say("inside", text=self.listed(told, "semicolon")))
        if function in ("reached", "pending", "imposed"):
            return self.say(function, of=self.named(_plain_name(arguments[0])))
        if function == "before" and _plain_name(arguments[0]) == "grade":
            return self.say("before", of=self.say("the-grade"))
        if function == "next_of":
            return self.say(function, step=told[0], **{"from": told[1], "last": told[2]})
        if function in ("full_years", "full_months", "full_days"):
            return self.say(function, **{"from": told[0], "last": told[1]})
        if function == "round":
            return self.say(function, of=told[0], step=told[1], how=self.say(f"round.{told[2]}"))
        return self.say(function, of=told[0])

    def _aggregate(self, node: ex.Aggregate) -> str:
        text = self._read(node)
        if node.otherwise is None:
            return text
        return self.say("inside", text=self.say("else", text=text, otherwise=self._node(node.otherwise)))

    def _read(self, node: ex.Aggregate, negated: bool = False) -> str:
        """Say what is read off entries; `negated`: that there are none."""
        inside = self._of_entries()
        condition = inside._node(node.where) if node.where else ""
        past = self.say("past") if node.ever else ""
        parts = {"of": self.named(node.source), "past": past, "filter": self._filter(condition)}
        of = {"entry": self.say("entry", **parts), "entries": self.say("entries", **parts)}
        if node.last is not None:
            parts["n"] = str(node.last)
            key = "last.one" if node.last == 1 else "last.count" if node.function == "count" else "last"
            of = {"entry": self.say("last.entry", **parts, **of), "entries": self.say(key, **parts, **of)}
        value = inside._node(node.value) if node.value else ""
        simple = not (node.where or node.ever or node.value or node.last)
        if node.function == "some":
            key = "none" if negated else "some"
            return self.say(key if simple else f"{key}.of", **parts, **of)
        if node.function in ("sum", "peak"):
            return self._sum(node, simple, value or self.say("amounts"), parts | of)
        if node.function in ("highest", "lowest") and node.value and inside._is_date(node.value):
            return self.say(f"{node.function}.date", value=value, **of)
        if node.function in ("highest", "lowest") or (node.function == "worst" and not simple):
            return self.say(f"{node.function}.of", value=value or self.say("entry.amount"), **of)
        if node.function == "count" and (node.last or 1) > 1:
            return of["entries"]
        return self.say(node.function, value=value or self.say("entry.grade"), **parts, **of)

    def _sum(self, node: ex.Aggregate, simple: bool, value: str, parts: Mapping[str, str]) -> str:
        text = self.say("sum" if simple else "sum.of", **parts, value=value)
        at = self._node(node.at) if node.at else ""
        if node.function == "peak":
            return self.say("peak.from" if at else "peak", sum=text, at=at)
        return self.say("on-day", text=text, at=at) if at else text

    def _filter(self, condition: str) -> str:
        return self.say("filter", condition=condition) if condition else ""

    def _negated(self, inner: ex.Node) -> str:
        if isinstance(inner, ex.Aggregate) and inner.function == "some" and inner.otherwise is None:
            return self._read(inner, negated=True)
        if isinstance(inner, ex.Call) and inner.function == "known":
            return self.say("unknown", of=self._node(inner.arguments[0]))
        text = self._node(inner)
        return self.say("not", inner=self.say("inside", text=text) if isinstance(inner, ex.Binary) else text)

    def _binary(self, node: ex.Binary) -> str:
        if _negative(node):
            return f"−{self._inside(node.right, node.sign)}"
        left, right = self._inside(node.left, node.sign), self._inside(node.right, node.sign)
        if node.sign in ("+", "-") and isinstance(node.right, ex.Duration):
            return self.say("later" if node.sign == "+" else "earlier", left=left, right=right)
        if node.sign in ("+", "-", "*", "/"):
            sign = {"-": "−", "*": "×", "/": "÷"}.get(node.sign, node.sign)
            return f"{left} {sign} {right}"
        if node.sign == "in":
            return self._among(node, left)
        if node == _SAME:
            return self.say("same")
        key = _SIGNS.get(node.sign, node.sign)
        if node.sign in _ORDER and (self._is_date(node.left) or self._is_date(node.right)):
            key += ".date"
        return self.say(key, left=left, right=self._code(node.left, node.right) or right)

    def _is_date(self, node: ex.Node) -> bool:
        """Whether a part is a date or a period, as far as it can be told from how it is written."""
        match node:
            case ex.Date():
                return True
            case ex.Name(name):
                plain = name.removeprefix("this.")
                attribute = self._attribute(plain)
                if plain in self.policy.values:
                    return self._is_date(ex.parse(self.policy.values[plain].expression))
                return plain in _DATES or (attribute is not None and attribute.type == "date")
            case ex.Binary(sign, left, _):
                return sign in ("after", "beginning") or (sign in ("+", "-") and self._is_date(left))
            case ex.Aggregate(value=value) if value is not None:
                return self._is_date(value)
            case ex.Call(function, arguments) if function in ("min", "max"):
                return any(self._is_date(argument) for argument in arguments)
            case ex.Call(function, _):
                return function in ("month_after", "year_after", "year_of", "next_of")
            case ex.Choice(then, _, _):
                return self._is_date(then)
        return False

    def _among(self, node: ex.Binary, left: str) -> str:
        if isinstance(node.right, ex.Codes):
            codes = (self._code(node.left, item) or self._node(item) for item in node.right.items)
            return self.say("one-of", left=left, list=self.listed(codes))
        if isinstance(node.right, ex.Code):
            return self.say("equal", left=left, right=self._code(node.left, node.right) or node.right.text)
        return self.say("within", left=left, right=self._inside(node.right, node.sign))

    def _inside(self, node: ex.Node, sign: str) -> str:
        """Write a part, in brackets where it binds weaker than the sign around it."""
        own = _STRENGTH.get(node.sign, 4) if isinstance(node, ex.Binary) and not _negative(node) else 9
        weaker = isinstance(node, ex.Choice) or own < _STRENGTH.get(sign, 4)
        even = sign in ("-", "/") and own == _STRENGTH[sign] and isinstance(node, ex.Binary) and node.sign != "*"
        return self.say("inside", text=self._node(node)) if weaker or even else self._node(node)

    def _code(self, left: ex.Node, right: ex.Node) -> str | None:
        """Return the words of a code that an attribute is compared with."""
        named = left.value if isinstance(left, ex.Aggregate) else left
        if not (isinstance(named, ex.Name) and isinstance(right, ex.Code)):
            return None
        if right.text in self.policy.entries and (named.name == "rule" or named.name in self.policy.values):
            return f"“{self.named(right.text)}”"
        attribute = self._attribute(named.name.removeprefix("this."))
        codes = self.catalogue.codes.get((attribute.codes if attribute else None) or "", {})
        if named.name == "kind" and right.text in self.catalogue.kinds:
            return self.kind(right.text)
        return self.word(codes[right.text]) if right.text in codes else None


def _plain_name(node: ex.Node) -> str:
    return node.name if isinstance(node, ex.Name) else ""


def _negative(node: ex.Binary) -> bool:
    """Whether the node is how the parser keeps a minus sign in front."""
    return node.sign == "-" and node.left == ex.Number(Fraction(0))
