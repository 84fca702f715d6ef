"""Which commands of `register` write: none does on a server that could lose it, or where no register is."""

from pathlib import Path

import psycopg
import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.proof.notes import Kind, Signer
from goodstanding.register.founding import found
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.log.keys import make_key, read_key
from goodstanding.register.log.sequence import sign
from goodstanding.register.store import embedded
from goodstanding.register.store.database import open_register
from tests.cli.inside import cli, commands
from tests.register.conftest import SOURCES

FOOD = shipped("policies") / "uk-food-hygiene"
WITNESS = str(Signer.generate("witness.example", Kind.COSIGNATURE).verifier)
LOOK = "--master master --who J --purpose appeal"

READ = {
    "claims": "",
    "configuration": "",
    "erasures": "new",
    "publish": "log",
    "prove dossier": "cn.ric:1 --out new",
    "prove record": "1 1 --out new",
    "prove consistency": "checkpoint --out new",
    "held": "",
    "lookup": "acme",
    "merges": "",
    "quality": "",
    "receiver list": "",
    "sources": "",
    "verify": "",
}
"""Commands that only read, with arguments."""
WRITE = {
    "init": f"--sources {FOOD / 'sources.yaml'}",
    "load": str(FOOD),
    "deliver": "city.tax rows.csv",
    "score": "",
    "serve": "--port 8999",
    "expire": "",
    "erase-again": "list",
    "document add": "1 rows.csv --master master --title Judgment --basis law",
    "document list": f"1 {LOOK}",
    "document read": f"1 1 new {LOOK}",
    "document rotate": "--master master --to master",
    "document erase": "1 --clause law",
    "work": "--once",
    "source-key add": f"city.tax {Signer.generate('city.tax').verifier}",
    "source-key end": "city.tax 12345678 --why lost",
    "dossier": "1",
    "changed": "1 --since 2026-01-01 --until 2026-02-01",
    "key": "new",
    "sign": "--key log.key",
    "cosign": f"checkpoint --verifier {WITNESS}",
    "contract": "city.tax",
    "model": "nothing --threshold 12 --margin 3 --by J",
    "review": "",
    "release": "1 --by J --reason right",
    "reject": "1 --by J --reason wrong",
    "read": "1 same --reader J",
    "reread": "1 --new --reader J",
    "settle": "1 --wrong --by J --reason other",
    "resume": "city.tax --by J --reason right",
    "receiver add": "police http://127.0.0.1/ --kind food.inspection",
    "receiver answer": "message taken",
    "receiver end": "police --why closed",
    "merge": "1 2 --by J --reason same",
    "split": "1 --by J --reason other",
    "different": "1 2 --by J --reason other",
    "not-different": "1 --by J --reason wrong",
    "acknowledge": "1 --by J --reason seen",
    "deny": "1/1 --by J --reason other",
    "affirm": "1 --by J --reason right",
    "confirm": "1 --by J --reason right",
}
"""Commands that write, if only who looked, with arguments."""
ELSEWHERE = {"backup", "restore", "document key"}
"""Commands that open no register."""

__all__ = ["cli"]


@pytest.fixture
def here(tmp_path, monkeypatch, database):
    """A register, and around it what the commands are given; its server keeps nothing for certain."""
    monkeypatch.chdir(tmp_path)
    register = found(database, World.REAL, SOURCES)
    make_key(register, tmp_path / "log.key")
    Master.make(tmp_path / "master")
    for name in ("rows.csv", "list", "checkpoint"):
        (tmp_path / name).write_text("x\n")
    register.engine.dispose()
    return database


def test_every_command_of_a_register_is_said_to_read_or_to_write() -> None:
    """A new one belongs into a table above, with arguments that it takes."""
    assert {name for name, _ in commands()} == READ.keys() | WRITE.keys() | ELSEWHERE
    opening = {name for name, command in commands() if any(one.name == "dsn" for one in command.params)}
    assert opening == READ.keys() | WRITE.keys()


@pytest.mark.parametrize("command", WRITE)
def test_what_writes_refuses_a_server_that_could_lose_it(here, cli, command) -> None:
    answer = cli("register", *command.split(), *WRITE[command].split(), "--dsn", here)
    assert answer.code == 2
    assert "setting fsync is off" in answer.err


@pytest.mark.parametrize("command", READ)
def test_what_is_said_to_read_does_so_where_nothing_can_be_written(here, cli, command) -> None:
    register = open_register(here)
    sign(register, read_key(Path("log.key")))
    register.engine.dispose()
    with psycopg.connect(here, autocommit=True) as session:
        name = session.execute("SELECT current_database()").fetchone()[0]
        session.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    answer = cli("register", *command.split(), *READ[command].split(), "--dsn", here)
    assert "fsync" not in answer.err
    assert "read-only" not in answer.err
    assert answer.code == 0 or command in {"prove record", "prove consistency"}, answer.err


@pytest.mark.parametrize("command", [name for name in (READ | WRITE) if name != "init"] + ["backup"])
def test_a_folder_without_a_register_is_told_and_left_as_it_is(tmp_path, monkeypatch, cli, here, command) -> None:
    del here
    arguments = (READ | WRITE | {"backup": "copied"})[command].split()
    check = ["--check"] if command == "configuration" else []
    answer = cli("register", *command.split(), *arguments, *check, "--folder", tmp_path / "none")
    assert answer.code == 2, answer
    assert f"{tmp_path / 'none'}: no register is there" in answer.err
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "copied").exists()


def test_nothing_is_made_where_a_register_is_looked_for_by_mistake(tmp_path, cli, here) -> None:
    del here
    (tmp_path / "data").mkdir()
    assert cli("register", "score", "--folder", tmp_path / "data").code == 2
    assert not embedded.founded(tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []
