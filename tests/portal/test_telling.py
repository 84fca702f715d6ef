"""From what the engine answers to what pages and API say."""

import datetime as dt
from dataclasses import replace

import pytest

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Status, Unknown
from goodstanding.facts.records import Record
from goodstanding.facts.shipped import shipped
from goodstanding.policy.examples import read_examples
from goodstanding.policy.reader import read_policy
from goodstanding.portal.languages import Voice
from goodstanding.portal.pictures import timeline
from goodstanding.portal.telling import Teller, missing_words
from tests.portal import city

WENDENG = read_policy(shipped("policies") / "cn-wendeng")
ENGINE = Evaluator(WENDENG, city.KINDS)
TELLER = Teller(WENDENG, city.KINDS)


def record(kind: str, act: str, **attributes: object) -> Record:
    document = f"{kind}@{act}"
    day = dt.date.fromisoformat(act)
    return Record(city.WORKS, kind, day, document, document, attributes=attributes, digest=document)


def told(*records: Record, on: str = "2026-01-01", subject: str = "organisation"):
    day = dt.date.fromisoformat(on)
    history = ENGINE.history(records, subject, day)
    return TELLER.standing(ENGINE.standing(records, subject, day), ENGINE.changes(records, subject, day), history)


def test_a_direct_grade_that_comes_before_the_bands_is_said_to_decide():
    revoked = record("licence.revoked", "2025-11-01")
    banded = told(record("tax.arrears", "2025-12-01", size="ordinary"))
    assert (banded.grade, banded.ladders[0].grade, banded.overridden) == ("A", "A", False)
    alone = told(revoked)
    assert (alone.grade, alone.score, alone.ladders[0].grade, alone.overridden) == ("DA", "599", "D", True)
    lifted = told(revoked, record("honour.award", "2025-12-01", level="national"))
    assert (lifted.grade, lifted.score, lifted.ladders[0].grade, lifted.overridden) == ("DA", "699", "C", True)


def test_additions_that_are_held_back_are_kept_and_marked():
    continuing = next(
        item
        for item in WENDENG.policy.items
        if item.class_ == "direct"
        and item.subject == "organisation"
        and not item.where
        and city.KINDS.kinds[item.kind].continuing
    )
    standing = told(record(continuing.kind, "2025-11-01"), record("honour.award", "2025-12-01", level="national"))
    award = next(entry for entry in standing.entries if entry.rule == "addition")
    assert (award.status, award.points) == (Status.HELD.value, "100")
    assert next(entry for entry in standing.entries if entry.rule == "direct").continuing


def test_doubt_and_unknown_grades_are_told():
    made = ENGINE.standing([record("tax.arrears", "2025-12-01", size="huge")], "organisation", dt.date(2026, 1, 1))
    doubt = Unknown(frozenset({"tax.arrears.size"}))
    entry = replace(made.entries[0], doubt=doubt, grade=doubt, amount=doubt)
    content = TELLER.standing(replace(made, entries=(entry,)), [], [made]).entries[0]
    assert (content.points, content.grade) == ("?", "?")
    assert content.doubt[0].words["en"] == "tax in arrears: size"


def test_a_change_says_what_ends():
    standing = told(record("tax.arrears", "2025-12-01", size="ordinary"))
    assert [(change.on.isoformat(), change.score) for change in standing.changes] == [("2026-12-02", "1000")]
    assert standing.changes[0].ending[0]["nl"] == "belastingachterstand"
    assert standing.changes[0].beginning == ()


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ("tax.arrears.size", "数额"),
        ("life_addition[other]", "life_addition[other]"),
        ("score on its grid", "score on its grid"),
    ],
)
def test_what_is_missing_is_said_in_words_where_there_are_any(fact, words):
    assert words in missing_words(fact, city.KINDS, {})["zh"]


def test_an_entry_that_no_record_opened_is_neutral_and_told_with_its_rule():
    policy = read_policy(shipped("policies") / "hk-food-premises")
    engine, teller = Evaluator(policy, city.KINDS), Teller(policy, city.KINDS)
    cases = read_examples(policy.folder, city.KINDS)
    standings = [engine.standing(case.records, "thing", case.example.on) for case in cases]
    made = next(one for one in standings if any(entry.record is None for entry in one.entries))
    told = teller.standing(made, [], [])
    opened = next(entry for entry in told.entries if entry.record is None)
    assert (opened.direction, opened.rule_words) == ("neutral", policy.policy.entries[opened.rule].words)
    assert any(entry.status == "spent" for entry in told.entries)
    assert [measure.state for measure in told.measures] == ["pending"]


@pytest.mark.parametrize("policy", sorted(folder.name for folder in shipped("policies").iterdir()))
def test_every_shipped_policy_is_told_and_drawn_with_or_without_a_score(policy):
    loaded = read_policy(shipped("policies") / policy)
    engine, teller = Evaluator(loaded, city.KINDS), Teller(loaded, city.KINDS)
    for case in read_examples(loaded.folder, city.KINDS)[::25]:
        asked = (case.records, case.example.subject, case.example.on, case.example.known_on)
        told = teller.standing(engine.standing(*asked), engine.changes(*asked), engine.history(*asked))
        assert bool(timeline(told, Voice("en"), 760)) == bool(told.entries)
        assert (told.score_words is None) == (loaded.policy.score is None)
