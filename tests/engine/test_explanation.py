"""A standing in words and as data: nothing that decides is left out."""

import datetime as dt
import json
import re
from fractions import Fraction
from functools import cache

import pytest

from goodstanding.engine.explanation import Explainer, as_data, explained
from goodstanding.engine.plot import history_svg
from goodstanding.engine.remedies import remedies
from goodstanding.facts.records import Record
from goodstanding.facts.shipped import shipped
from tests.engine.dossiers import KINDS, evaluator_of, examples

ON = dt.date(2021, 6, 30)
POLICIES = sorted(folder.name for folder in shipped("policies").iterdir())


@pytest.fixture(scope="module")
def evaluator():
    return evaluator_of("cn-wendeng")


def record(kind, act, document, **attributes):
    return Record("s", kind, dt.date.fromisoformat(act), document, document, attributes=attributes, digest=document)


@cache
def texts(policy, language="en"):
    """The standings of all examples of a policy, as text."""
    evaluator = evaluator_of(policy)
    explainer = Explainer(evaluator.policy, KINDS, language)
    cases = [(case.records, case.example) for case in examples(policy)]
    standings = [evaluator.standing(records, one.subject, one.on, one.known_on) for records, one in cases]
    return ["\n".join(explainer.standing(standing)) for standing in standings]


@pytest.fixture
def dossier():
    return [
        record("contract.default", "2020-09-01", "K-1"),
        record("contract.default", "2021-03-01", "K-2"),
        record("civic.donation", "2021-04-01", "G-1", amount=Fraction(5000)),
    ]


@pytest.mark.parametrize("language", ["en", "nl", "zh"])
def test_every_entry_is_told_with_record_item_clause_and_end(evaluator, dossier, language):
    standing = evaluator.standing(dossier, "person", ON)
    text = explained(evaluator.policy, KINDS, standing, evaluator.changes(dossier, "person", ON), language)
    for part in ("K-1", "K-2", "G-1", "P101", "-20", "-40", "+20", "2021-09-02", "Measures 2020 annex 1", "-20 × 2"):
        assert part in text


def test_the_arithmetic_shows_the_numbers_that_were_put_in(evaluator, dossier):
    text = explained(evaluator.policy, KINDS, evaluator.standing(dossier, "person", ON), [], "en")
    assert "1000 + (-60) = 940" in text
    assert "940 + 20 = 960" in text
    assert "A (trustworthy (no records)), 960" in text


def test_arithmetic_keeps_its_brackets():
    told = "\n".join(texts("cn-driver-points"))
    assert "min(60, 7 * (1 + 2 - 1)) = 14" in told
    assert "min(60, 7 * (1 + 1 - 1)) = 7" in told


def test_every_line_of_arithmetic_is_true_as_it_is_written():
    lines = [line.split("  [")[0] for policy in POLICIES for text in texts(policy) for line in text.splitlines()]
    sums = {line.rpartition(": ")[2] for line in lines if " = " in line and re.search(r"= -?[\d./]+$", line)}
    checked = 0
    for one in sums:
        left, _, result = one.rpartition(" = ")
        if re.fullmatch(r"[-+*/(), .\dmaxin]+", left) and not re.search(r"\d{4}-\d\d-\d\d", left):
            exact = re.sub(r"\d+(\.\d+)?", lambda found: f"Fraction('{found[0]}')", left)
            assert eval(exact, {"Fraction": Fraction, "min": min, "max": max}) == Fraction(result), one
            checked += 1
    assert checked > 100


def test_the_next_change_is_named_with_its_day_and_what_ends(evaluator, dossier):
    changes = evaluator.changes(dossier, "person", ON)
    text = explained(evaluator.policy, KINDS, evaluator.standing(dossier, "person", ON), changes, "en")
    assert "changes by itself on 2021-09-02: A (980)\n    contract not performed ends" in text


def test_the_band_that_gives_the_grade_is_named_with_its_clause(evaluator, dossier):
    text = explained(evaluator.policy, KINDS, evaluator.standing(dossier, "person", ON), [], "en")
    assert "credit points 960, in the band 960 to 1029  [Measures 2020 art. 8]" in text


def test_an_override_is_named_with_its_condition_and_clause(evaluator):
    revoked = [record("licence.revoked", "2021-03-01", "L-1")]
    text = explained(evaluator.policy, KINDS, evaluator.standing(revoked, "organisation", ON), [], "en")
    assert "DA (untrustworthy, fallen from A), 599" in text
    assert "set directly, because a direct D counts  [Measures 2020 art. 8]" in text


def test_what_is_known_on_another_day_says_so(evaluator, dossier):
    standing = evaluator.standing(dossier, "person", ON, dt.date(2022, 1, 1))
    assert "as known on 2022-01-01" in explained(evaluator.policy, KINDS, standing, [], "en")


