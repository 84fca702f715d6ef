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
@click.option("--known-on", type=DAY, help="By what was known on that day; without it, on the day of the standings.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the standings go: .parquet or .csv.")
@click.option("--manifest", type=click.Path(path_type=Path), help="The synthetic world that the records belong to.")
@click.option("--explain", "subject", help="Explain the standing of one subject instead.")
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
def command(
    *,
    folder: Path,
    records: Path,
    on: dt.date,
    known_on: dt.date | None,
    out: Path | None,
    manifest: Path | None,
    subject: str | None,
    language: Language,
) -> None:
    """Score a file of records under a policy.

    The file may have the columns `known` and `withdrawn`: what was known later, or withdrawn by then, is left out.
    Rows that are refused go to a file beside the standings, to be corrected and sent again; the exit code is then 3.

    \b
    Example:
      goodstanding score --policy policies/uk-food-hygiene --records FHRS413en-GB.xml \\
        --as-of 2015-12-31 --out standings.parquet
    """
    from goodstanding.cli.files import admitted
    from goodstanding.facts.errors import InputError
    from goodstanding.policy.reader import read_policy

    if (out is None) == (subject is None):
        raise InputError("expected either --out FILE or --explain SUBJECT")
    if out is not None and out.suffix not in (".parquet", ".csv"):
        raise InputError(f"{out}: expected a name that ends in .parquet or .csv")
    loaded = read_policy(folder)
    known_on = known_on or on
    valid, refused = admitted(records, loaded.policy, max(on, known_on), manifest)
    if subject is not None:
        _explain(loaded, valid, subject, (on, known_on), language)
        return
    assert out is not None
    _score(loaded, valid, (on, known_on), out)
    if not refused.is_empty():
        _refused(refused, out)


def _score(loaded: Loaded, records: pl.DataFrame, days: tuple[dt.date, dt.date], out: Path) -> None:
    from goodstanding.cli.tables import show
    from goodstanding.engine.batch import score
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.records import known_by
    from goodstanding.facts.refusals import write_table
    from goodstanding.facts.world import World

    on, known_on = days
    standings = score(loaded, catalogue(World.SYNTHETIC), known_by(records, known_on), None, on)
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


def _explain(
    loaded: Loaded, records: pl.DataFrame, subject: str, days: tuple[dt.date, dt.date], language: Language
) -> None:
    from goodstanding.cli.files import dossier
    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.explanation import explained
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.identifiers import subject_of
    from goodstanding.facts.world import World

    words = catalogue(World.SYNTHETIC)
    own = dossier(records, subject, words)
    evaluator = Evaluator(loaded, words)
    is_a = subject_of(subject)
    standing, changes = evaluator.standing(own, is_a, *days), evaluator.changes(own, is_a, *days)
    click.echo(explained(loaded.policy, words, standing, changes, language))
