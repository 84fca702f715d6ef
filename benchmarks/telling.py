"""How well scores tell labelled pairs apart: at a threshold, at one of the other half, and at any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def f1(scores: Sequence[float], same: Sequence[bool], least: float) -> float:
    """Return F1 where a pair counts as the same from a score on."""
    yes = [score >= least for score in scores]
    both = sum(a and b for a, b in zip(yes, same, strict=True))
    return 2 * both / max(sum(yes) + sum(same), 1)


def halved(scores: Sequence[float], same: Sequence[bool]) -> float:
    """Return F1 of all pairs, those of each half (every second one) at the best threshold of the other half."""
    told: list[float] = [0.0] * len(scores)
    for half in (0, 1):
        other, labels = scores[1 - half :: 2], same[1 - half :: 2]
        best = max(sorted(set(other)), key=lambda least: f1(other, labels, least), default=0.0)
        told[half::2] = [float(score >= best) for score in scores[half::2]]
    return f1(told, same, 1)


def area(scores: Sequence[float], same: Sequence[bool]) -> float:
    """Return the chance that a pair of one scores above a pair of two, half where both score alike (ROC area)."""
    one, two = (
        np.sort([score for score, label in zip(scores, same, strict=True) if label is n]) for n in (True, False)
    )
    if not len(one) or not len(two):
        return float("nan")
    below = np.searchsorted(two, one) + np.searchsorted(two, one, side="right")
    return float(below.sum() / (2 * len(one) * len(two)))


def average_precision(scores: Sequence[float], same: Sequence[bool]) -> float:
    """Return precision, averaged over the steps of recall; pairs of one score are one step."""
    found = right = 0
    total = 0.0
    for score in sorted(set(scores), reverse=True):
        step = [label for one, label in zip(scores, same, strict=True) if one == score]
        found, right = found + len(step), right + sum(step)
        total += sum(step) * right / found
    return total / max(right, 1)


def told(scores: Sequence[float], same: Sequence[bool], least: float) -> str:
    """Return all of it in a line."""
    yes = [score >= least for score in scores]
    both = sum(a and b for a, b in zip(yes, same, strict=True))
    return (
        f"at {least}: precision {both / max(sum(yes), 1):.3f}, recall {both / max(sum(same), 1):.3f}, "
        f"F1 {f1(scores, same, least):.3f}; F1 at the best threshold of the other half {halved(scores, same):.3f}, "
        f"ROC area {area(scores, same):.3f}, average precision {average_precision(scores, same):.3f}"
    )
