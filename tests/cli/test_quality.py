"""`goodstanding register quality`, `read` and `resume`: figures as a table and as JSON, and what people decide."""

import json

import pytest

from goodstanding.cli import options
from goodstanding.cli import quality as commands
from goodstanding.facts.world import World
from goodstanding.register.founding import found
from goodstanding.register.operation.jobs import Duties
from goodstanding.register.store.database import open_register
from tests.cli.inside import cli
from tests.register.conftest import MANIFEST, PEOPLE, SOURCES
from tests.register.test_quality import TAX, drawn, read

__all__ = ["cli"]


@pytest.fixture
def dsn(database, monkeypatch):
    """A register of which a sample was drawn; its server may lose what it acknowledges."""
    register = found(database, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
    drawn(register)
    register.engine.dispose()
    monkeypatch.setattr(commands, "serviced", options.read)
    return database


@pytest.fixture
def bad(dsn):
    """A source of whose links half is wrong."""
    register = open_register(dsn)
    read(register, lambda number: number % 2)
    Duties(register).quality()
    register.engine.dispose()
    return dsn


def test_before_anything_was_read_nothing_is_known(cli, dsn) -> None:
    answer = cli("register", "quality", "--dsn", dsn)
    assert (answer.code, answer.out) == (0, "")
    assert "nothing is known" in answer.err
    assert json.loads(cli("register", "quality", "--json", "--dsn", dsn).out)["measures"] == []


def test_a_reader_lists_units_and_answers_one(cli, dsn) -> None:
    first = cli("register", "read", "--reader", "A. Jansen", "--dsn", dsn).out.splitlines()
    assert first[0].split("\t") == ["number", "source", "record", "subject"]
    number = first[1].split("\t")[0]
    assert cli("register", "read", number, "same", "--reader", "A. Jansen", "--dsn", dsn).code == 0
    assert len(cli("register", "read", "--reader", "A. Jansen", "--dsn", dsn).out.splitlines()) == len(first) - 1
    assert len(cli("register", "read", "--reader", "B. Smit", "--dsn", dsn).out.splitlines()) == len(first)
    answer = cli("register", "read", "999999", "--reader", "A. Jansen", "--dsn", dsn)
    assert (answer.code, "sample 999999: there is no case" in answer.err) == (2, True)


def test_figures_are_shown_with_intervals_and_what_is_paused(cli, bad) -> None:
    answer = cli("register", "quality", "--dsn", bad)
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert rows[0] == ["source", "group", "measure", "value", "low", "high", "answers", "members"]
    precision = next(row for row in rows if row[:3] == [TAX, "all", "precision"])
    assert float(precision[4]) < float(precision[3]) < float(precision[5]) < 0.95
    wrong = next(row for row in rows if row[:3] == [TAX, "all", "wrong per 100,000"])
    assert float(wrong[3]) == pytest.approx((1 - float(precision[3])) * 100_000, abs=10)
    assert f"{TAX}: paused since" in answer.out
    assert "kappa" in answer.out


def test_json_has_the_same_and_what_is_public_names_no_reader(cli, bad) -> None:
    told = json.loads(cli("register", "quality", "--json", "--dsn", bad).out)
    assert told["paused"][0]["source"] == TAX
    assert told["readers"]["kappa"]["value"] == 1
    one = next(one for one in told["measures"] if one["measure"] == "precision" and one["group"] is None)
    assert one["low"] < one["value"] < one["high"]
    assert told["wrong_per_100000"][TAX]["value"] == pytest.approx((1 - one["value"]) * 100_000)
    public = json.loads(cli("register", "quality", "--public", "--json", "--dsn", bad).out)
    assert "readers" not in public
    assert public["measures"]


def test_a_person_resumes_a_source(cli, bad) -> None:
    arguments = ("register", "resume", TAX, "--by", "A. Jansen", "--reason", "a shifted column", "--dsn", bad)
    assert cli(*arguments).code == 0
    assert json.loads(cli("register", "quality", "--json", "--dsn", bad).out)["paused"] == []
    again = cli(*arguments)
    assert (again.code, f"source {TAX}: is not paused" in again.err) == (2, True)
