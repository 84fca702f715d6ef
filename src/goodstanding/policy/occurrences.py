"""Every expression of a policy with its path, and what it names: values, tables, entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from goodstanding.policy import expressions as ex
from goodstanding.policy.model import EntryRule, Policy, Share

Part = tuple[str | int, ...]


@dataclass(frozen=True)
class Occurrence:
    """An expression where it stands."""

    path: Part
    node: ex.Node

    @property
    def sources(self) -> set[str]:
        """The rules and accounts whose entries it reads."""
        return {node.source for node in ex.walk(self.node) if isinstance(node, ex.Aggregate)}

    @property
    def tables(self) -> set[str]:
        """The tables whose cells it reads."""
        return {node.table for node in ex.walk(self.node) if isinstance(node, ex.Lookup)}


def occurrences(policy: Policy) -> Iterator[Occurrence]:
    """Yield every expression of a policy, part by part."""
    for path, text in _texts(policy):
        if isinstance(text, str):
            yield Occurrence(path, ex.parse(text))


def of_rule(name: str, rule: EntryRule) -> list[Occurrence]:
    """Return the expressions of one rule."""
    return [Occurrence(path, ex.parse(text)) for path, text in _of_rule(name, rule) if isinstance(text, str)]


def _texts(policy: Policy) -> Iterator[tuple[Part, Any]]:
    for name, table in policy.tables.items():
        for key, cells in (("map", table.map), ("since", table.since)):
            yield from ((("tables", name, key, str(cell)), text) for cell, text in (cells or {}).items())
    yield from ((("items", index, "where"), item.where) for index, item in enumerate(policy.items))
    yield from ((("accounts", name, "held while"), one.held_while) for name, one in policy.accounts.items())
    for name, rule in policy.entries.items():
        yield from _of_rule(name, rule)
    yield from ((("values", name, "is"), value.expression) for name, value in policy.values.items())
    yield from ((("unrated", index, "when"), row.when) for index, row in enumerate(policy.unrated))
    for index, override in enumerate(policy.grades.overrides):
        yield ("grades", "overrides", index, "grade"), override.grade
        yield ("grades", "overrides", index, "when"), override.when
    for name, measure in policy.measures.items():
        yield ("measures", name, "while"), measure.while_
        yield ("measures", name, "when"), measure.when
        yield ("measures", name, "until"), measure.until
    yield from ((("repairs", name, "where"), repair.where) for name, repair in policy.repairs.items())
    for name, decision in policy.decisions.items():
        for index, case in enumerate(decision.outcomes):
            yield ("decisions", name, "outcomes", index, "when"), case.when
        yield ("decisions", name, "notice"), decision.notice


def _of_rule(name: str, rule: EntryRule) -> Iterator[tuple[Part, Any]]:
    path = ("entries", name)
    yield from (((*path, key), getattr(rule, key)) for key in ("when", "placed", "after", "where", "grade"))
    if isinstance(rule.amount, Share):
        yield (*path, "amount", "running"), rule.amount.running
    else:
        yield (*path, "amount"), rule.amount
    counts = rule.counts
    yield (*path, "counts", "from"), counts.start
    for key, text in (("until", counts.until), ("if", counts.condition), ("again", counts.again)):
        yield (*path, "counts", key), text
    for key, ending in (("ends", rule.ends), ("spends", rule.spends)):
        yield (*path, key, "where"), ending.where if ending else None
