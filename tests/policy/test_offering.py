"""What an editor offers at a place, and that no place and no half-written text makes it fail."""

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.model import json_schema
from goodstanding.policy.offering import FUNCTIONS, meaning, offers, place
from goodstanding.policy.reader import read_yaml
from goodstanding.policy.starting import start

KINDS = catalogue(World.SYNTHETIC)
FILE = shipped("policies") / "uk-hmrc-late-vat" / "policy.yaml"
TEXT, VALUE = FILE.read_text(), read_yaml(FILE).value


def at(marked, policy=VALUE, file="policy.yaml"):
    before = marked[: marked.index("§")]
    line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
    return {one.word for one in offers(marked.replace("§", ""), line, character, policy, KINDS, file)}


PLACES = [
    ("§", {"law", "entries", "repairs"}),
    ("law:\n  a:\n    §", {"cite", "words", "read"}),
    ("law:\n  a: {cite: x, §", {"words", "read"}),
    ("entries:\n  point:\n    counts:\n      §", {"from", "until", "if", "again"}),
    ("entries:\n  point:\n    counts: {from: §", {"act", "placed", "month_after"}),
    ("entries:\n  point:\n    where: not some(§", {"filed", "some", "act"}),
    ("entries:\n  point:\n    choose: §", {"gravest", "highest"}),
    ("entries:\n  point:\n    ends: §", {"point"}),
    ("grades:\n  ladders:\n    - of: a\n      §", {"bands", "clause"}),
    ("grades:\n  ladders:\n    - {of: §", {"total", "limit"}),
    ("decisions:\n  d:\n    review: §", {"human", "none"}),
    ("repairs:\n  r:\n    by: §", {"vat.return-filed"}),
]


@pytest.mark.parametrize(("marked", "expected"), PLACES, ids=[one[0] for one in PLACES])
def test_what_fits_is_offered(marked, expected):
    assert expected <= at(marked)


def test_items_and_examples_offer_their_own_keys():
    assert {"for", "points", "class"} <= at("- {id: P1, §", file="items.yaml")
    assert {"for", "points", "class"} <= at("- id: P1\n  §", file="items.yaml")
    assert {"expect", "records", "known on"} <= at("- name: x\n  §", file="examples.yaml")
    assert {"score", "grade", "no entries"} <= at("- name: x\n  expect: {§", file="examples.yaml")


def test_a_place_is_the_keys_around_it():
    assert place("a:\n  b:\n    - c: 1\n      d: ", 3, 9).around == ("a", "b")
    assert place("a:\n  b: 1\n", 2, 0).around == ()


def test_every_function_and_key_has_a_meaning():
    for name in FUNCTIONS:
        assert FUNCTIONS[name] in (meaning(f"values:\n  x:\n    is: {name}(", 2, 8, {}, KINDS, "policy.yaml") or "")


@pytest.mark.parametrize(
    "policy", [VALUE, None, {}, {"entries": None}, {"entries": {"point": []}}, {"law": ["x"]}, "text"]
)
def test_no_place_of_a_policy_makes_it_fail(policy):
    for line, text in enumerate(TEXT.split("\n")):
        for character in range(0, len(text) + 1, 5):
            offers(TEXT, line, character, policy, KINDS, "policy.yaml")
            meaning(TEXT, line, character, policy, KINDS, "policy.yaml")


@settings(max_examples=100)
@given(st.text(st.sampled_from(" abc:-{}[],'\"\n#é中"), max_size=60), st.integers(0, 9), st.integers(0, 70))
def test_no_text_makes_it_fail(text, line, character):
    offers(text, line, character, VALUE, KINDS, "policy.yaml")
    meaning(text, line, character, VALUE, KINDS, "items.yaml")


def test_a_new_policy_fits_the_schema_that_lies_beside_it(tmp_path):
    start(tmp_path / "wharf")
    value = yaml.safe_load((tmp_path / "wharf" / "policy.yaml").read_text())
    jsonschema.validate(value, json_schema())
