"""What differs in meaning between two policies: part by part, table by table cell, item by id.

Two expressions that parse to the same tree mean the same, two numbers of one value too. Words (titles, the words of a
part, what a clause is about) explain the meaning and are no part of it; they are compared only when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Policy

Path = tuple[str, ...]

_IDENTITY = {
    "items": ("id",),
    "ladders": ("of",),
    "overrides": ("grade", "when"),
    "unrated": ("because",),
    "outcomes": ("outcome", "when"),
    "brackets": ("over",),
    "steps": ("at",),
}
"""What names the members of a list that have no key of their own."""

_WORDS = {"words", "title", "about", "purpose", "appeal"}
_BY_NAME = {"map", "since", "bands", "order", "giving"}
"""Keys deep inside a part under which names of an author stand."""

_IGNORED = {"id", "version"}
_ORDERED = {"entries", "order", "measures", "outcomes"}
"""Parts of which the order has meaning."""


@dataclass(frozen=True)
class Difference:
    """One thing that is otherwise; `old` or `new` is None where there is none."""

    path: Path
    clause: str | None
    old: str | None
    new: str | None

    def told(self) -> str:
        """Say it in one line, without its part."""
        place = ".".join(self.path[1:]) or self.path[0]
        cited = f" ({self.clause})" if self.clause else ""
        if self.old is None:
            return f"{place}{cited}: new: {self.new}"
        if self.new is None:
            return f"{place}{cited}: gone: {self.old}"
        return f"{place}{cited}: {self.old} → {self.new}"

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"path": list(self.path), "clause": self.clause, "old": self.old, "new": self.new}


def compared(old: Policy, new: Policy, words: bool = False) -> list[Difference]:
    """Return what differs, in the order of the language; with `words` also what is only worded otherwise."""
    before, after = (_keyed(one.model_dump(by_alias=True, exclude_none=True), ()) for one in (old, new))
    found = list(_differences(before, after, (), None, words))
    cites = {name: clause.cite for policy in (old, new) for name, clause in policy.law.items()}
    return [Difference(one.path, cites.get(one.clause or "", one.clause), one.old, one.new) for one in found]


def _keyed(value: Any, path: Path) -> Any:
    """Return a value with its named lists as maps, so that members are compared with their like."""
    if isinstance(value, dict):
        return {str(key): _keyed(part, (*path, str(key))) for key, part in value.items()}
    name = path[-1] if path else ""
    if isinstance(value, list | tuple) and name in _IDENTITY and all(isinstance(one, dict) for one in value):
        keyed: dict[str, Any] = {}
        for one in value:
            key = " ".join(_said(one[part]) for part in _IDENTITY[name] if part in one)
            while key in keyed:
                key += "′"
            keyed[key] = _keyed(one, (*path, key))
        return keyed
    return value


def _differences(old: Any, new: Any, path: Path, clause: str | None, words: bool) -> Iterator[Difference]:
    if not words and _only_worded(path, old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _maps(old, new, path, clause, words)
    elif not _same(old, new):
        yield Difference(path, clause, _told(old), _told(new))


def _only_worded(path: Path, old: Any, new: Any) -> bool:
    """Whether a part holds nothing but words; a grade or an interpretation that is new or gone is more than that."""
    if path and path[-1] in _WORDS and not _is_name(path):
        return True
    named = (path[:1] == ("interpretations",) and len(path) > 1) or (path[:2] == ("grades", "order") and len(path) > 2)
    return named and old is not None and new is not None


def _is_name(path: Path) -> bool:
    """Whether the end of a path is a name that an author chose, not a key of the language."""
    return (len(path) == 2 and path[0] != "calendar") or (len(path) > 2 and path[-2] in _BY_NAME)


def _maps(
    old: dict[str, Any], new: dict[str, Any], path: Path, clause: str | None, words: bool
) -> Iterator[Difference]:
    cited = new.get("clause", old.get("clause", clause))
    cited = cited if isinstance(cited, str) else clause
    for key in [*old, *(key for key in new if key not in old)]:
        if not path and key in _IGNORED and not words:
            continue
        yield from _differences(old.get(key), new.get(key), (*path, key), cited, words)
    shared = [[key for key in one if key in old and key in new] for one in (old, new)]
    if path and path[-1] in _ORDERED and shared[0] != shared[1]:
        yield Difference((*path, "order"), cited, ", ".join(shared[0]), ", ".join(shared[1]))


def _same(old: Any, new: Any) -> bool:
    if old == new:
        return True
    if not (isinstance(old, str) and isinstance(new, str)):
        return False
    try:
        return ex.parse(old) == ex.parse(new)
    except ex.ExpressionError:
        return old.split() == new.split()


def _told(value: Any) -> str | None:
    return None if value is None else _said(value)


def _said(value: Any) -> str:
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else _decimal(value)
    if isinstance(value, Mapping):
        shown = {key: part for key, part in value.items() if key not in _WORDS and part not in ((), {})}
        return ", ".join(f"{key} {_said(part)}" for key, part in shown.items())
    if isinstance(value, list | tuple):
        return ", ".join(_said(part) for part in value)
    return str(value)


def _decimal(value: Fraction) -> str:
    tenths = value.denominator
    for prime in (2, 5):
        while tenths % prime == 0:
            tenths //= prime
    return f"{float(value):.12g}" if tenths == 1 else str(value)
