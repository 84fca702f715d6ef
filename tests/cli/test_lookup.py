"""`goodstanding register lookup` from the command line: organisations with reasons, never a person."""

import polars as pl
import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from tests.cli.test_commands import goodstanding
from tests.register.conftest import RECEIVED, inspection


@pytest.fixture
def dsn(database, tmp_path):
    register = found(
        database,
        World.REAL,
        read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL)),
    )
    rows = [inspection("gb.company:01234567", "a", name="Sunrise Bakery"), inspection("1-1", "b", name="Sunrise Stall")]
    pl.DataFrame(rows).write_csv(tmp_path / "rows.csv")
    deliver(register, "gb.fsa", tmp_path / "rows.csv", RECEIVED)
    register.engine.dispose()
    return database


def test_organisations_are_listed_with_score_and_reasons(dsn):
    answer = goodstanding("register", "lookup", "Sunrise Bakary", "--place", "Hull", "--dsn", dsn)
    assert answer.returncode == 0, answer.stderr
    header, line = (row.split("\t") for row in answer.stdout.splitlines())
    assert header == ["score", "number", "identifier", "name", "seat", "reasons"]
    assert line[2:5] == ["gb.company:01234567", "Sunrise Bakery", ""]
    assert line[5] == "same sunrise / sunrise; slip bakary / bakery; place-unknown Hull"


@pytest.mark.parametrize("name", ["Sunrise Stall 2", "", "%", "gb.fhrs:1-1"])
def test_nobody_is_a_message(dsn, name):
    answer = goodstanding("register", "lookup", name, "--dsn", dsn)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert "no organisation that may be shown is likely to have this name" in answer.stderr
