from importlib.resources import files

import polars as pl
import pytest
import yaml

from goodstanding.lab.agencies import agency_records
from goodstanding.lab.draws import uniform
from goodstanding.lab.events import poisson
from goodstanding.lab.population import population

UNSIMULATED = {"denunciation.made"}
"""Delivered by a source, but nobody reports others in the first release."""


@pytest.fixture(scope="module")
def city_kinds(kinds) -> set[str]:
    """The kinds that the city's own files of the catalogue name; the others belong to other schemes."""
    folder = files("goodstanding.facts") / "catalogue"
    named = [yaml.safe_load((folder / name).read_text()) for name in ("real.yaml", "synthetic.yaml")]
    return {kind for file in named for kind in file["kinds"]}


@pytest.fixture(scope="module")
def records(shipped_scenario, sources, kinds) -> pl.DataFrame:
    """All records of the whole city, before faults; made in about a second."""
    subjects = population(20261031, 20_000, 2_000, shipped_scenario.until)
    return agency_records(shipped_scenario, subjects, kinds, sources)


def test_there_are_37_sources(sources):
    assert len(sources) == 37
    assert all(identifier.startswith("city.") and "-" not in identifier for identifier in sources)


def test_every_kind_of_the_city_is_delivered_by_some_source(sources, city_kinds):
    assert {kind for source in sources.values() for kind in source.kinds} == city_kinds


def test_every_simulated_kind_occurs(records, city_kinds):
    assert city_kinds - set(records["kind"]) == UNSIMULATED


def test_every_record_is_within_its_source(records, sources):
    pairs = set(records.select("source", "kind").unique().rows())
    assert all(kind in sources[source].kinds for source, kind in pairs)


def test_there_are_three_to_four_records_for_a_subject(records):
    assert 60_000 < records.height < 80_000


def test_few_subjects_have_many_records(records):
    counts = records.group_by("subject").len()["len"].sort(descending=True)
    assert counts.head(2_200).sum() > 0.35 * records.height
    assert counts.median() <= 3
    assert counts.max() < 200


def test_dates_are_in_order_and_nothing_happens_before_or_after(records, shipped_scenario):
    assert records.filter(pl.col("act") < shipped_scenario.since).is_empty()
    assert records.filter(pl.col("delivered") > shipped_scenario.until).is_empty()
    assert records.filter((pl.col("decided") < pl.col("act")) | (pl.col("final") < pl.col("decided"))).is_empty()
    assert records.filter(pl.max_horizontal("act", "decided", "final") > pl.col("delivered")).is_empty()


def test_nobody_has_a_record_from_before_being_18(records):
    assert records.filter(pl.col("born").dt.offset_by("18y") > pl.col("act")).is_empty()


def test_an_occurrence_is_about_one_subject(records):
    assert records.group_by("occurrence").agg(pl.col("subject").n_unique())["subject"].max() == 1


def test_some_acts_give_two_records_and_some_subjects_repeat_within_a_year(records):
    same_act = records.group_by("occurrence", "act").len().filter(pl.col("len") > 1)
    assert same_act.height > 500
    repeats = (
        records.sort("act")
        .with_columns(pl.col("act").diff().over("subject", "kind").alias("gap"))
        .filter(pl.col("gap") <= pl.duration(days=365))
    )
    assert repeats.height > 2_000


def test_conduct_ends_after_it_began_and_is_delivered_after_it(records, kinds):
    continuing = [kind for kind, spec in kinds.kinds.items() if spec.continuing]
    begun = (
        records.filter(pl.col("kind").is_in(continuing))
        .group_by("occurrence")
        .agg(pl.col("act", "delivered").min(), pl.col("source").first())
    )
    ended = records.filter(pl.col("kind") == "conduct.ended").join(begun, on="occurrence", how="left", suffix="_begun")
    assert ended["act_begun"].null_count() == 0
    assert (ended["act"] > ended["act_begun"]).all()
    assert (ended["delivered"] >= ended["delivered_begun"]).all()
    assert (ended["source"] == ended["source_begun"]).all()
    assert 0.5 < ended["occurrence"].n_unique() / begun.height < 0.9


def test_about_half_of_the_defaulters_of_the_first_years_perform(records):
    listed = records.filter((pl.col("kind") == "court.defaulter") & (pl.col("act").dt.year() < 2026))
    performed = records.filter(pl.col("kind") == "court.performed")["occurrence"]
    assert listed["occurrence"].is_in(performed.to_list()).mean() == pytest.approx(0.5, abs=0.15)


def test_donors_give_several_times_a_year(records):
    gifts = records.filter(pl.col("kind") == "civic.donation").group_by("subject").len()["len"]
    assert gifts.mean() > 5
    assert gifts.len() < 2_000


def test_documents_are_unique_within_a_source(records):
    assert records.select("source", "document").is_duplicated().sum() == 0


def test_required_attributes_are_there_and_foreign_ones_are_not(records, kinds):
    for (kind,), table in records.group_by("kind"):
        for name, attribute in kinds.attributes.items():
            nulls = table[name].null_count() if name in table.columns else table.height
            has = kinds.kinds[str(kind)].attributes
            assert nulls == table.height if name not in has else not attribute.required or nulls == 0


def test_only_holders_of_a_food_licence_are_inspected(records, shipped_scenario):
    subjects = population(20261031, 20_000, 2_000, shipped_scenario.until)
    holders = subjects.filter("holds_food_licence")["subject"]
    inspected = records.filter(pl.col("kind").str.starts_with("food."))["subject"]
    assert inspected.is_in(holders.to_list()).all()


def test_poisson_counts_have_the_mean_and_the_variance_they_should():
    expected = uniform(1, "expected", 200_000) * 3
    counts = poisson(uniform(2, "counts", 200_000), expected)
    assert counts.mean() == pytest.approx(expected.mean(), rel=0.01)
    assert ((counts - expected) ** 2).mean() == pytest.approx(expected.mean(), rel=0.02)
