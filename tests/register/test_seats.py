"""Where an organisation is stands beside its name, tells two of one name apart, and is never kept of a person."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from goodstanding.register.deliveries import inforce, reviewing
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.subjects import by_identifier, search
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from tests.register.conftest import PERSON, RECEIVED, inspection, row
from tests.register.test_review import KNOWN, folder, known, unnumbered  # noqa: F401

ONE, OTHER = "gb.company:00002001", "gb.company:00002002"


def at(number, document, **rest):
    return inspection(number, document, **rest)


def test_an_organisation_has_the_first_name_day_and_place_that_it_was_given(real, file) -> None:
    rows = [
        at(ONE, "I-1", name="", born="", seat=""),
        at(ONE, "I-2", name="Nova Bakery", born="1999-03-11", seat="Delft"),
        at(ONE, "I-3", name="Nova Bakery", born="", seat="Gouda"),
    ]
    assert deliver(real, "gb.fsa", file(*rows), RECEIVED).accepted == 3
    found = by_identifier(real, ONE)
    assert (found.name, str(found.born), found.seat) == ("Nova Bakery", "1999-03-11", "Delft")
    assert [reason.code for reason in search(real, "Nova Bakery", place="Delft")[0].reasons][-1] == "place-same"
    assert verify(real) == []


def test_another_day_of_foundation_does_not_corroborate_the_number(real, file) -> None:
    rows = [at(ONE, "I-1", born="1999-03-11"), at(ONE, "I-2", born="1999-03-12")]
    done = deliver(real, "gb.fsa", file(*rows), RECEIVED)
    assert done.refusals.select("row", "field", "found").rows() == [(2, "born", "another day")]


def test_a_changed_place_is_found_by_verification(real, file, tamper) -> None:
    deliver(real, "gb.fsa", file(at(ONE, "I-1", name="Nova Bakery", seat="Delft")), RECEIVED)
    tamper(real, "UPDATE subject SET seat = 'Gouda'")
    assert any("subject" in problem for problem in verify(real))


def test_no_place_is_kept_of_what_may_not_be_published(real, file) -> None:
    assert deliver(real, "gb.fsa", file(at("1-1", "I-1", name="A stall", seat="Delft")), RECEIVED).accepted == 1
    assert by_identifier(real, "gb.fhrs:1-1").seat is None


def test_the_place_of_a_person_is_refused_and_not_repeated(synthetic, file) -> None:
    done = deliver(synthetic, "city.tax", file(row(PERSON, "D-1", seat="Rongcheng")), RECEIVED)
    assert "seat" in done.refusals["field"].to_list()
    assert "Rongcheng" not in str(done.refusals.rows())


@pytest.mark.parametrize("place", ["Delft", "Zwolle"])
def test_of_two_of_one_name_the_one_in_that_place_is_found(real, file, folder, place) -> None:  # noqa: F811
    rows = [known(number, f"I-{number}") for number in range(20)]
    rows += [
        at(ONE, "I-90", name=KNOWN[50], seat="Delft"),
        at(OTHER, "I-91", name=KNOWN[50], seat="Zwolle"),
    ]
    assert deliver(real, "gb.fsa", file(*rows), RECEIVED).refused == 0
    inforce.give(real, folder, Decimal(1000), Decimal(0), "A. Jansen")
    deliver(real, "gb.fsa", file(unnumbered(KNOWN[50], "W-1", seat=place)), RECEIVED)
    reviewing.find(real)
    (waiting,) = reviewing.waiting(real)
    with real.engine.connect() as connection:
        places = dict(connection.execute(sa.select(schema.subject.c.id, schema.subject.c.seat)).all())
    best, *others = waiting.candidates
    assert places[best.subject_id] == place
    assert best.weight > 0
    assert all(one.weight < best.weight - 3 for one in others)


def test_a_new_organisation_keeps_the_place_of_its_case(real, file) -> None:
    deliver(real, "gb.fsa", file(unnumbered("Quite New", "W-1", seat="Tiel")), RECEIVED)
    (waiting,) = reviewing.waiting(real)
    reviewing.new(real, waiting.case.number, OTHER, "A. Jansen", "its own letter")
    assert (by_identifier(real, OTHER).name, by_identifier(real, OTHER).seat) == ("Quite New", "Tiel")
    assert verify(real) == []
