"""What a register keeps when things break: killed services and servers, lost connections, a full disk, odd clocks.

Usage: python -m benchmarks.faults [RUNS]. In each run a service delivers, corrects, withdraws, scores and signs on an
embedded PostgreSQL, and tells what was acknowledged; at a random moment it, its server or its session is ended. Then
everything is sent again and compared with what should be there. Ends with one line a figure: `name: value (target T)`;
exits 1 if a target was missed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import Source
from goodstanding.facts.world import Manifest, World
from goodstanding.lab.population import GENERATOR, VERSION, population, population_digest
from goodstanding.policy.reader import read_policy
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.scoring import score
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import Register, open_register

RUNS = 500
UNTIL = dt.date(2026, 10, 31)
RECEIVED = dt.date(2026, 10, 1)
RUNS_A_DATABASE = 25
"""So many runs share a database, before a fresh one keeps checking it cheap."""
PEOPLE = population(7, 60, 20, UNTIL)
_WORDS = {"en": "w", "nl": "w", "zh": "w"}
_PLAIN = {"words": _WORDS, "agency": _WORDS, "origin": "own-finding", "key": _WORDS, "schedule": "daily"}
SOURCES = {"city.tax": Source(id="city.tax", max_lag_days=30, kinds=("tax.arrears",), **_PLAIN)}
MANIFEST = Manifest(
    world=World.SYNTHETIC,
    generator=GENERATOR,
    version=VERSION,
    seed=7,
    persons=60,
    organisations=20,
    since=dt.date(2024, 1, 1),
    until=UNTIL,
    population=population_digest(PEOPLE),
)
_IMPORTED = [f"goodstanding.{name}" for name in ("register.deliveries", "register.scoring", "register.log_keys")]
_IMPORTED.append("goodstanding.engine.batch")
"""What a service imports before it is forked: nothing that starts threads, which no fork survives."""
VICTIMS = ("service", "server", "backend", "connection")
Document = tuple[str, int, str]
"""A document's name, its version, and whether it is valid or withdrawn."""


@dataclass
class Found:
    """What the runs found: how often each thing went wrong, and what was said of it."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def wrong(self, name: str, what: str) -> None:
        """Count a problem and keep what it was."""
        self.counts[name] += 1
        self.problems.append(f"{name}: {what}")


# --- what the service does


def plan(folder: Path, run: int, chance: random.Random) -> list[tuple[str, Any]]:
    """Write the files of a run and return its acts: deliveries that correct and withdraw what came before, and more."""
    rows = [_row(f"R{run}-{number}", chance) for number in range(chance.randrange(50, 400))]
    corrected = [one | {"size": "huge", "version": "2"} for one in chance.sample(rows, 20)]
    withdrawn = [one | {"version": "3", "state": "withdrawn"} for one in chance.sample(rows, 10)]
    late = [_row(f"R{run}-late-{number}", chance) for number in range(30)] + chance.sample(rows, 10)
    acts: list[tuple[str, Any]] = []
    for number, part in enumerate((rows, corrected, withdrawn, late)):
        path = folder / f"run-{run}-{number}.csv"
        pl.DataFrame(part).write_csv(path)
        acts.append(("deliver", path))
    acts.insert(chance.randrange(1, 5), ("score", None))
    for _ in range(2):
        acts.insert(chance.randrange(1, 6), ("sign", None))
    return acts


def _row(document: str, chance: random.Random) -> dict[str, str]:
    who = PEOPLE.row(chance.randrange(PEOPLE.height), named=True)
    plain = {"subject": who["subject"], "name": who["name"], "born": str(who["born"] or ""), "kind": "tax.arrears"}
    rest = {"size": "large", "authority": "bureau", "basis": "the law, art. 1", "version": "1", "state": "valid"}
    return plain | rest | {"act": "2026-03-01", "document": document}


def documents(path: Path) -> set[Document]:
    """Return what a file says of which documents."""
    rows = pl.read_csv(path, infer_schema=False).select("document", pl.col("version").cast(pl.Int64), "state")
    return set(rows.rows())


def serve(dsn: str, key: Path, acts: list[tuple[str, Any]], told: Any) -> None:
    """Do what is asked, one after another, and acknowledge each; end at the first thing that fails."""
    logging.disable()  # the pool tells of every session that it lost
    try:
        register = open_register(dsn)
        signer = log_keys.read_key(key)
        told.send(("ready", None))
        for place, (what, path) in enumerate(acts):
            if what == "deliver":
                told.send((place, deliver(register, "city.tax", path, RECEIVED).number))
            elif what == "score":
                told.send((place, score(register, "cn-wendeng", UNTIL).number))
            else:
                signed = sequence.sign(register, signer)
                told.send((place, signed.size if signed else 0))
        told.send(("done", None))
    except (sa.exc.SQLAlchemyError, psycopg.Error, InputError):
        sys.exit(1)  # its server went away: what a service does then is end, and be started again


# --- what breaks


def strike(victim: str, folder: Path, dsn: str, service: Any) -> None:
    """End the service, the server, a process of the server, or the service's session."""
    if victim == "service":
        with contextlib.suppress(ProcessLookupError):  # it had done everything by then
            os.kill(service.pid, signal.SIGKILL)
    elif victim == "server":
        os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    else:
        name = dsn.split("@/")[1].split("?")[0]
        with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
            pids = [pid for (pid,) in admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name])]
            for pid in pids:
                if victim == "connection":
                    admin.execute("SELECT pg_terminate_backend(%s)", [pid])
                else:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


