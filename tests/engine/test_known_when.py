"""What was known when: a withdrawn record takes all that followed from it, and is still there as known before."""

import datetime as dt
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.dossiers import dossiers, evaluator_of, examples, told

DRIVERS = evaluator_of("cn-driver-points")
BEFORE, WITHDRAWN = dt.date(2023, 8, 1), dt.date(2023, 9, 1)
POLICIES = ["cn-wendeng", "uk-hmrc-late-vat", "de-driver-register", "cn-driver-points", "hk-food-premises"]


def stopped(**changed):
    """A licence that was declared out of use after 12 points, of which the violation is changed."""
    case = next(one for one in examples("cn-driver-points") if one.example.name == "The licence is declared out of use")
    return [replace(one, **changed) if one.kind == "driving.violation" else one for one in case.records]


def driver(records, known_on):
    return DRIVERS.standing(records, "person", BEFORE, known_on)


def test_with_a_record_everything_goes_that_followed_from_it():
    records = stopped(withdrawn=WITHDRAWN)
    then, now = driver(records, BEFORE), driver(records, WITHDRAWN)
    assert (then.grade, then.score) == ("full", 12)
    assert {"violation", "full", "summoned"} <= {entry.rule for entry in then.entries}
    assert {"licence_held", "study", "stopped"} <= set(then.measures)
    assert (now.grade, now.score) == ("clear", 0)
    assert not {"violation", "full", "summoned"} & {entry.rule for entry in now.entries}
    assert now.measures == ("stopped",)


def test_an_act_that_stands_without_its_ground_is_marked():
    records = stopped(withdrawn=WITHDRAWN)
    ((then,), (now,)) = (driver(records, day).stages for day in (BEFORE, WITHDRAWN))
    assert (then.state, then.ground_fell) == ("imposed", False)
    assert (now.state, now.ground_fell) == ("imposed", True)


def test_what_became_known_later_is_not_there_before():
    records = stopped(known=WITHDRAWN)
    assert driver(records, BEFORE).grade == "clear"
    assert driver(records, WITHDRAWN).grade == "full"


def test_points_set_back_after_a_reminder_come_back_without_it():
    german = evaluator_of("de-driver-register")
    case = next(
        one
        for one in examples("de-driver-register")
        if any(entry.rule == "lowered_5" for entry in lowered(german, one.records, one.example.on))
    )
    on = case.example.on
    withdrawn = on + dt.timedelta(days=30)
    records = [replace(one, withdrawn=withdrawn) if one.kind == "driving.reminder" else one for one in case.records]
    then, now = (german.standing(records, "person", on, day) for day in (on, withdrawn))
    assert then.score < now.score
    assert not any(entry.rule == "lowered_5" for entry in now.entries)


def lowered(evaluator, records, on):
    return evaluator.standing(records, "person", on).entries


@settings(max_examples=60)
@given(dossiers(POLICIES), st.data())
def test_a_withdrawn_record_is_as_if_it_had_never_been(dossier, data):
    if not dossier.records:
        return
    gone = data.draw(st.sampled_from(range(len(dossier.records))))
    without = [record for at, record in enumerate(dossier.records) if at != gone]
    day = dossier.on + dt.timedelta(days=1)
    revoked = [*without, replace(dossier.records[gone], withdrawn=day)]
    evaluator, subject, on = dossier.evaluator, dossier.subject, dossier.on
    assert told(evaluator.standing(revoked, subject, on, day)) == told(evaluator.standing(without, subject, on, day))
    assert told(evaluator.standing(revoked, subject, on)) == told(dossier.standing())
