"""The entries that a policy makes of a range of subjects on one day, as columns: what `entries` does for one dossier.

Rules are taken in the order of the policy and each step of a rule for all its entries at once, so that a function here
stands for the one of the same purpose there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from goodstanding.engine import kernels
from goodstanding.engine.columns import Array, Column, Missing, bounded, patched
from goodstanding.engine.compiled import names_in
from goodstanding.engine.drafting import Drafts, Openings, texts_of, valued
from goodstanding.engine.entries import ENDING, parsed
from goodstanding.engine.kernels import ABSENT, NEVER
from goodstanding.engine.lowering import Lowered
from goodstanding.policy.model import EntryRule, Share


@dataclass(frozen=True, kw_only=True)
class Entries(Openings):
    """Entries of one rule in a range of subjects, owners being places in the range.

    start, until: days, NEVER for no end. continuing: the conduct has not ended; None where it has for all.
    """

    start: Array
    until: Array
    continuing: Array | None = None


class Part:
    """A range of subjects on one day: their records, and which of them only the exact evaluator can judge."""

    def __init__(self, lowered: Lowered, drafts: dict[str, Drafts], first: int, last: int, on: int) -> None:
        """Take the subjects from `first` up to `last`; `on` is the day, counted from 1970-01-01."""
        self.lowered, self.compiled, self.all_drafts = lowered, lowered.compiled, drafts
        self.first, self.size, self.on = first, last - first, on
        self.low, self.high = int(lowered.offsets[first]), int(lowered.offsets[last])
        self.offsets = lowered.offsets[first : last + 1] - self.low
        self.act, self.kind = lowered.act[self.low : self.high], lowered.kind[self.low : self.high]
        self.exact = lowered.exact[first:last].copy()
        self._following: dict[tuple[str, ...], Array] = {}

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
        continuing = np.array(goes_on)[self.kind]
        return np.where(continuing, self.ending((ENDING,), ABSENT), self.act) if continuing.any() else self.act

    def marked(self, kinds: tuple[str, ...]) -> Array:
        """Return which records are of these kinds."""
        numbers = [self.compiled.kinds.number(kind) for kind in kinds]
        marks: Array = np.isin(np.arange(len(self.compiled.kinds.things)), numbers)[self.kind]
        return marks

    def ending(self, kinds: tuple[str, ...], none: int) -> Array:
        """Return the first day, from each record's own on, of a record of these kinds in its occurrence."""
        marks = self.marked(kinds)
        if not marks.any():
            return np.full(len(self.act), none, np.int32)
        return kernels.ending_days(self.offsets, self.act, self.occurrence, marks, self.on, none)

    def following(self, kinds: tuple[str, ...]) -> Array:
        """Return the day of the subject's next record of these kinds, NEVER where there is none."""
        if kinds not in self._following:
            self._following[kinds] = self._next_days(self.marked(kinds) & (self.act <= self.on))
        return self._following[kinds]

    def _next_days(self, marks: Array) -> Array:
        rows = len(marks)
        if not marks.any():
            return np.full(rows, NEVER, np.int32)
        nearest = np.where(marks, np.arange(rows, dtype=np.int32), np.int32(rows))
        after = np.append(np.minimum.accumulate(nearest[::-1])[::-1][1:], np.int32(rows))
        last = self.offsets[1:].astype(np.int32)[self.lowered.owner[self.low : self.high] - np.int32(self.first)]
        return np.where(after < last, self.act[np.minimum(after, rows - 1)], np.int32(NEVER))

    def most(self, rule: EntryRule) -> int:
        """Return how many entries of a rule one subject of the range can have at most."""
        return int(np.diff(self.offsets).max(initial=0)) * self.compiled.most_items(rule)

    def drafts(self, rule: str) -> Drafts:
        """Return what may open entries of a rule up to the day; owners are places in the range."""
        found = self.all_drafts[rule]
        low, high = np.searchsorted(found.row, np.array([self.low, self.high], found.row.dtype))
        found = found.take(slice(low, high))
        kept = self.lowered.act[found.row] <= self.on
        found = found if kept.all() else found.take(kept)
        drafts = self._again(rule, replace(found, owner=found.owner - np.int32(self.first)))
        for column in (drafts.amount, drafts.grade):
            self.leave(drafts.owner, None if column is None else column.exact)
        lacking = None if drafts.amount is None else drafts.amount.lacking
        if drafts.doubt is not None:
            lacking = np.where(drafts.doubt != 0, drafts.doubt, 0 if lacking is None else lacking)
        return replace(drafts, lacking=lacking)

    def _again(self, name: str, drafts: Drafts) -> Drafts:
        """Work out again what depends on the end of conduct that is not over when it is done."""
        rule = self.compiled.policy.entries[name]
        texts = [column for column, text in texts_of(rule).items() if "ended" in names_in(parsed(text))]
        if not texts:
            return drafts
        ended = self.ended[drafts.row - self.low]
        rows = np.flatnonzero(ended != self.lowered.act[drafts.row])
        values = valued(rule, drafts.take(rows), self.lowered, ended[rows])
        again: dict[str, Any] = {column: patched(getattr(drafts, column), rows, values[column]) for column in texts}
        return replace(drafts, **again)

    def leave(self, owner: Array, exact: Array | None) -> None:
        """Leave the subjects of some of these entries to the exact evaluator."""
        if exact is not None:
            self.exact[owner[exact]] = True


