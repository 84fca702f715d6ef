"""The evaluator gives the standings of the conformance suite, and the suite is what its script writes."""

import datetime as dt
import json

import pytest
import yaml

from conformance.build import HERE, generated, read_record, standing_of
from goodstanding.engine.exact import Evaluator
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy
from tests.engine.policies import loaded_of
from tests.engine.world import CATALOGUE

GENERATED = sorted(file.stem for file in (HERE / "generated").glob("*.yaml"))
SHIPPED = sorted(file.stem for file in (HERE / "shipped").glob("*.json") if file.stem != "kinds")


def agrees(evaluator, file, kinds):
    for case in json.loads(file.read_text()):
        records = [read_record(plain, kinds) for plain in case["records"]]
        days = [dt.date.fromisoformat(case[name]) for name in ("on", "known on")]
        assert standing_of(evaluator.standing(records, case["subject"], *days)) == case["standing"]


@pytest.mark.parametrize("name", SHIPPED)
def test_examples_of_shipped_policies_give_the_standings_of_the_suite(name):
    known = catalogue(World.SYNTHETIC)
    agrees(Evaluator(read_policy(shipped("policies") / name), known), HERE / "shipped" / f"{name}.json", known)


def test_generated_policies_give_the_standings_of_the_suite():
    for name in GENERATED:
        whole = yaml.load((HERE / "generated" / f"{name}.yaml").read_text(), Loader=yaml.BaseLoader)
        agrees(Evaluator(loaded_of(whole), CATALOGUE), HERE / "generated" / f"{name}.json", CATALOGUE)


def test_the_suite_is_what_its_script_writes():
    written = [(name, json.loads((HERE / "generated" / f"{name}.json").read_text())) for name in GENERATED]
    assert [(name, cases) for name, _, cases in generated()] == written


def test_the_suite_is_small():
    assert sum(file.stat().st_size for file in HERE.rglob("*") if file.is_file()) < 2_000_000
