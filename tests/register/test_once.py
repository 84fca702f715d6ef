"""Exactly once, whole or not at all: whatever breaks, and whoever else delivers the same at the same time."""

import os
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest
import sqlalchemy as sa

from goodstanding.register.deliveries import application
from goodstanding.register.deliveries.delivering import deliver, deliveries
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from tests.register.conftest import PEOPLE, PERSON, RECEIVED, row, state

MANY = [row(PEOPLE.row(n % 18, named=True), f"D-{n}") for n in range(3000)]


def tally(register, table):
    with register.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def is_whole(register):
    return [one.accepted for one in deliveries(register)] == [3000] == [tally(register, schema.record)] and not verify(
        register
    )


@pytest.mark.parametrize("step", ["doubts", "sift", "leave_out", "newcomers", "_grow", "write", "supersede", "add"])
def test_a_delivery_that_fails_half_way_leaves_nothing_and_can_be_sent_again(
    synthetic, file, monkeypatch, step
) -> None:
    path = file(*MANY)

    def broken(*_, **__):
        raise MemoryError(step)

    monkeypatch.setattr(application.events if step == "add" else application, step, broken)
    with pytest.raises(MemoryError):
        deliver(synthetic, "city.tax", path, RECEIVED)
    assert (deliveries(synthetic), state(synthetic), tally(synthetic, schema.refusal)) == ([], [], 0)
    monkeypatch.undo()
    assert deliver(synthetic, "city.tax", path, RECEIVED).accepted == 3000
    assert is_whole(synthetic)


def test_a_delivery_that_fails_at_its_last_write_leaves_nothing(synthetic, file, monkeypatch) -> None:
    written = []

    def half(connection, number, *, whole):
        written.append(write(connection, number, whole=whole))
        raise ConnectionError("gone")

    write = application.write
    monkeypatch.setattr(application, "write", half)
    with pytest.raises(ConnectionError):
        deliver(synthetic, "city.tax", file(*MANY), RECEIVED)
    assert written == [3000]
    assert tally(synthetic, schema.record) == 0


def test_the_same_file_delivered_by_many_at_once_is_applied_by_one(synthetic, file) -> None:
    path, done = file(*MANY), []
    threads = [
        threading.Thread(target=lambda: done.append(deliver(synthetic, "city.tax", path, RECEIVED))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.earlier for one in done) == [False, True, True, True]
    assert {one.number for one in done} == {1}
    assert is_whole(synthetic)


def test_different_files_with_the_same_records_at_once_keep_each_record_once(synthetic, file) -> None:
    paths, done = [file(*MANY), file(*reversed(MANY)), file(*MANY, row(PERSON, "D-0"))], []
    threads = [
        threading.Thread(target=lambda path=path: done.append(deliver(synthetic, "city.tax", path, RECEIVED)))
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.accepted for one in done) == 3000 == tally(synthetic, schema.record)
    assert sum(one.repeated for one in done) == 6001
    assert verify(synthetic) == []


_DELIVER = """
import datetime, pathlib, sys
from goodstanding.register.store.database import open_register
from goodstanding.register.deliveries.delivering import deliver
deliver(open_register(sys.argv[1]), "city.tax", pathlib.Path(sys.argv[2]), datetime.date(2026, 10, 1))
"""


def test_a_deliverer_killed_half_way_leaves_nothing_and_the_file_can_be_sent_again(
    synthetic, synthetic_dsn, file
) -> None:
    """It is held up where its records are written and the delivery itself is not, and killed there."""
    path = file(*MANY)
    with psycopg.connect(synthetic_dsn) as holding:
        holding.execute("LOCK TABLE delivery IN SHARE MODE")
        child = subprocess.Popen([sys.executable, "-c", _DELIVER, synthetic_dsn, str(path)])
        _wait_for_write(synthetic_dsn)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert deliver(synthetic, "city.tax", path, RECEIVED).earlier is False
    assert is_whole(synthetic)


def _wait_for_write(dsn):
    """Wait until somebody is held up by the lock on the table of deliveries."""
    asked = "SELECT FROM pg_locks WHERE relation = 'delivery'::regclass AND NOT granted"
    deadline = time.monotonic() + 30
    with psycopg.connect(dsn, autocommit=True) as watching:
        while not watching.execute(asked).fetchall():
            assert time.monotonic() < deadline, "the deliverer never came to its last write"
            time.sleep(0.02)


def test_a_server_that_ends_the_session_half_way_leaves_nothing(synthetic, synthetic_dsn, file) -> None:
    path, failed = file(*MANY), []

    def delivering():
        try:
            deliver(synthetic, "city.tax", path, RECEIVED)
        except Exception as error:
            failed.append(error)

    with psycopg.connect(synthetic_dsn) as holding:
        holding.execute("LOCK TABLE delivery IN SHARE MODE")
        thread = threading.Thread(target=delivering)
        thread.start()
        _wait_for_write(synthetic_dsn)
        holding.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'delivery'::regclass AND NOT granted"
        )
        thread.join()
    assert len(failed) == 1
    assert deliver(synthetic, "city.tax", path, RECEIVED).accepted == 3000
    assert is_whole(synthetic)
