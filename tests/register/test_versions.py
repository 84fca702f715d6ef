"""Versions of a document: corrections and withdrawals, in whatever order they come."""

import pytest

from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.repeats import repeats
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.proving.verification import verify
from tests.register.conftest import FIRM, PERSON, RECEIVED, row


def counts(delivered):
    return delivered.rows, delivered.accepted, delivered.repeated, delivered.refused


def said(register, who):
    return [
        (one.record.document, one.record.attributes["size"])
        for one in dossier(register, by_identifier(register, who["subject"])).records
    ]


def bare(who, document, version):
    """A withdrawal that says nothing but what it withdraws."""
    return {"subject": who["subject"], "document": document, "version": version, "state": "withdrawn"} | dict.fromkeys(
        ("kind", "act", "authority", "basis")
    )


def test_a_higher_version_corrects_a_document(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2")), RECEIVED)
    assert counts(deliver(synthetic, "city.tax", file(row(PERSON, "D-1", size="huge", version=2)), RECEIVED)) == (
        1,
        1,
        0,
        0,
    )
    assert sorted(said(synthetic, PERSON)) == [("D-1", "huge"), ("D-2", "large")]
    assert verify(synthetic) == []


def test_a_correction_may_name_another_subject(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    deliver(synthetic, "city.tax", file(row(FIRM, "D-1", version=2)), RECEIVED)
    assert (said(synthetic, PERSON), said(synthetic, FIRM)) == ([], [("D-1", "large")])


def test_a_withdrawal_need_not_say_again_what_it_withdraws(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(FIRM, "D-2")), RECEIVED)
    assert counts(deliver(synthetic, "city.tax", file(bare(PERSON, "D-1", 2)), RECEIVED)) == (1, 1, 0, 0)
    assert (said(synthetic, PERSON), said(synthetic, FIRM)) == ([], [("D-2", "large")])
    assert verify(synthetic) == []


@pytest.mark.parametrize("together", [True, False])
def test_versions_may_come_in_any_order_or_together(synthetic, file, together) -> None:
    versions = [row(PERSON, "D-1", size=size, version=n) for n, size in ((3, "huge"), (1, "large"), (2, "large"))]
    for rows in [versions] if together else [[one] for one in versions]:
        deliver(synthetic, "city.tax", file(*rows), RECEIVED)
    assert said(synthetic, PERSON) == [("D-1", "huge")]
    with synthetic.engine.connect() as connection:
        replaced = connection.exec_driver_sql(
            "SELECT old.version, new.version FROM superseded JOIN record old USING (delivery, row) "
            "JOIN record new ON (new.delivery, new.row) = (by_delivery, by_row) ORDER BY 1"
        ).all()
    assert [tuple(one) for one in replaced] == [(1, 3), (2, 3)]


def test_a_version_says_one_thing(synthetic, file) -> None:
    first = row(PERSON, "D-1", version=2)
    deliver(synthetic, "city.tax", file(first), RECEIVED)
    again = deliver(synthetic, "city.tax", file(first, row(PERSON, "D-1", version=2, size="huge")), RECEIVED)
    assert counts(again) == (2, 0, 1, 1)
    torn = deliver(synthetic, "city.tax", file(row(PERSON, "D-1", version=3), bare(PERSON, "D-1", 3)), RECEIVED)
    assert counts(torn) == (2, 0, 0, 2)


@pytest.mark.parametrize(
    ("cells", "field"),
    [({"version": "0"}, "version"), ({"version": "1.5"}, "version"), ({"version": "10000"}, "version"),
     ({"state": "gone"}, "state"), ({"state": "withdrawn", "act": "soon"}, "act")],
)  # fmt: skip
def test_versions_and_states_are_checked(synthetic, file, cells, field) -> None:
    done = deliver(synthetic, "city.tax", file(row(PERSON, "D-1", **cells)), RECEIVED)
    assert done.refusals["field"].to_list() == [field]


def erase(register, delivery, number, document):
    with register.engine.begin() as connection:
        salt = connection.exec_driver_sql("SELECT salt FROM world").scalar_one()
        known = repeats(salt, "city.tax", document)
        connection.exec_driver_sql("SELECT erase(%s, %s, 'art. 17', %s)", (delivery, number, known))


def test_an_erased_document_is_not_taken_in_again(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2")), RECEIVED)
    erase(synthetic, 1, 1, "D-1")
    again = deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2"), row(PERSON, "D-3")), RECEIVED)
    assert counts(again) == (3, 1, 1, 1)
    assert "art. 17" in again.refusals["expected"][0]
    assert sorted(said(synthetic, PERSON)) == [("D-2", "large"), ("D-3", "large")]


def test_a_late_lower_version_does_not_come_to_life_after_a_higher_one_was_erased(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1", version=2)), RECEIVED)
    erase(synthetic, 1, 1, "D-1")
    assert counts(deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)) == (1, 1, 0, 0)
    assert said(synthetic, PERSON) == []
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1", version=3, size="huge")), RECEIVED)
    assert said(synthetic, PERSON) == [("D-1", "huge")]
