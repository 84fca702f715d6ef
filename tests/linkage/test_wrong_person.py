"""The simulated nation, small: what `make bench-wrong-person` measures by the million."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import nation, picture
from benchmarks.wrong_person import GROUPS, LIMIT, PER, Rules, Tally, by_likeness, over, tallied
from goodstanding.facts.identifiers import fault_in
from goodstanding.facts.world import World

NUMBER = "cn.ric:000000197001010019"
DRAW = st.lists(st.floats(0, 1, exclude_max=True), min_size=4, max_size=4)


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return nation.people(7, 20_000)


def first_records(seed: int, people: pl.DataFrame, how: dict[str, float]) -> pl.DataFrame:
    return next(nation.records(seed, people, {"": how}))[""]


@pytest.fixture(scope="module")
def tally(people) -> Tally:
    return tallied(7, people, {"high": nation.rates("high")})["high"]


def test_by_name_harms_more_than_by_number_and_our_rule_keeps_the_limit(tally) -> None:
    assert tally.records > 5_000
    wrong = tally.rates
    assert wrong["wrong name"] > 10 * wrong["wrong number"] > 0
    assert wrong["wrong number"] > wrong["wrong ours"]
    assert wrong["wrong ours"] <= LIMIT
    assert tally.doubts_wrong > 0


def test_two_readers_who_must_agree_harm_less_than_one_and_miss_more(tally) -> None:
    assert tally.rates["wrong ours"] < tally.rates["wrong two"] < tally.rates["wrong one"]
    assert tally.rates["missed one"] < tally.rates["missed two"] < tally.rates["missed ours"]
    assert tally.bearable(1) < tally.bearable(2) < 1
    assert 0 < tally.copied() < 1 == Tally(tally.people).copied()


def test_every_record_is_linked_in_doubt_or_lost_and_every_wrong_one_harms_somebody(tally) -> None:
    assert 0 < tally.doubts <= tally.missed["ours"]
    for rule, harmed in tally.harmed.items():
        assert bool(harmed.sum()) == bool(tally.wrong[rule])
    assert tally.about.sum() == tally.records
    for by in GROUPS.values():
        assert tally.groups(by)["people"].sum() == tally.people.height


def test_the_nation_has_the_names_it_is_said_to_have() -> None:
    people = nation.people(1, 50_000)
    assert 0.84 < people["common"].mean() < 0.87
    assert people.filter(pl.col("script") == "dotted").height / people.height == pytest.approx(0.007, abs=0.002)
    assert people["subject"].n_unique() == people.height
    assert all(fault_in(number, World.SYNTHETIC) is None for number in people["subject"].head(200))


def test_the_same_seed_makes_the_same_records_and_another_seed_others(people) -> None:
    first, again, other = (first_records(seed, people, nation.rates()) for seed in (7, 7, 8))
    assert first.equals(again)
    assert not first.equals(other)


def test_without_errors_our_rule_links_all_that_the_agencies_wrote_rightly(people) -> None:
    clean = dict.fromkeys(nation.rates(), 0.0)
    rows = first_records(7, people, clean)
    linked = Rules(people, 7).linked(rows)
    assert linked.filter(pl.col("ours") != pl.col("truth")).height == 0
    sent_rightly = rows.join(people, left_on=["truth", "subject", "name"], right_on=["id", "subject", "name"])
    assert linked["ours"].count() == sent_rightly.height


@pytest.mark.parametrize("slip", ["single", "adjacent", "jump"])
@given(draw=DRAW)
def test_the_check_character_catches_a_wrong_digit_and_exchanged_ones(slip: str, draw: list[float]) -> None:
    typed = nation.mistyped(NUMBER, slip, np.array(draw))
    assert typed == NUMBER or fault_in(typed, World.SYNTHETIC) is not None


@given(draw=DRAW)
def test_a_number_with_a_digit_too_few_or_too_many_is_refused(draw: list[float]) -> None:
    assert fault_in(nation.mistyped(NUMBER, "length", np.array(draw)), World.SYNTHETIC) is not None


def test_a_siblings_number_is_of_another_of_the_same_family(people) -> None:
    who = np.arange(people.height)
    sibling = nation.Households(people).siblings(who, np.linspace(0, 1, people.height, endpoint=False))
    assert (sibling != who).mean() > 0.8
    assert (people["family"] == people["family"].gather(sibling)).all()


def test_likeness_alone_would_decide_wrongly_and_gives_a_person_the_right_candidate(people) -> None:
    rows = first_records(7, people, nation.rates("high"))
    linked = Rules(people, 7).linked(rows)
    found = by_likeness(people, rows, linked.filter(pl.col("ours").is_null())["row"])
    assert found["wrong even"].value > LIMIT
    assert found["found"].value > 0.5


def test_an_interval_over_seeds_holds_the_mean_and_one_seed_has_none() -> None:
    mean, low, high = over([1.0, 2.0, 3.0])
    assert (mean, low < mean < high) == (2.0, True)
    assert np.isnan(over([1.0])[1])


def test_the_picture_says_in_words_what_it_shows() -> None:
    unknown = float("nan")
    rows = [picture.Row("by name & more", (52_000, 51_000, 53_000), (52_500, 51_000, 54_000))]
    rows.append(picture.Row("ours", (0.0, 0.0, 0.2), (PER / 50, unknown, unknown)))
    root = ElementTree.fromstring(picture.svg(rows, 1.0))
    said = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert root.get("role") == "img"
    assert root.findtext("{http://www.w3.org/2000/svg}title")
    assert "by name & more: 52,000 wrong" in said
    assert "ours: 0 wrong, 2,000 missed" in said
