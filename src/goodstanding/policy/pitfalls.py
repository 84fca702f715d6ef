"""What a policy may say and probably should not: questions that laws leave open and policies forget to answer.

None of these is a fault. Each has a name; the comment `# accepted: NAME` on the first line of the part, or on the line
above it, says that it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodstanding.facts.catalogue import Catalogue
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import EntryRule, Policy, Share, Value
from goodstanding.policy.occurrences import Occurrence, Part, occurrences, of_rule
from goodstanding.policy.places import places
from goodstanding.policy.reader import Loaded

_LATER = {"decided", "final"}
_NONE = ("latest", "first", "highest", "lowest", "worst")
"""Aggregates that are unknown where there are no entries."""
_ASKING = ("some", "count", "sum", "peak")
"""Aggregates that tell whether there are any, if they are compared."""


@dataclass(frozen=True)
class Pitfall:
    """A question that a part of the policy leaves open; `name` is what a comment accepts it by."""

    path: Part
    name: str
    message: str


@dataclass(frozen=True)
class Notice:
    """A pitfall with its file and line."""

    file: Path
    line: int
    pitfall: Pitfall

    def __str__(self) -> str:
        """Say it as `file:line: part: what [name]`."""
        part = ".".join(map(str, self.pitfall.path))
        return f"{self.file}:{self.line}: {part}: {self.pitfall.message} [{self.pitfall.name}]"


def warnings(loaded: Loaded, catalogue: Catalogue) -> list[Notice]:
    """Return the pitfalls of a policy that its author has not accepted, by file and line."""
    left_open = list(pitfalls(loaded, catalogue))
    if not left_open:
        return []
    where = places(loaded.contents, loaded.folder)
    found = []
    for pitfall in left_open:
        file, line = where.of(pitfall.path)
        first = where.of(pitfall.path[:2])[1]
        if file.parent == loaded.folder and not _accepted(loaded, file, {line, first}, pitfall.name):
            found.append(Notice(file, line, pitfall))
    return sorted(found, key=lambda one: (str(one.file), one.line))


def _accepted(loaded: Loaded, file: Path, starts: set[int], name: str) -> bool:
    lines = loaded.contents[file.name].decode("utf-8").splitlines()
    near = {line for start in starts for line in (start - 1, start - 2) if 0 <= line < len(lines)}
    said = (re.search(r"#\s*accepted:([\w ,-]+)", lines[line]) for line in near)
    return any(name in re.split(r"[ ,]+", one[1]) for one in said if one)


def pitfalls(loaded: Loaded, catalogue: Catalogue) -> Iterator[Pitfall]:
    """Yield every pitfall of a policy."""
    policy = loaded.policy
    for name, rule in policy.entries.items():
        yield from _of_rule(name, rule, policy, catalogue)
        yield from _gone(name, rule, policy)
    for one in occurrences(policy):
        yield from _none(one, policy)
        yield from _divided(one, policy)
    yield from _unrounded(policy)
    yield from _restless(policy)
    yield from _measures(policy)
    yield from _uncited(loaded)
    yield from _unread(policy)


def _of_rule(name: str, rule: EntryRule, policy: Policy, catalogue: Catalogue) -> Iterator[Pitfall]:
    items = [item for item in policy.items if item.class_ == rule.items]
    kinds = [catalogue.kinds[kind] for kind in policy.kinds_of(rule) if kind in catalogue.kinds]
    dated = {key for kind in kinds for key, attribute in kind.attributes.items() if attribute.type == "date"}
    read = _dates(name, rule, dated)
    if kinds and read and rule.placed is None and rule.after is None:
        dates = ", ".join(["act", *sorted(read)])
        yield Pitfall(("entries", name), "placed", f"it reads several dates ({dates}): say on which it is `placed`")
    adverse = [item for item in items if item.kind in catalogue.kinds and _adverse(item.kind, catalogue)]
    if len(adverse) > 1 and rule.amount and rule.per is None and not rule.unless:
        yield Pitfall(
            ("entries", name),
            "overlap",
            f"one act can fall under several of its {len(adverse)} items: say which counts (`per: occurrence` and "
            "`choose`), or that they add up",
        )


def _gone(name: str, rule: EntryRule, policy: Policy) -> Iterator[Pitfall]:
    """A rule that reads its own entries when they have just ended, at the record that supersedes them."""
    if not rule.kinds or not set(rule.kinds) <= set(rule.superseded_by) or rule.after is not None:
        return
    for one in of_rule(name, rule):
        if one.path[2] not in ("where", "amount", "grade"):
            continue
        for node in ex.walk(one.node):
            added = isinstance(node, ex.Aggregate) and node.function in ("sum", "peak") and name in policy.accounts
            if isinstance(node, ex.Aggregate) and node.source == name and not (node.ever or node.reading or added):
                said = f"the record that it looks at has just ended its last entry: read `ever {name}`"
                yield Pitfall(one.path, "gone", said)


def _dates(name: str, rule: EntryRule, dated: set[str]) -> set[str]:
    """Return the dates of its record, other than the act, that decide when a rule's entry is made or begins."""
    found: set[str] = set()
    for one in of_rule(name, rule):
        if one.path[2] not in ("ends", "spends"):
            begins = one.path[2:] == ("counts", "from")
            found |= _own_names(one.node) & (_LATER | dated if begins else _LATER)
    return found


