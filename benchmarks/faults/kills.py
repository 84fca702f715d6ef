"""Services and servers killed, and connections lost, at moments spread over all kinds of work."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from benchmarks.faults.expected import Found, check
from benchmarks.faults.service import GONE, VICTIMS, WORKS, Act, Places, Strike, serve
from benchmarks.faults.town import Town, plan, town
from goodstanding.facts.errors import InputError
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register, open_register

RUNS_A_DATABASE = 8
"""So many runs share a database, before a fresh one keeps checking it cheap."""
_DELAY = 0.004
"""Half of the strikes come up to so many seconds after a statement began, amid what the server does."""


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
            time.sleep(0.02)


@dataclass
class Runs:
    """One server and the runs on it, one after another."""

    place: Town
    context: Any
    result: Found
    usual: Counter[str] = field(default_factory=Counter)

    def run(self, dsn: str, places: Places, acts: list[Act], chance: random.Random) -> str:
        """Let a service work, strike, bring all up again, look whether everything is there; say what it was."""
        strike = self._strike(chance)
        here, there = self.context.Pipe()
        service = self.context.Process(target=serve, args=(dsn, places, acts, strike, there))
        service.start()
        there.close()
        acknowledged: dict[int, int] = {}
        tries: Counter[int] = Counter()
        struck = ""
        for message in _told(here):
            match message:
                case ("done", act, number):
                    acknowledged[act] = number
                case ("struck", during):
                    struck = during
                    (places.messages.parent / f"struck-{time.monotonic_ns()}").touch()
                case ("again", _):
                    tries[len(acknowledged)] = 2
                case ("moments", moments):
                    self._learn(moments, strike)
        service.join(60)
        if service.is_alive():
            self.result.wrong("broke down", f"the service did not end, {strike}")
            service.kill()
        if service.exitcode not in (0, GONE, -signal.SIGKILL):
            self.result.wrong("broke down", f"a service ended with {service.exitcode} and a traceback, {strike}")
        self._count(strike, struck, acts, acknowledged, service.exitcode)
        register = answering(self.place.folder, dsn)
        check(register, places, acts, acknowledged, self.result, tries)
        register.engine.dispose()
        return f"{strike.victim} struck while {struck or 'nothing was done'}" if strike else "not struck"

    def _strike(self, chance: random.Random) -> Strike | None:
        """Choose whom to strike when: each kind of work as often, each of its moments as likely; at first nobody."""
        victim, delay = chance.choice(VICTIMS), chance.choice([0.0, chance.uniform(0, _DELAY)])
        works = [work for work in WORKS if self.usual[work]]
        during, share = chance.choice(WORKS), chance.random()
        if not works:
            return None
        during = during if during in works else works[0]
        moment = 1 + int(share * self.usual[during])
        return Strike(victim, during, moment, delay, self.place.postmaster)

    def _learn(self, moments: Counter[str], strike: Strike | None) -> None:
        """Keep how many moments each kind of work has; the last ones are in few runs, and are left out."""
        for work, count in moments.items():
            self.usual[work] = max(self.usual[work], int(0.9 * count))
        if strike and moments[strike.during] < strike.moment:
            self.usual[strike.during] = max(1, moments[strike.during])

    def _count(
        self, strike: Strike | None, struck: str, acts: list[Act], acknowledged: dict[int, int], code: int | None
    ) -> None:
        counts = self.result.counts
        counts["runs"] += 1
        if strike is None:
            counts["not struck"] += 1
            if len(acknowledged) < len(acts):
                self.result.wrong("broke down", f"a service that nobody struck ended with {code}")
        elif struck:
            counts[f"victim {strike.victim}"] += 1
            counts[f"struck {struck}"] += 1
            counts["amid work"] += len(acknowledged) < len(acts) or strike.victim in ("connection", "socket")
        else:
            counts["not reached"] += 1
            if len(acknowledged) < len(acts):
                self.result.wrong("broke down", f"a service that was not struck yet ended with {code}")


def _told(here: Any) -> Iterator[tuple[Any, ...]]:
    """Yield what a service tells, until it ends."""
    with contextlib.suppress(EOFError, ConnectionResetError):
        while here.poll(120):
            yield here.recv()


def runs(folder: Path, seed: int, numbers: list[int], tell: Any) -> Found:
    """Do runs of these numbers on a server of their own; each follows from the seed and its number."""
    folder.mkdir(exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.faults.warmed"])
    with town(folder) as place:
        done, name = Runs(place, context, Found()), ""
        for at, number in enumerate(numbers):
            chance = random.Random(f"{seed}/{number}")
            if at % RUNS_A_DATABASE == 0:
                if name:
                    place.drop(name)
                name = f"faults_{number}"
                dsn, places = place.database(name)
            before = len(done.result.problems)
            try:
                what = done.run(dsn, places, plan(folder, number, chance, dsn), chance)
            except Exception as error:
                what = "broke down"
                done.result.wrong("broke down", f"{type(error).__name__}: {str(error).splitlines()[0]}")
            for one in range(before, len(done.result.problems)):
                done.result.problems[one] = f"run {number} ({what}): {done.result.problems[one]}"
            tell(number, done.result.problems[before:])
    return done.result


def kills(count: int, seed: int, folder: Path, servers: int = 1, progress: Any = None) -> Found:
    """Do so many runs on so many servers side by side; progress is told of each run's number and problems."""
    shares = [list(range(first, count, servers)) for first in range(servers)]
    context = multiprocessing.get_context("spawn")
    ends = []
    for number, share in enumerate(shares):
        here, there = context.Pipe(duplex=False)
        worker = context.Process(target=_worker, args=(folder / f"server-{number}", seed, share, there))
        worker.start()
        there.close()
        ends.append(here)
    result = Found()
    while ends:
        for end in wait(ends):
            try:
                message = end.recv()  # type: ignore[union-attr]
            except EOFError:
                ends.remove(end)  # type: ignore[arg-type]
                continue
            if isinstance(message, Found):
                result.add(message)
            elif progress:
                progress(*message)
    if result.counts["runs"] + result.counts["broke down"] < count:
        result.wrong("broke down", f"of {count} runs {result.counts['runs']} were made")
    return result


def _worker(folder: Path, seed: int, numbers: list[int], end: Any) -> None:
    import benchmarks.faults.warmed  # noqa: F401  what is done again needs it as much as what is done

    os.environ["TMPDIR"] = str(folder.parent)
    end.send(runs(folder, seed, numbers, lambda *message: end.send(message)))
