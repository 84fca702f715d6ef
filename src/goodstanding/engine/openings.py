"""The entries that a policy makes of a range of subjects, as columns: what `entries` does for one dossier.

Rules are taken in the order of the policy and each step of a rule for all its entries at once, so that a function here
stands for the one of the same purpose there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from goodstanding.engine import kernels
from goodstanding.engine.columns import Array, Column, Missing, bounded, either, evaluate, spread, taken
from goodstanding.engine.compiled import Compiled, names_in
from goodstanding.engine.entries import ENDING, parsed
from goodstanding.engine.kernels import ABSENT, NEVER
from goodstanding.engine.lowering import Candidates, Lowered, RowScope
from goodstanding.policy.model import EntryRule, Share


@dataclass(frozen=True)
class Entries:
    """Entries of one rule in a range of subjects, in order of record and item.

    row: the record's row in `Lowered`. owner: the subject's place in the range. item: its place in the policy. start,
    until: days, NEVER for no end. lacking, doubt: numbers of sets of what is missing for the amount, and to tell
    whether there is such an entry. continuing: the conduct has not ended. None stands for no item, no amount or grade,
    nothing missing, none continuing.
    """

    row: Array
    owner: Array
    item: Array | None
    amount: Column | None
    grade: Column | None
    start: Array
    until: Array
    lacking: Array | None = None
    doubt: Array | None = None
    continuing: Array | None = None

    def take(self, kept: Array) -> Entries:
        """Return some of them, by mask or index."""
        columns: dict[str, Any] = {field.name: _some(getattr(self, field.name), kept) for field in fields(self)}
        return Entries(**columns)

    def doubted(self, doubts: Array | None, missing: Missing) -> Entries:
        """Return them with this, too, missing to tell whether they are there or count."""
        if doubts is None or not doubts.any():
            return self
        return replace(self, lacking=missing.union(self.lacking, doubts), doubt=missing.union(self.doubt, doubts))

    @property
    def certain(self) -> Array | bool:
        """Where it is known that they are there and count in their time."""
        return True if self.doubt is None else self.doubt == 0


def _some(column: Array | Column | None, kept: Array) -> Array | Column | None:
    return column.take(kept) if isinstance(column, Column) else None if column is None else taken(column, kept)


class Part:
    """A range of subjects on one day: their records, and which of them only the exact evaluator can judge."""

    def __init__(self, lowered: Lowered, first: int, last: int, on: int) -> None:
        """Take the subjects from `first` up to `last`; `on` is the day, counted from 1970-01-01."""
        self.lowered, self.first, self.on = lowered, first, on
        self.compiled: Compiled = lowered.compiled
        self.size = last - first
        self.low, self.high = int(lowered.offsets[first]), int(lowered.offsets[last])
        self.offsets = lowered.offsets[first : last + 1] - self.low
        self.act = lowered.act[self.low : self.high]
        self.exact = lowered.exact[first:last].copy()

    @cached_property
    def occurrence(self) -> Array:
        """The first record of each record's occurrence, by place in the range."""
        places: Array = self.lowered.occurrence[self.low : self.high] - np.int32(self.low)
        return places

    @cached_property
    def ended(self) -> Array:
        """The day on which the conduct of each record ended; ABSENT where it goes on."""
        kinds = self.compiled.catalogue.kinds
        goes_on = [name in kinds and kinds[name].continuing for name in self.compiled.kinds.things]
        continuing = np.array(goes_on)[self.lowered.kind[self.low : self.high]]
        return np.where(continuing, self.ending((ENDING,), ABSENT), self.act)

    def marked(self, kinds: tuple[str, ...]) -> Array:
        """Return which records are of these kinds."""
        numbers = [self.compiled.kinds.number(kind) for kind in kinds]
        table = np.isin(np.arange(len(self.compiled.kinds.things)), numbers)
        marks: Array = table[self.lowered.kind[self.low : self.high]]
        return marks

    def ending(self, kinds: tuple[str, ...], none: int) -> Array:
        """Return the first day, from each record's own on, of a record of these kinds in its occurrence."""
        marks = self.marked(kinds)
        if not marks.any():
            return np.full(len(self.act), none, np.int32)
        return kernels.ending_days(self.offsets, self.act, self.occurrence, marks, self.on, none)

    def following(self, kinds: tuple[str, ...]) -> Array:
        """Return the day of the subject's next record of these kinds, NEVER where there is none."""
        return kernels.next_days(self.offsets, self.act, self.marked(kinds), self.on)

    def candidates(self, rule: str) -> Candidates:
        """Return what the range has for a rule, up to the day."""
        found = self.lowered.candidates[rule]
        low, high = np.searchsorted(found.row, (self.low, self.high))
        found = found.take(slice(low, high))
        kept = self.lowered.act[found.row] <= self.on
        return found if kept.all() else found.take(kept)

    def evaluated(self, text: str, entries: Entries) -> Column:
        """Return the value of an expression for each entry; those that it cannot have are left to the evaluator."""
        ended = self.ended[entries.row - self.low] if "ended" in names_in(parsed(text)) else None
        column = evaluate(parsed(text), RowScope(self.lowered, entries.row, entries.item, ended))
        return spread(column, len(entries.row))

    def leave(self, entries: Entries, exact: Array | None) -> None:
        """Leave the subjects of these entries to the exact evaluator."""
        if exact is not None:
            self.exact[entries.owner[np.broadcast_to(exact, entries.owner.shape)]] = True


