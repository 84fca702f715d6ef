"""What a policy speaks of, by number: codes, kinds, attributes, missing facts, items, ladders, bands, the calendar.

The numbers of a policy's amounts, days and edges go into one table that generated code reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Generic, TypeVar

from goodstanding.engine.compiled.coding import CONSTANT_BITS, Table, bits_of, scale_of, whole
from goodstanding.engine.compiled.primitives import FACT_BITS, SETS, SEVERAL, first_day
from goodstanding.engine.state import ENDING, NO_GRADE
from goodstanding.engine.timeline import ranks
from goodstanding.facts.catalogue import Catalogue, Subject
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of
from goodstanding.policy.model import Ladder, Policy
from goodstanding.policy.occurrences import occurrences

Thing = TypeVar("Thing", bound=Hashable)
SUBJECTS: tuple[Subject, ...] = ("person", "organisation", "thing")
"""What a subject is, by number."""
EPOCH = dt.date(1970, 1, 1).toordinal()
DATES = ("act", "decided", "final")
_CELL, _RANK = 1 << 32, 1 << 52
_MONTHS = [first_day(1950 * 12 + month) for month in range(3001)]
"""The first days of months from January 1950 on, as `near_end` reads them."""
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def day_number(day: dt.date) -> int:
    """Return a day as days since 1970-01-01."""
    return day.toordinal() - EPOCH


class Numbered(Generic[Thing]):
    """Things in the order in which they came up first, each with its number."""

    def __init__(self, *first: Thing) -> None:
        """Number the first things from 0."""
        self.numbers: dict[Thing, int] = {}
        for thing in first:
            self.number(thing)

    @property
    def things(self) -> list[Thing]:
        """Everything that has a number."""
        return list(self.numbers)

    def number(self, thing: Thing) -> int:
        """Return the number of a thing, a new one where it has none yet."""
        return self.numbers.setdefault(thing, len(self.numbers))


class Vocabulary:
    """What one policy under one catalogue speaks of. A grade's code is its place, 0 the best."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        """Number all that the policy names."""
        self.policy, self.catalogue, self.table = policy, catalogue, Table()
        self.table.run(_MONTHS, "months")
        self.codes: Numbered[str] = Numbered(*policy.grades.order, NO_GRADE)
        self.kinds = Numbered(*sorted(policy.kinds | {ENDING}))
        self.rules = Numbered(*policy.entries)
        self.ranks = ranks(policy)
        self._facts: Numbered[str] = Numbered()
        self._tables: Numbered[str] = Numbered()
        # What would better a standing is no part of it.
        nodes = [one.node for one in occurrences(policy) if one.path[0] != "repairs"]
        self.attributes = Numbered(*sorted(self._read(nodes)))
        self.tells_apart = self._tells_apart(nodes)
        for code in _codes(policy, nodes):
            self.codes.number(code)
        for name in (*self.kinds.things, *self.rules.things):
            self.codes.number(name)
        for name in self.attributes.things:
            attribute = catalogue.attributes.get(name)
            for code in catalogue.codes.get(attribute.codes or "", ()) if attribute else ():
                self.codes.number(code)

    def _read(self, nodes: list[ex.Node]) -> Iterator[str]:
        names = set[str]().union(*map(ex.names_in, nodes))
        names = {name.removeprefix("this.") for name in names}
        known = {*DATES, *self.catalogue.attributes}
        ranged = {"assessed"} if any(item.range is not None for item in self.policy.items) else set()
        reasons = {row.because.partition(".")[2] for row in self.policy.unrated}
        yield from (name for name in (names | ranged | reasons) - {"act"} if name in known)

    def _tells_apart(self, nodes: list[ex.Node]) -> bool:
        """Whether it matters which records are of one occurrence, but for their order."""
        named = {name.removeprefix("this.") for node in nodes for name in ex.names_in(node)}
        going_on = any(
            kind in self.catalogue.kinds and self.catalogue.kinds[kind].continuing for kind in self.kinds.things
        )
        among = any(rule.choose or rule.unless or rule.ended_by for rule in self.policy.entries.values())
        return going_on or among or "occurrence" in named

    def fact(self, name: str) -> int:
        """Return the number of one missing fact that is always called the same."""
        return self._first_fact() + self._facts.number(name)

    def _first_outside(self) -> int:
        """Return the number of the first fact that is no lack of an attribute: being outside the first item's range."""
        return 1 + len(self.attributes.things) * len(self.kinds.things)

    def _first_fact(self) -> int:
        """Return the number of the first fact that is always called the same."""
        return self._first_outside() + len(self.policy.items)

    def absent(self, kind: str, name: str) -> str:
        """Return the text of the fact that a record of a kind (a text of code) lacks an attribute."""
        return f"{1 + self.attributes.number(name)} + {len(self.attributes.things)} * {kind}"

    def cell(self, table: str, kind: str, place: str) -> str:
        """Return the text of the fact that a table has no cell for a code."""
        if kind != "code":
            return str(SEVERAL)
        return f"{(1 + self._tables.number(table)) * _CELL} + {place}"

    def rank(self, code: str) -> str:
        """Return the text of the fact that a code is not among the grades."""
        return f"{_RANK} + {code}"

    def outside(self, item: str) -> str:
        """Return the text of the fact that a record gives no points within the range of an item, by its place."""
        return f"{self._first_outside()} + {item}"

    def missing(self, lacking: int, codes: list[str]) -> str:
        """Return the names of what is missing, a fact or a set, sorted; `codes` are those of the records too."""
        if lacking < SETS:
            return self._missing(lacking, codes)
        facts = [lacking >> place & (1 << FACT_BITS) - 1 for place in range(0, 60, FACT_BITS)]
        return ", ".join(sorted({self._missing(fact, codes) for fact in facts if fact}))

    def _missing(self, fact: int, codes: list[str]) -> str:
        if fact >= _RANK:
            return f"{codes[fact - _RANK]} among the grades"
        if fact >= _CELL:
            return f"{self._tables.things[fact // _CELL - 1]}[{codes[fact % _CELL]}]"
        if fact >= self._first_fact():
            return self._facts.things[fact - self._first_fact()]
        if fact >= self._first_outside():
            item = self.policy.items[fact - self._first_outside()]
            assert item.range is not None
            return f"{item.kind}.assessed from {item.range[0]} to {item.range[1]}"
        kind, name = divmod(fact - 1, len(self.attributes.things))
        return f"{self.kinds.things[kind]}.{self.attributes.things[name]}"

    def ladder(self, name: str, scale: int) -> tuple[str, int]:
        """Return the place of a ladder for totals in whole 1/scale units, and the units of its points."""
        table = self.policy.tables[name]
        brackets, steps = table.brackets or (), table.steps or ()
        edges = [edge for one in brackets for edge in (one.over, one.each)] + [one.at for one in steps]
        points = [one.points for one in brackets] + [one.points for one in steps]
        unit = scale_of(points + ([] if table.cap is None else [table.cap]))
        fine = lcm(scale, *(edge.denominator for edge in edges))
        cap = 0 if table.cap is None else whole(table.cap, unit)
        row = [len(brackets), len(steps), int(table.cap is not None), cap, fine // scale]
        for bracket in brackets:
            row += [whole(bracket.over, fine), whole(bracket.each, fine), whole(bracket.points, unit)]
        for step in steps:
            row += [whole(step.at, fine), whole(step.points, unit)]
        return self.table.run(row, ("ladder", name, scale)), unit

    def bands(self, ladder: Ladder, scale: int, place: int) -> tuple[str, str, str]:
        """Return the places of a ladder's bands, how many they are, and by what a value in 1/scale is multiplied."""
        bands = bands_of(ladder)
        edges = [edge for band in bands for edge in (band.least, band.most) if edge is not None]
        fine = lcm(scale, *(edge.denominator for edge in edges))
        rows = []
        for band in bands:
            rows.append(-(2**62) if band.least is None else whole(band.least, fine))
            rows.append(2**62 if band.most is None else whole(band.most, fine))
            rows.append(self.codes.number(band.grade))
        many = self.table.number(len(bands), ("bands many", place))
        return self.table.run(rows, ("bands", place)), many, self.table.number(fine // scale, ("bands by", place))

    def calendar(self) -> str:
        """Return the place of the calendar: where its days of the week begin, its holidays, its worked days, its end.

        The places themselves are counted from the table's beginning, and known only when it is complete.
        """
        calendar = self.policy.calendar
        rest = [int(name in (calendar.rest if calendar else ())) for name in _WEEK]
        holidays = sorted(map(day_number, calendar.holidays)) if calendar else []
        worked = sorted(map(day_number, calendar.worked)) if calendar else []
        first = self.table.run(rest, "calendar rest")
        self.table.run(holidays, "calendar holidays")
        self.table.run(worked, "calendar worked")
        self.table.run([], "calendar end")
        return first.removeprefix("K[").removesuffix("]")

    @cached_property
    def points_scale(self) -> int:
        """Return the units in which the points of all items are whole."""
        points: list[Fraction] = [item.points for item in self.policy.items if item.points is not None]
        return scale_of(points)

    @cached_property
    def points_bits(self) -> int:
        """Return what the points of all items, and those that records give within a range, are below."""
        points = [item.points for item in self.policy.items if item.points is not None]
        points += [end for item in self.policy.items if item.range is not None for end in item.range]
        return max((bits_of(whole(one, self.points_scale)) for one in points), default=CONSTANT_BITS)


def _codes(policy: Policy, nodes: Iterable[ex.Node]) -> Iterator[str]:
    """Yield every code that a policy names."""
    for node in nodes:
        yield from (one.text for one in ex.walk(node) if isinstance(one, ex.Code))
    for table in policy.tables.values():
        yield from table.map or ()
    for item in policy.items:
        yield from (field for field in (item.id, item.level, item.grade) if field is not None)
