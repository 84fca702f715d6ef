"""Plain Python: each scheme as a function by hand."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right

import explaining
from explaining import BAND_LADDER, BANDS, POINTS, RATING_LADDER, RATINGS, Explanation, Records
from tables import Answers, Food, Safety, window

NAME = "plain Python"
UNSTATED = {
    "food": "nothing, in a program",
    "safety": "nothing, in a program",
}


def food_one(records: Records, on: dt.date) -> Explanation:
    placed = sorted((record for record in records if record["act"] <= on), key=lambda record: record["act"])
    last = placed[-1]
    total, worst, grade = rating(last["hygiene"], last["structural"], last["confidence"])
    return explaining.food(placed, total, worst, grade)


def rating(hygiene: int, structural: int, confidence: int) -> tuple[int, int, str]:
    """Return total, highest score and rating."""
    total, worst = hygiene + structural + confidence, max(hygiene, structural, confidence)
    for grade, (most, single) in zip(RATINGS, RATING_LADDER, strict=False):
        if total <= most and worst <= single:
            return total, worst, grade
    return total, worst, "0"


def food_many(table: Food, on: dt.date) -> Answers:
    totals, grades = [], []
    for scores in zip(*(column.tolist() for column in table.scores), strict=True):
        total, _, grade = rating(*scores)
        totals.append(total)
        grades.append(grade)
    return totals, grades


def safety_one(records: Records, on: dt.date) -> Explanation:
    entries = explaining.safety_entries(sorted(records, key=lambda record: record["act"]), on)
    points = sum(entry["amount"] for entry in entries if entry["counts"])
    return explaining.safety(entries, points, BANDS[bisect_right(BAND_LADDER, points)])


def safety_many(table: Safety, on: dt.date) -> Answers:
    since = window(on)
    totals = [sum([POINTS[event] for day, event in events if day > since]) for events in table.pairs()]
    return totals, [BANDS[bisect_right(BAND_LADDER, points)] for points in totals]
