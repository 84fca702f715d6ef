"""Static checks of a policy: every name known, every expression well typed, every grid covered, every clause cited."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from itertools import islice, pairwise
from math import prod

from goodstanding.facts.catalogue import Attribute, Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of, gap_in
from goodstanding.policy.model import Account, EntryRule, Measure, Options, Policy, Repair, Share, Table
from goodstanding.policy.scalars import day, number

DATES = ("act", "decided", "final", "ended")
OWN = {"placed": "date", "start": "date", "until": "date", "amount": "number", "grade": "code", "rule": "code"}
"""What every entry has, whatever opened it."""

_OF_RECORD = {"occurrence": "code", "kind": "code", **dict.fromkeys(DATES, "date")}
_ITEM = {"item.points": "number", "item.level": "code", "item.grade": "code", "item.id": "code"}
MOST = 100
"""Faults that are told at once."""
MOST_CHOICES = 2000
"""Values that a repair may be tried with."""

_CONSTANTS: dict[type, str] = {ex.Number: "number", ex.Code: "code", ex.Date: "date", ex.Duration: "duration"}
_WEEK = 7
_ROUNDING = ("half-up", "half-even", "down", "up", "floor", "ceiling")
_NUMBERS = ("sum", "peak", "count")
_FUNCTIONS = (
    "min", "max", "round", "known", "month_after", "year_after", "year_of", "next_of", "full_years", "full_months",
    "days", "months", "years",
    "before", "reached", "pending", "imposed",
)  # fmt: skip


Types = Mapping[str, str]
"""The types of a policy's values, by name."""


@dataclass(frozen=True)
class Fault:
    """What is wrong, at a path into the policy file."""

    path: tuple[str | int, ...]
    message: str


@dataclass(frozen=True)
class Scope:
    """What an expression may name: names with their types, and the tables, accounts, rules and values of the policy.

    `state`: entries and values may be read, for it is worked out on a day. `outer`: the names after `this.`. `before`:
    the values that may be asked of the day before.
    """

    names: Mapping[str, str]
    policy: Policy
    catalogue: Catalogue
    values: Mapping[str, str] = field(default_factory=dict)
    state: bool = False
    outer: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)


def faults_in(policy: Policy, catalogue: Catalogue) -> list[Fault]:
    """Return the faults, the first `MOST`, in the order of the file; an empty list where the policy can be run."""
    checks = (
        _names, _values, _items, _kinds, _entries, _accounts, _unrated, _grades, _measures, _decisions, _repairs,
        _calendar, _clauses, _tables,
    )  # fmt: skip
    types = value_types(policy, catalogue)
    return list(islice((fault for check in checks for fault in check(policy, catalogue, types)), MOST))


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
        case ex.Number() | ex.Code() | ex.Date() | ex.Duration():
            return _constant(node, scope)
        case ex.Codes():
            raise InputError("found codes in brackets, expected them after 'in' only")
        case ex.Name(name):
            return _name(name, scope)
        case ex.Lookup(table, key):
            return _lookup(table, key, scope)
        case ex.Call(function, arguments):
            return _call(function, arguments, scope)
        case ex.Aggregate():
            return _aggregate(node, scope)
        case ex.Not(inner):
            return _need(inner, "flag", scope)
        case ex.Choice():
            return _choice(node, scope)
        case ex.Binary(sign, left, right):
            return _binary(sign, left, right, scope)


def _constant(node: ex.Node, scope: Scope) -> str:
    if isinstance(node, ex.Duration) and node.unit == "working days" and scope.policy.calendar is None:
        raise InputError("found working days, expected a 'calendar' in the policy that says which they are")
    return _CONSTANTS[type(node)]


def _name(name: str, scope: Scope) -> str:
    if name == "today":
        raise InputError("found 'today', which may be compared, be asked of 'since', 'in', full_years, full_months")
    this = {f"this.{one}": found for one, found in scope.outer.items()}
    return _known(name, {**scope.values, **scope.names, **this})


def _choice(node: ex.Choice, scope: Scope) -> str:
    _need(node.condition, "flag", scope)
    found = type_of(node.then, scope)
    if found in ("date", "period"):
        return _dated(found, node.otherwise, scope)
    return _need(node.otherwise, found, scope)


def _known(name: str, names: Mapping[str, str]) -> str:
    if name not in names:
        raise InputError(f"found {name!r}, which is not known here; {near(name, names)}")
    return names[name]


