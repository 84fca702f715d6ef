"""What may open entries, and all of it that depends on no day: which items a record matches, amounts, grades, terms.

Done once for any number of days. Where an expression names `ended`, it is worked out here for conduct that is over
when it is done, and on the day again for conduct that goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from goodstanding.engine.columns import Array, Column, Missing, evaluate, spread, taken
from goodstanding.engine.compiled import SUBJECTS
from goodstanding.engine.entries import parsed
from goodstanding.engine.lowering import Lowered, RowScope
from goodstanding.policy.model import EntryRule, Share


@dataclass(frozen=True, kw_only=True)
class Openings:
    """What opens entries of one rule, in order of record and item.

    row: the record, in `Lowered`. owner: the subject's place. item: its place in the policy. amount, grade: values of
    the rule's expressions; the amount may be what a share runs over. lacking, doubt: numbers of sets of what is missing
    for the amount, and to tell whether there is such an entry. None stands for none, and for nothing missing.
    """

    row: Array
    owner: Array
    item: Array | None = None
    amount: Column | None = None
    grade: Column | None = None
    lacking: Array | None = None
    doubt: Array | None = None

    def take(self, kept: Array | slice) -> Self:
        """Return some of them, by mask, index or slice."""
        columns: dict[str, Any] = {field.name: _some(getattr(self, field.name), kept) for field in fields(self)}
        return type(self)(**columns)

    def doubted(self, doubts: Array | None, missing: Missing) -> Self:
        """Return them with this, too, missing to tell whether they are there or count."""
        if doubts is None or not doubts.any():
            return self
        return replace(self, lacking=missing.union(self.lacking, doubts), doubt=missing.union(self.doubt, doubts))

    @property
    def certain(self) -> Array | bool:
        """Where it is known that they are there and count in their time."""
        return True if self.doubt is None else self.doubt == 0


@dataclass(frozen=True, kw_only=True)
class Drafts(Openings):
    """What may open entries; start, until: values of the rule's expressions, not yet joined with other ends."""

    start: Column | None = None
    until: Column | None = None


def _some(column: Array | Column | None, kept: Array | slice) -> Array | Column | None:
    return column.take(kept) if isinstance(column, Column) else None if column is None else taken(column, kept)


def texts_of(rule: EntryRule) -> dict[str, str]:
    """Return the expressions of a rule by the column of `Drafts` that holds their values."""
    amount = rule.amount.running if isinstance(rule.amount, Share) else rule.amount
    texts = {"amount": amount, "grade": rule.grade, "start": rule.counts.start, "until": rule.counts.until}
    return {name: text for name, text in texts.items() if text is not None}


def drafts_of(lowered: Lowered) -> dict[str, Drafts]:
    """Return what may open entries, by rule."""
    groups = dict(_groups(lowered))
    by_class: dict[str, Drafts] = {}
    made: dict[str, Drafts] = {}
    for name, rule in lowered.compiled.policy.entries.items():
        if rule.items and rule.items not in by_class:
            by_class[rule.items] = _matching(rule.items, lowered, groups)
        found = by_class[rule.items] if rule.items else _of_kinds(rule, lowered)
        if rule.subject:
            found = found.take(lowered.is_a[found.owner] == SUBJECTS.index(rule.subject))
        values: dict[str, Any] = {**valued(rule, found, lowered, lowered.act[found.row])}
        made[name] = replace(found, **values)
    return made


def valued(rule: EntryRule, drafts: Drafts, lowered: Lowered, ended: Array) -> dict[str, Column]:
    """Return the values of a rule's expressions, where conduct ended on these days, ABSENT where it goes on."""
    scope = RowScope(lowered, drafts.row, drafts.item, ended)
    return {name: spread(evaluate(parsed(text), scope), len(drafts.row)) for name, text in texts_of(rule).items()}


def _of_kinds(rule: EntryRule, lowered: Lowered) -> Drafts:
    kinds = [lowered.compiled.kinds.number(kind) for kind in rule.kinds]
    rows = np.flatnonzero(np.isin(lowered.kind, kinds)).astype(np.int32)
    return Drafts(row=rows, owner=lowered.owner[rows])


def _groups(lowered: Lowered) -> Iterator[tuple[tuple[str, int], Array]]:
    """Give the rows, in order, of each kind on each sort of subject."""
    key = lowered.kind * len(SUBJECTS) + lowered.is_a[lowered.owner]
    order = np.argsort(key, kind="stable").astype(np.int32)
    present = np.unique(key)
    for number, rows in zip(present, np.split(order, np.searchsorted(key[order], present[1:])), strict=False):
        yield (lowered.compiled.kinds.things[number // len(SUBJECTS)], int(number) % len(SUBJECTS)), rows


def _matching(class_: str, lowered: Lowered, groups: dict[tuple[str, int], Array]) -> Drafts:
    """Return every record with every item of a class that it matches or, for want of a fact, may match."""
    found = [
        _matches(rows, place, lowered)
        for (kind, is_a), rows in groups.items()
        for place in lowered.compiled.items_for(class_, kind, is_a)
    ]
    none = np.empty(0, np.int32)
    row, item, lacking = (np.concatenate(parts) for parts in zip((none, none, none), *found, strict=True))
    order = np.argsort(row.astype(np.int64) << 32 | item)
    doubt = lacking[order] if lacking.any() else None
    return Drafts(row=row[order], owner=lowered.owner[row[order]], item=item[order], doubt=doubt)


def _matches(rows: Array, place: int, lowered: Lowered) -> tuple[Array, Array, Array]:
    """Return the rows that match one item, the item's place and what is missing to tell whether they do."""
    where = lowered.compiled.policy.items[place].where
    if where:
        holds = spread(evaluate(parsed(where), RowScope(lowered, rows)), len(rows))
        if holds.exact is not None:
            lowered.exact[lowered.owner[rows[holds.exact]]] = True
        lacking = np.zeros(len(rows), np.int32) if holds.lacking is None else holds.lacking
        kept = holds.values | (lacking != 0)
        return rows[kept], np.full(kept.sum(), place, np.int32), lacking[kept]
    return rows, np.full(len(rows), place, np.int32), np.zeros(len(rows), np.int32)
