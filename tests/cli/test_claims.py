"""`goodstanding register deny`, `affirm`, `confirm`, `claims` from the command line, and `not-different`."""

from tests.cli.inside import cli
from tests.cli.test_merging import ONE, OTHER, SAID, run

__all__ = ["cli", "run"]


def test_a_record_is_denied_listed_and_affirmed(run) -> None:
    done = run("deny", "1/1", "--own", *SAID)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("claim 1: record 1/1 is not about GS-")
    assert "to be answered by" in done.out
    assert "one firm" in run("claims").out
    shown = run("dossier", ONE).out
    assert "by its subject: one firm" in shown
    assert "food.inspection" in shown
    assert "stands" not in shown
    changed = run("changed", ONE, "--since", "2026-01-01", "--until", "2100-01-01").out
    assert "link undone on" in changed
    assert run("affirm", 1, *SAID).out.startswith("claim 2: record 1/1 is about GS-")
    assert "one firm" not in run("claims").out
    assert "about it" in run("claims", "--all").out
    assert "answer of" in run("dossier", ONE).out


def test_what_a_person_of_the_register_denies_waits_for_nobody(run) -> None:
    assert "answered" not in run("deny", "1/1", *SAID).out
    assert "one firm" not in run("claims").out
    refused = run("confirm", 1, *SAID)
    assert refused.code == 2
    assert "nothing is to be confirmed" in refused.err


def test_a_place_that_is_none_is_told(run) -> None:
    refused = run("deny", "one", *SAID)
    assert refused.code == 2
    assert "expected the place of a record as dossier shows it, as 12/3" in refused.err


def test_that_two_are_different_is_taken_back(run) -> None:
    assert run("different", ONE, OTHER, *SAID).code == 0
    assert run("not-different", 1, *SAID).out == "different 1 is taken back\n"
    assert "different" not in run("merges").out
    assert run("merge", ONE, OTHER, *SAID).code == 0
