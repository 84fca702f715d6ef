"""Which constructs of the language a policy has, alone and in pairs.

`python -m tests.engine.constructs [POLICIES]` prints the table over so many generated policies.
"""

import sys
from collections import Counter
from itertools import combinations

from goodstanding.policy import expressions as ex
from goodstanding.policy.model import Share
from tests.engine.policies import loaded_of, policy_of
from tests.engine.world import CATALOGUE

NAMES = (
    "act", "decided", "final", "ended", "occurrence", "kind", "placed", "start", "until", "amount", "grade", "item",
         "level", "rule", "item.points", "item.id", "item.grade", "item.level",
)  # fmt: skip
OF_RECORDS = (
    "placed", "after day", "after period", "per gravest", "per highest", "unless", "repeat", "superseded by",
    "ended by", "continuing",
)  # fmt: skip
NO_AMOUNT = ("amount", "share", "per gravest", "per highest")
FUNCTIONS = ("sum", "count", "some", "latest", "first", "highest", "lowest", "worst", "continuing", "peak")
APART = {
    ("rule", "when"): ("for kinds", "several kinds", "for a measure", "items", *OF_RECORDS),
    ("rule", "items"): ("for kinds", "several kinds", "for a measure"),
    ("rule", "repeat"): ("for kinds", "several kinds", "for a measure"),
    ("rule", "placed"): ("after day", "after period"),
    ("rule", "after day"): ("after period",),
    ("rule", "per gravest"): ("per highest",),
    ("rule", "share"): ("amount",),
    ("rule", "mark"): (*NO_AMOUNT, "grade"),
    ("rule", "no account"): (*NO_AMOUNT, "held", "walked"),
    ("rule", "held"): ("walked",),
    ("measure", "at"): ("lapses",),
    ("measure", "falls"): ("stands",),
    ("measure", "grades"): ("while", "when", "at", "until", "imposed by", "lapses", "stands", "falls"),
    ("measure", "while"): ("when", "at", "until", "imposed by", "lapses", "stands", "falls"),
    ("function", "on"): ("from", "of", "else", "last", *(name for name in FUNCTIONS if name != "sum")),
    ("function", "from"): ("of", "else", "last", *(name for name in FUNCTIONS if name != "peak")),
    ("function", "last"): ("peak",),
    ("function", "of"): ("count", "some", "continuing", "worst", "peak"),
    ("function", "else"): ("sum", "count", "some", "continuing", "peak"),
    ("function", "of a rule"): ("of an account", "name of account and rule"),
    ("policy", "score"): ("no score",),
    ("policy", "no ladder"): ("ladder", "two ladders"),
    ("policy", "ladder"): ("two ladders",),
} | {("function", name): FUNCTIONS[place + 1 :] for place, name in enumerate(FUNCTIONS)}  # fmt: skip
"""Constructs that one rule, measure, function over entries or policy cannot have together: the checks refuse one of
them beside the other, or one is that the other is not there."""


def missing(singles, pairs):
    """Return the constructs and pairs that can be and were not met."""
    found = {(place, name) for place, *names in pairs for name in names}
    wanted = {(place, *pair) for place in {place for place, _ in found}
              for pair in combinations(sorted(name for where, name in found if where == place), 2)}  # fmt: skip
    apart = {(place, *sorted((one, other))) for (place, one), others in APART.items() for other in others}
    return {name for name, count in singles.items() if not count}, wanted - apart - set(pairs)


def constructs_in(policy):
    """Return the constructs of a policy, and for each rule, measure and function over entries those that it has."""
    whole, groups = _Found(policy), []
    whole.parts()
    for name, rule in policy.entries.items():
        groups.append(("rule", _rule(policy, name, rule)))
        whole.texts(_texts_of_rule(rule))
    for measure in policy.measures.values():
        groups.append(("measure", _measure(measure)))
        whole.texts((measure.while_, measure.when, measure.until))
    groups += [("function", group) for group in whole.functions]
    names = {f"{kind} {name}" for kind, group in groups if kind != "function" for name in group}
    return whole.names | names, groups


