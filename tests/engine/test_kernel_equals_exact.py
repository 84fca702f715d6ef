"""The kernel says of every dossier exactly what the exact evaluator says."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import read_policy
from tests.engine.agreement import compare, dossier
from tests.engine.generated import policies

FOOD = ["food.inspection", "food.unrated", "conduct.ended", "tax.arrears"]


@cache
def policy(name):
    return read_policy(shipped("policies") / name)


@settings(max_examples=100)
@given(st.data(), dossier(FOOD, subjects=("o1", "t1")))
def test_food_hygiene_ratings_agree(data, rows):
    assert compare(data, policy("uk-food-hygiene"), rows) == 0


@st.composite
def wendeng(draw):
    """Rows about a few kinds at a time, so that they meet; direct grades, their ends and repairs among them."""
    kinds = draw(st.lists(st.sampled_from(sorted(policy("cn-wendeng").policy.kinds)), min_size=1, max_size=4))
    listed = ["conduct.ended", "court.defaulter", "court.performed", "land.farmland-listed", "civic.donation"]
    return draw(dossier(kinds + draw(st.lists(st.sampled_from(listed), max_size=3))))


@settings(max_examples=60)
@given(st.data(), wendeng())
def test_wendeng_points_agree(data, rows):
    compare(data, policy("cn-wendeng"), rows)


@settings(max_examples=150)
@given(st.data(), policies())
def test_generated_policies_agree(data, policy):
    kinds = sorted(policy.policy.kinds)
    compare(data, policy, data.draw(dossier([*kinds, *kinds, "conduct.ended"])))
