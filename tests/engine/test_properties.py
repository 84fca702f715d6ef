"""What holds of every policy and dossier, on whole policies of the language at random."""

import json
import os
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Outcome, Status
from tests.engine.policies import loaded_of, policy_of, rests
from tests.engine.sentences import Chance
from tests.engine.world import CATALOGUE, days_of, dossier, records_of

MANY = int(os.environ.get("GOODSTANDING_EXAMPLES", "150"))
"""Policies that each property is asked of."""


class Case:
    """A generated policy, the records of one dossier and days to ask about."""

    def __init__(self, seed):
        whole = policy_of(seed)
        loaded, text = loaded_of(whole), json.dumps(whole)
        assume(rests(loaded))
        self.seed, self.policy, self.chance = seed, loaded.policy, Chance(seed)
        self.evaluator = Evaluator(loaded, CATALOGUE)
        self.rows = dossier(seed, loaded.policy, text)
        self.records, self.days = records_of(self.rows), days_of(self.chance, self.rows, text)
        self.subject = self.chance.one(("person", "person", "organisation"))

    def __repr__(self):
        return f"Case({self.seed})"

    def standing(self, on, known_on=None, records=None):
        return self.evaluator.standing(self.records if records is None else records, self.subject, on, known_on)


def told(standing):
    """All that a standing says, but for the receipt and the days asked for."""
    entries = [replace(entry, words={}) for entry in standing.entries]
    said = [(e.rule, e.item and e.item.id, e.record and e.record.digest, e.amount, e.grade, e.placed, e.start, e.until,
             e.status, e.doubt) for e in entries]  # fmt: skip
    values = [(step.name, step.result) for step in standing.arithmetic]
    stages = [(stage.measure, stage.state, stage.reached, stage.imposed, stage.until) for stage in standing.stages]
    return (standing.outcome, standing.score, standing.grade, said, values, standing.measures, stages,
            dict(standing.decisions), standing.missing, standing.reason)  # fmt: skip


def shown(standing):
    """What a step of history or a change is a change of."""
    stages = [(stage.measure, stage.state) for stage in standing.stages]
    decisions = tuple(standing.decisions.items())
    return (standing.outcome, standing.score, standing.grade, standing.measures, stages, decisions, standing.reason)


cases = st.integers(0, 2**32).map(Case)
many = settings(max_examples=MANY)


@many
@given(cases)
def test_records_in_any_order_and_twice_give_the_same_standing(case):
    mixed = case.records + case.records[:2]
    case.chance.random.shuffle(mixed)
    for on in case.days:
        assert told(case.standing(on, records=mixed)) == told(case.standing(on))


@many
@given(cases)
def test_a_standing_is_the_last_step_of_history(case):
    on = case.days[-1]
    steps = case.evaluator.history(case.records, case.subject, on)
    if steps:
        assert shown(steps[-1]) == shown(case.standing(on))


@many
@given(cases)
def test_nothing_changes_before_the_next_change(case):
    """Records that a rule places after the day come, in a standing of a later day, and do not in a forecast."""
    assume(not any(rule.placed for rule in case.policy.entries.values()))
    on = case.days[0]
    records = [record for record in case.records if record.act <= on and record.withdrawn is None]
    changes = case.evaluator.changes(records, case.subject, on)
    first = changes[0].on if changes else on + timedelta(900)
    now = shown(case.standing(on, records=records))
    for day in {on + timedelta(1), on + (first - on) / 2, first - timedelta(1)} - {first}:
        assert shown(case.standing(day, on, records)) == now
    if changes:
        assert shown(case.standing(first, on, records)) != now


@many
@given(cases)
def test_what_is_known_later_makes_no_difference(case):
    on = case.days[-1]
    for known_on in case.days:
        early = [record for record in case.records if record.known is None or record.known <= known_on]
        assert told(case.standing(on, known_on, early)) == told(case.standing(on, known_on))


