"""One dossier at a time, by the program: the explanation as data is what the exact evaluator says."""

import datetime as dt
import os
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cache

import pytest

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.single import Single, told
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.records import Record
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.examples import read_examples
from goodstanding.policy.reader import read_policy
from tests.engine.comparing import PEOPLE, case_of
from tests.engine.sentences import Chance
from tests.engine.world import CATALOGUE, days_of, records_of

KINDS = catalogue(World.SYNTHETIC)
ON = dt.date(2025, 6, 15)
FEW, MANY = 40, int(os.environ.get("GOODSTANDING_EXAMPLES", "2000"))
POLICIES = sorted(folder.name for folder in shipped("policies").iterdir())


@cache
def both(policy, *, compiled=False):
    """A shipped policy, one dossier at a time and by the exact evaluator."""
    loaded = read_policy(shipped("policies") / policy)
    return Single(loaded, KINDS, compiled=compiled), Evaluator(loaded, KINDS)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_example_of_every_shipped_policy_comes_out_as_the_exact_evaluator_says(policy):
    single, exact = both(policy)
    for case in read_examples(shipped("policies") / policy, KINDS):
        asked = (case.records, case.example.subject, case.example.on)
        assert single.standing(*asked) == told(exact.standing(*asked)), case.example.name


def differences(seed, *, compiled=False):
    """What is said otherwise of a generated policy's dossiers."""
    whole, loaded, rows = case_of(seed)
    single, exact = Single(loaded, CATALOGUE, compiled=compiled), Evaluator(loaded, CATALOGUE)
    records, found = records_of(rows), []
    for on in days_of(Chance(seed), rows, str(whole)):
        for name, is_a in PEOPLE.items():
            dossier = [record for record in records if record.subject == name]
            said, meant = single.standing(dossier, is_a, on), told(exact.standing(dossier, is_a, on))
            found += [(on, name, key, said[key], meant[key]) for key in meant if said[key] != meant[key]]
    return found


def test_generated_policies_and_dossiers_come_out_as_the_exact_evaluator_says():
    assert [found for seed in range(FEW) for found in differences(seed)] == []


@pytest.mark.long
def test_many_generated_policies_and_dossiers_come_out_so():
    assert [found for seed in range(FEW, FEW + MANY) for found in differences(seed)] == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_machine_code_says_the_same(seed):
    assert differences(seed, compiled=True) == []


def inspection(document, day="2025-01-01", scores=(5, 5, 5), **rest):
    attributes = dict(zip(("hygiene", "structural", "confidence"), map(Fraction, scores), strict=False))
    act = dt.date.fromisoformat(day)
    return Record("s", "food.inspection", act, document, document, attributes=attributes, digest=document, **rest)


@pytest.fixture
def counted(monkeypatch):
    """How often the exact evaluator was asked."""
    asked, standing = [], Evaluator.standing
    monkeypatch.setattr(Evaluator, "standing", lambda *given: asked.append(1) or standing(*given))
    return asked


def food(records, on=ON):
    return both("uk-food-hygiene")[0].standing(records, "organisation", on)


def test_a_dossier_is_explained_without_the_exact_evaluator(counted):
    found = food([inspection("1", scores=(0, 10, 5))])
    assert counted == []
    assert (found["outcome"], found["score"], found["grade"]) == ("graded", 15, "4")
    assert [entry["amount"] for entry in found["entries"]] == [0, 10, 5]
    assert found["arithmetic"][0] == {"name": "total", "filled": "0 + 10 + 5", "result": 15, "clause": "mapping"}
    assert found["entries"][0]["from"] == dt.date(2025, 1, 1)


def test_the_order_of_records_and_what_is_given_twice_make_no_difference(counted):
    dossier = [inspection("1"), inspection("2", "2025-02-01", (10, 5, 0)), inspection("3", "2025-02-01", (5, 0, 0))]
    assert food(dossier) == food([*reversed(dossier), dossier[1]])
    assert counted == []


def test_what_is_not_known_on_the_day_or_comes_later_is_passed_over(counted):
    later = [inspection("2", "2025-07-01"), inspection("3", known=dt.date(2025, 7, 1)), inspection("4", withdrawn=ON)]
    assert food([inspection("1"), *later]) == food([inspection("1")])
    assert counted == []


def test_what_hangs_on_an_unknown_fact_is_left_to_the_exact_evaluator(counted):
    found = food([inspection("1", scores=(5, 5))])
    assert counted == [1]
    assert (found["outcome"], found["missing"]) == ("not decidable", ("food.inspection.confidence",))
    assert [entry["amount"] for entry in found["entries"]] == [5, 5, None]


@pytest.mark.parametrize("score", [Fraction(1, 3), Fraction(2) ** 60])
def test_numbers_that_columns_do_not_hold_are_left_to_the_exact_evaluator(score, counted):
    food([inspection("1", scores=(score, 0, 0))])
    assert counted == [1]


@pytest.mark.parametrize("many", [33, 100, 5000])
def test_large_dossiers_come_out_as_the_exact_evaluator_says(many):
    single, exact = both("uk-food-hygiene")
    dossier = [inspection(str(n), str(dt.date(2010, 1, 1) + dt.timedelta(n))) for n in range(min(many, 150))] * many
    asked = (dossier[:many], "organisation", ON)
    assert single.standing(*asked) == told(exact.standing(*asked))


def test_a_code_that_neither_policy_nor_catalogue_knows_is_a_code_like_others(counted):
    single, exact = both("sg-workplace-safety")
    order = Record(
        "s", "safety.stop-work-order", dt.date(2025, 1, 1), "1", "1", attributes={"extent": "odd"}, digest="1"
    )
    assert single.standing([order], "organisation", ON) == told(exact.standing([order], "organisation", ON))


@pytest.mark.long
def test_threads_do_not_disturb_each_other():
    single, _ = both("uk-food-hygiene", compiled=True)
    dossiers = [[inspection(str(n), scores=(n % 6 * 5, 5, 0))] for n in range(500)]
    expected = [single.standing(dossier, "organisation", ON) for dossier in dossiers]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda one: single.standing(one, "organisation", ON), dossiers)) == expected
