"""The program of a policy with its memory: what it is given, and what it answers, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goodstanding.engine.compiled import running
from goodstanding.engine.compiled.closing import Closing
from goodstanding.engine.compiled.coding import SUM_BITS, UncompiledError
from goodstanding.engine.compiled.folding import Program, is_straight, program
from goodstanding.engine.compiled.layout import answers_of, label
from goodstanding.engine.compiled.scopes import PLACE
from goodstanding.engine.compiled.snapshot import Array, Snapshot
from goodstanding.engine.compiled.vocabulary import Vocabulary
from goodstanding.facts.catalogue import Catalogue
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Policy
from goodstanding.policy.occurrences import occurrences

_ROOM = 1 << 24
"""Numbers that one answer's entries take at most at a time."""
_SPARE = 64
"""Entries that a subject may have beside those that its records open."""


@dataclass(frozen=True)
class Memory:
    """What a program reads of all subjects: D, offsets, is_a, and how much a subject may need."""

    facts: list[Array]
    offsets: Array
    is_a: Array
    most: int


@dataclass(frozen=True)
class Gathered:
    """The entries of a range of subjects, and where those of each begin; with whether it is handed over."""

    bounds: tuple[int, int]
    entries: Array
    starts: Array


@dataclass(frozen=True)
class _Ask:
    """From which subject to which, on which day, with which entries, and whose answers stand first in the table.

    keep: 0 no entries, 1 those of the day, 2 those of all records, 3 by those that were made so.
    """

    first: int
    last: int
    on: int
    keep: int
    answers: int


class Answers:
    """What a program answers of a range of subjects, and their entries where they were asked for."""

    def __init__(self, table: Array, fields: list[str], entries: dict[str, Array] | None) -> None:
        """Take answers, a row a subject, whose fields are so named."""
        self.table, self.fields, self._entries = table, fields, entries

    def __getitem__(self, name: str) -> Array:
        """Return one field of all subjects."""
        found: Array = self.table[:, self.fields.index(name)]
        return found

    def measure(self, name: str) -> Array:
        """Return the states of a measure: 0 none, 1 pending, 2 in force."""
        return self[f"M_{label(name)}"]

    def decision(self, name: str) -> Array:
        """Return which case of a decision was given, -1 for the one that stands otherwise."""
        return self[f"C_{label(name)}"]

    def entries_of(self, kept: Array) -> dict[str, Array]:
        """Return the entries of these subjects, field by field."""
        assert self._entries is not None
        rows = kept[self._entries["SUBJECT"]]
        return {name: field[rows] for name, field in self._entries.items()}

    @staticmethod
    def joined(parts: list[Answers]) -> Answers:
        """Return the answers of all ranges as one, without entries; they mostly are parts of one table already."""
        whole, many = parts[0].table.base, sum(len(part.table) for part in parts)
        if whole is None or whole.shape != (many, len(parts[0].fields)):
            whole = np.concatenate([part.table for part in parts])
        return Answers(whole, parts[0].fields, None)


