"""Samples for people to read: drawn alike from the same links, and what follows from answers holds the truth."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.linkage.intervals import NOT_KNOWN
from goodstanding.linkage.linking import LINKS
from goodstanding.linkage.sampling import STRATA, UNITS, Estimate, estimated, to_read

_WEIGHTS = st.lists(st.floats(-20, 20), min_size=1, max_size=40)


def _links(weights: list[float]) -> pl.DataFrame:
    rows = [(f"l{n}", f"r{n}", weight, 1 / (1 + 2.0**-weight)) for n, weight in enumerate(weights)]
    return pl.DataFrame(rows, schema=LINKS, orient="row")


def _alone(count: int) -> pl.DataFrame:
    return pl.DataFrame({"left": [f"a{n}" for n in range(count)]}, schema={"left": pl.String})


def _answered(*rows: tuple[str, int, int, int]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=["side", "members", "read", "same"], orient="row").with_row_index("band")


@given(_WEIGHTS, st.integers(0, 60), st.randoms())
def test_the_same_units_are_drawn_whatever_the_order_of_links(weights: list[float], size: int, random) -> None:
    links, alone = _links(weights), _alone(5)
    drawn = to_read(links, size, 3, alone=alone)
    places = random.sample(range(len(weights)), len(weights))
    assert drawn.equals(to_read(links[places], size, 3, alone=alone.reverse()))
    assert drawn.height == min(size, len(weights) + 5)
    assert drawn.select("left", "right").is_unique().all()
    assert dict(drawn.schema) == UNITS


@given(_WEIGHTS)
def test_every_stratum_is_read_before_any_is_read_twice(weights: list[float]) -> None:
    links = _links(weights)
    everything = to_read(links, 100, 1, alone=_alone(5))
    strata = everything.select(STRATA).unique().height
    assert to_read(links, strata, 1, alone=_alone(5)).select(STRATA).unique().height == strata
    assert everything.group_by(STRATA).agg(pl.len() == pl.col("members").first())["len"].all()


def test_what_could_move_the_result_most_is_read_most() -> None:
    links = _links([1.0] * 500 + [15.0] * 500)
    read = to_read(links, 100, 1).group_by("band").len().sort("band")
    assert read["len"][0] > 2 * read["len"][1]


def test_another_seed_draws_others_and_sources_and_groups_are_apart() -> None:
    links = _links([3.0] * 100).with_columns(source=pl.lit("a"), group=pl.Series(["x", "y"] * 50))
    assert not to_read(links, 20, 1).equals(to_read(links, 20, 2))
    assert to_read(links, 20, 1)["group"].value_counts(sort=True)["count"].to_list() == [10, 10]


def test_without_answers_nothing_is_known() -> None:
    assert estimated(_answered()) == Estimate(NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)
    told = estimated(_answered(("linked", 100, 0, 0), ("below", 100, 10, 1)))
    assert told == Estimate(NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)
    told = estimated(_answered(("linked", 100, 10, 9), ("below", 100, 0, 0)))
    assert told.precision.of == 10
    assert told.recall == told.f1 == NOT_KNOWN


def test_few_answers_leave_much_open_and_none_of_them_makes_it_certain() -> None:
    few = estimated(_answered(("linked", 1000, 3, 3), ("alone", 1000, 3, 0)))
    assert few.precision.value == 1
    assert few.precision.low < 0.6
    many = estimated(_answered(("linked", 1000, 300, 300), ("alone", 1000, 300, 0)))
    assert 0.98 < many.precision.low < 1
    assert few.recall.low < many.recall.low < 1


def test_what_was_read_whole_is_known_and_counted() -> None:
    told = estimated(_answered(("linked", 10, 10, 8), ("below", 10, 10, 2), ("alone", 5, 5, 0)))
    assert told.precision == (0.8, 0.8, 0.8, 10)
    assert told.recall == (0.8, 0.8, 0.8, 25)
    assert told.f1.value == pytest.approx(0.8)


_STRATUM = st.tuples(st.sampled_from(["linked", "below", "alone"]), *[st.integers(0, 50)] * 3).map(
    lambda row: (row[0], *sorted(row[1:], reverse=True))
)


@given(st.lists(_STRATUM, max_size=8))
def test_figures_lie_in_their_intervals_and_those_between_0_and_1(rows) -> None:
    answered = _answered(*rows)
    told = estimated(answered)
    for figure in told:
        assert figure == NOT_KNOWN or 0 <= figure.low <= figure.value <= figure.high <= 1
    assert told == estimated(answered.reverse())


@pytest.mark.slow
@pytest.mark.parametrize(("size", "slope"), [(150, 1.0), (400, 0.5)])
def test_intervals_hold_the_truth_in_95_of_100_samples(size: int, slope: float) -> None:
    draw, tries, held = np.random.default_rng(4), 600, np.zeros(3)
    for turn in range(tries):
        if turn % 20 == 0:
            weights, lone = draw.normal(0, 6, 2000), draw.random(1000) < 0.03
            same = draw.random(2000) < np.clip(1 / (1 + 2.0 ** -(slope * weights)), 0.002, 0.995)
            answers = dict(zip([f"l{n}" for n in range(2000)], same, strict=True))
            answers |= dict(zip([f"a{n}" for n in range(1000)], lone, strict=True))
            links, alone, right = _links(weights.tolist()), _alone(1000), same[weights >= 0].sum()
            linked, there = (weights >= 0).sum(), same.sum() + lone.sum()
            truth = (right / linked, right / there, 2 * right / (linked + there))
        drawn = to_read(links, size, turn, alone=alone)
        same_ones = pl.Series([bool(answers[left]) for left in drawn["left"]])
        strata = drawn.with_columns(same=same_ones).group_by(STRATA)
        told = estimated(strata.agg(pl.col("members").first(), pl.len().alias("read"), pl.col("same").sum()))
        held += [one.low <= true <= one.high for one, true in zip(told, truth, strict=True)]
    assert (held / tries >= 0.93).all(), held / tries
    assert (held / tries <= 0.97).all(), held / tries
