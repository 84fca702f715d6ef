"""Explaining and replaying from the command line, as a user meets it."""

import datetime as dt
import json
import re

import polars as pl
import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.lab.city import make_city, read_scenario
from tests.cli.test_commands import INSPECTION, goodstanding
from tests.cli.test_worlds import people

FOOD = str(shipped("policies") / "uk-food-hygiene")
WENDENG = str(shipped("policies") / "cn-wendeng")
SHOP = "gb.fhrs:413-7"
WORSE = INSPECTION | {"document": "D-2", "act": "2015-02-01", "hygiene": "0", "confidence": "20"}
ASKED = ("--subject", SHOP, "--on", "2015-12-31")


@pytest.fixture
def records(tmp_path):
    known = {"known": "2015-02-10", "withdrawn": "2015-11-01"}
    rows = [INSPECTION | {"known": "2014-02-01", "withdrawn": None}, WORSE | known]
    pl.DataFrame(rows).write_csv(tmp_path / "records.csv")
    return tmp_path / "records.csv"


def explain(records, *more, command=("policy", "explain"), policy=FOOD):
    return goodstanding(*command, policy, "--records", records, *ASKED, *more)


def replay(tmp_path, records, *more):
    return goodstanding("replay", tmp_path / "receipt.json", "--records", records, *more)


@pytest.mark.parametrize("command", ["explain", "policy explain", "replay"])
def test_the_help_says_what_it_does_with_an_example(command):
    answer = goodstanding(*command.split(), "--help")
    assert "Example:" in answer.stdout
    assert f"goodstanding {command}" in answer.stdout


def test_everything_that_is_asked_for_is_told(records, tmp_path):
    more = ("--history", "--changes", "--remedies", "--plot", tmp_path / "h.svg", "--receipt", tmp_path / "r.json")
    answer = explain(records, *more)
    assert answer.returncode == 0, answer.stderr
    for part in ("4 (good), 20", "5 + 10 + 5 = 20", "# How it came to be", "# What changes by itself", "5 (15) by new"):
        assert part in answer.stdout
    assert (tmp_path / "h.svg").read_text().startswith("<svg")
    assert json.loads((tmp_path / "r.json").read_text())["result"]["grade"] == "4"


def test_explain_alone_is_the_same_command(records):
    assert explain(records, command=("explain",)).stdout == explain(records).stdout


def test_what_was_known_on_a_day_decides(records):
    assert "4 (good), 20" in explain(records).stdout
    then = explain(records, "--known-on", "2015-06-30", "--language", "nl").stdout
    assert "1 (grote verbetering nodig), 30" in then
    assert "zoals bekend op 2015-06-30" in then


def test_scores_are_of_what_was_known_on_a_day(records, tmp_path):
    for known_on, grade in ((), "4"), (("--known-on", "2015-06-30"), "1"):
        day = ("--as-of", "2015-12-31", "--out", tmp_path / "s.csv")
        answer = goodstanding("score", "--policy", FOOD, "--records", records, *day, *known_on)
        assert answer.returncode == 0, answer.stderr
        assert pl.read_csv(tmp_path / "s.csv", infer_schema=False)["grade"].to_list() == [grade]
        told = ("--as-of", "2015-12-31", "--explain", SHOP, *known_on)
        assert f": {grade} (" in goodstanding("score", "--policy", FOOD, "--records", records, *told).stdout


def test_the_same_as_data(records):
    data = json.loads(explain(records, "--json", "--history", "--changes", "--remedies").stdout)
    assert (data["grade"], data["score"], data["known_on"]) == ("4", "20", "2015-12-31")
    assert [one["grade"] for one in data["remedies"]["acts"]] == ["5"]
    assert [(one["on"], one["grade"]) for one in data["history"]] == [("2014-01-20", "4")]
    assert data["entries"][0]["record"]["known"] == "2014-02-01"


def test_a_receipt_comes_out_again_from_the_shipped_policy_or_a_folder(records, tmp_path):
    explain(records, "--receipt", tmp_path / "receipt.json")
    for policy in ((), ("--policy", FOOD)):
        answer = replay(tmp_path, records, *policy)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert answer.stdout == "the same: 4, 20 on 2015-12-31, from 1 records, under uk-food-hygiene\n"


