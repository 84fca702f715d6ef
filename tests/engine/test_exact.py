"""What the exact evaluator makes of small dossiers."""

from tests.engine.small import KINDS, day, loaded, record

from goodstanding.engine.exact import Evaluator
from goodstanding.engine.standing import Outcome


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
