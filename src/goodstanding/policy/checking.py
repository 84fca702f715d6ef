"""Static checks of a policy: every name known, every expression well typed, every grid covered, every clause cited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise
from math import prod

from goodstanding.facts.catalogue import Attribute, Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.policy import expressions as ex
from goodstanding.policy.bands import bands_of, gap_in
from goodstanding.policy.expression_types import (
    OF_RECORD,
    OWN,
    Scope,
    Types,
    attributes_of,
    attributes_of_entries,
    attributes_of_rule,
    near,
    opening_kinds,
    scope_of_value,
    type_of,
    type_of_cell,
    value_types,
)
from goodstanding.policy.model import EntryRule, Measure, Options, Policy, Repair, Share, Table
from goodstanding.policy.scalars import day, number

_ITEM = {"item.points": "number", "item.level": "code", "item.grade": "code", "item.id": "code"}
MOST = 100
"""Faults that are told at once."""
MOST_CHOICES = 2000
"""Values that a repair may be tried with."""

_WEEK = 7


@dataclass(frozen=True)
class Fault:
    """What is wrong, at a path into the policy file."""

    path: tuple[str | int, ...]
    message: str


def faults_in(policy: Policy, catalogue: Catalogue) -> list[Fault]:
    """Return the faults, the first `MOST`, in the order of the file; an empty list where the policy can be run."""
    checks = (
        _names, _values, _items, _kinds, _entries, _accounts, _unrated, _grades, _measures, _decisions, _repairs,
        _calendar, _clauses, _tables,
    )  # fmt: skip
    types = value_types(policy, catalogue)
    return list(islice((fault for check in checks for fault in check(policy, catalogue, types)), MOST))


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
            hint = "; max(...) of it is the first day after it" if found == "period" and "date" in wanted else ""
            raise InputError(f"found a {found} where a {' or a '.join(wanted)} is expected{hint}")
    except InputError as error:
        yield Fault(path, f"{text!r}: {error}")


def _names(policy: Policy, catalogue: Catalogue, __: Types) -> Iterator[Fault]:
    """Names that would mean two things."""
    read = {name for kind in policy.kinds if kind in catalogue.kinds for name in catalogue.kinds[kind].attributes}
    for name in policy.values:
        if name in read or name in OWN or name in OF_RECORD or name == "today":
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
            scope = Scope({**attributes_of([item.kind], catalogue), **OF_RECORD}, policy, catalogue)
            yield from _typed((*path, "where"), item.where, "flag", scope)
        if item.grade is not None and item.grade not in policy.grades.order:
            yield Fault((*path, "grade"), f"found {item.grade!r}; {near(item.grade, policy.grades.order)}")
        if [item.grade, item.points, item.range].count(None) != 2:
            yield Fault(path, "expected one of points, a range and a grade")
        assessed = attributes_of([item.kind], catalogue).get("assessed")
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
    policy, kinds = scope.policy, opening_kinds(rule, scope.policy)
    names = {**attributes_of(kinds, scope.catalogue), **OF_RECORD, **(_ITEM if rule.items else {})} if kinds else {}
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
        scope = scope_of_value(policy, catalogue, above, types)
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
            rule not in policy.entries or attribute not in attributes_of(policy.entries[rule].kinds, catalogue)
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
            at = {**attributes_of_rule(policy.entries[measure.at], policy, scope.catalogue), "placed": "date"}
    yield from _typed((*path, "when"), measure.when, "flag", replace(scope, names=at, outer=at))
    kinds = list(measure.imposed_by)
    names = {**attributes_of(kinds, scope.catalogue), **OF_RECORD, "placed": "date"} if kinds else {}
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
            found = type_of_cell(text, scope)
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
