"""The line between the worlds, from the command line: no way round it."""

import datetime as dt

import polars as pl
import pytest
from stdnum.iso7064 import mod_11_2

from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import read_manifest
from goodstanding.lab.city import make_city, read_scenario
from tests.cli.test_commands import goodstanding

WENDENG = str(shipped("policies") / "cn-wendeng")
FOOD = str(shipped("policies") / "uk-food-hygiene")


def number(region, serial):
    body = f"{region}19700101{serial:03d}"
    return f"cn.ric:{body}{mod_11_2.calc_check_digit(body)}"


ARREARS = {"kind": "credit.guarantee-default", "act": "2026-03-01", "authority": "tax", "basis": "law"}


def people(path, region):
    pl.DataFrame([ARREARS | {"subject": number(region, n), "document": f"D-{n}"} for n in range(1, 6)]).write_csv(path)
    return path


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    scenario = read_scenario(shipped("scenarios") / "city.yaml").model_copy(
        update={"persons": 300, "organisations": 30}
    )
    make_city(folder, scenario)
    return folder


def scored(policy, records, *more, out):
    return goodstanding("score", "--policy", policy, "--records", records, "--as-of", "2026-10-31", "--out", out, *more)


def test_persons_with_assigned_numbers_are_never_scored(tmp_path, city):
    records = people(tmp_path / "real.csv", "110105")
    for policy, *world in ([WENDENG], [FOOD], [WENDENG, "--manifest", city / "manifest.json"]):
        answer = scored(policy, records, *world, out=tmp_path / "s.csv")
        assert answer.returncode == 2
        assert not (tmp_path / "s.csv").exists()


def test_the_same_persons_renumbered_to_region_000000_are_refused_too(tmp_path, city):
    records = people(tmp_path / "renumbered.csv", "000000")
    assert scored(WENDENG, records, out=tmp_path / "s.csv").returncode == 2
    answer = scored(WENDENG, records, "--manifest", city / "manifest.json", out=tmp_path / "s.csv")
    assert answer.returncode == 2
    assert "holds nobody else" in answer.stderr
    assert not (tmp_path / "s.csv").exists()


def test_real_people_under_numbers_of_the_city_are_refused_by_name_and_birthday(tmp_path, city):
    person = pl.read_parquet(city / "subjects.parquet").filter(pl.col("is_a") == "person").row(0, named=True)
    row = ARREARS | {
        "subject": person["subject"],
        "document": "D",
        "name": "somebody real",
        "born": str(person["born"]),
    }
    pl.DataFrame([row]).write_csv(tmp_path / "r.csv")
    answer = scored(WENDENG, tmp_path / "r.csv", "--manifest", city / "manifest.json", out=tmp_path / "s.csv")
    assert answer.returncode == 2
    pl.DataFrame([row | {"born": str(dt.date(1950, 1, 1))}]).write_csv(tmp_path / "r.csv")
    assert (
        scored(WENDENG, tmp_path / "r.csv", "--manifest", city / "manifest.json", out=tmp_path / "s.csv").returncode
        == 2
    )


def test_a_manifest_that_was_touched_is_refused(tmp_path, city):
    manifest = read_manifest(city / "manifest.json")
    (tmp_path / "m.json").write_text(manifest.model_copy(update={"persons": 301}).model_dump_json())
    records = people(tmp_path / "r.csv", "000000")
    assert scored(WENDENG, records, "--manifest", tmp_path / "m.json", out=tmp_path / "s.csv").returncode == 2


def test_the_city_itself_is_scored(tmp_path, city):
    delivery = next(file for file in sorted((city / "deliveries").iterdir()) if file.suffix == ".csv")
    answer = scored(WENDENG, delivery, "--manifest", city / "manifest.json", out=tmp_path / "s.csv")
    assert answer.returncode in (0, 2, 3), answer.stderr
