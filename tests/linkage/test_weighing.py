"""Weights after training: none is missing, none counts a subject among its own strangers, probabilities sum up."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.linkage import weighing

_SHARE = st.none() | st.floats(1e-6, 1.0)


def _settings(*levels: tuple[float | None, float | None]) -> dict:
    told = [
        {key: share for key, share in zip(("m_probability", "u_probability"), one, strict=True) if share is not None}
        for one in levels
    ]
    return {"comparisons": [{"output_column_name": "date", "comparison_levels": [{"is_null_level": True}, *told]}]}


def _weights(settings: dict) -> list[float]:
    return [
        log2(level["m_probability"] / level["u_probability"])
        for level in settings["comparisons"][0]["comparison_levels"][1:]
    ]


def test_a_level_that_was_not_observed_weighs_what_lies_between_its_neighbours() -> None:
    made = weighing.whole(_settings((0.8, 0.1), (None, 0.01), (0.1, 0.8)), 1e6)
    assert _weights(made) == pytest.approx([3, 0, -3])


def test_a_level_beyond_the_last_that_was_observed_weighs_as_much_as_that() -> None:
    made = weighing.whole(_settings((None, None), (0.4, 0.1), (0.1, 0.8)), 1e6)
    assert _weights(made) == pytest.approx([2, 2, -3])


def test_a_comparison_of_which_nothing_is_known_weighs_nothing_beside_others() -> None:
    two = _settings((None, None), (None, 0.5))
    two["comparisons"] += _settings((0.8, 0.1), (0.2, 0.9))["comparisons"]
    assert _weights(weighing.whole(two, 1e6)) == [0, 0]


def test_a_comparison_that_is_alone_weighs_what_is_usual() -> None:
    assert _weights(weighing.whole(_settings((None, 0.01), (None, 0.03), (None, 0.96)), 1e6)) == pytest.approx(
        [log2(75), log2(8), log2(1 / 96)]
    )


@given(st.lists(st.tuples(_SHARE, _SHARE), min_size=1, max_size=8))
def test_every_level_gets_two_shares(levels: list[tuple[float | None, float | None]]) -> None:
    made = weighing.whole(_settings(*levels), 1e6)
    for level in made["comparisons"][0]["comparison_levels"][1:]:
        assert 0 < level["m_probability"] <= 1
        assert 0 < level["u_probability"] <= 1


def test_pairs_of_one_subject_are_taken_out_of_strangers() -> None:
    made = weighing.strangers(_settings((0.5, 0.2)), 0.1)
    assert made["comparisons"][0]["comparison_levels"][1]["u_probability"] == pytest.approx((0.2 - 0.05) / 0.9)


@given(st.floats(1e-5, 0.3), st.floats(1e-5, 0.3), st.integers(0, 2**32))
def test_the_prior_does_not_depend_on_the_guess_it_began_with(one: float, other: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    belongs = random.random(20_000) < 0.01
    spread = (2 * 12 / np.log(2)) ** 0.5  # with which a weight of 12 bits says 12 bits
    evidence = np.where(belongs, random.normal(12, spread, 20_000), random.normal(-12, spread, 20_000))
    found = [weighing.prior(evidence + log2(guess / (1 - guess)), guess, 20_000) for guess in (one, other)]
    assert found[0] == pytest.approx(found[1], rel=0.02)
    assert found[0] == pytest.approx(belongs.mean(), rel=0.3)
