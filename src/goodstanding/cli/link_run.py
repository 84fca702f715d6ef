"""One run of `goodstanding link`: from what was read and said to candidates, groups and the files that tell of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from goodstanding.cli.link_evidence import HIDDEN
from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import KEY

if TYPE_CHECKING:
    from goodstanding.cli.link_columns import Chosen
    from goodstanding.cli.link_tables import Remark
    from goodstanding.linkage.models import Model

FAR = -10.0
"""Bits down to which pairs are kept for groups and for the report: one in a thousand."""


@dataclass(frozen=True)
class Asked:
    """What is to be linked: the files (one or two) and `tables` of what is compared of them (`Chosen.taken`).

    `least`: bits that a link has at least. `people`: what was said of them, where people are compared. `values`:
    whether what stands in the files may be written where it is not needed. `encoding`: of files that are not UTF-8;
    `remarks`: what was made of each file.
    """

    paths: tuple[Path, ...]
    tables: tuple[pl.DataFrame, ...]
    columns: Chosen
    least: float
    people: str | None
    values: bool
    encoding: str | None
    remarks: tuple[tuple[Remark, ...], ...]

    @property
    def within(self) -> bool:
        """Whether one file is linked with itself."""
        return len(self.paths) == 1

    @property
    def shown(self) -> bool:
        """Whether values may be shown: of organisations always, of people where it was said."""
        return self.values or not self.columns.people


@dataclass(frozen=True)
class Found:
    """What came out. `seen`: pairs down to `FAR`; `links`: those that are at least as asked, with group and levels.

    `groups`: file (1 or 2), key and the number of the group of each row that a link names. `forms`: prepared rows.
    """

    model: Model
    forms: tuple[pl.DataFrame, ...]
    costs: pl.DataFrame
    seen: pl.DataFrame
    links: pl.DataFrame
    groups: pl.DataFrame


def run(asked: Asked, model: Model | None, most: int, tell: Callable[[pl.DataFrame], None]) -> Found:
    """Learn a model where there is none, and link. `tell` is given what it costs (`linking.COSTS`) before it starts.

    Raises InputError where more than `most` pairs would be looked at, and where nothing can be learned.
    """
    from goodstanding.cli.progress import step
    from goodstanding.linkage.levels import levels
    from goodstanding.linkage.linking import costs, links, refuse
    from goodstanding.linkage.training import train

    with step("normal forms"):
        forms = forms_of(asked)
    left, right = forms[0], None if asked.within else forms[1]
    if model is None:
        with step("learning what agreement is worth"):
            model = train(left, right, asked.columns.columns, {"files": described(asked)})
    with step("counting pairs"):
        counted = costs(model, left, right)
    if not asked.shown:
        counted = counted.with_columns(value=pl.when(pl.col("value").is_not_null()).then(pl.lit(HIDDEN)))
    tell(counted)
    try:
        refuse(counted, most)
    except InputError as error:
        raise InputError(f"{error} with --pairs") from None
    with step("comparing pairs"):
        seen = links(model, left, right, min(asked.least, FAR), most)
    found = seen.filter(pl.col("weight") >= asked.least)
    with step("groups"):
        groups = grouped(seen, asked.least, within=asked.within)
    with step("levels of agreement"):
        told = levels(model, left, right, found)
    linked = pl.concat([_with_group(found, groups, within=asked.within), told.drop("left", "right")], how="horizontal")
    return Found(model, forms, counted, seen, linked, groups)


def grouped(seen: pl.DataFrame, least: float, *, within: bool) -> pl.DataFrame:
    """Return the number of the group of each row that a link names, columns file (1 or 2), key and group."""
    from goodstanding.linkage.groups import groups

    other = "1" if within else "2"
    named = seen.with_columns(pl.col("left").str.replace("^", "1"), pl.col("right").str.replace("^", other))
    found = groups(named, least)
    numbers = found.select("group").unique(maintain_order=True).with_row_index("number", offset=1)
    return found.join(numbers, on="group", how="left", maintain_order="left").select(
        file=pl.col("record").str.head(1).cast(pl.Int8),
        key=pl.col("record").str.slice(1),
        group=pl.col("number").cast(pl.Int64),
    )


def _with_group(found: pl.DataFrame, groups: pl.DataFrame, *, within: bool) -> pl.DataFrame:
    """Add the group of each pair whose rows are in one; none where other pairs keep them apart."""
    for side, file in (("left", 1), ("right", 1 if within else 2)):
        own = groups.filter(pl.col("file") == file).select(pl.col(KEY).alias(side), pl.col("group").alias(f"of_{side}"))
        found = found.join(own, on=side, how="left", maintain_order="left")
    one = pl.when(pl.col("of_left") == pl.col("of_right")).then("of_left")
    return found.with_columns(group=one).drop("of_left", "of_right")


def described(asked: Asked) -> list[dict[str, object]]:
    """Return what a model says of the files that it was learned from."""
    from goodstanding.cli.link_files import digest

    return [
        {"rows": table.height, "sha256": digest(path)} for path, table in zip(asked.paths, asked.tables, strict=True)
    ]


def write(asked: Asked, found: Found, folder: Path, out: Path) -> None:
    """Write links, groups, the model and what the run was into `folder`, which will be `out`."""
    from goodstanding.linkage.models import write_model

    found.links.write_csv(folder / "links.csv")
    found.links.write_parquet(folder / "links.parquet")
    found.groups.write_csv(folder / "groups.csv")
    write_model(found.model, folder / "model")
    told = {
        "files": [
            {"path": os.path.relpath(path.resolve(), out.resolve()), **one}
            for path, one in zip(asked.paths, described(asked), strict=True)
        ],
        "key": asked.columns.key,
        "fields": [(field.column.left, field.column.right, field.role) for field in asked.columns.fields],
        "least": asked.least,
        "people": asked.people,
        "encoding": asked.encoding,
    }
    (folder / "run.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_run(out: Path, *, values: bool) -> tuple[Asked, Model]:
    """Read again what a run was asked, and its model.

    Raises InputError where `out` holds no run, or its files are not what and where they were.
    """
    from goodstanding.cli.link_columns import Chosen, Pair, labelled
    from goodstanding.cli.link_files import read, same
    from goodstanding.linkage.models import read_model

    try:
        told = json.loads((out / "run.json").read_text(encoding="utf-8"))
        paths = tuple(Path(os.path.normpath(out / one["path"])) for one in told["files"])
        digests = [str(one["sha256"]) for one in told["files"]]
        columns = Chosen(
            Pair(*told["key"]), None, labelled([(Pair(one, two), role) for one, two, role in told["fields"]])
        )
        least, people, encoding = float(told["least"]), told["people"], told.get("encoding")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{out}: not what `goodstanding link` wrote ({reason}); expected the OUT of a run") from None
    for path, digest in zip(paths, digests, strict=True):
        same(path, digest)
    found = [read(path, encoding) for path in paths]
    tables = tuple(
        columns.taken(path, one.table, side) for side, (path, one) in enumerate(zip(paths, found, strict=True))
    )
    remarks = tuple(one.remarks for one in found)
    return Asked(paths, tables, columns, least, people, values, encoding, remarks), read_model(out / "model")


def forms_of(asked: Asked) -> tuple[pl.DataFrame, ...]:
    """Return the prepared rows of each file; all of them, since what many rows share depends on all.

    Dates are read as the whole column writes them, before.
    """
    from goodstanding.linkage.columns import prepared
    from goodstanding.linkage.dates import days

    dates = [field.label for field in asked.columns.fields if field.role == "date"]
    return tuple(
        prepared(table.with_columns(days(table[label]).cells.alias(label) for label in dates), asked.columns.labelled)
        for table in asked.tables
    )
