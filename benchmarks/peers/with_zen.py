"""The ZEN engine: one compiled expression a scheme, which is its fastest form, mapped over many subjects at once."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import explaining
import numpy as np
import zen
from explaining import BAND_LADDER, BANDS, POINTS, RATING_LADDER, RATINGS, SCORES, Explanation, Records
from tables import EPOCH, Answers, Food, Safety, window

NAME = "ZEN engine"
UNSTATED = {
    "food": "that a later inspection replaces an earlier one; periods of law; which record, interval and clause an "
    "amount comes from (added in Python)",
    "safety": "periods of law; which record, interval and clause an amount comes from (added in Python). It knows "
    "months, but is faster when given the window's first day",
}
AT_ONCE = 1000
_RATING = " : ".join(
    f"#[0] <= {most} and #[1] <= {single} ? '{grade}'"
    for grade, (most, single) in zip(RATINGS, RATING_LADDER, strict=False)
)
_BAND = " : ".join(f"# < {least} ? '{band}'" for band, least in zip(BANDS, BAND_LADDER, strict=False))
FOOD = zen.compile_expression(f"map(map(rows, [sum(#), max(#)]), [#[0], #[1], {_RATING} : '0'])")
SAFETY = zen.compile_expression(
    f"map(map(rows, sum(map(filter(#, #[0] > #[2]), {POINTS}[#[1]]))), [#, {_BAND} : '{BANDS[-1]}'])"
)


def food_one(records: Records, on: dt.date) -> Explanation:
    ((total, worst, grade),) = FOOD.evaluate({"rows": [[records[0][name] for name in SCORES]]})
    return explaining.food(records, int(total), int(worst), grade)


def food_many(table: Food, on: dt.date) -> Answers:
    rows = np.column_stack(table.scores).tolist()
    found = [
        one for first in range(0, len(rows), AT_ONCE) for one in FOOD.evaluate({"rows": rows[first : first + AT_ONCE]})
    ]
    return [int(total) for total, _, _ in found], [grade for _, _, grade in found]


def safety_one(records: Records, on: dt.date) -> Explanation:
    since = window(on)
    events = [[(record["act"] - EPOCH).days, record["event"], since] for record in records]
    ((points, band),) = SAFETY.evaluate({"rows": [events]})
    return explaining.safety(explaining.safety_entries(records, on), int(points), band)


def safety_many(table: Safety, on: dt.date) -> Answers:
    since, firms, found = window(on), table.pairs(), []
    while rows := [[[*event, since] for event in events] for events in islice(firms, AT_ONCE)]:
        found += SAFETY.evaluate({"rows": rows})
    return [int(points) for points, _ in found], [band for _, band in found]
