"""Each file that the service reads, broken in every way: one message that names it, never a traceback."""

import json
import shutil
from pathlib import Path

import psycopg
import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.linkage.columns import Columns, Field
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model, write_model
from goodstanding.proof.notes import Kind, Signer
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.keeping.erasures import listed
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.log.keys import make_key
from goodstanding.register.store import embedded
from tests.cli.inside import cli, commands
from tests.cli.test_commands import INSPECTION
from tests.register.conftest import MANIFEST, PEOPLE, SOURCES, tampering

FOOD = shipped("policies") / "uk-food-hygiene"
WITNESS = str(Signer.generate("witness.example", Kind.COSIGNATURE).verifier)
LOOK = "--who J --purpose appeal"
__all__ = ["cli"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BROKEN = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": cut,
    "of bytes": lambda path: path.write_bytes(bytes(range(255, 0, -1)) * 9),
    "another thing": lambda path: path.write_text('[{"x": [1, null]}, "y"]\n'),
    "a folder": folder,
}
FILES = {
    "register.toml": ["--configuration register.toml configuration", "--configuration register.toml work --once"],
    "log.key": ["sign --key log.key", "serve --port 8999 --key log.key", "work --once --key log.key"],
    "master": [
        f"document {one} --master master"
        for one in ("add gb.fhrs:413-7 rows.csv --title x --basis y", f"list gb.fhrs:413-7 {LOOK}")
    ]
    + [f"document read gb.fhrs:413-7 1 out {LOOK} --master master"],
    "master.new": ["document rotate --master master --to master.new"],
    "sources.yaml": ["init --sources sources.yaml"],
    "manifest.json": ["init --sources city.yaml --manifest manifest.json"],
    "contract.yaml": ["contract gb.fsa contract.yaml"],
    "model/model.json": ["model model --threshold 9 --margin 1 --by J"],
    "model/crowds.parquet": ["model model --threshold 9 --margin 1 --by J"],
    "policy/policy.yaml": ["load policy"],
    "rows.csv": ["deliver gb.fsa rows.csv"],
    "rows.jsonl": ["deliver gb.fsa rows.jsonl"],
    "rows.xml": ["deliver gb.fsa rows.xml"],
    "rows.parquet": ["deliver gb.fsa rows.parquet"],
    "rows.note": ["deliver gb.fsa whole.csv --note rows.note"],
    "list": ["erase-again list"],
    "checkpoint": [
        "verify --checkpoint checkpoint --verifier LOG",
        "prove consistency checkpoint --out out",
        "cosign checkpoint --verifier WITNESS",
    ],
    "pg/goodstanding.password": ["verify", "score", "serve --port 8999", "erasures out"],
    "pg/postgres.password": ["backup copied"],
}
STILL_RIGHT = {("register.toml", "empty"), ("register.toml", "cut")}
"""An empty configuration says nothing, and half of this one is one."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A register, and all that its commands read."""
    import polars as pl

    place = tmp_path_factory.mktemp("made")
    register = found(_founded(place / "pg"), World.REAL, _food_sources())
    key = make_key(register, place / "log.key")
    pl.DataFrame([INSPECTION | {"document": "D-0"}]).write_csv(place / "first.csv")
    deliver(register, "gb.fsa", place / "first.csv", register.today)
    for name in ("master", "master.new"):
        Master.make(place / name)
    (place / "register.toml").write_text("port = 8999\nstrict = false\n")
    shutil.copy(FOOD / "sources.yaml", place)
    shutil.copy(shipped("scenarios") / "city-sources.yaml", place / "city.yaml")
    (place / "manifest.json").write_text(MANIFEST.model_dump_json(indent=1))
    shutil.copytree(FOOD, place / "policy")
    rows = pl.DataFrame([INSPECTION])
    for name in ("rows.csv", "whole.csv"):
        rows.write_csv(place / name)
    rows.write_ndjson(place / "rows.jsonl")
    rows.write_parquet(place / "rows.parquet")
    for name in ("rows.xml", "rows.note", "checkpoint"):
        (place / name).write_text("x\n\n")
    names = Columns(key="key", fields=(Field(column="name", role="organisation"),))
    empty = (pl.DataFrame(schema=schema) for schema in (FREQUENCIES, CROWDS))
    write_model(Model({}, names, (), {}, *empty), place / "model")
    (place / "contract.yaml").write_text("refused: '0.5'\nrows: {least: 1}\n")
    (place / "list").write_text(listed(register))
    (place / "LOG").write_text(str(key))
    register.engine.dispose()
    yield place
    embedded.stop(place / "pg")


def _founded(folder: Path) -> str:
    from goodstanding.cli.options import founding

    return founding(None, folder)


def _food_sources():
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.sources import read_sources

    return read_sources(FOOD / "sources.yaml", catalogue(World.REAL))


