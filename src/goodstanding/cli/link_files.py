"""The files that `goodstanding link` reads: what may be linked by likeness at all, and what in them tells nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from goodstanding.cli.link_columns import PEOPLE, ROW, Chosen
from goodstanding.facts.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from goodstanding.cli.link_run import Asked
    from goodstanding.cli.link_tables import Read

_FEW_CHANCES = 0.5
"""The share of a column's cells above which numbers that fit nl.bsn are no accident: one number in eleven fits."""
_MOSTLY = 0.5
"""The share of rows above which one name is taken to be everybody's."""
_FEW_ROWS = 20


class Warned(NamedTuple):
    """What was made of a file, or what makes a column tell little: a code, the file, the column, and how many rows."""

    code: str
    file: str
    column: str
    rows: int


WARNINGS = {
    "form": "read as {column}",
    "unnamed": "{column} has no header",
    "again": "{column}: its header stands there before",
    "blank": "{rows:,} rows without any value are left out",
    "empty": "column {column} is empty, and is not compared",
    "equal": "column {column} has the same value in all {rows:,} rows, and is not compared",
    "everybody": "column {column} has one value in {rows:,} rows, which are hardly one subject: their pairs are passed "
    "over",
    "shared": "column {column} has an identifier that {rows:,} rows share: it stands for nothing and is left out",
    "rounded": "column {column} has {rows:,} numbers that a spreadsheet rounded (1.2E+11): their digits are lost, and "
    "they are left out",
    "either": "column {column} has {rows:,} dates in which day or month may be first: read with the day first",
    "month_first": "column {column}: {rows:,} dates are read with the month first, since some can only be so",
    "mixed": "column {column} has {rows:,} dates in which day or month may be first, and others in both orders: these "
    "are left out",
    "unread": "column {column} has {rows:,} cells that are no date of the calendar, and are left out",
    "years": "column {column} has {rows:,} years without a day",
    "counted": "column {column} has {rows:,} dates as numbers of days or seconds, read as such (UTC)",
}
"""What is said on the terminal; the report says it in its own language."""


def read(path: Path, encoding: str | None = None) -> Read:
    """Read a file that may be linked by likeness, as `read_any` does.

    Raises InputError where it cannot be read, has no rows, or holds numbers of natural persons in any column.
    """
    from goodstanding.cli.link_tables import read_any

    read = read_any(path, encoding)
    table = read.table.drop(ROW)
    for column in table.columns:
        if scheme := _persons(table[column].drop_nulls().unique()):
            raise InputError(
                f"{path}: column {column} holds numbers of natural persons ({scheme}); people are linked by number, "
                "name and day of birth in a register, never by likeness. Expected organisations, or people who are "
                "synthetic or of the past"
            )
    return read


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


def admit_people(paths: Sequence[Path], tables: Sequence[pl.DataFrame], chosen: Chosen, people: str | None) -> None:
    """Raise InputError where people would be compared whom nobody said to be synthetic or of the past, or in records.

    Records, told by the column `kind` with kinds of the catalogue, are linked to people by a register alone, whatever
    is said of them (charter, C27).
    """
    if not chosen.people:
        if people:
            raise InputError("--people: no name of people is compared; leave it out")
        return
    for path, table in zip(paths, tables, strict=True):
        if kind := _kind_in(table):
            raise InputError(
                f"{path}: column kind holds records ({kind}); a record reaches a person by number, name and day of "
                "birth in a register, never by likeness. Expected a file without records"
            )
    if people is None:
        named = next(field for field in chosen.fields if field.role in PEOPLE)
        raise InputError(
            f"{paths[0]}: column {named.column.left} is compared as a name of people ({named.role}), and a file of "
            "people without a world is refused: the living are linked by number, name and day of birth in a register, "
            "never by likeness. Say --people synthetic or --people historical where they are so; where it names "
            f"organisations, say --column {named.column.left}=organisation, and likewise the others"
        )


def _kind_in(table: pl.DataFrame) -> str | None:
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.world import World

    if "kind" not in table.columns:
        return None
    known = catalogue(World.SYNTHETIC).kinds
    return next((kind for kind in table["kind"].drop_nulls().unique().sort() if kind in known), None)


def warnings(asked: Asked) -> list[Warned]:
    """Return what was made of each file, and what in it tells little."""
    found = []
    for side, (path, table, remarks) in enumerate(zip(asked.paths, asked.tables, asked.remarks, strict=True)):
        found += [Warned(one.code, path.name, one.about, one.rows) for one in remarks]
        for field in asked.columns.fields:
            told = _warned(table[field.label], field.role)
            found += [Warned(code, path.name, field.column[side], rows) for code, rows in told]
    return found


def _warned(cells: pl.Series, role: str) -> Iterator[tuple[str, int]]:
    """Yield the code of what makes a column tell little, with the rows that it is so in."""
    from goodstanding.linkage.columns import MOST_SHARED, ROUNDED
    from goodstanding.linkage.dates import days

    there = cells.drop_nulls()
    most = int(there.value_counts()["count"].max() or 0)  # type: ignore[arg-type]  # a count, or none
    if not most:
        yield "empty", len(cells)
    elif most == len(there) > 1:
        yield "equal", most
    elif role == "identifier" and most > MOST_SHARED:
        yield "shared", most
    elif role in ("name", "organisation") and most > max(_MOSTLY * len(cells), _FEW_ROWS):
        yield "everybody", most
    if role == "date":
        yield from days(cells).counts.items()
    if role == "identifier" and (rounded := int(there.str.contains(ROUNDED).sum())):
        yield "rounded", rounded


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def same(path: Path, expected: str) -> None:
    """Raise InputError where a file is not, byte for byte, the one that was linked."""
    if not path.is_file():
        raise InputError(f"{path}: not there; the pair is compared in the files that were linked, expected them there")
    if digest(path) != expected:
        raise InputError(f"{path}: was changed since it was linked; link the files again")
