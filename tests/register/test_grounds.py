"""Every record says by what it is about its subject: its number, or a decision with its evidence and weight."""

from decimal import Decimal

from goodstanding.register.deliveries import inforce, reviewing
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.differences import difference
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.grounds import ByNumber, Decided, grounds, probability_of, undone, weight_of
from goodstanding.register.ledger.subjects import by_identifier
from tests.register.conftest import PERSON, RECEIVED, row
from tests.register.test_review import KNOWN, folder, known, stocked, unnumbered

__all__ = ["folder", "stocked"]


def about(register, identifier):
    """By what each record that stands is about a subject, by its document."""
    held = dossier(register, by_identifier(register, identifier))
    found = grounds(register, held.ids)
    return {one.record.document: found[one.delivery, one.row] for one in held.records}


def test_a_record_that_came_by_number_says_which_scheme_and_what_agreed(stocked, synthetic, file) -> None:
    assert about(stocked, "gb.company:00001003") == {"I-3": ByNumber("gb.company", person=False)}
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    (own,) = about(synthetic, PERSON["subject"]).values()
    assert own.agreed == ("name", "born")
    assert PERSON["subject"].partition(":")[2] not in repr(own)


def test_a_decided_record_keeps_who_decided_and_the_weight_whole(stocked, file, folder) -> None:
    given = inforce.give(stocked, folder, Decimal(1000), Decimal(2), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1"), unnumbered("Quite New", "W-2")), RECEIVED)
    reviewing.find(stocked)
    first, _ = reviewing.waiting(stocked)
    reviewing.same(stocked, 1, "gb.company:00001003", "A. Jansen", "the same street")
    inforce.give(stocked, folder, Decimal(7), Decimal(1), "B. Smit")
    inforce.give(stocked, folder, Decimal(8), Decimal(1), "B. Smit", "gb.fsa")
    told = about(stocked, "gb.company:00001003")["W-1"]
    assert isinstance(told, Decided)
    assert (told.case, told.decision, told.by, told.reason) == (1, "same", "A. Jansen", "the same street")
    assert told.on == stocked.today
    assert (told.model, told.threshold, told.margin) == (given.number, 1000, 2)
    assert abs(told.weight - first.candidates[0].weight) <= Decimal("0.01")
    assert weight_of(told.evidence) == told.weight
    assert abs(told.probability - first.candidates[0].probability) < Decimal("0.001")
    reviewing.new(stocked, 2, "gb.company:00002001", "A. Jansen", "opened in May")
    new = about(stocked, "gb.company:00002001")["W-2"]
    assert (new.decision, new.weight, new.probability) == ("new", None, None)


def test_what_waits_is_nowhere_in_a_dossier(stocked, file, folder) -> None:
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-1")), RECEIVED)
    reviewing.find(stocked)
    assert reviewing.waiting(stocked)[0].candidates
    assert list(about(stocked, "gb.company:00001003")) == ["I-3"]


def test_an_undone_link_shows_as_such_in_what_changed(stocked, file) -> None:
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "W-1")), RECEIVED)
    reviewing.same(stocked, 1, "gb.company:00001004", "A. Jansen", "the same street")
    done = reviewing.undo(stocked, 1, "B. Smit", "another street")
    (why,) = undone(stocked, [done.number]).values()
    assert (why.by, why.reason, why.own) == ("B. Smit", "another street", False)
    subject = by_identifier(stocked, "gb.company:00001004")
    told = difference(stocked, subject, RECEIVED, RECEIVED.replace(year=2100))
    assert [one.delivery in told.undone for one in told.withdrawn] == [True]


def test_a_correction_by_its_source_is_about_its_subject_by_number_again(stocked, file) -> None:
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[4], "W-1")), RECEIVED)
    reviewing.same(stocked, 1, "gb.company:00001004", "A. Jansen", "the same street")
    deliver(stocked, "gb.fsa", file(known(4, "W-1", version=2)), RECEIVED)
    assert about(stocked, "gb.company:00001004")["W-1"] == ByNumber("gb.company", person=False)


def test_bits_stand_for_odds() -> None:
    assert probability_of(Decimal(0)) == Decimal("0.500000")
    assert probability_of(Decimal(1)) == Decimal("0.666667")
    assert probability_of(Decimal(-99_999)) == 0
    assert probability_of(Decimal(99_999)) == 1