def answering(folder: Path, dsn: str) -> Register:
    """Return the register once its server has recovered."""
    deadline = time.monotonic() + 60
    while True:
        try:
            embedded.start(folder)
            return open_register(dsn)
        except (InputError, embedded.EmbeddedError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@dataclass
class Town:
    """A server with a register to copy, and how long a service took for its acts."""

    folder: Path
    key: Path
    context: Any
    usual: float = 1.0

    def database(self, name: str) -> str:
        """Return the address of a copy of the register."""
        embedded.start(self.folder)
        with psycopg.connect(embedded.superuser_dsn(self.folder), autocommit=True) as admin:
            # Copied by way of the WAL, its sequences would go back at a crash: PostgreSQL logs them ahead of time.
            copied = "TEMPLATE goodstanding STRATEGY FILE_COPY"
            admin.execute(f"CREATE DATABASE {name} OWNER goodstanding {copied}")
        return embedded.dsn(self.folder).replace("@/goodstanding?", f"@/{name}?")


@contextlib.contextmanager
def town(parent: Path) -> Iterator[Town]:
    """Found a register on a server of its own, with a policy and a key."""
    folder = parent / "pg"
    register = found(embedded.start(folder), World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
    load_policy(register, read_policy(shipped("policies") / "cn-wendeng"))
    log_keys.make_key(register, parent / "key")
    register.engine.dispose()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    try:
        yield Town(folder, parent / "key", context)
    finally:
        embedded.stop(folder)


def run(place: Town, dsn: str, acts: list[tuple[str, Any]], chance: random.Random, result: Found) -> None:
    """Let a service work, break something, bring all up again, and look whether everything is there."""
    here, there = place.context.Pipe()
    service = place.context.Process(target=serve, args=(dsn, place.key, acts, there))
    service.start()
    there.close()
    acknowledged: dict[Any, int] = {}
    if here.poll(60) and here.recv()[0] == "ready":
        start = time.monotonic()
        victim = chance.choice(VICTIMS)
        timer = threading.Timer(chance.uniform(0, place.usual), strike, (victim, place.folder, dsn, service))
        timer.start()
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                what, number = here.recv()
                if what == "done":
                    place.usual = 0.8 * place.usual + 0.2 * (time.monotonic() - start)
                    break
                acknowledged[what] = number
        timer.join()
        if len(acknowledged) < len(acts):
            place.usual *= 1.1  # or the last acts would never be struck
            result.counts["amid work"] += 1
            result.counts[f"during {acts[len(acknowledged)][0]}"] += 1
        result.counts[victim] += 1
    service.join(60)
    register = answering(place.folder, dsn)
    check(register, acts, acknowledged, result)
    register.engine.dispose()


# --- what should be there


def check(register: Register, acts: list[tuple[str, Any]], acknowledged: dict[Any, int], result: Found) -> None:
    """Compare the register with what was acknowledged, send everything again, and compare it with all of it."""
    for act, number in acknowledged.items():
        if not _is_there(register, acts[act], number):
            result.wrong("acknowledged and lost", f"act {act} {acts[act]}, number {number}")
    files = [path for what, path in acts if what == "deliver"]
    for found_now in (_kept(register, files), _sent_again(register, files)):
        for path, lines in found_now:
            missing, twice = documents(path) - set(lines), len(lines) - len(set(lines))
            if twice:
                result.wrong("applied twice", f"{path.name}: {twice} rows")
            if missing:
                result.wrong("applied in part", f"{path.name}: {len(missing)} rows are missing")
    for problem in verify(register):
        result.wrong("inconsistent", problem)


def _is_there(register: Register, act: tuple[str, Any], number: int) -> bool:
    tables = {"deliver": schema.delivery.c.number, "score": schema.run.c.number, "sign": schema.checkpoint.c.size}
    column = tables[act[0]]
    query = sa.select(sa.func.count()).where(column == number)
    if act[0] == "deliver":
        query = query.where(schema.delivery.c.file == act[1].name)
    with register.engine.connect() as connection:
        return (act[0], number) == ("sign", 0) or connection.execute(query).scalar_one() == 1


def _kept(register: Register, files: list[Path]) -> list[tuple[Path, list[Document]]]:
    """Return the files that were applied, each with every line that the register has of its documents."""
    delivery, record = schema.delivery.c, schema.record.c
    with register.engine.connect() as connection:
        applied = Counter(connection.execute(sa.select(delivery.file)).scalars())
        query = sa.select(record.document, record.version, record.state)
        lines = Counter(tuple(row) for row in connection.execute(query))
    there = [path for path in files for _ in range(applied[path.name])]
    return [(path, [one for one in documents(path) for _ in range(lines[one])]) for path in there]


def _sent_again(register: Register, files: list[Path]) -> list[tuple[Path, list[Document]]]:
    for path in files:
        deliver(register, "city.tax", path, RECEIVED)
    again = _kept(register, files)
    return again if len(again) == len(files) else [*again, *((path, []) for path in files)]


def kills(runs: int, seed: int, result: Found, folder: Path) -> None:
    """Break a service or its server, run after run; tell how it goes on standard error."""
    chance = random.Random(seed)
    with town(folder) as place:
        for number in range(runs):
            if number % RUNS_A_DATABASE == 0:
                dsn = place.database(f"faults_{number}")
            run(place, dsn, plan(folder, number, chance), chance, result)
            if sys.stderr.isatty():
                print(f"\r{number + 1}/{runs}", end="", file=sys.stderr)


# --- a full disk


def full_disk(folder: Path) -> Found:
    """Deliver on a disk of 220 MB until it is full, make room, and look; for a process with a mount of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=220m", "tmpfs", str(folder)], check=True)
    result, chance, acknowledged = Found(), random.Random(1), {}
    with town(folder) as place:
        ballast = folder / "ballast"
        free = shutil.disk_usage(folder).free
        ballast.write_bytes(bytes(free - (12 << 20)))
        dsn = embedded.dsn(place.folder)
        register, acts = open_register(dsn), []
        with tempfile.TemporaryDirectory(dir="/dev/shm") as files:
            for number in range(200):
                path = Path(files) / f"full-{number}.csv"
                pl.DataFrame([_row(f"F{number}-{line}", chance) for line in range(2000)]).write_csv(path)
                acts.append(("deliver", path))
                try:
                    acknowledged[number] = deliver(register, "city.tax", path, RECEIVED).number
                except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
                    result.counts["full"] += "No space left" in str(error) or "connection" in str(error)
                    break
            register.engine.dispose()
            ballast.unlink()
            check(answering(place.folder, dsn), acts, acknowledged, result)
    if not result.counts["full"]:
        result.wrong("full disk", f"the disk was not full after {len(acts)} deliveries")
    return result


_IN_A_MOUNT = "import sys, pathlib; from benchmarks.faults import full_disk; r = full_disk(pathlib.Path(sys.argv[1]))"


def on_a_full_disk(folder: Path) -> list[str] | None:
    """Run `full_disk` in a mount namespace; return its problems, or None where this machine does not allow one."""
    allowed = subprocess.run([*_MOUNTING, "true"], capture_output=True, check=False).returncode == 0
    if not allowed:
        return None
    code = f"{_IN_A_MOUNT}; print(*r.problems, sep='\\n')"
    command = [*_MOUNTING, sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    return [line for line in done.stdout.splitlines() if line] + ([done.stderr] if done.returncode else [])


_MOUNTING = ["unshare", "--user", "--map-root-user", "--mount", "--"]


# --- clocks

_CLOCK = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
    struct timespec now;
    long steps = 0;
    const char *path = getenv("FAULTS_CLOCK");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) { if (fscanf(file, "%ld", &steps) != 1) steps = 0; fclose(file); }
    clock_gettime(CLOCK_REALTIME, &now);
    tv->tv_sec = now.tv_sec + steps;
    tv->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


def clock_steps(folder: Path, steps: int) -> list[str] | None:
    """Deliver while the server's clock is set back and forth; return what is out of order, None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    (folder / "clock.c").write_text(_CLOCK)
    library, clock = folder / "clock.so", folder / "clock"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "clock.c"], check=True)
    clock.write_text("0")
    os.environ |= {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(clock)}
    try:
        embedded.start(folder / "pg")
    finally:
        del os.environ["LD_PRELOAD"], os.environ["FAULTS_CLOCK"]
    chance = random.Random(2)
    with town(folder) as place:
        register = open_register(embedded.dsn(place.folder))
        for number in range(steps):
            clock.write_text(str(chance.randrange(-100_000, 100_000)))
            path = folder / f"clock-{number}.csv"
            pl.DataFrame([_row(f"C{number}-{line}", chance) for line in range(3)]).write_csv(path)
            deliver(register, "city.tax", path, RECEIVED)
        with register.engine.connect() as connection:
            known = connection.execute(
                sa.select(schema.delivery.c.known_on).order_by(schema.delivery.c.number)
            ).scalars()
            times = list(known)
            skew = connection.execute(sa.select(sa.func.now())).scalar_one() - dt.datetime.now(dt.UTC)
        problems = [f"delivery {n + 2} is known before {n + 1}" for n in range(steps - 1) if times[n + 1] < times[n]]
        problems += verify(register)
        register.engine.dispose()
    return problems if abs(skew.total_seconds()) > 1 else [*problems, "the server's clock was not set"]


