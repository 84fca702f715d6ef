"""What is kept and for how long, from the command line."""

import json

import polars as pl
import pytest
import yaml

from goodstanding.facts.shipped import shipped
from goodstanding.register.store import embedded
from tests.cli.test_commands import INSPECTION, goodstanding

FOOD = shipped("policies") / "uk-food-hygiene"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keeping")
    sources = yaml.safe_load((FOOD / "sources.yaml").read_text())
    kept = {"food.inspection": [{"years": 6, "since": "act", "clause": "Limitation Act 1980, s. 5"}]}
    sources["sources"][0]["kept"] = kept
    (folder / "sources.yaml").write_text(yaml.safe_dump(sources))
    pl.DataFrame([INSPECTION, INSPECTION | {"document": "D-2", "act": "2026-02-01"}]).write_csv(folder / "file.csv")
    run(folder, "init", "--sources", folder / "sources.yaml")
    run(folder, "deliver", "gb.fsa", folder / "file.csv")
    yield folder
    embedded.stop(folder / "pg")


def run(folder, *arguments):
    done = goodstanding("register", *arguments, "--folder", folder / "pg")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_past_its_term_is_erased_with_evidence_and_listed(folder):
    told = run(folder, "expire", "--sweep", "--report", folder / "report.json")
    assert told.splitlines() == ["1 records of 1 subjects erased", "  1 under Limitation Act 1980, s. 5"]
    report = json.loads((folder / "report.json").read_text())
    assert (report["clauses"], report["versions_left"]) == ({"Limitation Act 1980, s. 5": 1}, 0)
    assert {one["on"] for one in report["records"]} == {"2020-01-20"}
    assert run(folder, "expire", "--rewrite").splitlines() == ["0 records of 0 subjects erased"]
    assert "1 erasures listed" in run(folder, "erasures", folder / "list")
    assert "0 records and 0 documents erased again; 1 erasures had nothing" in run(
        folder, "erase-again", folder / "list"
    )
    wrong = goodstanding("register", "erase-again", folder / "sources.yaml", "--folder", folder / "pg")
    assert (wrong.returncode, "no list of erasures" in wrong.stderr) == (2, True)


def test_a_document_goes_into_an_envelope_and_out_and_its_key_is_destroyed(folder):
    key, paper, out = folder / "master", folder / "paper", folder / "out"
    paper.write_bytes(b"a judgment")
    made = goodstanding("register", "document", "key", key)
    assert (made.returncode, key.stat().st_mode & 0o777) == (0, 0o600)
    whose, look = "gb.fhrs:413-7", ("--master", key, "--who", "J. Smith", "--purpose", "appeal")
    said = ("--title", "Judgment", "--basis", "Food Act, s. 9")
    assert run(folder, "document", "add", whose, paper, "--master", key, *said).startswith("document 1: 10 bytes")
    assert "Judgment" in run(folder, "document", "list", whose, *look)
    run(folder, "document", "read", whose, 1, out, *look)
    assert out.read_bytes() == b"a judgment"
    assert "erased under GDPR art. 17" in run(folder, "document", "erase", 1, "--clause", "GDPR art. 17")
    gone = goodstanding("register", "document", "read", whose, 1, folder / "no", *look, "--folder", folder / "pg")
    assert (gone.returncode, "was erased under" in gone.stderr, (folder / "no").exists()) == (2, True, False)