def test_a_receipt_of_other_records_says_what_differs(records, tmp_path):
    explain(records, "--receipt", tmp_path / "receipt.json")
    records.write_text(records.read_text().replace("2015-11-01", ""))
    answer = replay(tmp_path, records)
    assert answer.returncode == 1
    assert re.search(r"record [0-9a-f]{64}: found among the records, not in the receipt", answer.stderr)
    assert "score: the receipt has 20, computed 30" in answer.stderr
    assert "grade: the receipt has 4, computed 1" in answer.stderr


def test_a_receipt_that_was_changed_is_found_out(records, tmp_path):
    explain(records, "--receipt", tmp_path / "receipt.json")
    file = tmp_path / "receipt.json"
    file.write_text(file.read_text().replace('"grade": "4"', '"grade": "5"'))
    answer = replay(tmp_path, records)
    assert answer.returncode == 1
    assert "the receipt was changed" in answer.stderr
    assert "grade: the receipt has 5, computed 4" in answer.stderr


def test_refused_rows_of_the_subject_are_counted_and_the_exit_code_says_so(tmp_path):
    pl.DataFrame([INSPECTION, WORSE | {"structural": "7"}]).write_csv(tmp_path / "r.csv")
    answer = explain(tmp_path / "r.csv")
    assert answer.returncode == 3
    assert f"1 rows of {SHOP} were refused" in answer.stderr


def test_a_day_of_knowledge_that_is_none_is_refused(records):
    records.write_text(records.read_text().replace("2015-02-10", "soon"))
    assert explain(records).returncode == 3


WRONG = [
    (("--plot", "h.png"), "h.png: expected a name that ends in .svg"),
    (("--receipt", "r.txt"), "r.txt: expected a name that ends in .json"),
    (("--subject", "gb.fhrs:413-8"), "no valid record of gb.fhrs:413-8"),
    (("--known-on", "june"), "expected a day as 2026-03-31"),
    (("--plot", "no/such/h.svg"), "no/such/h.svg: cannot be written"),
    (("--receipt", "no/such/r.json"), "no/such/r.json: cannot be written"),
]


@pytest.mark.parametrize(("more", "says"), WRONG, ids=[says for _, says in WRONG])
def test_wrong_use_is_one_message_and_exit_code_2(records, more, says):
    answer = explain(records, *more)
    assert answer.returncode == 2
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_receipt_that_is_not_there_is_one_message_and_exit_code_2(records, tmp_path):
    answer = replay(tmp_path, records)
    assert (answer.returncode, "cannot be read" in answer.stderr) == (2, True)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    scenario = read_scenario(shipped("scenarios") / "city.yaml")
    make_city(folder, scenario.model_copy(update={"persons": 300, "organisations": 30}))
    return folder


def test_persons_are_explained_only_in_a_synthetic_world_that_holds_them(tmp_path, city):
    records = people(tmp_path / "r.csv", "110105")
    person = pl.read_csv(records)["subject"][0]
    asked = ("--subject", person, "--on", "2026-10-31")
    for policy, *world in ([WENDENG], [FOOD], [WENDENG, "--manifest", city / "manifest.json"]):
        answer = goodstanding("explain", policy, "--records", records, *asked, *world)
        assert (answer.returncode, answer.stdout) == (2, "")


def test_a_person_of_the_city_is_explained_and_replayed_with_its_manifest(tmp_path, city):
    world = ("--manifest", city / "manifest.json")
    people = pl.read_parquet(city / "subjects.parquet").filter(pl.col("is_a") == "person")
    person = people.row(0, named=True)
    gift = {"kind": "civic.donation", "act": "2026-03-01", "document": "G-1", "authority": "charity", "basis": "law"}
    row = gift | {"subject": person["subject"], "name": person["name"], "born": str(person["born"]), "amount": "5000"}
    pl.DataFrame([row]).write_csv(tmp_path / "gifts.csv")
    asked = ("--subject", person["subject"], "--on", "2026-10-31", "--receipt", tmp_path / "receipt.json", "--changes")
    answer = goodstanding("explain", WENDENG, "--records", tmp_path / "gifts.csv", *asked, *world)
    assert answer.returncode == 0, answer.stderr
    assert "A (trustworthy (no records)), 1020" in answer.stdout
    receipt = (tmp_path / "receipt.json").read_text()
    assert person["subject"] not in receipt
    assert person["name"] not in receipt
    assert replay(tmp_path, tmp_path / "gifts.csv").returncode == 2
    assert replay(tmp_path, tmp_path / "gifts.csv", *world).stdout.startswith("the same: A, 1020")
    assert dt.date.fromisoformat(json.loads(receipt)["on"]) == dt.date(2026, 10, 31)
