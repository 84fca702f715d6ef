"""Static checks of a policy: every name known, every expression well typed, every grid covered, every clause cited."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of, gap_in
from goodstanding.policy.model import EntryRule, Policy, Share

DATES = ("act", "decided", "final", "ended")
_ITEM = {"item.points": "number", "item.level": "code", "item.grade": "code", "item.id": "code"}
_OF_RULE = {"count": "number", "some": "flag", "continuing": "flag", "worst": "code"}
"""Functions of an entry rule: how many of its entries count, whether one does, whether the conduct of one goes on,
and the worst grade among them."""


@dataclass(frozen=True)
class Fault:
    """What is wrong, at a path into the policy file."""

    path: tuple[str | int, ...]
    message: str


@dataclass(frozen=True)
class Scope:
    """What an expression may name: names with their types, and the tables, accounts and rules of the policy."""

    names: Mapping[str, str]
    policy: Policy
    functions: bool = False


def faults_in(policy: Policy, catalogue: Catalogue) -> list[Fault]:
    """Return every fault, in the order of the file; an empty list where the policy can be run."""
    checks = (_items, _kinds, _entries, _accounts, _values, _grades, _measures, _clauses, _tables)
    return [fault for check in checks for fault in check(policy, catalogue)]


def near(word: str, words: Collection[str]) -> str:
    """Return a suggestion for a misspelt word, or the words that there are."""
    close = get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return "expected " + (", ".join(sorted(words)[:12]) or "none: there is none here")


def type_of(node: ex.Node, scope: Scope) -> str:
    """Return number, code, flag, date, duration or period.

    Raises InputError where a name is unknown or the parts do not fit together.
    """
    match node:
        case ex.Number():
            return "number"
        case ex.Code():
            return "code"
        case ex.Duration():
            return "duration"
        case ex.Name(name):
            return _known(name, scope.names)
        case ex.Lookup(table, key):
            return _lookup(table, key, scope)
        case ex.Call(function, arguments):
            return _call(function, arguments, scope)
        case ex.Not(inner):
            return _need(inner, "flag", scope)
        case ex.Choice(then, condition, otherwise):
            _need(condition, "flag", scope)
            return _need(otherwise, type_of(then, scope), scope)
        case ex.Binary(sign, left, right):
            return _binary(sign, left, right, scope)


def _known(name: str, names: Mapping[str, str]) -> str:
    if name not in names:
        raise InputError(f"found {name!r}, which is not known here; {near(name, names)}")
    return names[name]


def _need(node: ex.Node, wanted: str, scope: Scope) -> str:
    found = type_of(node, scope)
    if found != wanted:
        raise InputError(f"found a {found} where a {wanted} is expected")
    return wanted


def _lookup(table: str, key: ex.Node, scope: Scope) -> str:
    maps = {name: one.map for name, one in scope.policy.tables.items() if one.map is not None}
    if table not in maps:
        raise InputError(f"found {table!r}, which is no table with a map; {near(table, maps)}")
    _need(key, "code", scope)
    kinds = {type_of(ex.parse(cell), Scope({}, scope.policy)) for cell in (maps[table] or {}).values()}
    if len(kinds) != 1:
        raise InputError(f"table {table!r} mixes {' and '.join(sorted(kinds))}, expected one type in all its cells")
    return kinds.pop()


def _call(function: str, arguments: tuple[ex.Node, ...], scope: Scope) -> str:
    if function in ("min", "max"):
        for argument in arguments:
            _need(argument, "number", scope)
        return "number"
    known = [*_OF_RULE, "sum"] if scope.functions else []
    if function not in known:
        raise InputError(f"found the function {function!r}; {near(function, ['min', 'max', *known])}")
    if len(arguments) != 1 or not isinstance(arguments[0], ex.Name):
        raise InputError(f"{function}() takes one name")
    if function == "sum":
        _known(arguments[0].name, dict.fromkeys(scope.policy.accounts, "account"))
        return "number"
    _known(arguments[0].name, dict.fromkeys(scope.policy.entries, "rule"))
    return _OF_RULE[function]


def _binary(sign: str, left: ex.Node, right: ex.Node, scope: Scope) -> str:
    if sign in ("and", "or"):
        _need(left, "flag", scope)
        return _need(right, "flag", scope)
    if sign in ("after", "beginning"):
        _need(left, "duration", scope)
        _need(right, "date", scope)
        return "period"
    if sign in ("+", "-", "*", "/"):
        _need(left, "number", scope)
        return _need(right, "number", scope)
    found = type_of(left, scope)
    if sign not in ("=", "!=") and found not in ("number", "date"):
        raise InputError(f"found {sign!r} between two {found}s, expected numbers or dates")
    _need(right, found, scope)
    return "flag"


def _typed(path: tuple[str | int, ...], text: str, wanted: str, scope: Scope) -> Iterator[Fault]:
    try:
        _need(ex.parse(text), wanted, scope)
    except InputError as error:
        yield Fault(path, f"{text!r}: {error}")


def _attributes(kinds: Collection[str], catalogue: Catalogue) -> dict[str, str]:
    """Attributes that every one of these kinds has, with their types."""
    each = [catalogue.kinds[kind].attributes for kind in kinds if kind in catalogue.kinds]
    shared = set.intersection(*(set(attributes) for attributes in each)) if each else set()
    return {name: each[0][name].type for name in shared}


def _items(policy: Policy, catalogue: Catalogue) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, item in enumerate(policy.items):
        path = ("items", index)
        if item.id in seen:
            yield Fault((*path, "id"), f"found {item.id!r} a second time, expected each id once")
        seen.add(item.id)
        if item.kind not in catalogue.kinds:
            yield Fault((*path, "for"), f"found {item.kind!r}, no kind; {near(item.kind, catalogue.kinds)}")
        elif item.subject not in catalogue.kinds[item.kind].subjects:
            yield Fault((*path, "subject"), f"{item.kind} is not kept on a {item.subject}")
        if item.where:
            scope = Scope(_attributes([item.kind], catalogue), policy)
            yield from _typed((*path, "where"), item.where, "flag", scope)
        if item.grade is not None and item.grade not in policy.grades.order:
            yield Fault((*path, "grade"), f"found {item.grade!r}; {near(item.grade, policy.grades.order)}")
        if (item.grade is None) == (item.points is None):
            yield Fault(path, "expected either points or a grade")


def _kinds(policy: Policy, catalogue: Catalogue) -> Iterator[Fault]:
    for name, rule in policy.entries.items():
        for key, kinds in (("for", rule.kinds), ("superseded by", rule.superseded_by), ("ended by", rule.ended_by)):
            for kind in kinds:
                if kind not in catalogue.kinds:
                    yield Fault(("entries", name, key), f"found {kind!r}, no kind; {near(kind, catalogue.kinds)}")


def _entries(policy: Policy, catalogue: Catalogue) -> Iterator[Fault]:
    classes = {item.class_ for item in policy.items}
    for name, rule in policy.entries.items():
        path = ("entries", name)
        if bool(rule.kinds) == bool(rule.items):
            yield Fault(path, "expected either 'for' (kinds) or 'items' (a class of items)")
        if rule.items and rule.items not in classes:
            yield Fault((*path, "items"), f"found {rule.items!r}, no class of items; {near(rule.items, classes)}")
        if rule.account not in policy.accounts:
            yield Fault(
                (*path, "account"), f"found {rule.account!r}, no account; {near(rule.account, policy.accounts)}"
            )
        if rule.unless and rule.unless not in list(policy.entries)[: list(policy.entries).index(name)]:
            yield Fault((*path, "unless"), f"found {rule.unless!r}, expected a rule that stands above this one")
        if (rule.per is None) != (rule.choose is None):
            yield Fault(path, "'per' and 'choose' go together: say which entry of an occurrence is kept")
        if (rule.repeat or rule.choose) and not rule.items:
            yield Fault(path, "'repeat' and 'choose' need 'items'")
        yield from _entry_expressions(path, rule, policy, catalogue)


def _entry_expressions(path: tuple[str, ...], rule: EntryRule, policy: Policy, catalogue: Catalogue) -> Iterator[Fault]:
    kinds = rule.kinds or [item.kind for item in policy.items if item.class_ == rule.items]
    scope = Scope(_attributes(kinds, catalogue) | dict.fromkeys(DATES, "date") | (_ITEM if rule.items else {}), policy)
    if isinstance(rule.amount, Share):
        ladders = [name for name, table in policy.tables.items() if table.map is None]
        if rule.amount.share not in ladders:
            yield Fault(
                (*path, "amount"), f"found {rule.amount.share!r}, no ladder; {near(rule.amount.share, ladders)}"
            )
        yield from _typed((*path, "amount", "running"), rule.amount.running, "number", scope)
    elif rule.amount:
        yield from _typed((*path, "amount"), rule.amount, "number", scope)
    if rule.grade:
        yield from _typed((*path, "grade"), rule.grade, "code", scope)
    yield from _typed((*path, "counts", "from"), rule.counts.start, "date", scope)
    if rule.counts.until:
        yield from _typed((*path, "counts", "until"), rule.counts.until, "period", scope)


def _accounts(policy: Policy, _: Catalogue) -> Iterator[Fault]:
    scope = Scope({}, policy, functions=True)
    for name, account in policy.accounts.items():
        if account.held_while:
            yield from _typed(("accounts", name, "held while"), account.held_while, "flag", scope)


def _values(policy: Policy, catalogue: Catalogue) -> Iterator[Fault]:
    above: dict[str, str] = {}
    for name, value in policy.values.items():
        scope = Scope(above, policy, functions=True)
        yield from _typed(("values", name, "is"), value.expression, "number", scope)
        above = above | {name: "number"}
    if policy.score not in policy.values:
        yield Fault(("score",), f"found {policy.score!r}, no value; {near(policy.score, policy.values)}")
    scope = Scope(above, policy, functions=True)
    for index, row in enumerate(policy.unrated):
        yield from _typed(("unrated", index, "when"), row.when, "flag", scope)
        rule, _, attribute = row.because.partition(".")
        if attribute and (
            rule not in policy.entries or attribute not in _attributes(policy.entries[rule].kinds, catalogue)
        ):
            yield Fault(("unrated", index, "because"), f"found {row.because!r}, expected RULE.ATTRIBUTE or a code")
        if not attribute and row.words is None:
            yield Fault(("unrated", index), "expected words for this reason")


def _grades(policy: Policy, _: Catalogue) -> Iterator[Fault]:
    grades = policy.grades
    scope = Scope(dict.fromkeys(policy.values, "number"), policy, functions=True)
    for index, override in enumerate(grades.overrides):
        yield from _typed(("grades", "overrides", index, "when"), override.when, "flag", scope)
        yield from _typed(("grades", "overrides", index, "grade"), override.grade, "code", scope)
    for index, ladder in enumerate(grades.ladders):
        path = ("grades", "ladders", index)
        for grade in ladder.bands:
            if grade not in grades.order:
                yield Fault((*path, "bands", grade), f"found {grade!r}, no grade; {near(grade, grades.order)}")
        value = policy.values.get(ladder.of)
        if value is None or value.grid is None:
            yield Fault((*path, "of"), f"found {ladder.of!r}, expected a value with a grid")
            continue
        try:
            gap = gap_in(bands_of(ladder), value.grid)
        except InputError as error:
            gap = str(error)
        if gap:
            yield Fault((*path, "bands"), gap)


def _measures(policy: Policy, _: Catalogue) -> Iterator[Fault]:
    for name, measure in policy.measures.items():
        for grade in measure.grades:
            if grade not in policy.grades.order:
                yield Fault(("measures", name, "grades"), f"found {grade!r}; {near(grade, policy.grades.order)}")


def _clauses(policy: Policy, _: Catalogue) -> Iterator[Fault]:
    cited: list[tuple[tuple[str | int, ...], str | None]] = [
        *((("items", index, "clause"), item.clause) for index, item in enumerate(policy.items)),
        *((("entries", name, "clause"), rule.clause) for name, rule in policy.entries.items()),
        *((("values", name, "clause"), value.clause) for name, value in policy.values.items()),
        *((("accounts", name, "clause"), account.clause) for name, account in policy.accounts.items()),
        *((("tables", name, "clause"), table.clause) for name, table in policy.tables.items()),
        *((("unrated", index, "clause"), row.clause) for index, row in enumerate(policy.unrated)),
        *((("grades", "overrides", index, "clause"), one.clause) for index, one in enumerate(policy.grades.overrides)),
        *((("grades", "ladders", index, "clause"), one.clause) for index, one in enumerate(policy.grades.ladders)),
        *((("measures", name, "clause"), measure.clause) for name, measure in policy.measures.items()),
    ]
    known = {**policy.law, **policy.interpretations}
    for path, clause in cited:
        if clause is not None and clause not in known:
            yield Fault(path, f"found {clause!r}, no clause under 'law'; {near(clause, known)}")


def _tables(policy: Policy, _: Catalogue) -> Iterator[Fault]:
    for name, table in policy.tables.items():
        if sum(part is not None for part in (table.map, table.brackets, table.steps)) != 1:
            yield Fault(("tables", name), "expected one of 'map', 'brackets' and 'steps'")
        for key, edges in (
            ("brackets", [rung.over for rung in table.brackets or ()]),
            ("steps", [rung.at for rung in table.steps or ()]),
        ):
            for index, (lower, upper) in enumerate(pairwise(edges), start=1):
                if upper <= lower:
                    yield Fault(("tables", name, key, index), f"found {upper} after {lower}, expected rising order")
