"""A register is lost and comes back: from a backup, to a moment, and it is known what is missing."""

import datetime as dt
import os
import shutil
import signal
import time

import polars as pl
import psycopg
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.proof import checkpoints
from goodstanding.register.deliveries.delivering import deliver, deliveries
from goodstanding.register.founding import found
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.operation.backup import backup, restore
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import embedded
from goodstanding.register.store.database import open_register
from tests.register.conftest import MANIFEST, PEOPLE, PERSON, RECEIVED, SOURCES, row


def now(folder):
    with psycopg.connect(embedded.dsn(folder)) as session:
        return session.execute("SELECT clock_timestamp()").fetchone()[0]


def archived(folder):
    """Wait until what happened so far is in the backup."""
    with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
        last = admin.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()[0]
        deadline = time.monotonic() + 60
        while (admin.execute("SELECT last_archived_wal FROM pg_stat_archiver").fetchone()[0] or "") < last:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    """A register that was backed up, delivered to and lost: its parent, backup, a moment, what is kept outside."""
    parent = tmp_path_factory.mktemp("a town's")
    folder, target = parent / "pg", parent / "back up"
    register = found(embedded.start(folder), World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
    log_keys.make_key(register, parent / "key")
    key = log_keys.read_key(parent / "key")

    def delivered(document):
        path = parent / f"{document}.csv"
        pl.DataFrame([{name: str(cell) for name, cell in row(PERSON, document).items()}]).write_csv(path)
        deliver(register, "city.tax", path, RECEIVED)
        sequence.sign(register, key)

    delivered("before")
    backup(folder, target)
    delivered("since")
    moment = now(folder)
    delivered("after")
    with register.engine.connect() as connection:
        _, note = sequence.latest(connection)
        trusted = log_keys.keys(connection)
    outside = checkpoints.verify(note, trusted)
    register.engine.dispose()
    archived(folder)
    os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    embedded.stop(folder)
    shutil.rmtree(folder / "data")
    yield parent, target, moment, outside, trusted
    for name in ("moment", "all"):
        embedded.stop(parent / name)


def test_a_register_comes_back_as_it_was_at_a_moment_and_knows_that_it_is_behind(lost) -> None:
    parent, target, moment, outside, trusted = lost
    done = restore(target, parent / "moment", moment)
    assert (done.deliveries, done.known_on <= moment) == (2, True)
    register = open_register(embedded.dsn(parent / "moment"))
    assert [one.file for one in deliveries(register)] == ["since.csv", "before.csv"]
    assert verify(register) == []
    behind = verify(register, outside, trusted)
    assert behind
    assert done.log_size < outside.checkpoint.size
    deliver(register, "city.tax", parent / "after.csv", RECEIVED)
    assert len(deliveries(register)) == 3
    assert verify(register) == []


def test_a_register_comes_back_with_all_that_the_backup_knows(lost) -> None:
    parent, target, _, outside, trusted = lost
    done = restore(target, parent / "all")
    register = open_register(embedded.dsn(parent / "all"))
    assert (done.deliveries, done.log_size) == (3, outside.checkpoint.size)
    assert verify(register, outside, trusted) == []


def test_what_cannot_be_restored_is_said_and_leaves_nothing(lost) -> None:
    parent, target, moment, *_ = lost
    with pytest.raises(InputError, match="is no backup"):
        restore(parent, parent / "none")
    with pytest.raises(InputError, match="with its time zone"):
        restore(target, parent / "none", dt.datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InputError, match="does not reach"):
        restore(target, parent / "none", moment + dt.timedelta(days=1))
    assert not (parent / "none" / "data").exists()
    restore(target, parent / "some")
    with pytest.raises(InputError, match="expected a new folder"):
        backup(parent / "some", target)


def test_a_backup_that_rotted_is_not_restored(lost) -> None:
    parent, target, *_ = lost
    path = target / "base" / "PG_VERSION"
    kept = path.read_bytes()
    path.write_bytes(b"17\n")
    try:
        with pytest.raises(InputError, match="PG_VERSION: is not what was copied"):
            restore(target, parent / "none")
    finally:
        path.write_bytes(kept)
