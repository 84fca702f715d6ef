"""The explanation that everybody returns for one dossier, as data: entries, arithmetic, score and grade.

A dossier is a list of records, each a dict: `id` and `act` (a date), and the three scores of an inspection or the
number of an `event`. Engines that answer with numbers only are given the rest here, in as little Python as it takes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

Records = Sequence[dict[str, Any]]
Explanation = dict[str, Any]

SCORES = ("hygiene", "structural", "confidence")
RATINGS = ("5", "4", "3", "2", "1", "0")
RATING_LADDER = ((15, 5), (20, 10), (30, 10), (40, 15), (50, 20))
"""The most in total and the highest single score for each rating but the worst."""

EVENTS = (("fine", 1, "start"), ("order", 5, "dates"), ("order", 10, "dates"),
          ("prosecution", 25, "dates"), ("prosecution", 50, "dates"))  # fmt: skip
"""Rule, points and clause of a fine, a partial and a full stop-work order, and a prosecution for one or more deaths."""
POINTS = [points for _, points, _ in EVENTS]
MONTHS = 18
BANDS = ("none-yet", "months-3", "months-6", "year-1", "years-2", "no-renewals")
BAND_LADDER = (25, 50, 75, 100, 125)
"""The points at which each band but the first begins."""


def food(records: Records, total: int, worst: int, grade: str) -> Explanation:
    """Explain a rating: of every inspection three entries, each until the day of the next inspection."""
    untils = [record["act"] for record in records[1:]] + [None]
    last = records[-1]
    h, s, c = last["hygiene"], last["structural"], last["confidence"]
    entries = [
        {"record": record["id"], "rule": rule, "amount": record[rule], "start": record["act"], "until": until,
         "counts": until is None, "clause": "criteria"}
        for record, until in zip(records, untils, strict=True) for rule in SCORES
    ]  # fmt: skip
    arithmetic = [
        {"name": "total", "filled": f"{h} + {s} + {c}", "result": total, "clause": "mapping"},
        {"name": "worst", "filled": f"max({h}, {s}, {c})", "result": worst, "clause": "mapping"},
    ]
    return {"score": total, "grade": grade, "entries": entries, "arithmetic": arithmetic}


def safety(entries: list[dict[str, Any]], points: int, band: str) -> Explanation:
    """Explain a band of debarment from the entries and the points of those that count."""
    filled = " + ".join(str(entry["amount"]) for entry in entries if entry["counts"]) or "0"
    arithmetic = [{"name": "total", "filled": filled, "result": points, "clause": "window"}]
    return {"score": points, "grade": band, "entries": entries, "arithmetic": arithmetic}


def safety_entries(records: Records, on: dt.date) -> list[dict[str, Any]]:
    """Return an entry of every event, which counts for 18 months that begin on its day."""
    entries = []
    for record in records:
        rule, amount, clause = EVENTS[record["event"]]
        start = record["act"]
        until = months_later(start)
        entries.append({"record": record["id"], "rule": rule, "amount": amount, "start": start, "until": until,
                        "counts": on < until, "clause": clause})  # fmt: skip
    return entries


def months_later(day: dt.date) -> dt.date:
    """Return the first day after the window that begins on a day."""
    year, month = divmod(day.year * 12 + day.month - 1 + MONTHS, 12)
    try:
        return dt.date(year, month + 1, day.day)
    except ValueError:  # that month is shorter
        return dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
