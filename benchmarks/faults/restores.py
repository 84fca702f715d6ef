"""Backups made while a service works, restored as of a moment: all that was acknowledged by then is there."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import threading
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.faults.expected import Found
from benchmarks.faults.service import done, signer
from benchmarks.faults.town import Town, plan, town
from goodstanding.register.log import sequence
from goodstanding.register.operation.backup import backup, restore
from goodstanding.register.proving.verification import kept_outside, verify
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import open_register

Moment = tuple[dt.datetime, int, int, int]
"""The clock of the server, and how many deliveries, looks and leaves under a checkpoint were acknowledged by then."""


def restores(folder: Path, count: int, seed: int) -> Found:
    """Back up a register at work, and restore it at a moment by chance, or as late as it goes; so many times."""
    result = Found()
    with town(folder) as place:
        for number in range(count):
            chance, before = random.Random(f"{seed}/backup/{number}"), len(result.problems)
            _restored(place, folder, number, chance, result)
            for one in range(before, len(result.problems)):
                result.problems[one] = f"backup {number}: {result.problems[one]}"
            result.counts["backups restored"] += 1
    return result


def _restored(place: Town, folder: Path, number: int, chance: random.Random, result: Found) -> None:
    acts = [act for act in plan(folder, f"backup{number}", chance, "") if act.what not in ("work", "score", "rescore")]
    begun, target, moments = chance.randrange(len(acts)), folder / f"backup-{number}", []
    for_backup = threading.Thread(target=backup, args=(place.folder, target))
    register = open_register(embedded.dsn(place.folder))
    sequencer = sequence.Sequencer(register, signer(place.places))
    for at, act in enumerate(acts):
        if at == begun:
            for_backup.start()
        done(register, act, place.places, sequencer)
        moments.append(_moment(register.engine))
    for_backup.join()
    backed = len(moments)
    for act in plan(folder, f"after{number}", chance, ""):
        if act.what in ("deliver", "sign", "look"):
            done(register, act, place.places, sequencer)
            moments.append(_moment(register.engine))
    with register.engine.connect() as connection:
        newest = sequence.latest(connection)
    register.engine.dispose()
    _switched(place)
    until = chance.choice([None, chance.choice(moments[backed:])[0]])
    again = folder / f"restored-{number}"
    try:
        restore(target, again, until)
        _looked(again, moments, until, result)
        register = open_register(embedded.dsn(again))
        assert newest is not None
        trusted = [signer(place.places).verifier]
        found = verify(register, kept_outside(newest[1], trusted), trusted)
        whole = moments[-1][3] == _size(register.engine)
        if whole == bool(found):
            state = "whole" if whole else "of earlier"
            result.wrong("inconsistent", f"restored {state}, and verification says {found[:2]}")
        register.engine.dispose()
    finally:
        embedded.stop(again)
        shutil.rmtree(again, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)


def _switched(place: Town) -> None:
    """Let the server bring its last WAL to the backup."""
    with psycopg.connect(embedded.superuser_dsn(place.folder), autocommit=True) as admin:
        wanted = admin.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        while admin.execute("SELECT last_archived_wal >= %s FROM pg_stat_archiver", wanted).fetchone() != (True,):
            admin.execute("SELECT pg_sleep(0.05)")


def _moment(engine: sa.Engine) -> Moment:
    with engine.connect() as connection:
        found: Moment = tuple(connection.execute(_STATE).one())
        return found


def _size(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(_STATE).one()[3])


_STATE = sa.select(
    sa.func.clock_timestamp(),
    sa.select(sa.func.count()).select_from(schema.delivery).scalar_subquery(),
    sa.select(sa.func.count()).select_from(schema.access).scalar_subquery(),
    sa.select(sa.func.coalesce(sa.func.max(schema.checkpoint.c.size), 0)).scalar_subquery(),
)


def _looked(again: Path, moments: list[Moment], until: dt.datetime | None, result: Found) -> None:
    """Compare a restored register with the last moment that it must have."""
    register = open_register(embedded.dsn(again))
    needed = [one for one in moments if until is None or one[0] <= until][-1]
    with register.engine.connect() as connection:
        found = connection.execute(_STATE).one()
    if tuple(found[1:]) != tuple(needed[1:]):
        result.wrong("acknowledged and lost", f"restored until {until}: found {found[1:]}, expected {needed[1:]}")
    for problem in verify(register):
        result.wrong("inconsistent", f"restored until {until}: {problem}")
    register.engine.dispose()
