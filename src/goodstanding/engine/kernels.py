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


@kernel
def _civil(day: Any) -> tuple[int, int, int]:
    """Return year, month (from 1) and day of the month."""
    shifted = day + 719468
    era = shifted // 146097
    of_era = shifted - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    in_month = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (1 if month <= 2 else 0), month, in_month


@kernel
def _day_of(year: int, month: int, in_month: int) -> int:
    """Return the day since 1970-01-01."""
    year = year - 1 if month <= 2 else year
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + in_month - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@kernel
def ends_of_periods(start: Array, period: Array, count: Array, months: Array, counted: bool) -> Array:
    """Return the first day after each period, as `periods.end_of_period`; ABSENT where the start is.

    `period` indexes `count` (how many days or months) and `months` (whether they are months).
    """
    ends = np.empty(len(start), np.int64)
    for row in range(len(start)):
        if start[row] == ABSENT:
            ends[row] = ABSENT
            continue
        many = count[period[row]]
        if not months[period[row]]:
            ends[row] = start[row] + many + (0 if counted else 1)
            continue
        year, month, in_month = _civil(np.int64(start[row]))
        ahead = year * 12 + month - 1 + many
        first = _day_of(ahead // 12, ahead % 12 + 1, 1)
        ahead += 1
        following = _day_of(ahead // 12, ahead % 12 + 1, 1)
        same = first + in_month - 1
        ends[row] = following if same >= following else same + (0 if counted else 1)
    return ends


@kernel
def next_days(offsets: Array, act: Array, marked: Array, on: int) -> Array:
    """Return for each record the day of the subject's next marked record after it, NEVER where there is none."""
    following = np.full(len(act), NEVER, np.int32)
    for subject in range(len(offsets) - 1):
        later = NEVER
        for row in range(offsets[subject + 1] - 1, offsets[subject] - 1, -1):
            if act[row] <= on:
                following[row] = later
                if marked[row]:
                    later = act[row]
    return following


@kernel
def ending_days(offsets: Array, act: Array, occurrence: Array, marked: Array, on: int, none: int) -> Array:
    """Return for each record the first day, its own or later, of a marked one of its occurrence, else `none`."""
    ends = np.full(len(act), none, np.int32)
    seen = np.full(len(act), none, np.int32)
    for subject in range(len(offsets) - 1):
        last = offsets[subject + 1] - 1
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
def shares(owner: Array, act: Array, amount: Array, ladder: tuple[Array, Array, int]) -> tuple[Array, Array]:
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
        this, _, _ = _civil(np.int64(act[entry]))
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


@kernel
def add(owner: Array, amount: Array, counts: Array, factor: int, sums: Array) -> None:
    """Add to each subject's sum the amounts, times a factor, of its entries that count."""
    for entry in range(len(owner)):
        if counts[entry]:
            sums[owner[entry]] += amount[entry] * factor


@kernel
def greatest(owner: Array, value: Array, counts: Array, found: Array) -> None:
    """Raise what is found for each subject to the greatest value of its entries that count."""
    for entry in range(len(owner)):
        if counts[entry] and value[entry] > found[owner[entry]]:
            found[owner[entry]] = value[entry]


@kernel
def next_edges(owner: Array, start: Array, until: Array, on: int, found: Array) -> None:
    """Lower what is found for each subject to the first day after `on` on which an entry of its starts or ends."""
    for entry in range(len(owner)):
        if on < start[entry] < found[owner[entry]]:
            found[owner[entry]] = start[entry]
        if on < until[entry] < found[owner[entry]]:
            found[owner[entry]] = until[entry]
