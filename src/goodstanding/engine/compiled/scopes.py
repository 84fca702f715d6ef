"""What names stand for in generated code: of the record that a rule looks at, of an entry, of an item, of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from goodstanding.engine.compiled.coding import ATTRIBUTE_BITS, Block, Operand
from goodstanding.engine.compiled.expressing import Expressions, Scope
from goodstanding.engine.compiled.primitives import SEVERAL
from goodstanding.engine.compiled.vocabulary import DATES

FORM, IDENTIFIER, HAS_POINTS, POINTS, LEAST, MOST, GRADE, LEVEL, PLACE, SLOTS = range(10)
"""What stands in the row of an item: its form, code, whether it has points (1) or a range of them (2), those, the
range's ends, grade and level (-1 for none), its place among the items, then the numbers of its condition."""
OWN = ("placed", "start", "until", "amount", "grade", "rule")
_KINDS = {"number": "number", "code": "code", "date": "date", "flag": "flag"}


@dataclass(frozen=True)
class RecordScope:
    """The record at `row` and the item at `item`, texts of code; None where there is none.

    perhaps: there may be no record, which `row` below 0 says. placed: the day of the place, today where it is None.
    """

    row: str | None = None
    item: str | None = None
    perhaps: bool = False
    placed: str | None = None

    def name(self, name: str, code: Expressions) -> Operand:
        """Return what a name stands for."""
        name = name.removeprefix("this.")
        if name in code.words.policy.values:
            return code.around.value_of(name, code)  # type: ignore[no-any-return]
        if name == "placed":
            return Operand("date", self.placed or code.today)
        return of_record(name, self, code)


def of_record(name: str, of: RecordScope, code: Expressions) -> Operand:
    """Return what a name stands for of a record and its item."""
    if of.row is None:
        return replace(_nothing(name, code), lacking=str(code.words.fact(name)))
    if not of.perhaps:
        return _read(name, of, code)
    lines: Block = []
    with code.into(lines):
        found = _read(name, replace(of, perhaps=False), code)
    names = code.begin(replace(found, begun=None), lacking=True)
    with code.under(f"if {of.row} < 0:"):
        code.put(f"{names.lacking} = {code.words.fact(name)}")
    with code.into(lines):
        code.give(names, found)
    code.put("else:", lines)
    return names


def _nothing(name: str, code: Expressions) -> Operand:
    """Return a number, code or day of the kind that a name is of."""
    if name in (*DATES, "ended"):
        return Operand("date", "0")
    if name == "occurrence":
        return Operand("occurrence", "0")
    if name in ("item.points", "assessed"):
        return Operand("number", "0")
    attribute = code.words.catalogue.attributes.get(name)
    if attribute is None:
        return Operand("code", "0")
    scale = 10**attribute.scale if attribute.type == "number" else 1
    return Operand(attribute.type, "False" if attribute.type == "flag" else "0", scale=scale)


def _read(name: str, of: RecordScope, code: Expressions) -> Operand:
    row = of.row
    assert row is not None
    if name.startswith("item."):
        return of_item(name.removeprefix("item."), of, code)
    if name == "act":
        return Operand("date", code.around.record("act", row))
    if name == "ended":
        return code.around.ended(row, code)  # type: ignore[no-any-return]
    if name == "kind":
        return Operand("code", f"K[{code.around.kind_codes} + {code.around.record('kind', row)}]")
    if name == "occurrence":
        return Operand("occurrence", code.around.record("occurrence", row))
    return attribute(name, row, code)


def attribute(name: str, row: str, code: Expressions) -> Operand:
    """Return an attribute or date of a record, and what is missing where it has none."""
    if name not in code.words.attributes.numbers:
        return replace(_nothing(name, code), lacking=str(SEVERAL))
    form = _nothing(name, code)
    text = code.set(code.around.record(name, row))
    lacking = code.set("0", "u")
    with code.under(f"if {text} == {code.around.absent(name)}:"):
        code.put(f"{text} = 0", f"{lacking} = {code.words.absent(code.around.record('kind', row), name)}")
    bits = ATTRIBUTE_BITS if form.kind == "number" else form.bits
    return replace(form, text=f"({text} != 0)" if form.kind == "flag" else text, lacking=lacking, bits=bits)


def of_item(name: str, of: RecordScope, code: Expressions) -> Operand:
    """Return a field of an item."""
    policy, item = code.words.policy, of.item
    if item is None:
        return replace(_nothing(f"item.{name}", code), lacking=str(code.words.fact(f"item.{name}")))
    if name == "points":
        return _points(of, code)
    if name == "id":
        return Operand("code", f"K[{item} + {IDENTIFIER}]")
    place = GRADE if name == "grade" else LEVEL
    if all(getattr(one, name) is not None for one in policy.items):
        return Operand("code", f"K[{item} + {place}]")
    text = code.set(f"K[{item} + {place}]")
    return Operand("code", text, code.set(f"{code.words.fact(f'item.{name}')} if {text} < 0 else 0", "u"))


