"""The UK food hygiene register of 2015, from the file to the standings, from files and through the register.

Usage: python benchmarks/real.py FILE. The file is the Food Standards Agency's open data as one table (the README says
where the publisher keeps it). Ends with how many official ratings were reproduced; exits 1 if any differs.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from goodstanding.engine.batch import score as score_table
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.fsa import official_ratings, read_ratings, records_of
from goodstanding.facts.records import with_digest
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.validation import Intake, check
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy

FOLDER = shipped("policies") / "uk-food-hygiene"
ON = dt.date(2015, 12, 31)


@contextmanager
def timed(seconds: dict[str, float], name: str):  # noqa: ANN201
    """Keep how long the block took."""
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def from_files(path: Path, seconds: dict[str, float]) -> pl.DataFrame:
    """Read, validate and score without a register; return the standings."""
    with timed(seconds, "read and validate"):
        table = records_of(read_ratings(path))
        checked = check(table, Intake(catalogue(World.REAL), World.REAL, "gb.fsa", dt.datetime.now(dt.UTC).date()))
    if not checked.refusals.is_empty():
        raise InputError(f"{checked.refusals.height} faults, the first: {checked.refusals.row(0)}")
    with timed(seconds, "score"):
        records = with_digest(checked.records, catalogue(World.REAL))
        return score_table(read_policy(FOLDER), catalogue(World.REAL), records, None, ON)


def through_register(path: Path, seconds: dict[str, float]) -> pl.DataFrame:
    """Deliver to a fresh register on the embedded PostgreSQL and score there; return the standings."""
    from goodstanding.register.deliveries.delivering import deliver
    from goodstanding.register.founding import found
    from goodstanding.register.ledger.policies import load_policy
    from goodstanding.register.standings.scoring import score, standings
    from goodstanding.register.store import embedded

    with tempfile.TemporaryDirectory() as folder:
        sources = read_sources(FOLDER / "sources.yaml", catalogue(World.REAL))
        register = found(embedded.start(Path(folder)), World.REAL, sources)
        try:
            load_policy(register, read_policy(FOLDER))
            with timed(seconds, "deliver"):
                done = deliver(register, "gb.fsa", path, register.today, records_of(read_ratings(path)))
            if done.refused or done.accepted != done.rows:
                raise InputError(f"{done.refused} rows refused, {done.accepted} of {done.rows} accepted")
            with timed(seconds, "score in the register"):
                run = score(register, "uk-food-hygiene", ON)
            return standings(register, run)
        finally:
            register.engine.dispose()
            embedded.stop(Path(folder))


def agreement(standings: pl.DataFrame, official: pl.DataFrame) -> pl.DataFrame:
    """Return one row a subject: what was published and what came out."""
    both = official.join(standings, on="subject", how="full", coalesce=True)
    if both.height != official.height or both["outcome"].null_count():
        raise InputError(f"{official.height} establishments went in, {standings.height} standings came out")
    return both


def shown(both: pl.DataFrame) -> None:
    """Print published ratings against outcomes."""
    result = pl.coalesce("grade", "outcome")
    published = pl.coalesce("rating", pl.lit("none"))
    table = both.group_by(published.alias("published"), "scored", result.alias("computed"), "reason", "missing").len()
    print(f"{'published':>9}  {'scores':>6}  {'computed':<14} {'subjects':>9}  reason or missing facts")
    for row in table.sort("published", "scored", "computed", "reason", descending=[True, True, True, False]).iter_rows(
        named=True
    ):
        scores = "yes" if row["scored"] else "no"
        why = row["reason"] or row["missing"] or ""
        print(f"{row['published']:>9}  {scores:>6}  {row['computed']:<14} {row['len']:>9,}  {why}")


def reproduced(both: pl.DataFrame) -> tuple[int, int, int]:
    """Return how many ratings with scores come out as published, how many there are, and what else is wrong."""
    rated = both.filter(pl.col("rating").is_not_null() & pl.col("scored"))
    same = rated.filter(pl.col("rating") == pl.col("grade")).height
    unscored = pl.col("rating").is_not_null() & ~pl.col("scored")
    undecided = (pl.col("outcome") == "not decidable") & pl.col("missing").str.contains(
        "food.inspection.", literal=True
    )
    unrated = (pl.col("outcome") == "not rated") & pl.col("reason").is_not_null()
    wrong = both.filter((unscored & ~undecided) | (pl.col("rating").is_null() & ~unrated)).height
    return same, rated.height, wrong


def main() -> int:
    """Run both ways, hold them against each other and against the published ratings."""
    if len(sys.argv) != 2:
        raise InputError("expected one file: make real DATA=FILE")
    path = Path(sys.argv[1])
    python = platform.python_version()
    print(f"{dt.datetime.now(dt.UTC).date()}, {os.cpu_count()} cores, {platform.machine()}, Python {python}")
    seconds: dict[str, float] = {}
    official = official_ratings(read_ratings(path))
    ways = {"from files": from_files(path, seconds), "through the register": through_register(path, seconds)}
    counts = {}
    for way, standings in ways.items():
        both = agreement(standings, official)
        counts[way] = reproduced(both)
        print(f"\n{way}: {both.height:,} establishments")
        shown(both)
    print()
    for name, spent in seconds.items():
        print(f"{name}: {spent:.1f} s, {official.height / spent:,.0f} rows/s")
    together = seconds["deliver"] + seconds["score in the register"]
    print(f"uk-food-hygiene-register: {together:.1f} s for delivery and scoring (target 30 s)")
    same, rated, wrong = min(counts.values()) if len(set(counts.values())) > 1 else counts["from files"]
    print(f"uk-food-hygiene: {same} of {rated} official ratings reproduced")
    return 0 if len(set(counts.values())) == 1 and same == rated and wrong == 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(f"error: {error}")