class Runner:
    """A policy under a catalogue, ready to be run over snapshots."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        """Make the program; a policy that is not compiled leaves everything to the exact evaluator."""
        self.policy = policy
        self.program: Program | None = None
        self.why = ""
        try:
            self.program = program(policy, catalogue)
            self.words = self.program.words
        except UncompiledError as error:
            self.why = str(error)
            self.words = Vocabulary(policy, catalogue)
        self.having = np.array([rule.amount is not None for rule in policy.entries.values()])
        self.answers = answers_of(policy)
        self.divides = _divides(policy)
        self.straight = is_straight(policy)
        self.gathers = self.straight and bool(policy.items) and "ended" not in _read_late(policy)
        """Whether making entries, which find their items, costs more than to read them again from memory."""
        self._numbers = np.array(self.program.numbers if self.program else [], np.int64)
        self.amount_scale, self.score_scale = 1, 1
        if self.program is not None:
            self.amount_scale = self.program.layout.form.scale
            self.score_scale = Closing(self.program.layout).score_scale()

    def memory(self, snapshot: Snapshot) -> Memory:
        """Return a snapshot in the form that the program reads: a column for each field, those of days of 32 bits."""
        if self.program is None:
            return Memory([], snapshot.offsets, snapshot.is_a, 0)
        named = {f"F_{label(name)}": name for name in self.words.attributes.things}
        columns = [self._column(named.get(field, field), snapshot) for field in self.program.fields]
        return Memory(columns, snapshot.offsets, snapshot.is_a, int(np.diff(snapshot.offsets).max(initial=0)))

    def _column(self, name: str, snapshot: Snapshot) -> Array:
        if name == "ORDER":
            cells = np.zeros(0, np.int32) if self.straight else snapshot.orders()
        elif name in ("KNOWN", "WITHDRAWN"):
            cells = snapshot.day_column(name.lower())
        else:
            cells = snapshot.columns[name]
        assert self.program is not None
        wide = self.program.layout.wide(name)
        return np.ascontiguousarray(cells, np.int64 if wide else np.int32)

    def _rooms(self, most: int) -> dict[str, int]:
        """Return how many numbers each part of a program's own memory holds, for subjects of so many records."""
        assert self.program is not None
        opening = sum(not rule.when for rule in self.policy.entries.values())
        entries = min(most * self._per_record() + _SPARE, (1 << SUM_BITS) - 1)
        return {
            "E": entries * self.program.width,
            "L": most + 1,
            "S": self.program.states,
            "V": most * (opening + 1) + 1,
            "X": most * (opening + 1) + 1,
        }

    def _per_record(self) -> int:
        """Return how many entries a record may open, so that there is room; where there is not, it is handed over."""
        return max(4, min(2 * sum(not rule.when for rule in self.policy.entries.values()), 12))

    def plainly(self, memory: Memory, bounds: tuple[int, int], on: int, entries: bool) -> Answers:
        """Run the program as plain Python."""
        first, last = bounds
        width = len(self.answers)
        table = [0] * (last * width)
        if self.program is None:
            return self._by_hand(last - first)
        names, rooms = running.plain(self.program.source), self._rooms(memory.most)
        own = {name: [0] * size for name, size in rooms.items()}
        own["S"][names["CAPACITY"]] = rooms["E"]
        kept: list[int] = []
        facts, offsets, is_a = [one.tolist() for one in memory.facts], memory.offsets.tolist(), memory.is_a.tolist()
        subject = first
        while subject < last:
            room = [0] * (rooms["E"] * (2 if entries else 0))
            own["S"][names["ROOM"]] = len(room)
            parts = (facts, self.program.numbers, table, room, *own.values())
            subject = names["judge"](subject, last, on, on, int(entries), offsets, is_a, *parts)
            used = own["S"][names["USED"]]
            kept += room[:used]
        whole = np.array(table, np.int64).reshape(-1, width)[first:]
        return Answers(whole, self.answers, self._fields(np.array(kept, np.int64)) if entries else None)

    def room(self, memory: Memory) -> Array:
        """Return a table for the answers of all subjects."""
        return np.empty((len(memory.is_a), len(self.answers)), np.int64)

    def compiled(self, memory: Memory, bounds: tuple[int, int], on: int, entries: bool, answers: Array) -> Answers:
        """Run the program compiled; `answers` is the table of all subjects."""
        first, last = bounds
        if self.program is None:
            return self._by_hand(last - first)
        width, rooms, table = self.program.width, self._rooms(memory.most), answers[first:last]
        kept: list[Array] = []
        subject = first
        while subject < last:
            records = int(memory.offsets[last] - memory.offsets[subject])
            room = np.empty(max(2 * rooms["E"], min(2 * records * width, _ROOM)) if entries else 0, np.int64)
            ask = _Ask(subject, last, on, int(entries), first)
            subject, used = self._called(memory, ask, table, room, None)
            kept.append(room[:used])
        found = self._fields(np.concatenate(kept)) if entries and kept else None
        return Answers(table, self.answers, found)

    def _called(self, memory: Memory, ask: _Ask, table: Array, room: Array, entries: Array | None) -> tuple[int, int]:
        """Call the machine code; return how far it came, and how much of the room for entries it took."""
        assert self.program is not None
        judge, rooms = running.compiled(self.program), self._rooms(memory.most)
        own = {name: np.zeros(size, np.int64) for name, size in rooms.items() if name != "E" or entries is None}
        own = own if entries is None else {"E": entries, **own}
        slots = {name: place for place, name in enumerate(self.program.layout.slots)}
        own["S"][[slots["MOST"], slots["ROOM"]]] = rooms["E"], len(room)
        own["S"][slots["CAPACITY"]] = min(len(own["E"]), rooms["E"]) if ask.keep < 2 else len(own["E"])
        pointers = np.array([one.ctypes.data for one in memory.facts], np.int64)
        parts = [memory.offsets, memory.is_a, pointers, self._numbers, table, room, *own.values()]
        places = [one.ctypes.data for one in parts]
        places[4] -= ask.answers * len(self.answers) * table.itemsize
        reached = judge(ask.first, ask.last, ask.on, ask.on, ask.keep, *places)
        return reached, int(own["S"][slots["USED"]])

    def gathered(self, memory: Memory, bounds: tuple[int, int], on: int) -> Gathered:
        """Make the entries of all subjects of a range, to judge them by on this day and all later ones."""
        assert self.program is not None
        first, last = bounds
        records = int(memory.offsets[last] - memory.offsets[first])
        entries = np.empty((records * self._per_record() + _SPARE) * self.program.width, np.int64)
        starts = np.zeros(2 * (last - first) + 1, np.int64)
        self._called(memory, _Ask(first, last, on, 2, first), np.empty(0, np.int64), starts, entries)
        return Gathered(bounds, entries, starts)

    def by_gathered(self, memory: Memory, made: Gathered, on: int, answers: Array) -> Answers:
        """Judge a range by the entries that were made before; `answers` is the table of all subjects."""
        first, last = made.bounds
        table = answers[first:last]
        self._called(memory, _Ask(first, last, on, 3, first), table, made.starts, made.entries)
        return Answers(table, self.answers, None)

    def _fields(self, kept: Array) -> dict[str, Array]:
        """Return entries field by field; records and items by their places."""
        assert self.program is not None
        layout = self.program.layout
        rows = kept.reshape(-1, self.program.width)
        found = {name: rows[:, place] for place, name in enumerate(self.program.marks)}
        found["SUBJECT"] = found["ASKED"]
        numbers = np.array(self.program.numbers, np.int64)
        if len(rows) and self.policy.items:
            places = numbers[np.maximum(found["ITEM"], 0) + PLACE]
            found["ITEM"] = np.where(found["ITEM"] < 0, -1, places)
        if not layout.form.quotients:
            found["OVER"] = np.ones(len(rows), np.int64)
        return found

    def _by_hand(self, many: int) -> Answers:
        table = np.zeros((many, len(self.answers)), np.int64)
        table[:, self.answers.index("HAND")] = 1
        entries = {name: np.zeros(0, np.int64) for name in _NAMES}
        return Answers(table, self.answers, entries)


_NAMES = ("SUBJECT", "RULE", "REC", "ITEM", "AMOUNT", "OVER", "LACK", "GRADE", "START", "UNTIL", "STATUS")


def runner(policy: Policy, catalogue: Catalogue) -> Runner:
    """Return the runner of a policy; that of one object is made once."""
    found = policy.__dict__.get("_runner")
    if found is None or found[0] is not catalogue:
        found = (catalogue, Runner(policy, catalogue))
        policy.__dict__["_runner"] = found
    made: Runner = found[1]
    return made


def _read_late(policy: Policy) -> set[str]:
    """Return the names that are read at the close of a day."""
    late = ("accounts", "values", "unrated", "grades", "measures", "decisions")
    return set[str]().union(*(ex.names_in(one.node) for one in occurrences(policy) if one.path[0] in late))


def _divides(policy: Policy) -> bool:
    """Whether an expression divides by more than a number, so that what comes out may need any decimals."""
    read = (one.node for one in occurrences(policy) if one.path[0] == "values" or one.path[2:] == ("amount",))
    nodes = (node for whole in read for node in ex.walk(whole))
    return any(isinstance(n, ex.Binary) and n.sign == "/" and not isinstance(n.right, ex.Number) for n in nodes)