def _need(node: ex.Node, wanted: str, scope: Scope) -> str:
    found = type_of(node, scope)
    if found != wanted:
        raise InputError(f"found a {found} where a {wanted} is expected")
    return wanted


def _dated(found: str, node: ex.Node, scope: Scope) -> str:
    """Want a date or a period, and say which the two together are."""
    other = type_of(node, scope)
    if other not in ("date", "period"):
        raise InputError(f"found a {other} where a date or a period is expected")
    return "period" if found == other == "period" else "date"


def _lookup(table: str, key: ex.Node, scope: Scope) -> str:
    _known(table, dict.fromkeys(scope.policy.tables, "table"))
    found = scope.policy.tables[table]
    if found.map is None and found.since is None:
        return _need(key, "number", scope)
    if found.map is not None:
        _need(key, "code", scope)
    elif key != ex.Name("today"):
        _need(key, "date", scope)
    cells = (found.map or found.since or {}).values()
    kinds = {_type_of_cell(cell, scope) for cell in islice(cells, 2)}
    if len(kinds) != 1:
        raise InputError(f"table {table!r} mixes {' and '.join(sorted(kinds))}, expected one type in all its cells")
    return kinds.pop()


def _type_of_cell(cell: str, scope: Scope) -> str:
    node = ex.parse(cell)
    if any(isinstance(part, ex.Lookup) for part in ex.walk(node)):
        raise InputError(f"found a table in the cell {cell!r}, expected a number, code, date or duration")
    return type_of(node, Scope({}, scope.policy, scope.catalogue))


def _call(function: str, arguments: tuple[ex.Node, ...], scope: Scope) -> str:
    if function not in _FUNCTIONS:
        known = [*_FUNCTIONS, *ex.AGGREGATES] if scope.state else list(_FUNCTIONS[:13])
        raise InputError(f"found the function {function!r}; {near(function, known)}")
    if function in ("min", "max"):
        return _extreme(arguments, scope)
    wanted = {"round": 3, "next_of": 3, "full_years": 2, "full_months": 2}.get(function, 1)
    if len(arguments) != wanted:
        raise InputError(f"found {len(arguments)} arguments, expected {wanted} in {function}()")
    if function in ("before", "reached", "pending", "imposed"):
        return _of_state(function, arguments[0], scope)
    if function == "known":
        type_of(arguments[0], scope)
        return "flag"
    if function in ("days", "months", "years"):
        _need(arguments[0], "number", scope)
        return "duration"
    if function == "round":
        _need(arguments[0], "number", scope)
        mode = arguments[2]
        if not isinstance(mode, ex.Code) or mode.text not in _ROUNDING:
            raise InputError(f"expected a way to round as a code: {', '.join(_ROUNDING)}")
        if not isinstance(arguments[1], ex.Number) or arguments[1].value <= 0:
            raise InputError("expected a number above 0 as the step to round to")
        return "number"
    return _of_dates(function, arguments, scope)


def _of_dates(function: str, arguments: tuple[ex.Node, ...], scope: Scope) -> str:
    if function == "next_of":
        length = arguments[0]
        if not isinstance(length, ex.Duration) or length.count < 1 or length.unit.startswith("working"):
            raise InputError("expected a period of at least a day in next_of(), as 12 months")
        arguments = arguments[1:]
    full = function.startswith("full_")
    for place, argument in enumerate(arguments):
        if not (full and place == 1 and argument == ex.Name("today")):
            _dated("date", argument, scope)
    return "number" if full else "date"


def _extreme(arguments: tuple[ex.Node, ...], scope: Scope) -> str:
    kinds = {type_of(argument, scope) for argument in arguments}
    if kinds <= {"date", "period"}:
        return "date"
    if kinds != {"number"}:
        raise InputError(f"found {' and '.join(sorted(kinds))}, expected numbers, or dates and periods")
    return "number"


def _of_state(function: str, argument: ex.Node, scope: Scope) -> str:
    if not scope.state or not isinstance(argument, ex.Name):
        raise InputError(f"{function}() takes one name, and is asked on a day, not of a record alone")
    if function != "before":
        staged = [name for name, measure in scope.policy.measures.items() if measure.when]
        _known(argument.name, dict.fromkeys(staged, "measure"))
        return "flag"
    return _known(argument.name, {**scope.before, **scope.values, "grade": "code"})


