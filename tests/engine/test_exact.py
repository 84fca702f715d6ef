"""What the exact evaluator makes of small dossiers."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.engine.evaluation import Surroundings, evaluate, on_ladder
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.periods import end_of_period
from goodstanding.engine.standing import Outcome, Unknown
from goodstanding.facts.records import objects
from goodstanding.policy.expressions import parse
from goodstanding.policy.model import Table
from tests.engine.agreement import dossier
from tests.engine.dense import MONTH, POLICIES
from tests.engine.small import KINDS, day, loaded, record, table


def standing(policy, records, on):
    return Evaluator(policy, KINDS).standing(records, "person", day(on))


def test_a_reason_that_the_record_does_not_give_is_no_reason():
    policy = loaded(
        entries={"out": {"for": "tax.evasion"}},
        unrated=[{"when": "some(out)", "because": "out.size"}],
    )
    out = standing(policy, [record("tax.evasion", "2020-01-01")], "2020-02-01")
    assert (out.outcome, out.reason) == (Outcome.NOT_RATED, None)
    assert standing(policy, [record("tax.evasion", "2020-01-01", size="huge")], "2020-02-01").reason == "huge"


def test_a_reason_of_a_rule_that_has_no_entry_is_no_reason():
    policy = loaded(
        entries={"out": {"for": "tax.evasion"}},
        unrated=[{"when": "not some(out)", "because": "out.size"}],
    )
    assert standing(policy, [], "2020-02-01").reason is None


def test_a_standing_also_changes_on_the_day_on_which_an_entry_starts():
    counts = {"from": "final", "until": "1 year after final"}
    policy = loaded(entries={"fault": {"for": "contract.default", "amount": "10", "counts": counts}})
    dossier = [record("contract.default", "2020-01-01", final="2020-03-01")]
    changes = Evaluator(policy, KINDS).changes(dossier, "person", day("2020-02-01"))
    assert [(one.on, one.grade) for one in changes] == [(day("2020-03-01"), "bad"), (day("2021-03-02"), "good")]
    assert [len(one.because) for one in changes] == [1, 1]


def test_the_history_also_has_the_end_of_an_entry_that_a_later_record_displaced():
    policy = loaded(
        items=[
            {"for": "contract.default", "class": "fault", "points": "20"},
            {"for": "tax.arrears", "class": "fault", "points": "30"},
        ],
        entries={
            "fault": {
                "items": "fault",
                "per": "occurrence",
                "choose": "highest",
                "amount": "item.points",
                "counts": {"from": "act", "until": "1 year after act"},
            }
        },
    )
    dossier = [
        record("contract.default", "2020-01-01", occurrence="one"),
        record("tax.arrears", "2022-05-01", "2", occurrence="one"),
    ]
    history = Evaluator(policy, KINDS).history(dossier, "person", day("2023-12-31"))
    assert [(str(one.on), one.score) for one in history] == [
        ("2020-01-01", 20),
        ("2021-01-02", 0),
        ("2022-05-01", 30),
        ("2023-05-02", 0),
    ]


TIERS = [
    {"for": "land.farmland-listed", "where": "tier = 'province'", "class": "direct", "grade": "bad"},
    {"for": "land.farmland-listed", "where": "tier = 'national'", "class": "direct", "grade": "worse"},
]
DIRECT = {"items": "direct", "grade": "item.grade"}
WORST = [{"grade": "worst(direct)", "when": "some(direct)"}]
LISTED = record("land.farmland-listed", "2020-01-01")


def test_an_item_that_may_not_apply_never_sets_a_grade():
    policy = loaded(items=TIERS, entries={"direct": DIRECT}, overrides=WORST)
    out = standing(policy, [LISTED], "2020-02-01")
    assert (out.outcome, out.missing) == (Outcome.NOT_DECIDABLE, ("land.farmland-listed.tier",))
    known = record("land.farmland-listed", "2020-01-01", "2", tier="national")
    assert standing(policy, [LISTED, known], "2020-02-01").grade == "worse"


def test_the_worst_grade_is_known_as_long_as_a_doubtful_one_is_no_worse():
    items = [*TIERS, {"for": "tax.arrears", "class": "direct", "grade": "worse"}]
    policy = loaded(items=items, entries={"direct": DIRECT}, overrides=WORST)
    assert standing(policy, [LISTED, record("tax.arrears", "2020-01-01", "2")], "2020-02-01").grade == "worse"
    milder = [*TIERS, {"for": "tax.arrears", "class": "direct", "grade": "bad"}]
    policy = loaded(items=milder, entries={"direct": DIRECT}, overrides=WORST)
    assert standing(policy, [LISTED, record("tax.arrears", "2020-01-01", "2")], "2020-02-01").grade is None


def test_entries_are_counted_only_when_it_is_known_that_they_are_there():
    policy = loaded(items=TIERS, entries={"direct": DIRECT}, values={"score": {"is": "count(direct)", "grid": {}}})
    assert standing(policy, [LISTED], "2020-02-01").outcome is Outcome.NOT_DECIDABLE


def test_an_account_that_may_be_held_back_is_not_decidable():
    policy = loaded(
        items=TIERS,
        accounts={"grade": {}, "points": {"held while": "continuing(direct)"}},
        entries={"direct": DIRECT | {"account": "grade"}, "gift": {"for": "civic.good-deed", "amount": "1"}},
    )
    good = record("civic.good-deed", "2020-01-01", "2")
    assert standing(policy, [good], "2020-02-01").score == 1
    assert standing(policy, [good, LISTED], "2020-02-01").missing == ("land.farmland-listed.tier",)
    ended = record("conduct.ended", "2020-01-05", "3", occurrence="1")
    assert standing(policy, [good, LISTED, ended], "2020-02-01").score == 1


def test_a_rule_that_may_have_given_way_to_another_is_in_doubt():
    policy = loaded(
        items=TIERS,
        accounts={"grade": {}},
        entries={
            "direct": DIRECT | {"account": "grade"},
            "fault": {"for": "tax.arrears", "amount": "1", "unless": "direct"},
        },
    )
    apart = [LISTED, record("tax.arrears", "2020-01-01", "2")]
    assert standing(policy, apart, "2020-02-01").score == 1
    together = [LISTED, record("tax.arrears", "2020-01-01", "2", occurrence="1")]
    assert standing(policy, together, "2020-02-01").missing == ("land.farmland-listed.tier",)


def test_an_amount_that_may_be_doubled_is_unknown():
    items = [{"for": "civic.volunteering", "where": "hours > 1", "class": "fault", "points": "1"}]
    counts = {"from": "act", "until": "1 year after act"}
    rule = {"items": "fault", "amount": "item.points", "repeat": {"same": "item", "times": "2"}, "counts": counts}
    policy = loaded(items=items, entries={"fault": rule})
    before = record("civic.volunteering", "2020-01-01")
    after = record("civic.volunteering", "2020-06-01", "2", hours=5)
    out = standing(policy, [before, after], "2021-02-01")
    assert (out.outcome, out.missing) == (Outcome.NOT_DECIDABLE, ("civic.volunteering.hours",))
    assert standing(policy, [before, after], "2021-07-01").score == 0


def test_an_unknown_end_names_all_that_is_missing():
    counts = {"from": "act", "until": "1 year after decided"}
    policy = loaded(entries={"fault": {"for": "civic.property-returned", "amount": "amount", "counts": counts}})
    out = standing(policy, [record("civic.property-returned", "2020-01-01")], "2020-02-01")
    assert out.missing == ("civic.property-returned.amount", "civic.property-returned.decided")


def test_a_code_that_is_no_grade_is_no_worst_grade():
    worst = [{"grade": "worst(out)", "when": "some(out)"}]
    policy = loaded(entries={"out": {"for": "tax.evasion", "grade": "size"}}, overrides=worst)
    assert standing(policy, [record("tax.evasion", "2020-01-01")], "2020-02-01").missing == ("tax.evasion.size",)
    odd = standing(policy, [record("tax.evasion", "2020-01-01", size="huge")], "2020-02-01")
    assert odd.missing == ("huge among the grades",)


@pytest.mark.parametrize(
    ("count", "unit", "start", "after", "beginning"),
    [
        (1, "months", "2021-01-31", "2021-03-01", "2021-03-01"),
        (1, "months", "2020-01-31", "2020-03-01", "2020-03-01"),
        (1, "months", "2020-01-29", "2020-03-01", "2020-02-29"),
        (1, "months", "2021-02-28", "2021-03-29", "2021-03-28"),
        (1, "years", "2020-02-29", "2021-03-01", "2021-03-01"),
        (4, "years", "2020-02-29", "2024-03-01", "2024-02-29"),
        (30, "months", "2024-03-15", "2026-09-16", "2026-09-15"),
        (1, "months", "2021-12-31", "2022-02-01", "2022-01-31"),
        (30, "days", "2020-02-01", "2020-03-03", "2020-03-02"),
        (0, "days", "2020-02-01", "2020-02-02", "2020-02-01"),
    ],
)
def test_a_period_ends_on_the_same_number_or_with_its_month(count, unit, start, after, beginning):
    assert end_of_period(count, unit, day(start), counted=False) == day(after)
    assert end_of_period(count, unit, day(start), counted=True) == day(beginning)


def test_an_entry_counts_on_its_last_day_and_not_on_the_next():
    policy = loaded(entries={"fault": {"for": "contract.default", "amount": "10", "counts": MONTH}})
    dossier = [record("contract.default", "2020-01-31")]
    grades = [standing(policy, dossier, on).grade for on in ("2020-01-30", "2020-01-31", "2020-02-29", "2020-03-01")]
    assert grades == ["good", "bad", "bad", "good"]


UNKNOWN = Unknown(frozenset({"fact"}))
TRUTHS = {"yes": True, "no": False, "maybe": UNKNOWN, "other": Unknown(frozenset({"another"}))}


def value_of(text, **names):
    nothing = lambda *_: None  # noqa: E731
    around = Surroundings((TRUTHS | names).__getitem__, {}, day("2020-02-29"), nothing, nothing, nothing)
    return evaluate(parse(text), around)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("maybe and no", False),
        ("no and maybe", False),
        ("maybe and yes", UNKNOWN),
        ("maybe or yes", True),
        ("maybe or no", UNKNOWN),
        ("not maybe", UNKNOWN),
        ("maybe and other", Unknown(frozenset({"fact", "another"}))),
        ("1 if yes else n", Fraction(1)),
        ("1 if maybe else 1", UNKNOWN),
        ("min(n, 1)", UNKNOWN),
        ("n - n", UNKNOWN),
        ("n = n", UNKNOWN),
        ("n * 0", UNKNOWN),
        ("1 / zero", Unknown(frozenset({"a divisor that is zero"}))),
        ("1 / n", UNKNOWN),
        ("1 / 3 * 3", Fraction(1)),
        ("round(0 - 2.5, 1, 'half-up')", Fraction(-3)),
        ("round(0 - 2.5, 1, 'half-even')", Fraction(-2)),
        ("round(0 - 2.5, 1, 'down')", Fraction(-2)),
        ("round(0 - 2.1, 1, 'up')", Fraction(-3)),
        ("round(0 - 2.1, 1, 'floor')", Fraction(-3)),
        ("round(0 - 2.9, 1, 'ceiling')", Fraction(-2)),
        ("round(10 / 3, 0.25, 'half-up')", Fraction(13, 4)),
        ("month_after(2020-12-31)", day("2021-01-01")),
        ("next_of(12 months, 2020-02-29, 2021-02-28)", day("2022-02-28")),
        ("full_years(2004-02-29, 2005-02-28)", Fraction(1)),
        ("full_days(2004-02-28, 2004-03-01)", Fraction(2)),
        ("full_days(2004-03-01, 2004-02-28)", Fraction(0)),
        ("2020-01-31 + 1 month", day("2020-02-29")),
        ("2020-03-31 in 2 months after 2020-01-31", True),
        ("2020-04-01 in 2 months after 2020-01-31", False),
        ("2020-03-31 in 2 months beginning 2020-01-31", False),
        ("today in 1 month beginning 2020-01-29", False),
        ("today in 1 month after 2020-01-29", True),
        ("known(n) or known(yes)", True),
        ("'a' in ('b', 'a')", True),
        ("days(2.5) after 2020-01-01", Unknown(frozenset({"a whole number of days up to 100000"}))),
    ],
)
def test_what_is_unknown_stays_so_unless_the_rest_decides(text, value):
    assert value_of(text, n=UNKNOWN, zero=Fraction(0)) == value


@pytest.mark.parametrize(
    ("total", "points"), [(0, 0), (99, 0), (100, 1), (1000, 10), (1399, 10), (1400, 11), (99999, 12)]
)
def test_brackets_give_points_for_whole_steps_up_to_a_cap(total, points):
    brackets = [{"over": "0", "each": "100", "points": "1"}, {"over": "1000", "each": "400", "points": "1"}]
    ladder = Table.model_validate({"brackets": brackets, "cap": "12", "words": {}})
    assert on_ladder(ladder, Fraction(total)) == points


@pytest.mark.parametrize(("total", "points"), [(0, 0), (9, 0), (10, 2), (19, 2), (20, 5), (1000, 5)])
def test_steps_give_the_points_of_the_highest_rung_that_is_reached(total, points):
    ladder = Table.model_validate({"steps": [{"at": "10", "points": "2"}, {"at": "20", "points": "5"}], "words": {}})
    assert on_ladder(ladder, Fraction(total)) == points


def test_shares_of_a_year_add_up_to_the_ladder_and_begin_anew_with_the_next():
    tables = {"rungs": {"steps": [{"at": "10", "points": "2"}, {"at": "20", "points": "5"}]}}
    share = {"share": "rungs", "running": "hours", "in": "calendar year"}
    policy = loaded(tables=tables, entries={"work": {"for": "civic.volunteering", "amount": share}})
    dossier = [
        record("civic.volunteering", when, str(number), hours=10)
        for number, when in enumerate(["2020-05-01", "2020-12-31", "2021-01-01"])
    ]
    entries = standing(policy, dossier, "2021-02-01").entries
    assert [entry.amount for entry in entries] == [2, 3, 2]


def test_the_standing_changes_by_itself_when_entries_end_and_says_which():
    policy = loaded(entries={"fault": {"for": "contract.default", "amount": "6", "counts": MONTH}})
    dossier = [record("contract.default", "2020-01-01"), record("contract.default", "2020-01-10", "2")]
    changes = Evaluator(policy, KINDS).changes(dossier, "person", day("2020-01-15"))
    told = [(str(one.on), one.score, one.grade, [entry.record.document for entry in one.because]) for one in changes]
    assert told == [("2020-02-02", 6, "good", ["1"]), ("2020-02-11", 0, "good", ["2"])]


def test_the_history_has_every_day_on_which_the_standing_changed():
    policy = loaded(entries={"fault": {"for": "contract.default", "amount": "6", "counts": MONTH}})
    dossier = [record("contract.default", "2020-01-01"), record("contract.default", "2020-01-10", "2")]
    history = Evaluator(policy, KINDS).history(dossier, "person", day("2020-12-31"))
    assert [(str(one.on), one.score) for one in history] == [
        ("2020-01-01", 6),
        ("2020-01-10", 12),
        ("2020-02-02", 6),
        ("2020-02-11", 0),
    ]


@given(st.data(), st.sampled_from(POLICIES))
@settings(max_examples=30)
def test_the_order_of_delivery_and_what_is_delivered_twice_make_no_difference(data, make):
    rows = data.draw(dossier(sorted(make().policy.kinds), sizes=(5,), subjects=("p1",)))
    known = list(objects(table(rows), KINDS))
    again = data.draw(st.permutations([*known, *data.draw(st.lists(st.sampled_from(known), max_size=3))]))
    on = data.draw(st.dates(day("2020-01-01"), day("2023-01-01")))
    evaluator = Evaluator(make(), KINDS)
    assert evaluator.standing(known, "person", on) == evaluator.standing(again, "person", on)


@given(st.data(), st.sampled_from(POLICIES))
@settings(max_examples=10)
def test_nothing_changes_on_a_day_that_the_history_does_not_have(data, make):
    rows = data.draw(dossier(sorted(make().policy.kinds), sizes=(3,), subjects=("p1",)))
    known, evaluator = list(objects(table(rows), KINDS)), Evaluator(make(), KINDS)
    history = {one.on: one for one in evaluator.history(known, "person", day("2024-01-01"))}
    last = evaluator.standing(known, "person", min(history))
    for number in range((max(history) - min(history)).days):
        on = min(history) + dt.timedelta(number)
        now = evaluator.standing(known, "person", on)
        if (now.outcome, now.score, now.grade) != (last.outcome, last.score, last.grade):
            assert on in history
        last = now
