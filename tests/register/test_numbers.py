"""Public numbers: one for each subject, and no slip of the pen leads to another."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.register.ledger.numbers import ALPHABET, canonical, numbers, place_of


def test_no_two_places_have_the_same_number_and_every_number_is_valid() -> None:
    made = numbers(pl.Series(range(1, 200_001)), "salt")
    assert made.n_unique() == 200_000
    assert all(canonical(number) == number for number in made[::997])


def test_numbers_stay_the_same_for_ever() -> None:
    assert numbers(pl.Series([1, 2, 2**34 - 1]), "salt").to_list() == ["GS-H04M-W8A1", "GS-JWFB-R52Q", "GS-FJ6F-Q26G"]
    assert numbers(pl.Series([1]), "other")[0] != "GS-H04M-W8A1"


@given(st.integers(1, 2**34 - 1), st.text(max_size=4))
def test_a_number_leads_back_to_its_place(place, salt) -> None:
    assert place_of(numbers(pl.Series([place]), salt)[0], salt) == place


def test_a_number_beyond_the_last_place_leads_nowhere() -> None:
    assert place_of("GS-YYYY-YYY0", "salt") is None


def test_a_number_may_be_written_in_small_letters_and_without_hyphens() -> None:
    assert canonical(" gs h04m w8a1") == canonical("H04MW8A1") == "GS-H04M-W8A1"


@given(st.integers(1, 2**34 - 1), st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_makes_no_number(place, at, character) -> None:
    number = numbers(pl.Series([place]), "salt")[0].replace("-", "")[2:]
    wrong = number[:at] + character + number[at + 1 :]
    assert wrong == number or canonical(wrong) is None


@given(st.integers(1, 2**34 - 1), st.integers(0, 6))
def test_two_neighbours_swapped_make_no_number(place, at) -> None:
    number = numbers(pl.Series([place]), "salt")[0].replace("-", "")[2:]
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert wrong == number or canonical(wrong) is None


@given(st.text())
def test_any_text_is_a_number_or_none(text) -> None:
    number = canonical(text)
    assert number is None or canonical(number) == number
