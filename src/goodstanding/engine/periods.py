"""Periods of the law on calendar days.

A period runs forward from its day. `12 months after D` does not count D: its last day has D's number in the twelfth
month, or is that month's last day. `12 months beginning D` counts D: it ends the day before that number, or on the
month's last day. Ends are given as the first day that no longer belongs to the period; what would end after the year
9999 ends never, on `FOREVER`.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

from goodstanding.policy.model import Calendar

DAY = dt.timedelta(days=1)
FOREVER = dt.date.max
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Period(NamedTuple):
    """Days from `start` until the day before `end`."""

    start: dt.date
    end: dt.date


def end_of_period(count: int, unit: str, start: dt.date, *, counted: bool) -> dt.date:
    """Return the first day after a period of `count` days, months or years; `counted` says whether `start` is in it.

    >>> end_of_period(1, "years", dt.date(2021, 3, 1), counted=False)
    datetime.date(2022, 3, 2)
    >>> end_of_period(30, "months", dt.date(2024, 3, 15), counted=True)
    datetime.date(2026, 9, 15)
    >>> end_of_period(1, "months", dt.date(2024, 1, 31), counted=True)
    datetime.date(2024, 3, 1)
    """
    try:
        if unit == "days":
            return start + dt.timedelta(days=count) + (dt.timedelta(0) if counted else DAY)
        same = later(start, count, unit)
        return same if counted and same.day == start.day else same + DAY
    except OverflowError:
        return FOREVER


def later(day: dt.date, count: int, unit: str) -> dt.date:
    """Return the day so many days, months or years after one: the same number, or that month's last day.

    >>> later(dt.date(2024, 1, 31), 1, "months")
    datetime.date(2024, 2, 29)
    """
    try:
        if unit == "days":
            return day + dt.timedelta(days=count)
        months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
        year, month = divmod(months, 12)
        if year > FOREVER.year:
            return FOREVER
        return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    except OverflowError:
        return FOREVER


def end_of_working_days(count: int, start: dt.date, days: Calendar, *, counted: bool) -> dt.date:
    """Return the first day after a period of `count` working days; `counted` says whether `start` can be one of them.

    The period ends at the end of its last working day. What a calendar does not name is a working day or not by its
    day of the week.
    """
    rest = {_WEEK.index(name) for name in days.rest}
    holidays, worked = frozenset(days.holidays), frozenset(days.worked)
    if start == FOREVER:
        return FOREVER
    day = start if counted else start + DAY
    while count > 0:
        count -= _works(day, rest, holidays, worked)
        day += DAY
    return day


def _works(day: dt.date, rest: Collection[int], holidays: Collection[dt.date], worked: Collection[dt.date]) -> bool:
    return day in worked or (day.weekday() not in rest and day not in holidays)


def month_after(day: dt.date) -> dt.date:
    """Return the first day of the month after the one in which a day lies."""
    return later(day.replace(day=1), 1, "months")


def year_after(day: dt.date) -> dt.date:
    """Return the first day of the year after the one in which a day lies."""
    return later(year_of(day), 1, "years")


def year_of(day: dt.date) -> dt.date:
    """Return the first day of the year in which a day lies."""
    return day.replace(month=1, day=1)


def full(unit: str, first: dt.date, last: dt.date) -> int:
    """Return how many days or whole months or years lie between two days; none, 0, where the second is not the later.

    >>> full("years", dt.date(2004, 2, 29), dt.date(2005, 2, 28))
    1
    >>> full("days", dt.date(2004, 2, 28), dt.date(2004, 3, 1))
    2
    """
    if unit == "days":
        return max(0, (last - first).days)
    count = max(0, (last.year - first.year) * 12 + last.month - first.month) // (12 if unit == "years" else 1)
    while count and later(first, count, unit) > last:
        count -= 1
    return count


def next_of(count: int, unit: str, first: dt.date, after: dt.date) -> dt.date:
    """Return the first of the days `first`, and every so long after it, that is after a day.

    >>> next_of(12, "months", dt.date(2020, 5, 1), dt.date(2022, 5, 1))
    datetime.date(2023, 5, 1)
    """
    if FOREVER in (first, after):
        return FOREVER
    if unit == "days":
        steps = max(0, -((first - after).days - 1) // count) if first <= after else 0
        day = first + dt.timedelta(days=steps * count)
        return day if day > after else day + dt.timedelta(days=count)
    months = count * (12 if unit == "years" else 1)
    steps = max(0, (full("months", first, after) // months) if first <= after else 0)
    while later(first, steps * months, "months") <= after:
        steps += 1
    return later(first, steps * months, "months")
