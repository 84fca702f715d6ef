"""A standing in words: nothing that decides is left out."""

import datetime as dt
from fractions import Fraction

import pytest

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.explanation import explained
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.records import Record
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy

KINDS = catalogue(World.SYNTHETIC)
ON = dt.date(2021, 6, 30)


@pytest.fixture(scope="module")
def evaluator():
    return Evaluator(read_policy(shipped("policies") / "cn-wendeng"), KINDS)


def record(kind, act, document, **attributes):
    return Record("s", kind, dt.date.fromisoformat(act), document, document, attributes=attributes, digest=document)


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


def test_the_next_change_is_named_with_its_day(evaluator, dossier):
    changes = evaluator.changes(dossier, "person", ON)
    text = explained(evaluator.policy, KINDS, evaluator.standing(dossier, "person", ON), changes, "en")
    assert "changes by itself on 2021-09-02: A (980)" in text
