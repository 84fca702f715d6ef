"""What would better a standing: found by trying, never guessed, and nothing smaller does it."""

import datetime as dt
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings

from goodstanding.engine import remedies as searching
from goodstanding.engine.remedies import possible, remedies, sets_of
from goodstanding.engine.standing import Outcome
from goodstanding.facts.records import Record
from tests.engine.dossiers import Dossier, dossiers, evaluator_of

REPAIRED = ["uk-food-hygiene", "cn-driver-points", "de-driver-register", "cn-court-defaulters"]
REPAIRED += ["int-exclusion-lists", "uk-hmrc-late-vat"]
ON = dt.date(2021, 6, 30)


def record(kind, act, document, **attributes):
    return Record("s", kind, dt.date.fromisoformat(act), document, document, attributes=attributes, digest=document)


def wendeng(*records):
    return Dossier("cn-wendeng", "person", records, ON)


def found(dossier):
    return remedies(dossier.evaluator, dossier.records, dossier.subject, dossier.on)


def rank(dossier, grade):
    order = list(dossier.evaluator.policy.grades.order)
    return len(order) if grade is None else order.index(grade)


def in_words(remedy):
    return [(act.repair, *act.record.attributes.values()) for act in remedy.acts]


def all_sets(dossier, acts):
    """Every set of up to so many acts, smallest first: what makes it small, and its records."""
    candidates = list(possible(dossier.evaluator, dossier.subject, dossier.standing()))
    for many in range(1, acts + 1):
        sized = []
        for place, chosen in enumerate(sets_of(candidates, many)):
            grids = [range(len(values)) for one in chosen for values in one.numbers.values()]
            for steps in product(*grids):
                left, records = list(steps), []
                for nth, one in enumerate(chosen, start=1):
                    own, left = tuple(left[: len(one.numbers)]), left[len(one.numbers) :]
                    records.append(one.record("s", dossier.on, f"repair-{nth}", own))
                sized.append(((many, sum(steps), place), records))
        yield from sorted(sized, key=lambda one: one[0])


def check(dossier, most):
    now = dossier.standing()
    for remedy in found(dossier).acts:
        grade = remedy.standing.grade
        assert dossier.standing(*(act.record for act in remedy.acts)).grade == grade
        assert rank(dossier, grade) < rank(dossier, now.grade)
        assert remedy.least
        for size, records in all_sets(dossier, min(most, len(remedy.acts))):
            if size >= remedy.size:
                break
            assert rank(dossier, dossier.standing(*records).grade) > rank(dossier, grade)


@settings(max_examples=60)
@given(dossiers(REPAIRED))
def test_a_remedy_gives_its_grade_and_no_smaller_one_does(dossier):
    check(dossier, 3)


@settings(max_examples=6)
@given(dossiers(["cn-wendeng"]))
def test_a_remedy_with_numbers_gives_its_grade_and_no_smaller_one_does(dossier):
    check(dossier, 2)


@settings(max_examples=40)
@given(dossiers(REPAIRED))
def test_where_nothing_is_found_no_set_of_acts_betters_the_grade(dossier):
    now, remedy = dossier.standing(), found(dossier)
    if now.outcome is Outcome.NOT_DECIDABLE or remedy.acts:
        return
    assert remedy.complete
    if rank(dossier, now.grade):
        for _, records in all_sets(dossier, 2):
            assert rank(dossier, dossier.standing(*records).grade) >= rank(dossier, now.grade)


@settings(max_examples=60)
@given(dossiers([*REPAIRED, "cn-wendeng", "hk-food-premises"]))
def test_waiting_gives_the_grade_on_its_day_and_not_before(dossier):
    best = rank(dossier, dossier.standing().grade)
    waiting = remedies_by_waiting(dossier)
    for change in waiting:
        assert rank(dossier, change.grade) < best
        assert dossier.standing(on=change.on).grade == change.grade
        assert rank(dossier, dossier.standing(on=change.on - dt.timedelta(days=1)).grade) >= best
        best = rank(dossier, change.grade)


