"""Clocks that are set back and forward while a register works: the server's and the service's, each by itself."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from benchmarks.faults.expected import Found, check
from benchmarks.faults.service import done, signer
from benchmarks.faults.town import plan, town
from goodstanding.register.log import sequence
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import Register, open_register

_CLOCK = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long steps(void) {
    long found = 0;
    const char *path = getenv("FAULTS_CLOCK");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) { if (fscanf(file, "%ld", &found) != 1) found = 0; fclose(file); }
    return found;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += steps();
    return failed;
}
int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
    struct timespec now;
    (void)tz;
    clock_gettime(CLOCK_REALTIME, &now);
    tv->tv_sec = now.tv_sec;
    tv->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *to) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (to) *to = now.tv_sec;
    return now.tv_sec;
}
"""
_FURTHEST = 40 * 86_400
"""No step sets a clock further off than so many seconds."""
_HERE = Path(__file__).parents[2]


def clock_steps(folder: Path, steps: int, seed: int) -> Found | None:
    """Set both clocks so many times, in a process whose clock can be set; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    (folder / "clock.c").write_text(_CLOCK)
    library, own = folder / "clock.so", folder / "own-clock"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "clock.c"], check=True)
    own.write_text("0")
    command = [sys.executable, "-m", "benchmarks.faults.clocks", str(folder), str(steps), str(seed)]
    clock = {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(own)}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_HERE, env=os.environ | clock)
    result = Found()
    for line in filter(None, ran.stdout.splitlines()):
        result.wrong("inconsistent", line)
    if ran.returncode:
        result.wrong("broke down", f"clock steps: {ran.stderr[-2000:]}")
    result.counts["clock steps"] += steps
    return result


@contextmanager
def _another(file: Path) -> Iterator[None]:
    """What is started here has a clock of its own."""
    before = os.environ["FAULTS_CLOCK"]
    os.environ["FAULTS_CLOCK"] = str(file)
    try:
        yield
    finally:
        os.environ["FAULTS_CLOCK"] = before


def _set(folder: Path, steps: int, seed: int) -> Found:
    """Let one service work while the clocks are set before each act."""
    own, servers, result, made = Path(os.environ["FAULTS_CLOCK"]), folder / "servers-clock", Found(), 0
    servers.write_text("0")
    with _another(servers):
        embedded.start(folder / "pg")
    with town(folder) as place:
        round_ = 0
        while made < steps:
            chance = random.Random(f"{seed}/clock/{round_}")
            acts = [act for act in plan(folder, f"clock{round_}", chance, "") if act.what != "work"]
            register = open_register(embedded.dsn(place.folder))
            sequencer, acknowledged = sequence.Sequencer(register, signer(place.places)), {}
            for number, act in enumerate(acts):
                for clock in (own, servers):
                    clock.write_text(str(chance.randrange(-_FURTHEST, _FURTHEST)))
                acknowledged[number] = done(register, act, place.places, sequencer)
                made += 1
            check(register, place.places, acts, acknowledged, result)
            result.problems += _disorder(register)
            servers.write_text(str(_FURTHEST))
            with register.engine.connect() as connection:
                skew = connection.execute(sa.select(sa.func.now())).scalar_one() - dt.datetime.now(dt.UTC)
            if abs(skew.total_seconds()) < 1:
                result.problems.append("the server's clock was not set")
            register.engine.dispose()
            round_ += 1
    return result


def _disorder(register: Register) -> list[str]:
    """The deliveries that are known before the one before them."""
    query = sa.select(schema.delivery.c.known_on).order_by(schema.delivery.c.number)
    with register.engine.connect() as connection:
        times = list(connection.execute(query).scalars())
    return [f"delivery {n + 2} is known before {n + 1}" for n in range(len(times) - 1) if times[n + 1] < times[n]]


if __name__ == "__main__":
    print(*_set(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).problems, sep="\n")
