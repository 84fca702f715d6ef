"""Opening entries: what a rule makes of a record that has come to its place, or of a condition that became true.

An entry is worked out once, from what was placed before it, and then stays; what is decided later moves its end only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from goodstanding.engine.evaluation import (
    FOREVER,
    day_of,
    evaluate,
    holds,
    on_ladder,
    parsed,
    unknown,
)
from goodstanding.engine.periods import later
from goodstanding.engine.standing import Entry, Unknown
from goodstanding.engine.state import State
from goodstanding.facts.records import Record
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import EntryRule, Item, Policy, Share

Fitting = Mapping[tuple[str, str, str], Sequence[Item]]
"""Items by class, kind and subject, each list in the order of the policy."""


def fitting_items(policy: Policy) -> Fitting:
    """Sort a policy's items by what they fit, once for all dossiers."""
    fitting: dict[tuple[str, str, str], list[Item]] = {}
    for item in policy.items:
        fitting.setdefault((item.class_, item.kind, item.subject), []).append(item)
    return fitting


def open_entries(state: State, name: str, record: Record | None, fitting: Fitting) -> list[Entry]:
    """Let a rule look at a record, or without one at the day, and return the entries that it opened."""
    rule = state.policy.entries[name]
    opened = []
    for item, doubt in _fits(state, rule, record, fitting):
        entry = _draft(state, name, rule, record, item, doubt)
        if _offered(state, rule, entry):
            opened.append(entry)
            _repeated(state, rule, entry)
            take_in(state, entry)
            _spared(state, name, entry)
            _others_ended(state, rule, entry, record, item)
    return opened


def _fits(
    state: State, rule: EntryRule, record: Record | None, fitting: Fitting
) -> Iterator[tuple[Item | None, Unknown | None]]:
    """Yield the items of a rule that fit a record, or one None; with what must be known to tell whether they do."""
    items: Sequence[Item | None] = (None,)
    if rule.items:
        assert record is not None
        items = fitting.get((rule.items, record.kind, state.subject), ())
    for item in items:
        around = state.around(record, item)
        asked = [holds(text, around) for text in (item and item.where, rule.where) if text]
        if False not in asked:
            yield item, unknown(*asked)


def _draft(
    state: State, name: str, rule: EntryRule, record: Record | None, item: Item | None, doubt: Unknown | None
) -> Entry:
    around = state.around(record, item)
    text = rule.amount.running if isinstance(rule.amount, Share) else rule.amount
    amount = evaluate(parsed(text), around) if text else None
    grade = evaluate(parsed(rule.grade), around) if rule.grade else None
    clause, words = (item.clause, item.words) if item else (rule.clause, rule.words)
    entry = Entry(name, rule.account, record, item, amount, grade, state.today, state.today, None, clause, words)
    state.made += 1
    entry.place, entry.base = state.made, amount
    timed(state, rule, entry)
    if isinstance(rule.amount, Share):
        entry.amount = _share(state, rule.amount, entry)
    return doubted(entry, doubt) if doubt else entry


def timed(state: State, rule: EntryRule, entry: Entry) -> None:
    """Work out from when until when an entry counts; again when the end of its conduct becomes known."""
    today = state.today
    if entry.placed != today:
        state.on(entry.placed)
    around = state.around(entry.record, entry.item)
    if entry.record is not None:
        entry.continuing = state.end_of_conduct(entry.record) == FOREVER
    start = day_of(evaluate(parsed(rule.counts.start), around))
    ends = [] if rule.counts.until is None else [day_of(evaluate(parsed(rule.counts.until), around))]
    if entry.record is not None:
        ends += [_superseded(state, rule, entry.record), _ended(state, rule, entry.record)]
    lacking = unknown(start, *ends)
    if lacking is not None:
        doubted(entry, lacking)
    if not isinstance(start, Unknown):
        entry.start = start
    end = min((end for end in ends if not isinstance(end, Unknown)), default=FOREVER)
    entry.until = None if end == FOREVER or lacking else end
    entry.tested = entry.until if rule.counts.condition else None
    if entry.placed != today:
        state.on(today)


def doubted(entry: Entry, lacking: Unknown) -> Entry:
    """Keep that it is not known, for lack of these facts, whether an entry is there or counts."""
    entry.amount = unknown(lacking, entry.amount)
    entry.doubt = unknown(lacking, entry.doubt)
    return entry


def _superseded(state: State, rule: EntryRule, record: Record) -> dt.date:
    later_acts = (o.act for o in state.arrived if o.kind in rule.superseded_by and o.act > record.act)
    return min(later_acts, default=FOREVER)


def _ended(state: State, rule: EntryRule, record: Record) -> dt.date:
    """Return the day of the first act that ends it; no entry is ended by its own record."""
    others = (o for o in state.arrived if o.kind in rule.ended_by and o is not record)
    ends = (o.act for o in others if o.occurrence == record.occurrence)
    return min((end for end in ends if end >= record.act), default=FOREVER)


def _share(state: State, share: Share, entry: Entry) -> Any:
    """Return what an amount adds to a ladder of the running total in the calendar year of its place."""
    table = state.policy.tables[share.share]
    year = [e.base for e in state.entries if e.rule == entry.rule and e.placed.year == entry.placed.year]
    lacking = unknown(entry.base, *year)
    if lacking is not None:
        return lacking
    before = sum((amount for amount in year if isinstance(amount, Fraction)), Fraction(0))
    return on_ladder(table, before + (entry.base or 0)) - on_ladder(table, before)  # type: ignore[operator]


