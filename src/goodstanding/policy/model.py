"""The policy language as a model: what a policy file may say.

A policy is one YAML file, with its items in a second one where there are many. Expressions are text (see
`expressions`); every element carries the clause of law it comes from and its words in English, Dutch and Chinese.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from goodstanding.facts.catalogue import Subject, Words
from goodstanding.policy.expressions import ExpressionError, parse


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


Expression = Annotated[str, AfterValidator(_checked), Field(json_schema_extra={"format": "goodstanding-expression"})]
Exact = Annotated[
    Fraction, BeforeValidator(lambda text: Fraction(str(text))), WithJsonSchema({"type": ["number", "string"]})
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
    if not dots or Fraction(least) > Fraction(most):
        raise ValueError("expected two numbers, the lower first, as -30..-5")
    return Fraction(least), Fraction(most)


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
    each: Exact
    points: Exact


class Step(Element):
    """One rung: from `at` on, `points` in all."""

    at: Exact
    points: Exact


class Table(Element):
    """A named table of numbers or durations: exactly one of `map`, `brackets` (with `cap`) and `steps`."""

    map: dict[str, Expression] | None = None
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
    """When an entry counts: from that day (included) until the end of a period, for ever where none is given."""

    start: Expression = Field(alias="from")
    until: Expression | None = None


class EntryRule(Element):
    """What opens an entry on an account, how much it is and when it counts.

    `for` names kinds, or `items` a class of items. `per: occurrence` with `choose` keeps one entry an occurrence;
    `unless` drops those of an occurrence in which another rule opened one. `superseded by` ends an entry at the next
    record of these kinds, `ended by` at one of the same occurrence.
    """

    kinds: Names = Field(default=(), alias="for")
    items: str | None = None
    subject: Subject | None = None
    account: str
    per: Literal["occurrence"] | None = None
    choose: Literal["gravest", "highest"] | None = None
    unless: str | None = None
    amount: Expression | Share | None = None
    grade: Expression | None = None
    repeat: Repeat | None = None
    counts: Counts
    superseded_by: Names = Field(default=(), alias="superseded by")
    ended_by: Names = Field(default=(), alias="ended by")
    clause: str
    words: Words


class Account(Element):
    """Where entries are added up. While `held while` is so, its entries are kept but count for nothing."""

    words: Words
    held_while: Expression | None = Field(default=None, alias="held while")
    clause: str | None = None


class Grid(Element):
    """The numbers that a value can be: whole multiples of `step`, between `least` and `most` where they are given."""

    step: Exact = Fraction(1)
    least: Exact | None = None
    most: Exact | None = None


class Value(Element):
    """A named exact number, computed from accounts and the values above it."""

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
    """The grades, best first; the first override that holds decides, else the worst grade that any ladder gives."""

    order: dict[str, Words]
    overrides: tuple[Override, ...] = ()
    ladders: tuple[Ladder, ...]


class Measure(Element):
    """A consequence that the scheme attaches to grades."""

    grades: Names
    words: Words
    clause: str


class Policy(Element):
    """One version of a scheme."""

    goodstanding: Literal["1"]
    id: str
    version: str
    title: Words
    about: Words
    based_on: str | None = Field(default=None, alias="based on")
    jurisdiction: str
    effective: Literal["unverified"] | dt.date
    subjects: tuple[Subject, ...]
    law: dict[str, Clause]
    interpretations: dict[str, Words] = {}
    tables: dict[str, Table] = {}
    items: tuple[Item, ...] = ()
    accounts: dict[str, Account]
    entries: dict[str, EntryRule]
    values: dict[str, Value]
    score: str
    unrated: tuple[Unrated, ...] = ()
    grades: Grades
    measures: dict[str, Measure] = {}

    @property
    def kinds(self) -> set[str]:
        """Every kind of record that the policy reads."""
        rules = self.entries.values()
        named = {kind for rule in rules for kind in (*rule.kinds, *rule.superseded_by, *rule.ended_by)}
        return named | {item.kind for item in self.items}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of policy.yaml, where `items` may also be the name of a file beside it."""
    schema = Policy.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    items = schema["properties"]["items"]
    files = {"type": "array", "items": {"type": "string"}}
    schema["properties"]["items"] = {
        "anyOf": [{"type": "string"}, files, items],
        "description": "items, or the files they stand in",
    }
    return schema