def _aggregate(node: ex.Aggregate, scope: Scope) -> str:
    if not scope.state:
        raise InputError(f"found {node.function}(), which reads entries, expected what the record itself says")
    policy = scope.policy
    if node.source not in policy.entries and node.source not in policy.accounts:
        known = [*policy.entries, *policy.accounts]
        raise InputError(f"found {node.source!r}, no rule or account; {near(node.source, known)}")
    inner = scope
    if node.where is not None or node.value is not None:
        inner = replace(scope, names=attributes_of_entries(node, policy, scope.catalogue))
    if node.where is not None:
        _need(node.where, "flag", inner)
    if node.reading is not None or node.function == "peak":
        _on_days(node, scope)
    if node.function in ("latest", "first", "highest", "lowest"):
        return _of_entries(node, scope, inner)
    if node.value is not None:
        if node.function != "sum" or node.reading:
            raise InputError(f"found 'of' in {node.function}(), expected only the name of a rule or an account")
        _need(node.value, "number", inner)
    if node.otherwise is not None:
        _otherwise(node, scope)
    return "number" if node.function in _NUMBERS else "code" if node.function == "worst" else "flag"


def _on_days(node: ex.Aggregate, scope: Scope) -> None:
    if node.reading not in (None, {"peak": "from", "sum": "on"}.get(node.function)):
        raise InputError(f"found {node.reading!r} in {node.function}(), expected sum(... on DAY) or peak(... from DAY)")
    if node.at is not None:
        _dated("date", node.at, scope)
    account = scope.policy.accounts.get(node.source)
    if account is not None and _moved(account):
        raise InputError(f"found {node.source!r}, which is walked or held; its sum on another day is not known")


def _otherwise(node: ex.Aggregate, scope: Scope) -> None:
    assert node.otherwise is not None
    if node.function != "worst":
        raise InputError(f"found 'else' in {node.function}(), which is 0 or false where there are no entries")
    _need(node.otherwise, "code", scope)


def _of_entries(node: ex.Aggregate, scope: Scope, inner: Scope) -> str:
    if node.value is None:
        raise InputError(f"expected what is read of each entry, as {node.function}(act of {node.source})")
    found = type_of(node.value, inner)
    if node.function in ("highest", "lowest") and found not in ("number", "date", "period"):
        raise InputError(f"found a {found} in {node.function}(), expected a number or a date")
    found = "date" if found == "period" else found
    if node.otherwise is not None:
        _dated(found, node.otherwise, scope) if found == "date" else _need(node.otherwise, found, scope)
    return found


def attributes_of_entries(node: ex.Aggregate, policy: Policy, catalogue: Catalogue) -> dict[str, str]:
    """Return what can be read of every entry that a function over entries may find, with types."""
    by_account = node.source in policy.accounts and (
        node.function in ("sum", "peak") or node.source not in policy.entries
    )
    rules = [rule for name, rule in policy.entries.items() if (rule.account if by_account else name) == node.source]
    each = [_of_rule(rule, policy, catalogue) for rule in rules]
    shared = set.intersection(*(set(names) for names in each)) if each else set()
    return {**OWN, **{name: each[0][name] for name in shared}}


def _of_rule(rule: EntryRule, policy: Policy, catalogue: Catalogue) -> dict[str, str]:
    kinds = _kinds_of(rule, policy)
    if not kinds:
        return {}
    return {
        **_attributes(kinds, catalogue),
        **_OF_RECORD,
        **(dict.fromkeys(("item", "level"), "code") if rule.items else {}),
    }


def _moved(account: Account) -> bool:
    return account.held_while is not None or account.floor is not None or account.ceiling is not None


def _kinds_of(rule: EntryRule, policy: Policy) -> list[str]:
    """Return the kinds of records that open entries of a rule; those that impose a measure that it is for."""
    imposing = {name: one.imposed_by for name, one in policy.measures.items() if one.when and name in rule.kinds}
    return [kind for name in policy.kinds_of(rule) for kind in imposing.get(name, (name,))]


