"""Other keys: every envelope is opened by the new master key and by no other, whenever the change was broken off."""

import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.keeping.envelope import add, content, documents, erase, problems, rotate
from goodstanding.register.keeping.sealing import DamagedError, Master
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.store import embedded, schema
from tests.register.conftest import PEOPLE, RECEIVED, tampering

SUBJECTS = PEOPLE["subject"].to_list()


@pytest.fixture
def keys(tmp_path):
    return Master.make(tmp_path / "old"), Master.make(tmp_path / "new")


@pytest.fixture
def held(synthetic, keys, tmp_path):
    """A document in the envelope of each of eighteen subjects; one is erased."""
    (tmp_path / "paper").write_bytes(b"a judgment")
    subjects = [by_identifier(synthetic, one) for one in SUBJECTS]
    numbers = [add(synthetic, keys[0], one, tmp_path / "paper", "Judgment", "law").number for one in subjects]
    erase(synthetic, numbers.pop(), "law", RECEIVED)
    subjects.pop()
    return list(zip(subjects, numbers, strict=True))


def wrong(register):
    with register.engine.connect() as connection:
        return [*problems(connection)]


def opens(register, master, held):
    return [b"".join(content(register, master, subject, number)) for subject, number in held]


def test_another_master_key_opens_everything_and_the_old_one_nothing(synthetic, keys, held, tmp_path) -> None:
    old, new = keys
    assert rotate(synthetic, old, new) == len(held)
    assert opens(synthetic, new, held) == [b"a judgment"] * len(held)
    for subject, number in held:
        with pytest.raises(InputError, match=f"found {old.id}, expected {new.id}"):
            content(synthetic, old, subject, number)
    with synthetic.engine.connect() as connection:
        rows = connection.execute(sa.select(schema.envelope_key)).all()
    for row in rows:
        with pytest.raises(DamagedError):
            old.unwrap(row.wrapped, f"envelope {row.envelope}")
    assert rotate(synthetic, old, new) == 0
    assert wrong(synthetic) == []
    (tmp_path / "more").write_bytes(b"more")
    gone = by_identifier(synthetic, SUBJECTS[-1])
    for subject in (held[0][0], gone):
        with pytest.raises(InputError, match=f"found {old.id}, expected {new.id}"):
            add(synthetic, old, subject, tmp_path / "more", "More", "law")
        assert add(synthetic, new, subject, tmp_path / "more", "More", "law").title == "More"
    erase(synthetic, held[0][1], "law", RECEIVED)
    assert wrong(synthetic) == []


def test_a_key_that_did_not_seal_changes_nothing(synthetic, keys, held, tmp_path) -> None:
    with pytest.raises(InputError, match=f"expected {keys[0].id}"):
        rotate(synthetic, Master.make(tmp_path / "third"), keys[1])
    assert opens(synthetic, keys[0], held) == [b"a judgment"] * len(held)
    assert wrong(synthetic) == []


def test_one_damaged_key_keeps_all_from_being_changed(synthetic, keys, held, tamper) -> None:
    change = "UPDATE envelope_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE envelope = {}"
    with synthetic.engine.connect() as connection:
        last = connection.execute(sa.select(sa.func.max(schema.envelope_key.c.envelope))).scalar_one()
    tamper(synthetic, change.format(last))
    with pytest.raises(DamagedError, match=f"envelope {last}"):
        rotate(synthetic, *keys)
    tamper(synthetic, change.format(last))
    assert opens(synthetic, keys[0], held) == [b"a judgment"] * len(held)


SCRIPT = """
import sys
from pathlib import Path
from goodstanding.register.keeping import envelope
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.store.database import open_register
envelope._AT_ONCE = 1
print(envelope.rotate(open_register(sys.argv[1]), *(Master.read(Path(one)) for one in sys.argv[2:])))
"""


@pytest.mark.parametrize("turn", range(1, 4))
def test_killed_in_the_middle_all_or_nothing_is_changed(
    synthetic, synthetic_dsn, keys, held, tmp_path, postgres_folder, turn
) -> None:
    """The lock on one envelope stops it there, with those before it wrapped anew; then it is killed."""
    old, new = keys
    with tampering(postgres_folder, synthetic) as holding:
        numbers = [row[0] for row in holding.execute("SELECT envelope FROM envelope_key ORDER BY 1").fetchall()]
        stop = numbers[turn * len(numbers) // 4]
        holding.execute("SELECT FROM envelope_key WHERE envelope = %s FOR UPDATE", [stop])
        command = [sys.executable, "-c", SCRIPT, synthetic_dsn, str(tmp_path / "old"), str(tmp_path / "new")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        _waits(embedded.superuser_dsn(postgres_folder), process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert opens(synthetic, old, held) == [b"a judgment"] * len(held)
    assert wrong(synthetic) == []
    assert rotate(synthetic, old, new) == len(held)
    assert opens(synthetic, new, held) == [b"a judgment"] * len(held)


def _waits(dsn, process):
    with psycopg.connect(dsn, autocommit=True) as session:
        for _ in range(200):
            found = session.execute("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'reseal'")
            if found.fetchone() is not None:
                return
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        seen = session.execute("SELECT datname, state, wait_event, query FROM pg_stat_activity").fetchall()
    raise AssertionError(seen)


def test_only_the_function_changes_a_wrapped_key(synthetic, keys, held) -> None:
    assert documents(synthetic, held[0][0])
    statements = ("UPDATE envelope_key SET wrapped = 'x'", "DELETE FROM envelope_key", "DELETE FROM resealing")
    for statement in statements:
        with synthetic.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=r"permission|refused"):
            connection.exec_driver_sql(statement)
