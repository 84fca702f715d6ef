"""Dossiers: what was known when, and what the exact evaluator makes of it."""

import datetime as dt

import pytest

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Outcome
from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries import deliver
from goodstanding.register.dossiers import changes, dossier, history, standing
from goodstanding.register.policies import load_policy
from goodstanding.register.subjects import by_identifier
from tests.register.conftest import FIRM, PEOPLE, PERSON, RECEIVED, UNTIL, row


@pytest.fixture
def person(synthetic, file, wendeng):
    rows = [row(PERSON, "D-2", act="2026-03-01"), row(PERSON, "D-1", act="2025-03-01"), row(FIRM, "D-3")]
    deliver(synthetic, "city.tax", file(*rows), RECEIVED)
    load_policy(synthetic, wendeng)
    return by_identifier(synthetic, PERSON["subject"])


def test_a_dossier_has_the_subjects_records_in_order_of_the_act(synthetic, person) -> None:
    kept = dossier(synthetic, person)
    assert [(one.record.document, one.delivery, one.row) for one in kept.records] == [("D-1", 1, 2), ("D-2", 1, 1)]
    assert {one.record.subject for one in kept.records} == {PERSON["subject"]}


def test_a_dossier_of_a_day_has_what_was_known_by_its_end(synthetic, person, file, tamper) -> None:
    tamper(synthetic, "UPDATE delivery SET known_on = '2026-10-01 23:59:59.9+00' WHERE number = 1")
    deliver(synthetic, "city.tax", file(row(PERSON, "D-4")), RECEIVED)
    documents = [
        [one.record.document for one in dossier(synthetic, person, day).records]
        for day in (dt.date(2026, 9, 30), dt.date(2026, 10, 1), dt.datetime.now(dt.UTC).date(), None)
    ]
    assert documents == [[], ["D-1", "D-2"], ["D-1", "D-2", "D-4"], ["D-1", "D-2", "D-4"]]


def test_somebody_without_records_has_an_empty_dossier_and_a_standing(synthetic, person) -> None:
    other = by_identifier(synthetic, PEOPLE["subject"][1])
    kept = dossier(synthetic, other)
    assert kept.records == ()
    assert standing(synthetic, kept, "cn-wendeng", UNTIL).grade == "A"


def test_a_standing_is_the_exact_evaluators_on_the_records_of_the_dossier(synthetic, person, wendeng) -> None:
    kept = dossier(synthetic, person)
    told = standing(synthetic, kept, "cn-wendeng", UNTIL)
    evaluator, records = Evaluator(wendeng, synthetic.catalogue), [one.record for one in kept.records]
    known = max(one.known_on.date() for one in kept.records)
    assert told == evaluator.standing(records, "person", UNTIL, known)
    assert told.outcome is Outcome.GRADED
    assert told.receipt.policy == wendeng.hash
    assert told.receipt.records == tuple(sorted(one.record.digest for one in kept.records))
    assert changes(synthetic, kept, "cn-wendeng", UNTIL) == evaluator.changes(records, "person", UNTIL)
    steps = history(synthetic, kept, "cn-wendeng", UNTIL)
    assert steps == evaluator.history(records, "person", UNTIL)
    assert steps[0].on == dt.date(2025, 3, 1)


def test_a_policy_that_is_not_loaded_or_not_about_such_subjects_is_named(synthetic, person, food) -> None:
    load_policy(synthetic, food)
    kept = dossier(synthetic, person)
    with pytest.raises(InputError, match="policy nl-moon: is not loaded; found cn-wendeng, uk-food-hygiene"):
        standing(synthetic, kept, "nl-moon", UNTIL)
    with pytest.raises(InputError, match="found a person, expected one of organisation, thing"):
        standing(synthetic, kept, "uk-food-hygiene", UNTIL)