def _binary(sign: str, left: ex.Node, right: ex.Node, scope: Scope) -> str:
    if sign in ("and", "or"):
        _need(left, "flag", scope)
        return _need(right, "flag", scope)
    if sign in ("after", "beginning"):
        _need(left, "duration", scope)
        if right == ex.Name("today"):
            return "period"
        _dated("date", right, scope)
        return "period"
    if sign == "in":
        return _member(left, right, scope)
    if sign in ("+", "-", "*", "/"):
        return _sum_of(sign, left, right, scope)
    if ex.Name("today") in (left, right):
        return _dated("date", right if left == ex.Name("today") else left, scope) and "flag"
    found = type_of(left, scope)
    if found in ("date", "period"):
        _dated(found, right, scope)
        return "flag"
    if sign not in ("=", "!=") and found != "number":
        raise InputError(f"found {sign!r} between two {found}s, expected numbers or dates")
    _need(right, found, scope)
    return "flag"


def _sum_of(sign: str, left: ex.Node, right: ex.Node, scope: Scope) -> str:
    if sign in ("+", "-") and type_of(right, scope) == "duration":
        if sign != "+":
            raise InputError(f"found {sign!r} before a duration; look forward from the other day: D in 2 years after E")
        if left == ex.Name("today"):
            raise InputError("found 'today' + a duration; compare today with a period instead")
        if isinstance(right, ex.Duration) and right.unit == "working days":
            raise InputError("found '+ working days', expected '3 working days after D'")
        return _dated("date", left, scope) and "date"
    _need(left, "number", scope)
    if sign == "/" and isinstance(right, ex.Number) and right.value == 0:
        raise InputError("found a division by zero")
    return _need(right, "number", scope)


def _member(left: ex.Node, right: ex.Node, scope: Scope) -> str:
    if isinstance(right, ex.Codes):
        _need(left, "code", scope)
        for item in right.items:
            _need(item, "code", scope)
        return "flag"
    if left != ex.Name("today"):
        _dated("date", left, scope)
    _need(right, "period", scope)
    return "flag"


def _typed(
    path: tuple[str | int, ...], text: str | None, wanted: str | tuple[str, ...], scope: Scope
) -> Iterator[Fault]:
    if text is None:
        return
    wanted = (wanted,) if isinstance(wanted, str) else wanted
    try:
        node = ex.parse(text)
        found = "date" if node == ex.Name("today") and "date" in wanted and scope.state else type_of(node, scope)
        if found not in wanted:
            raise InputError(f"found a {found} where a {' or a '.join(wanted)} is expected")
    except InputError as error:
        yield Fault(path, f"{text!r}: {error}")


def _attributes(kinds: Collection[str], catalogue: Catalogue) -> dict[str, str]:
    """Attributes that every one of these kinds has, with their types."""
    each = [catalogue.kinds[kind].attributes for kind in kinds if kind in catalogue.kinds]
    shared = set.intersection(*(set(attributes) for attributes in each)) if each else set()
    return {name: each[0][name].type for name in shared}


def value_types(policy: Policy, catalogue: Catalogue) -> dict[str, str]:
    """Return the types of a policy's values; those that have none, because of a fault, are left out.

    A value reads those above it, and with `before` any: so it is tried again as long as others are found.
    """
    types: dict[str, str] = {}
    found = -1
    while len(types) > found:
        found, above = len(types), dict[str, str]()
        for name, value in policy.values.items():
            try:
                above[name] = type_of(ex.parse(value.expression), _above(policy, catalogue, above, types))
            except InputError:
                continue
        types = above
    return types


def _above(policy: Policy, catalogue: Catalogue, above: Mapping[str, str], before: Mapping[str, str]) -> Scope:
    return Scope({}, policy, catalogue, above, state=True, before=before)


