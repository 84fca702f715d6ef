"""Single acts made durable, a second: looks at dossiers from many threads, on a server that waits for the disk."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks.figures import Figures
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.subjects import Subject, by_identifier
from goodstanding.register.log import events
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import Register

THREADS = 128
SECONDS = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 8.0
TARGET = 3_000


def main() -> int:
    """Measure; return the exit code."""
    figures = Figures("acts", 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dsn = embedded.start(folder / "pg")
        try:
            measure(*founded(dsn, folder), figures)
        finally:
            embedded.stop(folder / "pg")
    return figures.write()


def founded(dsn: str, folder: Path) -> tuple[Register, Subject]:
    known = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
    register = found(dsn, World.REAL, known)
    (folder / "file.csv").write_text(
        "subject,kind,act,document,authority,basis,hygiene,structural,confidence\n"
        "gb.fhrs:1-1,food.inspection,2020-01-01,D-1,gb.la:1,Code,5,5,5\n"
    )
    deliver(register, "gb.fsa", folder / "file.csv", register.today)
    subject = by_identifier(register, "gb.fhrs:1-1")
    assert subject is not None
    return register, subject


def measure(register: Register, subject: Subject, figures: Figures) -> None:
    with register.engine.connect() as connection:
        settings = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in ("fsync", "synchronous_commit")]
    assert settings == ["on", "on"], settings
    alone, _ = counted(lambda: one_by_one(register, subject), threads=1)
    before = kept(register)
    together, times = counted(
        lambda: log_access(register, subject, "jansen", "clerk", "licence", "page"), threads=THREADS
    )
    lost = round(together * SECONDS) - (kept(register) - before)
    figures.only("acts a second, one by one, each committed alone", alone)
    figures.least(f"durable acts a second, {THREADS} threads", together, TARGET)
    figures.only("time of an act, 99 of 100, ms", times[len(times) * 99 // 100] * 1000)
    figures.exactly("acts acknowledged and not there", max(lost, 0), 0)


def one_by_one(register: Register, subject: Subject) -> None:
    row = {"subject_id": subject.id, "who": "jansen", "role": "clerk", "purpose": "licence", "what": "page"}
    with register.engine.begin() as connection:
        events.add(connection, "access", [row])


def kept(register: Register) -> int:
    with register.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(schema.access)).scalar_one())


def counted(act: object, threads: int) -> tuple[float, list[float]]:
    """How often a second an act is done by so many threads, and how long each took, in order."""
    assert callable(act)
    times: list[list[float]] = [[] for _ in range(threads)]
    end = time.perf_counter() + SECONDS

    def run(own: list[float]) -> None:
        while (start := time.perf_counter()) < end:
            act()
            own.append(time.perf_counter() - start)

    workers = [threading.Thread(target=run, args=(own,)) for own in times]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    every = sorted(one for own in times for one in own)
    return len(every) / SECONDS, every


if __name__ == "__main__":
    sys.exit(main())
