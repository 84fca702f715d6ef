"""Records from files: read, checked and admitted as the rule of the two worlds says, for every command that judges."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.facts.catalogue import Catalogue
    from goodstanding.facts.records import Record
    from goodstanding.policy.model import Policy


def admitted(path: Path, policy: Policy, until: dt.date, manifest: Path | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read, check and admit the records; return the valid ones and the refused rows with what was wrong.

    until: the last day that is asked about; facts may lie on it even if it is after today. Raises InputError where the
    policy may not meet these records, or the file is not one of records.
    """
    from goodstanding.engine.admission import admit_numbers, admit_policy, admit_records
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.formats import read_delivery
    from goodstanding.facts.records import with_digest
    from goodstanding.facts.refusals import with_refusals
    from goodstanding.facts.validation import Intake, check
    from goodstanding.facts.world import World, read_manifest

    world = World.SYNTHETIC if manifest else World.REAL
    population = None
    admit_policy(policy, world)
    if manifest:
        from goodstanding.lab.verification import verified_population

        population = verified_population(read_manifest(manifest))
    table = read_delivery(path)
    if "subject" in table.columns:
        admit_numbers(table["subject"].drop_nulls().unique(), world)
    today = max(until, dt.datetime.now(dt.UTC).date())
    words = catalogue(world)
    checked = check(table, Intake(words, world, path.stem, today, knowing=True))
    if population is not None:
        admit_records(checked.records, population)
    return with_digest(checked.records, words), with_refusals(table, checked.refusals)


def dossier(records: pl.DataFrame, subject: str, words: Catalogue) -> list[Record]:
    """Return the records of one subject. Raises InputError where there are none."""
    import polars as pl

    from goodstanding.facts.errors import InputError
    from goodstanding.facts.records import objects

    found = list(objects(records.filter(pl.col("subject") == subject), words))
    if not found:
        raise InputError(f"the file has no valid record of {subject}; expected a subject as in its first column")
    return found
