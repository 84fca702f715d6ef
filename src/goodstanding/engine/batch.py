"""Standings of many subjects at once, from tables to tables; equal to the exact evaluator's, to the last unit.

Subjects are judged in ranges, several at a time. Those that whole numbers cannot decide are handed to the exact
evaluator one by one; how many that were is logged, and kept in `Batch.by_hand`.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from goodstanding.engine.answers import days, missing_texts, number_of, numbers, places_of, texts, type_of, where
from goodstanding.engine.columns import NO_CODE, Array, Column
from goodstanding.engine.compiled import SUBJECTS
from goodstanding.engine.drafting import drafts_of
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.judging import GRADED, OUTCOMES, STATUSES, Judged, judged
from goodstanding.engine.lowering import Lowered, lower
from goodstanding.engine.openings import Part
from goodstanding.engine.standing import Entry, Standing
from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.records import objects, value_of
from goodstanding.policy.reader import Loaded

_log = logging.getLogger(__name__)
_EPOCH = dt.date(1970, 1, 1)
_SMALL, _LARGE = 1 << 15, 1 << 20
"""So many records and subjects are not worth a second range, and as many are the most that one range has."""
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
    quiet_until (the first later day on which an entry starts or ends, null for none: until then nothing changes by
    itself). Raises InputError where the tables are not as described, or numbers may pass 64 bits.
    """
    return Batch(loaded, catalogue, records, subjects).standings(on)


def contributions(
    loaded: Loaded, catalogue: Catalogue, records: pl.DataFrame, subjects: pl.DataFrame | None, on: dt.date
) -> pl.DataFrame:
    """Return what every record adds to its subject's standing on a day, one row an entry, sorted by subject.

    Takes the same as `score`. Columns: subject, digest (of the record), rule, item, account, amount (Int64 or Decimal,
    null for none or an unknown one), grade, start, until (the first day that no longer counts, null for no end),
    status (counts, held, ended).
    """
    return Batch(loaded, catalogue, records, subjects).contributions(on)


