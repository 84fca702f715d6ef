"""What reviewers decide is read again by another: drawn by lot, blind, settled by a third; and it tells who guesses."""

import datetime as dt
import random
from decimal import Decimal

import pytest

from goodstanding.facts.errors import InputError
from goodstanding.proof.commitments import salt
from goodstanding.register.deliveries import inforce, rereading, reviewing, settling
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.proving.verification import verify
from tests.register.conftest import RECEIVED
from tests.register.test_review import KNOWN, folder, stocked, unnumbered

__all__ = ["folder", "stocked"]


def firm(number):
    return f"gb.company:{1000 + number:08}"


def kept(register):
    with register.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT unlinked FROM unlinked_content ORDER BY 1").scalars().all()


@pytest.fixture
def all_again(stocked, monkeypatch):
    monkeypatch.setattr(rereading, "ONE_IN", 1)


@pytest.fixture
def two(stocked, file, folder, all_again):
    """Two cases with candidates; the first was decided to be about firm 3, the second refused."""
    inforce.give(stocked, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(stocked, "gb.fsa", file(unnumbered(KNOWN[3], "W-3"), unnumbered(KNOWN[4], "W-4")), RECEIVED)
    reviewing.find(stocked)
    reviewing.same(stocked, 1, firm(3), "A. Jansen", "the same street")
    reviewing.refuse(stocked, 2, "A. Jansen", "cannot be found")
    return stocked


def test_one_decision_in_so_many_is_drawn_by_lot() -> None:
    count = sum(rereading.drawn(salt()) for _ in range(5_000))
    assert 850 < count < 1150
    assert rereading.drawn(b"x" * 32) == rereading.drawn(b"x" * 32)


def test_a_second_reader_is_another_and_sees_what_came_and_nothing_of_what_was_decided(two) -> None:
    assert rereading.to_be_read(two, " a. jansen") == []
    first, second = rereading.to_be_read(two, "B. Smit")
    assert first.case.cells["name"] == KNOWN[3]
    assert KNOWN[3] in [side.name for side in first.sides]
    assert second.case.cells["name"] == KNOWN[4]
    assert [side.number for side in first.sides] == sorted(side.number for side in first.sides)
    assert verify(two) == []


def test_what_came_goes_when_both_agree_and_stays_while_they_differ(two) -> None:
    rereading.answer(two, 1, "B. Smit", "same", firm(3))
    assert kept(two) == [2]
    rereading.answer(two, 2, "B. Smit", "same", firm(4))
    assert kept(two) == [2]
    (one,) = settling.differences(two)
    assert (one.case, one.decision, one.other) == (2, "refused", firm(4))
    settling.settle(two, 2, "C. Bos", "the same postcode", stands=False)
    assert kept(two) == []
    assert settling.differences(two) == []
    figures = rereading.reviewers(two)
    assert 0 < figures["A. Jansen"].read.kappa.value < 0.5
    assert figures["A. Jansen"].stood.value == 0.5
    assert figures["B. Smit"].stood.value == 1
    assert verify(two) == []


def test_a_difference_changes_nothing_by_itself_and_a_third_person_may_undo(two) -> None:
    rereading.answer(two, 1, "B. Smit", "same", firm(4))
    with two.engine.connect() as connection:
        state = "SELECT count(*) FROM record WHERE document = 'W-3'"
        assert connection.exec_driver_sql(state).scalar_one() == 1
        told = connection.exec_driver_sql("SELECT kind FROM outbox WHERE key = 'second/1'").scalars().all()
    assert told == ["readings-differ"]
    settling.settle(two, 1, "C. Bos", "another street", stands=False)
    with two.engine.connect() as connection:
        assert connection.exec_driver_sql(state).scalar_one() == 2
    assert kept(two) == [2]
    assert rereading.reviewers(two)["A. Jansen"].stood.value == 0
    assert verify(two) == []


@pytest.mark.parametrize(
    ("reader", "said", "subject", "message"),
    [
        ("A. Jansen", "new", None, "is not to be read again by A. Jansen"),
        (" ", "new", None, "reader: found nothing"),
        ("B. Smit", "undone", None, "answer: found 'undone'"),
        ("B. Smit", "same", None, "answer: found 'same'"),
        ("B. Smit", "same", "gb.company:99999999", "no organisation of this register"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(two, reader, said, subject, message) -> None:
    with pytest.raises(InputError, match=message):
        rereading.answer(two, 1, reader, said, subject)
    assert len(rereading.to_be_read(two, "B. Smit")) == 2


@pytest.mark.parametrize("by", ["A. Jansen", "b. smit", " "])
def test_neither_of_the_two_settles_it(two, by) -> None:
    rereading.answer(two, 2, "B. Smit", "new")
    with pytest.raises(InputError, match="by: found"):
        settling.settle(two, 2, by, "I say so", stands=True)
    with pytest.raises(InputError, match="no two readings of it differ"):
        settling.settle(two, 1, "C. Bos", "I say so", stands=True)


def test_what_came_is_kept_no_longer_than_said(two, monkeypatch) -> None:
    assert rereading.let_go(two) == 0
    late = two.today + dt.timedelta(days=rereading.DAYS + 1)
    monkeypatch.setattr(type(two), "today", property(lambda _: late))
    assert rereading.to_be_read(two, "B. Smit") == []
    assert rereading.let_go(two) == 2
    assert kept(two) == []
    assert verify(two) == []


def test_what_came_of_a_record_that_is_erased_goes(two) -> None:
    with two.engine.begin() as connection:
        one = connection.exec_driver_sql("SELECT * FROM record WHERE document = 'W-3'").one()
        erase(connection, [(one, "Act, s. 3", RECEIVED)])
    assert rereading.let_go(two) == 1
    assert kept(two) == [2]


def test_what_the_register_ended_is_read_by_nobody_and_what_is_undone_no_more(two, file) -> None:
    deliver(two, "gb.fsa", file(unnumbered(KNOWN[5], "W-5")), RECEIVED)
    reviewing.refuse(two, 3, rereading.REGISTER, "nobody could say")
    reviewing.undo(two, 1, "A. Jansen", "a slip")
    assert [one.case.number for one in rereading.to_be_read(two, "B. Smit")] == [2]
    assert verify(two) == []


CASES = 300
READERS = ("A. Jansen", "B. Smit", "C. Bos")
GUESSES = "C. Bos"


def test_of_three_readers_of_300_cases_the_figures_find_the_one_who_guesses(stocked, file, monkeypatch) -> None:
    monkeypatch.setattr(rereading, "ONE_IN", 5)
    draw = random.Random(11)
    rows = [unnumbered(KNOWN[number % 60], f"W-{number}") for number in range(CASES)]
    deliver(stocked, "gb.fsa", file(*rows), RECEIVED)

    def about(number, reader):
        return firm(draw.randrange(60) if reader == GUESSES and draw.random() < 0.7 else (number - 1) % 60)

    for number in range(1, CASES + 1):
        reader = READERS[number % 3]
        reviewing.same(stocked, number, about(number, reader), reader, "by name")
    for place, one in enumerate(rereading.to_be_read(stocked, None)):
        number = one.case.number
        reader = READERS[(number + 1 + place % 2) % 3]
        rereading.answer(stocked, number, reader, "same", about(number, reader))
    for one in settling.differences(stocked):
        settling.settle(stocked, one.case, "D. Vos", "by name", stands=one.subject == firm((one.case - 1) % 60))
    found = rereading.reviewers(stocked)
    guesses, others = found[GUESSES], [found[name] for name in READERS if name != GUESSES]
    assert all(guesses.stood.high < one.stood.low for one in others)
    assert all(guesses.read.agreed.value < one.read.agreed.value for one in others)
    assert all(one.stood.value == 1 for one in others)
    assert verify(stocked) == []
