"""Who looked is kept for two years to the day, then nothing is left of it; nobody forgets it before."""

import datetime as dt

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.register.keeping.expiry import expire
from goodstanding.register.keeping.looks import CLAUSE, forget
from goodstanding.register.ledger.access import accesses, log_access
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from tests.register.conftest import PERSON, emptied, tampering


@pytest.fixture
def looked(synthetic):
    """A register in which an officer looked at a person, today."""
    person = by_identifier(synthetic, PERSON["subject"])
    log_access(synthetic, person, "J. Smith", "officer", "appeal 7", "dossier")
    return synthetic, person, accesses(synthetic, person)[0].at.astimezone(dt.UTC).date()


def after(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def test_a_look_is_forgotten_after_two_years_and_not_before(looked):
    register, person, day = looked
    edge = after(day, 2)
    assert forget(register, edge - dt.timedelta(1)) == 0
    assert len(accesses(register, person)) == 1
    assert expire(register, edge).looks == 1
    assert accesses(register, person) == []
    assert forget(register, edge) == 0
    with register.engine.connect() as connection:
        row = connection.execute(sa.select(schema.access)).one()
        erasure = connection.execute(sa.select(schema.access_erasure)).one()
        event = connection.execute(sa.select(schema.event).where(schema.event.c.kind == "access")).one()
    assert (row.who, row.role, row.purpose, row.what) == (None, None, None, None)
    assert (erasure.clause, erasure.on, erasure.looked) == (CLAUSE, edge, row.at)
    assert (event.salt, len(event.commitment)) == (b"", 32)
    assert verify(register) == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 86_400 * 1500), st.integers(-1, 1))
def test_the_day_is_that_of_the_register_in_utc(synthetic, postgres_folder, second, beside):
    emptied(postgres_folder, synthetic)
    at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
    with synthetic.engine.begin() as connection:
        subject = connection.execute(sa.select(sa.func.min(schema.subject.c.id))).scalar_one()
        plain = {"subject_id": subject, "who": "w", "role": "r", "purpose": "p", "what": "x", "at": at}
        connection.execute(sa.insert(schema.access), plain)
    assert forget(synthetic, after(at.date(), 2) + dt.timedelta(beside)) == (beside >= 0)


def test_nobody_empties_a_look_otherwise_or_before_its_time(looked, synthetic_dsn):
    register, _, day = looked
    with register.engine.connect() as connection:
        query = sa.text("SELECT forget(number, 'x', :on) FROM access")
        assert connection.execute(query, {"on": after(day, 2) - dt.timedelta(1)}).scalars().all() == [False]
    with psycopg.connect(synthetic_dsn, autocommit=True) as owner:
        for change in ("UPDATE access SET who = NULL", "UPDATE event SET salt = ''"):
            with pytest.raises(psycopg.errors.RaiseException, match="is never changed or removed"):
                owner.execute(change)


def test_in_a_real_register_no_day_to_come_is_taken_for_one_that_is_over(real, postgres_folder):
    query = "SELECT prosrc FROM pg_proc WHERE proname = 'forget'"
    with tampering(postgres_folder, real) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "INSERT INTO subject SELECT 1, '1', 'gb.fhrs:1-1', 'thing', 'n', 'n', NULL, false, 'n', NULL, now(), '', ''"
        )
        admin.execute(
            "INSERT INTO access (subject_id, who, role, purpose, what, at) "
            "VALUES (1, 'w', 'r', 'p', 'x', now() - interval '23 months')"
        )
        assert admin.execute(query).fetchone()
        later = "SELECT forget(number, 'x', current_date + 60) FROM access"
        assert admin.execute(later).fetchall() == [(False,)]
        admin.execute("UPDATE access SET at = at - interval '2 months'")
        assert admin.execute("SELECT forget(number, 'x', current_date) FROM access").fetchall() == [(True,)]
        admin.rollback()
