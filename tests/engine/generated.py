"""Small policies of every shape that the language has, for the tests of agreement."""

import hypothesis
from hypothesis import strategies as st

from goodstanding.policy.reader import PolicyError
from tests.engine.small import KINDS, loaded

OPENING = [
    "civic.donation",
    "civic.property-returned",
    "civic.volunteering",
    "tax.evasion",
    "land.farmland-listed",
    "court.defaulter",
    "contract.default",
    "honour.contest",
]
ENDING = ["conduct.ended", "court.performed"]
GRADES = ("good", "bad", "worse")
CODES = ["ordinary", "huge", "national", "county", "good", "bad", "worse", "nonsense"]
NUMBERS = ["0", "1", "2", "3", "5", "10", "40", "0.5", "2.25", "1000"]
TABLES = {
    "life": {"map": {"ordinary": "1 month", "huge": "1 year", "national": "30 months", "worse": "5 days"}},
    "worth": {"map": {"ordinary": "1", "huge": "-2.5", "good": "4", "bad": "7"}},
    "kind": {"map": {"national": "'worse'", "huge": "'bad'", "ordinary": "'nonsense'"}},
    "rungs": {"steps": [{"at": "1", "points": "1"}, {"at": "10", "points": "2.5"}, {"at": "100", "points": "7"}]},
    "stretches": {
        "brackets": [{"over": "0", "each": "2.5", "points": "1"}, {"over": "50", "each": "100", "points": "0.5"}],
        "cap": "30",
    },
}


def one_of(*texts):
    return st.sampled_from(texts)


