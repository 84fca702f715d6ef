"""The shipped schemes: their examples come out as published, and their files fit the published JSON Schema."""

import jsonschema
import pytest
import yaml

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.trials import differences
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.examples import read_examples
from goodstanding.policy.model import json_schema
from goodstanding.policy.reader import read_policy

KINDS = catalogue(World.SYNTHETIC)
FOLDERS = sorted(folder for folder in shipped("policies").iterdir() if folder.is_dir())
CASES = [(folder, case) for folder in FOLDERS for case in read_examples(folder, KINDS)]


@pytest.fixture(scope="module")
def evaluators():
    return {folder: Evaluator(read_policy(folder), KINDS) for folder in FOLDERS}


@pytest.mark.parametrize(
    ("folder", "case"), CASES, ids=lambda part: getattr(getattr(part, "example", part), "name", "")
)
def test_an_example_comes_out_as_written(evaluators, folder, case):
    assert differences(evaluators[folder], case) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_scheme_has_examples_and_says_so_where_none_of_them_is_published(folder):
    cases = read_examples(folder, KINDS)
    assert cases
    if not any(case.example.published for case in cases):
        assert "no worked example" in (folder / "README.md").read_text().lower()


def test_at_least_a_hundred_items_of_wendeng_are_written():
    assert len(read_policy(shipped("policies") / "cn-wendeng").policy.items) >= 100


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_policy_file_fits_the_json_schema_that_editors_use(folder):
    value = yaml.safe_load((folder / "policy.yaml").read_text())
    value["effective"] = str(value["effective"])
    value["goodstanding"] = str(value["goodstanding"])
    jsonschema.validate(value, json_schema())


def test_an_example_that_differs_is_told_with_what_was_expected_and_found(evaluators):
    folder, case = CASES[0]
    wrong = case.example.model_copy(update={"expect": case.example.expect.model_copy(update={"grade": "nonsense"})})
    assert (
        "grade: expected nonsense, found"
        in differences(evaluators[folder], type(case)(wrong, case.records, case.where))[0]
    )
