"""Dossiers: what was known when, and what the exact evaluator makes of it."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Outcome
from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.dossiers import changes, dossier, history, standing
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.repeats import repeats
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.standings.scoring import scored_then
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
    assert changes(synthetic, kept, "cn-wendeng", UNTIL) == evaluator.changes(records, "person", UNTIL, known)
    steps = history(synthetic, kept, "cn-wendeng", UNTIL)
    assert steps == evaluator.history(records, "person", UNTIL, known)
    assert steps[0].on == dt.date(2025, 3, 1)


def test_a_policy_that_is_not_loaded_or_not_about_such_subjects_is_named(synthetic, person, food) -> None:
    load_policy(synthetic, food)
    kept = dossier(synthetic, person)
    with pytest.raises(InputError, match="policy nl-moon: is not loaded; found cn-wendeng, uk-food-hygiene"):
        standing(synthetic, kept, "nl-moon", UNTIL)
    with pytest.raises(InputError, match="found a person, expected one of organisation, thing"):
        standing(synthetic, kept, "uk-food-hygiene", UNTIL)


BEFORE, AFTER = dt.date(2026, 10, 5), dt.date(2026, 10, 15)


@pytest.fixture
def corrected(synthetic, person, file, tamper):
    """D-1 came on the first of October; on the tenth it was found to be about a firm, and D-2 was withdrawn."""
    tamper(synthetic, "UPDATE delivery SET known_on = '2026-10-01 12:00+00' WHERE number = 1")
    withdrawn = row(PERSON, "D-2", act="2026-03-01", version=2, state="withdrawn")
    deliver(synthetic, "city.tax", file(row(FIRM, "D-1", act="2025-03-01", version=2), withdrawn), RECEIVED)
    tamper(synthetic, "UPDATE delivery SET known_on = '2026-10-10 12:00+00' WHERE number = 2")
    return person


def test_what_was_known_then_can_be_read_again_after_corrections(synthetic, corrected) -> None:
    firm = by_identifier(synthetic, FIRM["subject"])

    def documents(subject, day):
        return [one.record.document for one in dossier(synthetic, subject, day).records]

    assert (documents(corrected, BEFORE), documents(corrected, AFTER)) == (["D-1", "D-2"], [])
    assert (documents(firm, BEFORE), documents(firm, AFTER)) == (["D-3"], ["D-1", "D-3"])
    now = dossier(synthetic, corrected)
    assert [(one.record.document, one.superseded_on.date()) for one in now.superseded] == [
        ("D-1", dt.date(2026, 10, 10)),
        ("D-2", dt.date(2026, 10, 10)),
    ]
    assert [(one.document, one.version) for one in now.withdrawals] == [("D-2", 2)]


def test_standings_as_known_then_are_those_of_the_dossier_of_then(synthetic, corrected) -> None:
    now = dossier(synthetic, corrected)
    for day in (BEFORE, AFTER, dt.date(2026, 9, 1)):
        then = standing(synthetic, dossier(synthetic, corrected, day), "cn-wendeng", UNTIL)
        told = standing(synthetic, now, "cn-wendeng", UNTIL, day)
        assert replace(told, entries=()) == replace(then, entries=())
        assert then.known_on == day
    grades = [standing(synthetic, now, "cn-wendeng", UNTIL, day).score for day in (BEFORE, AFTER)]
    assert grades[0] < grades[1] == standing(synthetic, now, "cn-wendeng", UNTIL).score


def test_all_are_scored_on_what_was_known_then(synthetic, corrected) -> None:
    for day in (BEFORE, AFTER):
        told = scored_then(synthetic, "cn-wendeng", UNTIL, day)
        for who in (PERSON, FIRM):
            one = standing(
                synthetic, dossier(synthetic, by_identifier(synthetic, who["subject"])), "cn-wendeng", UNTIL, day
            )
            assert told.filter(pl.col("subject") == who["subject"])["grade"].item() == one.grade


@pytest.fixture
def erased(synthetic, person, tamper):
    """D-1 of the person was erased on the twentieth of October, and the world goes on."""
    tamper(synthetic, "UPDATE delivery SET known_on = '2026-10-01 12:00+00' WHERE number = 1")
    with synthetic.engine.begin() as connection:
        salt = connection.exec_driver_sql("SELECT salt FROM world").scalar_one()
        known = repeats(salt, "city.tax", "D-1")
        connection.exec_driver_sql("SELECT erase(1, 2, 'art. 17', %s, '2026-10-20')", (known,))
    tamper(synthetic, "UPDATE erasure SET at = '2026-10-20 12:00+00'")
    return person


def test_what_was_erased_is_named_with_its_clause_and_day(synthetic, erased) -> None:
    kept = dossier(synthetic, erased)
    assert [one.record.document for one in kept.records] == ["D-2"]
    assert [(one.delivery, one.row, one.clause, one.on) for one in kept.erased] == [
        (1, 2, "art. 17", dt.date(2026, 10, 20))
    ]


@pytest.mark.parametrize(
    ("on", "known_on", "decidable"),
    [(UNTIL, None, True), (dt.date(2026, 10, 19), None, False), (UNTIL, AFTER, False), (UNTIL, UNTIL, True),
     (UNTIL, dt.date(2026, 9, 1), True)],
)  # fmt: skip
def test_no_standing_is_computed_without_what_was_erased_since(synthetic, erased, on, known_on, decidable) -> None:
    told = standing(synthetic, dossier(synthetic, erased, known_on), "cn-wendeng", on)
    assert (told.outcome is Outcome.GRADED) is decidable
    if not decidable:
        assert told.missing == ("record of delivery 1, row 2, erased under art. 17 since 2026-10-20",)
        assert (told.grade, told.score, told.measures) == (None, None, ())
        assert changes(synthetic, dossier(synthetic, erased, known_on), "cn-wendeng", on) == []
    if known_on:
        bulk = scored_then(synthetic, "cn-wendeng", on, known_on).filter(pl.col("subject") == PERSON["subject"])
        assert (bulk["outcome"].item() == "graded") is decidable


def test_the_history_is_not_decidable_before_the_erasure(synthetic, erased) -> None:
    steps = history(synthetic, dossier(synthetic, erased), "cn-wendeng", UNTIL)
    assert {step.outcome for step in steps if step.on < dt.date(2026, 10, 20)} == {Outcome.NOT_DECIDABLE}
