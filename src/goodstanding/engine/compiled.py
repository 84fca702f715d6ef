"""A policy as tables of small integers: items, cells of tables, ladders, bands.

Made for one policy and catalogue, and for one set of records, whose codes are numbered beside its own. What it holds
is the policy's meaning and nothing else; `lowering` brings records into the same form and `batch` judges them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from goodstanding.engine.columns import LARGEST, NO_CODE, Array, Column, Missing, Numbered, bounded, evaluate
from goodstanding.engine.entries import ENDING, parsed
from goodstanding.engine.evaluation import Surroundings
from goodstanding.engine.evaluation import evaluate as evaluate_exactly
from goodstanding.engine.kernels import NO_CAP
from goodstanding.engine.standing import Unknown
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.facts.errors import InputError
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of
from goodstanding.policy.model import EntryRule, Ladder, Policy, Share

SUBJECTS: tuple[Subject, ...] = ("person", "organisation", "thing")
"""What a subject is, by number."""


@dataclass(frozen=True)
class Rungs:
    """A ladder of points for running totals in whole 1/scale units; the points are in whole 1/unit units.

    brackets: rows of over, top, each, points. steps: rows of at, points. cap: NO_CAP where there is none.
    """

    brackets: Array
    steps: Array
    cap: int
    scale: int
    unit: int

    def bound(self, total: int) -> int:
        """Return how large a share can be, for totals of at most this size. Raises InputError where it is too large."""
        size = sum((total + abs(int(over))) // abs(int(each)) + 1 for over, _, each, _ in self.brackets)
        points = max((abs(int(points)) for points in self.brackets[:, 3]), default=0)
        step = max((abs(int(points)) for points in self.steps[:, 1]), default=0)
        return bounded(2 * (size * points + step))


@dataclass(frozen=True)
class Bands:
    """A ladder's bands, lowest first, for a value in whole 1/scale units: both edges of each, and its grade's code."""

    least: Array
    most: Array
    grade: Array
    scale: int


class Compiled:
    """One policy under one catalogue as tables; also the scope of expressions over its items."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        """Number the policy's own codes, its grades first: a grade's code is its place, 0 the best.

        Codes of records are to be numbered before the first expression is evaluated.
        """
        self.policy, self.catalogue = policy, catalogue
        self.codes: Numbered[str] = Numbered(*policy.grades.order)
        self.durations: Numbered[ex.Duration] = Numbered()
        self.missing = Missing()
        self.kinds = Numbered(*sorted(policy.kinds | {ENDING}))
        self._cells: dict[str, Column] = {}
        self._absences: dict[str, Array] = {}
        self._folded: dict[ex.Node, Column] = {}
        for text in _expressions(policy):
            self._number(parsed(text))
        for item in policy.items:
            for code in (item.id, item.level, item.grade):
                self.codes.number(code or "")

    def _number(self, node: ex.Node) -> None:
        if isinstance(node, ex.Code):
            self.codes.number(node.text)
        elif isinstance(node, ex.Duration):
            self.durations.number(node)
        for child in ex.children(node):
            self._number(child)

    @cached_property
    def reads(self) -> set[str]:
        """The attributes and dates of a record, `act` excepted, that a rule or an item reads."""
        texts = [item.where for item in self.policy.items if item.where]
        texts += [text for rule in self.policy.entries.values() for text in _of_rule(rule)]
        names = set[str]().union(*(names_in(parsed(text)) for text in texts))
        return {name for name in names if not name.startswith("item.")} - {"act", "ended"}

    @cached_property
    def divides(self) -> bool:
        """Whether an expression divides by more than a number, so that what comes out may need any decimals."""
        return any(_divides(parsed(text)) for text in _expressions(self.policy))

    def absences(self, name: str) -> Array:
        """Return what is missing where a record has no attribute or date of this name, by number of its kind."""
        if name not in self._absences:
            sets = [self.missing.named(f"{kind}.{name}") for kind in self.kinds.things]
            self._absences[name] = np.array(sets, np.int32)
        return self._absences[name]

    def items_for(self, class_: str, kind: str, is_a: int) -> list[int]:
        """Return the places of the items of a class that records of this kind on such a subject can match."""
        return self._items_by.get((class_, kind, SUBJECTS[is_a]), [])

    def most_items(self, rule: EntryRule) -> int:
        """Return how many entries of a rule one record can open at most."""
        places = [found for (class_, _, _), found in self._items_by.items() if class_ == rule.items]
        return max(map(len, places), default=1)

    @cached_property
    def _items_by(self) -> dict[tuple[str, str, str], list[int]]:
        found: dict[tuple[str, str, str], list[int]] = {}
        for place, item in enumerate(self.policy.items):
            found.setdefault((item.class_, item.kind, item.subject), []).append(place)
        return found

    def name(self, name: str) -> Column:
        """Return a field of all items. Points that an item does not have are left to the exact evaluator."""
        values = [getattr(item, name.removeprefix("item.")) for item in self.policy.items]
        if name == "item.points":
            gone = np.array([value is None for value in values])
            return _numbers([value or Fraction(0) for value in values], exact=gone if gone.any() else None)
        return Column(np.array([NO_CODE if one is None else self.codes.number(one) for one in values], np.int32))

    def function(self, function: str, name: str) -> Column:
        """Never called: the reader lets no function into an expression over items."""
        raise AssertionError(function, name)

    def folded(self, node: ex.Node) -> Column | None:
        """Return None: over items every node is worked out."""

    def over_items(self, node: ex.Node) -> Column | None:
        """Return the value, by place of the item, of an expression that reads nothing but the item; else None."""
        names = names_in(node)
        if not names or not all(name.startswith("item.") for name in names):
            return None
        if node not in self._folded:
            self._folded[node] = evaluate(node, self)
        return self._folded[node]

    def cells(self, table: str) -> Column:
        """Return a table's cells by number of the code, the last for NO_CODE; a cell that is not there lacks itself."""
        if table not in self._cells:
            around, cells = Surroundings(lambda name: name, self.policy.tables), self.policy.tables[table].map or {}
            keys = [*self.codes.things, None]
            self._cells[table] = self._column(
                [evaluate_exactly(parsed(cells[key]), around) if key in cells else _no_cell(table, key) for key in keys]
            )
        return self._cells[table]

    def _column(self, values: Sequence[Any]) -> Column:
        """Return numbers, truths, codes or durations as a column, whatever the first that is known is."""
        lacking = np.array([self.missing.number(v.missing) if isinstance(v, Unknown) else 0 for v in values], np.int32)
        known = next((value for value in values if not isinstance(value, Unknown)), None)
        if isinstance(known, Fraction):
            return _numbers([Fraction(0) if isinstance(value, Unknown) else value for value in values], lacking)
        if isinstance(known, bool):
            return Column(np.array([value is True for value in values]), lacking)
        number: Any = self.codes.number if isinstance(known, str) else self.durations.number
        return Column(np.array([0 if isinstance(v, Unknown) else number(v) for v in values], np.int32), lacking)

    def rungs(self, share: Share, scale: int) -> Rungs:
        """Return a ladder for running totals in whole 1/scale units, in units in which its own numbers are whole."""
        table = self.policy.tables[share.share]
        brackets, steps = table.brackets or (), table.steps or ()
        if any(bracket.each == 0 for bracket in brackets):
            raise InputError(f"table {share.share}: found a bracket for each 0, expected another number")
        edges = [edge for one in brackets for edge in (one.over, one.each)] + [one.at for one in steps]
        points = [one.points for one in brackets] + [one.points for one in steps]
        points += [] if table.cap is None else [table.cap]
        scale, unit = _scale_of(edges, scale), _scale_of(points)
        tops = [_units(one.over, scale) for one in brackets[1:]] + [NO_CAP]
        rows = [
            (_units(one.over, scale), top, _units(one.each, scale), _units(one.points, unit))
            for one, top in zip(brackets, tops, strict=False)
        ]
        rises = [(_units(one.at, scale), _units(one.points, unit)) for one in steps]
        cap = NO_CAP if table.cap is None else _units(table.cap, unit)
        tables = np.array(rows, np.int64).reshape(-1, 4), np.array(rises, np.int64).reshape(-1, 2)
        return Rungs(*tables, cap, scale, unit)

    def bands(self, ladder: Ladder, scale: int) -> Bands:
        """Return a ladder's bands for a value in whole 1/scale units, in units in which their edges are whole."""
        bands = bands_of(ladder)
        scale = _scale_of([edge for band in bands for edge in (band.least, band.most) if edge is not None], scale)
        return Bands(
            np.array([-LARGEST if band.least is None else _units(band.least, scale) for band in bands], np.int64),
            np.array([LARGEST if band.most is None else _units(band.most, scale) for band in bands], np.int64),
            np.array([self.codes.number(band.grade) for band in bands], np.int32),
            scale,
        )


