"""`goodstanding link`: candidates for one subject in two files, or in one, with how much speaks for each pair."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.facts.catalogue import Language
    from goodstanding.linkage.columns import Columns
    from goodstanding.linkage.models import Model

ROW = "row number"
"""The key of files that have none: rows from 1."""
_FEW_CHANCES = 0.5
"""The share of a column's cells above which numbers that fit nl.bsn are no accident: one number in eleven fits."""


@click.command(name="link")
@click.argument("left", type=click.Path(path_type=Path))
@click.argument("right", type=click.Path(path_type=Path), required=False)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder for links and report.")
@click.option("--column", "roles", multiple=True, metavar="COLUMN=ROLE", help="Compare these columns, and no others.")
@click.option("--key", help="The column that names a row; without it one that is called so, or the row's number.")
@click.option(
    "--least", default=0.0, show_default=True, help="Bits of weight that a link has at least; 0 is even odds."
)
@click.option("--model", "trained", type=click.Path(path_type=Path), help="A model of an earlier run, OUT/model.")
@click.option("--truth", help="A column that says which rows are one subject: the links are measured by it.")
@click.option("--language", type=click.Choice(["en", "nl", "zh"]), default="en", show_default=True)
def command(
    *,
    left: Path,
    right: Path | None,
    out: Path,
    roles: tuple[str, ...],
    key: str | None,
    least: float,
    trained: Path | None,
    truth: str | None,
    language: Language,
) -> None:
    """Find rows of two files, or of one, that may be about one subject.

    CSV, Parquet or JSON lines; both files name their columns alike. ROLE is name, given, family, organisation, date,
    place, address, postcode, identifier or code; without --column, roles are taken from the headers and shown. OUT gets
    links.csv, links.parquet, report.html and the model that was learned. Links are candidates, for a person to decide;
    files with numbers of natural persons are refused.

    \b
    Example:
      goodstanding link register.csv permits.csv --out linked --key id \\
        --column company=organisation --column street=address --column postcode=postcode
    """
    from goodstanding.cli.link_report import Run, measured, report
    from goodstanding.facts.errors import InputError
    from goodstanding.linkage.linking import links
    from goodstanding.linkage.models import read_model, write_model

    if trained is not None and roles:
        raise InputError("expected --model or --column: a model knows its columns")
    with _whole(out) as folder:
        model = read_model(trained) if trained else None
        tables = [_read(path) for path in (left, right) if path is not None]
        columns = _columns(tables, roles, key, truth, model)
        tables = [table.with_row_index(ROW, offset=1) for table in tables] if columns.key == ROW else tables
        _show(columns)
        forms = [_prepared(path, table, columns) for path, table in zip((left, right), tables, strict=False)]
        if model is None:
            model = _learned([path for path in (left, right) if path], forms, columns)
            write_model(model, folder / "model")
        found = links(model, forms[0], forms[1] if right else None, least)
        score = measured(found, tables, columns.key, truth) if truth else None
        found.write_csv(folder / "links.csv")
        found.write_parquet(folder / "links.parquet")
        run = Run([path.name for path in (left, right) if path], tables, columns, model, found, least, score)
        (folder / "report.html").write_text(report(run, language), encoding="utf-8")
    click.echo(f"{found.height:,} candidates written to {out}", err=True)
    if score is not None:
        click.echo("\t".join(f"{name} {value:.4f}" for name, value in score.shares().items()))


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


def _read(path: Path) -> pl.DataFrame:
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.reading import read_table

    table = read_table(path)
    if table.is_empty():
        raise InputError(f"{path}: no rows under the header; expected at least one")
    if ROW in table.columns:
        raise InputError(f"{path}: column '{ROW}': the name is taken for rows without a key; give it another")
    for column in table.columns:
        if scheme := _persons(table[column].drop_nulls().unique()):
            raise InputError(
                f"{path}: column {column} holds numbers of natural persons ({scheme}); people are linked by number, "
                "name and day of birth in a register, never by likeness. Expected organisations, or people who are "
                "synthetic or of the past"
            )
    return table


def _persons(cells: pl.Series) -> str | None:
    """Return the scheme of natural persons whose numbers a column holds, with the scheme before them or without."""
    from goodstanding.facts.identifiers import SCHEMES

    bare = cells.str.replace_all(r"[\s.]", "")
    for name, scheme in SCHEMES.items():
        if scheme.subject != "person":
            continue
        if cells.str.contains(rf"^\s*{re.escape(name)}:").any():
            return name
        numbers = bare.filter(bare.str.contains(r"^(\d{17}[\dXx]|\d{8,9})$")).str.to_uppercase()
        fitting = sum(scheme.fault(number) is None for number in numbers)
        if fitting > (_FEW_CHANCES * len(bare) if name == "nl.bsn" else 0):
            return name
    return "cn.uscc of sole traders" if bare.str.contains(r"^(cnuscc:)?92[0-9A-Z]{16}$").any() else None


def _columns(
    tables: list[pl.DataFrame], roles: tuple[str, ...], key: str | None, truth: str | None, model: Model | None
) -> Columns:
    """Return which columns are compared and what names a row: as said, as the model has it, or by the headers."""
    from goodstanding.facts.errors import InputError
    from goodstanding.linkage.columns import Columns, Field
    from goodstanding.linkage.headers import proposed

    if truth is not None and any(truth not in table.columns for table in tables):
        raise InputError(f"column {truth}: not in every file; expected the column of --truth in all")
    if model is not None:
        return model.columns.model_copy(update={"key": key or model.columns.key})
    shared = [name for name in tables[0].columns if all(name in table.columns for table in tables)]
    said, fields = proposed(name for name in shared if name not in (truth, key))
    if roles:
        fields = tuple(Field.model_validate(dict(zip(("column", "role"), _role(one), strict=True))) for one in roles)
        if truth in [field.column for field in fields]:
            raise InputError(f"column {truth}: is the truth, so that it cannot be compared as well")
        said = said if said not in [field.column for field in fields] else None
    if not fields:
        raise InputError(f"no header tells a role; say some with --column, of the columns {', '.join(shared)[:300]}")
    try:
        return Columns(key=key or said or ROW, fields=fields)
    except ValueError:
        raise InputError(
            "--column: expected each of name, given, family and organisation as the role of one column only"
        ) from None


def _role(text: str) -> tuple[str, str]:
    from goodstanding.facts.errors import InputError
    from goodstanding.linkage.columns import Role

    column, _, role = text.rpartition("=")
    if not column or role not in get_args(Role):
        raise InputError(f"--column {text}: expected COLUMN=ROLE, a role of {', '.join(get_args(Role))}")
    return column, role


def _show(columns: Columns) -> None:
    from goodstanding.cli.tables import show

    show(("column", "role"), [(columns.key, "key"), *((field.column, field.role) for field in columns.fields)])


def _prepared(path: Path | None, table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    from goodstanding.facts.errors import InputError
    from goodstanding.linkage.columns import prepared

    try:
        return prepared(table, columns)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _learned(paths: list[Path], forms: list[pl.DataFrame], columns: Columns) -> Model:
    from goodstanding.linkage.training import train

    learned = {
        "files": [{"rows": rows.height, "sha256": _digest(path)} for path, rows in zip(paths, forms, strict=True)]
    }
    return train(forms[0], forms[1] if len(forms) > 1 else None, columns, learned)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