def _names(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
    """Names that would mean two things."""
    read = {name for kind in policy.kinds if kind in catalogue.kinds for name in catalogue.kinds[kind].attributes}
    for name in policy.values:
        if name in read or name in OWN or name in _OF_RECORD or name == "today":
            yield Fault(("values", name), f"found {name!r}, which records or entries have too; expected another name")
    for name in policy.measures:
        if name in policy.entries or name in policy.accounts:
            yield Fault(("measures", name), f"found {name!r}, which is a rule or an account too; expected another name")


def _items(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
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
            scope = Scope({**_attributes([item.kind], catalogue), **_OF_RECORD}, policy, catalogue)
            yield from _typed((*path, "where"), item.where, "flag", scope)
        if item.grade is not None and item.grade not in policy.grades.order:
            yield Fault((*path, "grade"), f"found {item.grade!r}; {near(item.grade, policy.grades.order)}")
        if [item.grade, item.points, item.range].count(None) != 2:
            yield Fault(path, "expected one of points, a range and a grade")
        assessed = _attributes([item.kind], catalogue).get("assessed")
        if item.range is not None and assessed != "number":
            yield Fault((*path, "range"), f"expected a kind with a number 'assessed', found none in {item.kind}")


def _kinds(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
    staged = {name for name, measure in policy.measures.items() if measure.when}
    named = [
        (("entries", name, key), kinds)
        for name, rule in policy.entries.items()
        for key, kinds in (("for", rule.kinds), ("superseded by", rule.superseded_by), ("ended by", rule.ended_by))
    ]
    named += [(("measures", name, "imposed by"), measure.imposed_by) for name, measure in policy.measures.items()]
    for path, kinds in named:
        for kind in kinds:
            if kind not in catalogue.kinds and not (path[2] == "for" and kind in staged):
                yield Fault(path, f"found {kind!r}, no kind; {near(kind, [*catalogue.kinds, *staged])}")


def _entries(policy: Policy, catalogue: Catalogue, types: Types) -> Iterator[Fault]:
    for name, rule in policy.entries.items():
        path = ("entries", name)
        yield from _named_by(path, rule, policy)
        yield from (Fault(path, message) for message in _together(rule))
        yield from _entry_expressions(path, rule, Scope({}, policy, catalogue, types, state=True))


def _named_by(path: tuple[str, ...], rule: EntryRule, policy: Policy) -> Iterator[Fault]:
    """Classes, accounts and rules that a rule names."""
    classes = {item.class_ for item in policy.items}
    if rule.items and rule.items not in classes:
        yield Fault((*path, "items"), f"found {rule.items!r}, no class of items; {near(rule.items, classes)}")
    if rule.account is not None and rule.account not in policy.accounts:
        yield Fault((*path, "account"), f"found {rule.account!r}, no account; {near(rule.account, policy.accounts)}")
    above = list(policy.entries)[: list(policy.entries).index(path[-1])] if rule.unless else []
    if rule.unless and rule.unless not in above:
        yield Fault((*path, "unless"), f"found {rule.unless!r}, expected a rule that stands above this one")


def _together(rule: EntryRule) -> list[str]:
    """What is wrong with the parts of a rule that go together, or do not."""
    of_records = (rule.placed, rule.after, rule.per, rule.unless, rule.repeat)
    counts = rule.counts
    wrong = {
        "expected one of 'for' (kinds), 'items' (a class of items) and 'when' (a condition)": [
            bool(rule.kinds), bool(rule.items), bool(rule.when)
        ].count(True) != 1,
        "found an amount, expected the account that it is for": rule.account is None and rule.amount is not None,
        "'per' and 'choose' go together: say which entry of an occurrence is kept": (
            (rule.per is None) != (rule.choose is None)
        ),
        "'choose' needs an amount to choose by": rule.choose and rule.amount is None,
        "'repeat' needs 'items'": rule.repeat and not rule.items,
        "'when' opens entries of no record: no placed, after, per, unless or repeat": rule.when and any(of_records),
        "expected one of 'placed' and 'after'": rule.placed and rule.after,
        "'again' goes with 'if', and 'if' with 'until'": (
            (counts.again or counts.condition) and not (counts.until and counts.condition)
        ),
    }  # fmt: skip
    return [message for message, so in wrong.items() if so]


def _entry_expressions(path: tuple[str, ...], rule: EntryRule, scope: Scope) -> Iterator[Fault]:
    policy, kinds = scope.policy, _kinds_of(rule, scope.policy)
    names = {**_attributes(kinds, scope.catalogue), **_OF_RECORD, **(_ITEM if rule.items else {})} if kinds else {}
    alone = Scope({name: found for name, found in names.items() if name != "ended"}, policy, scope.catalogue)
    names = {**names, "placed": "date"}
    scope = replace(scope, names=names, outer=names)
    yield from _typed((*path, "when"), rule.when, "flag", replace(scope, names={}, outer={}))
    yield from _typed((*path, "placed"), rule.placed, "date", alone)
    yield from _typed((*path, "after"), rule.after, ("date", "period"), alone)
    yield from _typed((*path, "where"), rule.where, "flag", scope)
    if isinstance(rule.amount, Share):
        ladders = [name for name, table in policy.tables.items() if table.brackets or table.steps]
        if rule.amount.share not in ladders:
            yield Fault(
                (*path, "amount"), f"found {rule.amount.share!r}, no ladder; {near(rule.amount.share, ladders)}"
            )
        yield from _typed((*path, "amount", "running"), rule.amount.running, "number", scope)
    else:
        yield from _typed((*path, "amount"), rule.amount, "number", scope)
    yield from _typed((*path, "grade"), rule.grade, "code", scope)
    yield from _typed((*path, "counts", "from"), rule.counts.start, ("date", "period"), scope)
    yield from _typed((*path, "counts", "until"), rule.counts.until, ("date", "period"), scope)
    yield from _typed((*path, "counts", "if"), rule.counts.condition, "flag", scope)
    again = ex.parse(rule.counts.again) if rule.counts.again else None
    if again is not None and not (isinstance(again, ex.Duration) and again.count and again.unit != "working days"):
        yield Fault((*path, "counts", "again"), "expected a duration, as 12 months")
    for key, effect in (("ends", rule.ends), ("spends", rule.spends)):
        if effect is not None:
            yield from _effect((*path, key), effect.entries, effect.where, scope)


def _effect(path: tuple[str, ...], names: tuple[str, ...], where: str | None, scope: Scope) -> Iterator[Fault]:
    policy = scope.policy
    staged = [name for name, measure in policy.measures.items() if measure.when]
    for name in names:
        if name not in (*policy.entries, *policy.accounts, *staged):
            known = [*policy.entries, *policy.accounts, *staged]
            yield Fault(path, f"found {name!r}, no rule, account or staged measure; {near(name, known)}")
        elif where is not None and name not in staged:
            function = "count" if name in policy.entries else "sum"
            inner = attributes_of_entries(ex.Aggregate(function, name), policy, scope.catalogue)
            yield from _typed((*path, "where"), where, "flag", replace(scope, names=inner))


def _accounts(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
    scope = Scope({}, policy, catalogue, state=True)
    for name, account in policy.accounts.items():
        yield from _typed(("accounts", name, "held while"), account.held_while, "flag", scope)
        if account.held_while and (account.floor is not None or account.ceiling is not None):
            yield Fault(("accounts", name), "an account is either held or walked, not both")
        if account.floor is not None and account.ceiling is not None and account.floor > account.ceiling:
            yield Fault(("accounts", name), f"found a floor {account.floor} above the ceiling {account.ceiling}")


def _values(policy: Policy, catalogue: Catalogue, types: Types) -> Iterator[Fault]:
    above: dict[str, str] = {}
    for name, value in policy.values.items():
        scope = _above(policy, catalogue, above, types)
        yield from _typed(("values", name, "is"), value.expression, ("number", "code", "flag", "date"), scope)
        try:
            above = above | {name: type_of(ex.parse(value.expression), scope)}
        except InputError:
            above = above | {name: "number"}
    if policy.score is not None and above.get(policy.score) != "number":
        yield Fault(("score",), f"found {policy.score!r}, no value that is a number; {near(policy.score, above)}")


def _day(policy: Policy, catalogue: Catalogue, types: Types) -> Scope:
    """What is worked out at the close of a day, from all values."""
    return Scope({}, policy, catalogue, types, state=True)


def _unrated(policy: Policy, catalogue: Catalogue, types: Types) -> Iterator[Fault]:
    scope = _day(policy, catalogue, types)
    for index, row in enumerate(policy.unrated):
        yield from _typed(("unrated", index, "when"), row.when, "flag", scope)
        rule, _, attribute = row.because.partition(".")
        if attribute and (
            rule not in policy.entries or attribute not in _attributes(policy.entries[rule].kinds, catalogue)
        ):
            yield Fault(("unrated", index, "because"), f"found {row.because!r}, expected RULE.ATTRIBUTE or a code")
        if not attribute and row.words is None:
            yield Fault(("unrated", index), "expected words for this reason")


def _grades(policy: Policy, catalogue: Catalogue, types: Types) -> Iterator[Fault]:
    grades, scope = policy.grades, _day(policy, catalogue, types)
    if not grades.ladders and grades.otherwise is None:
        yield Fault(("grades",), "expected ladders, or the grade 'otherwise'")
    if grades.otherwise is not None and grades.otherwise not in grades.order:
        yield Fault(("grades", "otherwise"), f"found {grades.otherwise!r}; {near(grades.otherwise, grades.order)}")
    for index, override in enumerate(grades.overrides):
        yield from _typed(("grades", "overrides", index, "when"), override.when, "flag", scope)
        yield from _typed(("grades", "overrides", index, "grade"), override.grade, "code", scope)
        node = _parsed(override.grade)
        if isinstance(node, ex.Code) and node.text not in grades.order:
            yield Fault(
                ("grades", "overrides", index, "grade"), f"found {node.text!r}; {near(node.text, grades.order)}"
            )
    yield from _ladders(policy)


def _ladders(policy: Policy) -> Iterator[Fault]:
    grades = policy.grades
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


def _parsed(text: str) -> ex.Node | None:
    try:
        return ex.parse(text)
    except InputError:
        return None


def _measures(policy: Policy, catalogue: Catalogue, types: Types) -> Iterator[Fault]:
    scope = _day(policy, catalogue, types)
    for name, measure in policy.measures.items():
        path = ("measures", name)
        if [bool(measure.grades), bool(measure.while_), bool(measure.when)].count(True) != 1:
            yield Fault(path, "expected one of 'grades', 'while' and 'when'")
        for grade in measure.grades:
            if grade not in policy.grades.order:
                yield Fault((*path, "grades"), f"found {grade!r}; {near(grade, policy.grades.order)}")
        yield from _typed((*path, "while"), measure.while_, "flag", scope)
        yield from _staged(path, measure, scope)


def _staged(path: tuple[str, ...], measure: Measure, scope: Scope) -> Iterator[Fault]:
    policy = scope.policy
    staged = (measure.at, measure.imposed_by, measure.lapses, measure.until, measure.ground_falls)
    if measure.when is None:
        if any(staged):
            yield Fault(path, "'at', 'imposed by', 'lapses', 'until' and 'if its ground falls' go with 'when'")
        return
    if bool(measure.imposed_by) != bool(measure.ground_falls):
        yield Fault(
            path, "'imposed by' goes with 'if its ground falls': say whether an act stands that was not called for"
        )
    if measure.lapses and (measure.at or not measure.imposed_by):
        yield Fault((*path, "lapses"), "only what is pending until it is imposed can lapse, and nothing with 'at'")
    at: dict[str, str] = {}
    if measure.at is not None:
        if measure.at not in policy.entries:
            yield Fault((*path, "at"), f"found {measure.at!r}, no rule; {near(measure.at, policy.entries)}")
        else:
            at = {**_of_rule(policy.entries[measure.at], policy, scope.catalogue), "placed": "date"}
    yield from _typed((*path, "when"), measure.when, "flag", replace(scope, names=at, outer=at))
    kinds = list(measure.imposed_by)
    names = {**_attributes(kinds, scope.catalogue), **_OF_RECORD, "placed": "date"} if kinds else {}
    yield from _typed((*path, "until"), measure.until, ("date", "period"), replace(scope, names=names, outer=names))


def _decisions(policy: Policy, catalogue: Catalogue, types: Types) -> Iterator[Fault]:
    """A decision rests on nothing but what it says that it reads."""
    types = {**types, "grade": "code"}
    for name, decision in policy.decisions.items():
        path = ("decisions", name)
        for read in decision.reads:
            if read not in types and read not in policy.measures:
                yield Fault((*path, "reads"), f"found {read!r}; {near(read, [*types, *policy.measures])}")
        names = {read: types.get(read, "flag") for read in decision.reads}
        scope = Scope(names, policy, catalogue)
        for index, case in enumerate(decision.outcomes):
            yield from _typed((*path, "outcomes", index, "when"), case.when, "flag", scope)
        for outcome in (*(case.outcome for case in decision.outcomes), decision.otherwise):
            if outcome not in decision.words:
                yield Fault((*path, "words"), f"expected words for the outcome {outcome!r}")
        yield from _typed((*path, "notice"), decision.notice, ("period", "date"), replace(scope, state=True))


def _clauses(policy: Policy, _: Catalogue, __: Types) -> Iterator[Fault]:
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
        *((("decisions", name, "clause"), decision.clause) for name, decision in policy.decisions.items()),
        *((("repairs", name, "clause"), repair.clause) for name, repair in policy.repairs.items()),
        (("calendar", "clause"), policy.calendar.clause if policy.calendar else None),
    ]
    known = {**policy.law, **policy.interpretations}
    for path, clause in cited:
        if clause is not None and clause not in known:
            yield Fault(path, f"found {clause!r}, no clause under 'law'; {near(clause, known)}")


def _cells(name: str, table: Table, scope: Scope) -> Iterator[Fault]:
    """The cells of a table are all of the type of the first."""
    kind, cells = ("map", table.map) if table.map is not None else ("since", table.since or {})
    wanted: tuple[str, ...] = ("number", "code", "duration", "date")
    for key, text in (cells or {}).items():
        try:
            found = _type_of_cell(text, scope)
            if found not in wanted:
                raise InputError(f"found a {found} where a {' or a '.join(wanted)} is expected")
            wanted = (found,)
        except InputError as error:
            yield Fault(("tables", name, kind, str(key)), f"{text!r}: {error}")


def _calendar(policy: Policy, _: Catalogue, __: Types) -> Iterator[Fault]:
    if policy.calendar is not None and len(set(policy.calendar.rest)) == _WEEK:
        yield Fault(("calendar", "rest"), "found every day of the week, expected at least one working day")


def _repairs(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
    for name, repair in policy.repairs.items():
        path = ("repairs", name)
        if repair.by not in catalogue.kinds:
            yield Fault((*path, "by"), f"found {repair.by!r}, no kind; {near(repair.by, catalogue.kinds)}")
            continue
        if repair.of is not None and repair.of not in policy.entries:
            yield Fault((*path, "of"), f"found {repair.of!r}, no rule; {near(repair.of, policy.entries)}")
        elif repair.of is not None:
            of_rule = attributes_of_entries(ex.Aggregate("count", repair.of), policy, catalogue)
            yield from _typed((*path, "where"), repair.where, "flag", Scope(of_rule, policy, catalogue))
        elif repair.where is not None:
            yield Fault((*path, "where"), "expected 'of' beside it, the rule whose entries are asked")
        yield from _giving((*path, "giving"), repair, catalogue)


def _giving(path: tuple[str, ...], repair: Repair, catalogue: Catalogue) -> Iterator[Fault]:
    attributes = catalogue.kinds[repair.by].attributes
    for attribute, given in repair.giving.items():
        if attribute not in attributes:
            yield Fault(path, f"found {attribute!r}; {near(attribute, attributes)}")
        elif isinstance(given, Options):
            if attributes[attribute].type != "number" or given.least > given.most:
                yield Fault((*path, attribute), "expected numbers from the least to the most, of a number")
        else:
            wrong = [text for text in given if not _can_be(attributes[attribute], text, catalogue)]
            yield from (Fault((*path, attribute), f"found {text!r}, no such {attribute}") for text in wrong)
    for attribute, one in attributes.items():
        if one.required and attribute not in repair.giving:
            yield Fault(path, f"expected {attribute!r}, which every {repair.by} has")
    ranges = [one for one in repair.giving.values() if isinstance(one, Options)]
    choices = prod(max(1, len(one)) for one in repair.giving.values() if not isinstance(one, Options))
    numbers = prod(int(max(Fraction(0), one.most - one.least) // one.step) + 1 for one in ranges)
    if max(choices, numbers) > MOST_CHOICES:
        yield Fault(path, f"found {max(choices, numbers):,} choices, expected at most {MOST_CHOICES:,}")


def _can_be(attribute: Attribute, text: str, catalogue: Catalogue) -> bool:
    """Whether an attribute can have a value that is written so; `today` is a day."""
    if attribute.type == "code":
        return text in catalogue.codes[attribute.codes or ""]
    if attribute.type == "flag":
        return text in ("true", "false")
    try:
        if attribute.type == "date":
            return text == "today" or bool(day(text))
        found = number(text)
    except ValueError:
        return False
    return attribute.values is None or found in attribute.values


def _tables(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
    bare = Scope({}, policy, catalogue)
    for name, table in policy.tables.items():
        if sum(part is not None for part in (table.map, table.since, table.brackets, table.steps)) != 1:
            yield Fault(("tables", name), "expected one of 'map', 'since', 'brackets' and 'steps'")
        yield from _cells(name, table, bare)
        for key, edges in (
            ("brackets", [rung.over for rung in table.brackets or ()]),
            ("steps", [rung.at for rung in table.steps or ()]),
        ):
            for index, (lower, upper) in enumerate(pairwise(edges), start=1):
                if upper <= lower:
                    yield Fault(("tables", name, key, index), f"found {upper} after {lower}, expected rising order")