@many
@given(cases)
def test_a_record_that_is_withdrawn_was_never_there(case):
    on = case.days[-1]
    for record in case.records[:3]:
        void = replace(record, withdrawn=on)
        others = [other for other in case.records if other is not record]
        assert told(case.standing(on, records=[*others, void])) == told(case.standing(on, records=others))
        later = replace(record, withdrawn=on + timedelta(1))
        if record.withdrawn is None:
            assert told(case.standing(on, records=[*others, later])) == told(case.standing(on))


@many
@given(cases)
def test_the_way_through_other_days_makes_no_difference(case):
    """Asked of all records at once, each step of history is the standing of its day."""
    last = case.days[-1]
    for step in case.evaluator.history(case.records, case.subject, last)[:6]:
        if all(record.act <= step.on for record in case.records):
            assert shown(case.standing(step.on, last)) == shown(step)


@settings(max_examples=MANY // 5)
@given(cases)
def test_visiting_every_day_gives_the_standing_that_visiting_some_days_gives(case):
    """Nothing happens by time alone on a day that the fold passes over."""
    first = min(record.act for record in case.records) - timedelta(1)
    on = min(case.days[-1], first + timedelta(500))
    kept = case.evaluator._kept(case.records, on, on)
    fold = case.evaluator._fold(kept, case.subject, on)
    fold.to(first)
    fold.left = [first + timedelta(step) for step in range(1, (on - first).days + 1)]
    daily = case.evaluator._judged(fold.to(on), kept, on)
    assert told(daily) == told(case.standing(on))


@many
@given(cases)
def test_walked_sums_stay_within_floor_and_ceiling(case):
    bounds = {name: (a.floor, a.ceiling) for name, a in case.policy.accounts.items() if not _plain(a)}
    state = case.evaluator._fold(case.records, case.subject, case.days[-1])
    for day in state.days(case.days[-1]):
        for name, (floor, ceiling) in bounds.items():
            balance = state.state.balances[name]
            if isinstance(balance, Fraction):
                assert floor is None or balance >= min(floor, 0), day
                assert ceiling is None or balance <= max(ceiling, 0), day


def _plain(account):
    return account.floor is None and account.ceiling is None


ASKS = ("known(", " else ", "ever ")


@many
@given(cases)
def test_an_attribute_that_no_rule_reads_makes_no_difference(case):
    """What nothing names may be absent or other: the standing is the same."""
    text = case.policy.model_dump_json(by_alias=True)
    unread = {name for name in CATALOGUE.attributes if name not in text} - {"assessed"}
    assume(unread)
    records = [replace(r, attributes={k: v for k, v in r.attributes.items() if k not in unread}) for r in case.records]
    for on in case.days:
        assert told(case.standing(on, records=records)) == told(case.standing(on))


@pytest.mark.parametrize("attribute", ["size", "degree", "learned", "verdict", "amount"])
@settings(max_examples=MANY // 3)
@given(cases)
def test_unknown_is_never_false(attribute, case):
    """Without `known` and places by the attribute, a fact that is absent gives what each fact would give, or nothing.

    A graded standing without the fact is that with the fact: no grade may rest on a guess.
    """
    text = case.policy.model_dump_json(by_alias=True)
    assume("known(" not in text and not _places_by(case.policy, attribute))
    on = case.days[-1]
    missing = [replace(r, attributes={k: v for k, v in r.attributes.items() if k != attribute}) for r in case.records]
    without, there = case.standing(on, records=missing), case.standing(on)
    if without.outcome is Outcome.GRADED and there.outcome is not Outcome.NOT_DECIDABLE:
        assert (without.outcome, without.grade) == (there.outcome, there.grade)
        assert without.score in (None, there.score)


def _places_by(policy, attribute):
    return any(attribute in (rule.placed or "") + (rule.after or "") for rule in policy.entries.values())


@many
@given(cases)
def test_entries_that_count_are_those_whose_days_hold_the_day(case):
    for on in case.days:
        for entry in case.standing(on).entries:
            inside = entry.start <= on and (entry.until is None or on < entry.until)
            assert (entry.status in (Status.COUNTS, Status.HELD)) == (inside and entry.status is not Status.SPENT)
            assert entry.placed <= on


@many
@given(cases)
def test_the_days_asked_about_are_real_days(case):
    assert all(date(2019, 1, 1) < day < date(2026, 1, 1) for day in case.days)
