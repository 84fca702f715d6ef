"""Sources and manifests: read whole, or refused with what was expected."""

import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World, read_manifest

FOOD = shipped("policies") / "uk-food-hygiene" / "sources.yaml"
MANIFEST = (
    '{"world":"synthetic","generator":"city","version":1,"seed":1,"persons":1,"organisations":1,'
    '"since":"2023-11-01","until":"2026-10-31","population":"x"}'
)


def test_the_shipped_source_of_food_ratings_fits_the_real_catalogue():
    assert list(read_sources(FOOD, catalogue(World.REAL))) == ["gb.fsa"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("food.unrated]", "food.unratde]", "food.unratde is not in the catalogue"),
        ("origin: own-finding", "origin: third-party-tip", "origin"),
        ("schedule: daily", "schedule: sometimes", "schedule"),
        ("    kinds:", "    colour: red\n    kinds:", "colour"),
        ("sources:", "source:", "not a list of sources"),
        ("id: gb.fsa", "id: [", "not a list of sources"),
    ],
)
def test_a_wrong_sources_file_names_what_is_wrong(tmp_path, old, new, says):
    assert old in FOOD.read_text()
    (tmp_path / "s.yaml").write_text(FOOD.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=says):
        read_sources(tmp_path / "s.yaml", catalogue(World.REAL))


def test_a_manifest_is_read_back(tmp_path):
    (tmp_path / "m.json").write_text(MANIFEST)
    assert read_manifest(tmp_path / "m.json").persons == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"synthetic"', '"real"', "only the lab makes manifests"),
        ('"synthetic"', '"both"', "world"),
        ('"seed":1,', "", "seed"),
        ('"seed":1,', '"seed":1,"real":true,', "real"),
        ("{", "", "manifest.json"),
    ],
)
def test_what_is_no_manifest_of_a_synthetic_world_is_refused(tmp_path, old, new, says):
    (tmp_path / "m.json").write_text(MANIFEST.replace(old, new, 1))
    with pytest.raises(InputError, match=says):
        read_manifest(tmp_path / "m.json")
