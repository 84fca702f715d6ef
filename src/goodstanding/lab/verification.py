"""Whether a synthetic world holds the subjects that its own generator makes, and no others."""

from __future__ import annotations

import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.facts.world import Manifest
from goodstanding.lab.population import GENERATOR, VERSION, population, population_digest


def verified_population(manifest: Manifest) -> pl.DataFrame:
    """Make the population of a manifest again and return it, columns as `population.SCHEMA`.

    Raises InputError where generator or version are not those of this release, or where the subjects made from seed
    and numbers are not those that the manifest was written for.
    """
    for field, found, expected in (
        ("generator", manifest.generator, GENERATOR),
        ("version", str(manifest.version), str(VERSION)),
    ):
        if found != expected:
            raise InputError(
                f"manifest: {field}: found '{found}', expected '{expected}', the one this release has; "
                "make the city again, or verify it with the release that made it"
            )
    made = population(manifest.seed, manifest.persons, manifest.organisations, manifest.until)
    digest = population_digest(made)
    if digest != manifest.population:
        raise InputError(
            f"manifest: population: found {manifest.population[:16]}..., but seed {manifest.seed} with "
            f"{manifest.persons} persons and {manifest.organisations} organisations until {manifest.until} gives "
            f"{digest[:16]}...; somebody changed the manifest: make the city again from its scenario"
        )
    return made
