"""The life of a model and of rows without a number, through the command line on files: from training to undoing."""

import random
import re

import polars as pl
import pytest
import sqlalchemy as sa

from goodstanding.facts.shipped import shipped
from goodstanding.register.store import embedded
from goodstanding.register.store.database import open_register
from tests.cli.inside import cli as _cli
from tests.register.conftest import inspection

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output")
cli = _cli
FOOD = shipped("policies") / "uk-food-hygiene"
_SYLLABLES = ("ba", "de", "ki", "lo", "mu", "na", "po", "ri", "sa", "tu", "ve", "zo", "fer", "gal", "hol", "jun")
_CHARACTERS = "金龙华兴福海星月天地春秋山水云石松竹梅兰江河湖东南西北中百千万和平安宁吉庆丰盛昌泰顺达通利源恒永久"
_TOWNS = ("Leeds", "York", "Hull", "Bath", "Dover", "Ely", "Wells", "Truro", "Derby", "Crewe")


def firms(draw, count):
    """Names of places to eat, two in three in Latin script, each with the day it was founded and its town."""

    def word():
        return "".join(draw.choice(_SYLLABLES) for _ in range(3)).title()

    def han():
        return "".join(draw.sample(_CHARACTERS, 4)) + draw.choice(("饭店", "酒家", "面馆"))

    names = [
        han() if n % 3 == 0 else f"{word()} {word()} {draw.choice(('Grill', 'Cafe', 'Bakery'))}" for n in range(count)
    ]
    return [
        (
            name,
            f"{draw.randrange(1950, 2020)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            draw.choice(_TOWNS),
        )
        for name in names
    ]


def slip(draw, name):
    """A name with another letter, or another character, in one place of its first word."""
    at = draw.randrange(1, 4)
    other = draw.choice(_CHARACTERS) if name[0] in _CHARACTERS else draw.choice("aeiouxyz")
    return name[:at] + other + name[at + 1 :]


def written(path, rows):
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    return path


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path / "cache"))
    yield tmp_path
    embedded.stop(tmp_path / "pg")


def grade(place, number):
    """The grade of a company in the newest run."""
    register = open_register(embedded.dsn(place / "pg"))
    query = sa.text(
        "SELECT grade FROM standing JOIN subject ON subject.id = subject_id WHERE identifier = :who ORDER BY run DESC"
    )
    with register.engine.connect() as connection:
        found = connection.execute(query, {"who": number}).scalars().first()
    register.engine.dispose()
    return found


def test_from_training_to_undoing(cli, place) -> None:
    def run(*arguments):
        answer = cli(*arguments, *(["--folder", "pg"] if arguments[0] == "register" else []))
        assert answer.code == 0, answer
        return answer.out

    draw = random.Random(11)
    known = firms(draw, 400)
    numbers = [f"gb.company:{1000 + n:08}" for n in range(len(known))]
    fields = ("name", "born", "place")
    kept = [{"id": n} | dict(zip(fields, one, strict=True)) for n, one in enumerate(known)]
    again = [one | {"id": f"b{one['id']}", "name": slip(draw, one["name"])} for one in kept[:300]]
    again += [{"id": f"c{n}"} | dict(zip(fields, one, strict=True)) for n, one in enumerate(firms(draw, 100))]
    columns = ("name=organisation", "born=date", "place=place")
    said = [word for column in columns for word in ("--column", column)]
    run("link", written("kept.csv", kept), written("again.csv", again), "--key", "id", *said, "--out", "out")

    run("register", "init", "--sources", FOOD / "sources.yaml")
    run("register", "load", FOOD)
    first = [
        inspection(who, f"I-{n}") | {"name": one[0], "born": one[1]}
        for n, (who, one) in enumerate(zip(numbers, known, strict=True))
    ]
    assert "400 accepted" in run("register", "deliver", "gb.fsa", written("first.csv", first))
    assert "no linkage model is in force" in cli("register", "model", "--folder", "pg").err
    force = ("register", "model", "out/model", "--margin", "3", "--by", "A. Jansen", "--threshold")
    run(*force, "1000")
    run(*force, "0.25", "--source", "gb.fsa")
    told = run("register", "model")
    assert re.findall(r"^model \d+\t(.*)$", told, re.MULTILINE) == ["all other sources", "gb.fsa"]
    assert "learned from files 1 rows\t400" in told
    assert "bits asked for\t0.250" in told

    latin, han, doubtful = 4, 3, 7
    first, second, trade = known[doubtful][0].split()
    twice = f"{slip(draw, first)} {slip(draw, second)} {trade}"
    names = {latin: slip(draw, known[latin][0]), han: slip(draw, known[han][0]), doubtful: twice}
    rows = [
        inspection("1", f"W-{n}", hygiene="25", act="2026-05-01") | {"subject": "", "name": name}
        for n, name in names.items()
    ]
    answer = cli("register", "deliver", "gb.fsa", written("rows.csv", rows), "--folder", "pg")
    assert "3 refused" in answer.out + answer.err
    run("register", "score")
    before = [grade(place, numbers[n]) for n in names]

    waits = [line.split("\t") for line in run("register", "review").splitlines()]
    assert [row[3] for row in waits[1:]] == ["W-7"], "the two others were linked without a person"
    shown = run("register", "review", "3")
    assert f"candidate\t{numbers[doubtful]}" in shown
    reason = ("--by", "A. Jansen", "--reason", "the same street")
    run("register", "review", "3", "--same", numbers[doubtful], *reason)
    run("register", "score")
    assert all(new != old for new, old in zip([grade(place, numbers[n]) for n in names], before, strict=True))
    run("register", "review", "1", "--undo", *reason)
    run("register", "score")
    after = [grade(place, numbers[n]) for n in names]
    assert after[0] == before[0]
    assert after[1:] != before[1:]
    assert "every record and every delivery is as it was accepted" in run("register", "verify")
    assert len(run("register", "review").splitlines()) == 1
