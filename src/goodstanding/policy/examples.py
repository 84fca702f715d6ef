"""A scheme's worked examples: small dossiers and what the scheme says of them, in `examples.yaml` beside the policy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from goodstanding.facts.catalogue import Attribute, Catalogue, Subject
from goodstanding.facts.records import Record, Value
from goodstanding.policy.checking import near
from goodstanding.policy.model import Element, Exact
from goodstanding.policy.reader import PolicyError, read_yaml

_CORE = ("kind", "act", "decided", "final", "occurrence", "document")


class ExpectedEntry(Element):
    """Some of what an entry that counts must be."""

    rule: str
    item: str | None = None
    amount: Exact | None = None
    grade: str | None = None
    start: dt.date | None = Field(default=None, alias="from")
    until: dt.date | None = None


class ExpectedChange(Element):
    """A day on which the standing must change by itself, and to what."""

    on: dt.date
    outcome: str | None = None
    score: Exact | None = None
    grade: str | None = None


class Expected(Element):
    """What must come out; whatever is not named may be anything."""

    outcome: Literal["graded", "not rated", "not decidable"] = "graded"
    score: Exact | None = None
    grade: str | None = None
    reason: str | None = None
    missing: tuple[str, ...] | None = None
    entries: tuple[ExpectedEntry, ...] = ()
    no_entries: tuple[str, ...] = Field(default=(), alias="no entries")
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
    on: dt.date
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
            first = error.errors()[0]
            line = source.line((index, *first["loc"]))
            raise PolicyError(f"{file}:{line}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        cases.append(Case(example, tuple(_records(example, catalogue, where)), where))
    return cases


def _records(example: Example, catalogue: Catalogue, where: str) -> list[Record]:
    return [_record(index, raw, catalogue, where) for index, raw in enumerate(example.records)]


def _record(index: int, raw: dict[str, str], catalogue: Catalogue, where: str) -> Record:
    kind = raw["kind"]
    if kind not in catalogue.kinds:
        raise PolicyError(f"{where}: record {index + 1}: found {kind!r}, no kind; {near(kind, catalogue.kinds)}")
    attributes = catalogue.kinds[kind].attributes
    for name in raw:
        if name not in attributes and name not in _CORE:
            raise PolicyError(f"{where}: record {index + 1}: found {name!r}; {near(name, [*attributes, *_CORE])}")
    document = raw.get("document", f"example-{index + 1}")
    try:
        dates = {name: dt.date.fromisoformat(raw[name]) for name in ("act", "decided", "final") if name in raw}
        values = {name: _value(attributes[name], text) for name, text in raw.items() if name in attributes}
    except ValueError as error:
        raise PolicyError(f"{where}: record {index + 1}: {error}") from None
    return Record(
        subject="example",
        kind=kind,
        occurrence=raw.get("occurrence", document),
        document=document,
        attributes=values,
        digest=f"{index + 1:04d}",
        **dates,  # type: ignore[arg-type]
    )


def _value(attribute: Attribute, text: str) -> Value:
    reading: dict[str, Any] = {
        "number": Fraction,
        "code": str,
        "date": dt.date.fromisoformat,
        "flag": lambda flag: {"true": True, "false": False}[flag],
    }
    return reading[attribute.type](text)  # type: ignore[no-any-return]
