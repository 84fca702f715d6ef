"""What the engine answers: a standing that explains itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from goodstanding.facts.catalogue import Words
from goodstanding.facts.records import Record
from goodstanding.policy.model import Item


@dataclass(frozen=True, slots=True)
class Unknown:
    """A number, code or truth that cannot be had; `missing` names the facts, as kind.attribute or document."""

    missing: frozenset[str]


Number = Fraction | Unknown


class Outcome(StrEnum):
    """What a standing comes to."""

    GRADED = "graded"
    NOT_RATED = "not rated"
    NOT_DECIDABLE = "not decidable"


class Status(StrEnum):
    """Whether an entry counts on the day asked for, or why not."""

    COUNTS = "counts"
    HELD = "held"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a rule makes of a record: so much on an account, from a day until the day before `until`.

    `until` None: no end is known yet. `times` is the multiplier for repetition. `base` is the amount before it.
    `continuing`: the conduct has not ended. `doubt`: what must be known to tell whether there is such an entry at all,
    or whether it counts on a day from `start` until the day before `until`; the amount is then unknown too.
    """

    rule: str
    account: str
    record: Record
    item: Item | None
    amount: Number | None
    grade: str | Unknown | None
    start: dt.date
    until: dt.date | None
    clause: str
    words: Words
    base: Number | None = None
    times: Fraction = Fraction(1)
    continuing: bool = False
    status: Status = Status.COUNTS
    doubt: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the arithmetic: the value's name, its expression, the numbers put in, the result."""

    name: str
    expression: str
    filled: str
    result: Number
    clause: str
    words: Words


@dataclass(frozen=True, slots=True)
class Change:
    """A day on which the standing changes by itself, if nothing new becomes known, and to what."""

    on: dt.date
    outcome: Outcome
    score: Fraction | None
    grade: str | None
    because: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is needed to compute a standing again: hashes of policy and records (sorted), engine version, the dates."""

    policy: str
    engine: str
    on: dt.date
    known_on: dt.date
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a policy says of one subject on a day. Entries are in order of their record's day."""

    policy: str
    on: dt.date
    outcome: Outcome
    score: Fraction | None
    grade: str | None
    entries: tuple[Entry, ...]
    arithmetic: tuple[Step, ...]
    measures: tuple[str, ...]
    missing: tuple[str, ...]
    reason: str | None
    clause: str | None
    receipt: Receipt


def number_text(number: Any) -> str:
    """Write an exact number: as an integer, as a finite decimal, or as a quotient; an unknown one as '?'.

    >>> number_text(Fraction(5, 2)), number_text(Fraction(1, 3)), number_text(Fraction(-40))
    ('2.5', '1/3', '-40')
    """
    if isinstance(number, Unknown):
        return "?"
    fraction = Fraction(number)
    if fraction.denominator == 1:
        return str(fraction.numerator)
    twos_and_fives = fraction.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    if twos_and_fives != 1:
        return f"{fraction.numerator}/{fraction.denominator}"
    digits = next(n for n in range(1, 40) if (fraction * 10**n).denominator == 1)
    whole = f"{abs(fraction.numerator) * 10**digits // fraction.denominator:0{digits + 1}d}"
    return f"{'-' if fraction < 0 else ''}{whole[:-digits]}.{whole[-digits:]}"
