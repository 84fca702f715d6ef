"""Measure deliveries and reading the ledger, on the embedded PostgreSQL; `make bench-ledger` runs it.

Each figure is one line, `name: value (target T)`. What two ways must agree on is compared before their speed is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import psycopg

from benchmarks.figures import Figures
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.formats import delivery_batches
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.validation import Intake, check
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.ledger.records import current
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register

ROOT = Path(__file__).parents[1]
TODAY = dt.date(2026, 10, 1)
COLUMNS = "delivery, row, subject_id, source, kind, act, decided, final, occurrence, document, authority, basis, "
COLUMNS += "attributes, digest, version, state, salt, commitment"


def inspections(rows: int, first: int = 0, subjects: int = 200_000, version: int = 1) -> pl.DataFrame:
    """Return a delivery of inspections, as text, whose documents are numbered from `first`."""
    number = pl.int_range(first, first + rows, eager=True)
    of = number % subjects
    day = (number % 900).cast(pl.Int32) * pl.Series([1], dtype=pl.Int32)
    act = pl.select(pl.lit(dt.date(2023, 1, 1)) + pl.duration(days=day)).to_series()
    return pl.DataFrame(
        {
            "subject": "gb.fhrs:" + (of % 300 + 1).cast(pl.String) + "-" + of.cast(pl.String),
            "kind": pl.repeat("food.inspection", rows, eager=True),
            "act": act.cast(pl.String),
            "document": "I-" + (number + 10_000_000).cast(pl.String),
            "authority": "gb.la:" + (number % 300 + 1).cast(pl.String),
            "basis": pl.repeat("Food Law Code of Practice, annex 5", rows, eager=True),
            "hygiene": (number % 4 * 5 + (version - 1) * 5).cast(pl.String),
            "structural": pl.repeat("5", rows, eager=True),
            "confidence": pl.repeat("10", rows, eager=True),
            "version": pl.repeat(str(version), rows, eager=True),
        }
    )


def server(folder: Path) -> str:
    """Start a PostgreSQL of its own; return the address of its database."""
    embedded.start(folder)
    return embedded.dsn(folder)


def founded(dsn: str) -> Register:
    sources = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
    return found(dsn, World.REAL, sources)


def another(folder: Path, name: str) -> str:
    with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER goodstanding")
    return embedded.dsn(folder).replace("@/goodstanding?", f"@/{name}?")


def delivery(folder: Path, dsn: str, register: Register, rows: int, figures: Figures) -> None:
    """Deliver rows about subjects that are known, and as many about new ones, each beside a bare COPY."""
    inspections(200_000).write_csv(folder / "first.csv")
    deliver(register, "gb.fsa", folder / "first.csv", TODAY)
    known = beside_copy(folder, dsn, register, inspections(rows, 200_000))
    for name, speed in zip(("delivery", "bare COPY of the same rows"), known, strict=True):
        figures.only(f"{name}, rows a second", speed)
    figures.least("delivery against a bare COPY, share", known[0] / known[1], 0.5)
    new = beside_copy(folder, dsn, register, inspections(rows, 200_000 + rows, subjects=1 << 40))
    figures.only("delivery, all about new subjects, rows a second", new[0])
    figures.only("the same against a bare COPY, share", new[0] / new[1], "no target: COPY enrols nobody")


def beside_copy(folder: Path, dsn: str, register: Register, table: pl.DataFrame) -> tuple[float, float]:
    """Deliver rows; then COPY the same rows into a table with the same indexes; return the rows a second of each."""
    rows = table.height
    table.write_csv(folder / "rows.csv")
    start = time.perf_counter()
    done = deliver(register, "gb.fsa", folder / "rows.csv", TODAY)
    ours = rows / (time.perf_counter() - start)
    assert done.accepted == rows, done
    with register.engine.connect() as connection:
        kept = connection.connection.driver_connection
        with (
            kept.cursor() as cursor,
            cursor.copy(
                f"COPY (SELECT {COLUMNS} FROM record WHERE delivery = {done.number} ORDER BY row) TO STDOUT"
            ) as copy,
        ):
            (folder / "rows.copy").write_bytes(b"".join(bytes(block) for block in copy))
    with psycopg.connect(dsn) as owner:
        owner.execute("CREATE TABLE bare (LIKE record INCLUDING ALL)")
        before = f"SELECT {COLUMNS} FROM record WHERE delivery < {done.number} ORDER BY document"
        owner.execute(f"INSERT INTO bare ({COLUMNS}) {before}")
        owner.commit()
        start = time.perf_counter()
        with (
            owner.cursor() as cursor,
            cursor.copy(f"COPY bare ({COLUMNS}) FROM STDIN") as copy,
            (folder / "rows.copy").open("rb") as file,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
        owner.commit()
        bare = rows / (time.perf_counter() - start)
        same = owner.execute(
            f"SELECT count(*) FROM (SELECT {COLUMNS} FROM record EXCEPT SELECT {COLUMNS} FROM bare) AS x"
        )
        assert same.fetchone() == (0,)
        owner.execute("DROP TABLE bare")
    return ours, bare


_MEASURED = """
import datetime, pathlib, resource, sys
from goodstanding.register.store.database import open_register
from goodstanding.register.deliveries.delivering import deliver
register = open_register(sys.argv[1])
done = deliver(register, "gb.fsa", pathlib.Path(sys.argv[2]), datetime.date(2026, 10, 1))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory(folder: Path, dsn: str, sizes: list[int], figures: Figures) -> None:
    """Deliver files of several sizes, each by a process of its own, and read how much memory it had at most."""
    seen, first = [], 50_000_000
    for rows in sizes:
        path = folder / "memory.csv"
        with path.open("wb") as file:
            for start in range(0, rows, 1_000_000):
                part = inspections(min(1_000_000, rows - start), first + start)
                part.write_csv(file, include_header=start == 0)
        first += rows
        run = [sys.executable, "-c", _MEASURED, dsn, str(path)]
        seen.append(int(subprocess.run(run, check=True, capture_output=True, text=True).stdout) // 1024)
        figures.only(f"memory of a delivery of {rows:,} rows, MB", seen[-1])
    figures.most("memory of the largest delivery against the smallest, times", seen[-1] / seen[0], 1.1)


def intake(folder: Path, rows: int, figures: Figures) -> None:
    """Check a clean file with row errors looked for, as CSV and as Parquet, beside frictionless on CSV."""
    table = inspections(rows)
    table.write_csv(folder / "clean.csv")
    table.write_parquet(folder / "clean.parquet")
    for name in ("clean.csv", "clean.parquet"):
        rules = Intake(catalogue(World.REAL), World.REAL, "gb.fsa", TODAY, ["food.inspection"], versions=True)
        best = []
        for _ in range(3):
            start, first, good = time.perf_counter(), 1, 0
            for batch in delivery_batches(folder / name):
                checked = check(batch, rules, first)
                first, good = first + batch.height, good + checked.records.height
            assert good == rows
            best.append(time.perf_counter() - start)
        speed = rows / min(best)
        figures.least(f"intake of {name.partition('.')[2]}, rows a second", speed, 1_000_000)
    _frictionless(folder, min(rows, 20_000), figures)


def _frictionless(folder: Path, rows: int, figures: Figures) -> None:
    python = ROOT / ".venv-peers" / "bin" / "python"
    peer = ROOT / "benchmarks" / "peers" / "with_frictionless.py"
    inspections(rows).write_csv(folder / "peer.csv")
    if not python.exists():
        figures.only("intake of csv by frictionless, rows a second", "not measured", "needs scripts/peers")
        return
    run = subprocess.run([python, peer, "peer.csv"], capture_output=True, text=True, check=True, cwd=folder)
    seen = json.loads(run.stdout)
    assert (seen["rows"], seen["errors"]) == (rows, 0)
    figures.only("intake of csv by frictionless, rows a second", rows / seen["seconds"])


def known_on(folder: Path, clean: Register, corrected: Register, rows: int, figures: Figures) -> None:
    """Read all that was known at first, in a clean ledger and in one with every tenth record corrected twice."""
    first = inspections(rows, 100_000_000)
    for register in (clean, corrected):
        first.write_csv(folder / "known.csv")
        deliver(register, "gb.fsa", folder / "known.csv", TODAY)
    for version in (2, 3):
        again = inspections(rows, 100_000_000, version=version)[::10]
        again.write_csv(folder / f"known{version}.csv")
        deliver(corrected, "gb.fsa", folder / f"known{version}.csv", TODAY)
    read = {"condition": "record.document LIKE 'I-11%%'", "parameters": {}}
    seconds, frames = [], []
    for register in (clean, corrected):
        with register.engine.connect() as connection:
            last = connection.exec_driver_sql(
                "SELECT min(delivery) FROM record WHERE document = 'I-110000000'"
            ).scalar_one()
            best = []
            for _ in range(3):
                start = time.perf_counter()
                frame = current(connection, register.catalogue, known=last, **read)
                best.append(time.perf_counter() - start)
        seconds.append(min(best))
        frames.append(frame.drop("delivery", "row", "salt", "commitment").sort("document"))
    assert frames[0].equals(frames[1])
    assert frames[0].height == rows
    figures.most("known-on query, corrected against clean ledger, times", seconds[1] / seconds[0], 2)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--memory", type=int, nargs="*", default=[1_000_000, 10_000_000])
    options.add_argument("--only", nargs="*", default=["delivery", "memory", "intake", "known-on"])
    chosen, figures = options.parse_args(), Figures("ledger", 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dsn = server(folder / "postgresql")
        try:
            register = founded(dsn)
            if "intake" in chosen.only:
                intake(folder, chosen.rows, figures)
            if "delivery" in chosen.only:
                delivery(folder, dsn, register, chosen.rows, figures)
            if "known-on" in chosen.only:
                known_on(
                    folder,
                    founded(another(folder / "postgresql", "clean")),
                    founded(another(folder / "postgresql", "corrected")),
                    chosen.rows // 5,
                    figures,
                )
            if "memory" in chosen.only:
                memory(folder, dsn, chosen.memory, figures)
        finally:
            embedded.stop(folder / "postgresql")
    return figures.write()


if __name__ == "__main__":
    sys.exit(main())
