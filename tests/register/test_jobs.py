"""Jobs: what they do happens once, however many workers do it, and whenever one of them is killed."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.log import effects
from goodstanding.register.log.effects import Receiver
from goodstanding.register.log.keys import make_key, read_key
from goodstanding.register.operation import jobs
from goodstanding.register.operation.jobs import Duties, work
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.scoring import score, standings
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import open_register
from tests.register.conftest import MANIFEST, PEOPLE, UNTIL, emptied, fresh, row, source, tampering
from tests.register.test_expiry import TERM, content

RECEIVED = dt.date(2026, 10, 1)


@pytest.fixture(scope="module")
def durable(postgres_folder):
    """A server that keeps what it acknowledges: without that no worker starts."""
    with psycopg.connect(embedded.superuser_dsn(postgres_folder), autocommit=True) as admin:
        for setting in ("on", "off"):
            admin.execute(f"ALTER SYSTEM SET fsync = {setting}")
            admin.execute("SELECT pg_reload_conf()")
            if setting == "on":
                yield postgres_folder


@pytest.fixture(scope="module")
def working_dsn(durable, postgres_folder):
    known = {"city.tax": source("city.tax", "tax.arrears", "tax.evasion", "civic.donation")}
    known["city.tax"] = known["city.tax"].model_copy(update={"kept": {"tax.arrears": (TERM,)}})
    with fresh(postgres_folder) as dsn:
        found(dsn, World.SYNTHETIC, known, MANIFEST, PEOPLE)
        yield dsn


@pytest.fixture
def working(working_dsn, postgres_folder, wendeng):
    """A register with an empty queue, a policy, and a source whose records are kept for a year."""
    register = open_register(working_dsn)
    with tampering(postgres_folder, register) as admin:
        admin.execute("TRUNCATE queue.procrastinate_jobs, queue.procrastinate_workers CASCADE")
    load_policy(register, wendeng)
    yield register
    emptied(postgres_folder, register)


def many(file, register, count=40):
    who = PEOPLE.to_dicts()
    acts = [dt.date(2025, 1, 1) + dt.timedelta(15 * n) for n in range(count)]
    rows = [row(who[n % len(who)], f"D-{n}", act=act) for n, act in enumerate(acts)]
    deliver(register, "city.tax", file(*rows), RECEIVED)
    return sorted(f"D-{n}" for n, act in enumerate(acts) if act > UNTIL - dt.timedelta(365))


def told(register, kind=None):
    box = schema.outbox.c
    query = sa.select(schema.outbox).order_by(box.number)
    with register.engine.connect() as connection:
        return connection.execute(query.where(box.kind == kind) if kind else query).all()


def right(register, left):
    """Check that what is past its term is gone once, and that the last run is what a full one gives."""
    assert content(register) == left
    with register.engine.connect() as connection:
        erased = connection.execute(sa.select(sa.func.count()).select_from(schema.erasure)).scalar_one()
        effect = connection.execute(sa.select(schema.effect.c.key)).scalars().all()
        runs = connection.execute(sa.select(schema.increment)).all()
    messages = [tuple(one) for message in told(register, "erased") for one in map(tuple, message.message["rows"])]
    assert len(messages) == len(set(messages)) == erased == 40 - len(left)
    assert len(effect) == len(set(effect))
    states = [(one.previous, one.deliveries, one.erasures) for one in runs]
    assert len(states) == len(set(states))
    last = jobs_last(register)
    assert standings(register, last).equals(standings(register, score(register, "cn-wendeng", UNTIL)))
    assert verify(register) == []


def jobs_last(register):
    from goodstanding.register.standings.scoring import latest_run

    return latest_run(register, "cn-wendeng")


def test_one_round_does_everything_that_is_due(working, working_dsn, file, tmp_path):
    left = many(file, working)
    make_key(working, tmp_path / "key")
    out = tmp_path / "messages"
    duties = Duties(working, read_key(tmp_path / "key"), Receiver(str(out)))
    work(working_dsn, duties, once=True)
    work(working_dsn, duties, once=True)
    right(working, left)
    with working.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.checkpoint)).scalar_one() >= 1
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["key"] for one in lines] == [one.key for one in told(working)]
    assert {one["kind"] for one in lines} == {"erased"}


def test_a_delivery_queues_its_own_rescoring(working, working_dsn, file):
    many(file, working)
    with working.engine.connect() as connection:
        queued = connection.exec_driver_sql("SELECT task_name, status FROM queue.procrastinate_jobs").all()
    assert [tuple(one) for one in queued] == [("rescore", "todo")]


@pytest.mark.slow
def test_workers_that_are_killed_at_any_moment_do_everything_once(working, working_dsn, file):
    left = many(file, working)
    for place in range(5):
        worker = started(working_dsn)
        time.sleep(1.2 + 0.25 * place)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    age(working)
    work(working_dsn, Duties(working), once=True)
    right(working, left)
    with working.engine.connect() as connection:
        query = "SELECT count(*) FROM queue.procrastinate_jobs WHERE status IN ('todo', 'doing')"
        assert connection.exec_driver_sql(query).scalar_one() == 0


@pytest.mark.slow
def test_several_workers_at_once_do_everything_once(working, working_dsn, file):
    left = many(file, working)
    workers = [started(working_dsn) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    right(working, left)


def started(dsn):
    """A worker in a process of its own."""
    command = [sys.executable, "-c", "from goodstanding.cli.main import main; main()", "register", "work"]
    return subprocess.Popen([*command, "--once", "--dsn", dsn], stderr=subprocess.DEVNULL)


def age(register):
    """Let the dead workers be silent for longer than a living one may be."""
    with register.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE queue.procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")


def test_whatever_the_clock_does_what_is_done_stays_done(working, file, monkeypatch):
    left = many(file, working)
    days = [UNTIL - dt.timedelta(200), UNTIL, UNTIL - dt.timedelta(400), UNTIL, UNTIL]
    for day in days:
        manifest = working.manifest.model_copy(update={"until": day})
        duties = Duties(replace(working, manifest=manifest))
        duties.expire()
        duties.late()
        duties.rescore()
    right(working, left)


def test_an_effect_is_had_by_the_first_and_only_where_its_transaction_holds(working):
    with working.engine.connect() as connection:
        assert effects.once(connection, "x")
        connection.rollback()
    firsts = []

    def ask():
        with working.engine.begin() as connection:
            firsts.append(effects.once(connection, "x"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(firsts) == [False, False, False, True]


def test_a_message_that_is_not_taken_is_sent_again_with_its_key(working, tmp_path):
    with working.engine.begin() as connection:
        for key in ("a", "b", "a"):
            effects.put(connection, key, "test", {"key": key})
    with pytest.raises(InputError, match="did not take message a"):
        effects.send(working, Receiver("!false"))
    with pytest.raises(InputError, match="did not take message a"):
        effects.send(working, Receiver(str(tmp_path / "no" / "folder")))
    with pytest.raises(InputError, match="did not take message a"):
        effects.send(working, Receiver("http://127.0.0.1:1/"))
    out = tmp_path / "out"
    assert effects.send(working, Receiver(f"!tee -a {out}")) == 2
    assert effects.send(working, Receiver(str(out))) == 0
    assert [json.loads(line)["key"] for line in out.read_text().splitlines()] == ["a", "b"]


def test_a_late_source_is_told_of_once_and_what_pauses_for_it_is_worked_out_again(working, file, postgres_folder):
    many(file, working)
    with tampering(postgres_folder, working) as admin:
        admin.execute("TRUNCATE queue.procrastinate_jobs CASCADE")
    for day in (dt.date(2026, 10, 31), dt.date(2026, 11, 1), dt.date(2026, 12, 1)):
        Duties(replace(working, manifest=working.manifest.model_copy(update={"until": day}))).late()
    message = {"source": "city.tax", "since": "2026-11-01", "paused": ["cn-wendeng"]}
    assert [one.message for one in told(working)] == [message]
    with working.engine.connect() as connection:
        queued = connection.exec_driver_sql("SELECT task_name FROM queue.procrastinate_jobs").scalars().all()
    assert queued == ["rescore"]


def test_a_job_that_fails_is_told(working, working_dsn, monkeypatch):
    def broken(*_):
        raise InputError("no disk")

    monkeypatch.setattr(jobs, "expire", broken)
    with pytest.raises(InputError, match="expire: no disk"):
        work(working_dsn, Duties(working), once=True)
