"""`goodstanding link`: candidates for one subject in two files, or in one, with how much speaks for each pair."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.cli.link_columns import Said
    from goodstanding.cli.link_run import Asked
    from goodstanding.cli.link_truth import Measured
    from goodstanding.facts.catalogue import Language
    from goodstanding.linkage.models import Model

FILE = click.Path(path_type=Path)
MOST_PAIRS = 100_000_000
"""Pairs that a run looks at unless it is told otherwise: minutes of work."""


class _Files(click.Group):
    """A group whose first word may be a file: then `files` is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; without a command they are those of `files`."""
        named = bool(args) and (args[0] in self.commands or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if named or not args else ["files", *args])


@click.group(cls=_Files, name="link")
def group() -> None:
    """Find rows of two files, or of one, that may be about one subject.

    Where no command is named, `files` is meant (goodstanding link LEFT RIGHT --out OUT); goodstanding link files --help
    shows its options.

    \b
    Example:
      goodstanding link register.csv permits.csv --out linked
      goodstanding link explain linked a2 b2
    """


@group.command()
@click.argument("left", type=FILE)
@click.argument("right", type=FILE, required=False)
@click.option("--out", type=FILE, required=True, help="A new folder for links, model and report.")
@click.option("--column", "said", multiple=True, metavar="COLUMN=ROLE", help="Compare these columns, and no others.")
@click.option("--roles", "file", type=FILE, help="A YAML file that says the same, and what names a row.")
@click.option("--key", help="The column that names a row; without it one that is called so, or the row's number.")
@click.option(
    "--least", default=0.0, show_default=True, help="Bits of weight that a link has at least; 0 is even odds."
)
@click.option("--model", "trained", type=FILE, help="A model of an earlier run, OUT/model.")
@click.option(
    "--pairs",
    type=click.IntRange(1),
    default=MOST_PAIRS,
    show_default=True,
    help="Refuse, before it starts, a run that would look at more pairs of rows.",
)
@click.option(
    "--people", type=click.Choice(["synthetic", "historical"]), help="Who the people are, where people are compared."
)
@click.option("--encoding", help="Of files that are neither UTF-8 nor UTF-16, as windows-1252 or gb18030.")
@click.option("--truth", help="A column that says which rows are one subject: the links are measured by it.")
@click.option("--show-values", "values", is_flag=True, help="Write what the files say of people into the report too.")
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
def files(
    *,
    left: Path,
    right: Path | None,
    out: Path,
    said: tuple[str, ...],
    file: Path | None,
    key: str | None,
    least: float,
    trained: Path | None,
    pairs: int,
    people: str | None,
    encoding: str | None,
    truth: str | None,
    values: bool,
    language: Language,
) -> None:
    """Find rows of two files, or of one, that may be about one subject.

    CSV with any separator (gzip too), Parquet, Arrow or JSON lines. ROLE is name, given, family, organisation,
    date, place, address, postcode, identifier or code; without --column or --roles, roles are taken from the headers
    and shown. Where the files call a column
    differently, say LEFT=RIGHT=ROLE, and LEFT=RIGHT for --key and --truth. OUT gets links.csv, links.parquet,
    groups.csv, report.html and the model. Links are candidates, for a person to decide; files with numbers of natural
    persons are refused.

    \b
    Example:
      goodstanding link register.csv permits.csv --out linked --key id \\
        --column company=organisation --column street=address --column postcode=postcode
    """
    from goodstanding.cli.link_files import WARNINGS, warnings
    from goodstanding.cli.link_report import report
    from goodstanding.cli.link_run import run, write
    from goodstanding.cli.link_truth import measured
    from goodstanding.cli.progress import step
    from goodstanding.linkage.models import read_model

    model = read_model(trained) if trained else None
    paths = (left,) if right is None else (left, right)
    with _whole(out) as folder:
        with step("reading"):
            asked = _asked(paths, encoding, _said(said, file, key, truth), model, people, least, values=values)
        _show(asked)
        remarks = warnings(asked)
        for one in remarks:
            click.echo(f"{one.file}: {WARNINGS[one.code].format(column=one.column, rows=one.rows)}", err=True)
        found = run(asked, model, pairs, _costs)
        write(asked, found, folder, out)
        score = measured(asked, found) if truth else None
        with step("report"):
            text = report(asked, found, remarks, score, language)
            (folder / "report.html").write_text(text, encoding="utf-8")
    if score is not None:
        _score(score)
    click.echo(f"{found.links.height:,} candidates, for a person to decide, written to {out}", err=True)


@group.command()
@click.argument("out", type=FILE)
@click.argument("left")
@click.argument("right")
@click.option("--show-values", "values", is_flag=True, help="Show what the files say of people too.")
def explain(*, out: Path, left: str, right: str, values: bool) -> None:
    """Show what speaks for one pair and what against it, in a run that was written to OUT.

    LEFT and RIGHT name the rows, as links.csv does. The files must be where they were, and as they were. The bits of
    the parts sum up to the weight of the pair.

    \b
    Example:
      goodstanding link explain linked a2 b2
    """
    from goodstanding.cli.link_evidence import shares_key, told
    from goodstanding.cli.link_run import forms_of, read_run
    from goodstanding.cli.progress import step
    from goodstanding.cli.tables import show

    with step("reading"):
        asked, model = read_run(out, values=values)
        forms = forms_of(asked)
    parts = told(asked, forms, model, left, right)
    header = ("compared", "agreement", *(f"{side} {key}" for side, key in (("left", left), ("right", right))))
    show((*header, "bits", "together"), [(*one[:4], f"{one.bits:.2f}", f"{one.until:.2f}") for one in parts])
    weight = parts[-1].until
    click.echo(f"\n{weight:.2f} bits, probability {1 / (1 + 2**-weight):.4f}: a candidate, for a person to decide")
    if not shares_key(asked, forms, model, left, right):
        click.echo("the two rows share no key: a run does not look at this pair", err=True)


def _asked(
    paths: tuple[Path, ...],
    encoding: str | None,
    said: Said,
    model: Model | None,
    people: str | None,
    least: float,
    *,
    values: bool,
) -> Asked:
    """Read the files and settle which columns are compared. Raises InputError where they may not be linked so."""
    from goodstanding.cli.link_columns import ROW, chosen
    from goodstanding.cli.link_files import admit_people, read
    from goodstanding.cli.link_run import Asked
    from goodstanding.facts.errors import InputError

    if not math.isfinite(least):
        raise InputError(f"--least {least}: expected a number of bits, as 0 or 6.5")
    found = [read(path, encoding) for path in paths]
    tables = [one.table for one in found]
    columns = chosen([[name for name in table.columns if name != ROW] for table in tables], said, model)
    admit_people(paths, tables, columns, people)
    taken = (columns.taken(path, table, side) for side, (path, table) in enumerate(zip(paths, tables, strict=True)))
    remarks = tuple(one.remarks for one in found)
    return Asked(paths, tuple(taken), columns, least, people, values, encoding, remarks)


def _said(columns: tuple[str, ...], file: Path | None, key: str | None, truth: str | None) -> Said:
    """Return what the options say of columns; `--key` says more than a file of roles."""
    from goodstanding.cli.link_columns import Pair, Said, read_column, read_roles
    from goodstanding.facts.errors import InputError

    if file is not None and columns:
        raise InputError("expected --roles or --column, not both")
    said = read_roles(file) if file else Said(tuple(read_column(one) for one in columns))
    return said._replace(key=Pair.read(key) if key else said.key, truth=Pair.read(truth) if truth else None)


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """Yield a folder that becomes `out` when all is in it, and is gone when anything went wrong."""
    from goodstanding.facts.errors import InputError

    if out.exists() or out.is_symlink():
        raise InputError(f"{out}: is there already; results are never written over, give another folder")
    partial = out.with_name(f"{out.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _show(asked: Asked) -> None:
    """Show what each column is taken for, and how many of its cells are filled."""
    from goodstanding.cli.tables import show

    rows = [(asked.columns.key.said, "key", *("100%" for _ in asked.tables))]
    for field in asked.columns.fields:
        filled = (f"{1 - table[field.label].null_count() / table.height:.0%}" for table in asked.tables)
        rows.append((field.column.said, field.role, *filled))
    show(("column", "role", *(f"filled in {path.name}" for path in asked.paths)), rows)


def _score(measured: Measured) -> None:
    """Show how right the links are, with 95 % intervals, and what probabilities were worth."""
    from goodstanding.cli.tables import show

    def cell(value: float | None) -> str:
        return "not known" if value is None else f"{value:.4f}"

    click.echo()
    rows = [(of, name, *map(cell, one[:3]), f"{one.of:,}") for of, name, one in measured.figures()]
    show(("of", "measure", "value", "from", "to", "observed"), rows)
    click.echo()
    rows = [(f"{pairs:,}", *map(cell, shares)) for pairs, *shares in measured.calibration.rows()]
    show(("pairs", "said", "was", "from", "to"), rows)


def _costs(costs: pl.DataFrame) -> None:
    """Show what linking costs, key by key."""
    from goodstanding.cli.tables import show

    click.echo()
    rows = [*costs.select("key", "pairs", "rows", "value").rows(), ("all, at most", costs["pairs"].sum(), None, None)]
    show(("key", "pairs", "rows that share", "its commonest value"), rows)