def _own_names(node: ex.Node) -> set[str]:
    """Return the names that are read of the record itself, not of other entries."""
    if isinstance(node, ex.Aggregate):
        return set()
    own = {node.name} if isinstance(node, ex.Name) else set()
    return own.union(*(_own_names(child) for child in ex.children(node)))


def _adverse(kind: str, catalogue: Catalogue) -> bool:
    return catalogue.kinds[kind].direction == "adverse"


def _none(one: Occurrence, policy: Policy) -> Iterator[Pitfall]:
    guarded = _guards(one, policy)
    for node in ex.walk(one.node):
        if not isinstance(node, ex.Aggregate) or node.function not in _NONE or node.otherwise is not None:
            continue
        if node.source not in guarded:
            yield Pitfall(
                one.path,
                "none",
                f"{node.function}(… {node.source}) is unknown where there is none: add `else …`, or ask "
                f"`some({node.source})` first",
            )
            return


def _guards(one: Occurrence, policy: Policy) -> set[str]:
    """Return the rules and accounts of which it is asked, around an expression, whether there are any."""
    asked = _asked(one.node)
    if one.path[0] == "entries":
        rule = policy.entries[str(one.path[1])]
        imposed = [policy.measures[name].when for name in rule.kinds if name in policy.measures]
        for text in (rule.where, rule.when, *imposed):
            asked |= _asked(_written_out(ex.parse(text), policy)) if text else set()
        asked |= set(rule.kinds)
    for row in policy.unrated:
        asked |= _asked(_written_out(ex.parse(row.when), policy))
    return asked


def _asked(node: ex.Node) -> set[str]:
    return {part.source for part in ex.walk(node) if isinstance(part, ex.Aggregate) and part.function in _ASKING}


def _written_out(node: ex.Node, policy: Policy) -> ex.Node:
    """Return a node together with the values that it names."""
    named = [policy.values[name] for name in sorted(ex.names_in(node)) if name in policy.values]
    return ex.Codes((node, *(_written_out(ex.parse(value.expression), policy) for value in named)))


def _divided(one: Occurrence, policy: Policy) -> Iterator[Pitfall]:
    for node, conditions in _quotients(one.node, ()):
        if _never_zero(node.right, policy):
            continue
        below = _reads(_written_out(node.right, policy))
        asking = [*conditions, *(_written_out(ex.parse(row.when), policy) for row in policy.unrated)]
        if one.path[0] == "entries" and (where := policy.entries[str(one.path[1])].where):
            asking.append(ex.parse(where))
        if not below & set().union(*(_reads(condition) for condition in asking)):
            yield Pitfall(one.path, "zero", "it divides by what can be 0: ask for that before it, or under `unrated`")


def _quotients(node: ex.Node, conditions: tuple[ex.Node, ...]) -> Iterator[tuple[ex.Binary, tuple[ex.Node, ...]]]:
    if isinstance(node, ex.Choice):
        conditions = (*conditions, node.condition)
    if isinstance(node, ex.Binary) and node.sign == "/":
        yield node, conditions
    for child in ex.children(node):
        yield from _quotients(child, conditions)


def _reads(node: ex.Node) -> set[str]:
    return ex.names_in(node) | {part.source for part in ex.walk(node) if isinstance(part, ex.Aggregate)}


def _never_zero(node: ex.Node, policy: Policy) -> bool:
    match node:
        case ex.Number(value):
            return value != 0
        case ex.Lookup(table, _):
            cells = [*(policy.tables[table].map or {}).values(), *(policy.tables[table].since or {}).values()]
            return all(_never_zero(ex.parse(cell), policy) for cell in cells)
        case ex.Call("max", arguments):
            return any(isinstance(part, ex.Number) and part.value > 0 for part in arguments)
        case ex.Name(name) if name in policy.values:
            named = policy.values[name]
            least = named.grid.least if named.grid else None
            return (least is not None and least > 0) or _never_zero(ex.parse(named.expression), policy)
    return False