@st.composite
def number(draw, names, depth=2):
    """A number, from these names of numbers and codes (`codes` is what may key a table)."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(one_of(*NUMBERS, *names["number"], *names["number"]))
    left, right = draw(number(names, depth - 1)), draw(number(names, depth - 1))
    forms = ["({l} + {r})", "({l} - {r})", "({l} * {r})", "min({l}, {r})", "max({l}, {r})", "({l} / 4)", "-{l}"]
    forms += ["({l} if {f} else {r})"] * 3 + ["({l} / {r})"] + ["worth[{c}]"] * 2
    form = draw(one_of(*forms))
    return form.format(l=left, r=right, f=draw(flag(names, depth - 1)), c=draw(code(names)))


@st.composite
def flag(draw, names, depth=1):
    """A condition."""
    if depth > 0 and draw(st.booleans()):
        form = draw(one_of("({a} and {b})", "({a} or {b})", "(not {a})"))
        return form.format(a=draw(flag(names, depth - 1)), b=draw(flag(names, depth - 1)))
    forms = [f"{{n}} {sign} {{m}}" for sign in ("=", "!=", "<", "<=", ">", ">=")]
    forms += [f"{{c}} {sign} {{k}}" for sign in ("=", "!=")] * 2 + list(names["flag"]) * 2
    forms += [f"{{d}} {sign} {{e}}" for sign in ("=", "<", ">=")] if names["date"] else []
    plain = {name: draw(one_of(*NUMBERS, *names["number"])) for name in "nm"}
    dates = {name: draw(one_of(*(names["date"] or [""]))) for name in "de"}
    return "(" + draw(one_of(*forms)).format(**plain, **dates, c=draw(code(names)), k=draw(code(names))) + ")"


def code(names):
    return one_of(*(f"'{text}'" for text in CODES), *names["code"], *names["code"], *names["code"])


def names_of(kinds, *, of_item, dates):
    """What an expression about records of these kinds may name, by type; `ended` is compared with nothing."""
    shared = set.intersection(*(set(KINDS.kinds[kind].attributes) for kind in kinds))
    by_type = {"number": [], "code": [], "flag": [], "date": ["act", "decided", "final"] if dates else []}
    for name in sorted(shared):
        by_type[KINDS.attributes[name].type].append(name)
    if of_item:
        by_type["number"].append("item.points")
        by_type["code"] += ["item.level", "item.id"]
    return by_type


@st.composite
def item(draw, class_, pool):
    kind = draw(one_of(*pool))
    names = names_of([kind], of_item=False, dates=False)
    shared = {"where": draw(flag(names))} if draw(st.integers(0, 2)) == 0 else {}
    shared |= {"level": draw(one_of("ordinary", "huge", "national"))} if draw(st.booleans()) else {}
    worth = {"grade": draw(one_of(*GRADES))} if class_ == "graded" else {"points": draw(one_of(*NUMBERS, "-7", "1/3"))}
    subject = draw(st.sampled_from(KINDS.kinds[kind].subjects))
    return shared | worth | {"for": kind, "class": class_, "subject": subject}


@st.composite
def rule(draw, items, above, pool):
    """A rule of kinds, or of one of the classes of items, with any of what a rule can have."""
    class_ = draw(one_of(None, "pointed", "pointed", "graded"))
    kinds = draw(st.lists(one_of(*pool), min_size=1, max_size=2, unique=True))
    made = {"for": kinds} if class_ is None else {"items": class_}
    if class_:
        kinds = [one["for"] for one in items if one["class"] == class_]
    names = names_of(kinds, of_item=class_ == "pointed", dates=True)
    made |= {"account": draw(one_of("points", "other")), "counts": draw(counts(names, class_))}
    made |= draw(amount(names, class_)) | draw(endings(pool))
    if class_ and "amount" in made and draw(st.booleans()):
        made |= {"per": "occurrence", "choose": draw(one_of("gravest", "highest"))}
    if above and draw(st.booleans()):
        made["unless"] = draw(one_of(*above))
    if class_ and draw(st.booleans()):
        made["repeat"] = {"same": "item", "times": draw(one_of("2", "1.5", "-3"))}
    if draw(st.integers(0, 5)) == 5:
        made["subject"] = draw(one_of("person", "organisation"))
    return made


@st.composite
def amount(draw, names, class_):
    """An amount, a share of a ladder, a grade, or none of them."""
    made = {}
    if class_ == "graded":
        made["grade"] = "item.grade"
    elif draw(st.integers(0, 3)) == 0:
        made["grade"] = draw(code(names))
    if draw(st.integers(0, 2)) == 0:
        share = {"share": draw(one_of("rungs", "stretches")), "running": draw(number(names, 1)), "in": "calendar year"}
        return made | {"amount": share}
    return made | ({"amount": draw(number(names))} if draw(st.integers(0, 5)) else {})


@st.composite
def counts(draw, names, class_):
    start = draw(one_of("act", "act", "act", "decided", "final", "ended"))
    if draw(st.integers(0, 5)) == 5:
        start = f"{start} if {draw(flag(names))} else act"
    until = draw(one_of(None, "{p} after {d}", "{p} beginning {d}", "({p} if {f} else {q}) after {d}"))
    if until is None:
        return {"from": start}
    periods = ["1 month", "1 year", "12 months", "2 years", "30 days", "1 day", f"life[{draw(code(names))}]"]
    filled = {"p": draw(one_of(*periods)), "q": draw(one_of(*periods)), "f": draw(flag(names))}
    return {"from": start, "until": until.format(**filled, d=draw(one_of("act", "decided", "ended", "ended")))}


@st.composite
def endings(draw, pool):
    made = {}
    for key in ("superseded by", "ended by"):
        if draw(st.integers(0, 4)) == 4:
            made[key] = draw(st.lists(one_of(*pool, *ENDING), min_size=1, max_size=2, unique=True))
    return made


@st.composite
def policies(draw):
    """A policy that passes its checks."""
    pool = draw(st.lists(one_of(*OPENING), min_size=1, max_size=3, unique=True))
    items = [draw(item(class_, pool)) for class_ in ("pointed", "graded")]
    items += [draw(item(draw(one_of("pointed", "graded")), pool)) for _ in range(draw(st.integers(0, 4)))]
    entries = {}
    for name in ("one", "two", "three")[: draw(st.integers(1, 3))]:
        entries[name] = draw(rule(items, list(entries), pool))
    of_rules = {
        "number": ["sum(points)", "sum(other)", *(f"count({name})" for name in entries)],
        "code": [f"worst({name})" for name in entries],
        "flag": [f"{function}({name})" for name in entries for function in ("some", "continuing")],
        "date": [],
    }
    values = {"first": {"is": draw(number(of_rules)), "grid": {}}}
    above = of_rules | {"number": [*of_rules["number"], "first"]}
    values["score"] = {"is": draw(one_of("sum(points)", draw(number(above)))), "grid": {"step": "0.25"}}
    every = above | {"number": [*above["number"], "score"]}
    held = {"held while": draw(flag(of_rules))} if draw(st.integers(0, 2)) == 0 else {}
    try:
        return loaded(
            tables=TABLES,
            items=items,
            accounts={"points": held, "other": {}},
            entries=entries,
            values=values,
            ladders=draw(ladders()),
            unrated=draw(st.lists(unrated(every, entries), max_size=1)),
            overrides=draw(st.lists(override(every), max_size=2)),
        )
    except PolicyError:
        return hypothesis.reject()


@st.composite
def ladders(draw):
    edge = draw(st.integers(-3, 10))
    quarters = {"good": f"to {edge}", "bad": f"{edge + 0.25}..{edge + 0.75}", "worse": f"from {edge + 1}"}
    first = {"of": "score", "bands": quarters}
    second = {"of": "first", "bands": {"bad": f"to {edge}", "good": f"from {edge + 1}"}}
    return draw(st.sampled_from([[first], [first, second], [second]]))


@st.composite
def unrated(draw, names, entries):
    evasion = [f"{name}.size" for name in entries if entries[name].get("for") == ["tax.evasion"]]
    return {"when": draw(flag(names)), "because": draw(one_of("because", *evasion))}


@st.composite
def override(draw, names):
    grade = draw(one_of("'good'", "'bad'", "'worse'", *names["code"]))
    return {"grade": grade, "when": draw(flag(names))}
