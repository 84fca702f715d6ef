"""The log of a register: leaves a second with proof, and a checkpoint over a delivery of 400,000 subjects.

Usage: python -m benchmarks.log. Makes a register of the real world on a PostgreSQL of its own, as it is set up for
service (fsync and synchronous commit on). "With proof" is everything from the events that wait to a signed checkpoint:
leaves, tiles, heads, map and root, from which the inclusion of each is then proved.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks.figures import Figures
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World
from goodstanding.proof import merkle, tiles
from goodstanding.register.founding import found
from goodstanding.register.log import events, sequence
from goodstanding.register.log import keys as log_keys
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register

LEAVES, BATCHES, SUBJECTS = 50_000, 4, 400_000


def main() -> int:
    """Measure, and print one line a figure; return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dsn = embedded.start(folder / "postgresql")
        try:
            known = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
            register = found(dsn, World.REAL, known)
            log_keys.make_key(register, folder / "log.key")
            sequencer = sequence.Sequencer(register, log_keys.read_key(folder / "log.key"))
            sequencer.sign()
            seconds = [_leaves(register, sequencer) for _ in range(BATCHES)]
            proofs = _proofs(register)
            acts = _acts(register, sequencer)
            large = _delivery(register, sequencer)
        finally:
            embedded.stop(folder / "postgresql")
    figures = Figures("log", 0)
    figures.least("leaves with proof a second", LEAVES / min(seconds), 50_000)
    figures.most(f"seconds for a checkpoint over {LEAVES:,} leaves, the slowest", max(seconds), 1)
    figures.only("inclusion proofs made a second", proofs)
    figures.most("seconds for a checkpoint over 3,000 deliveries of one act", acts, 1)
    figures.only(f"seconds until a delivery about {SUBJECTS:,} subjects is under a checkpoint", large)
    return figures.write()


def _leaves(register: Register, sequencer: sequence.Sequencer) -> float:
    with register.engine.begin() as connection:
        connection.execute(_LOOKS, {"count": LEAVES})
    start = time.perf_counter()
    assert sequencer.sign()
    return time.perf_counter() - start


def _proofs(register: Register) -> float:
    """Make the inclusion proofs of 10,000 leaves one after another; return how many a second."""
    with register.engine.connect() as connection:
        size, _ = sequence.latest(connection) or (0, "")
        read = tiles.reader(size, sequence.fetch(connection))
        start = time.perf_counter()
        for index in range(10_000):
            merkle.inclusion(index, size, read)
        return 10_000 / (time.perf_counter() - start)


def _acts(register: Register, sequencer: sequence.Sequencer) -> float:
    """3,000 deliveries of one record each, about 3,000 of 400,000 subjects, with the large delivery known."""
    _deliver(register, 1, SUBJECTS)
    sequencer.sign()
    for number in range(2, 3002):
        _deliver(register, number, 1)
    start = time.perf_counter()
    assert sequencer.sign()
    return time.perf_counter() - start


def _delivery(register: Register, sequencer: sequence.Sequencer) -> float:
    _deliver(register, 3002, SUBJECTS)
    start = time.perf_counter()
    assert sequencer.sign()
    return time.perf_counter() - start


def _deliver(register: Register, number: int, count: int) -> None:
    """Write a delivery as the register keeps it, whose content is of no matter here."""
    row = {"number": number, "source": "gb.fsa", "file": "f", "received": "2026-01-01", "content": str(number)}
    row |= {"rows": count, "accepted": count, "repeated": 0, "refused": 0}
    row |= dict.fromkeys(("records_root", "subjects_root", "refusals_root"), bytes(32))
    with register.engine.begin() as connection:
        if number == 1:
            connection.execute(_SUBJECTS, {"count": count})
        connection.execute(_RECORDS, {"number": number, "count": count})
        events.add(connection, "delivery", [row])


_LOOKS = sa.text("""
    INSERT INTO event (kind, key, salt, commitment)
    SELECT 'access', gen_random_uuid()::text, uuid_send(gen_random_uuid()), sha256(uuid_send(gen_random_uuid()))
    FROM generate_series(1, :count)""")
_SUBJECTS = sa.text("""
    INSERT INTO subject (id, number, identifier, is_a, name, latin, publishable, sought, delivery, salt, commitment)
    SELECT n, n, 'gb.fhrs:' || n, 'thing', '', '', true, '', 1, '', '' FROM generate_series(1, :count) AS n""")
_RECORDS = sa.text("""
    INSERT INTO record (delivery, row, subject_id, source, document, commitment, digest, salt)
    SELECT :number, n, CASE WHEN :count = 1 THEN :number * 97 ELSE n END, 'gb.fsa', :number || '-' || n,
        sha256(uuid_send(gen_random_uuid())), sha256(''), uuid_send(gen_random_uuid())
    FROM generate_series(1, :count) AS n""")


if __name__ == "__main__":
    sys.exit(main())