# --- the figures


def main(runs: int) -> int:
    """Print the figures; return 1 if a target was missed."""
    result, start = Found(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as parent:
        folders = [Path(parent) / name for name in ("kills", "disk", "clock")]
        for folder in folders:
            folder.mkdir()
        kills(runs, int(time.time()), result, folders[0])
        seconds = (time.monotonic() - start) / max(runs, 1)
        disk, clock = on_a_full_disk(folders[1]), clock_steps(folders[2], 20)
    for problem in [*result.problems, *(disk or []), *(clock or [])]:
        print(problem, file=sys.stderr)
    print(f"runs: {sum(result.counts[victim] for victim in VICTIMS)} (target {runs})")
    print(f"seconds a run: {seconds:.1f} (target 2.0)")
    print(f"struck amid work: {result.counts['amid work'] / max(runs, 1):.0%} (target 50%)")
    for what in ("deliver", "score", "sign"):
        print(f"struck during {what}: {result.counts[f'during {what}']} (target {min(runs // 50, 1)})")
    names = ("acknowledged and lost", "applied twice", "applied in part", "inconsistent")
    wrong = {name: result.counts[name] for name in names}
    for name, problems in (("full disk, problems", disk), ("clock set 20 times, out of order", clock)):
        if problems is None:
            print(f"{name}: not measured, this machine does not allow it (target 0)")
        else:
            wrong[name] = len(problems)
    for name, count in wrong.items():
        print(f"{name}: {count} (target 0)")
    return int(any(wrong.values()))


if __name__ == "__main__":
    from benchmarks.faults import main as run_them

    sys.exit(run_them(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
