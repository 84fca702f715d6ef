"""`goodstanding register merge`, `split`, `different`, `merges`, `acknowledge` from the command line."""

import polars as pl
import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.store import durability
from tests.cli.inside import cli
from tests.register.conftest import RECEIVED, inspection

__all__ = ["cli"]
ONE, OTHER = "gb.company:01234567", "gb.company:07654321"
SAID = ("--by", "A. Jansen", "--reason", "one firm")


@pytest.fixture
def run(database, tmp_path, monkeypatch, cli):
    """Commands of a register of two firms, on a server that is as it must be."""
    sources = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
    register = found(database, World.REAL, sources)
    pl.DataFrame([inspection(ONE, "a"), inspection(OTHER, "b")]).write_csv(tmp_path / "rows.csv")
    deliver(register, "gb.fsa", tmp_path / "rows.csv", RECEIVED)
    register.engine.dispose()
    monkeypatch.setattr(durability, "check_durable", lambda _: [])
    return lambda *arguments: cli("register", *arguments, "--dsn", database)


def test_a_merge_is_made_shown_and_split(run) -> None:
    done = run("merge", ONE, OTHER, *SAID)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("merge 1: GS-")
    shown = run("dossier", OTHER)
    assert shown.out.count("food.inspection") == 2
    assert "was merged with" in shown.err
    changed = run("changed", OTHER, "--since", "2026-01-01", "--until", "2100-01-01")
    assert "merged" in changed.out
    assert "one firm" in changed.out
    assert "stands" in run("merges").out
    assert run("split", 1, *SAID).code == 0
    assert run("dossier", OTHER).out.count("food.inspection") == 1
    assert "split on" in run("merges", "--all").out


def test_a_merge_despite_is_an_alarm_until_it_is_acknowledged(run) -> None:
    assert run("different", ONE, OTHER, *SAID).out.startswith("different 1: GS-")
    refused = run("merge", ONE, OTHER, *SAID)
    assert refused.code == 2
    assert "--despite 1, which raises an alarm" in refused.err
    done = run("merge", ONE, OTHER, *SAID, "--despite", 1)
    assert done.code == 0
    number = done.out.split(":")[0].removeprefix("merge ")
    assert f"goodstanding register acknowledge {number}" in done.err
    listed = run("merges")
    assert listed.code == 1
    assert f"alarm: merge {number} was made despite different 1" in listed.err
    assert run("acknowledge", number, *SAID).code == 0
    assert run("merges").code == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("merge", ONE, "gb.company:9", *SAID), "nobody here has this identifier or number"),
        (("merge", ONE, ONE, *SAID), "no other than itself"),
        (("split", 7, *SAID), "merge 7: there is none"),
        (("acknowledge", 7, *SAID), "merge 7: there is none"),
        (("merge", ONE, OTHER, "--by", " ", "--reason", "x"), "by: found 0 characters"),
    ],
)
def test_a_mistake_is_one_message(run, command, said) -> None:
    answer = run(*command)
    assert answer.code == 2
    assert said in answer.err
