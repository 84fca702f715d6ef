import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.world import read_manifest
from goodstanding.lab.verification import verified_population


def test_a_city_verifies_and_gives_its_subjects(city, subjects):
    folder, manifest = city
    assert read_manifest(folder / "manifest.json") == manifest
    assert verified_population(manifest).equals(subjects)


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"persons": 501}, {"organisations": 49}, {"until": "2026-10-30"}, {"population": "0" * 64}]
)
def test_a_tampered_manifest_is_refused(city, change):
    _, manifest = city
    tampered = type(manifest).model_validate(manifest.model_dump() | change)
    with pytest.raises(InputError, match=r"population: found .* gives .*make the city again"):
        verified_population(tampered)


@pytest.mark.parametrize(("change", "field"), [({"generator": "somebody"}, "generator"), ({"version": 2}, "version")])
def test_an_unknown_generator_or_version_is_refused(city, change, field):
    _, manifest = city
    with pytest.raises(InputError, match=f"manifest: {field}: found"):
        verified_population(manifest.model_copy(update=change))