def entries_of(part: Part) -> dict[str, Entries]:
    """Return every entry of the range by rule, ended ones included."""
    made: dict[str, Entries] = {}
    for name, rule in part.compiled.policy.entries.items():
        entries = _drafts(name, rule, part)
        if rule.choose:
            entries = _kept(rule, entries, part)
        if rule.unless:
            entries = _spared(entries, made[rule.unless], part)
        entries = _timed(rule, entries, part)
        if isinstance(rule.amount, Share):
            entries = _shared(rule.amount, _in_order(entries, part), part)
        made[name] = _repeated(rule, entries, part)
    return made


def _drafts(name: str, rule: EntryRule, part: Part) -> Entries:
    found = part.candidates(name)
    owner = part.lowered.owner[found.row] - np.int32(part.first)
    drafts = Entries(found.row, owner, found.item, None, None, part.lowered.act[found.row], np.empty(0, np.int32))
    text = rule.amount.running if isinstance(rule.amount, Share) else rule.amount
    amount = part.evaluated(text, drafts) if text else None
    grade = part.evaluated(rule.grade, drafts) if rule.grade else None
    for column in (amount, grade):
        part.leave(drafts, None if column is None else column.exact)
    lacking = None if amount is None else amount.lacking
    if found.lacking is not None:
        lacking = np.where(found.lacking != 0, found.lacking, 0 if lacking is None else lacking)
    return replace(
        drafts,
        amount=amount,
        grade=grade,
        until=np.full(len(owner), NEVER, np.int32),
        lacking=lacking,
        doubt=found.lacking,
    )


def _kept(rule: EntryRule, drafts: Entries, part: Part) -> Entries:
    """Keep one entry an occurrence; where there is no amount to choose by, leave it to the exact evaluator."""
    if drafts.amount is None:
        part.leave(drafts, np.array(True))
        return drafts
    unknown = np.zeros(len(drafts.row), np.bool_) if drafts.lacking is None else drafts.lacking != 0
    occurrence = part.occurrence[drafts.row - part.low]
    sign = 1 if rule.choose == "gravest" else -1
    kept = kernels.chosen(occurrence, drafts.amount.values, unknown, sign, len(part.act))
    return drafts if kept.all() else drafts.take(kept)


def _spared(drafts: Entries, others: Entries, part: Part) -> Entries:
    """Drop what gives way to another rule's entries of its occurrence; doubt it where those are in doubt."""
    theirs = part.occurrence[others.row - part.low]
    taken_by = np.zeros(len(part.act), np.bool_)
    taken_by[theirs[np.broadcast_to(others.certain, theirs.shape)]] = True
    drafts = drafts.take(~taken_by[part.occurrence[drafts.row - part.low]])
    if others.doubt is None:
        return drafts
    doubts = part.compiled.missing.gathered(theirs, others.doubt, len(part.act))
    return drafts.doubted(doubts[part.occurrence[drafts.row - part.low]], part.compiled.missing)


