"""Pictures of the report of `goodstanding link`: where bars lie. They tell for and against without colour too.

Every picture stands beside a table that says the same; widths are those of a phone, and grow with the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from goodstanding.cli.link_evidence import Part

WIDTH = 360.0
ROW = 32.0
_BARS = 30
"""Bars of the histogram, at most."""
_HEIGHT = 150.0


class Bar(NamedTuple):
    """Pairs with a weight from `low` to below `high` bits, and where their bar lies; `under`: below the threshold."""

    low: int
    high: int
    pairs: int
    under: bool
    x: float
    y: float
    width: float
    height: float


class Step(NamedTuple):
    """One part of a weight, and where its bar lies."""

    part: Part
    x: float
    y: float
    width: float


class Waterfall(NamedTuple):
    """The parts of one weight under each other. `zero` and `least`: where even odds and the threshold lie."""

    steps: tuple[Step, ...]
    zero: float
    least: float
    height: float


def histogram(weights: pl.Series, least: float) -> tuple[list[Bar], float]:
    """Return bars of equal whole bits that hold every weight, and where the threshold lies between them.

    Heights are logarithms, so that few pairs are seen beside many. A bar that the threshold cuts counts as above.
    """
    if weights.is_empty():
        return [], 0.0
    numbers = weights.to_numpy()
    low, high = math.floor(min(numbers.min(), least)), math.floor(max(numbers.max(), least)) + 1
    wide = -(-(high - low) // _BARS)
    places = ((weights - low) / wide).floor().cast(pl.Int64).value_counts(name="pairs")
    pairs: dict[int, int] = dict(places.rows())
    count = -(-(high - low) // wide)
    most = math.log1p(max(pairs.values()))
    each = WIDTH / count
    bars = []
    for n in range(count):
        tall = round(_HEIGHT * math.log1p(pairs.get(n, 0)) / most, 1)
        start, end = low + n * wide, low + (n + 1) * wide
        place = (round(n * each + 1, 1), round(_HEIGHT - tall + 5, 1), round(each - 2, 1), tall)
        bars.append(Bar(start, end, pairs.get(n, 0), end <= least, *place))
    return bars, round((least - low) / wide * each, 1)


def waterfall(parts: Sequence[Part], least: float) -> Waterfall:
    """Return where the bars of one weight lie, from the odds before anything is compared down to the last part."""
    ends = [0.0, least, *(part.until for part in parts)]
    low, high = min(ends), max(ends)
    scale = (WIDTH - 4) / ((high - low) or 1)

    def x(bits: float) -> float:
        return round(2 + (bits - low) * scale, 1)

    steps = []
    for n, part in enumerate(parts):
        begin, end = sorted((part.until - part.bits, part.until))
        steps.append(Step(part, x(begin), n * ROW, round(max((end - begin) * scale, 1.0), 1)))
    return Waterfall(tuple(steps), x(0.0), x(least), len(parts) * ROW + 4)


def examples(seen: pl.DataFrame, least: float) -> list[tuple[str, str, str]]:
    """Return pairs to show, each with what it is one of: certain, doubtful, refused.

    Certain are the heaviest and the one in the middle of those linked, doubtful the nearest to the threshold on both
    sides, refused the middle and the lightest of those that were looked at and not linked.
    """
    ordered = seen.sort("weight", "left", "right", descending=[True, False, False])
    above, below = ordered.filter(pl.col("weight") >= least), ordered.filter(pl.col("weight") < least)
    picked = (
        [("certain", above, at) for at in (0, above.height // 2)]
        + [("doubtful", above, above.height - 1), ("doubtful", below, 0)]
        + [("refused", below, at) for at in (below.height // 2, below.height - 1)]
    )
    found: dict[tuple[str, str], str] = {}
    for said, table, at in sorted(picked, key=lambda one: one[0] != "doubtful"):
        if 0 <= at < table.height:
            found.setdefault((table["left"][at], table["right"][at]), said)
    order = ("certain", "doubtful", "refused")
    return sorted(((said, *pair) for pair, said in found.items()), key=lambda one: order.index(one[0]))
