"""Readers: how far they agree, above chance too, and nothing is said from too little."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from goodstanding.linkage.intervals import NOT_KNOWN
from goodstanding.linkage.readers import FEW, Agreement, Reading, against_others, agreement, consensus


def _read(*answers: str) -> list[Reading]:
    """Return readings by `a`, `b` ... of each case: `sd` is same by the first, different by the second."""
    return [Reading(str(n), "abc"[place], one) for n, said in enumerate(answers) for place, one in enumerate(said)]


def test_agreement_and_kappa_are_those_of_a_table_worked_by_hand() -> None:
    told = agreement(_read(*["ss"] * 20, *["dd"] * 15, *["sd"] * 15))
    assert told.agreed.value == 0.7
    chance = (55 / 100) ** 2 + (45 / 100) ** 2
    assert round(told.kappa.value, 9) == round((0.7 - chance) / (1 - chance), 9)
    assert told.kappa.low < told.kappa.value < told.kappa.high < 1


def test_without_second_readings_or_without_two_answers_it_is_not_known() -> None:
    assert agreement(_read("s", "d")) == Agreement(NOT_KNOWN, NOT_KNOWN)
    one_sided = agreement(_read(*["ss"] * 9))
    assert one_sided.kappa == NOT_KNOWN
    assert one_sided.agreed.low < 0.8


def test_a_reader_who_differs_from_the_others_is_seen_and_one_with_few_readings_is_not_judged() -> None:
    told = against_others([*_read(*["ssd"] * FEW, *["dds"] * FEW), Reading("0", "new", "s")])
    assert told["c"].value == 0
    assert told["c"].high < 0.2
    assert told["new"] == NOT_KNOWN


def test_the_last_reading_of_a_reader_counts() -> None:
    again = [Reading("0", "a", "d"), *_read("ss")]
    assert agreement(again).agreed.value == 1


def test_consensus_is_what_more_than_half_said() -> None:
    assert consensus("ssd") == "s"
    assert consensus("sd") is None
    assert consensus("") is None


@given(st.lists(st.text("sdu", min_size=0, max_size=3), max_size=20), st.randoms())
def test_nothing_depends_on_the_order_of_cases(answers: list[str], random) -> None:
    readings = _read(*answers)
    shuffled = random.sample(readings, len(readings))
    assert agreement(readings) == agreement(shuffled)
    assert against_others(readings) == against_others(shuffled)