def remedies_by_waiting(dossier):
    evaluator = dossier.evaluator
    changes = evaluator.changes(dossier.records, dossier.subject, dossier.on)
    return list(searching._waiting(evaluator, dossier.standing(), changes))


def test_of_a_number_the_least_that_does_it_is_named():
    (aa, aaa) = found(wendeng()).acts
    assert in_words(aa) == [("donation", Fraction(10000))]
    assert in_words(aaa) == [("volunteering", Fraction(300))]
    assert (aa.standing.score, aa.least) == (1030, True)


def test_several_acts_are_put_together_where_one_is_not_enough():
    acts = found(wendeng(record("contract.breach-judged", "2021-03-01", "K-1"))).acts
    assert [len(remedy.acts) for remedy in acts] == [1, 2]
    assert in_words(acts[1]) == [("volunteering", Fraction(300)), ("donation", Fraction(10000))]


def test_an_act_is_about_an_entry_for_which_the_policy_allows_it():
    listed, revoked = record("court.defaulter", "2021-03-01", "C-1"), record("licence.revoked", "2021-03-01", "L-1")
    remedy = found(wendeng(listed)).acts[0]
    assert [(act.repair, act.record.occurrence) for act in remedy.acts] == [("performed", "C-1")]
    assert all(act.repair != "performed" for one in found(wendeng(revoked)).acts for act in one.acts)


def test_a_petitioner_repairs_d_by_a_commitment_and_nothing_else_by_it():
    placed = record("petition.sensitive-place", "2021-03-01", "P-1")
    for one, repairs in ((placed, True), (record("licence.revoked", "2021-03-01", "L-1"), False)):
        candidates = possible(evaluator_of("cn-wendeng"), "person", wendeng(one).standing())
        assert ("commitment_d" in {candidate.repair for candidate in candidates}) is repairs


def test_every_better_rating_of_an_inspection_is_named_the_nearest_first():
    records = (
        record("food.inspection", "2021-03-01", "D-1", **dict.fromkeys(("hygiene", "structural"), Fraction(20))),
    )
    bad = Record(**{**vars_of(records[0]), "attributes": {**records[0].attributes, "confidence": Fraction(20)}})
    acts = found(Dossier("uk-food-hygiene", "thing", (bad,), ON)).acts
    assert [remedy.standing.grade for remedy in acts] == ["1", "2", "3", "4", "5"]


def vars_of(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def test_what_cannot_be_decided_has_no_remedy():
    unknown = Dossier("cn-wendeng", "organisation", (record("tax.arrears", "2021-03-01", "T-1"),), ON)
    assert (found(unknown).acts, found(unknown).waiting) == ((), ())


@pytest.mark.parametrize(("limit", "value"), [("MOST_TRIALS", 12), ("MOST_POINTS", 15)])
def test_where_a_limit_is_met_it_is_said_and_the_remedy_still_holds(monkeypatch, limit, value):
    monkeypatch.setattr(searching, limit, value)
    dossier = wendeng(record("contract.default", "2021-03-01", "K-1"))
    stopped = found(dossier)
    assert not stopped.complete
    for remedy in stopped.acts:
        assert not remedy.least
        assert dossier.standing(*(act.record for act in remedy.acts)).grade == remedy.standing.grade


def test_lowering_by_halving_finds_the_same_where_more_never_harms(monkeypatch):
    dossier = wendeng()
    exhaustive = {one.standing.grade: in_words(one) for one in found(dossier).acts}
    monkeypatch.setattr(searching, "MOST_POINTS", 5)
    assert {one.standing.grade: in_words(one) for one in found(dossier).acts}.items() <= exhaustive.items()


def test_policies_without_repairs_have_only_waiting():
    dossier = Dossier("hk-food-premises", "thing", (), ON)
    assert evaluator_of("hk-food-premises").policy.repairs == {}
    assert found(dossier).acts == ()
