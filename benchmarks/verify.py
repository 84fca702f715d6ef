"""Memory and time of verification as the log grows: at 1 and at 3 million leaves.

Usage: python -m benchmarks.verify [LEAVES ...]. Makes a register of the real world on a PostgreSQL of its own, with so
many looks at one dossier, signs them, and verifies everything in a process of its own, whose largest memory is told.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks.acts import founded
from benchmarks.figures import Figures
from goodstanding.register.log import keys as log_keys
from goodstanding.register.log import sequence
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register, open_register

SIZES = (1_000_000, 3_000_000)
_PART = 250_000
_VERIFY = (sys.executable, "-m", "benchmarks.verify", "verify")


def main(sizes: list[int]) -> int:
    """Measure at each size, and print one line a figure; return the exit code."""
    figures, memory = Figures("verify", 0), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dsn = embedded.start(folder / "postgresql")
        try:
            register, subject = founded(dsn, folder)
            log_keys.make_key(register, folder / "log.key")
            sequencer = sequence.Sequencer(register, log_keys.read_key(folder / "log.key"))
            there = 0
            for size in sizes:
                for _ in range((size - there) // _PART):
                    _look(register, subject.id)
                    sequencer.sign()
                there = size
                memory.append(_told(figures, size, subprocess.check_output([*_VERIFY, dsn], text=True)))
        finally:
            embedded.stop(folder / "postgresql")
    figures.most("memory to verify the largest log against the smallest, times", memory[-1] / memory[0], 1.2)
    return figures.write()


def _told(figures: Figures, size: int, said: str) -> float:
    seconds, memory, *problems = said.splitlines()
    figures.only(f"seconds to verify {size:,} leaves", float(seconds))
    figures.only(f"memory to verify {size:,} leaves, MB", float(memory))
    figures.exactly(f"problems claimed of {size:,} leaves where there is none", len(problems), 0)
    return float(memory)


def _look(register: Register, subject: int) -> None:
    with register.engine.begin() as connection:
        connection.execute(_LOOKS, {"subject": subject, "count": _PART})


_LOOKS = sa.text("""
    WITH looked AS (
        INSERT INTO access (subject_id, who, role, purpose, what)
        SELECT :subject, 'w', 'r', 'p', 't' FROM generate_series(1, :count) RETURNING *
    ), said AS (
        SELECT number, uuid_send(gen_random_uuid()) AS salt, convert_to(format(
            '{"event":"access","row":{"at":"%sZ","number":"%s","purpose":"p","role":"r","subject_id":"%s","what":"t",'
            '"who":"w"}}', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US'), number, subject_id
        ), 'UTF8') AS content FROM looked
    )
    INSERT INTO event (kind, key, salt, commitment)
    SELECT 'access', number::text, salt, sha256('\\x00'::bytea || salt || content) FROM said""")


def _verified(dsn: str) -> None:
    start = time.perf_counter()
    found = verify(open_register(dsn))
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, memory, *found, sep="\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["verify"]:
        _verified(sys.argv[2])
    else:
        sys.exit(main([int(one) for one in sys.argv[1:]] or list(SIZES)))
