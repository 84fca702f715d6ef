"""Loops over sorted records that NumPy cannot do at once, compiled by Numba and kept on disk.

Every kernel takes flat arrays of one range of subjects: `owner` is the subject's place in the range, days are counted
from 1970-01-01, records and entries stand in order of subject, day, occurrence and digest. None of them knows a
policy: what differs between policies comes in as arrays. All arithmetic is on 64-bit whole numbers whose bounds the
caller has checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Array = npt.NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])

NEVER = 2**31 - 1
"""The end of what has no end, as a day."""
ABSENT = -(2**31)
"""A day that is not there: the end of conduct that goes on."""
NO_CAP = 2**63 - 1
"""The cap of a ladder that has none."""


def kernel(function: Function) -> Function:
    """Compile a function on its first call, release the lock on Python while it runs, and keep the code on disk."""
    return cast("Function", njit(cache=True, nogil=True)(function))


FIRST_DAYS = np.arange("0000-01", "10001-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int32)
"""The first day of every month, by months since January of the year 0."""


@kernel
def month_of(day: Any, first_days: Array) -> Any:
    """Return the month of a day, in months since January of the year 0; a month has 487/16 days on average."""
    month = (day - first_days[0]) * 16 // 487
    while first_days[month] > day:
        month -= 1
    while first_days[month + 1] <= day:
        month += 1
    return month


@kernel
def ends_of_periods(
    start: Array, period: Array, count: Array, months: Array, counted: bool, first_days: Array
) -> tuple[Array, Any]:
    """Return the first day after each period, as `periods.end_of_period`, ABSENT where the start is; and the latest.

    `period` indexes `count` (how many days or months) and `months` (whether they are months).
    """
    ends = np.empty(len(start), np.int32)
    latest, added = np.int64(ABSENT), 0 if counted else 1
    for row in range(len(start)):
        day, many = np.int64(start[row]), count[period[row]]
        if day == ABSENT:
            ends[row] = ABSENT
            continue
        end = day + many + added
        if months[period[row]]:
            month = month_of(day, first_days)
            ahead = min(month + many, len(first_days) - 2)
            end = min(first_days[ahead] + day - first_days[month] + added, np.int64(first_days[ahead + 1]))
        ends[row] = min(end, first_days[-1])
        latest = max(latest, end)
    return ends, latest


@kernel
def first_alike(owner: Array, key: Array) -> Array:
    """Return for each row the first one with the same owner and key; in a table of slots that is at most half full."""
    size = 2
    while size < 2 * len(owner):
        size *= 2
    slots, first = np.full(size, -1, np.int32), np.empty(len(owner), np.int32)
    for row in range(len(owner)):
        slot = np.int64((key[row] ^ (np.uint64(owner[row]) * np.uint64(0x9E3779B97F4A7C15))) & np.uint64(size - 1))
        while slots[slot] >= 0 and (owner[slots[slot]] != owner[row] or key[slots[slot]] != key[row]):
            slot = (slot + 1) % size
        if slots[slot] < 0:
            slots[slot] = row
        first[row] = slots[slot]
    return first


@kernel
def ending_days(offsets: Array, act: Array, occurrence: Array, marked: Array, on: int, none: int) -> Array:
    """Return for each record the first day, its own or later, of a marked one of its occurrence, else `none`."""
    ends = np.full(len(act), none, np.int32)
    seen = np.full(len(act), none, np.int32)
    for subject in range(len(offsets) - 1):
        last = offsets[subject + 1] - 1
        if not marked[offsets[subject] : last + 1].any():
            continue
        while last >= offsets[subject]:
            first = last
            while first > offsets[subject] and act[first - 1] == act[last]:
                first -= 1
            if act[last] <= on:
                for row in range(first, last + 1):
                    if marked[row]:
                        seen[occurrence[row]] = act[row]
                for row in range(first, last + 1):
                    ends[row] = seen[occurrence[row]]
            last = first - 1
    return ends


@kernel
def chosen(occurrence: Array, amount: Array, unknown: Array, sign: int, records: int) -> Array:
    """Return which draft of each occurrence is kept: the first unknown one, else the first with the least amount.

    `sign` is -1 where the greatest counts. `occurrence` is below `records`.
    """
    best = np.full(records, -1, np.int64)
    for draft in range(len(occurrence)):
        held = best[occurrence[draft]]
        if held < 0 or (not unknown[held] and (unknown[draft] or sign * amount[draft] < sign * amount[held])):
            best[occurrence[draft]] = draft
    kept = np.zeros(len(occurrence), np.bool_)
    for draft in range(len(occurrence)):
        kept[draft] = best[occurrence[draft]] == draft
    return kept


@kernel
def _on_ladder(total: Any, brackets: Array, steps: Array, cap: Any) -> Any:
    points = np.int64(0)
    for row in range(len(brackets)):
        inside = min(total, brackets[row, 1]) - brackets[row, 0]
        if inside > 0:
            points += inside // brackets[row, 2] * brackets[row, 3]
    for row in range(len(steps)):
        if total >= steps[row, 0]:
            points = steps[row, 1]
    return min(points, cap)


@kernel
def shares(
    owner: Array, act: Array, amount: Array, ladder: tuple[Array, Array, int], first_days: Array
) -> tuple[Array, Array]:
    """Return what each amount adds to a ladder of the running total, and which running total it belongs to.

    A total runs within one subject and calendar year. The ladder's brackets are rows of over, top, each, points; its
    steps rows of at, points.
    """
    brackets, steps, cap = ladder
    added = np.empty(len(owner), np.int64)
    run = np.empty(len(owner), np.int64)
    total: Any = np.int64(0)
    before: Any = np.int64(0)
    year, number = 0, -1
    for entry in range(len(owner)):
        this = month_of(np.int64(act[entry]), first_days) // 12
        if entry == 0 or owner[entry] != owner[entry - 1] or this != year:
            total, year, number = np.int64(0), this, number + 1
            before = _on_ladder(total, brackets, steps, cap)
        total += amount[entry]
        after = _on_ladder(total, brackets, steps, cap)
        added[entry], run[entry] = after - before, number
        before = after
    return added, run


@kernel
def repeated(owner: Array, item: Array, act: Array, start: Array, until: Array, doubtful: Array, items: int) -> Array:
    """Return whether an earlier day's entry of the same item counts on the day of the act: 0 no, 1 yes, 2 perhaps."""
    latest = np.full(items, -1, np.int64)
    previous = np.empty(len(owner), np.int64)
    of_earlier_day = np.empty(len(owner), np.int64)
    repeats = np.zeros(len(owner), np.int8)
    for entry in range(len(owner)):
        earlier = latest[item[entry]]
        if earlier >= 0 and owner[earlier] != owner[entry]:
            earlier = -1
        latest[item[entry]] = entry
        previous[entry] = earlier
        if earlier >= 0 and act[earlier] == act[entry]:
            earlier = of_earlier_day[earlier]
        of_earlier_day[entry] = earlier
        while earlier >= 0 and repeats[entry] != 1:
            if start[earlier] <= act[entry] < until[earlier]:
                repeats[entry] = 2 if doubtful[earlier] else 1
            earlier = previous[earlier]
    return repeats
