"""Which records a policy may be run on: the rule of the two worlds, for files as for registers (DESIGN, two worlds)."""

from __future__ import annotations

import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import subject_of
from goodstanding.facts.world import World
from goodstanding.policy.model import Policy


def admit_policy(policy: Policy, world: World) -> None:
    """Raise InputError where a policy judges persons and the world is real; there is no switch to say otherwise."""
    if world is World.REAL and "person" in policy.subjects:
        raise InputError(
            f"policy {policy.id} keeps a standing on persons and may not meet real ones; "
            "run it on a synthetic world that the lab made (--manifest manifest.json)"
        )


def admit_records(records: pl.DataFrame, world: World, population: pl.DataFrame | None) -> None:
    """Raise InputError where records may not be scored.

    In the real world: where one is about a natural person. In a synthetic one: where a subject is not of `population`,
    which the lab made again from the manifest (columns subject, name, born), or goes by another name or birthday there.
    """
    subjects = records.select("subject", "name", "born").unique()
    if world is World.REAL:
        persons = sum(subject_of(number) == "person" for number in subjects["subject"].unique())
        if persons:
            raise InputError(
                f"the file has records of {persons} natural persons and no world; persons are scored only in a "
                "synthetic world that the lab made (--manifest manifest.json)"
            )
        return
    if population is None:
        raise InputError("a synthetic world needs its population, made again from the manifest")
    known = subjects.join(population.select("subject", "name", "born"), on="subject", how="left", suffix="_there")
    stranger = known.filter(
        pl.col("name_there").is_null()
        | (pl.col("name") != pl.col("name_there")).fill_null(value=False)
        | (pl.col("born") != pl.col("born_there")).fill_null(value=False)
    )
    if not stranger.is_empty():
        raise InputError(
            f"{stranger['subject'].n_unique()} subjects in the file are not those that the manifest's generator makes; "
            "a synthetic world holds nobody else"
        )
