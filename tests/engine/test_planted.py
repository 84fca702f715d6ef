"""Errors planted in the compiled form are found by the comparison with the exact evaluator."""

import pytest

from tests.engine.planted import LIMIT, PLANTED, found_after


def test_thirty_errors_can_be_planted():
    assert len({planted.name for planted in PLANTED}) == len(PLANTED) >= 30
    assert {planted.name: planted.times() for planted in PLANTED} == dict.fromkeys((p.name for p in PLANTED), 1)


def test_a_planted_error_is_found():
    seed, seconds = found_after(PLANTED[0])
    assert seed.isdigit()
    assert seconds < LIMIT


@pytest.mark.long
@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_every_planted_error_is_found_within_a_minute(planted):
    seed, seconds = found_after(planted)
    assert seed.isdigit()
    assert seconds < LIMIT
