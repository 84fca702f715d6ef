import hashlib
import re
from collections import Counter

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.reading import read_table
from goodstanding.facts.records import with_digest
from goodstanding.facts.sources import read_sources
from goodstanding.facts.validation import REQUIRED, Intake, check
from goodstanding.facts.world import World
from goodstanding.lab.city import make_city

PLANTED_FIELDS = {
    "unknown-code": {"kind", "tier", "level", "stage", "size", "effect", "gravity", "severity", "sanction", "matter"},
    "wrong-date": {"act", "decided"},
    "missing-field": {"act", "authority", "basis"},
    "bad-number": {"subject"},
}
"""The fields in which a refusal names each fault that validation finds."""


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def checked(delivered, sources, kinds, small):
    """Per source: all its deliveries as one table, the planted faults, and what validation made of it."""
    result = {}
    for identifier in {delivery.source for delivery in delivered}:
        own = [delivery for delivery in delivered if delivery.source == identifier]
        table = pl.concat([delivery.table for delivery in own])
        intake = Intake(kinds, World.SYNTHETIC, identifier, small.until, sources[identifier].kinds)
        result[identifier] = table, pl.concat([delivery.defect for delivery in own]), check(table, intake)
    return result


def test_the_same_scenario_gives_the_same_files(city, small, tmp_path):
    folder, manifest = city
    assert make_city(tmp_path / "again", small) == manifest
    assert hashes(tmp_path / "again") == hashes(folder)


def test_another_seed_gives_other_files(city, small, tmp_path):
    make_city(tmp_path / "other", small.model_copy(update={"seed": 1}))
    mine, other = hashes(city[0]), hashes(tmp_path / "other")
    assert {name for name in mine if mine[name] == other.get(name)} == {"sources.yaml"}


def test_the_folder_holds_what_a_register_needs(city, subjects, sources, kinds):
    folder, _ = city
    assert sorted(path.name for path in folder.iterdir()) == [
        "deliveries",
        "manifest.json",
        "sources.yaml",
        "subjects.parquet",
    ]
    assert read_sources(folder / "sources.yaml", kinds) == sources
    assert pl.read_parquet(folder / "subjects.parquet").equals(subjects)


def test_files_are_named_by_number_source_and_period(city, delivered):
    names = sorted(path.stem for path in (city[0] / "deliveries").iterdir())
    expected = [f"{place:03}-{made.source}-{made.period}" for place, made in enumerate(delivered, start=1)]
    assert names == expected
    assert {name.split("-")[1] for name in names} == {made.source for made in delivered}
    assert {re.sub(r"^[^-]*-[^-]*-", "", name) for name in names} == {
        "2024-10",
        "2025-10",
        "2026-10",
        "2026-10-late",
    }


def test_half_of_the_sources_send_csv_and_the_rest_parquet(city):
    files = [(path.stem.split("-")[1], path.suffix) for path in (city[0] / "deliveries").iterdir()]
    formats = Counter(suffix for _, suffix in set(files))
    assert abs(formats[".csv"] - formats[".parquet"]) <= 5
    assert len({source for source, _ in files}) == len(set(files))


def test_a_file_says_what_was_delivered(city, delivered):
    for path, made in zip(sorted((city[0] / "deliveries").iterdir()), delivered, strict=True):
        assert read_table(path).equals(made.table)
        assert set(REQUIRED) <= set(made.table.columns)
        assert "source" not in made.table.columns


def test_every_delivery_yields_records(checked):
    for identifier, (_, defects, result) in checked.items():
        assert result.records.height > 0, identifier
        assert result.rows == defects.len()


def test_exactly_the_planted_faults_are_refused_and_for_their_reason(checked):
    for _, defects, result in checked.values():
        planted = {row: defect for row, defect in enumerate(defects, start=1) if defect in PLANTED_FIELDS}
        assert set(result.refusals["row"]) == set(planted)
        for row, field in result.refusals.select("row", "field").iter_rows():
            assert field in PLANTED_FIELDS[planted[row]]


def test_every_fault_that_a_source_may_have_is_planted_somewhere(shipped_scenario, sources, checked):
    expected = {defect.kind for source in sources.values() for defect in source.defects}
    assert set(pl.concat([defects for _, defects, _ in checked.values()]).drop_nulls()) == expected
    assert len(expected) == 7


def test_a_misspelt_name_is_not_that_of_the_number_and_every_other_name_is(checked, subjects):
    for table, defects, _ in checked.values():
        known = table.with_columns(defects).join(subjects.select("subject", right="name"), on="subject")
        wrong = known["name"] != known["right"]
        assert (wrong == (known["defect"] == "misspelt-name").fill_null(False)).all()
        assert (known["name"].str.len_chars() == known["right"].str.len_chars()).all()


def test_duplicates_are_the_same_record_twice(checked, kinds):
    for _, defects, result in checked.values():
        copies = with_digest(result.records, kinds)["digest"].is_duplicated().sum()
        assert copies == (defects == "duplicate").sum()


def test_late_rows_come_in_a_file_of_their_own_at_the_end(delivered):
    late = [delivery.period.endswith("-late") for delivery in delivered]
    assert late == sorted(late)
    assert any(late)
    for delivery, is_late in zip(delivered, late, strict=True):
        assert (delivery.defect == "late").fill_null(False).to_list() == [is_late] * delivery.table.height


def test_no_delivery_adds_a_subject(checked, subjects):
    known = set(subjects["subject"])
    for _, _, result in checked.values():
        assert set(result.records["subject"]) <= known


def test_a_folder_with_something_in_it_is_refused(city, small):
    with pytest.raises(InputError, match="not an empty folder"):
        make_city(city[0], small)


def test_progress_is_told(small, tmp_path):
    told = []
    make_city(tmp_path / "city", small.model_copy(update={"persons": 20}), lambda *said: told.append(said))
    assert [said for said in told if said[1] == said[2]][:2] == [("subjects", 1, 1), ("records", 1, 1)]
    assert told[-1][0] == "files"
    assert told[-1][1] == told[-1][2]
