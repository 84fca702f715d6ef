"""What generated code calls: the calendar, rounding, ladders and exact quotients, on whole numbers only.

Each function means what the one of the same purpose in `periods` or `evaluation` means. Days are counted from
1970-01-01. Every function runs as plain Python and compiled by LLVM alike: no objects, no exceptions. What may pass
62 bits sets `bad`, which hands the subject to the exact evaluator; a result that comes with it means nothing.
"""

from __future__ import annotations

from typing import Any

FOREVER = 2932896
"""9999-12-31: the end of what has no end, and of what would end later than the calendar."""
NOWHERE = -(2**31)
"""A day or a code that a record does not have."""
NOTHING = -(2**63)
"""A number that a record does not have."""
SEVERAL = -1
"""What is missing where it is more than a set holds; 0 where nothing is."""
SETS, FACT_BITS = 2**61, 15
"""Sets are numbers from 2^61 on, of up to four facts below 2^15 each, the least first; other facts are in no set."""
DAYS, MONTHS, WORKING = 0, 1, 2
"""Units of durations; years are twelve months."""
HALF_UP, HALF_EVEN, DOWN, UP, FLOOR, CEILING = range(6)
"""Modes of rounding."""


def with_fact(some: int, fact: int) -> int:
    """Return the facts of a set with one more, SEVERAL where there is no room."""
    below, place, full = 0, 0, some >= 35184372088832
    while some & 32767 != 0 and some & 32767 < fact:
        below = below | (some & 32767) << place
        place += 15
        some = some >> 15
    if some & 32767 == fact:
        return below | some << place
    if full:
        return -1
    return below | (some << 15 | fact) << place


def united(one: int, other: int) -> int:
    """Return two facts or sets, neither of them 0, as a set, or SEVERAL."""
    if one < 0 or other < 0 or 32767 < one < 2305843009213693952 or 32767 < other < 2305843009213693952:
        return -1
    some, rest = one & 2305843009213693951, other & 2305843009213693951
    while rest != 0 and some >= 0:
        some, rest = with_fact(some, rest & 32767), rest >> 15
    return some | 2305843009213693952 if some >= 0 else -1


def join(one: int, other: int) -> int:
    """Return what is missing where one or the other is: 0 nothing, the number of one fact, a set, or SEVERAL."""
    if one == 0:
        return other
    if one == other:
        return one
    return one if other == 0 else united(one, other)


def add(one: int, other: int, bad: int) -> tuple[int, int]:
    """Return a sum, of numbers of at most 62 bits."""
    total = one + other
    if total > 4611686018427387904 or total < -4611686018427387904:
        return 0, 1
    return total, bad


def mul(one: int, other: int, bad: int) -> tuple[int, int]:
    """Return a product."""
    size = float(one) * float(other)
    if size > 4.6e18 or size < -4.6e18:
        return 0, 1
    return one * other, bad


def gcd(one: int, other: int) -> int:
    """Return the greatest common divisor of a number and a positive one."""
    if one < 0:
        one = -one
    while other != 0:
        one, other = other, one % other
    return one


def reduced(top: int, bottom: int) -> tuple[int, int]:
    """Return a quotient in its least terms, its divisor (not 0) made positive."""
    if bottom < 0:
        top, bottom = -top, -bottom
    common = gcd(top, bottom)
    if common <= 1:
        return top, bottom
    return top // common, bottom // common


def q_mul(a: int, b: int, c: int, d: int, bad: int) -> tuple[int, int, int]:
    """Return a/b times c/d as quotient and `bad`."""
    a, d = reduced(a, d)
    c, b = reduced(c, b)
    top, bad = mul(a, c, bad)
    bottom, bad = mul(b, d, bad)
    if bad != 0:
        return 0, 1, bad
    return top, bottom, bad


