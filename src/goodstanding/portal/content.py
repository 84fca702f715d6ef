"""What the pages and the API say of a standing, as plain data: one content for both.

Exact numbers are text (`2.5`, `1/3`, `?` where unknown), words are in all languages, days are calendar days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from goodstanding.facts.catalogue import Words

Direction = Literal["adverse", "favourable", "neutral"]


@dataclass(frozen=True)
class FactContent:
    """An attribute of a record. `said` gives a code's words; numbers, dates and flags speak for themselves."""

    name: str
    words: Words
    type: str
    value: str
    unit: str | None
    said: Words | None


@dataclass(frozen=True)
class PartContent:
    """What one comparison adds to the weight of a link, in bits; what was compared is not told."""

    comparison: str
    level: str
    bits: str


@dataclass(frozen=True)
class GroundContent:
    """By what a record is about its subject: its `number`, the decision of a `person`, or of the `register` alone.

    `answer`: it was said not to be about the subject, and a person found that it is.
    scheme: of the number; agreed: what had to agree with it, where it came. case and what follows: of a decision; who
    decided is told to the subject and to officers alone. weight (bits), probability, threshold and margin are exact
    numbers; model: its number in this register.
    """

    way: Literal["number", "person", "register", "answer"]
    scheme: str | None = None
    agreed: tuple[str, ...] = ()
    case: int | None = None
    decision: str | None = None
    by: str | None = None
    on: dt.date | None = None
    reason: str | None = None
    weight: str | None = None
    probability: str | None = None
    model: int | None = None
    threshold: str | None = None
    margin: str | None = None
    parts: tuple[PartContent, ...] = ()


@dataclass(frozen=True)
class RecordContent:
    """A record as somebody outside the register may read it; `ground`: by what it is about this subject."""

    kind: str
    words: Words
    direction: Direction
    act: dt.date
    decided: dt.date | None
    final: dt.date | None
    authority: str
    document: str
    source: str
    basis: str
    occurrence: str
    facts: tuple[FactContent, ...]
    digest: str
    ground: GroundContent | None


@dataclass(frozen=True)
class ClauseContent:
    """A place in the law, or an interpretation (whose citation is its number)."""

    id: str
    cite: str
    words: Words
    detail: str = ""


@dataclass(frozen=True)
class MissingContent:
    """A fact without which nothing can be decided."""

    fact: str
    words: Words


@dataclass(frozen=True)
class EntryContent:
    """What a rule made of a record, or of a condition or a measure: then there is no record, and it is neutral.

    `until` is the first day on which it no longer counts; none: no end is known.
    `doubt`: the facts without which nobody can tell whether the entry is there, or counts.
    """

    rule: str
    rule_words: Words
    account: str | None
    account_words: Words | None
    item: str | None
    words: Words
    clause: ClauseContent
    points: str | None
    base: str | None
    times: str
    grade: str | None
    start: dt.date
    until: dt.date | None
    continuing: bool
    status: str
    doubt: tuple[MissingContent, ...]
    direction: Direction
    record: RecordContent | None


@dataclass(frozen=True)
class StepContent:
    """One line of the arithmetic: the value in words, with the numbers filled in, and the result."""

    name: str
    words: Words
    expression: str
    told: Words
    filled: str
    result: str
    clause: ClauseContent


@dataclass(frozen=True)
class BandContent:
    """The values that give a grade; both ends belong to it, none: without end."""

    grade: str
    least: str | None
    most: str | None
    told: Words


@dataclass(frozen=True)
class LadderContent:
    """The bands of one value, lowest values first, and the grade that this ladder gives."""

    of: str
    words: Words
    value: str
    grade: str | None
    bands: tuple[BandContent, ...]
    clause: ClauseContent


@dataclass(frozen=True)
class PointContent:
    """What the standing is from a day on."""

    on: dt.date
    outcome: str
    score: str | None
    grade: str | None


@dataclass(frozen=True)
class ChangeContent:
    """A later day on which the standing changes by itself, and the words of the entries that end or begin then."""

    on: dt.date
    outcome: str
    score: str | None
    grade: str | None
    ending: tuple[Words, ...]
    beginning: tuple[Words, ...]


@dataclass(frozen=True)
class MeasureContent:
    """A consequence that the scheme attaches to the standing; `state`: imposed, or pending until an act imposes it."""

    id: str
    words: Words
    clause: ClauseContent
    state: str


@dataclass(frozen=True)
class ReceiptContent:
    """What is needed to compute the standing again."""

    policy: str
    engine: str
    on: dt.date
    known_on: dt.date
    records: tuple[str, ...]


@dataclass(frozen=True)
class GradeContent:
    """A grade of the scheme and its place among the others: 0 is the best, 5 the worst."""

    id: str
    words: Words
    rank: int


@dataclass(frozen=True)
class StandingContent:
    """What one policy says of one subject on a day, and why."""

    policy: str
    title: Words
    version: str
    on: dt.date
    outcome: str
    score: str | None
    score_of: str | None
    score_words: Words | None
    grade: str | None
    grades: dict[str, GradeContent]
    reason: str | None
    reason_words: Words | None
    missing: tuple[MissingContent, ...]
    clause: ClauseContent | None
    arithmetic: tuple[StepContent, ...]
    ladders: tuple[LadderContent, ...]
    overridden: bool
    measures: tuple[MeasureContent, ...]
    entries: tuple[EntryContent, ...]
    changes: tuple[ChangeContent, ...]
    history: tuple[PointContent, ...]
    receipt: ReceiptContent

    def of(self, direction: Direction) -> list[EntryContent]:
        """Return the entries of one direction, the latest first."""
        return [entry for entry in reversed(self.entries) if entry.direction == direction]


@dataclass(frozen=True)
class MergedContent:
    """A subject that was merged: its numbers and name, whom it leads to, since which day (UTC), and why."""

    number: str
    identifier: str
    name: str
    into: str
    on: dt.date
    reason: str


@dataclass(frozen=True)
class SubjectContent:
    """A subject that may be shown to the public, with its standing under every policy that applies to it.

    `asked`: the number that was asked for, which is another one where its subject was merged with this one; `merged`:
    all those whose records count here.
    """

    number: str
    is_a: str
    identifier: str
    name: str | None
    latin: str | None
    seat: str | None
    on: dt.date
    standings: tuple[StandingContent, ...]
    asked: str
    merged: tuple[MergedContent, ...]
