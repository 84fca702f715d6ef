"""`goodstanding proof` as its user meets it: in a process of its own, with exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from goodstanding.proof import dossiermap
from tests.proof.building import ALICE, KEY, NOBODY, WITNESS, Register, happened


def goodstanding(*arguments):
    command = [sys.executable, "-c", "from goodstanding.cli.main import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder, register = tmp_path_factory.mktemp("proof"), Register()
    texts = {
        "receipt.json": register.receipt(0).text(),
        "dossier.json": register.dossier(ALICE).text(),
        "absence.json": register.dossier(NOBODY).text(),
        "growth.json": register.growth(200).text(),
        "old": register.checkpoint(200),
        "new": register.checkpoint(),
        "keys": f"{KEY.verifier}\n{WITNESS.verifier}\n",
        "other": register.checkpoint(200).replace("200", "199", 1),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path, data in register.files().items():
        (folder / "log" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "log" / path).write_bytes(data)
    return folder


@pytest.mark.parametrize("name", ["receipt.json", "dossier.json", "absence.json", "growth.json"])
def test_documents_are_checked_with_a_key_from_a_file_or_as_text(given, name):
    for key in (given / "keys", KEY.verifier):
        answer = goodstanding("proof", "check", given / name, "--key", key)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.splitlines()[-1].endswith("all of this holds")


def test_a_lie_exits_1_and_is_named(given, tmp_path):
    text = (given / "dossier.json").read_text()
    (tmp_path / "changed.json").write_text(text.replace('"hygiene": "5"', '"hygiene": "0"', 1))
    answer = goodstanding("proof", "check", tmp_path / "changed.json", "--key", given / "keys")
    assert answer.returncode == 1
    assert "record 1 of the dossier: what it says does not give its digest" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    "how", [("--proof", "growth.json"), ("--tiles", "log")], ids=["with a proof", "from the tiles alone"]
)
def test_checkpoints_are_compared(given, how):
    option, name = how
    answer = goodstanding(
        "proof", "compare", given / "old", given / "new", option, given / name, "--key", given / "keys"
    )
    assert answer.returncode == 0, answer.stderr
    assert "from 200 to 302 leaves, and what was there is unchanged" in answer.stdout
    back = goodstanding("proof", "compare", given / "new", given / "old", option, given / name, "--key", given / "keys")
    assert back.returncode == 1
    assert "cut back" in back.stderr


def test_the_checkpoint_in_a_document_is_compared_with_the_published_one(given):
    answer = goodstanding(
        "proof", "compare", given / "old", given / "dossier.json", "--tiles", given / "log", "--key", KEY.verifier
    )
    assert answer.returncode == 0, answer.stderr


def test_a_dossier_that_lost_a_record_between_two_checkpoints_exits_1(given, tmp_path):
    less = Register()
    less.contents[4]["subject"] = NOBODY
    less.entries[dossiermap.key(less.map_salt, ALICE)] = dossiermap.Entry(
        2, dossiermap.head([less.leaves[0], less.leaves[2]])
    )
    less.map = less.add(
        happened("map", root=dossiermap.root(less.entries), salt=less.map_salt, subjects=len(less.entries))
    )
    (tmp_path / "later.json").write_text(less.dossier(ALICE).text())
    (tmp_path / "growth.json").write_text(less.growth(302).text())
    arguments = ("--proof", tmp_path / "growth.json", "--key", given / "keys")
    answer = goodstanding("proof", "compare", given / "dossier.json", tmp_path / "later.json", *arguments)
    assert answer.returncode == 1
    assert "record 3 of the dossier was there before, and is not there now" in answer.stderr
    (tmp_path / "none.json").write_text(Register().growth(302).text())
    arguments = ("--proof", tmp_path / "none.json", "--key", given / "keys")
    answer = goodstanding("proof", "compare", given / "dossier.json", given / "dossier.json", *arguments)
    assert (answer.returncode, "the old one with 0 records added" in answer.stdout) == (0, True), answer.stderr


def test_missing_tiles_and_forged_checkpoints_exit_1(given, tmp_path):
    (tmp_path / "empty").mkdir()
    key = ("--key", given / "keys")
    answer = goodstanding("proof", "compare", given / "old", given / "new", "--tiles", tmp_path / "empty", *key)
    assert (answer.returncode, "the tile is not there" in answer.stderr) == (1, True)
    answer = goodstanding("proof", "compare", given / "other", given / "new", "--tiles", given / "log", *key)
    assert (answer.returncode, "does not hold" in answer.stderr) == (1, True)


def test_a_checkpoint_is_shown_unchecked(given):
    answer = goodstanding("proof", "inspect", given / "new")
    assert answer.returncode == 0
    assert "leaves\t302" in answer.stdout
    assert f"signature\t{KEY.name}+{KEY.verifier.id.hex()}, not checked" in answer.stdout


def test_a_text_of_others_does_not_reach_the_terminal_as_it_is(given, tmp_path):
    text = (given / "new").read_text(encoding="utf-8").replace("example.org", "\x9b2Jexample\u202eorg")
    (tmp_path / "note").write_text(text, encoding="utf-8")
    answer = goodstanding("proof", "inspect", tmp_path / "note")
    assert answer.returncode == 0
    assert "\\x9b2Jexample\\u202eorg" in answer.stdout
    (tmp_path / "dossier.json").write_text((given / "dossier.json").read_text().replace("example.org", "\\u009b2J"))
    answer = goodstanding("proof", "check", tmp_path / "dossier.json", "--key", given / "keys")
    assert (answer.returncode, "\x9b" in answer.stderr) == (1, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "missing.json", "--key", "keys"),
        ("check", "old", "--key", "keys"),
        ("check", "dossier.json"),
        ("check", "dossier.json", "--key", "old"),
        ("check", "dossier.json", "--key", "missing"),
        ("check", "dossier.json", "--key", "a+b+c"),
        ("compare", "old", "new", "--key", "keys"),
        ("compare", "old", "new", "--key", "keys", "--proof", "dossier.json"),
        ("compare", "old", "new", "--key", "keys", "--tiles", "missing"),
        ("inspect", "keys"),
        ("inspect", "log"),
    ],
)
def test_what_cannot_be_read_exits_2(given, arguments):
    here = [given / one if (given / one).exists() or "missing" in one else one for one in arguments[1:]]
    answer = goodstanding("proof", arguments[0], *here)
    assert answer.returncode == 2, answer.stdout
    assert answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("command", ["check", "compare", "inspect"])
def test_help_has_an_example(command):
    assert f"goodstanding proof {command}" in goodstanding("proof", command, "--help").stdout.split("Example:")[1]


def test_nothing_of_a_database_or_of_tables_is_loaded(given):
    code = (
        "import sys; from goodstanding.proof import bundles, checkpoints, tiles; "
        "bundles.read(open(sys.argv[1]).read()); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, Path(given) / "dossier.json"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"polars", "numpy", "sqlalchemy", "psycopg", "litestar", "yaml"} & set(loaded)
    assert not [one for one in loaded if one.startswith(("goodstanding.register", "goodstanding.engine"))]
