"""A scheme's items as rows of numbers, and the few forms that their conditions have."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from goodstanding.engine.compiled.coding import MOST_BITS, Operand, UncompiledError, scale_of, whole
from goodstanding.engine.compiled.expressing import Expressions, Scope
from goodstanding.engine.compiled.scopes import FORM, SLOTS, RecordScope
from goodstanding.engine.compiled.vocabulary import SUBJECTS, day_number
from goodstanding.engine.evaluation import parsed
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Item

_PLAIN = (ex.Name, ex.Number, ex.Code, ex.Codes, ex.Not, ex.Date)


class Items:
    """The items of a policy: a row each; conditions that differ in their numbers and codes only have one form."""

    def __init__(self, layout: Any) -> None:
        """Put the rows into the table."""
        self.layout, self.words = layout, layout.words
        self.items: tuple[Item, ...] = layout.policy.items
        self.forms: dict[str, ex.Node] = {}
        self._places: dict[str, int] = {}
        self.rows = [self._row(place, item) for place, item in enumerate(self.items)]
        self.starts = _starts(self.rows)
        self.base = self.words.table.run([number for row in self.rows for number in row], "items")

    def _row(self, place: int, item: Item) -> list[int]:
        codes, scale = self.words.codes, self.words.points_scale
        form = 0
        slots: list[int] = []
        if item.where:
            node = parsed(item.where)
            key, slots = skeleton(node, self.words)
            form = self._places.setdefault(key, len(self._places) + 1)
            self.forms.setdefault(key, node)
        least, most = item.range or (Fraction(0), Fraction(0))
        if scale % scale_of([least, most]):
            raise UncompiledError("a range of points finer than the points")
        return [
            form,
            codes.number(item.id),
            2 if item.range else int(item.points is not None),
            whole(item.points or Fraction(0), scale),
            self._bound(least),
            self._bound(most),
            codes.number(item.grade) if item.grade is not None else -1,
            codes.number(item.level) if item.level is not None else -1,
            place,
            *slots,
        ]

    def _bound(self, bound: Fraction) -> int:
        """Return an end of a range in units of the points and of what the record gives."""
        attribute = self.words.catalogue.attributes.get("assessed")
        given = 10**attribute.scale if attribute else 1
        return whole(bound, self.words.points_scale * given)

    def candidates(self, class_: str, row: str, code: Expressions) -> tuple[str, str]:
        """Return the places of a run of items of a class that a record can match, by its kind and subject."""
        firsts: list[int] = []
        numbers: list[int] = []
        fitting: dict[tuple[str, str], list[int]] = {}
        for place, item in enumerate(self.items):
            if item.class_ == class_:
                fitting.setdefault((item.kind, item.subject), []).append(self.starts[place])
        for kind in self.words.kinds.things:
            for subject in SUBJECTS:
                firsts.append(len(numbers))
                numbers += fitting.get((kind, subject), [])
        firsts.append(len(numbers))
        run, heads = self.words.table.run(numbers, ("fits", class_)), self.words.table.run(firsts, ("firsts", class_))
        around = code.around
        key = code.set(f"{heads} + {len(SUBJECTS)} * {around.record('KIND', row)} + {around.is_a}", "k")
        return f"{run} + K[{key}]", f"{run} + K[{key} + 1]"

    def fits(self, class_: str, row: str, code: Expressions) -> Operand | None:
        """Return whether the record at a row matches the item `i`; None where every item of the class matches."""
        used = {row[FORM] for row, item in zip(self.rows, self.items, strict=True) if item.class_ == class_}
        if used <= {0}:
            return None
        asked = Operand("flag", code.set("True", "fit"), code.set("0", "u"))
        form, word = code.set("K[i]", "form"), "if"
        for number, node in enumerate(self.forms.values(), start=1):
            if number in used:
                with code.under(f"{word} {form} == {number}:"):
                    found = _Slotted(code, RecordScope(row, "i")).value(node)
                    code.put(f"{asked.text} = {found.text}")
                    if found.lacking is not None:
                        code.put(f"{asked.lacking} = {found.lacking}")
                word = "elif"
        return asked


def _starts(rows: list[list[int]]) -> list[int]:
    starts, total = [], 0
    for row in rows:
        starts.append(total)
        total += len(row)
    return starts


def skeleton(node: ex.Node, words: Any) -> tuple[str, list[int]]:
    """Return a condition without its numbers, and these; one with more than comparisons keeps its own."""
    nodes = list(ex.walk(node))
    working = ("after", "beginning", "+", "-", "*", "/")
    if any(not isinstance(one, _PLAIN) and (not isinstance(one, ex.Binary) or one.sign in working) for one in nodes):
        return repr(node), []
    return _without(node), [_slot(one, words) for one in nodes if isinstance(one, ex.Number | ex.Code | ex.Date)]


def _without(node: ex.Node) -> str:
    match node:
        case ex.Number(value):
            return f"number/{scale_of([value])}"
        case ex.Code():
            return "code"
        case ex.Date():
            return "date"
        case ex.Name(name):
            return name
        case ex.Binary(sign, left, right):
            return f"({_without(left)} {sign} {_without(right)})"
    return f"{type(node).__name__}({', '.join(map(_without, ex.children(node)))})"


def _slot(node: ex.Node, words: Any) -> int:
    match node:
        case ex.Number(value):
            return whole(value, scale_of([value]))
        case ex.Date(day):
            return day_number(day)
        case ex.Code(text):
            return int(words.codes.number(text))
    raise AssertionError(node)


class _Slotted:
    """Replaces the numbers of a condition by names that stand for places in the item's row."""

    def __init__(self, code: Expressions, scope: Scope) -> None:
        self.code, self.scope, self.place = code, scope, SLOTS

    def value(self, node: ex.Node) -> Operand:
        """Return the value of a condition."""
        _, slots = skeleton(node, self.code.words)
        return self.code.value(self._named(node), self) if slots else self.code.value(node, self.scope)

    def _named(self, node: ex.Node) -> ex.Node:
        match node:
            case ex.Number(value):
                return self._next(f"number/{scale_of([value])}")
            case ex.Code():
                return self._next("code/1")
            case ex.Date():
                return self._next("date/1")
            case ex.Binary(sign, left, right):
                return ex.Binary(sign, self._named(left), self._named(right))
            case ex.Not(inner):
                return ex.Not(self._named(inner))
            case ex.Codes(items):
                return ex.Codes(tuple(map(self._named, items)))
        return node

    def _next(self, what: str) -> ex.Node:
        self.place += 1
        return ex.Name(f"slot/{what}/{self.place - 1}")

    def name(self, name: str, code: Expressions) -> Operand:
        """Return a number of the item's row, or what another name stands for."""
        if not name.startswith("slot/"):
            return self.scope.name(name, code)
        _, kind, scale, place = name.split("/")
        return Operand(kind, f"K[i + {place}]", scale=int(scale), bits=MOST_BITS)
