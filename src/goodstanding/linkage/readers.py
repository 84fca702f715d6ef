"""How far people agree who read the same pairs: the share, Cohen's kappa, and each reader against the others.

Kappa is what agreement is above chance, its interval that of the share of agreement (Wilson) with chance taken as
observed, as in Cohen, Educational and Psychological Measurement 20 (1960) 37.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from goodstanding.linkage.intervals import NOT_KNOWN, Figure, share

FEW = 20
"""Under so many cases that others read too, nothing is said of a reader."""


class Reading(NamedTuple):
    """What a reader answered about a case: same, different, or unsure."""

    case: str
    reader: str
    answer: str


class Agreement(NamedTuple):
    """How often two readings of a case agree, and kappa."""

    agreed: Figure
    kappa: Figure


def agreement(readings: Iterable[Reading]) -> Agreement:
    """Return how far all readings of cases agree that two people or more have read, two by two."""
    pairs = [
        (one.answer, other.answer)
        for found in _by_case(readings).values()
        for one, other in combinations(sorted(found), 2)
    ]
    if not pairs:
        return Agreement(NOT_KNOWN, NOT_KNOWN)
    agreed = share(sum(one == other for one, other in pairs) / len(pairs), len(pairs), len(pairs))
    said = Counter(answer for pair in pairs for answer in pair)
    chance = sum(count * count for count in said.values()) / (2 * len(pairs)) ** 2
    return Agreement(agreed, _above(agreed, chance) if chance < 1 else NOT_KNOWN)


def against_others(readings: Iterable[Reading]) -> dict[str, Figure]:
    """Return for each reader how often most of the others gave the same answer, in order of name.

    Cases on which the others are divided count nowhere; under `FEW` cases it is not known.
    """
    told: dict[str, list[bool]] = defaultdict(list)
    for found in _by_case(readings).values():
        for own in found:
            told[own.reader] += [
                own.answer == most for most in [consensus(one.answer for one in found if one is not own)] if most
            ]
    return {
        name: share(sum(right) / len(right), len(right), len(right)) if len(right) >= FEW else NOT_KNOWN
        for name, right in sorted(told.items())
    }


def by_reader(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Return for each reader all readings of the cases that he read, his own included, in order of name."""
    told: dict[str, list[Reading]] = defaultdict(list)
    for found in _by_case(readings).values():
        for own in found:
            told[own.reader] += found
    return dict(sorted(told.items()))


def consensus(answers: Iterable[str]) -> str | None:
    """Return the answer that more than half gave; None where there is none."""
    counted = Counter(answers)
    return next((answer for answer, count in counted.items() if 2 * count > counted.total()), None)


def _by_case(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Return the readings of each case, the last of each reader."""
    found: dict[str, dict[str, Reading]] = defaultdict(dict)
    for one in readings:
        found[one.case][one.reader] = one
    return {case: list(by.values()) for case, by in found.items()}


def _above(agreed: Figure, chance: float) -> Figure:
    value, low, high, of = agreed
    assert value is not None
    assert low is not None
    assert high is not None
    value, low, high = ((part - chance) / (1 - chance) for part in (value, low, high))
    return Figure(value, low, high, of)
