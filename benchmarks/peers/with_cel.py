"""CEL, by the Rust library `common-expression-language`: one compiled expression a scheme, executed for each subject.

Its macros over a list cost time that grows with the square of its length, so a million is a million executions.
"""

from __future__ import annotations

import datetime as dt

import cel
import explaining
from explaining import BAND_LADDER, BANDS, POINTS, RATING_LADDER, RATINGS, SCORES, Explanation, Records
from tables import EPOCH, Answers, Food, Safety, window

NAME = "CEL"
UNSTATED = {
    "food": "that a later inspection replaces an earlier one; periods of law; which record, interval and clause an "
    "amount comes from (added in Python)",
    "safety": "months (it is given the window's first day) and sums (it is given Python's); periods of law; "
    "which record, interval and clause an amount comes from (added in Python)",
}
_TOTAL = " + ".join(SCORES)
_WORST = "hygiene >= structural && hygiene >= confidence ? hygiene : structural >= confidence ? structural : confidence"
_RATING = " : ".join(
    f"t[0] <= {most} && t[1] <= {single} ? '{grade}'"
    for grade, (most, single) in zip(RATINGS, RATING_LADDER, strict=False)
)
_BAND = " : ".join(f"p < {least} ? '{band}'" for band, least in zip(BANDS, BAND_LADDER, strict=False))
FOOD = cel.compile(f"[[{_TOTAL}, {_WORST}]].map(t, [t[0], t[1], {_RATING} : '0'])[0]")
SAFETY = cel.compile(f"[sum(events.map(e, e[0] > since, {POINTS}[e[1]]))].map(p, [p, {_BAND} : '{BANDS[-1]}'])[0]")


def food_one(records: Records, on: dt.date) -> Explanation:
    return explaining.food(records, *FOOD.execute({name: records[0][name] for name in SCORES}))


def food_many(table: Food, on: dt.date) -> Answers:
    columns = (column.tolist() for column in table.scores)
    found = [FOOD.execute({"hygiene": h, "structural": s, "confidence": c}) for h, s, c in zip(*columns, strict=True)]
    return [total for total, _, _ in found], [grade for _, _, grade in found]


def safety_one(records: Records, on: dt.date) -> Explanation:
    events = [[(record["act"] - EPOCH).days, record["event"]] for record in records]
    points, band = SAFETY.execute({"events": events, "since": window(on), "sum": sum})
    return explaining.safety(explaining.safety_entries(records, on), points, band)


def safety_many(table: Safety, on: dt.date) -> Answers:
    since = window(on)
    found = [SAFETY.execute({"events": events, "since": since, "sum": sum}) for events in table.pairs()]
    return [points for points, _ in found], [band for _, band in found]
