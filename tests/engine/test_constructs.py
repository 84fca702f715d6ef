"""Generated policies have every construct of the language, and every two that can go together."""

from goodstanding.policy import expressions as ex
from goodstanding.policy.expression_types import FUNCTIONS, ROUNDING
from goodstanding.policy.model import Account, Counts, EntryRule, Measure
from tests.engine.constructs import counted, missing
from tests.engine.policies import policy_of

SEEDS = range(800)


def test_generated_policies_have_every_construct_and_every_two_that_can_go_together():
    singles, pairs = counted(SEEDS, size=4)
    unmet, apart = missing(singles, pairs)
    assert (unmet, apart) == (set(), set())
    named = {"before": "before value", **{unit: f"{unit}()" for unit in ("days", "months", "years")}}
    assert {named.get(function, function) for function in FUNCTIONS if function != "round"} <= set(singles)
    assert {f"round {mode}" for mode in ROUNDING} <= set(singles)
    assert set(ex.AGGREGATES) <= set(singles)


def test_every_key_of_rules_measures_and_accounts_is_written():
    keys = {EntryRule: "entries", Account: "accounts", Measure: "measures"}
    written = {model: set() for model in keys}
    for seed in range(60):
        whole = policy_of(seed)
        for model, part in keys.items():
            written[model] |= {key for one in whole.get(part, {}).values() for key in one}
        written.setdefault(Counts, set()).update(key for rule in whole["entries"].values() for key in rule["counts"])
    for model, found in written.items():
        assert found >= {field.alias or name.rstrip("_") for name, field in model.model_fields.items()} - {"clause"}


def test_a_policy_is_the_same_for_its_seed():
    assert policy_of(7) == policy_of(7) != policy_of(8)