def test_entries_that_no_record_opened_and_those_used_up_say_so():
    assert any(
        "opened by a condition or a measure" in text and "(used up)" in text for text in texts("hk-food-premises")
    )


def test_measures_are_told_with_their_stage_and_dates():
    told = "\n".join(texts("hk-food-premises") + texts("sg-workplace-safety"))
    assert "called for since 2023-05-10, not yet imposed" in told
    assert "no foreign employees hired for 2 years: in force since 2023-08-01, until 2025-08-01" in told


def test_a_measure_whose_ground_fell_says_so():
    assert any("though on what is known it was not called for" in text for text in texts("de-driver-register"))


def test_decisions_are_told_with_purpose_outcome_safeguards_and_clause():
    text = "\n".join(texts("sg-workplace-safety"))
    assert "- public construction tenders: " in text
    assert "a person looks at it before it takes effect; appeal:" in text


def test_what_is_missing_is_named(evaluator):
    arrears = [record("tax.arrears", "2021-03-01", "T-1")]
    text = explained(evaluator.policy, KINDS, evaluator.standing(arrears, "organisation", ON), [], "en")
    assert "not decidable without tax.arrears.size" in text
    assert "not certain without tax.arrears.size" in text


@pytest.mark.parametrize("policy", POLICIES)
def test_every_shipped_policy_is_explained_in_three_languages_and_as_json(policy):
    evaluator = evaluator_of(policy)
    for case in examples(policy)[::8]:
        example = case.example
        standing = evaluator.standing(case.records, example.subject, example.on, example.known_on)
        data = as_data(evaluator.policy, KINDS, standing)
        assert json.loads(json.dumps(data)) == data
        assert len(data["entries"]) == len(standing.entries)
        for language in ("en", "nl", "zh"):
            text = "\n".join(Explainer(evaluator.policy, KINDS, language).standing(standing))
            assert all(entry.words[language] in text for entry in standing.entries)
            assert "datetime" not in text
            assert "Fraction" not in text
            assert "None" not in text


def test_the_data_has_stable_keys_and_exact_numbers_as_text(evaluator, dossier):
    standing = evaluator.standing(dossier, "person", ON)
    data = as_data(
        evaluator.policy,
        KINDS,
        standing,
        changes=evaluator.changes(dossier, "person", ON),
        history=evaluator.history(dossier, "person", ON),
        remedies=remedies(evaluator, dossier, "person", ON),
    )
    assert set(data) == {
        *("policy", "engine", "on", "known_on", "outcome", "score", "grade", "grade_words", "ground", "reason"),
        *("reason_words", "reason_clause", "missing", "entries", "arithmetic", "measures", "decisions", "records"),
        *("changes", "history", "remedies"),
    }
    assert (data["score"], data["grade"], data["ground"]["by"]) == ("960", "A", "band")
    entry = data["entries"][1]
    assert (entry["amount"], entry["base"], entry["times"], entry["record"]["document"]) == ("-40", "-20", "2", "K-2")
    assert data["history"][-1]["score"] == "960"
    change = data["changes"][0]
    assert (change["on"], change["outcome"], change["score"], change["grade"]) == ("2021-09-02", "graded", "980", "A")
    assert (change["begins"], change["ends"]) == ([], ["deduction"])
    assert data["remedies"]["acts"][0]["acts"][0]["clause"]["cite"] == "Measures 2020 annex 1"


def test_the_history_is_drawn_with_every_step_in_words(evaluator, dossier):
    steps, changes = evaluator.history(dossier, "person", ON), evaluator.changes(dossier, "person", ON)
    drawn = history_svg(evaluator.policy, "en", steps, changes, ON)
    for step in [*steps, *changes]:
        assert f"{step.on}: {step.grade}, {step.score}" in drawn
    assert "prefers-color-scheme: dark" in drawn
    assert drawn.count("score coming") == len(changes) + 1


def test_a_scheme_without_scores_is_drawn_by_its_grades():
    evaluator = evaluator_of("cn-court-defaulters")
    case = examples("cn-court-defaulters")[0]
    steps = evaluator.history(case.records, case.example.subject, case.example.on)
    drawn = history_svg(evaluator.policy, "en", steps, [], case.example.on)
    assert 'class="score"' not in drawn
    assert 'class="strip' in drawn


def test_a_decision_that_changes_by_itself_is_named_on_its_day():
    evaluator = evaluator_of("cn-credit-clocks")
    told = []
    for case in examples("cn-credit-clocks"):
        asked = (case.records, case.example.subject, case.example.on, case.example.known_on)
        standing = evaluator.standing(*asked)
        told += Explainer(evaluator.policy, KINDS, "en").changes(evaluator.changes(*asked), standing)
    assert "    a query by somebody else: nothing to show" in told