@pytest.fixture
def place(made, monkeypatch):
    """All of it, brought back afterwards as it was."""
    monkeypatch.chdir(made)
    monkeypatch.setenv("GOODSTANDING_FOLDER", "pg")
    kept = {path: path.read_bytes() for path in made.glob("*") if path.is_file()}
    kept |= {
        path: path.read_bytes() for path in (*made.glob("policy/*"), *made.glob("model/*"), *made.glob("pg/*.password"))
    }
    yield made
    for path, content in kept.items():
        if path.is_dir():
            path.rmdir()
        path.write_bytes(content)
        path.chmod(0o600)


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(("name", "command"), [(name, one) for name, some in FILES.items() for one in some])
def test_a_broken_file_is_one_message_that_names_it(place, cli, name, command, broken) -> None:
    before = {path for path in place.rglob("*") if "pg" not in path.parts}
    BROKEN[broken](place / name)
    known = command.replace("LOG", (place / "LOG").read_text()).replace("WITNESS", WITNESS)
    answer = cli("register", *known.split())
    if (name, broken) in STILL_RIGHT:
        return
    assert answer.code == 2, answer
    assert Path(name).stem in answer.err or Path(name).suffix[1:] in answer.err
    assert "Errno" not in answer.err
    assert {path for path in place.rglob("*") if "pg" not in path.parts} <= before, "something was written by half"


@pytest.fixture(scope="module")
def synthetic(postgres_folder):
    from tests.register.conftest import fresh

    with fresh(postgres_folder) as dsn:
        register = found(dsn, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
        with tampering(postgres_folder, register) as session:
            session.execute("ALTER TABLE world DROP CONSTRAINT world_check")
        register.engine.dispose()
        yield dsn


ROWS = {
    "missing": "UPDATE world SET manifest = NULL",
    "empty": "UPDATE world SET manifest = '{}'",
    "cut": "UPDATE world SET manifest = manifest - 'seed'",
    "of another world": """UPDATE world SET manifest = jsonb_set(manifest, '{world}', '"real"')""",
    "another thing": "UPDATE world SET manifest = '[1]'",
    "null": "UPDATE world SET manifest = 'null'",
    "without its row": "DELETE FROM world",
}


@pytest.mark.parametrize("statement", ROWS.values(), ids=ROWS)
def test_a_broken_world_in_the_database_is_one_message_for_every_command(
    synthetic, postgres_folder, tmp_path, monkeypatch, cli, statement
) -> None:
    from tests.cli.test_writing import READ, WRITE

    monkeypatch.chdir(tmp_path)
    Master.make(tmp_path / "master")
    (tmp_path / "log.key").write_text(str(Signer.generate("x")))
    (tmp_path / "log.key").chmod(0o600)
    for name in ("rows.csv", "list", "checkpoint"):
        (tmp_path / name).write_text("x\n")
    admin = embedded.superuser_dsn(postgres_folder).replace("@/postgres?", f"@/{_name(synthetic)}?")
    with psycopg.connect(admin, autocommit=True) as session:
        session.execute("SET session_replication_role = replica")
        session.execute("CREATE TEMP TABLE kept AS SELECT * FROM world")
        session.execute(statement)
        try:
            for command, arguments in (READ | WRITE).items():
                if command in {"init", "configuration"}:
                    continue
                answer = cli("register", *command.split(), *arguments.split(), "--dsn", synthetic)
                assert answer.code == 2, (command, answer)
                assert "table world" in answer.err, command
        finally:
            session.execute("DELETE FROM world")
            session.execute("INSERT INTO world SELECT * FROM kept")


def _name(dsn: str) -> str:
    with psycopg.connect(dsn) as session:
        return session.execute("SELECT current_database()").fetchone()[0]


def test_every_command_that_reads_a_file_is_tried_here() -> None:
    """A new option or argument that names a file to be read belongs into the table above."""
    import click

    tried = {" ".join(one.split()[:2]) for some in FILES.values() for one in some}
    for name, command in commands():
        files = [one for one in command.params if isinstance(one.type, click.Path) and one.name not in WRITTEN]
        assert not files or name in WRITES or any(one.startswith(name) for one in tried), (name, files)


WRITTEN = {"folder", "out", "target", "report"}
"""What commands write, and folders of their own."""
WRITES = {"document key", "key", "erasures", "backup", "restore"}
"""Commands whose file is a new one; of a backup that is broken, its own tests."""


def test_a_manifest_is_the_labs_or_nothing(place, cli) -> None:
    said = json.loads((place / "manifest.json").read_text())
    for change in ({"persons": -1}, {"seed": "x"}, {"persons": 13}, {"version": 99}, {"until": "1900-01-01"}):
        (place / "manifest.json").write_text(json.dumps(said | change))
        answer = cli("register", "init", "--sources", "city.yaml", "--manifest", "manifest.json", "--folder", "new")
        assert (answer.code, *(one in answer.err for one in change)) == (2, True), (change, answer)
        assert not (place / "new").exists()
