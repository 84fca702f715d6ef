"""A scheme's worked examples: small dossiers and what the scheme says of them, in `examples.yaml` beside the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from goodstanding.facts.catalogue import Attribute, Catalogue, Subject
from goodstanding.facts.records import Record, Value
from goodstanding.policy.expression_types import near
from goodstanding.policy.model import Element
from goodstanding.policy.reader import Places, PolicyError, explained_faults, read_yaml, told
from goodstanding.policy.scalars import Day, Exact, day, number

_DATES = ("act", "decided", "final", "known", "withdrawn")
_CORE = ("kind", *_DATES, "occurrence", "document")


class ExpectedEntry(Element):
    """Some of what an entry that counts must be."""

    rule: str
    item: str | None = None
    amount: Exact | None = None
    grade: str | None = None
    start: Day | None = Field(default=None, alias="from")
    until: Day | None = None


class ExpectedChange(Element):
    """A day on which the standing must change by itself, and to what."""

    on: Day
    outcome: str | None = None
    score: Exact | None = None
    grade: str | None = None
    measures: dict[str, Literal["pending", "imposed", "no"]] = Field(default_factory=dict)


class Expected(Element):
    """What must come out; whatever is not named may be anything."""

    outcome: Literal["graded", "not rated", "not decidable"] = "graded"
    score: Exact | None = None
    grade: str | None = None
    reason: str | None = None
    missing: tuple[str, ...] | None = None
    entries: tuple[ExpectedEntry, ...] = ()
    no_entries: tuple[str, ...] = Field(default=(), alias="no entries")
    values: dict[str, str] = Field(default_factory=dict)
    measures: dict[str, Literal["pending", "imposed", "no"]] = Field(default_factory=dict)
    decisions: dict[str, str] = Field(default_factory=dict)
    changes: tuple[ExpectedChange, ...] | None = None


def _some(records: list[dict[str, str]]) -> list[dict[str, str]]:
    for record in records:
        if "kind" not in record or "act" not in record:
            raise ValueError("expected every record to have a kind and an act (its date)")
    return records


class Example(BaseModel):
    """One worked example; `published` says where the scheme's own publisher gives it, if it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    published: str | None = None
    subject: Subject
    on: Day
    known_on: Day | None = Field(default=None, alias="known on")
    records: Annotated[list[dict[str, str]], AfterValidator(_some)]
    expect: Expected


@dataclass(frozen=True)
class Case:
    """An example ready to run, and where it stands."""

    example: Example
    records: tuple[Record, ...]
    where: str


def read_examples(folder: Path, catalogue: Catalogue) -> list[Case]:
    """Read examples.yaml of a policy folder; an absent file gives no examples.

    Raises PolicyError with file and line where an example is not one, or a record does not fit the catalogue.
    """
    file = folder / "examples.yaml"
    if not file.is_file():
        return []
    source = read_yaml(file)
    if not isinstance(source.value, list):
        raise PolicyError(f"{file}:1: expected a list of examples")
    cases = []
    for index, value in enumerate(source.value):
        where = f"{file}:{source.line((index,))}"
        try:
            example = Example.model_validate(value)
        except ValidationError as error:
            lines = {path[1:]: (file, line) for path, line in source.lines.items() if path[:1] == (index,)}
            raise PolicyError("\n".join(explained_faults(error, Places(file, lines)))) from None
        cases.append(Case(example, tuple(_records(example, catalogue, where)), where))
    return cases


def _records(example: Example, catalogue: Catalogue, where: str) -> list[Record]:
    return [_record(index, example, catalogue, where) for index in range(len(example.records))]


def _record(index: int, example: Example, catalogue: Catalogue, where: str) -> Record:
    raw = example.records[index]
    where, kind = f"{where}: record {index + 1}", raw["kind"]
    if kind not in catalogue.kinds:
        raise PolicyError(f"{where}: found {told(kind)}, no kind; {near(kind, catalogue.kinds)}")
    if example.subject not in catalogue.kinds[kind].subjects:
        raise PolicyError(f"{where}: found {kind} on a {example.subject}, expected a kind that is kept on one")
    attributes = catalogue.kinds[kind].attributes
    for name in raw:
        if name not in attributes and name not in _CORE:
            raise PolicyError(f"{where}: found {told(name)}; {near(name, [*attributes, *_CORE])}")
    document = raw.get("document", f"example-{index + 1}")
    dates = {name: _read(day, name, raw[name], where) for name in _DATES if name in raw and name not in attributes}
    reading = {name: partial(_value, attributes[name], catalogue) for name in raw if name in attributes}
    values = {name: _read(one, name, raw[name], where) for name, one in reading.items()}
    return Record(
        subject="example",
        kind=kind,
        occurrence=raw.get("occurrence", document),
        document=document,
        attributes=values,
        digest=f"{index + 1:04d}",
        **dates,
    )


def _value(attribute: Attribute, catalogue: Catalogue, text: str) -> Value:
    """Read what an attribute of this type can be. Raises ValueError."""
    if attribute.type == "date":
        return day(text)
    if attribute.type == "number":
        value = number(text)
        if (value * 10**attribute.scale).denominator != 1:
            raise ValueError(f"expected a number of at most {attribute.scale} decimals")
        if attribute.values is not None and value not in attribute.values:
            raise ValueError(f"expected one of {', '.join(map(str, attribute.values))}")
        return value
    codes = ("true", "false") if attribute.type == "flag" else catalogue.codes[attribute.codes or ""]
    if text not in codes:
        raise ValueError(near(text, codes))
    return text == "true" if attribute.type == "flag" else text


def _read(reading: Callable[[str], Any], name: str, text: str, where: str) -> Any:
    try:
        return reading(text)
    except ValueError as error:
        raise PolicyError(f"{where}: {name}: found {told(text)}, {error}") from None
