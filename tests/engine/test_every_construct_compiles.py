"""The compiled form says what the exact evaluator says, on whole policies of the language at random."""

import os

import pytest

from tests.engine.comparing import PEOPLE, compare

FEW, MANY = 100, int(os.environ.get("GOODSTANDING_EXAMPLES", "2000"))


def disagreements(seeds, size=2):
    """Differences by seed, and which part of the subjects went to the exact evaluator."""
    found, by_hand = {}, 0
    for seed in seeds:
        told, hand = compare(seed, size)
        by_hand += hand
        if told:
            found[seed] = told[:3]
    return found, by_hand / (3 * len(PEOPLE) * len(seeds))


def test_programs_of_generated_policies_say_what_the_exact_evaluator_says():
    found, by_hand = disagreements(range(FEW))
    assert found == {}
    assert by_hand < 0.2


@pytest.mark.long
def test_machine_code_says_what_the_exact_evaluator_says(tmp_path, monkeypatch):
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path))
    told, _ = compare(1, compiled=True)
    assert told == []


@pytest.mark.long
def test_programs_of_many_policies_say_what_the_exact_evaluator_says():
    assert disagreements(range(FEW, FEW + MANY))[0] == {}


@pytest.mark.long
def test_programs_of_large_policies_say_what_the_exact_evaluator_says():
    assert disagreements(range(MANY // 10), size=5)[0] == {}
