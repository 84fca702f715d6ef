"""Ten runs of `make faults`, a full disk and a clock that is set: whatever breaks, what was acknowledged is there."""

import pytest

from benchmarks import faults


@pytest.mark.slow
def test_whatever_is_killed_nothing_acknowledged_is_lost_and_nothing_is_applied_twice(tmp_path) -> None:
    result = faults.Found()
    faults.kills(10, 7, result, tmp_path)
    assert result.problems == []
    assert sum(result.counts[victim] for victim in faults.VICTIMS) == 10
    assert result.counts["amid work"]


@pytest.mark.slow
def test_a_full_disk_refuses_what_it_cannot_keep_and_keeps_what_was_acknowledged(tmp_path) -> None:
    problems = faults.on_a_full_disk(tmp_path)
    if problems is None:
        pytest.skip("this machine allows no mounts of one's own")
    assert problems == []


@pytest.mark.slow
def test_a_clock_that_is_set_back_and_forth_leaves_the_ledger_in_order(tmp_path) -> None:
    problems = faults.clock_steps(tmp_path, 6)
    if problems is None:
        pytest.skip("no compiler for a clock that can be set")
    assert problems == []
