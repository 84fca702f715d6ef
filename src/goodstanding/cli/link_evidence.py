"""One pair of rows taken apart: what was compared, what stands there, and how many bits it adds or takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from goodstanding.cli.link_columns import PEOPLE
from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import KEY

if TYPE_CHECKING:
    from goodstanding.cli.link_run import Asked
    from goodstanding.linkage.models import Model

HIDDEN = "(not shown)"
"""What stands for a value of people where nobody asked to see it."""


class Part(NamedTuple):
    """What one comparison adds to a weight: its bits, and the sum `until` then. Values as they were written."""

    comparison: str
    level: str
    left: str
    right: str
    bits: float
    until: float


def told(asked: Asked, forms: tuple[pl.DataFrame, ...], model: Model, left: str, right: str) -> list[Part]:
    """Return the parts of the weight of two rows, by their keys, the odds before anything is compared first.

    Raises InputError where there is no such row.
    """
    from goodstanding.linkage.evidence import PRIOR, evidence

    keys, sides = (left, right), (0, len(forms) - 1)
    rows = [_row(asked, forms, side, key) for side, key in zip(sides, keys, strict=True)]
    cells = [asked.tables[side].filter(pl.col(KEY) == key) for side, key in zip(sides, keys, strict=True)]
    parts, until = [], 0.0
    for one in evidence(model, *rows).iter_rows(named=True):
        bits = one["weight"] + one["frequency"]
        until += bits
        mine, theirs = ("" if one["comparison"] == PRIOR else _value(asked, cell, one["comparison"]) for cell in cells)
        parts.append(Part(one["comparison"], one["level"], mine, theirs, bits, until))
    return parts


def _row(asked: Asked, forms: tuple[pl.DataFrame, ...], side: int, key: str) -> pl.DataFrame:
    found = forms[side].filter(pl.col(KEY) == key)
    if found.is_empty():
        raise InputError(
            f"{asked.paths[side]}: no row whose {asked.columns.key[side]} is {key!r}; expected one, as links.csv has it"
        )
    return found


def _value(asked: Asked, row: pl.DataFrame, comparison: str) -> str:
    """Return what a row says of what was compared; of people only where that was asked for."""
    labels = [label for label in PEOPLE if label in row.columns] if comparison == "name" else [comparison]
    said = " ".join(cell for label in labels if (cell := row[label][0]))
    return said if asked.shown or not said else HIDDEN


def shares_key(asked: Asked, forms: tuple[pl.DataFrame, ...], model: Model, left: str, right: str) -> bool:
    """Whether a run looks at the two rows: whether they share a key that not too many others share."""
    from goodstanding.linkage.linking import costs

    one, other = (_row(asked, forms, side, key) for side, key in ((0, left), (len(forms) - 1, right)))
    return bool(costs(model, one, other)["pairs"].sum())
