"""Figures with the truth known: counted right, intervals that hold it as often as they say, gaps, calibration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.linkage.accuracy import accuracy, best_threshold, by_group, calibration, group_accuracy, halves
from goodstanding.linkage.groups import groups
from goodstanding.linkage.intervals import NOT_KNOWN, Figure, gap, ratio, share
from goodstanding.linkage.linking import LINKS

_CLUSTERS = st.lists(st.sampled_from("xyz"), min_size=2, max_size=8)


def _truth(clusters: str | list[str], prefix: str = "") -> pl.DataFrame:
    return pl.DataFrame({"record": [f"{prefix}{n}" for n in range(len(clusters))], "cluster": list(clusters)})


def _links(*pairs: tuple[str, str], weight: float = 3.0) -> pl.DataFrame:
    return pl.DataFrame([(*pair, weight, 0.9) for pair in pairs], schema=LINKS, orient="row")


def test_pairs_of_one_table_are_counted() -> None:
    told = accuracy(_links(("0", "1"), ("0", "3")), _truth("xxxyy"))
    assert (told.found, told.right, told.there) == (2, 1, 4)
    assert (told.precision.value, told.recall.value, told.f1.value) == (0.5, 0.25, 2 / 6)


def test_pairs_of_two_tables_are_counted_even_where_they_name_their_records_alike() -> None:
    told = accuracy(_links(("0", "0"), ("1", "1"), ("2", "0")), _truth("xyz"), _truth("xxy"))
    assert (told.found, told.right, told.there) == (3, 1, 3)


def test_links_under_the_threshold_and_records_without_truth_count_nowhere() -> None:
    truth = _truth(["x", "x", None])
    told = accuracy(_links(("0", "1"), ("0", "2"), ("0", "9")), truth, least=1)
    assert (told.found, told.right, told.there) == (1, 1, 1)
    assert accuracy(_links(("0", "1")), truth, least=4).found == 0


def test_what_was_never_seen_is_not_known_and_what_never_failed_is_not_certain() -> None:
    none = accuracy(_links(), _truth("xyz"))
    assert (none.precision, none.recall, none.f1) == (NOT_KNOWN,) * 3
    assert none.precision.told() == "not known"
    few = accuracy(_links(("0", "1")), _truth("xx")).precision
    assert few.value == 1
    assert few.low < 0.3
    many = accuracy(
        _links(*((str(2 * n), str(2 * n + 1)) for n in range(500))), _truth([str(n // 2) for n in range(1000)])
    )
    assert 0.98 < many.precision.low < many.precision.value == many.precision.high == 1


def test_a_truth_that_names_a_record_twice_is_refused() -> None:
    with pytest.raises(InputError, match="record 1 twice"):
        accuracy(_links(), pl.DataFrame({"record": ["1", "1"], "cluster": ["x", "y"]}))


@given(_CLUSTERS, st.data())
def test_counts_are_those_of_looking_at_every_pair(clusters: list[str], data) -> None:
    truth, every = _truth(clusters), list(combinations(map(str, range(len(clusters))), 2))
    chosen = data.draw(st.lists(st.sampled_from(every), unique=True))
    same = {pair for pair in every if clusters[int(pair[0])] == clusters[int(pair[1])]}
    told = accuracy(_links(*chosen), truth)
    assert (told.found, told.right, told.there) == (len(chosen), len(same & set(chosen)), len(same))
    for figure in (told.precision, told.recall, told.f1):
        assert figure == NOT_KNOWN or 0 <= figure.low <= figure.value <= figure.high <= 1
    found = groups(_links(*chosen), least=0)
    within = {pair for pair in every if len(found.filter(pl.col("record").is_in(pair))["group"].unique()) == 1}
    within = {pair for pair in within if found["record"].is_in(pair).sum() == 2}
    grouped = group_accuracy(found, truth)
    assert (grouped.found, grouped.right, grouped.there) == (len(within), len(same & within), len(same))


@given(_CLUSTERS, st.randoms())
def test_figures_do_not_depend_on_the_order_of_links_or_truth(clusters: list[str], random) -> None:
    pairs = list(combinations(map(str, range(len(clusters))), 2))[::2]
    truth, shuffled = _truth(clusters), random.sample(pairs, len(pairs))
    assert accuracy(_links(*pairs), truth) == accuracy(_links(*shuffled), truth.reverse())


@pytest.mark.slow
def test_intervals_hold_the_truth_in_95_of_100_draws_of_subjects() -> None:
    draw = np.random.default_rng(5)
    held = {"precision": 0, "recall": 0, "f1": 0}
    all_of_them = accuracy(*_nation(draw, 60_000))
    tries = 400
    for _ in range(tries):
        told = accuracy(*_nation(draw, 150))
        for name in held:
            figure = getattr(told, name)
            held[name] += figure.low <= getattr(all_of_them, name).value <= figure.high
    assert all(0.93 <= count / tries <= 0.97 for count in held.values()), held


def _nation(draw: np.random.Generator, subjects: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return links among subjects of two to four records: missed together where hard, wrong ones anywhere."""
    sizes = draw.integers(2, 5, subjects)
    owner = np.repeat(np.arange(subjects), sizes)
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    hard = draw.random(subjects) < 0.3
    left, right = [], []
    for one, two in combinations(range(4), 2):
        there = (two < sizes) & (draw.random(subjects) < np.where(hard, 0.3, 0.95))
        left.append(start[there] + one)
        right.append(start[there] + two)
    ends = draw.integers(0, len(owner), (2, draw.poisson(0.2 * subjects)))
    ends = ends[:, owner[ends[0]] != owner[ends[1]]]
    found = {"left": np.concatenate([*left, ends[0]]), "right": np.concatenate([*right, ends[1]])}
    links = pl.DataFrame(found).cast(pl.String).with_columns(weight=pl.lit(5.0), probability=pl.lit(0.97))
    return links, pl.DataFrame({"record": np.arange(len(owner)), "cluster": owner}).cast(pl.String)