def _unrounded(policy: Policy) -> Iterator[Pitfall]:
    fractional: set[str] = set()
    for name, value in policy.values.items():
        if not _has_quotient(ex.parse(value.expression), fractional, value):
            continue
        fractional.add(name)
        if value.grid:
            yield Pitfall(
                ("values", name, "is"),
                "unrounded",
                f"a quotient may fall between the steps of {value.grid.step} of its grid: say how it is rounded",
            )


def _has_quotient(node: ex.Node, fractional: set[str], value: Value) -> bool:
    match node:
        case ex.Call("round", _) | ex.Aggregate():
            return False
        case ex.Name(name):
            return name in fractional
        case ex.Binary("/", left, ex.Number(by)) if value.grid and (1 / by / value.grid.step).denominator == 1:
            return _has_quotient(left, fractional, value)
        case ex.Binary("/", _, _):
            return True
        case ex.Choice(then, _, otherwise):
            return any(_has_quotient(part, fractional, value) for part in (then, otherwise))
    return any(_has_quotient(part, fractional, value) for part in ex.children(node))


def _restless(policy: Policy) -> Iterator[Pitfall]:
    """Yield what decides on the grade by that of the day before, and by nothing that is on record."""
    parts = [one for one in occurrences(policy) if one.path[0] in ("unrated", "grades")]
    parts += [Occurrence(("grades", "ladders", n), ex.Name(one.of)) for n, one in enumerate(policy.grades.ladders)]
    for one in parts:
        nodes = list(ex.walk(_written_out(one.node, policy)))
        if ex.Call("before", (ex.Name("grade"),)) in nodes and not any(isinstance(n, ex.Aggregate) for n in nodes):
            yield Pitfall(
                one.path,
                "restless",
                "the grade follows from that of the day before, whatever is on record: where it never comes to rest, "
                "every day since 1900 is worked out",
            )


def _measures(policy: Policy) -> Iterator[Pitfall]:
    ended = _ended(policy)
    for name, measure in policy.measures.items():
        if measure.imposed_by and measure.lapses is None:
            yield Pitfall(
                ("measures", name),
                "lapses",
                "once reached it waits to be imposed for ever: say `lapses: when no longer so`, or that this is meant",
            )
        if measure.when and measure.until is None and name not in ended:
            yield Pitfall(("measures", name), "endless", "it never ends: say `until`, or a rule that `ends` it")


def _ended(policy: Policy) -> set[str]:
    """Return the rules, accounts and measures that some rule ends or uses up."""
    acts = [act for rule in policy.entries.values() for act in (rule.ends, rule.spends) if act]
    return {name for act in acts for name in act.entries}


def _uncited(loaded: Loaded) -> Iterator[Pitfall]:
    policy = loaded.policy
    cited = set(_clauses(policy.model_dump(by_alias=True)))
    for name in policy.law:
        if name not in cited:
            yield Pitfall(("law", name), "uncited", "no part of the policy cites this clause")
    text = "\n".join(content.decode("utf-8") for content in loaded.contents.values())
    for name in policy.interpretations:
        if name not in cited and len(re.findall(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)) < 2:
            yield Pitfall(
                ("interpretations", name), "uncited", "no part cites this interpretation, and no comment names it"
            )


def _clauses(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("clause"), str):
            yield value["clause"]
        for part in value.values():
            yield from _clauses(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _clauses(part)


def _unread(policy: Policy) -> Iterator[Pitfall]:
    every = list(occurrences(policy))
    names = set().union(*(ex.names_in(one.node) for one in every)) | {ladder.of for ladder in policy.grades.ladders}
    names |= {policy.score or ""} | {name for one in policy.decisions.values() for name in one.reads}
    sources = set().union(*(one.sources for one in every))
    tables = set().union(*(one.tables for one in every))
    tables |= {rule.amount.share for rule in policy.entries.values() if isinstance(rule.amount, Share)}
    for part, known, read in (("tables", policy.tables, tables), ("values", policy.values, names)):
        for name in known:
            if name not in read:
                yield Pitfall((part, name), "unused", "nothing reads it")
    yield from _unread_entries(policy, sources)


def _unread_entries(policy: Policy, sources: set[str]) -> Iterator[Pitfall]:
    rules = policy.entries
    acted = _ended(policy) | {measure.at or "" for measure in policy.measures.values()}
    acted |= {rule.unless for rule in rules.values() if rule.unless}
    acted |= {row.because.partition(".")[0] for row in policy.unrated}
    for name in policy.accounts:
        if name not in sources and not any(rule.account == name and key in sources for key, rule in rules.items()):
            yield Pitfall(("accounts", name), "unused", "no expression reads what adds up here")
    for name, rule in rules.items():
        if rule.account is None and name not in sources | acted and not (rule.ends or rule.spends):
            yield Pitfall(("entries", name), "unused", "nothing reads its entries")
