"""Bands as printed in a scheme, and whether they cover a value's grid exactly once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from goodstanding.facts.errors import InputError
from goodstanding.policy.model import Grid, Ladder

_NUMBER = r"(-?[0-9]{1,18}(?:\.[0-9]{1,9})?)"
_FORMS = {
    "range": re.compile(rf"{_NUMBER}\.\.{_NUMBER}"),
    "from": re.compile(rf"from {_NUMBER}"),
    "to": re.compile(rf"to {_NUMBER}"),
    "one": re.compile(_NUMBER),
}


@dataclass(frozen=True)
class Band:
    """A grade and the values that give it, both ends included; None is without end."""

    grade: str
    least: Fraction | None
    most: Fraction | None

    def holds(self, value: Fraction) -> bool:
        """Whether the value lies in the band."""
        return (self.least is None or self.least <= value) and (self.most is None or value <= self.most)


def band(grade: str, text: str) -> Band:
    """Read a band as printed. Raises InputError with the forms that exist."""
    for form, pattern in _FORMS.items():
        match = pattern.fullmatch(text.strip())
        if match:
            numbers = [Fraction(number) for number in match.groups()]
            least = None if form == "to" else numbers[0]
            most = None if form == "from" else numbers[-1]
            return Band(grade, least, most)
    raise InputError(f"found {text!r}, expected a band as 0..15, 20, 'from 1050' or 'to 599'")


def bands_of(ladder: Ladder) -> list[Band]:
    """Return a ladder's bands, lowest values first."""
    bands = [band(grade, text) for grade, text in ladder.bands.items()]
    return sorted(bands, key=lambda one: (one.least is not None, one.least))


def gap_in(bands: list[Band], grid: Grid) -> str | None:
    """Return what is wrong where the bands do not cover the grid exactly once, else None.

    `bands` are in order of their values; neighbours must lie one step of the grid apart.
    """
    if not bands:
        return "found no bands, expected one for every value"
    if bands[0].least != grid.least:
        return f"the lowest band begins at {bands[0].least}, expected {grid.least}, where the grid begins"
    if bands[-1].most != grid.most:
        return f"the highest band ends at {bands[-1].most}, expected {grid.most}, where the grid ends"
    for one in bands:
        for edge in (one.least, one.most):
            if edge is not None and (edge - (grid.least or 0)) % grid.step:
                return f"band {one.grade}: {edge} is not on the grid of step {grid.step}"
    for lower, upper in pairwise(bands):
        if lower.most is None or upper.least is None or upper.least - lower.most != grid.step:
            return (
                f"bands {lower.grade} and {upper.grade} meet at {lower.most} and {upper.least}, "
                f"expected them one step ({grid.step}) apart: every value in one band, none in two"
            )
    return None