def entries_of(part: Part) -> dict[str, Entries]:
    """Return every entry of the range by rule, ended ones included."""
    made: dict[str, Entries] = {}
    for name, rule in part.compiled.policy.entries.items():
        drafts = part.drafts(name)
        if rule.choose:
            drafts = _kept(rule, drafts, part)
        if rule.unless:
            drafts = _spared(drafts, made[rule.unless], part)
        made[name] = _repeated(rule, _shared(rule, _timed(rule, drafts, part), part), part)
    return made


def _kept(rule: EntryRule, drafts: Drafts, part: Part) -> Drafts:
    """Keep one entry an occurrence; where there is no amount to choose by, leave it to the exact evaluator."""
    if drafts.amount is None:
        part.leave(drafts.owner, np.ones(len(drafts.row), np.bool_))
        return drafts
    unknown = np.zeros(len(drafts.row), np.bool_) if drafts.lacking is None else drafts.lacking != 0
    occurrence = part.occurrence[drafts.row - part.low]
    sign = 1 if rule.choose == "gravest" else -1
    kept = kernels.chosen(occurrence, drafts.amount.values, unknown, sign, len(part.act))
    return drafts if kept.all() else drafts.take(kept)


def _spared(drafts: Drafts, others: Entries, part: Part) -> Drafts:
    """Drop what gives way to another rule's entries of its occurrence; doubt it where those are in doubt."""
    theirs = part.occurrence[others.row - part.low]
    taken = np.zeros(len(part.act), np.bool_)
    taken[theirs[np.broadcast_to(others.certain, theirs.shape)]] = True
    gives_way = taken[part.occurrence[drafts.row - part.low]]
    drafts = drafts.take(~gives_way) if gives_way.any() else drafts
    if others.doubt is None:
        return drafts
    doubts = part.compiled.missing.gathered(theirs, others.doubt, len(part.act))
    return drafts.doubted(doubts[part.occurrence[drafts.row - part.low]], part.compiled.missing)


def _timed(rule: EntryRule, drafts: Drafts, part: Part) -> Entries:
    """Say from when until when each entry counts; one that begins on a day that is not there is none."""
    assert drafts.start is not None
    nowhere = drafts.start.values == ABSENT
    nowhere = nowhere if drafts.start.lacking is None else nowhere & (drafts.start.lacking == 0)
    if nowhere.any():
        drafts = drafts.take(~nowhere)
    assert drafts.start is not None
    part.leave(drafts.owner, drafts.start.exact)
    goes_on = part.ended[drafts.row - part.low] == ABSENT
    (start, unknown), (until, lacking) = (drafts.start.values, drafts.start.lacking), _ends(rule, drafts, goes_on, part)
    if unknown is not None:
        lacking = unknown if lacking is None else np.where(unknown != 0, unknown, lacking)
        start = np.where(unknown != 0, part.lowered.act[drafts.row], start)
    if lacking is not None:
        until = np.where(lacking != 0, np.int32(NEVER), until)
    common = {field.name: getattr(drafts, field.name) for field in fields(Openings)}
    entries = Entries(**common, start=start, until=until, continuing=goes_on if goes_on.any() else None)
    return entries.doubted(lacking, part.compiled.missing)


def _ends(rule: EntryRule, drafts: Drafts, goes_on: Array, part: Part) -> tuple[Array, Array | None]:
    """Return the first of the ends of each entry, NEVER where it has none, and what is missing to know it."""
    until, lacking = np.full(len(drafts.row), NEVER, np.int32), None
    if rule.superseded_by:
        until = np.minimum(until, part.following(rule.superseded_by)[drafts.row - part.low])
    if rule.ended_by:
        until = np.minimum(until, part.ending(rule.ended_by, NEVER)[drafts.row - part.low])
    if drafts.until is not None and rule.counts.until:
        period = drafts.until
        if "ended" in names_in(parsed(rule.counts.until)) and goes_on.any():
            period = patched(period, goes_on, Column(np.array(NEVER, np.int32)))
        until, lacking = np.minimum(until, period.values), period.lacking
        part.leave(drafts.owner, period.exact)
    return until, lacking


def _in_order(entries: Entries, part: Part) -> Entries:
    """Put entries of items in order of subject, act and item, as running totals take them."""
    if entries.item is None:
        return entries
    return entries.take(np.lexsort((entries.row, entries.item, part.lowered.act[entries.row], entries.owner)))


def _shared(rule: EntryRule, entries: Entries, part: Part) -> Entries:
    """Turn amounts into shares of a ladder of their running total within each calendar year."""
    if not isinstance(rule.amount, Share):
        return entries
    entries = _in_order(entries, part)
    assert entries.amount is not None
    rungs = part.compiled.rungs(rule.amount, entries.amount.scale)
    amount = entries.amount.at(rungs.scale)
    bound = rungs.bound(bounded(amount.bound * part.most(rule)))
    days, ladder = part.lowered.act[entries.row], (rungs.brackets, rungs.steps, rungs.cap)
    added, run = kernels.shares(entries.owner, days, amount.values, ladder, kernels.FIRST_DAYS)
    lacking = None if entries.lacking is None else _so_far(entries.lacking, run, part.compiled.missing)
    return replace(entries, amount=Column(added, None, rungs.unit, bound), lacking=lacking)


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
    part.leave(entries.owner, repeats == 2)
    times, amount = rule.repeat.times, entries.amount
    bound = bounded(amount.bound * max(abs(times.numerator), times.denominator))
    values = amount.values * np.where(repeats == 1, times.numerator, times.denominator)
    return replace(entries, amount=Column(values, None, amount.scale * times.denominator, bound))