def _timed(rule: EntryRule, drafts: Entries, part: Part) -> Entries:
    """Say from when until when each entry counts; one that begins on a day that is not there is none."""
    start = part.evaluated(rule.counts.start, drafts)
    gone = start.values == ABSENT if start.lacking is None else (start.values == ABSENT) & (start.lacking == 0)
    if "ended" in names_in(parsed(rule.counts.start)) and gone.any():
        drafts, start = drafts.take(~gone), start.take(~gone)
    part.leave(drafts, start.exact)
    goes_on = part.ended[drafts.row - part.low] == ABSENT
    until, lacking = _ends(rule, drafts, goes_on, part)
    if start.lacking is not None:
        unknown = start.lacking != 0
        lacking = np.where(unknown, start.lacking, 0 if lacking is None else lacking)
        start = replace(start, values=np.where(unknown, part.lowered.act[drafts.row], start.values))
    if lacking is not None:
        until = np.where(lacking != 0, np.int32(NEVER), until)
    drafts = replace(drafts, start=start.values, until=until, continuing=goes_on if goes_on.any() else None)
    return drafts.doubted(lacking, part.compiled.missing)


def _ends(rule: EntryRule, drafts: Entries, goes_on: Array, part: Part) -> tuple[Array, Array | None]:
    """Return the first of the ends of each entry, NEVER where it has none, and what is missing to know it."""
    until, lacking = np.full(len(drafts.row), NEVER, np.int32), None
    if rule.superseded_by:
        until = np.minimum(until, part.following(rule.superseded_by)[drafts.row - part.low])
    if rule.ended_by:
        until = np.minimum(until, part.ending(rule.ended_by, NEVER)[drafts.row - part.low])
    if rule.counts.until:
        period = part.evaluated(rule.counts.until, drafts)
        if "ended" in names_in(parsed(rule.counts.until)) and goes_on.any():
            period = _without(period, goes_on)
        until, lacking = np.minimum(until, period.values), period.lacking
        part.leave(drafts, period.exact)
    return until, lacking


def _without(period: Column, rows: Array) -> Column:
    """Return a column of days in which these rows have no end, and lack nothing."""
    lacking = None if period.lacking is None else np.where(rows, 0, period.lacking)
    exact = None if period.exact is None else period.exact & ~rows
    return replace(period, values=np.where(rows, np.int32(NEVER), period.values), lacking=lacking, exact=exact)


def _in_order(entries: Entries, part: Part) -> Entries:
    """Put entries of items in order of subject, act and item, as running totals take them."""
    if entries.item is None:
        return entries
    return entries.take(np.lexsort((entries.row, entries.item, part.lowered.act[entries.row], entries.owner)))


def _shared(share: Share, entries: Entries, part: Part) -> Entries:
    """Turn amounts into shares of a ladder of their running total within each calendar year."""
    assert entries.amount is not None
    rungs = part.compiled.rungs(share, entries.amount.scale)
    amount = entries.amount.at(rungs.scale)
    bound = rungs.bound(bounded(amount.bound * most_per_owner(entries)))
    days, ladder = part.lowered.act[entries.row], (rungs.brackets, rungs.steps, rungs.cap)
    added, run = kernels.shares(entries.owner, days, amount.values, ladder)
    lacking = None if entries.lacking is None else _so_far(entries.lacking, run, part.compiled.missing)
    return replace(entries, amount=Column(added, None, rungs.unit, bound), lacking=lacking)


def most_per_owner(entries: Entries) -> int:
    """Return how many of the entries one subject has at most."""
    return int(np.bincount(entries.owner).max()) if len(entries.owner) else 0


def _so_far(lacking: Array, run: Array, missing: Missing) -> Array:
    """Return the union of what is missing in each run up to each entry: over 2, 4, 8 ... entries."""
    step = 1
    while step < len(run) and lacking.any():
        before = np.where(run[step:] == run[:-step], lacking[:-step], 0)
        joined = missing.union(lacking[step:], before)
        assert joined is not None
        lacking, step = np.concatenate([lacking[:step], joined]), 2 * step
    return lacking


def _repeated(rule: EntryRule, entries: Entries, part: Part) -> Entries:
    """Multiply the amount of an entry whose item already counts, from an earlier day, on the day of the act."""
    if rule.repeat is None or entries.amount is None or entries.item is None:
        return entries
    doubtful = np.broadcast_to(~np.asarray(entries.certain), entries.row.shape)
    repeats = kernels.repeated(
        entries.owner,
        entries.item,
        part.lowered.act[entries.row],
        entries.start,
        entries.until,
        np.ascontiguousarray(doubtful),
        len(part.compiled.policy.items),
    )
    part.leave(entries, either(repeats == 2, None))
    times, amount = rule.repeat.times, entries.amount
    bound = bounded(amount.bound * max(abs(times.numerator), times.denominator))
    values = amount.values * np.where(repeats == 1, times.numerator, times.denominator)
    return replace(entries, amount=Column(values, None, amount.scale * times.denominator, bound))
