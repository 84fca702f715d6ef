"""Disks that fill up while a service works: that of the database, of its WAL, of temporary files and what is published.

Needs mounts of one's own, which a user namespace gives where the machine allows it.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.faults.expected import Found, check
from benchmarks.faults.kills import answering
from benchmarks.faults.service import Act, Places, done, signer
from benchmarks.faults.town import plan, town
from goodstanding.facts.errors import InputError
from goodstanding.register.log import sequence
from goodstanding.register.store import embedded

SIZES = {"data": 200, "wal": 120, "temporary": 24}
"""The disks, in MB."""
_MOUNTING = ["unshare", "--user", "--map-root-user", "--mount", "--"]
_HERE = Path(__file__).parents[2]


def full_disks(folder: Path, rounds: int, seed: int) -> Found | None:
    """Fill a disk so many times, in a mount namespace of our own; None where this machine does not allow one."""
    if subprocess.run([*_MOUNTING, "true"], capture_output=True, check=False).returncode:
        return None
    command = [*_MOUNTING, sys.executable, "-m", "benchmarks.faults.disks", str(folder), str(rounds), str(seed)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_HERE)
    result = Found()
    for line in filter(None, ran.stdout.splitlines()):
        name, _, what = line.partition("\t")
        if what:
            result.wrong(name, what)
        else:
            result.counts[name] += 1
    if ran.returncode:
        result.wrong("broke down", f"full disks: {ran.stderr[-2000:]}")
    return result


def _mounted(folder: Path) -> None:
    for name, size in SIZES.items():
        (folder / name).mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder / name)], check=True)


def _rounds(folder: Path, count: int, seed: int) -> Found:
    _mounted(folder)
    result = Found()
    with town(folder / "data") as place:
        embedded.stop(place.folder)
        wal = place.folder / "data" / "pg_wal"
        shutil.move(wal, folder / "wal" / "pg_wal")
        wal.symlink_to(folder / "wal" / "pg_wal")
        tempfile.tempdir = str(folder / "temporary")
        with psycopg.connect(_started(place.folder), autocommit=True) as admin:
            for name, value in (("max_wal_size", "48MB"), ("min_wal_size", "32MB"), ("checkpoint_timeout", "30s")):
                admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            admin.execute("SELECT pg_reload_conf()")
        own = Places(place.places.key, place.places.master, folder / "temporary" / "log", folder / "messages")
        for number in range(count):
            chance = random.Random(f"{seed}/disk/{number}")
            full = chance.choice(list(SIZES))
            before = len(result.problems)
            _round(folder, full, plan(folder, f"disk{number}", chance, ""), own, chance, result)
            for one in range(before, len(result.problems)):
                name, _, what = result.problems[one].partition(": ")
                result.problems[one] = f"{name}\tround {number}, {full} full: {what}"
    return result


def _started(folder: Path) -> str:
    embedded.start(folder)
    return embedded.superuser_dsn(folder)


def _round(folder: Path, full: str, acts: list[Act], own: Places, chance: random.Random, result: Found) -> None:
    """Leave little room on a disk, work until it is full, or the acts are done; make room, and look."""
    acts = [act for act in acts if act.what != "work"]
    dsn, acknowledged, failed = embedded.dsn(folder / "data" / "pg"), {}, False
    register = answering(folder / "data" / "pg", dsn)
    sequencer = sequence.Sequencer(register, signer(own))
    ballast = folder / full / "ballast"
    free = shutil.disk_usage(folder / full).free
    ballast.write_bytes(b"")
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4096, free - chance.randrange(0, 600_000)))
    for number, act in enumerate(acts):
        try:
            acknowledged[number] = done(register, act, own, sequencer)
        except (sa.exc.SQLAlchemyError, psycopg.Error, InputError, OSError) as error:
            failed = True
            result.counts[f"a full disk: {full}, {type(error).__name__}"] += 1
            break
    register.engine.dispose()
    ballast.unlink()
    result.counts["disks filled"] += failed
    result.counts["disks that sufficed"] += not failed
    register = answering(folder / "data" / "pg", dsn)
    check(register, own, acts, acknowledged, result)
    register.engine.dispose()


if __name__ == "__main__":
    found = _rounds(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    for name, count in found.counts.items():
        if not any(problem.startswith(f"{name}\t") for problem in found.problems):
            print(*[name] * count, sep="\n")
    print(*found.problems, sep="\n")
