"""Functions over entries: sums, counts, the latest, the highest.

Entries that count on the day are read, with `ever` also those that are over or not begun; never those that were spent.
Of those, `last` takes so many that were placed last.
Where it is in doubt whether there is an entry, so is all that hangs on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from goodstanding.engine.evaluation import FOREVER, Surroundings, day_of, evaluate, unknown
from goodstanding.engine.standing import Entry, Unknown
from goodstanding.policy import expressions as ex

if TYPE_CHECKING:
    from goodstanding.engine.state import State

Read = tuple[Entry, Unknown | None, Surroundings]
"""An entry, what must be known to tell whether it is one of them, and what an expression on it reads."""


def over(node: ex.Aggregate, around: Surroundings, state: State) -> Any:
    """Return the value of a function over entries: Fraction, bool, date, code, or Unknown where there are none."""
    found = list(_read(node, around, state))
    found = found if node.last is None else _last(found, node.last)
    if node.reading or node.function == "peak":
        return _on_days(node, around, found)
    doubts = unknown(*(doubt for _, doubt, _ in found))
    if node.function == "sum":
        return _sum(node, found, state)
    if node.function == "count":
        return doubts or Fraction(len(found))
    if node.function in ("some", "continuing"):
        those = [(e, doubt) for e, doubt, _ in found if node.function == "some" or e.continuing]
        return any(doubt is None for _, doubt in those) or unknown(*(doubt for _, doubt in those)) or False
    if not found:
        missing = Unknown(frozenset({node.source}))
        return evaluate(node.otherwise, around) if node.otherwise is not None else missing
    if node.function == "worst":
        return _worst(found, list(state.policy.grades.order), node.source)
    return doubts or _chosen(node, found)


def _read(node: ex.Aggregate, around: Surroundings, state: State) -> Iterable[Read]:
    by_account = _by_account(node, state)
    for entry in state.entries:
        if entry.spent or (entry.account if by_account else entry.rule) != node.source:
            continue
        held = False if node.ever else state.held(entry)
        whole = node.ever or node.reading or node.function == "peak"
        if held is True or not (whole or entry.counts_on(around.today)):
            continue
        inner = state.around_entry(entry, around)
        asked = True if node.where is None else evaluate(node.where, inner)
        if asked is not False:
            yield entry, unknown(entry.doubt, held, asked), inner


def _last(found: list[Read], many: int) -> list[Read]:
    """Return the last so many of entries in the order of their places.

    One that would be pushed out by later ones that are in doubt is in doubt with them.
    """
    kept: list[Read] = []
    certain, doubts = 0, None
    for entry, doubt, inner in reversed(found):
        if certain == many:
            break
        kept.insert(0, (entry, unknown(doubt, doubts if len(kept) >= many else None), inner))
        certain, doubts = certain + (doubt is None), unknown(doubts, doubt)
    return kept


def _by_account(node: ex.Aggregate, state: State) -> bool:
    """A name of an account and a rule is the account where amounts are added up, else the rule."""
    first = node.function in ("sum", "peak")
    return node.source in state.policy.accounts and (first or node.source not in state.policy.entries)


def _sum(node: ex.Aggregate, found: list[Read], state: State) -> Any:
    balance = state.balances.get(node.source)
    if balance is not None and node.value is None and node.where is None and not (node.ever or node.last):
        return balance
    amounts: list[Any] = [
        entry.amount if node.value is None else evaluate(node.value, inner) for entry, _, inner in found
    ]
    doubts = unknown(*amounts, *(doubt for _, doubt, _ in found))
    return doubts or sum((amount for amount in amounts if amount is not None), Fraction(0))


def _on_days(node: ex.Aggregate, around: Surroundings, found: list[Read]) -> Any:
    """Return the sum on one day, or the highest sum of all days from one (else from the first) until today."""
    at = None if node.at is None else day_of(evaluate(node.at, around))
    doubts = unknown(at, *(entry.amount for entry, _, _ in found), *(doubt for _, doubt, _ in found))
    if doubts:
        return doubts
    entries = [entry for entry, _, _ in found]
    if node.function == "sum":
        return _sum_on(entries, at)
    first = min(at, around.today) if at else dt.date.min
    edges = {day for entry in entries for day in (entry.start, entry.until or FOREVER)}
    return max(_sum_on(entries, day) for day in {first} | {day for day in edges if first < day <= around.today})


def _sum_on(entries: list[Entry], day: Any) -> Fraction:
    amounts = (entry.amount for entry in entries if entry.counts_on(day))
    return sum((amount for amount in amounts if isinstance(amount, Fraction)), Fraction(0))


def _chosen(node: ex.Aggregate, found: list[Read]) -> Any:
    """Return what an expression is of the entry that was placed first or last, or the highest or lowest it is."""
    assert node.value is not None
    if node.function in ("first", "latest"):
        place = (min if node.function == "first" else max)(found, key=lambda read: (read[0].placed, read[0].place))
        return day_of(evaluate(node.value, place[2]))
    values = [day_of(evaluate(node.value, inner)) for _, _, inner in found]
    return unknown(*values) or (max if node.function == "highest" else min)(values)


def _worst(found: list[Read], order: list[str], source: str) -> Any:
    """Return the worst grade among the entries, unknown where one that is in doubt would be worse."""
    graded = [(doubt, _rank(entry.grade, order)) for entry, doubt, _ in found if entry.grade is not None]
    lacking = unknown(*(rank for _, rank in graded))
    if lacking is not None:
        return lacking
    worst = max((rank for doubt, rank in graded if doubt is None), default=-1)
    doubts = unknown(*(doubt for doubt, rank in graded if rank > worst))
    return doubts or (order[worst] if worst >= 0 else Unknown(frozenset({source})))


def _rank(grade: str | Unknown | None, order: list[str]) -> Any:
    """Return the place of a grade, 0 the best; unknown for a code that is none of the grades."""
    if isinstance(grade, Unknown):
        return grade
    return order.index(grade) if grade in order else Unknown(frozenset({f"{grade} among the grades"}))
