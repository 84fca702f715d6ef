"""A server with a register to copy: everybody in it, a policy, a key, and what services do with it."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import psycopg

from benchmarks.faults.service import POLICY, SOURCE, Act, Places
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import Source
from goodstanding.facts.world import Manifest, World
from goodstanding.lab.population import GENERATOR, VERSION, population, population_digest
from goodstanding.policy.reader import read_policy
from goodstanding.register.founding import found
from goodstanding.register.keeping import sealing
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.store import embedded

UNTIL = dt.date(2026, 10, 31)
PEOPLE = population(7, 60, 20, UNTIL)
_PERSONS = PEOPLE.filter(pl.col("is_a") == "person")["subject"].to_list()
_WORDS = {"en": "w", "nl": "w", "zh": "w"}
_PLAIN = {"words": _WORDS, "agency": _WORDS, "origin": "own-finding", "key": _WORDS, "schedule": "daily"}
SOURCES = {SOURCE: Source(id=SOURCE, max_lag_days=30, kinds=("tax.arrears",), **_PLAIN)}
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
OLD = "-old-"
"""What the names of documents have in them that are past their term."""


@dataclass
class Town:
    """A server with a register to copy, and what belongs to it."""

    folder: Path
    places: Places

    def database(self, name: str) -> tuple[str, Places]:
        """Return the address of a copy of the register, and places of its own."""
        embedded.start(self.folder)
        with psycopg.connect(embedded.superuser_dsn(self.folder), autocommit=True) as admin:
            # Copied by way of the WAL, its sequences would go back at a crash: PostgreSQL logs them ahead of time.
            copied = "TEMPLATE goodstanding STRATEGY FILE_COPY"
            admin.execute(f"CREATE DATABASE {name} OWNER goodstanding {copied}")
        own = self.folder.parent / name
        own.mkdir()
        places = Places(self.places.key, self.places.master, own / "published", own / "messages")
        return embedded.dsn(self.folder).replace("@/goodstanding?", f"@/{name}?"), places

    def drop(self, name: str) -> None:
        """Remove a copy."""
        with psycopg.connect(embedded.superuser_dsn(self.folder), autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def postmaster(self) -> int:
        """The process id of the server."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])


@contextlib.contextmanager
def town(parent: Path) -> Iterator[Town]:
    """Found a register on a server of its own, with a policy, keys and one checkpoint."""
    folder = parent / "pg"
    places = Places(parent / "key", parent / "master", parent / "published", parent / "messages")
    try:
        register = found(embedded.start(folder), World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
        load_policy(register, read_policy(shipped("policies") / POLICY))
        log_keys.make_key(register, places.key)
        sealing.Master.make(places.master)
        sequence.sign(register, log_keys.read_key(places.key))
        register.engine.dispose()
        yield Town(folder, places)
    finally:
        embedded.stop(folder)


def plan(folder: Path, run: object, chance: random.Random, dsn: str) -> list[Act]:
    """Write the files of a run and return its acts: deliveries that correct and withdraw what came before, and more."""
    rows = [row(f"R{run}-{number}", chance) for number in range(chance.randrange(40, 160))]
    old = [row(f"R{run}{OLD}{number}", chance) | {"act": "2001-03-01"} for number in range(4)]
    corrected = [one | {"size": "huge", "version": "2"} for one in chance.sample(rows, 20)]
    withdrawn = [one | {"version": "3", "state": "withdrawn"} for one in chance.sample(rows, 10)]
    late = [row(f"R{run}-late-{number}", chance) for number in range(20)] + chance.sample(rows, 10)
    acts = []
    for number, part in enumerate((rows + old, corrected, withdrawn, late)):
        acts.append(Act("deliver", written(folder / f"run-{run}-{number}.csv", part)))
    for what in ("score", "rescore", "sign", "sign", "sign", "publish", "publish", "expire", "send", "look", "look"):
        name = f"{run}/{len(acts)}"
        acts.insert(chance.randrange(1, len(acts) + 1), Act(what, name=name, subject=chance.choice(_PERSONS)))
    if chance.random() < 0.3:
        acts.insert(chance.randrange(1, len(acts) + 1), Act("work", name=dsn))
    return _with_papers(folder, run, chance, acts)


def _with_papers(folder: Path, run: object, chance: random.Random, acts: list[Act]) -> list[Act]:
    """Put two documents into envelopes, and destroy one of them later."""
    for number in range(2):
        paper = folder / f"paper-{run}-{number}"
        paper.write_bytes(chance.randbytes(chance.choice([100, 5_000, 1_200_000])))
        whose, at = chance.choice(_PERSONS), chance.randrange(len(acts))
        acts.insert(at, Act("put", paper, paper.name, whose))
        if number:
            acts.insert(chance.randrange(at + 1, len(acts) + 1), Act("shred", paper, paper.name, whose))
    return acts


def row(document: str, chance: random.Random) -> dict[str, str]:
    """A row of a delivery about somebody."""
    who = PEOPLE.row(chance.randrange(PEOPLE.height), named=True)
    plain = {"subject": who["subject"], "name": who["name"], "born": str(who["born"] or ""), "kind": "tax.arrears"}
    rest = {"size": "large", "authority": "bureau", "basis": "the law, art. 1", "version": "1", "state": "valid"}
    return plain | rest | {"act": "2026-03-01", "document": document}


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write a delivery."""
    pl.DataFrame(rows).write_csv(path)
    return path
