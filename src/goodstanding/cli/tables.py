"""Tables on the terminal, plain when they are piped."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence

import click


def show(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a header, columns lined up; tab-separated where the output is no terminal.

    Cells that are numbers are set to the right.
    """
    table = [[str("" if cell is None else cell) for cell in row] for row in (header, *rows)]
    if not sys.stdout.isatty():
        for row in table:
            click.echo("\t".join(row))
        return
    widths = [max(_width(row[column]) for row in table) for column in range(len(header))]
    numeric = [all(_is_number(row[column]) for row in table[1:]) for column in range(len(header))]
    for index, row in enumerate(table):
        line = "  ".join(_set(cell, width, right) for cell, width, right in zip(row, widths, numeric, strict=True))
        click.echo(click.style(line.rstrip(), bold=index == 0))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").lstrip("-").isdigit()


def _set(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