def q_add(a: int, b: int, c: int, d: int, bad: int) -> tuple[int, int, int]:
    """Return a/b plus c/d as quotient and `bad`."""
    if b == d:
        top, bad = add(a, c, bad)
        top, bottom = reduced(top, b)
        return top, bottom, bad
    common = gcd(b, d)
    left, bad = mul(a, d // common, bad)
    right, bad = mul(c, b // common, bad)
    bottom, bad = mul(b // common, d, bad)
    top, bad = add(left, right, bad)
    if bad != 0:
        return 0, 1, bad
    top, bottom = reduced(top, bottom)
    return top, bottom, bad


def q_cmp(a: int, b: int, c: int, d: int, bad: int) -> tuple[int, int]:
    """Return -1, 0 or 1 as a/b is less than, equal to or more than c/d, and `bad`; by whole parts, then the rests."""
    sign = 1
    for _ in range(200):
        whole, other = a // b, c // d
        if whole != other:
            return (sign if whole > other else -sign), bad
        a, c = a - whole * b, c - whole * d
        if a == 0 or c == 0:
            if a == c:
                return 0, bad
            return (sign if c == 0 else -sign), bad
        a, b, c, d, sign = b, a, d, c, -sign
    return 0, 1


def halves(below: int, rest: int, bottom: int, negative: bool, mode: int) -> int:
    """Return the steps of a rounded number: `below` whole ones and rest/bottom of one, not 0."""
    if mode == 4:
        return below
    if mode == 5:
        return below + 1
    if mode == 2:
        return below + (1 if negative else 0)
    if mode == 3:
        return below + (0 if negative else 1)
    if rest != bottom - rest:
        return below + (1 if rest > bottom - rest else 0)
    if mode == 1:
        return below + below % 2
    return below + (0 if negative else 1)


def rounded(top: int, bottom: int, mode: int) -> int:
    """Return top/bottom (bottom above 0) as a whole number, rounded so."""
    below = top // bottom
    rest = top - below * bottom
    if rest == 0:
        return below
    return halves(below, rest, bottom, top < 0, mode)


def civil(day: int) -> tuple[int, int]:
    """Return the month of a day, counted from January of the year 0, and its number in that month, from 0."""
    shifted = day + 719468
    era = shifted // 146097
    of_era = shifted - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return (year + era * 400) * 12 + month + 2, of_year - (153 * month + 2) // 5


def first_day(month: int) -> int:
    """Return the first day of a month that is counted from January of the year 0."""
    shifted = month - 2
    year = shifted // 12
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (shifted - year * 12) + 2) // 5
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def later(day: int, count: int, unit: int) -> int:
    """Return the day so many days or months after one: the same number, or that month's last day."""
    if unit == 0:
        return min(day + count, FOREVER)
    month, number = civil(day)
    month += count
    if month >= 120000:
        return FOREVER
    first = first_day(month)
    if number > 27:
        return min(first + number, first_day(month + 1) - 1)
    return first + number


def end_of_period(start: int, count: int, unit: int, counted: bool) -> int:
    """Return the first day after a period of days or months."""
    if unit == 0:
        return min(start + count + (0 if counted else 1), FOREVER)
    month, number = civil(start)
    month += count
    if month >= 120000:
        return FOREVER
    end = first_day(month) + number + (0 if counted else 1)
    if number > 27:
        end = min(end, first_day(month + 1))
    return min(end, FOREVER)


def near_end(start: int, count: int, unit: int, counted: bool, table: Any) -> int:
    """Return what `end_of_period` does, by the table's first days of months where they reach."""
    if unit == 0:
        return min(start + count + (0 if counted else 1), FOREVER)
    months: int = table[0]
    if start < table[months] or start >= table[months + 2399] or count > 600:
        return end_of_period(start, count, unit, counted)
    month = (start - table[months]) * 16 // 487
    if table[months + month] > start:
        month -= 1
    if table[months + month + 1] <= start:
        month += 1
    end: int = table[months + month + count] + start - table[months + month] + (0 if counted else 1)
    following: int = table[months + month + count + 1]
    return min(end, following)


def month_after(day: int) -> int:
    """Return the first day of the next month."""
    month, _ = civil(day)
    return FOREVER if month >= 119999 else first_day(month + 1)


def year_of(day: int) -> int:
    """Return the first day of the year."""
    month, _ = civil(day)
    return first_day(month // 12 * 12)


def year_after(day: int) -> int:
    """Return the first day of the next year."""
    month, _ = civil(day)
    return FOREVER if month >= 119988 else first_day(month // 12 * 12 + 12)


def full(months: int, first: int, last: int) -> int:
    """Return how many whole stretches of so many months lie between two days; for 0 months how many days do."""
    if months == 0:
        return max(0, last - first)
    begun, _ = civil(first)
    over, _ = civil(last)
    count = max(0, over - begun) // months
    while count > 0 and later(first, count * months, 1) > last:
        count -= 1
    return count


def next_of(count: int, unit: int, first: int, after: int) -> int:
    """Return the first of the days `first`, and every so many days or months after it, that is after a day."""
    if first > after or count <= 0:
        return first
    if unit == 0:
        return min(first + ((after - first) // count + 1) * count, FOREVER)
    steps = full(1, first, after) // count
    day = later(first, steps * count, 1)
    while day <= after and day < FOREVER:
        steps += 1
        day = later(first, steps * count, 1)
    return day


def works(day: int, table: Any, rest: int, holidays: int, worked: int, end: int) -> bool:
    """Whether a day is a working day: days of the week at `rest` from Monday, then the dates in two runs of `table`."""
    for place in range(worked, end):
        if table[place] == day:
            return True
    if table[rest + (day + 3) % 7] != 0:
        return False
    resting = False
    for place in range(holidays, worked):
        resting = resting or table[place] == day
    return not resting


def end_of_working_days(start: int, count: int, counted: bool, table: Any, calendar: int) -> int:
    """Return the first day after a period of working days; `calendar` is where the table says where its parts are."""
    if start >= FOREVER:
        return FOREVER
    rest, holidays, worked, end = table[calendar], table[calendar + 1], table[calendar + 2], table[calendar + 3]
    day = start if counted else start + 1
    while count > 0 and day < FOREVER:
        if works(day, table, rest, holidays, worked, end):
            count -= 1
        day += 1
    return day


def end_of_any(start: int, count: int, unit: int, counted: bool, table: Any, calendar: int) -> int:
    """Return the first day after a period of any unit."""
    if unit == 2:
        return end_of_working_days(start, count, counted, table, calendar)
    return end_of_period(start, count, unit, counted)


def on_ladder(total: int, table: Any, ladder: int, bad: int) -> tuple[int, int]:
    """Return the points of a running total on a ladder of the table, and `bad`.

    The ladder: how many brackets and steps, whether it has a cap, the cap, what multiplies the total; then rows of
    over, each and points, and rows of at and points.
    """
    brackets, steps, capped, cap = table[ladder], table[ladder + 1], table[ladder + 2], table[ladder + 3]
    total, bad = mul(total, table[ladder + 4], bad)
    points = total - total
    row = ladder + 5
    for place in range(brackets):
        inside = total
        if place + 1 < brackets:
            inside = min(inside, table[row + 3])
        inside -= table[row]
        if inside > 0:
            more, bad = mul(inside // table[row + 1], table[row + 2], bad)
            points, bad = add(points, more, bad)
        row += 3
    for _ in range(steps):
        if total >= table[row]:
            points = table[row + 1]
        row += 2
    if capped != 0 and points > cap:
        points = cap
    return points, bad


def since(day: int, table: Any, rows: int, many: int) -> int:
    """Return which of the rising days of a table is the last one not after a day, -1 where none is."""
    found = -1
    for place in range(many):
        if table[rows + place] <= day:
            found = place
    return found


def band(value: int, table: Any, bands: int, many: int, scale: int, bad: int) -> tuple[int, int]:
    """Return the grade of the band in which a value lies, -1 where in none, and `bad`.

    Bands are rows of least, most and grade, lowest first.
    """
    value, bad = mul(value, scale, bad)
    for place in range(many):
        row = bands + 3 * place
        if table[row] <= value <= table[row + 1]:
            return table[row + 2], bad
    return -1, bad


def soonest(edge: int, day: int, today: int) -> int:
    """Return the earlier of an edge and a day, where the day is after today."""
    if today < day < edge:
        return day
    return edge


PRIMITIVES = (
    with_fact, united, join, add, mul, gcd, reduced, q_mul, q_add, q_cmp, halves, rounded, civil, first_day, later,
    end_of_period, near_end, month_after, year_of, year_after, full, next_of, works, end_of_working_days, end_of_any,
    on_ladder, since, band, soonest,
)  # fmt: skip
"""All of them, each after those that it calls."""
