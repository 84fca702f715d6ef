import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.lab.scenario import read_scenario

CITY = shipped("scenarios") / "city.yaml"


def changed(tmp_path, old, new):
    text = CITY.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "city.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_shipped_city_has_the_announced_size(shipped_scenario):
    assert (shipped_scenario.persons, shipped_scenario.organisations) == (20_000, 2_000)
    assert (str(shipped_scenario.since), str(shipped_scenario.until)) == ("2023-11-01", "2026-10-31")
    assert shipped_scenario.sources.is_file()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("persons: 20000", "persons: many", "persons"),
        ("seed: 20261031", "", "seed"),
        ("until: 2026-10-31", "until: 2020-10-31", "is after until"),
        ("court.defaulter: [0.25", "court.defaultr: [0.25", "found 'court.defaultr'"),
        ("  office.: {occ", "  ofice.: {occ", "found 'ofice.'"),
        ("seed: 20261031", "seed: [", "not a YAML file"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_place(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message.replace("[", r"\[")):
        read_scenario(changed(tmp_path, old, new))


def test_a_missing_scenario_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_scenario(tmp_path / "none.yaml")