def test_groups_are_told_apart_with_their_gaps() -> None:
    truth = _truth([str(n // 2) for n in range(400)])
    truth = truth.with_columns(group=pl.Series(["rare" if n < 200 else "common" for n in range(400)]))
    pairs = [(str(n), str(n + 1)) for n in range(0, 400, 2) if n < 200 or n % 4]
    told = by_group(_links(*pairs), truth)
    assert list(told) == ["common", "rare"]
    assert (told["rare"].accuracy.recall.value, told["common"].accuracy.recall.value) == (1, 0.5)
    assert told["common"].recall_gap.value == -0.5
    assert told["common"].recall_gap.high < -0.3
    assert told["common"].recall_ratio.high < 0.8
    assert told["rare"].precision_gap.value == 0


def test_gaps_and_ratios_of_what_is_not_known_are_not_known() -> None:
    known = share(0.5, 10, 10)
    assert gap(known, NOT_KNOWN) == ratio(NOT_KNOWN, known) == ratio(known, share(0, 10, 10)) == NOT_KNOWN


@given(st.floats(0.01, 1), st.integers(2, 1000), st.floats(0.01, 1), st.integers(2, 1000))
def test_intervals_of_gaps_and_ratios_hold_their_value(a: float, n: int, b: float, m: int) -> None:
    one, other = share(a, n, n), share(b, m, m)
    for figure in (gap(one, other), ratio(one, other)):
        assert figure.low <= figure.value <= figure.high
    assert gap(one, other).low == pytest.approx(-gap(other, one).high)
    assert gap(one, one).low <= 0 <= gap(one, one).high


def test_a_figure_may_be_told_in_another_unit_and_as_what_is_wrong() -> None:
    wrong = Figure(0.99, 0.98, 0.995, 100).rest().scaled(100_000)
    assert [round(part) for part in wrong] == [1000, 500, 2000, 100]
    assert NOT_KNOWN.rest().scaled(2) == NOT_KNOWN


def test_calibration_tells_what_probabilities_were_worth() -> None:
    truth = _truth([str(n // 2) for n in range(400)])
    sure = _links(*((str(n), str(n + 1)) for n in range(0, 200, 2)), weight=6.0)
    doubtful = _links(*((str(n), str(n + 1)) for n in range(199, 299)), weight=0.5)
    told = calibration(pl.concat([doubtful, sure]), truth)
    assert told["pairs"].to_list() == [100, 100]
    assert told["was"].to_list() == [0.5, 1]
    assert (told["low"] < told["was"]).all()
    assert calibration(_links(), truth).is_empty()


def test_a_threshold_is_chosen_on_one_half_of_the_subjects() -> None:
    truth = _truth([str(n // 2) for n in range(400)])
    good = _links(*((str(n), str(n + 1)) for n in range(0, 400, 2)), weight=6.0)
    bad = _links(*((str(n), str(n + 1)) for n in range(1, 399, 2)), weight=2.0)
    one, two = halves(truth)
    assert best_threshold(pl.concat([bad, good]), one) == 6
    assert accuracy(pl.concat([bad, good]), two, least=6).f1.value == 1
    assert not set(one["cluster"]) & set(two["cluster"])
    assert best_threshold(_links(), one) == 0
