"""A register from the command line, on the embedded PostgreSQL, from nothing to standings, with faults on the way."""

import datetime as dt
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.register.store import embedded
from tests.cli.test_commands import goodstanding
from tests.facts.test_fsa import XML

FOOD = shipped("policies") / "uk-food-hygiene"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("register")
    assert (
        goodstanding("register", "init", "--sources", FOOD / "sources.yaml", "--folder", folder / "pg").returncode == 0
    )
    assert goodstanding("register", "load", FOOD, "--folder", folder / "pg").returncode == 0
    (folder / "FHRS413.xml").write_text(XML)
    yield folder
    embedded.stop(folder / "pg")


def register(folder, *arguments):
    return goodstanding("register", *arguments, "--folder", folder / "pg")


def test_a_published_file_becomes_standings_and_everything_verifies(folder):
    first = register(folder, "deliver", "gb.fsa", folder / "FHRS413.xml")
    assert (first.returncode, first.stdout) == (0, "3 rows: 3 accepted, 0 known already, 0 refused\n"), first.stderr
    again = register(folder, "deliver", "gb.fsa", folder / "FHRS413.xml")
    assert "applied before" in again.stdout
    run = register(folder, "score", "--as-of", "2025-12-31")
    assert run.stdout.splitlines()[1:] == [
        "uk-food-hygiene\t2025-12-31\tgraded\t1",
        "uk-food-hygiene\t2025-12-31\tnot rated\t2",
    ]
    said = register(folder, "verify").stdout.splitlines()
    assert said[0] == "every record and every delivery is as it was accepted"
    assert " events are under no checkpoint yet, the oldest since " in said[1]


def test_sources_are_listed_with_what_is_late_and_what_pauses_for_it(folder):
    register(folder, "deliver", "gb.fsa", folder / "FHRS413.xml")
    told = register(folder, "sources")
    header, line = (row.split("\t") for row in told.stdout.splitlines())
    assert told.returncode == 0, told.stderr
    assert header == ["source", "last delivery", "due", "late since", "pauses", "delivers"]
    last, due = dt.date.fromisoformat(line[1]), dt.date.fromisoformat(line[2])
    assert due - last == dt.timedelta(42)
    assert (line[0], line[3:]) == ("gb.fsa", ["", "", "food.inspection, food.unrated"])
    edge = register(folder, "sources", "--on", str(due))
    assert (edge.returncode, edge.stdout) == (0, told.stdout)
    late = register(folder, "sources", "--on", str(due + dt.timedelta(1)))
    assert late.returncode == 3
    assert late.stdout.splitlines()[1].split("\t")[3:5] == [str(due + dt.timedelta(1)), "uk-food-hygiene"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("deliver", "gb.fas", "FHRS413.xml"), "gb.fsa"),
        (("deliver", "gb.fsa", "missing.xml"), "missing.xml"),
        (("score", "uk-food"), "uk-food-hygiene"),
        (("load", shipped("policies") / "cn-wendeng"), "may not meet real ones"),
        (("init", "--sources", shipped("scenarios") / "city-sources.yaml"), "not in the catalogue of this world"),
    ],
)
def test_what_a_real_register_cannot_do_is_one_message(folder, arguments, says):
    answer = goodstanding("register", *arguments, "--folder", folder / "pg", cwd=folder)
    assert answer.returncode == 2
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr


def test_refused_rows_come_back_in_a_file_and_are_taken_once_corrected(folder):
    rows = "subject,kind,act,document,authority,basis,hygiene,structural,confidence\n"
    good = "gb.fhrs:1-1,food.inspection,2020-01-01,A-1,gb.la:1,Code,5,5,5\n"
    (folder / "r.csv").write_text(rows + good + good.replace("A-1", "A-2").replace("5,5,5", "5,5,6"))
    answer = register(folder, "deliver", "gb.fsa", folder / "r.csv")
    assert (answer.returncode, answer.stdout) == (3, "2 rows: 1 accepted, 0 known already, 1 refused\n")
    corrected = (folder / "r.csv.refused.csv").read_text().replace("5,5,6", "5,5,10")
    (folder / "again.csv").write_text(corrected)
    answer = register(folder, "deliver", "gb.fsa", folder / "again.csv")
    assert (answer.returncode, answer.stdout) == (0, "1 rows: 1 accepted, 0 known already, 0 refused\n")


