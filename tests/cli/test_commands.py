"""The command line as a user meets it: in a process of its own, with exit codes and messages."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from goodstanding.facts.shipped import shipped

POLICIES = shipped("policies")
FOOD = str(POLICIES / "uk-food-hygiene")
SCORE = ("score", "--policy", FOOD, "--records")
INSPECTION = {
    "subject": "gb.fhrs:413-7",
    "kind": "food.inspection",
    "act": "2014-01-20",
    "document": "D-1",
    "authority": "gb.la:413",
    "basis": "Code",
    "hygiene": "5",
    "structural": "10",
    "confidence": "5",
}


def goodstanding(*arguments, cwd=None, **environment):
    command = [Path(sys.executable).with_name("goodstanding"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment or None, check=False)


@pytest.fixture
def records(tmp_path):
    pl.DataFrame([INSPECTION, INSPECTION | {"document": "D-2", "act": "2015-02-01", "hygiene": "0"}]).write_csv(
        tmp_path / "records.csv"
    )
    return tmp_path / "records.csv"


def test_help_names_every_command_and_loads_nothing_heavy():
    answer = goodstanding("--help")
    assert answer.returncode == 0
    assert all(word in answer.stdout for word in ("policy", "score", "register", "demo", "catalogue", "lab"))
    loaded = subprocess.run(
        [sys.executable, "-c", "import goodstanding.cli.main, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"polars", "numpy", "pydantic", "sqlalchemy", "yaml", "litestar", "rich"} & set(loaded)


@pytest.mark.parametrize(
    "command",
    ["policy check", "policy test", "policy show", "score", "catalogue", "demo", "lab city"]
    + [f"register {name}" for name in ("init", "load", "deliver", "score", "serve", "verify")],
)
def test_every_command_begins_its_help_with_what_it_does_and_has_an_example(command):
    answer = goodstanding(*command.split(), "--help")
    assert "Example:" in answer.stdout
    assert f"goodstanding {command}" in answer.stdout


def test_records_are_scored_from_file_to_file(records, tmp_path):
    answer = goodstanding(
        "score", "--policy", FOOD, "--records", records, "--as-of", "2015-12-31", "--out", tmp_path / "s.parquet"
    )
    assert answer.returncode == 0, answer.stderr
    assert pl.read_parquet(tmp_path / "s.parquet").select("subject", "grade", "score").rows() == [
        ("gb.fhrs:413-7", "4", 15)
    ]


def test_a_standing_is_explained_with_record_rule_and_law(records):
    answer = goodstanding(
        "score", "--policy", FOOD, "--records", records, "--as-of", "2014-12-31", "--explain", "gb.fhrs:413-7"
    )
    assert "4 (good), 20" in answer.stdout
    assert "5 + 10 + 5 = 20" in answer.stdout
    assert "Food Law Code of Practice, annex 5" in answer.stdout


def test_refused_rows_come_back_and_the_exit_code_says_so(records, tmp_path):
    pl.read_csv(records, infer_schema=False).with_columns(pl.lit("7").alias("structural")).write_csv(records)
    answer = goodstanding(
        "score", "--policy", FOOD, "--records", records, "--as-of", "2015-12-31", "--out", tmp_path / "s.csv"
    )
    assert answer.returncode == 3
    assert "2 rows were refused" in answer.stderr
    refused = pl.read_csv(tmp_path / "s.refused.csv", infer_schema=False)
    assert refused["refused_expected"][0] == "one of 0, 5, 10, 15, 20, 25"


def test_policy_test_exits_1_where_an_example_differs_or_there_are_none(tmp_path):
    shutil.copytree(FOOD, tmp_path / "p")
    examples = tmp_path / "p" / "examples.yaml"
    examples.write_text(examples.read_text().replace("score: 15", "score: 10", 1))
    answer = goodstanding("policy", "test", tmp_path / "p")
    assert answer.returncode == 1
    assert "expected 10, found 15" in answer.stderr
    examples.unlink()
    assert goodstanding("policy", "test", tmp_path / "p").returncode == 1


@pytest.mark.parametrize("language", ["en", "nl", "zh"])
@pytest.mark.parametrize("policy", ["uk-food-hygiene", "cn-wendeng"])
def test_a_policy_is_shown_as_prose_in_three_languages(policy, language):
    answer = goodstanding("policy", "show", POLICIES / policy, "--language", language)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("# ")


WRONG = [
    (("policy", "check", "nowhere"), "nowhere/policy.yaml: found no file, expected a file; a policy is a folder"),
    ((*SCORE, "no.csv", "--as-of", "2015-12-31", "--out", "s.parquet"), "no.csv: no such file"),
    ((*SCORE, "r.csv", "--as-of", "31-12-2015", "--out", "s.csv"), "expected a day as"),
    ((*SCORE, "r.csv", "--as-of", "2015-12-31", "--out", "s.txt"), ".parquet or .csv"),
    ((*SCORE, "r.csv", "--as-of", "2015-12-31"), "either --out FILE or --explain"),
    (("register", "verify", "--dsn", "postgresql://nobody@127.0.0.1:1/none"), "127.0.0.1"),
    (("register", "init", "--sources", "no.yaml", "--dsn", "postgresql://x@127.0.0.1:1/y"), "no.yaml: cannot be read"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=lambda part: part if isinstance(part, str) else None)
def test_wrong_use_is_one_message_and_exit_code_2(tmp_path, arguments, says):
    answer = goodstanding(*arguments, cwd=tmp_path)
    assert answer.returncode == 2
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not list(tmp_path.iterdir())


def test_the_tutorial_does_what_it_says(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "tutorial" / "first-policy.md").read_text()
    policy, examples = re.findall(r"```yaml\n(.*?)```", text, re.S)
    (csv,) = re.findall(r"```\n(subject,.*?)```", text, re.S)
    (tmp_path / "wharf").mkdir()
    (tmp_path / "wharf" / "policy.yaml").write_text(policy)
    (tmp_path / "wharf" / "examples.yaml").write_text(examples)
    (tmp_path / "records.csv").write_text(csv)
    assert "the highest band ends at None, expected 80" in goodstanding("policy", "check", "wharf", cwd=tmp_path).stderr
    (tmp_path / "wharf" / "policy.yaml").write_text(policy.replace("from 45", "45..80"))
    assert goodstanding("policy", "test", "wharf", cwd=tmp_path).stdout == "2 examples, 0 published\n"
    score = ("score", "--policy", "wharf", "--records", "records.csv", "--as-of", "2026-06-30")
    assert goodstanding(*score, "--out", "standings.csv", cwd=tmp_path).returncode == 3
    assert "7" in (tmp_path / "standings.refused.csv").read_text()
    assert "amber" in goodstanding(*score, "--explain", "cn.uscc:91350100M000100Y43", cwd=tmp_path).stdout


def test_the_json_schema_is_valid_json(tmp_path):
    from goodstanding.policy.model import json_schema

    assert json.loads(json.dumps(json_schema()))["title"] == "Policy"
