"""What changes by itself: on the day that is printed, and on no day before it."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.dossiers import dossiers, told

POLICIES = ["cn-wendeng", "uk-hmrc-late-vat", "de-driver-register", "cn-driver-points", "hk-food-premises"]
POLICIES += ["cn-court-defaulters", "sg-workplace-safety", "eu-transport-risk", "int-exclusion-lists"]
POLICIES += ["uk-food-hygiene", "cn-credit-clocks", "jp-construction-w"]
YEARS = 1500


@settings(max_examples=120)
@given(dossiers(POLICIES), st.data())
def test_the_next_change_happens_on_its_day_and_nothing_before_it(dossier, data):
    changes = dossier.evaluator.changes(dossier.records, dossier.subject, dossier.on)
    now = told(dossier.standing())
    gap = (changes[0].on - dossier.on).days if changes else YEARS
    days = range(1, gap) if gap <= 40 else data.draw(st.lists(st.integers(1, gap - 1), min_size=15, max_size=15))
    for day in {*days, gap - 1} - {0}:
        assert told(dossier.standing(on=dossier.on + dt.timedelta(days=day))) == now
    if changes:
        then = dossier.standing(on=changes[0].on)
        assert told(then) != now
        assert (then.outcome, then.score, then.grade) == (changes[0].outcome, changes[0].score, changes[0].grade)
        assert (then.measures, then.stages) == (changes[0].measures, changes[0].stages)


@settings(max_examples=40)
@given(dossiers(POLICIES))
def test_every_later_change_is_what_the_standing_is_on_its_day(dossier):
    changes = dossier.evaluator.changes(dossier.records, dossier.subject, dossier.on)
    for change in changes[:8]:
        then = dossier.standing(on=change.on)
        assert (then.outcome, then.score, then.grade) == (change.outcome, change.score, change.grade)
        assert (then.measures, then.stages) == (change.measures, change.stages)


@settings(max_examples=40)
@given(dossiers(POLICIES), st.data())
def test_the_history_is_the_standing_on_every_day(dossier, data):
    steps = dossier.evaluator.history(dossier.records, dossier.subject, dossier.on)
    ends = [*(step.on for step in steps[1:]), dossier.on + dt.timedelta(days=1)]
    for step, end in zip(steps, ends, strict=False):
        day = step.on + dt.timedelta(days=data.draw(st.integers(0, (end - step.on).days - 1)))
        assert told(dossier.standing(on=day)) == told(step)
