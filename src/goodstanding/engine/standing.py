"""What the engine answers: a standing that explains itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    COMING = "coming"
    ENDED = "ended"
    SPENT = "spent"


@dataclass(slots=True)
class Entry:
    """What a rule makes of a record or of a day: so much on an account, from a day until the day before `until`.

    `record` and `item` are None where a condition or a measure opened it. `placed` is the day on which it was made,
    `place` its number among all entries of the dossier. `until` None: no end is known yet. `times` is the multiplier
    for repetition, `base` the amount before it, and before a floor or ceiling. `tested` is the first day on which its
    end was or is tested. `doubt`: what must be known to tell whether there is such an entry at all, or whether it
    counts on a day from `start` until the day before `until`; the amount is then unknown too. An entry changes only
    while its dossier is folded; what a standing holds is a copy of that day.
    """

    rule: str
    account: str | None
    record: Record | None
    item: Item | None
    amount: Number | None
    grade: str | Unknown | None
    placed: dt.date
    start: dt.date
    until: dt.date | None
    clause: str
    words: Words
    place: int = 0
    base: Number | None = None
    times: Fraction = Fraction(1)
    continuing: bool = False
    status: Status = Status.COUNTS
    doubt: Unknown | None = None
    tested: dt.date | None = None
    spent: bool = False

    @property
    def act(self) -> dt.date:
        """The day of the act, or the day on which a condition became true."""
        return self.record.act if self.record else self.placed

    def counts_on(self, day: dt.date) -> bool:
        """Whether the day lies in the interval in which the entry counts, and it was not spent."""
        return not self.spent and self.start <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a measure stands: pending or imposed, since when it is reached and imposed, and until when it is in force.

    `ground_fell`: an act imposed it and stands, though it was not called for on what is known.
    """

    measure: str
    state: str
    reached: dt.date | None
    imposed: dt.date | None
    until: dt.date | None
    ground_fell: bool
    clause: str
    words: Words


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the arithmetic: the value's name, its expression, the numbers put in, the result."""

    name: str
    expression: str
    filled: str
    result: Any
    clause: str
    words: Words


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a grade is given: an override whose condition `when` holds, or the `band` (as printed) of a value `of`.

    All are None where neither gives it and the policy has a grade for otherwise.
    """

    clause: str | None = None
    when: str | None = None
    of: str | None = None
    band: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A day on which the standing changes by itself, if nothing new becomes known, and to what."""

    on: dt.date
    outcome: Outcome
    score: Fraction | None
    grade: str | None
    because: tuple[Entry, ...]
    measures: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)


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
    """What a policy says of one subject on a day, as known on a day.

    Entries are in order of their act. `measures` are those in force, `stages` also those pending. `decisions` gives the
    outcome of each decision of the policy; it is empty where the standing is not decidable. `ground` is why there is
    this grade; `clause` why there is none.
    """

    policy: str
    on: dt.date
    known_on: dt.date
    outcome: Outcome
    score: Fraction | None
    grade: str | None
    entries: tuple[Entry, ...]
    arithmetic: tuple[Step, ...]
    measures: tuple[str, ...]
    stages: tuple[Stage, ...]
    decisions: Mapping[str, str]
    missing: tuple[str, ...]
    reason: str | None
    clause: str | None
    receipt: Receipt
    ground: Ground | None = None


def states(of: Standing | Change) -> dict[str, str]:
    """Return the measures that are pending or imposed, and which of the two they are."""
    return dict.fromkeys(of.measures, "imposed") | {stage.measure: stage.state for stage in of.stages}


def number_text(number: Any) -> str:
    """Write an exact number: as an integer, as a finite decimal, or as a quotient; an unknown one as '?'.

    >>> number_text(Fraction(5, 2)), number_text(Fraction(1, 3)), number_text(Fraction(-40))
    ('2.5', '1/3', '-40')
    """
    if not isinstance(number, Fraction | int) or isinstance(number, bool):
        return "?" if isinstance(number, Unknown) else str(number).lower() if isinstance(number, bool) else str(number)
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
