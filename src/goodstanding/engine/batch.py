"""Standings of many subjects at once, from tables to tables; equal to the exact evaluator's, to the last unit.

A policy is turned into a program (`folding`), which runs over ranges of subjects, several at a time. Subjects that it
cannot decide are handed to the exact evaluator one by one; how many that were is logged, and kept in `Batch.by_hand`.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import numpy as np
import polars as pl

from goodstanding.engine.compiled import answers
from goodstanding.engine.compiled.closing import GRADED, OUTCOMES, STATUSES
from goodstanding.engine.compiled.runner import Answers, Gathered, Runner, runner
from goodstanding.engine.compiled.snapshot import Array, Snapshot
from goodstanding.engine.compiled.vocabulary import SUBJECTS, day_number
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.periods import FOREVER
from goodstanding.engine.standing import Entry, Standing
from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.records import objects, value_of
from goodstanding.policy.reader import Loaded

_log = logging.getLogger(__name__)
_PLACES = 6
"""Decimals of numbers at least, under a policy that divides by more than a constant."""


def score(
    loaded: Loaded, catalogue: Catalogue, records: pl.DataFrame, subjects: pl.DataFrame | None, on: dt.date
) -> pl.DataFrame:
    """Return the standing of every subject on a day, sorted by subject, one row each.

    records: a table of `facts.records` with `digest`, in any order; a digest that is given twice counts once, kinds
    that the policy does not read are passed over. subjects: `subject` and `is_a` (person, organisation or thing) of
    all that must get a standing; None for those that the records are about.

    Columns: subject; outcome (graded, not rated, not decidable); score (Int64, or Decimal where the policy's numbers
    need decimals; null where not graded); grade; missing (names joined by ", ", null where nothing is); reason;
    quiet_until (the first later day that must be worked out again, null for none: until then nothing changes by
    itself); measures (those in force, joined by ", "). Raises InputError where the tables are not as described.
    """
    return Batch(loaded, catalogue, records, subjects).standings(on)


def contributions(
    loaded: Loaded, catalogue: Catalogue, records: pl.DataFrame, subjects: pl.DataFrame | None, on: dt.date
) -> pl.DataFrame:
    """Return what every record adds to its subject's standing on a day, one row an entry, sorted by subject.

    Takes the same as `score`. Columns: subject, digest (of the record), rule, item, account, amount (Int64 or Decimal,
    null for none or an unknown one), grade, start, until (the first day that no longer counts, null for no end),
    status (counts, held, coming, ended, spent).
    """
    return Batch(loaded, catalogue, records, subjects).contributions(on)


@dataclass(frozen=True)
class _Hand:
    """A subject that the exact evaluator judged, and the first later day that it would work out."""

    subject: str
    standing: Standing
    quiet: dt.date | None


class Batch:
    """Records brought into the form of programs once, to be judged on any number of days."""

    def __init__(
        self,
        loaded: Loaded,
        catalogue: Catalogue,
        records: pl.DataFrame,
        subjects: pl.DataFrame | None,
        *,
        compiled: bool | None = None,
    ) -> None:
        """Take records and subjects as `score` does. Raises InputError where they are not as described there.

        compiled: False runs the program as plain Python; left out, few records are not worth compiling it.
        """
        self.policy, self.catalogue, self.evaluator = loaded.policy, catalogue, Evaluator(loaded, catalogue)
        self.runner: Runner = runner(loaded.policy, catalogue)
        self.snapshot = Snapshot(self.runner.words, records, subjects)
        self.compiled = len(self.snapshot.place) >= _WORTH if compiled is None else compiled
        self.memory = self.runner.memory(self.snapshot)
        self._days, self._gathered = 0, list[Gathered]()
        self.by_hand = 0
        """How many subjects the exact evaluator had to judge on the day asked for last."""

    def judged(self, on: dt.date, *, entries: bool = False) -> list[Answers]:
        """Return the standings on a day as arrays, range by range; with their entries where they are asked for."""
        if not self.compiled:
            return [self.runner.plainly(self.memory, (0, len(self.snapshot.subjects)), day_number(on), entries)]
        ranges, day, room = list(pairwise(self._bounds())), day_number(on), self.runner.room(self.memory)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            if not entries and self._keeps(day):
                made = self._gathered or list(pool.map(lambda one: self.runner.gathered(self.memory, one, day), ranges))
                self._gathered = made
                return list(pool.map(lambda one: self.runner.by_gathered(self.memory, one, day, room), made))
            return list(pool.map(lambda one: self.runner.compiled(self.memory, one, day, entries, room), ranges))

    def _keeps(self, day: int) -> bool:
        """Whether entries are kept from day to day: those of a second day on which all records have come."""
        snapshot = self.snapshot
        if not self.runner.gathers or snapshot.dated or not 0 < len(snapshot.place) <= _KEPT:
            return False
        self._days += bool(day >= snapshot.columns["ACT"].max())
        return self._days > 1 and bool(day >= snapshot.columns["ACT"].max())

    def _bounds(self) -> list[int]:
        """Return where ranges of about as many records and subjects begin, and where the last ends."""
        weight = self.snapshot.offsets + np.arange(len(self.snapshot.offsets))
        many, cores = len(self.snapshot.subjects), os.cpu_count() or 1
        ranges = cores * max(1, int(weight[-1]) // (cores * _LARGE))
        edges = np.searchsorted(weight, np.arange(ranges) * weight[-1] // ranges)
        return [*np.unique(edges[edges < many]).tolist(), many] if many else [0, 0]

    def standings(self, on: dt.date) -> pl.DataFrame:
        """Return the standings on a day, as `score` does."""
        told = Answers.joined(self.judged(on))
        hand = self._left(told)
        outcome, places = told["OUTCOME"], self._places([self.runner.score_scale])
        known = (outcome == GRADED) & (told["KNOWS"] == 1) & ~hand
        score = answers.numbers(told["SCORE"], told["SCOREOVER"] * self.runner.score_scale, known, places)
        columns = {
            "subject": self.snapshot.subjects,
            "outcome": answers.texts([str(one) for one in OUTCOMES], outcome),
            "score": score,
            "grade": answers.texts(self.snapshot.codes, told["GRADED"]),
            "missing": self._missing(told["MISSES"]),
            "reason": self._reasons(told["BECAUSE"], told["WITNESS"]),
            "quiet_until": answers.days(told["QUIET"]),
            "measures": self._measures(told),
        }
        rows = [_standing_row(one, places) for one in self._by_hand(hand, on)]
        return _joined([pl.DataFrame(columns).filter(~hand)], rows)

    def contributions(self, on: dt.date) -> pl.DataFrame:
        """Return the entries on a day, as `contributions` does."""
        parts = self.judged(on, entries=True)
        hand = self._left(Answers.joined(parts))
        places = self._places([self.runner.amount_scale])
        frames = [self._entries(part, hand, places) for part in parts]
        rows = [
            _entry_row(one.subject, entry, places) for one in self._by_hand(hand, on) for entry in one.standing.entries
        ]
        return _joined([pl.DataFrame(schema=_ENTRY | {"amount": answers.type_of(places)}), *frames], rows)

    def _left(self, told: Answers) -> Array:
        """Return which subjects are left to the exact evaluator, and log how many they are."""
        hand: Array = self.snapshot.hand | (told["HAND"] != 0) | (told["MISSES"] == -1)
        self.by_hand = int(hand.sum())
        if self.by_hand:
            _log.warning("%d of %d subjects were judged one by one by the exact evaluator", self.by_hand, len(hand))
        return hand

    def _by_hand(self, hand: Array, on: dt.date) -> Iterator[_Hand]:
        snapshot, subjects = self.snapshot, np.flatnonzero(hand)
        rows = [snapshot.place[snapshot.offsets[one] : snapshot.offsets[one + 1]] for one in subjects]
        if not rows:
            return
        records = objects(snapshot.records[np.concatenate(rows)], self.catalogue)
        for subject, own in zip(subjects, rows, strict=True):
            dossier = list(islice(records, len(own)))
            standing = self.evaluator.standing(dossier, SUBJECTS[snapshot.is_a[subject]], on)
            yield _Hand(snapshot.subjects[int(subject)], standing, _quiet(standing))

    def _places(self, scales: Sequence[int]) -> int:
        """Return how many decimals these numbers of the policy can need; by the policy alone, not by the records."""
        places = max(map(answers.places_of, scales), default=0)
        return max(places, _PLACES) if self.runner.divides else places

    def _missing(self, facts: Array) -> pl.Series:
        """Return the names of missing facts, null where nothing is missing."""
        present = [int(fact) for fact in np.unique(facts) if fact not in (0, -1)]
        names = [self.runner.words.missing(fact, self.snapshot.codes) for fact in present]
        numbers = np.searchsorted(np.array([*present, 0], np.int64)[:-1], facts)
        known = np.isin(facts, present)
        return answers.texts(names, np.where(known, numbers, -1))

    def _reasons(self, because: Array, witness: Array) -> pl.Series:
        """Return the codes of the policy, or the attributes of the records, that say why there is no score."""
        reasons = answers.texts([row.because for row in self.policy.unrated], because)
        for place, row in enumerate(self.policy.unrated):
            _, _, attribute = row.because.partition(".")
            rows = np.flatnonzero(because == place)
            if attribute and len(rows):
                reasons = reasons.scatter(rows, self._attribute(attribute, witness[rows]))
        return reasons

    def _attribute(self, name: str, rows: Array) -> pl.Series:
        """Return an attribute of records as text, null where the row is negative or has none."""
        none = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
        if name not in self.snapshot.records.columns:
            return none
        cells = answers.where(rows >= 0, self.snapshot.records[name].gather(self.snapshot.place[np.maximum(rows, 0)]))
        attribute = self.catalogue.attributes[name]
        told = {cell: str(value_of(attribute, cell)) for cell in cells.unique().drop_nulls()}
        return cells.replace_strict(told, default=None, return_dtype=pl.String) if told else none

    def _measures(self, told: Answers) -> pl.Series:
        names = list(self.policy.measures)
        bits = np.zeros(len(told["OUTCOME"]), np.int64)
        for place, name in enumerate(names):
            bits |= (told.measure(name) == 2).astype(np.int64) << place
        bits[told["OUTCOME"] == _NOT_DECIDABLE] = 0
        present = np.unique(bits)
        texts = [", ".join(name for place, name in enumerate(names) if one >> place & 1) for one in present.tolist()]
        return answers.where(bits != 0, answers.texts(texts, np.searchsorted(present, bits)))

    def _entries(self, part: Answers, hand: Array, places: int) -> pl.DataFrame:
        """Return the entries of one range."""
        entries = part.entries_of(~hand)
        rules = list(self.policy.entries)
        accounts = [self.policy.entries[rule].account or "" for rule in rules]
        rule, row, having = entries["RULE"], entries["REC"], self.runner.having[entries["RULE"]]
        place = self.snapshot.place[np.maximum(row, 0)] if len(self.snapshot.place) else row
        digest = answers.where(row >= 0, self.snapshot.records["digest"].gather(place))
        account = answers.texts(accounts, rule)
        over, known = entries["OVER"] * self.runner.amount_scale, (entries["LACK"] == 0) & having
        columns = {
            "subject": self.snapshot.subjects.gather(entries["SUBJECT"]),
            "digest": digest,
            "rule": answers.texts(rules, rule),
            "item": answers.texts([item.id for item in self.policy.items], entries["ITEM"]),
            "account": pl.select(pl.when(account != "").then(account)).to_series(),
            "amount": answers.numbers(entries["AMOUNT"], over, known, places),
            "grade": answers.texts(self.snapshot.codes, entries["GRADE"]),
            "start": pl.Series(entries["START"].astype(np.int32)).cast(pl.Date),
            "until": answers.days(entries["UNTIL"]),
            "status": answers.texts([str(one) for one in STATUSES], entries["STATUS"]),
        }
        return pl.DataFrame(columns)


_WORTH = 3000
"""So few records are not worth compiling for."""
_KEPT = 1 << 21
"""Of so many records at most the entries are kept."""
_LARGE = 1 << 20
"""So many records and subjects are one range at most."""
_NOT_DECIDABLE = 2
_ENTRY: dict[str, Any] = {
    "subject": pl.String,
    "digest": pl.String,
    "rule": pl.String,
    "item": pl.String,
    "account": pl.String,
    "amount": pl.Int64,
    "grade": pl.String,
    "start": pl.Date,
    "until": pl.Date,
    "status": pl.String,
}


def _quiet(standing: Standing) -> dt.date | None:
    """Return the first later day on which an entry of a standing begins or ends."""
    edges = [day for entry in standing.entries if not entry.spent for day in (entry.start, entry.until) if day]
    return min((day for day in edges if standing.on < day < FOREVER), default=None)


def _standing_row(hand: _Hand, places: int) -> dict[str, Any]:
    standing = hand.standing
    return {
        "subject": hand.subject,
        "outcome": str(standing.outcome),
        "score": None if standing.score is None else answers.number_of(standing.score, places),
        "grade": standing.grade,
        "missing": ", ".join(standing.missing) or None,
        "reason": standing.reason,
        "quiet_until": hand.quiet,
        "measures": ", ".join(standing.measures) or None,
    }


def _entry_row(subject: str, entry: Entry, places: int) -> dict[str, Any]:
    return {
        "subject": subject,
        "digest": entry.record.digest if entry.record else None,
        "rule": entry.rule,
        "item": entry.item.id if entry.item else None,
        "account": entry.account,
        "amount": answers.number_of(entry.amount, places) if isinstance(entry.amount, Fraction) else None,
        "grade": entry.grade if isinstance(entry.grade, str) else None,
        "start": entry.start,
        "until": entry.until,
        "status": str(entry.status),
    }


def _joined(frames: Sequence[pl.DataFrame], rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return tables and rows as one table, in order of the subjects."""
    whole = pl.concat(frames)
    if rows:
        whole = pl.concat([whole, pl.DataFrame(rows, schema=whole.schema)])
    return whole.sort("subject", maintain_order=True) if rows or len(frames) > 1 else whole