class Batch:
    """Records brought into the kernels' form once, to be judged on any number of days."""

    def __init__(
        self, loaded: Loaded, catalogue: Catalogue, records: pl.DataFrame, subjects: pl.DataFrame | None
    ) -> None:
        """Take records and subjects as `score` does. Raises InputError where they are not as described there."""
        self.policy, self.lowered = loaded.policy, lower(loaded.policy, catalogue, records, subjects)
        self.drafts = drafts_of(self.lowered)
        self.evaluator = Evaluator(loaded, catalogue)
        self.by_hand = 0
        """How many subjects the exact evaluator had to judge on the day asked for last."""

    def judged(self, on: dt.date) -> list[Judged]:
        """Return the standings on a day as arrays, range by range."""
        bounds = _bounds(self.lowered)
        parts = [Part(self.lowered, self.drafts, first, last, (on - _EPOCH).days) for first, last in pairwise(bounds)]
        if len(parts) == 1:
            return [judged(parts[0])]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(judged, parts))

    def standings(self, on: dt.date) -> pl.DataFrame:
        """Return the standings on a day, as `score` does."""
        parts = self.judged(on)
        exact, compiled = self._left(parts), self.lowered.compiled
        scores = [part.score for part in parts]
        lacking = _all([np.zeros_like(s.values) if s.lacking is None else s.lacking for s in scores])
        outcome = _all([part.outcome for part in parts])
        places = self._places(scores)
        columns = {
            "subject": self.lowered.subjects,
            "outcome": texts([str(one) for one in OUTCOMES], outcome),
            "score": numbers(scores, (outcome == GRADED) & (lacking == 0) & ~exact, places),
            "grade": texts(compiled.codes.things, _all([part.grade for part in parts])),
            "missing": missing_texts(compiled.missing.things, _all([part.lacking for part in parts])),
            "reason": self._reasons(_all([part.because for part in parts]), _all([part.witness for part in parts])),
            "quiet_until": days(_all([part.edge for part in parts])),
        }
        rows = [_standing_row(name, one, places) for name, one in self._by_hand(exact, on)]
        return _joined([pl.DataFrame(columns).filter(~exact)], rows)

    def contributions(self, on: dt.date) -> pl.DataFrame:
        """Return the entries on a day, as `contributions` does."""
        parts = self.judged(on)
        exact = self._left(parts)
        places = self._places([one.amount for part in parts for one in part.entries.values() if one.amount])
        frames = [
            self._entries(rule, part, first, places)
            for first, part in zip(_bounds(self.lowered), parts, strict=False)
            for rule in self.policy.entries
        ]
        rows = [_entry_row(name, entry, places) for name, one in self._by_hand(exact, on) for entry in one.entries]
        return _joined([pl.DataFrame(schema=_ENTRY | {"amount": type_of(places)}), *frames], rows)

    def _left(self, parts: Sequence[Judged]) -> Array:
        """Return which subjects are left to the exact evaluator, and log how many they are."""
        exact = _all([part.exact for part in parts])
        self.by_hand = int(exact.sum())
        if self.by_hand:
            _log.warning("%d of %d subjects were judged one by one by the exact evaluator", self.by_hand, len(exact))
        return exact

    def _by_hand(self, exact: Array, on: dt.date) -> Iterator[tuple[str, Standing]]:
        lowered = self.lowered
        for subject in np.flatnonzero(exact):
            rows = lowered.place[lowered.offsets[subject] : lowered.offsets[subject + 1]]
            dossier = objects(lowered.records[rows], lowered.compiled.catalogue)
            yield lowered.subjects[int(subject)], self.evaluator.standing(dossier, SUBJECTS[lowered.is_a[subject]], on)

    def _places(self, columns: Sequence[Column]) -> int:
        """Return how many decimals these numbers of the policy can need; by the policy alone, not by the records."""
        places = max((places_of(column.scale) for column in columns), default=0)
        return max(places, _PLACES) if self.lowered.compiled.divides else places

    def _reasons(self, because: Array, witness: Array) -> pl.Series:
        """Return the codes of the policy, or the attributes of the records, that say why there is no score."""
        reasons = texts([row.because for row in self.policy.unrated], because)
        for place, row in enumerate(self.policy.unrated):
            _, _, attribute = row.because.partition(".")
            rows = np.flatnonzero(because == place)
            if attribute and len(rows):
                reasons = reasons.scatter(rows, self._attribute(attribute, witness[rows]))
        return reasons

    def _attribute(self, name: str, rows: Array) -> pl.Series:
        """Return an attribute of lowered records as text, null where the row is negative or has none."""
        none = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
        if name not in self.lowered.records.columns:
            return none
        cells = where(rows >= 0, self.lowered.records[name].gather(self.lowered.place[np.maximum(rows, 0)]))
        attribute = self.lowered.compiled.catalogue.attributes[name]
        told = {cell: str(value_of(attribute, cell)) for cell in cells.unique().drop_nulls()}
        return cells.replace_strict(told, default=None, return_dtype=pl.String) if told else none

    def _entries(self, rule: str, part: Judged, first: int, places: int) -> pl.DataFrame:
        """Return the entries of one rule and range; `first` is the place of the range's first subject."""
        lowered = self.lowered
        kept = ~part.exact[part.entries[rule].owner]
        entries, status = part.entries[rule].take(kept), part.status[rule][kept]
        none = np.full(len(status), NO_CODE)
        amount = entries.amount or Column(none.astype(np.int64))
        known = entries.lacking == 0 if entries.lacking is not None else np.ones(len(status), np.bool_)
        columns = {
            "subject": lowered.subjects.gather(entries.owner + first),
            "digest": lowered.records["digest"].gather(lowered.place[entries.row]),
            "rule": pl.repeat(rule, len(status), eager=True),
            "item": texts([item.id for item in self.policy.items], none if entries.item is None else entries.item),
            "account": pl.repeat(self.policy.entries[rule].account, len(status), eager=True),
            "amount": numbers([amount], known & (entries.amount is not None), places),
            "grade": texts(lowered.compiled.codes.things, none if entries.grade is None else _known(entries.grade)),
            "start": days(entries.start),
            "until": days(entries.until),
            "status": texts([str(one) for one in STATUSES], status),
        }
        return pl.DataFrame(columns)


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


def _bounds(lowered: Lowered) -> list[int]:
    """Return where ranges of about as many records and subjects begin, for each core alike, and where the last ends."""
    many, cores = len(lowered.subjects), os.cpu_count() or 1
    weight = lowered.offsets + np.arange(many + 1)
    ranges = 1 if weight[-1] < _SMALL else cores * -(-int(weight[-1]) // (cores * _LARGE))
    edges = np.searchsorted(weight, np.arange(ranges) * weight[-1] // ranges)
    return [*np.unique(edges[edges < many]).tolist(), many] if many else [0, 0]


def _all(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays)


def _known(codes: Column) -> Array:
    return codes.values if codes.lacking is None else np.where(codes.lacking == 0, codes.values, NO_CODE)


def _standing_row(subject: str, standing: Standing, places: int) -> dict[str, Any]:
    edges = [day for entry in standing.entries for day in (entry.start, entry.until) if day and day > standing.on]
    return {
        "subject": subject,
        "outcome": str(standing.outcome),
        "score": None if standing.score is None else number_of(standing.score, places),
        "grade": standing.grade,
        "missing": ", ".join(standing.missing) or None,
        "reason": standing.reason,
        "quiet_until": min(edges, default=None),
    }


def _entry_row(subject: str, entry: Entry, places: int) -> dict[str, Any]:
    return {
        "subject": subject,
        "digest": entry.record.digest,
        "rule": entry.rule,
        "item": entry.item.id if entry.item else None,
        "account": entry.account,
        "amount": number_of(entry.amount, places) if isinstance(entry.amount, Fraction) else None,
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
