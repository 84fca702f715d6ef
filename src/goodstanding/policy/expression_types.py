"""Types of expressions: what each part of one is, where its names are known and its parts fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Account, EntryRule, Policy

_DATES = ("act", "decided", "final", "ended")
OWN = {"placed": "date", "start": "date", "until": "date", "amount": "number", "grade": "code", "rule": "code"}
"""What every entry has, whatever opened it."""

OF_RECORD = {"occurrence": "code", "kind": "code", **dict.fromkeys(_DATES, "date")}
"""What every record has."""
_CONSTANTS: dict[type, str] = {ex.Number: "number", ex.Code: "code", ex.Date: "date", ex.Duration: "duration"}
ROUNDING = ("half-up", "half-even", "down", "up", "floor", "ceiling")
_NUMBERS = ("sum", "peak", "count")
FUNCTIONS = (
    "min", "max", "round", "known", "month_after", "year_after", "year_of", "next_of", "full_years", "full_months",
    "full_days", "days", "months", "years",
    "before", "reached", "pending", "imposed",
)  # fmt: skip


Types = Mapping[str, str]
"""The types of a policy's values, by name."""


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


_MOST_WORDS = 12
"""Words that are told at most where none is near."""


def near(word: str, words: Collection[str]) -> str:
    """Return a suggestion for a misspelt word, or the words that there are."""
    close = get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    more = " ..." if len(words) > _MOST_WORDS else ""
    return "expected " + (", ".join(sorted(words)[:_MOST_WORDS]) + more or "none: there is none here")


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
        raise InputError(
            "found 'today', which may be compared, be asked of 'since', 'in', full_years, full_months, full_days"
        )
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
    kinds = {type_of_cell(cell, scope) for cell in islice(cells, 2)}
    if len(kinds) != 1:
        raise InputError(f"table {table!r} mixes {' and '.join(sorted(kinds))}, expected one type in all its cells")
    return kinds.pop()


def type_of_cell(cell: str, scope: Scope) -> str:
    """Return the type of a cell of a table, which reads nothing."""
    node = ex.parse(cell)
    if any(isinstance(part, ex.Lookup) for part in ex.walk(node)):
        raise InputError(f"found a table in the cell {cell!r}, expected a number, code, date or duration")
    return type_of(node, Scope({}, scope.policy, scope.catalogue))


def _call(function: str, arguments: tuple[ex.Node, ...], scope: Scope) -> str:
    if function not in FUNCTIONS:
        known = [*FUNCTIONS, *ex.AGGREGATES] if scope.state else list(FUNCTIONS[:14])
        raise InputError(f"found the function {function!r}; {near(function, known)}")
    if function in ("min", "max"):
        return _extreme(arguments, scope)
    wanted = {"round": 3, "next_of": 3, "full_years": 2, "full_months": 2, "full_days": 2}.get(function, 1)
    if len(arguments) != wanted:
        many = "1 argument" if len(arguments) == 1 else f"{len(arguments)} arguments"
        raise InputError(f"found {many}, expected {wanted} in {function}()")
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
        if not isinstance(mode, ex.Code) or mode.text not in ROUNDING:
            raise InputError(f"expected a way to round as a code: {', '.join(ROUNDING)}")
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
    if node.last is not None:
        raise InputError(f"found 'last' in a sum on other days, in {node.function}(); expected all of {node.source!r}")
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
    each = [attributes_of_rule(rule, policy, catalogue) for rule in rules]
    shared = set.intersection(*(set(names) for names in each)) if each else set()
    return {**OWN, **{name: each[0][name] for name in shared}}


def attributes_of_rule(rule: EntryRule, policy: Policy, catalogue: Catalogue) -> dict[str, str]:
    """Return what can be read of the record of every entry of a rule, with types."""
    kinds = opening_kinds(rule, policy)
    if not kinds:
        return {}
    return {
        **attributes_of(kinds, catalogue),
        **OF_RECORD,
        **(dict.fromkeys(("item", "level"), "code") if rule.items else {}),
    }


def _moved(account: Account) -> bool:
    return account.held_while is not None or account.floor is not None or account.ceiling is not None


def opening_kinds(rule: EntryRule, policy: Policy) -> list[str]:
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


def attributes_of(kinds: Collection[str], catalogue: Catalogue) -> dict[str, str]:
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
                above[name] = type_of(ex.parse(value.expression), scope_of_value(policy, catalogue, above, types))
            except InputError:
                continue
        types = above
    return types


def scope_of_value(policy: Policy, catalogue: Catalogue, above: Mapping[str, str], before: Mapping[str, str]) -> Scope:
    """Return what a value may name: the values above it, and with `before` those of the day before."""
    return Scope({}, policy, catalogue, above, state=True, before=before)
