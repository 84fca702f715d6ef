"""Ten runs of `make faults`, full disks, clocks that are set, a backup: what was acknowledged is there, once."""

import pytest

from benchmarks.faults import clocks, disks, kills, restores
from benchmarks.faults.service import VICTIMS


@pytest.mark.slow
def test_whatever_is_killed_nothing_acknowledged_is_lost_and_nothing_is_applied_twice(tmp_path) -> None:
    result = kills.kills(10, 7, tmp_path)
    assert result.problems == []
    assert result.counts["runs"] == 10
    assert sum(result.counts[f"victim {victim}"] for victim in VICTIMS) > 5
    assert result.counts["amid work"]


@pytest.mark.slow
def test_a_full_disk_refuses_what_it_cannot_keep_and_keeps_what_was_acknowledged(tmp_path) -> None:
    result = disks.full_disks(tmp_path, 2, 1)
    if result is None:
        pytest.skip("this machine allows no mounts of one's own")
    assert result.problems == []
    assert result.counts["disks filled"] + result.counts["disks that sufficed"] == 2


@pytest.mark.slow
def test_clocks_that_are_set_back_and_forth_leave_the_ledger_in_order(tmp_path) -> None:
    result = clocks.clock_steps(tmp_path, 6, 2)
    if result is None:
        pytest.skip("no compiler for a clock that can be set")
    assert result.problems == []


@pytest.mark.slow
def test_a_backup_made_at_work_is_restored_with_all_that_was_acknowledged_by_then(tmp_path) -> None:
    assert restores.restores(tmp_path, 1, 3).problems == []
