"""What agreement is worth, made whole after training: no level without a weight, no subject taken for its own stranger.

Three things that training by random pairs and expectation maximisation leaves open, each settled by a stated rule:

- a level that no random pair showed is taken to be met by half a pair of the sample; one that no pair of one subject
  showed weighs what lies between its neighbours, and beyond the last of them what that one weighs; but no agreement
  at all is taken to be met by `_SELDOM` of the pairs of one subject, where none of them showed it; and none by
  fewer than `_LEAST_KNOWN`: so small a share is noise of what was learned, and no slip is so rare that it never is;
- some random pairs are of one subject: how often strangers agree is what is left without them (`strangers`);
- how many pairs belong together is what the model's own probabilities, over all pairs looked at, sum up to (`prior`).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt

_ALMOST_ONE = 0.999999
_LEAST_LEFT = 0.1
"""What is left of an observed agreement of strangers at least: the estimate of the rest is no better than that."""
_ROUNDS = 50
_SELDOM = 0.01
_EQUAL = 0.75
"""How often a form is expected to be the same in two records of one subject, as keys expect it."""
_LEAST_KNOWN = 0.0005


def whole(settings: Mapping[str, Any], pairs: float) -> dict[str, Any]:
    """Return settings in which every level has both shares. `pairs`: how many random pairs strangers were learned by.

    A comparison in which no level was ever learned weighs nothing; where it is the only one, what is usual.
    """
    alone = len(settings["comparisons"]) == 1
    made = [
        dict(comparison) | {"comparison_levels": _whole(comparison["comparison_levels"], 0.5 / pairs, alone=alone)}
        for comparison in settings["comparisons"]
    ]
    return dict(settings) | {"comparisons": made}


def _whole(levels: list[dict[str, Any]], unseen: float, *, alone: bool) -> list[dict[str, Any]]:
    told = [level for level in levels if not level.get("is_null_level")]
    strangers = [level.get("u_probability") or unseen for level in told]
    if alone and not any(level.get("m_probability") for level in told if not level.get("fix_m_probability")):
        told = [{"m_probability": share} | level for level, share in zip(told, _usual(len(told)), strict=True)]
    known = {
        place: log2(max(level["m_probability"], _LEAST_KNOWN) / strangers[place])
        for place, level in enumerate(told)
        if level.get("m_probability") and not level.get("fix_m_probability")
    }
    if known and len(told) - 1 not in known:
        known[len(told) - 1] = log2(_SELDOM / strangers[-1])
    weights = np.interp(range(len(told)), list(known), list(known.values())) if known else np.zeros(len(told))
    shares = iter(zip(weights, strangers, strict=True))
    made = [level if level.get("is_null_level") else level | _shares(*next(shares)) for level in levels]
    return [level if level.get("fix_m_probability") else new for level, new in zip(levels, made, strict=True)]


def _usual(levels: int) -> list[float]:
    """Return how often records of one subject may be expected at each level, where it cannot be learned."""
    if levels == 1:
        return [_EQUAL]
    between = [(1 - _EQUAL - _SELDOM) / (levels - 2)] * (levels - 2) if levels > 2 else []
    return [_EQUAL, *between, _SELDOM]


def _shares(weight: float, strangers: float) -> dict[str, float]:
    """Return both shares of a level, neither above one, in the proportion that its weight says."""
    together = min(strangers * 2**weight, _ALMOST_ONE)
    return {
        "m_probability": rounded(together),
        "u_probability": rounded(min(together / 2**weight, _ALMOST_ONE)),
    }


def rounded(share: float) -> float:
    """Return a share to nine digits: sums over threads differ in the last ones, and the same rows teach the same."""
    return float(f"{share:.9g}")


def strangers(settings: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Return settings in which `share`, the pairs of one subject among random pairs, is taken out of strangers."""
    made = []
    for comparison in settings["comparisons"]:
        levels = [
            level if level.get("is_null_level") else level | {"u_probability": _rest(level, share)}
            for level in comparison["comparison_levels"]
        ]
        made.append(dict(comparison) | {"comparison_levels": levels})
    return dict(settings) | {"comparisons": made}


def _rest(level: Mapping[str, Any], share: float) -> float:
    seen = float(level["u_probability"])
    return max((seen - share * float(level["m_probability"])) / (1 - share), _LEAST_LEFT * seen)


def prior(
    weights: npt.NDArray[np.float64], share: float, pairs: float, times: npt.NDArray[np.int64] | int = 1
) -> float:
    """Return the share of `pairs` that belong together, from the weights that `times` pairs got under another `share`.

    Expectation maximisation in one unknown: the probabilities under a share sum up to the next one.
    """
    evidence = np.exp2(np.clip(weights - log2(share / (1 - share)), -500, 500))
    for _ in range(_ROUNDS):
        odds = evidence * (share / (1 - share))
        found = float((times * odds / (1 + odds)).sum()) / pairs
        share = min(max(found, 0.1 / pairs), 0.5)
    return share
