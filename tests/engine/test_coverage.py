"""Coverage tells what of a policy no example touches."""

import json

from goodstanding.engine.coverage import coverage
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.examples import Case, Example, read_examples
from goodstanding.policy.reader import read_policy
from tests.engine.policies import loaded_of, policy_of
from tests.engine.small import KINDS, loaded, record
from tests.engine.world import CATALOGUE, dossier, records_of

POLICY = {
    "tables": {
        "worth": {"map": {"ordinary": "1", "huge": "5"}},
        "rungs": {"steps": [{"at": "1", "points": "1"}, {"at": "9", "points": "2"}]},
        "stretches": {
            "brackets": [{"over": "0", "each": "1", "points": "1"}, {"over": "4", "each": "1", "points": "1"}]
        },
    },
    "entries": {
        "evasion": {"for": "tax.evasion", "amount": "worth[size]"},
        "fault": {"for": "contract.default", "amount": "1"},
    },
    "values": {
        "score": {"is": "sum(points) if count(evasion) < 3 else 0", "grid": {}},
        "step": {"is": "rungs[sum(points)] + stretches[sum(points)]"},
    },
    "overrides": [{"grade": "'worse'", "when": "count(evasion) > 5"}],
}


def covered(records, on="2021-01-01"):
    example = Example(name="one", subject="person", on=on, records=[], expect={})
    found = coverage(loaded(**POLICY), KINDS, [Case(example, tuple(records), "here")])
    return {part.what: list(part.untouched) for part in found}


def test_without_examples_nothing_is_touched():
    found = coverage(loaded(**POLICY), KINDS, [])
    assert all(part.parts == part.untouched for part in found)
    assert [line for part in found for line in part.lines(False)][:2] == [
        "rules: 0 of 2 touched",
        "  no example touches evasion",
    ]


def test_an_example_touches_the_rule_the_cell_the_rung_the_band_and_the_branch_that_it_takes():
    assert covered([record("tax.evasion", "2020-01-01", size="huge")]) == {
        "rules": ["fault"],
        "cells": ["worth[ordinary]", "rungs[9]"],
        "bands": ["score: bad"],
        "overrides": ["1"],
        "branches": ["score: 'if' number 1 does not hold"],
    }


def test_what_lies_on_the_edge_of_a_rung_reaches_it_and_of_a_bracket_does_not():
    four = [record("contract.default", "2020-01-01", str(number)) for number in range(4)]
    assert covered(four)["cells"] == ["worth[ordinary]", "worth[huge]", "rungs[9]", "stretches[4]"]


def test_items_are_counted_and_named_only_where_asked():
    words = catalogue(World.SYNTHETIC)
    wendeng = shipped("policies") / "cn-wendeng"
    items = next(
        p for p in coverage(read_policy(wendeng), words, read_examples(wendeng, words)[:3]) if p.what == "items"
    )
    assert len(list(items.lines(False))) == 1
    assert len(list(items.lines(True))) == 1 + len(items.untouched)


def test_every_generated_policy_can_be_covered():
    for seed in range(40):
        whole = policy_of(seed)
        made = loaded_of(whole)
        records = tuple(records_of(dossier(seed, made.policy, json.dumps(whole))))
        example = Example(name="one", subject="person", on="2022-01-01", records=[], expect={})
        parts = coverage(made, CATALOGUE, [Case(example, records, "here")])
        assert all(set(part.untouched) <= set(part.parts) for part in parts)
