"""`goodstanding explain` and `goodstanding replay`: why a standing is what it is, and whether it comes out again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import DAY

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.receipts import ReceiptFile
    from goodstanding.engine.remedies import Remedies
    from goodstanding.engine.standing import Change, Standing
    from goodstanding.facts.catalogue import Language, Subject
    from goodstanding.facts.records import Record
    from goodstanding.policy.reader import Loaded

FILE = click.Path(path_type=Path)


@dataclass(frozen=True)
class Asked:
    """A dossier and the days that are asked about."""

    evaluator: Evaluator
    records: list[Record]
    subject: Subject
    on: dt.date
    known_on: dt.date

    def standing(self) -> Standing:
        """Return the standing."""
        return self.evaluator.standing(self.records, self.subject, self.on, self.known_on)

    def changes(self) -> list[Change]:
        """Return what changes by itself."""
        return self.evaluator.changes(self.records, self.subject, self.on, self.known_on)

    def history(self) -> list[Standing]:
        """Return the standing on each day on which it changed."""
        return self.evaluator.history(self.records, self.subject, self.on, self.known_on)

    def remedies(self) -> Remedies:
        """Return what would better the standing."""
        from goodstanding.engine.remedies import remedies

        return remedies(self.evaluator, self.records, self.subject, self.on, self.known_on)


@click.command(name="explain")
@click.argument("folder", type=FILE)
@click.option("--records", type=FILE, required=True, help="CSV, Parquet, or a publisher's file.")
@click.option("--subject", required=True, help="Whose standing, as in the file.")
@click.option("--on", type=DAY, required=True, help="The day of the standing, as 2015-12-31.")
@click.option("--known-on", type=DAY, help="By what was known on that day; without it, on the day of the standing.")
@click.option("--manifest", type=FILE, help="The synthetic world that the records belong to.")
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
@click.option("--json", "plain", is_flag=True, help="As data, in all languages.")
@click.option("--history", is_flag=True, help="With every day on which the standing changed.")
@click.option("--changes", is_flag=True, help="With what changes by itself, and when.")
@click.option("--remedies", is_flag=True, help="With the smallest lawful acts that would better it.")
@click.option("--plot", type=FILE, help="Draw the history here: an .svg file.")
@click.option("--receipt", type=FILE, help="Write here what is needed to compute it again: a .json file.")
def command(
    *,
    folder: Path,
    records: Path,
    subject: str,
    on: dt.date,
    known_on: dt.date | None,
    manifest: Path | None,
    language: Language,
    plain: bool,
    history: bool,
    changes: bool,
    remedies: bool,
    plot: Path | None,
    receipt: Path | None,
) -> None:
    """Explain a standing under the policy in FOLDER: records, rules, clauses, arithmetic, grade, measures.

    The file may have the columns `known` and `withdrawn`, for what was known when. Where rows of the subject were
    refused the exit code is 3.

    \b
    Example:
      goodstanding policy explain policies/uk-food-hygiene --records inspections.csv \\
        --subject gb.fhrs:413-7 --on 2015-12-31 --history --changes --remedies --plot history.svg
    """
    from goodstanding.facts.errors import InputError
    from goodstanding.policy.reader import read_policy

    for file, ending in ((plot, ".svg"), (receipt, ".json")):
        if file is not None and file.suffix != ending:
            raise InputError(f"{file}: expected a name that ends in {ending}")
    loaded = read_policy(folder)
    asked, refused = _asked(loaded, records, subject, (on, known_on or on), manifest)
    standing = asked.standing()
    parts = (
        asked.changes() if changes else None,
        asked.history() if history else None,
        asked.remedies() if remedies else None,
    )
    click.echo(_told(loaded, standing, parts, None if plain else language))
    if plot is not None:
        _drawn(asked, language, plot)
    if receipt is not None:
        _receipt(asked, standing, receipt)
    if refused:
        click.echo(f"{refused:,} rows of {subject} were refused and passed over", err=True)
        raise click.exceptions.Exit(3)


def _asked(
    loaded: Loaded, file: Path, subject: str, days: tuple[dt.date, dt.date], manifest: Path | None
) -> tuple[Asked, int]:
    """Return what is asked, and how many rows of the subject were refused."""
    import polars as pl

    from goodstanding.cli.files import admitted, dossier
    from goodstanding.engine.exact import Evaluator
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.identifiers import subject_of
    from goodstanding.facts.world import World

    on, known_on = days
    records, refused = admitted(file, loaded.policy, max(days), manifest)
    words = catalogue(World.SYNTHETIC)
    own = dossier(records, subject, words)
    is_a = subject_of(subject)
    if is_a not in loaded.policy.subjects:
        about = ", ".join(loaded.policy.subjects)
        raise InputError(f"{subject}: found a subject that is a {is_a}, expected one of {about}, as the policy says")
    left_out = refused.filter(pl.col("subject") == subject).height if "subject" in refused.columns else 0
    return Asked(Evaluator(loaded, words), own, is_a, on, known_on), left_out


def _told(
    loaded: Loaded,
    standing: Standing,
    parts: tuple[list[Change] | None, list[Standing] | None, Remedies | None],
    language: Language | None,
) -> str:
    """Return a standing as text in a language, or without one as JSON."""
    import json

    from goodstanding.engine.explanation import Explainer, as_data
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World

    words, (changes, history, remedies) = catalogue(World.SYNTHETIC), parts
    if language is None:
        data = as_data(loaded.policy, words, standing, changes=changes, history=history, remedies=remedies)
        return json.dumps(data, ensure_ascii=False, indent=2)
    explainer = Explainer(loaded.policy, words, language)
    lines = explainer.standing(standing)
    lines += explainer.history(history) if history is not None else []
    lines += explainer.changes(changes, standing) if changes is not None else []
    lines += explainer.remedies(remedies) if remedies is not None else []
    return "\n".join(lines)


def _drawn(asked: Asked, language: Language, file: Path) -> None:
    from goodstanding.engine.plot import history_svg
    from goodstanding.facts.errors import InputError

    drawn = history_svg(asked.evaluator.policy, language, asked.history(), asked.changes(), asked.on)
    try:
        file.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from None
    click.echo(f"history drawn in {file}", err=True)


def _receipt(asked: Asked, standing: Standing, file: Path) -> None:
    from goodstanding.engine.receipts import receipt_of, write_receipt

    evaluator = asked.evaluator
    write_receipt(receipt_of(evaluator.policy, evaluator.catalogue, asked.subject, standing), file)
    click.echo(f"receipt written to {file}", err=True)


@click.command(name="replay")
@click.argument("receipt", type=FILE)
@click.option("--records", type=FILE, required=True, help="The file with the records, as it was or as it is now.")
@click.option("--policy", "folder", type=FILE, help="The policy's folder; without it, the shipped one with that hash.")
@click.option("--subject", help="Whose records; without it, of whom the file has records of the receipt.")
@click.option("--manifest", type=FILE, help="The synthetic world that the records belong to.")
def replay(receipt: Path, records: Path, folder: Path | None, subject: str | None, manifest: Path | None) -> None:
    """Compute the standing of RECEIPT again; exit 1 and say what differs where it does not come out the same.

    Records that name no source have the name of their file as source: give that file the same name again.

    \b
    Example:
      goodstanding replay receipt.json --records inspections.csv
    """
    from goodstanding.cli.files import admitted
    from goodstanding.engine.receipts import differences, read_receipt, shipped_policy
    from goodstanding.policy.reader import read_policy

    said = read_receipt(receipt)
    loaded = read_policy(folder) if folder is not None else shipped_policy(said)
    table, _ = admitted(records, loaded.policy, max(said.on, said.known_on), manifest)
    again = _again(said, loaded, table, subject)
    found = list(differences(said, again))
    for difference in found:
        click.echo(difference, err=True)
    if found:
        raise click.exceptions.Exit(1)
    result = again.result.grade or again.result.outcome
    score = f", {again.result.score}" if again.result.score is not None else ""
    click.echo(f"the same: {result}{score} on {said.on}, from {len(said.records):,} records, under {said.policy.id}")


def _again(said: ReceiptFile, loaded: Loaded, table: pl.DataFrame, subject: str | None) -> ReceiptFile:
    """Return the receipt as it comes out now. Raises InputError where its records are of several subjects."""
    import polars as pl

    from goodstanding.engine.exact import Evaluator
    from goodstanding.engine.receipts import receipt_of
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.identifiers import subject_of
    from goodstanding.facts.records import objects
    from goodstanding.facts.world import World

    words = catalogue(World.SYNTHETIC)
    named = table.filter(pl.col("digest").is_in(list(said.records)))["subject"].unique().to_list()
    if subject is None and len(named) > 1:
        raise InputError(f"the records of the receipt are of {len(named)} subjects; name one with --subject")
    about = subject or (named[0] if named else None)
    own = [] if about is None else list(objects(table.filter(pl.col("subject") == about), words))
    is_a = said.subject if about is None else subject_of(about)
    standing = Evaluator(loaded, words).standing(own, is_a, said.on, said.known_on)
    return receipt_of(loaded.policy, words, is_a, standing)
