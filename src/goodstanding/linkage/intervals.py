"""Figures with what they may be off: a share with its 95 % interval, and the gap and ratio of two of them.

Nothing observed is not known: it is neither 0 nor 1. Sources: Wilson, JASA 22 (1927) 209; Korn and Graubard, Survey
Methodology 24 (1998) 193 (effective size); Zou and Donner, Statistics in Medicine 27 (2008) 1693 (differences); Donner
and Zou, Statistical Methods in Medical Research 21 (2012) 347 (ratios).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

SURE = 0.95
"""How often an interval holds what it is about."""
Z = NormalDist().inv_cdf((1 + SURE) / 2)


class Figure(NamedTuple):
    """A figure, between what it lies in 95 of 100 such samples, and on how many observations it rests.

    The three are None where it is not known. A ratio may have no upper bound: infinite.
    """

    value: float | None
    low: float | None
    high: float | None
    of: int

    def scaled(self, factor: float) -> Figure:
        """Return the figure in another unit: times `factor`, which is positive."""
        if self.value is None or self.low is None or self.high is None:
            return self
        return Figure(self.value * factor, self.low * factor, self.high * factor, self.of)

    def rest(self) -> Figure:
        """Return what lacks to 1: of a precision the share that is wrong."""
        if self.value is None or self.low is None or self.high is None:
            return self
        return Figure(1 - self.value, 1 - self.high, 1 - self.low, self.of)

    def told(self, digits: int = 4) -> str:
        """Return the figure as text: `0.9700 (0.9612-0.9768)`, or `not known`."""
        if self.value is None:
            return "not known"
        return f"{self.value:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


NOT_KNOWN = Figure(None, None, None, 0)


def share(value: float, size: float, of: int) -> Figure:
    """Return a share observed in a sample of an effective `size`, with Wilson's interval; not known where it is 0."""
    if size <= 0:
        return NOT_KNOWN
    square = Z * Z / size
    middle = (value + square / 2) / (1 + square)
    half = Z * math.sqrt(max(value * (1 - value), 0) / size + square / size / 4) / (1 + square)
    return Figure(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)), of)


def gap(one: Figure, other: Figure) -> Figure:
    """Return by how much one figure is above another that was observed apart from it; not known where either is not."""
    if None in one or None in other:
        return NOT_KNOWN
    (a, a_low, a_high), (b, b_low, b_high) = _known(one), _known(other)
    low = a - b - math.hypot(a - a_low, b_high - b)
    return Figure(a - b, low, a - b + math.hypot(a_high - a, b - b_low), min(one.of, other.of))


def ratio(one: Figure, other: Figure) -> Figure:
    """Return how many times another figure one is; not known where either is not, or the other is 0."""
    if None in one or None in other or not other.value:
        return NOT_KNOWN
    (a, a_low, a_high), (b, b_low, b_high) = _known(one), _known(other)
    low = _mover(a, b, a_low, b_high, -1)
    high = _mover(a, b, a_high, b_low, 1) if b_low > 0 else math.inf
    return Figure(a / b, max(0.0, min(low, a / b)), max(high, a / b), min(one.of, other.of))


def _mover(a: float, b: float, a_end: float, b_end: float, side: int) -> float:
    under = max(0.0, (a * b) ** 2 - a_end * b_end * (2 * a - a_end) * (2 * b - b_end))
    beneath = b_end * (2 * b - b_end)
    return (a * b + side * math.sqrt(under)) / beneath if beneath > 0 else (0.0 if side < 0 else math.inf)


def _known(figure: Figure) -> tuple[float, float, float]:
    value, low, high, _ = figure
    assert value is not None
    assert low is not None
    assert high is not None
    return value, low, high