class _Found:
    def __init__(self, policy):
        self.policy, self.names, self.functions = policy, set(), []

    def texts(self, texts):
        for text in texts:
            for node in ex.walk(ex.parse(text)) if text else ():
                self.names |= set(self.of(node))

    def parts(self):
        policy, add = self.policy, self.names.add
        self.names |= {f"account {word}" for account in policy.accounts.values() for word in _account(account)}
        for account in policy.accounts.values():
            self.texts([account.held_while])
        for item in policy.items:
            self.texts([item.where])
            parts = {"points": item.points is not None, "range": item.range, "grade": item.grade, "level": item.level}
            self.names |= {
                f"item {part}" for part, has in (parts | {"where": item.where, "lines": item.lines}).items() if has
            }
        for value in policy.values.values():
            self.texts([value.expression])
            grid = value.grid
            self.names |= {f"grid {word}" for word in ("least", "most") if grid and getattr(grid, word) is not None}
        add("score" if policy.score else "no score")
        for row in policy.unrated:
            self.texts([row.when])
            add("unrated attribute" if "." in row.because else "unrated code")
        self.graded()
        self.decided()

    def graded(self):
        grades = self.policy.grades
        for override in grades.overrides:
            self.texts([override.when, override.grade])
            self.names.add("override of a code" if override.grade.startswith("'") else "override worked out")
        self.names.add(("no ladder", "ladder", "two ladders")[len(grades.ladders)])
        self.names |= {"otherwise"} if grades.otherwise else set()

    def decided(self):
        for decision in self.policy.decisions.values():
            self.texts([decision.notice, *(case.when for case in decision.outcomes)])
            for name in decision.reads:
                what = "value" if name in self.policy.values else "grade" if name == "grade" else "measure"
                self.names.add(f"decision reads {what}")
            self.names |= {"decision notice"} if decision.notice else set()
        for repair in self.policy.repairs.values():
            self.names.add("repair of a rule" if repair.of else "repair alone")
        calendar = self.policy.calendar
        self.names |= {word for word in ("holidays", "worked") if calendar and getattr(calendar, word)}

    def of(self, node):  # noqa: C901 - one case for each kind of node
        """Name what one node of an expression is."""
        match node:
            case ex.Code():
                yield "a code"
            case ex.Date():
                yield "a date"
            case ex.Duration(unit=unit):
                yield unit
            case ex.Name("today"):
                yield "today"
            case ex.Name(name):
                yield from self.of_name(name)
            case ex.Lookup(name, key):
                table = self.policy.tables[name]
                form = next(form for form in ("map", "since", "brackets", "steps") if getattr(table, form) is not None)
                yield "since today" if key == ex.Name("today") else form
                yield from ["capped"] if table.cap is not None else []
                cells = list((table.map or table.since or {}).values())
                yield from [f"cell: {_kind(ex.parse(cells[0]))}"] if cells else []
            case ex.Call(function, arguments):
                yield from _call(function, arguments)
            case ex.Aggregate():
                yield from self.over(node)
            case ex.Not():
                yield "not"
            case ex.Choice():
                yield "if else"
            case ex.Binary("in", _, right):
                yield "in codes" if isinstance(right, ex.Codes) else "in a period"
            case ex.Binary("+", _, ex.Duration()):
                yield "date + duration"
            case ex.Binary(sign, _, _):
                yield sign

    def of_name(self, name):
        yield from ["this"] if name.startswith("this.") else []
        name = name.removeprefix("this.")
        if name in NAMES:
            yield f"name {name}"
        elif name in self.policy.values:
            yield "value"
        elif name in CATALOGUE.attributes:
            yield f"attribute {CATALOGUE.attributes[name].type}"

    def over(self, node):
        yield node.function
        parts = {
            "of": node.value,
            "ever": node.ever,
            "where": node.where,
            "last": node.last,
            "else": node.otherwise,
            node.reading: node.at,
        }
        has = {part for part, there in parts.items() if there}
        named = "both" if {node.source} <= set(self.policy.accounts) & set(self.policy.entries) else ""
        has.add("of an account" if node.source in self.policy.accounts else "of a rule")
        has |= {"name of account and rule"} if named else set()
        nested = any(isinstance(inner, ex.Aggregate) for inner in ex.walk(node.where)) if node.where else False
        has |= {"within"} if nested else set()
        self.functions.append({node.function, *has})
        yield from (f"{part} in a function" for part in has)


def _kind(node):
    return {ex.Duration: "duration", ex.Code: "code", ex.Date: "date"}.get(type(node), "number")


