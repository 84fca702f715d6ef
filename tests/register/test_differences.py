"""What changed in a dossier between two days."""

import datetime as dt

import pytest

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.differences import difference
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier
from tests.register.conftest import FIRM, PERSON, RECEIVED, row


def day(number):
    return dt.date(2026, 10, number)


def test_what_came_was_corrected_or_withdrawn_is_told_with_the_standings(synthetic, file, wendeng, tamper) -> None:
    load_policy(synthetic, wendeng)
    deliveries = [
        [row(PERSON, "D-1", act="2026-03-01"), row(PERSON, "D-2", act="2026-03-01")],
        [row(FIRM, "D-1", act="2026-03-01", version=2), row(PERSON, "D-2", size="huge", act="2026-03-01", version=2)],
        [row(PERSON, "D-2", act="2026-03-01", version=3, state="withdrawn")],
    ]
    for number, rows in enumerate(deliveries, start=1):
        deliver(synthetic, "city.tax", file(*rows), RECEIVED)
        tamper(synthetic, f"UPDATE delivery SET known_on = '2026-10-{number}0 12:00+00' WHERE number = {number}")
    person = by_identifier(synthetic, PERSON["subject"])

    def told(since, until):
        found = difference(synthetic, person, day(since), day(until))
        documents = [[(one.record.document, one.version) for one in part] for part in (found.came, found.replaced)] + [
            [(one.document, one.version) for one in found.withdrawn]
        ]
        return documents, [(one.before.score, one.after.score) for one in found.standings]

    assert told(1, 15)[0] == [[("D-1", 1), ("D-2", 1)], [], []]
    assert told(15, 25)[0] == [[("D-2", 2)], [("D-1", 1), ("D-2", 1)], []]
    assert told(25, 31)[0] == [[], [("D-2", 2)], [("D-2", 3)]]
    assert told(11, 12) == ([[], [], []], [told(11, 12)[1][0]])
    before, after = told(1, 15)[1][0]
    assert before > after < told(15, 31)[1][0][1] == before


def test_the_days_must_be_in_order(synthetic) -> None:
    with pytest.raises(InputError, match="expected a first day before the last"):
        difference(synthetic, by_identifier(synthetic, PERSON["subject"]), day(2), day(2))
