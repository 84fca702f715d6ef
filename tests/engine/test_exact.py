"""What the exact evaluator makes of small dossiers."""

from fractions import Fraction

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
