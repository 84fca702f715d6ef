"""A register of food establishments in the shape of the Food Standards Agency's open data, for tests without it.

Shares of scores and of unrated establishments are rounded from the agency's data of 2015 (Open Government Licence v3).
The rating follows the table printed in the Food Hygiene Rating Scheme's Brand Standard; it is written down here once
more, apart from policy and engine, so that both can be held against it.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from goodstanding.lab.draws import Ints, choice, uniform

COLUMNS = ("la_code", "fhrsid", "ratingvalue", "hygiene", "structural", "confidenceinmanagement", "ratingdate")
LATEST = dt.date(2015, 2, 16)
_SCORES: dict[str, dict[int, int]] = {
    "hygiene": {0: 3388, 5: 4668, 10: 1619, 15: 294, 20: 28, 25: 3},
    "structural": {0: 2832, 5: 4717, 10: 2060, 15: 351, 20: 35, 25: 5},
    "confidenceinmanagement": {0: 2627, 5: 4456, 10: 2498, 20: 402, 30: 17},
}
_ALIKE = 0.6
"""The share of establishments whose three scores are drawn alike."""
_TABLE = ((15, 5, "5"), (20, 10, "4"), (30, 10, "3"), (40, 15, "2"), (50, 20, "1"))
"""Up to this total, with no score above this: this rating; else 0."""
_STATES = {"scored": 81580, "unscored": 1103}
_UNRATED = {
    "Pass": (7412, 1.0),
    "Exempt": (6610, 0.95),
    "AwaitingInspection": (1791, 0.02),
    "Improvement Required": (905, 1.0),
    "Awaiting Inspection": (488, 0.67),
    "Pass and Eat Safe": (110, 1.0),
    "AwaitingPublication": (1, 1.0),
}
"""What is published in the place of a rating: how often in 100,000, and the share that has a date."""
_AUTHORITY_SIZE = 1200
_DAYS = 1600


def food_register(seed: int, establishments: int) -> pl.DataFrame:
    """Return a register with the columns `COLUMNS`, all text: published ratings with scores, dates as 2015-02-16.

    Scores are null where there is no rating, and for about 1 in 75 ratings; ratingdate is null for some establishments
    that have no rating.
    """
    scores = _scores(seed, establishments)
    states = [*_STATES, *_UNRATED]
    weights = [*_STATES.values(), *(weight for weight, _ in _UNRATED.values())]
    state = pl.Series(states).gather(pl.Series(choice(uniform(seed, "food:state", establishments), weights)))
    dated = state.replace_strict({name: share for name, (_, share) in _UNRATED.items()}, default=1.0)
    age = np.floor(uniform(seed, "food:age", establishments) ** 2 * _DAYS).astype(np.int64)
    has_date = pl.Series(uniform(seed, "food:dated", establishments)) < dated
    authorities = max(establishments // _AUTHORITY_SIZE, 1)
    place = pl.Series(np.arange(establishments))
    rated, scored = pl.col("state").is_in(list(_STATES)), pl.col("state") == "scored"
    return pl.DataFrame({"state": state, "rating": official_rating(*scores.values()), **scores}).select(
        (place * authorities // max(establishments, 1) + 100).cast(pl.String).alias("la_code"),
        place.cast(pl.String).alias("fhrsid"),
        pl.when(rated).then("rating").otherwise("state").alias("ratingvalue"),
        *(pl.when(scored).then(name).cast(pl.String).alias(name) for name in _SCORES),
        pl.when(has_date).then(pl.lit(np.datetime64(LATEST) - age)).cast(pl.Date).cast(pl.String).alias("ratingdate"),
    )


def official_rating(hygiene: Ints, structural: Ints, confidence: Ints) -> pl.Series:
    """Return the published rating, "0" to "5", for three scores (higher is worse)."""
    total, worst = hygiene + structural + confidence, np.maximum(np.maximum(hygiene, structural), confidence)
    rows = [(total <= most) & (worst <= limit) for most, limit, _ in _TABLE]
    return pl.Series(np.select(rows, [rating for *_, rating in _TABLE], "0").astype(str), dtype=pl.String)


def _scores(seed: int, count: int) -> dict[str, Ints]:
    common, alike = uniform(seed, "food:common", count), uniform(seed, "food:alike", count) < _ALIKE
    drawn = {}
    for name, shares in _SCORES.items():
        place = np.where(alike, common, uniform(seed, f"food:{name}", count))
        drawn[name] = np.array(list(shares))[choice(place, list(shares.values()))]
    return drawn