def test_a_file_that_breaks_the_contract_waits_for_a_person(folder):
    rows = "subject,kind,act,document,authority,basis,hygiene,structural,confidence\n"
    (folder / "old.csv").write_text(rows + "gb.fhrs:1-9,food.inspection,1999-01-01,B-1,gb.la:1,Code,5,5,5\n")
    tried = goodstanding(
        "deliveries", "check", folder / "old.csv", "--sources", FOOD / "sources.yaml", "--source", "gb.fsa"
    )
    assert (tried.returncode, tried.stdout.splitlines()[0]) == (4, "1 rows: 0 would be refused"), tried.stderr
    answer = register(folder, "deliver", "gb.fsa", folder / "old.csv")
    assert answer.returncode == 4
    breach = "range: act\t0 of 1 values\tat least 2000-01-01, in at least 0.95 of them"
    assert answer.stdout.splitlines() == tried.stdout.splitlines()[1:] == ["measure\tfound\texpected", breach]
    assert "held back as number 1" in answer.stderr
    assert "goodstanding register held" in answer.stderr
    assert "waits" in register(folder, "held").stdout.splitlines()[1]
    assert breach in register(folder, "held", "1").stdout
    assert register(folder, "held", "7").returncode == 2
    done = register(folder, "release", "1", "--by", "A. Jansen", "--reason", "an old register was read in")
    assert (done.returncode, ": 1 accepted," in done.stdout) == (0, True), done.stderr
    assert register(folder, "held").stdout.splitlines()[1:] == []
    assert "released" in register(folder, "held", "--all").stdout
    (folder / "contract.yaml").write_text("rows: {least: 5}\n")
    assert register(folder, "contract", "gb.fsa", folder / "contract.yaml").stdout == "rows:\n  least: 5\n"
    again = register(folder, "init", "--sources", FOOD / "sources.yaml")
    assert (again.returncode, "the contract in force is not the one in this file" in again.stderr) == (0, True)
    (folder / "few.csv").write_text((folder / "old.csv").read_text().replace("B-1", "B-2"))
    assert register(folder, "deliver", "gb.fsa", folder / "few.csv").returncode == 4
    assert register(folder, "reject", "1", "--by", "A. Jansen", "--reason", "no").returncode == 2
    ended = register(folder, "reject", "2", "--by", "A. Jansen", "--reason", "another year")
    assert ended.stdout.startswith("held 2 of gb.fsa was rejected on ")
    refused = register(folder, "deliver", "gb.fsa", folder / "few.csv")
    assert (refused.returncode, "another year" in refused.stderr) == (2, True)
    (folder / "contract.yaml").write_text("rows: {least: 0}\n")
    assert register(folder, "contract", "gb.fsa", folder / "contract.yaml").returncode == 0


