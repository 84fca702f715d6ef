"""What a policy in plain words consists of: sections of paragraphs and tables, whose cells refer to each other."""

from __future__ import annotations

from dataclasses import dataclass

from goodstanding.policy.phrases import Speaker


@dataclass(frozen=True)
class Cell:
    """Text, the anchor that it refers to (empty: none), and whether it is a figure, to be set to the right.

    `note` is what must be known of it, such as that nobody has read the clause.
    """

    text: str
    to: str = ""
    figure: bool = False
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a table; the first cell names it. `anchor` is empty where nothing refers to it."""

    cells: tuple[Cell, ...]
    anchor: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption and the heads of its columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    heading: str
    anchor: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def clause_cell(clause: str | None, speaker: Speaker, detail: str = "") -> Cell:
    """Return the citation of a clause, leading to the clause; it says so where nobody has read it."""
    cite = speaker.cite(clause)
    law = speaker.policy.law.get(clause or "")
    note = speaker.say("unverified") if law and law.read == "unverified" else ""
    return Cell(f"{cite}: {detail}" if detail else cite, f"clause-{clause}" if clause else "", note=note)
