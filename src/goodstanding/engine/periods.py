"""Periods of the law on calendar days.

A period runs forward from its day. `12 months after D` does not count D: its last day has D's number in the twelfth
month, or is that month's last day. `12 months beginning D` counts D: it ends the day before that number, or on the
month's last day. Ends are given as the first day that no longer belongs to the period.
"""

from __future__ import annotations

import calendar
import datetime as dt

DAY = dt.timedelta(days=1)


def end_of_period(count: int, unit: str, start: dt.date, *, counted: bool) -> dt.date:
    """Return the first day after a period of `count` days, months or years; `counted` says whether `start` is in it.

    >>> end_of_period(1, "years", dt.date(2021, 3, 1), counted=False)
    datetime.date(2022, 3, 2)
    >>> end_of_period(30, "months", dt.date(2024, 3, 15), counted=True)
    datetime.date(2026, 9, 15)
    >>> end_of_period(1, "months", dt.date(2024, 1, 31), counted=True)
    datetime.date(2024, 3, 1)
    """
    if unit == "days":
        return start + dt.timedelta(days=count) + (dt.timedelta(0) if counted else DAY)
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    if start.day > length:
        return dt.date(year, month + 1, length) + DAY
    same = dt.date(year, month + 1, start.day)
    return same if counted else same + DAY
