"""Running a policy's worked examples against the exact evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Change, Entry, Standing, Status, number_text, states
from goodstanding.policy.examples import Case, Expected, ExpectedEntry
from goodstanding.policy.scalars import number


def differences(evaluator: Evaluator, case: Case) -> list[str]:
    """Return what differs between an example and what the policy gives; empty where it comes out as written."""
    example = case.example
    standing = evaluator.standing(case.records, example.subject, example.on, example.known_on)
    return [
        *_results(standing, example.expect),
        *_values(standing, example.expect),
        *_measures(standing, example.expect.measures, ""),
        *_entries(standing, case),
        *(_changes(evaluator, case) if example.expect.changes is not None else ()),
    ]


def _results(standing: Standing, expect: Any) -> Iterator[str]:
    for name in ("outcome", "score", "grade", "reason"):
        wanted, found = getattr(expect, name), getattr(standing, name)
        if wanted is not None and wanted != found:
            yield f"{name}: expected {_text(wanted)}, found {_text(found)}"
    if expect.missing is not None and set(expect.missing) != set(standing.missing):
        yield f"missing: expected {', '.join(expect.missing)}, found {', '.join(standing.missing) or 'nothing'}"


def _text(value: Any) -> str:
    return str(value) if value is None or isinstance(value, str) else number_text(value)


def _values(standing: Standing, expect: Expected) -> Iterator[str]:
    found = {step.name: number_text(step.result) for step in standing.arithmetic}
    for name, wanted in expect.values.items():
        text = _as_told(wanted)
        if found.get(name) != text:
            yield f"value {name}: expected {text}, found {found.get(name, 'no such value')}"
    for name, wanted in expect.decisions.items():
        if standing.decisions.get(name) != wanted:
            yield f"decision {name}: expected {wanted}, found {standing.decisions.get(name, 'none')}"


def _as_told(text: str) -> str:
    """Return a number that an example gives as a standing writes it, all other text as it is."""
    try:
        return number_text(number(text))
    except ValueError:
        return text


def _measures(standing: Standing | Change, wanted: Mapping[str, str], where: str) -> Iterator[str]:
    for name, state in wanted.items():
        found = states(standing).get(name, "no")
        if found != state:
            yield f"{where}measure {name}: expected {state}, found {found}"


def _entries(standing: Standing, case: Case) -> Iterator[str]:
    counting = [entry for entry in standing.entries if entry.status is Status.COUNTS]
    left = list(counting)
    for wanted in case.example.expect.entries:
        match = next((entry for entry in left if _matches(entry, wanted)), None)
        if match is None:
            yield f"no entry that counts is {_wanted(wanted)}; found {_listed(counting)}"
        else:
            left.remove(match)
    for rule in case.example.expect.no_entries:
        if any(entry.rule == rule for entry in counting):
            yield f"expected no entry of {rule} to count, found {_listed(counting)}"


def _matches(entry: Entry, wanted: ExpectedEntry) -> bool:
    item = entry.item.id if entry.item else None
    return all(
        expected is None or (item if name == "item" else getattr(entry, name)) == expected for name, expected in wanted
    )


def _wanted(wanted: ExpectedEntry) -> str:
    return ", ".join(f"{name} {value}" for name, value in wanted.model_dump(by_alias=True, exclude_none=True).items())


def _listed(entries: Iterable[Entry]) -> str:
    return "; ".join(_entry(entry) for entry in entries) or "none"


def _entry(entry: Entry) -> str:
    item = f" {entry.item.id}" if entry.item else ""
    much = entry.grade if entry.amount is None else number_text(entry.amount)
    return f"{entry.rule}{item} {much} from {entry.start} until {entry.until or 'further notice'}"


def _changes(evaluator: Evaluator, case: Case) -> Iterator[str]:
    wanted = case.example.expect.changes or ()
    example = case.example
    found = evaluator.changes(case.records, example.subject, example.on, example.known_on)[: len(wanted)]
    for change, expected in zip(found, wanted, strict=False):
        for name in ("on", "outcome", "score", "grade"):
            value = getattr(expected, name)
            if value is not None and value != getattr(change, name):
                yield f"next change {change.on}: {name}: expected {_text(value)}, found {_text(getattr(change, name))}"
        yield from _measures(change, expected.measures, f"next change {change.on}: ")
    if len(found) < len(wanted):
        yield f"expected {len(wanted)} changes, found {len(found)}"
