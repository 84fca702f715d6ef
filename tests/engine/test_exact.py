"""What the exact evaluator makes of small dossiers."""

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Outcome
from tests.engine.small import KINDS, day, loaded, record


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