def _offered(state: State, rule: EntryRule, entry: Entry) -> bool:
    """Take an entry in unless another one of its occurrence goes before it; say whether it was."""
    if rule.unless:
        others = _beside(state, entry, [rule.unless])
        if any(other.doubt is None for other in others):
            return False
        doubts = unknown(*(other.doubt for other in others))
        if doubts:
            doubted(entry, doubts)
    if rule.choose:
        same = _beside(state, entry, [entry.rule])
        if any(not _graver(entry, other, 1 if rule.choose == "gravest" else -1) for other in same):
            return False
        for other in same:
            _removed(state, other)
    state.entries.append(entry)
    state.changed()
    return True


def _beside(state: State, entry: Entry, rules: Sequence[str]) -> list[Entry]:
    """Return the entries of these rules in the same occurrence; an entry of no record has none beside it."""
    of = entry.record
    return [e for e in state.entries if e.rule in rules and e.record and of and e.record.occurrence == of.occurrence]


def _graver(entry: Entry, held: Entry, sign: int) -> bool:
    """Whether an entry displaces the one held; an unknown amount always does, and is never displaced."""
    if isinstance(held.base, Unknown) or held.doubt:
        return False
    if isinstance(entry.base, Unknown) or entry.doubt:
        return True
    return sign * (entry.base or 0) < sign * (held.base or 0)


def _removed(state: State, entry: Entry) -> None:
    give_back(state, entry)
    state.entries.remove(entry)
    state.changed()


def _repeated(state: State, rule: EntryRule, entry: Entry) -> None:
    """Multiply the amount of an entry whose item already counts, from an earlier day, on the day of its place."""
    if rule.repeat is None or not isinstance(entry.amount, Fraction):
        return
    earlier = [
        one
        for one in state.entries
        if one.rule == entry.rule
        and one.item is entry.item
        and one.placed < entry.placed
        and one.counts_on(state.today)
    ]
    if any(one.doubt is None for one in earlier):
        entry.times = rule.repeat.times
        entry.amount = entry.amount * entry.times
    else:
        entry.amount = unknown(*(one.doubt for one in earlier)) or entry.amount


def take_in(state: State, entry: Entry) -> None:
    """Move the sum of a walked account by an entry that begins to count, and keep how far it was moved."""
    account = entry.account or ""
    if account in state.balances and entry.amount is not None and entry.counts_on(state.today):
        before = state.balances[account]
        state.balances[account] = _bounded(state, account, before, entry.amount)
        entry.amount = unknown(state.balances[account]) or state.balances[account] - before
        state.changed()


def give_back(state: State, entry: Entry) -> None:
    """Move the sum of a walked account back by what an entry moved that ends, if it had begun to count."""
    account = entry.account or ""
    if account in state.balances and entry.start <= state.today:
        amount = unknown(entry.amount) or -(entry.amount or Fraction(0))  # type: ignore[operator]
        state.balances[account] = _bounded(state, account, state.balances[account], amount)
        state.changed()


def _bounded(state: State, account: str, before: Any, amount: Any) -> Any:
    lacking = unknown(before, amount)
    if lacking is not None:
        return lacking
    bounds, after = state.policy.accounts[account], before + (amount or 0)
    after = after if bounds.ceiling is None else min(after, bounds.ceiling)
    return after if bounds.floor is None else max(after, bounds.floor)


def _spared(state: State, name: str, entry: Entry) -> None:
    """Take away the entries of other rules that must not be beside this one in its occurrence."""
    for other in _beside(state, entry, [one for one, rule in state.policy.entries.items() if rule.unless == name]):
        if entry.doubt is None:
            _removed(state, other)
        else:
            doubted(other, entry.doubt)
            state.changed()


def _others_ended(state: State, rule: EntryRule, entry: Entry, record: Record | None, item: Item | None) -> None:
    """End or spend the entries, and end the measures, that a rule says, for those on which its condition holds."""
    outer = state.around(record, item)
    for effect, spends in ((rule.ends, False), (rule.spends, True)):
        if effect is None:
            continue
        for other in state.named(effect.entries):
            if other is entry or not (spends or other.until is None or other.until > state.today):
                continue
            asked = True if effect.where is None else holds(effect.where, state.around_entry(other, outer))
            lacking = unknown(asked, entry.doubt)
            if lacking is not None:
                doubted(other, lacking)
                state.doubted(lacking)
            elif asked:
                ended(state, other, spends=spends)
        _measures_ended(state, effect.entries, entry)


def ended(state: State, entry: Entry, *, spends: bool = False) -> None:
    """End an entry on the day, or use it up."""
    if entry.counts_on(state.today):
        give_back(state, entry)
    entry.until = state.today if entry.until is None else min(entry.until, state.today)
    entry.tested = None
    entry.spent = entry.spent or spends
    state.changed()


def _measures_ended(state: State, names: Sequence[str], entry: Entry) -> None:
    for name in names:
        stage = state.stages.get(name)
        if stage is None:
            continue
        if entry.doubt is not None and stage.state != "no":
            state.doubted(entry.doubt)
        elif entry.doubt is None:
            stage.clear()
            state.changed()


def test_end(state: State, rule: EntryRule, entry: Entry, asked: Any) -> None:
    """End an entry whose end is tested today, or let it go on until the end is tested again."""
    if asked is True:
        return
    if isinstance(asked, Unknown):
        doubted(entry, asked)
        state.doubted(asked)
    assert entry.tested is not None
    entry.until = None
    if rule.counts.again:
        length = parsed(rule.counts.again)
        assert isinstance(length, ex.Duration)
        times = 1
        while later(entry.tested, times * length.count, length.unit) <= state.today:
            times += 1
        entry.until = later(entry.tested, times * length.count, length.unit)
    state.changed()
