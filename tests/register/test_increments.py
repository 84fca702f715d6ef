"""Runs that work out again only what can have changed are equal to full ones, whatever happened in between."""

import datetime as dt
import threading

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import read_policy
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.standings.increments import rescore
from goodstanding.register.standings.scoring import score, standings
from goodstanding.register.store import schema
from goodstanding.register.store.database import turn
from tests.register.conftest import PEOPLE, UNTIL, emptied, row

WHO = PEOPLE.head(6).to_dicts()
DAY = st.integers(0, 1000).map(lambda days: dt.date(2024, 1, 5) + dt.timedelta(days))
KINDS = {"tax.arrears": "city.tax", "tax.evasion": "city.tax", "civic.donation": "city.tax"}
KINDS |= {"court.defaulter": "city.court", "contract.default": "city.court"}
RECORD = st.tuples(
    st.integers(0, 5),
    st.sampled_from(sorted(KINDS)),
    DAY,
    st.integers(0, 9),
    st.integers(1, 3),
)
STEP = st.one_of(
    st.tuples(st.just("deliver"), st.tuples(DAY, st.lists(RECORD, min_size=1, max_size=4))),
    st.tuples(st.just("erase"), st.integers(0, 30)),
    st.tuples(st.just("score"), DAY),
)


@pytest.fixture
def loaded(synthetic, wendeng):
    load_policy(synthetic, wendeng)
    return synthetic


def delivered(register, file, records, received=UNTIL):
    rows = {source: [] for source in KINDS.values()}
    for who, kind, act, document, version in records:
        amount = {"amount": "120"} if kind == "civic.donation" else {}
        one = row(WHO[who], f"{kind}-{document}", kind, act=min(act, received), version=version, **amount)
        rows[KINDS[kind]].append(one)
    for source, own in rows.items():
        if own:
            deliver(register, source, file(*own), received)


def erased(register, place):
    with turn(register.engine) as connection:
        found = connection.execute(
            sa.select(schema.record)
            .where(schema.record.c.kind.is_not(None))
            .order_by("delivery", "row")
            .offset(place)
            .limit(1)
        ).all()
        erase(connection, [(one, "Act, s. 1", UNTIL) for one in found])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=10))
def test_a_run_of_what_changed_is_equal_to_a_full_run(synthetic, postgres_folder, file, steps):
    emptied(postgres_folder, synthetic)
    load_policy(synthetic, read_policy(shipped("policies") / "cn-wendeng"))
    for act, what in [*steps, ("score", UNTIL)]:
        if act == "deliver":
            delivered(synthetic, file, what[1], what[0])
        elif act == "erase":
            erased(synthetic, what)
        else:
            run = rescore(synthetic, "cn-wendeng", what)
            full = score(synthetic, "cn-wendeng", what)
            paused = standings(synthetic, full).filter(pl.col("missing").str.contains("late since"))
            event("somebody is paused" if paused.height else "nobody is paused")
            if run:
                assert standings(synthetic, run).equals(standings(synthetic, full))
                assert (run.outcomes, run.subjects) == (full.outcomes, full.subjects)
            assert rescore(synthetic, "cn-wendeng", what) is None


def test_only_those_are_worked_out_again_who_can_have_changed(loaded, file):
    delivered(loaded, file, [(n, "tax.arrears", dt.date(2026, 3, 1), n, 1) for n in range(6)])
    rescore(loaded, "cn-wendeng", UNTIL)
    delivered(loaded, file, [(0, "tax.evasion", dt.date(2026, 3, 1), 1, 1)])
    rescore(loaded, "cn-wendeng", UNTIL)
    with loaded.engine.connect() as connection:
        told = connection.execute(sa.select(schema.increment).order_by("run")).all()
    assert [one.scored for one in told] == [18, 1]
    assert told[1].previous == told[0].run


def test_whoever_rests_on_a_source_is_worked_out_again_when_it_turns_late_and_when_it_delivers_again(loaded, file):
    delivered(loaded, file, [(n, "tax.arrears", dt.date(2026, 3, 1), n, 1) for n in range(4)])
    scored = []
    for act, day in (("score", 0), ("score", 30), ("score", 31), ("score", 32), ("deliver", 32), ("score", 32)):
        on = UNTIL + dt.timedelta(day)
        if act == "deliver":
            delivered(loaded, file, [(0, "tax.arrears", dt.date(2026, 3, 1), 0, 1)], on)
            continue
        run = rescore(loaded, "cn-wendeng", on)
        assert standings(loaded, run).equals(standings(loaded, score(loaded, "cn-wendeng", on)))
        scored.append(run.outcomes.get("not decidable", 0))
    with loaded.engine.connect() as connection:
        told = connection.execute(sa.select(schema.increment.c.scored).order_by("run")).scalars().all()
    assert scored == [0, 0, 4, 4, 0]
    assert told == [18, 0, 4, 0, 4]


def test_many_at_once_make_one_run_of_each_state(loaded, file):
    delivered(loaded, file, [(0, "tax.arrears", dt.date(2026, 3, 1), 1, 1)])
    made = []
    threads = [threading.Thread(target=lambda: made.append(rescore(loaded, "cn-wendeng", UNTIL))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in made) == 1