def _call(function, arguments):
    if function == "round":
        yield f"round {arguments[2].text}"
    elif function in ("min", "max"):
        yield (
            f"{function} of days"
            if any(_kind(node) == "date" for one in arguments for node in ex.walk(one))
            else function
        )
    elif function == "before":
        yield "before grade" if arguments[0] == ex.Name("grade") else "before value"
    elif function in ("days", "months", "years"):
        yield f"{function}()"
    elif function.startswith("full_") and arguments[1] == ex.Name("today"):
        yield f"{function} today"
    else:
        yield function


def _account(account):
    found = {"held": account.held_while, "floor": account.floor, "ceiling": account.ceiling}
    has = [word for word, there in found.items() if there is not None]
    return has or ["plain"]


def _rule(policy, name, rule):
    kinds = [kind for kind in rule.kinds if kind not in policy.measures]
    counts, ends = rule.counts, (rule.ends, rule.spends)
    parts = {
        "for kinds": kinds, "several kinds": len(kinds) > 1, "for a measure": len(kinds) < len(rule.kinds),
        "items": rule.items, "when": rule.when, "subject": rule.subject, "placed": rule.placed, "where": rule.where,
        f"after {_period(rule.after)}": rule.after, f"per {rule.choose}": rule.choose, "unless": rule.unless,
        "amount": isinstance(rule.amount, str), "share": isinstance(rule.amount, Share), "grade": rule.grade,
        "mark": rule.amount is None and rule.grade is None, "repeat": rule.repeat, "until": counts.until,
        "until if": counts.condition, "again": counts.again, "superseded by": rule.superseded_by,
        "ended by": rule.ended_by, "ends": rule.ends, "spends": rule.spends, "no account": rule.account is None,
        "ends where": rule.ends and rule.ends.where, "spends where": rule.spends and rule.spends.where,
        "ends a measure": any(end and set(end.entries) & set(policy.measures) for end in ends),
        "ends an account": any(end and set(end.entries) & set(policy.accounts) for end in ends),
        "ends itself": any(end and name in end.entries for end in ends),
        "walked": rule.account and _account(policy.accounts[rule.account]) not in (["plain"], ["held"]),
        "held": rule.account and policy.accounts[rule.account].held_while,
        "continuing": any(CATALOGUE.kinds[kind].continuing for kind in kinds) or _continuing_items(policy, rule),
    }  # fmt: skip
    return {part for part, there in parts.items() if there}


def _continuing_items(policy, rule):
    return any(CATALOGUE.kinds[item.kind].continuing for item in policy.items if item.class_ == rule.items)


def _period(text):
    periods = text and isinstance(node := ex.parse(text), ex.Binary) and node.sign in ("after", "beginning")
    return "period" if periods else "day"


def _measure(measure):
    parts = {
        "grades": measure.grades, "while": measure.while_, "when": measure.when, "at": measure.at,
        "until": measure.until, "imposed by": measure.imposed_by, "lapses": measure.lapses,
        measure.ground_falls: measure.ground_falls,
    }  # fmt: skip
    return {part for part, there in parts.items() if there}


def _texts_of_rule(rule):
    amount = rule.amount.running if isinstance(rule.amount, Share) else rule.amount
    ends = (end.where for end in (rule.ends, rule.spends) if end)
    counts = (rule.counts.start, rule.counts.until, rule.counts.condition, rule.counts.again)
    return (rule.when, rule.placed, rule.after, rule.where, amount, rule.grade, *counts, *ends)


def counted(seeds, size=2):
    """Return how many generated policies have each construct, and each pair: of one policy, rule, measure, function."""
    singles, pairs = Counter(), Counter()
    for seed in seeds:
        names, groups = constructs_in(loaded_of(policy_of(seed, size)).policy)
        singles.update(names)
        pairs.update(("policy", *pair) for pair in combinations(sorted(names), 2))
        pairs.update({(kind, *pair) for kind, group in groups for pair in combinations(sorted(group), 2)})
    return singles, pairs


def main(many):
    """Print the table."""
    singles, pairs = counted(range(many))
    for name, count in sorted(singles.items(), key=lambda one: one[1]):
        met = sum(1 for pair in pairs if pair[0] == "policy" and name in pair[1:])
        print(f"{name:28} {count:6}  beside {met} of {len(singles) - 1}")
    for place in ("policy", "rule", "measure", "function"):
        print(f"pairs in one {place}: {sum(1 for pair in pairs if pair[0] == place)}")
    for place, one, other in sorted(missing(singles, pairs)[1]):
        print(f"not met in one {place}: {one}, {other}")
    print(f"{len(singles)} constructs in {many} policies")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
