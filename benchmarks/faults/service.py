"""A service that does acts, tells of each that it was done, and is struck at a moment that was chosen before.

Nothing here may start a thread when it is imported: services are forked from a process that has imported it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

import psycopg
import sqlalchemy as sa

import goodstanding.engine.batch  # noqa: F401  imported before the service is forked
from goodstanding.facts.errors import InputError
from goodstanding.proof.notes import Signer
from goodstanding.register.deliveries import delivering, staging
from goodstanding.register.keeping import envelope, expiry, sealing
from goodstanding.register.ledger import access
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.log import effects, sequence
from goodstanding.register.log import keys as log_keys
from goodstanding.register.operation import jobs
from goodstanding.register.proving import publishing
from goodstanding.register.standings import increments, scoring
from goodstanding.register.store.database import Register, _Session, open_register

RECEIVED = dt.date(2026, 10, 1)
SOURCE, POLICY = "city.tax", "cn-wendeng"
VICTIMS = ("service", "server", "backend", "connection", "socket")
"""What is ended: a process of ours, all of PostgreSQL, the server's processes of ours, their sessions, the line."""
GONE = 3
"""What a service ends with that lost its server."""
AGAIN = ("connection", "socket")
"""After these the service lives on, and does again what failed."""


@dataclass(frozen=True)
class Act:
    """One thing to do: what, with which file, name or subject."""

    what: str
    path: Path = Path()
    name: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Places:
    """What belongs to a register outside its database."""

    key: Path
    master: Path
    published: Path
    messages: Path


@dataclass(frozen=True)
class Strike:
    """Whom to strike, at which moment of which work, so many seconds after it."""

    victim: str
    during: str
    moment: int
    delay: float
    postmaster: int


# --- what is going on


@dataclass
class Watch:
    """Counts the moments of each work: every statement, commit and file; strikes at the one that was chosen."""

    strike: Strike | None
    told: Any
    doing: str = "opening"
    moments: Counter[str] = field(default_factory=Counter)
    sessions: WeakSet[Any] = field(default_factory=WeakSet)
    door: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, *message: Any) -> None:
        """Tell the one who started the service."""
        with self.door:
            self.told.send(message)

    def moment(self, during: str | None = None) -> None:
        """Count a moment, and strike if it is the one."""
        during = during or self.doing
        self.moments[during] += 1
        strike = self.strike
        if strike is None or (during, self.moments[during]) != (strike.during, strike.moment):
            return
        if strike.delay:
            threading.Thread(target=self._later, args=(strike,), daemon=True).start()
        else:
            self._strike(strike, during)

    def _later(self, strike: Strike) -> None:
        time.sleep(strike.delay)
        self._strike(strike, self.doing)

    def _strike(self, strike: Strike, during: str) -> None:
        self.tell("struck", during)
        if strike.victim == "service":
            os.kill(os.getpid(), signal.SIGKILL)
        elif strike.victim == "server":
            os.kill(strike.postmaster, signal.SIGKILL)
        for session in list(self.sessions):
            with contextlib.suppress(OSError, psycopg.Error):
                if strike.victim == "socket":
                    with socket.socket(fileno=os.dup(session.fileno())) as line:
                        line.shutdown(socket.SHUT_RDWR)
                elif strike.victim in ("backend", "connection"):
                    os.kill(session.info.backend_pid, signal.SIGKILL if strike.victim == "backend" else signal.SIGTERM)


def watched(watch: Watch) -> None:
    """Let everything that a service does pass by the watch."""

    def doing(module: Any, name: str, work: str) -> None:
        real = getattr(module, name)

        def done(*given: Any, **named: Any) -> Any:
            before, watch.doing = watch.doing, work
            try:
                watch.moment()
                return real(*given, **named)
            finally:
                watch.doing = before

        setattr(module, name, done)

    def passing(owner: Any, name: str, after: str = "") -> None:
        real = getattr(owner, name)

        def passed(*given: Any, **named: Any) -> Any:
            watch.moment("commit" if name == "commit" else None)
            found = real(*given, **named)
            if after:
                watch.moment(after)
            return found

        setattr(owner, name, passed)

    def read(path: Path, batches: Iterator[Any], intake: Any) -> Iterator[Any]:
        for batch in checked(path, batches, intake):
            watch.moment("reading")
            yield batch

    checked, delivering._checked = delivering._checked, read  # type: ignore[assignment]
    doing(staging, "copy_in", "staging")
    doing(delivering, "apply", "applying")
    doing(scoring, "judged", "scoring")
    doing(increments, "judged", "scoring")
    doing(publishing, "_write", "publishing")
    passing(psycopg.Cursor, "execute")
    passing(psycopg.Cursor, "executemany")
    passing(psycopg.Cursor, "copy")
    passing(psycopg.AsyncCursor, "execute")
    passing(_Session, "commit", after="committed")
    passing(effects.Receiver, "send", after="sending")
    sa.event.listen(sa.pool.Pool, "connect", lambda session, record: watch.sessions.add(session))


