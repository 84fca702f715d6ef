"""Which records a policy may be run on: the rule of the two worlds, for files as for registers (DESIGN, two worlds)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import SCHEMES, fault_in, subject_of
from goodstanding.facts.world import World
from goodstanding.policy.model import Policy


def admit_policy(policy: Policy, world: World) -> None:
    """Raise InputError where a policy judges persons and the world is real; there is no switch to say otherwise."""
    if world is World.REAL and "person" in policy.subjects:
        raise InputError(
            f"policy {policy.id} keeps a standing on persons and may not meet real ones; "
            "run it on a synthetic world that the lab made (--manifest manifest.json)"
        )


def admit_numbers(numbers: Iterable[str], world: World) -> None:
    """Raise InputError where a file names subjects that no file of this world may name, valid rows or not.

    In the real world those are natural persons, in a synthetic one subjects with numbers that are assigned to somebody.
    """
    if world is World.REAL:
        persons = sum(number.partition(":")[0] in SCHEMES and subject_of(number) == "person" for number in numbers)
        if persons:
            raise InputError(
                f"the file names {persons} natural persons and has no world; persons are scored only in a synthetic "
                "world that the lab made (--manifest manifest.json)"
            )
        return
    assigned = sum(fault_in(number, World.REAL) is None for number in numbers)
    if assigned:
        raise InputError(f"{assigned} subjects in the file have assigned numbers; a synthetic world holds nobody real")


def admit_records(records: pl.DataFrame, population: pl.DataFrame) -> None:
    """Raise InputError where a record is not about somebody of a synthetic world.

    `population` is what the lab made again from the manifest (columns subject, name, born); whoever goes by another
    name or birthday there is somebody else.
    """
    subjects = records.select("subject", "name", "born").unique()
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
