"""What was known when stays in order, whatever the server's clock does and whatever a client says."""

import datetime as dt

import pytest
import sqlalchemy as sa

from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.standings.scoring import score
from goodstanding.register.store import schema
from tests.register.conftest import PERSON, RECEIVED, row


def clock(register, column):
    with register.engine.connect() as connection:
        return connection.execute(sa.select(column).order_by(column.table.c.number)).scalars().all()


@pytest.fixture
def ahead(synthetic, file, tamper):
    """A register whose server's clock was an hour ahead at the first delivery, and was set right then."""
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    tamper(synthetic, "UPDATE delivery SET known_on = known_on + interval '1 hour'")
    return synthetic


def test_a_delivery_after_the_clock_was_set_back_is_not_known_before_the_one_before(ahead, file) -> None:
    deliver(ahead, "city.tax", file(row(PERSON, "D-2")), RECEIVED)
    deliver(ahead, "city.court", file(row(PERSON, "D-3", "court.defaulter")), RECEIVED)
    first, *later = clock(ahead, schema.delivery.c.known_on)
    assert later == [first, first]


def test_policies_and_runs_after_the_clock_was_set_back_come_after_what_they_read(ahead, wendeng) -> None:
    (first,) = clock(ahead, schema.delivery.c.known_on)
    load_policy(ahead, wendeng)
    run = score(ahead, "cn-wendeng", ahead.today)
    assert clock(ahead, schema.policy.c.known_on) == [first] == [run.made]


def test_a_client_cannot_say_when_something_was_known(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    columns = [column.name for column in schema.delivery.columns]
    said = ", ".join({"number": "2", "content": "'x'", "known_on": "'1999-01-01'"}.get(c, c) for c in columns)
    with synthetic.engine.begin() as service:
        service.exec_driver_sql(f"INSERT INTO delivery ({', '.join(columns)}) SELECT {said} FROM delivery")
    first, second = clock(synthetic, schema.delivery.c.known_on)
    assert first <= second <= dt.datetime.now(dt.UTC)


def test_with_a_clock_that_is_right_time_is_the_clock(synthetic, file) -> None:
    before = dt.datetime.now(dt.UTC)
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    (known,) = clock(synthetic, schema.delivery.c.known_on)
    assert before <= known <= dt.datetime.now(dt.UTC)
