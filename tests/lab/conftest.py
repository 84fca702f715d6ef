"""A small city, made once for all tests of the lab."""

from pathlib import Path

import polars as pl
import pytest

from goodstanding.facts.catalogue import Catalogue, catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import Source, read_sources
from goodstanding.facts.world import Manifest, World
from goodstanding.lab.city import Delivery, Scenario, deliveries, make_city, read_scenario
from goodstanding.lab.population import population


@pytest.fixture(scope="session")
def shipped_scenario() -> Scenario:
    return read_scenario(shipped("scenarios") / "city.yaml")


@pytest.fixture(scope="session")
def kinds() -> Catalogue:
    return catalogue(World.SYNTHETIC)


@pytest.fixture(scope="session")
def sources(shipped_scenario: Scenario, kinds: Catalogue) -> dict[str, Source]:
    return read_sources(shipped_scenario.sources, kinds)


@pytest.fixture(scope="session")
def small(shipped_scenario: Scenario) -> Scenario:
    return shipped_scenario.model_copy(update={"persons": 500, "organisations": 50})


@pytest.fixture(scope="session")
def subjects(small: Scenario) -> pl.DataFrame:
    return population(small.seed, small.persons, small.organisations, small.until)


@pytest.fixture(scope="session")
def delivered(small: Scenario, subjects: pl.DataFrame, sources: dict[str, Source]) -> list[Delivery]:
    return deliveries(small, subjects, sources)


@pytest.fixture(scope="session")
def city(small: Scenario, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    folder = tmp_path_factory.mktemp("lab") / "city"
    return folder, make_city(folder, small)
