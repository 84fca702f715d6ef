"""`goodstanding score`: standings from files to files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import DAY

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.facts.catalogue import Language
    from goodstanding.policy.reader import Loaded


@click.command(name="score")
@click.option("--policy", "folder", type=click.Path(path_type=Path), required=True, help="The policy's folder.")
@click.option("--records", type=click.Path(path_type=Path), required=True, help="CSV, Parquet, or a publisher's file.")
@click.option("--as-of", "on", type=DAY, required=True, help="The day of the standings, as 2015-12-31.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the standings go: .parquet or .csv.")
@click.option("--manifest", type=click.Path(path_type=Path), help="The synthetic world that the records belong to.")
@click.option("--explain", "subject", help="Explain the standing of one subject instead.")
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
def command(
    folder: Path,
    records: Path,
    on: dt.date,
    out: Path | None,
    manifest: Path | None,
    subject: str | None,
    language: Language,
) -> None:
    """Score a file of records under a policy.

    Rows that are refused go to a file beside the standings, to be corrected and sent again; the exit code is then 3.

    \b
    Example:
      goodstanding score --policy policies/uk-food-hygiene --records FHRS413en-GB.xml \\
        --as-of 2015-12-31 --out standings.parquet
    """
    from goodstanding.facts.errors import InputError
    from goodstanding.policy.reader import read_policy

    if (out is None) == (subject is None):
        raise InputError("expected either --out FILE or --explain SUBJECT")
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise InputError(f"{out}: expected a name that ends in .parquet or .csv")
    loaded = read_policy(folder)
    valid, refused = _admitted(records, loaded, on, manifest)
    if subject is not None:
        _explain(loaded, valid, subject, on, language)
        return
    assert out is not None
    _score(loaded, valid, on, out)
    if not refused.is_empty():
        _refused(refused, out)


def _admitted(path: Path, loaded: Loaded, on: dt.date, manifest: Path | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read, check and admit the records; return the valid ones and the refused rows with what was wrong."""
    from goodstanding.engine.admission import admit_numbers, admit_policy, admit_records
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.formats import read_delivery
    from goodstanding.facts.refusals import with_refusals
    from goodstanding.facts.validation import Intake, check
    from goodstanding.facts.world import World, read_manifest

    world = World.SYNTHETIC if manifest else World.REAL
    population = None
    admit_policy(loaded.policy, world)
    if manifest:
        from goodstanding.lab.verification import verified_population

        population = verified_population(read_manifest(manifest))
    table = read_delivery(path)
    if "subject" in table.columns:
        admit_numbers(table["subject"].drop_nulls().unique(), world)
    today = dt.datetime.now(dt.UTC).date()
    checked = check(table, Intake(catalogue(world), world, path.stem, max(on, today)))
    if population is not None:
        admit_records(checked.records, population)
    return checked.records, with_refusals(table, checked.refusals)


def _score(loaded: Loaded, records: pl.DataFrame, on: dt.date, out: Path) -> None:
    from goodstanding.cli.tables import show
    from goodstanding.engine.batch import score
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.refusals import write_table
    from goodstanding.facts.world import World

    standings = score(loaded, catalogue(World.SYNTHETIC), records, None, on)
    write_table(standings, out)
    counts = (
        standings.group_by("outcome", "grade", "reason", "missing").len().sort("outcome", "grade", "reason", "missing")
    )
    show(("outcome", "grade", "reason or missing", "subjects"), [(o, g, r or m, n) for o, g, r, m, n in counts.rows()])
    click.echo(f"{standings.height:,} standings written to {out}", err=True)


def _refused(refused: pl.DataFrame, out: Path) -> None:
    from goodstanding.facts.refusals import write_table

    beside = out.with_name(out.stem + ".refused.csv")
    write_table(refused, beside)
    click.echo(f"{refused.height:,} rows were refused; correct them in {beside} and send it again", err=True)
    raise click.exceptions.Exit(3)


def _explain(loaded: Loaded, records: pl.DataFrame, subject: str, on: dt.date, language: Language) -> None:
    import polars as pl

    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.explanation import explained
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.identifiers import subject_of
    from goodstanding.facts.records import objects
    from goodstanding.facts.world import World

    words = catalogue(World.SYNTHETIC)
    dossier = list(objects(records.filter(pl.col("subject") == subject), words))
    if not dossier:
        raise InputError(f"the file has no valid record of {subject}; expected a subject as in its first column")
    evaluator = Evaluator(loaded, words)
    is_a = subject_of(subject)
    standing, changes = evaluator.standing(dossier, is_a, on), evaluator.changes(dossier, is_a, on)
    click.echo(explained(loaded.policy, words, standing, changes, language))