def _points(of: RecordScope, code: Expressions) -> Operand:
    """Return the points of an item, or those that the record gives within its range."""
    item, scale = of.item, code.words.points_scale
    policy = code.words.policy
    points = Operand("number", f"K[{item} + {POINTS}]", scale=scale, bits=code.words.points_bits)
    ranged = any(one.range is not None for one in policy.items)
    if not ranged and all(one.points is not None for one in policy.items):
        return points
    outside = code.words.outside(f"K[{item} + {PLACE}]")
    text, lacking = code.set(points.text), code.set(f"0 if K[{item} + {HAS_POINTS}] == 1 else {outside}", "u")
    with code.under(f"if K[{item} + {HAS_POINTS}] == 0:"):
        code.put(f"{lacking} = {code.words.fact('item.points')}")
    if ranged and of.row is not None:
        with code.under(f"elif K[{item} + {HAS_POINTS}] == 2:"):
            given = attribute("assessed", of.row, code)
            within = f"K[{item} + {LEAST}] <= {code.at(given, scale * given.scale).text} <= K[{item} + {MOST}]"
            fits = code.set(within if given.lacking is None else f"{given.lacking} == 0 and {within}")
            units = code.at(given, scale * given.scale).text
            with code.under(f"if {fits} and {units} % {given.scale} == 0:"):
                code.put(f"{text} = {units} // {given.scale}", f"{lacking} = 0")
    return replace(points, text=text, lacking=lacking)


@dataclass(frozen=True)
class EntryScope:
    """An entry at `entry`, of one of these rules; `outer` is what stands around."""

    entry: str
    rules: Sequence[int]
    outer: Scope

    def name(self, name: str, code: Expressions) -> Operand:
        """Return what a name stands for."""
        around, words = code.around, code.words
        if name.startswith("this."):
            return self.outer.name(name, code)
        if name in OWN:
            return self._own(name, code)
        rules = [list(words.policy.entries.values())[rule] for rule in self.rules]
        if name in words.policy.values:
            return around.value_of(name, code)  # type: ignore[no-any-return]
        row = code.set(around.entry("REC", self.entry), "r")
        item = code.set(around.entry("ITEM", self.entry), "i") if any(rule.items for rule in rules) else None
        if name in ("item", "level"):
            return self._of_item(name, item, code)
        perhaps = any(rule.when or set(rule.kinds) & set(words.policy.measures) for rule in rules)
        return of_record(name, RecordScope(row, item, perhaps), code)

    def _fact(self, name: str, code: Expressions) -> str:
        rules = list(code.words.policy.entries)
        return str(code.words.fact(f"{rules[self.rules[0]]}.{name}") if len(self.rules) == 1 else SEVERAL)

    def _own(self, name: str, code: Expressions) -> Operand:
        around, words = code.around, code.words
        if name in ("placed", "start", "until"):
            return Operand("date", around.entry(name.upper(), self.entry))
        if name == "rule":
            return Operand("code", f"K[{around.rule_codes} + {around.entry('RULE', self.entry)}]")
        rules = list(words.policy.entries.values())
        if name == "grade":
            text = code.set(around.entry("GRADE", self.entry))
            none = f"{self._fact('grade', code)} if {text} == -1 else {around.entry('GRADELACK', self.entry)}"
            return Operand("code", text, code.set(none, "u"))
        having = [rule for rule in self.rules if rules[rule].amount is not None]
        amount: Operand = around.amount(self.entry)
        if len(having) == len(self.rules):
            return amount
        doubt = around.entry("DOUBT", self.entry)
        lacking = code.set(f"{doubt} if {doubt} != 0 else {self._fact('amount', code)}", "u")
        if having:
            tests = " or ".join(f"{around.entry('RULE', self.entry)} == {rule}" for rule in having)
            with code.under(f"if {tests}:"):
                code.put(f"{lacking} = {amount.lacking or '0'}")
        return replace(amount, lacking=lacking)

    def _of_item(self, name: str, item: str | None, code: Expressions) -> Operand:
        if item is None:
            return Operand("code", "0", self._fact(name, code))
        place = IDENTIFIER if name == "item" else LEVEL
        text, lacking = code.set("0"), code.set(self._fact(name, code), "u")
        with code.under(f"if {item} >= 0 and K[{item} + {place}] >= 0:"):
            code.put(f"{text} = K[{item} + {place}]", f"{lacking} = 0")
        return Operand("code", text, lacking)
