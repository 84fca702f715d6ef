"""Single acts from many threads: each is durable when it returns, once, and only a wrong one fails."""

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from goodstanding.register.log import acts
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from goodstanding.register.store.database import _Session


def look(number, subject=1):
    return {"subject_id": subject, "who": f"W-{number}", "role": "clerk", "purpose": "licence", "what": "page"}


def test_every_act_of_many_threads_is_there_when_it_returns_and_once(synthetic):
    missing = []

    def act(number):
        acts.add(synthetic, "access", look(number))
        with synthetic.engine.connect() as connection:
            there = sa.select(sa.func.count()).where(schema.access.c.who == f"W-{number}")
            missing.extend([number] * (connection.execute(there).scalar_one() != 1))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(act, range(200)))
    assert missing == []
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.access)).scalar_one() == 200
    assert verify(synthetic) == []


def test_an_act_that_cannot_be_written_fails_alone(synthetic):
    ready, told = threading.Barrier(8), {}

    def act(number):
        ready.wait()
        try:
            acts.add(synthetic, "access", look(number, subject=999 if number == 3 else 1))
            told[number] = "done"
        except sa.exc.IntegrityError:
            told[number] = "refused"

    threads = [threading.Thread(target=act, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {number: "refused" if number == 3 else "done" for number in range(8)}
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.access)).scalar_one() == 7
    assert verify(synthetic) == []


def test_a_lost_connection_is_an_error_to_those_who_wait_and_not_to_those_after(synthetic, monkeypatch):
    def broken(*_):
        raise ConnectionError

    with monkeypatch.context() as broke:
        broke.setattr(acts, "_write", broken)
        with pytest.raises(ConnectionError):
            acts.add(synthetic, "access", look(1))
    acts.add(synthetic, "access", look(2))
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(schema.access.c.who)).scalars().all() == ["W-2"]


def test_acts_whose_commit_was_made_and_its_answer_lost_are_an_error_and_not_written_again(synthetic, monkeypatch):
    real, cut = _Session.commit, []

    def commit(session):
        told = session.info.transaction_status.name
        real(session)
        if told == "INTRANS" and not cut:
            cut.append(session)
            with socket.socket(fileno=os.dup(session.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
            session.execute("SELECT 1")

    with monkeypatch.context() as broke:
        broke.setattr(_Session, "commit", commit)
        with pytest.raises(sa.exc.OperationalError):
            acts.add(synthetic, "access", look(1))
    assert cut
    acts.add(synthetic, "access", look(2))
    with synthetic.engine.connect() as connection:
        found = connection.execute(sa.select(schema.access.c.who)).scalars().all()
    assert sorted(found) == ["W-1", "W-2"]