def test_a_port_in_use_is_told_before_anything_starts(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in (("register", "serve"), ("demo",)):
            answer = goodstanding(*command, "--port", port, "--folder", folder / "pg", cwd=folder)
            assert answer.returncode == 2
            assert f"port {port}" in answer.stderr
    assert not (folder / ".goodstanding").exists()


def serving(folder, port):
    command = [Path(sys.executable).with_name("goodstanding"), "demo", "--folder", folder, "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def fetched(url, seconds):
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@pytest.mark.slow
def test_the_demo_makes_a_city_and_finds_it_again_as_it_was_left(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pages = []
    for seconds in (120, 20):
        process = serving(tmp_path / "demo", port)
        try:
            pages.append(json.loads(fetched(f"http://127.0.0.1:{port}/api/sources", seconds)))
        finally:
            process.terminate()
            process.wait(20)
    embedded.stop(tmp_path / "demo" / "postgresql")
    shutil.rmtree(tmp_path / "demo")
    assert pages[0] == pages[1]
    assert "city.court" in json.dumps(pages[0])


@pytest.fixture(scope="module")
def log(folder):
    """A register that was signed, with its public key and its first checkpoint as somebody keeps them elsewhere."""
    register(folder, "deliver", "gb.fsa", folder / "FHRS413.xml")
    verifier = register(folder, "key", folder / "log.key").stdout.strip()
    (folder / "log.pub").write_text(verifier + "\n")
    signed = register(folder, "sign", "--key", folder / "log.key")
    assert signed.stdout.startswith("signed a log of "), signed.stderr
    assert register(folder, "publish", folder / "log").returncode == 0
    (folder / "kept").write_text((folder / "log" / "checkpoint").read_text())
    return verifier


def test_whoever_has_the_public_key_checks_what_the_register_proves_without_it(folder, log):
    checks = lambda *arguments: goodstanding("proof", *arguments, "--key", folder / "log.pub")  # noqa: E731
    for what in (("dossier", "gb.fhrs:413-1"), ("dossier", "gb.fhrs:413-999"), ("record", "1", "1")):
        made = register(folder, "prove", *what, "--out", folder / "proof.json")
        assert made.returncode == 0, made.stderr
        assert checks("check", folder / "proof.json").returncode == 0
    assert register(folder, "score", "--as-of", "2025-12-31").returncode == 0
    register(folder, "sign", "--key", folder / "log.key")
    register(folder, "publish", folder / "log")
    register(folder, "prove", "consistency", folder / "kept", "--out", folder / "proof.json")
    assert checks("check", folder / "proof.json").returncode == 0
    assert checks("compare", folder / "kept", folder / "log" / "checkpoint", "--tiles", folder / "log").returncode == 0
    assert register(folder, "sign", "--key", folder / "log.key").stdout == "nothing new to sign\n"


def test_a_register_is_verified_against_a_checkpoint_that_was_kept_elsewhere(folder, log):
    kept = ("--checkpoint", folder / "kept", "--verifier", log)
    said = register(folder, "verify", *kept).stdout
    assert said.startswith("every record and every delivery is as it was accepted\n")
    assert register(folder, "verify", "--checkpoint", folder / "kept").returncode == 2


def test_a_witness_adds_its_line(folder, log):
    from goodstanding.proof import notes

    witness = notes.Signer("witness.example/w1", b"w" * 32, notes.Kind.COSIGNATURE)
    (folder / "cosigned").write_text(notes.cosigned((folder / "kept").read_text(), witness, 1_790_000_000))
    done = register(folder, "cosign", folder / "cosigned", "--verifier", str(witness.verifier))
    assert done.returncode == 0, done.stderr
    wrong = register(folder, "cosign", folder / "kept", "--verifier", str(witness.verifier))
    assert wrong.returncode == 2
    assert "the cosigned checkpoint" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("key", "log.key"), "no key is written there"),
        (("sign", "--key", "log.pub"), "log.pub"),
        (("sign", "--key", "missing.key"), "missing.key: cannot be read"),
        (("prove", "record", "1", "99", "--out", "proof.json"), "delivery 1 row 99: the register has no such record"),
        (("prove", "consistency", "log.pub", "--out", "proof.json"), "the old checkpoint"),
        (("verify", "--checkpoint", "log.pub", "--verifier", "x"), "--verifier: "),
    ],
)
def test_what_is_wrong_with_the_log_is_said(folder, log, arguments, says):
    found = register(folder, *(folder / one if "." in one else one for one in arguments))
    assert found.returncode == 2
    assert says in found.stderr
    assert "Traceback" not in found.stderr