def _no_cell(table: str, key: str | None) -> Unknown:
    return Unknown(frozenset({f"{table}[{key}]"}))


@cache
def names_in(node: ex.Node) -> frozenset[str]:
    """Return every name that an expression reads."""
    return frozenset(ex.names_in(node))


def _divides(node: ex.Node) -> bool:
    own = isinstance(node, ex.Binary) and node.sign == "/" and not isinstance(node.right, ex.Number)
    return own or any(_divides(child) for child in ex.children(node))


def _of_rule(rule: EntryRule) -> Iterator[str]:
    amount = rule.amount.running if isinstance(rule.amount, Share) else rule.amount
    yield from (text for text in (amount, rule.grade, rule.counts.start, rule.counts.until) if text)


def _expressions(policy: Policy) -> Iterator[str]:
    for rule in policy.entries.values():
        yield from _of_rule(rule)
    for table in policy.tables.values():
        yield from (table.map or {}).values()
    for override in policy.grades.overrides:
        yield from (override.grade, override.when)
    yield from (item.where for item in policy.items if item.where)
    yield from (account.held_while for account in policy.accounts.values() if account.held_while)
    yield from (value.expression for value in policy.values.values())
    yield from (row.when for row in policy.unrated)


def _scale_of(numbers: Sequence[Fraction], scale: int = 1) -> int:
    return math.lcm(scale, *(number.denominator for number in numbers))


def _units(number: Fraction, scale: int) -> int:
    whole = int(number * scale)
    bounded(abs(whole))
    return whole


def _numbers(values: Sequence[Fraction], lacking: Array | None = None, exact: Array | None = None) -> Column:
    scale = _scale_of(values)
    units = [_units(value, scale) for value in values]
    bound = max((abs(unit) for unit in units), default=0)
    return Column(np.array(units, np.int64), lacking, scale, bound, exact)