# --- the acts


def _deliver(register: Register, act: Act, places: Places) -> int:
    return delivering.deliver(register, SOURCE, act.path, RECEIVED).number


def _look(register: Register, act: Act, places: Places) -> int:
    access.log_access(register, _of(register, act), "jansen", "clerk", act.name, "dossier")
    return 0


def _put(register: Register, act: Act, places: Places) -> int:
    master = sealing.Master.read(places.master)
    return envelope.add(register, master, _of(register, act), act.path, act.name, "the law, art. 3").number


def _shred(register: Register, act: Act, places: Places) -> int:
    """Erase the document that has this title; it may be erased already when it is asked for again."""
    found = envelope.documents(register, _of(register, act), sealing.Master.read(places.master))
    for one in found:
        if one.title == act.name:
            return envelope.erase(register, one.number, "the law, art. 4", register.today).number
    return 0


def _of(register: Register, act: Act) -> Any:
    return by_identifier(register, act.subject)


def _rescore(register: Register, act: Act, places: Places) -> int:
    made = increments.rescore(register, POLICY, register.today)
    return made.number if made else 0


def _work(register: Register, act: Act, places: Places) -> int:
    signer = log_keys.read_key(places.key)
    duties = jobs.Duties(register, signer, effects.Receiver(str(places.messages)))
    jobs.work(act.name, duties, once=True)
    return 0


ACTS: dict[str, tuple[str, Callable[[Register, Act, Places], int]]] = {
    "deliver": ("linking", _deliver),
    "score": ("scoring", lambda register, act, places: scoring.score(register, POLICY, register.today).number),
    "rescore": ("scoring", _rescore),
    "publish": ("publishing", lambda register, act, places: publishing.publish(register, places.published)),
    "look": ("single acts", _look),
    "put": ("documents", _put),
    "shred": ("documents", _shred),
    "expire": ("expiry", lambda register, act, places: len(expiry.expire(register, register.today).records)),
    "send": ("sending", lambda register, act, places: effects.send(register, effects.Receiver(str(places.messages)))),
    "work": ("jobs", _work),
}
"""What each act is called when it is struck, and how it is done; `sign` is the sequencer's, which stays."""
WORKS = tuple(dict.fromkeys(["reading", "staging", "applying", "commit", "committed", "signing"]
                            + [work for work, _ in ACTS.values()]))  # fmt: skip


def done(register: Register, act: Act, places: Places, sequencer: sequence.Sequencer) -> int:
    """Do an act; return the number by which what it did is found again."""
    if act.what == "sign":
        signed = sequencer.sign()
        return signed.size if signed else 0
    return ACTS[act.what][1](register, act, places)


def serve(dsn: str, places: Places, acts: list[Act], strike: Strike | None, told: Any) -> None:
    """Do what is asked, one after another, and acknowledge each; end where the server went away."""
    logging.disable()  # the pool tells of every session that it lost
    watch = Watch(strike, told)
    watched(watch)
    try:
        register = open_register(dsn)
        sequencer = sequence.Sequencer(register, log_keys.read_key(places.key))
        watch.tell("ready", 0)
        for place, act in enumerate(acts):
            watch.doing = "signing" if act.what == "sign" else ACTS[act.what][0]
            watch.tell("done", place, _insisting(register, act, places, sequencer, watch))
        watch.tell("moments", watch.moments)
    except (sa.exc.SQLAlchemyError, psycopg.Error, InputError):
        sys.exit(GONE)  # its server went away: what a service does then is end, and be started again


def _insisting(register: Register, act: Act, places: Places, sequencer: sequence.Sequencer, watch: Watch) -> int:
    """Do an act; where the connection was lost, do it again, as a caller would who got no answer."""
    work = watch.doing
    try:
        return done(register, act, places, sequencer)
    except (sa.exc.SQLAlchemyError, psycopg.Error, InputError):
        if watch.strike is None or watch.strike.victim not in AGAIN:
            raise
    watch.doing = work
    watch.tell("again", act.what)
    try:
        return done(register, act, places, sequencer)
    except InputError as error:
        if "was erased before" in str(error):
            return 0
        raise


def signer(places: Places) -> Signer:
    """The log's key."""
    return log_keys.read_key(places.key)
