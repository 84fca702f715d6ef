"""Runs: everybody that a policy is about, scored from the database, and kept as it came out."""

import datetime as dt
import threading

import polars as pl
import pytest

from goodstanding.engine.standing import number_text
from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.access import accesses
from goodstanding.register.ledger.dossiers import dossier, standing
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier, search
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.scoring import grade_counts, latest_run, score, standings
from tests.register.conftest import FIRM, PEOPLE, PERSON, RECEIVED, UNTIL, inspection, row


@pytest.fixture
def scored(synthetic, file, wendeng):
    rows = [row(who, f"D-{n}", size=size, act=f"2026-0{n % 9 + 1}-01") for n, (who, size) in enumerate(
        (who, size) for who in PEOPLE.iter_rows(named=True) for size in ("large", "huge")
    ) if n % 3]  # fmt: skip
    deliver(synthetic, "city.tax", file(*rows, row(PERSON, "D-d", kind="civic.donation", amount="1234.56")), RECEIVED)
    deliver(synthetic, "city.court", file(row(FIRM, "C-1", kind="court.defaulter")), RECEIVED)
    load_policy(synthetic, wendeng)
    return synthetic


def test_a_run_gives_everybody_the_standing_of_the_exact_evaluator(scored) -> None:
    run = score(scored, "cn-wendeng", UNTIL)
    told = standings(scored, run)
    assert sorted(told["subject"]) == sorted(PEOPLE["subject"])
    for one in told.iter_rows(named=True):
        kept = dossier(scored, by_identifier(scored, one["subject"]))
        exact = standing(scored, kept, "cn-wendeng", UNTIL)
        score_text = None if exact.score is None else number_text(exact.score)
        assert (one["outcome"], one["grade"], str(one["score"])) == (exact.outcome, exact.grade, score_text)


def test_a_run_is_kept_and_counted(scored, wendeng) -> None:
    before = score(scored, "cn-wendeng", dt.date(2026, 1, 1))
    run = score(scored, "cn-wendeng", UNTIL)
    assert latest_run(scored, "cn-wendeng") == run != before
    assert (run.policy, run.hash, run.on, run.subjects) == ("cn-wendeng", wendeng.hash, UNTIL, 18)
    assert sum(run.outcomes.values()) == 18
    counts = grade_counts(scored, run)
    assert list(counts) == list(wendeng.policy.grades.order)
    assert sum(counts.values()) == run.outcomes["graded"]
    assert verify(scored) == []


def test_facts_after_the_day_do_not_count(scored) -> None:
    told = standings(scored, score(scored, "cn-wendeng", dt.date(2020, 1, 1)))
    assert set(told["grade"]) == {"A"}


def test_a_run_shows_in_the_access_log_of_everybody_in_it(scored) -> None:
    score(scored, "cn-wendeng", UNTIL)
    seen = accesses(scored, by_identifier(scored, PERSON["subject"]))
    assert [(one.who, one.role, one.purpose, one.what) for one in seen] == [
        ("register", "scoring", "cn-wendeng", "scored on 2026-10-31")
    ]


def test_a_search_shows_the_grades_of_the_latest_runs(scored, food) -> None:
    load_policy(scored, food)
    assert search(scored, FIRM["latin"])[0].grades == {}
    score(scored, "cn-wendeng", dt.date(2020, 1, 1))
    assert search(scored, FIRM["latin"])[0].grades == {"cn-wendeng": "A"}
    run, other = score(scored, "cn-wendeng", UNTIL), score(scored, "uk-food-hygiene", UNTIL)
    grades = {told["subject"]: told["grade"] for told in standings(scored, run).iter_rows(named=True)}
    firm = next(hit for hit in search(scored, FIRM["latin"]) if hit.subject.identifier == FIRM["subject"])
    assert firm.grades == {"cn-wendeng": grades[FIRM["subject"]], "uk-food-hygiene": next(iter(other.outcomes))}


def test_only_subjects_that_the_policy_is_about_are_scored(scored, food) -> None:
    load_policy(scored, food)
    told = standings(scored, score(scored, "uk-food-hygiene", UNTIL))
    assert set(told["subject"]) == set(PEOPLE.filter(pl.col("is_a") == "organisation")["subject"])
    assert told["grade"].null_count() == told.height


def test_a_real_register_scores_its_establishments(real, file, food) -> None:
    rows = [inspection("1-1", "D-1"), inspection("1-2", "D-2", hygiene="25"), inspection("1-3", "D-3", hygiene=None)]
    deliver(real, "gb.fsa", file(*rows), RECEIVED)
    load_policy(real, food)
    told = standings(real, score(real, "uk-food-hygiene", UNTIL))
    assert told.select("subject", "outcome", "grade").rows() == [
        ("gb.fhrs:1-1", "graded", "5"),
        ("gb.fhrs:1-2", "graded", "0"),
        ("gb.fhrs:1-3", "not decidable", None),
    ]
    assert "hygiene" in told["missing"][2]


def test_a_policy_that_is_not_loaded_is_not_run(synthetic) -> None:
    with pytest.raises(InputError, match="policy cn-wendeng: is not loaded; found none so far"):
        score(synthetic, "cn-wendeng", UNTIL)
    assert latest_run(synthetic, "cn-wendeng") is None


def test_two_runs_at_once_are_two_runs(scored) -> None:
    runs = []
    threads = [threading.Thread(target=lambda: runs.append(score(scored, "cn-wendeng", UNTIL))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.number for run in runs} == {1, 2}
    assert standings(scored, runs[0]).equals(standings(scored, runs[1]))
