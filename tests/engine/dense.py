"""Small policies in which records of few kinds meet often: same items, same occurrences, same days, same years."""

from tests.engine.small import loaded

MONTH = {"from": "act", "until": "1 month after act"}
WHILE = {"from": "act", "until": "12 months beginning ended"}
GRADED = [
    {"for": "land.farmland-listed", "where": "tier != 'county'", "class": "direct", "grade": "bad"},
    {"for": "land.farmland-listed", "where": "tier = 'national'", "class": "direct", "grade": "worse"},
    {"for": "tax.arrears", "class": "direct", "grade": "bad"},
    {"for": "tax.evasion", "where": "size != 'ordinary'", "class": "direct", "grade": "worse"},
]
FAULTS = [
    {"for": "tax.evasion", "where": "size = 'huge' or size = 'large'", "class": "fault", "points": "-7"},
    {"for": "tax.evasion", "class": "fault", "points": "-2.5"},
    {"for": "tax.arrears", "class": "fault", "points": "-2.5"},
]
HOURS = [
    {"for": "civic.volunteering", "where": "hours >= 10", "class": "work", "points": "30"},
    {"for": "civic.volunteering", "class": "work", "points": "4"},
    {"for": "tax.arrears", "class": "work", "points": "9"},
]
RUNGS = {"rungs": {"steps": [{"at": str(at), "points": str(at * at)} for at in (4, 9, 13, 30, 34, 43, 60)]}}
REPEAT = {"same": "item", "times": "2"}
WORST = [{"grade": "worst(direct)", "when": "some(direct)"}]


def repeated_faults():
    """Doubling while an earlier one counts, by itself and with one entry an occurrence."""
    plain = {"items": "fault", "amount": "item.points", "repeat": REPEAT, "counts": MONTH}
    one = plain | {"per": "occurrence", "choose": "gravest", "account": "other"}
    return loaded(
        items=FAULTS,
        accounts={"other": {}},
        entries={"every": plain, "one": one},
        values={"score": {"is": "sum(points) * 100 + sum(other)", "grid": {"step": "0.5"}}},
        ladders=[{"of": "score", "bands": {"worse": "to -500", "bad": "-499.5..-0.5", "good": "from 0"}}],
    )


def faults_unless_direct():
    """Direct grades that may be in doubt, faults that give way to them, points held back while conduct goes on."""
    return loaded(
        items=[*GRADED, *FAULTS],
        accounts={"grade": {}, "points": {"held while": "continuing(direct)"}},
        entries={
            "direct": {"items": "direct", "grade": "item.grade", "account": "grade", "counts": WHILE}
            | {"ended by": "court.performed"},
            "fault": {"items": "fault", "amount": "item.points", "unless": "direct", "counts": MONTH},
        },
        values={"score": {"is": "sum(points) - count(direct)", "grid": {"step": "0.5"}}},
        overrides=[{"grade": "'worse'", "when": "some(direct) and worst(direct) = 'worse'"}],
        ladders=[{"of": "score", "bands": {"bad": "to -5", "good": "from -4.5"}}],
    )


def work_by_ladder():
    """Shares of a ladder that is not straight, of items in the order of the policy."""
    share = {"share": "rungs", "running": "item.points", "in": "calendar year"}
    rule = {"items": "work", "amount": share, "counts": {"from": "act", "until": "1 year after act"}}
    return loaded(tables=RUNGS, items=HOURS, entries={"work": rule})


def grades_by_worst():
    """The worst of direct grades, whatever is in doubt."""
    rule = {"items": "direct", "grade": "item.grade", "counts": WHILE, "superseded by": "court.performed"}
    return loaded(items=GRADED, entries={"direct": rule}, overrides=WORST)


def several_units():
    """Amounts of different units on one account, a reason that several records give, values off their grids."""
    return loaded(
        items=FAULTS,
        accounts={"other": {}},
        entries={
            "fault": {"items": "fault", "amount": "item.points", "counts": MONTH},
            "evaded": {"for": "tax.evasion", "amount": "0.125 if size = 'ordinary' else -0.2"},
            "work": {"for": "civic.volunteering", "amount": "hours / 8", "account": "other"},
        },
        values={
            "score": {"is": "sum(points)", "grid": {"step": "0.125"}},
            "work": {"is": "sum(other)", "grid": {"step": "1"}},
        },
        unrated=[{"when": "count(evaded) >= 3", "because": "evaded.size"}],
        ladders=[
            {"of": "score", "bands": {"bad": "to -0.125", "good": "from 0"}},
            {"of": "work", "bands": {"worse": "to 0", "good": "from 1"}},
        ],
    )


POLICIES = (several_units, repeated_faults, faults_unless_direct, work_by_ladder, grades_by_worst)
