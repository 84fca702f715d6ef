"""The policy language as a model: what a policy file may say.

A policy is one YAML file, with its items in a second one where there are many. Expressions are text (see
`expressions`); every element carries the clause of law it comes from and its words in English, Dutch and Chinese.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from goodstanding.facts.catalogue import Subject, Words
from goodstanding.policy.expressions import ExpressionError, parse
from goodstanding.policy.scalars import Day, Exact, Positive, number


class Element(BaseModel):
    """What every part of a policy is: frozen, and closed to keys that the language does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


def _checked(text: str) -> str:
    try:
        parse(text)
    except ExpressionError as error:
        raise ValueError(f"character {error.column}: {error}") from None
    return text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Expression = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": ["string", "number", "boolean"], "format": "goodstanding-expression"}),
]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


def _range(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    least, dots, most = text.partition("..")
    if not dots or number(least) > number(most):
        raise ValueError("expected two numbers, the lower first, as -30..-5")
    return number(least), number(most)


Range = Annotated[
    tuple[Fraction, Fraction], BeforeValidator(_range), WithJsonSchema({"type": "string", "pattern": "^.+\\.\\..+$"})
]


class Clause(Element):
    """A place in the law. `read` says where the drafter read it, and whether that was the law itself."""

    cite: str
    words: Words
    read: str = "unverified"


class Bracket(Element):
    """One stretch of a ladder: above `over`, `points` for each whole `each`."""

    over: Exact
    each: Positive
    points: Exact


class Step(Element):
    """One rung: from `at` on, `points` in all."""

    at: Exact
    points: Exact


class Table(Element):
    """A named table: one of `map` (by code), `since` (by day), `brackets` or `steps` (by number, with `cap`)."""

    map: dict[str, Expression] | None = None
    since: dict[Day, Expression] | None = None
    brackets: tuple[Bracket, ...] | None = None
    steps: tuple[Step, ...] | None = None
    cap: Exact | None = None
    clause: str | None = None
    words: Words


class Item(Element):
    """A line of the scheme's catalogue: which record, on whom, gives how many points or which grade.

    Exactly one of `points`, `range` (the points are those that the record gives as `assessed`, which must lie between
    these two) and `grade`. `lines` are the numbers of the lines that it stands for, where the catalogue has numbers.
    """

    id: str
    kind: str = Field(alias="for")
    where: Expression | None = None
    subject: Subject
    class_: str = Field(alias="class")
    points: Exact | None = None
    range: Range | None = None
    grade: str | None = None
    level: str | None = None
    clause: str
    cite: str
    lines: Names = ()
    words: Words


class Share(Element):
    """What a record adds to a ladder of the running total of `running`, within one calendar year of the act."""

    share: str
    running: Expression
    within: Literal["calendar year"] = Field(alias="in")


class Repeat(Element):
    """An entry whose item counts already, from an earlier day, on the day of the act is multiplied by `times`."""

    same: Literal["item"]
    times: Exact


class Counts(Element):
    """When an entry counts: from that day (included) until the end of a period, for ever where none is given.

    `until` is a period or the first day that no longer counts. With `if`, the end is tested: in the morning of that
    day, on the state at the close of the day before; where it does not hold the entry goes on, and the end is tested
    `again` every so long after, or never.
    """

    start: Expression = Field(alias="from")
    until: Expression | None = None
    condition: Expression | None = Field(default=None, alias="if")
    again: Expression | None = None


class Ending(Element):
    """What a rule does to entries of other rules and accounts that are there, those for which `where` holds."""

    entries: Names
    where: Expression | None = None


def _ending(value: Any) -> Any:
    return {"entries": value} if isinstance(value, str | list) else value


_STRINGS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_EFFECT = {
    "type": "object",
    "properties": {"entries": _STRINGS, "where": {"type": "string", "format": "goodstanding-expression"}},
    "required": ["entries"],
    "additionalProperties": False,
}
Endings = Annotated[Ending, BeforeValidator(_ending), WithJsonSchema({"anyOf": [*_STRINGS["anyOf"], _EFFECT]})]


class EntryRule(Element):
    """What opens an entry, on which account, how much it is and when it counts.

    Exactly one of: `for`, the kinds of records or the measures that open it; `items`, a class of items; `when`, a
    condition that opens it on each day on which it becomes true.

    A record has its place on the day `placed` (left out: of the act), or, with `after`, in the morning after that day.
    `where` is asked there. `per: occurrence` with `choose` keeps one entry an occurrence; `unless` drops those of an
    occurrence in which another rule opens one. `superseded by` ends an entry at the next record of these kinds,
    `ended by` at one of the same occurrence. `ends` ends entries that are there from that day on; `spends` uses them
    up: they count on no day any more.
    """

    kinds: Names = Field(default=(), alias="for")
    items: str | None = None
    when: Expression | None = None
    subject: Subject | None = None
    placed: Expression | None = None
    after: Expression | None = None
    where: Expression | None = None
    account: str | None = None
    per: Literal["occurrence"] | None = None
    choose: Literal["gravest", "highest"] | None = None
    unless: str | None = None
    amount: Expression | Share | None = None
    grade: Expression | None = None
    repeat: Repeat | None = None
    counts: Counts
    superseded_by: Names = Field(default=(), alias="superseded by")
    ended_by: Names = Field(default=(), alias="ended by")
    ends: Endings | None = None
    spends: Endings | None = None
    clause: str
    words: Words


class Account(Element):
    """Where entries are added up. While `held while` is so, its entries are kept but count for nothing.

    `floor` and `ceiling` are walked: an entry moves the sum no further than to them, and its end gives back no more
    than it moved. A bound that is meant at the end only stands in a value, as `max(0, sum(points))`.
    """

    words: Words
    held_while: Expression | None = Field(default=None, alias="held while")
    floor: Exact | None = None
    ceiling: Exact | None = None
    clause: str | None = None


class Grid(Element):
    """The numbers that a value can be: whole multiples of `step`, between `least` and `most` where they are given."""

    step: Positive = Fraction(1)
    least: Exact | None = None
    most: Exact | None = None


class Value(Element):
    """A named value: a number, code, flag or date, computed from entries and the values above it."""

    expression: Expression = Field(alias="is")
    grid: Grid | None = None
    clause: str
    words: Words


class Unrated(Element):
    """When there is no score, and why: a code of our own, or a code attribute of the record that says so."""

    when: Expression
    because: str
    words: Words | None = None
    clause: str


class Ladder(Element):
    """Bands of one value as printed: `0..15`, `20`, `from 1050`, `to 599`; together they cover its grid once."""

    of: str
    bands: dict[str, Annotated[str, WithJsonSchema({"type": ["string", "number"]})]]
    clause: str


class Override(Element):
    """A grade that comes before the ladders."""

    grade: Expression
    when: Expression
    clause: str


class Grades(Element):
    """The grades, best first.

    The first override that holds decides, else the worst grade that any ladder gives, else `otherwise`.
    """

    order: dict[str, Words]
    overrides: tuple[Override, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    otherwise: str | None = None


class Measure(Element):
    """A consequence that the scheme attaches to a standing. Exactly one of `grades`, `while` and `when`.

    `grades` and `while`: in force on the days on which the standing is so. `when`: reached on the day on which it
    becomes true, or, with `at`, when an entry of that rule opens and it holds. What is reached is imposed the same day,
    or pending until a record of a kind in `imposed by`; it `lapses` where the condition falls before that, if so
    written. Imposed, it is in force until the end of the period `until`, or until an entry rule `ends` it. It can be
    reached again when it is neither pending nor in force. `if its ground falls` says whether an act stands that
    imposes it when it is not, or on what is now known never was, reached.
    """

    grades: Names = ()
    while_: Expression | None = Field(default=None, alias="while")
    when: Expression | None = None
    at: str | None = None
    imposed_by: Names = Field(default=(), alias="imposed by")
    lapses: Literal["when no longer so"] | None = None
    until: Expression | None = None
    ground_falls: Literal["stands", "falls"] | None = Field(default=None, alias="if its ground falls")
    words: Words
    clause: str


class Case(Element):
    """An outcome of a decision and when it is given."""

    outcome: str
    when: Expression


class Decision(Element):
    """What a requester may learn for one purpose: the first outcome whose condition holds, else `otherwise`.

    `reads` names the values, `grade` or measures that it rests on; nothing else is told. `review` says who looks before
    it takes effect, `notice` how long before, `appeal` within which time and to whom.
    """

    purpose: Words
    reads: Names
    outcomes: tuple[Case, ...]
    otherwise: str
    words: dict[str, Words]
    review: Literal["human", "none"]
    notice: Expression | None = None
    appeal: Words
    clause: str


class Options(Element):
    """Numbers from which the smallest that helps is looked for."""

    least: Exact = Field(alias="from")
    most: Exact = Field(alias="to")
    step: Positive = Fraction(1)


class Repair(Element):
    """A lawful act by which a subject can better its standing: a record of a kind that would follow from it.

    `of`: the act is about an entry of that rule for which `where` holds, and its record has the same occurrence; else
    it stands alone. `giving` says which attributes the record would have: each one value (`today` is the day of the
    act), several from which to choose, or numbers in steps.
    """

    by: str
    of: str | None = None
    where: Expression | None = None
    giving: dict[str, Options | Names] = {}
    words: Words
    clause: str


class Calendar(Element):
    """Which days are no working days: days of the week and dates; `worked` are dates that are, in spite of it."""

    rest: tuple[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], ...]
    holidays: tuple[Day, ...] = ()
    worked: tuple[Day, ...] = ()
    clause: str
    words: Words


class Policy(Element):
    """One version of a scheme."""

    goodstanding: Literal["1"]
    id: str
    version: str
    title: Words
    about: Words
    based_on: str | None = Field(default=None, alias="based on")
    jurisdiction: str
    effective: Literal["unverified"] | Day
    subjects: tuple[Subject, ...]
    law: dict[str, Clause]
    interpretations: dict[str, Words] = {}
    tables: dict[str, Table] = {}
    items: tuple[Item, ...] = ()
    calendar: Calendar | None = None
    accounts: dict[str, Account] = {}
    entries: dict[str, EntryRule]
    values: dict[str, Value] = {}
    score: str | None = None
    unrated: tuple[Unrated, ...] = ()
    grades: Grades
    measures: dict[str, Measure] = {}
    decisions: dict[str, Decision] = {}
    repairs: dict[str, Repair] = {}

    @property
    def kinds(self) -> set[str]:
        """Every kind of record that the policy reads."""
        rules = self.entries.values()
        named = {kind for rule in rules for kind in (*rule.kinds, *rule.superseded_by, *rule.ended_by)}
        imposing = {kind for measure in self.measures.values() for kind in measure.imposed_by}
        return (named - set(self.measures)) | imposing | {item.kind for item in self.items}

    def enders(self, kind: str) -> set[str]:
        """Return the kinds of records that can end or use up what records of a kind open or lead to."""
        own = {name: rule for name, rule in self.entries.items() if kind in self.kinds_of(rule)}
        ended = {*own, *(rule.account for rule in own.values()), *self.measures}
        found = {one for rule in own.values() for one in (*rule.superseded_by, *rule.ended_by)}
        for rule in self.entries.values():
            if any(effect and ended.intersection(effect.entries) for effect in (rule.ends, rule.spends)):
                found.update(self.kinds_of(rule))
        return found - set(self.measures)

    def kinds_of(self, rule: EntryRule) -> list[str]:
        """Return the kinds of records, and the measures, that a rule looks at, as they are first named."""
        return list(dict.fromkeys(rule.kinds or (item.kind for item in self.items if item.class_ == rule.items)))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of policy.yaml, where `items` may also be the name of a file beside it."""
    schema = Policy.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    items = schema["properties"]["items"]
    required = schema.pop("required")
    del schema["$defs"]["Grades"]["required"]
    schema["required"] = [name for name in required if name in ("goodstanding", "id", "version", "title")]
    schema["anyOf"] = [{"required": ["based on"]}, {"required": required}]
    files = {"type": "array", "items": {"type": "string"}}
    schema["properties"]["items"] = {
        "anyOf": [{"type": "string"}, files, items],
        "description": "items, or the files they stand in",
    }
    return schema
