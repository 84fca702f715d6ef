"""What a register keeps when things break: services and servers killed, lines lost, full disks, odd clocks, backups.

Usage: python -m benchmarks.faults [RUNS [SEED]]. In each run a service delivers, corrects, withdraws, scores, erases,
signs, publishes and sends on an embedded PostgreSQL, and tells what was acknowledged; at a moment that follows from the
seed and the number of the run it, its server, its sessions or its line are ended. Then everything is verified, done
again and compared with what should be there. For every twenty runs a disk is filled and four times both clocks are set;
for every hundred a backup is restored. Ends with one line a figure: `name: value (target T)`, written to
results/faults.json too; exits 1 if a target was missed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

RUNS = 500


class Progress:
    """Tells how far it is, on standard error: on a terminal always, else now and then; and each problem at once."""

    def __init__(self, count: int) -> None:
        self.count, self.done, self.start = count, 0, time.monotonic()

    def __call__(self, number: int, problems: list[str]) -> None:
        """Tell of a run."""
        self.done += 1
        print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr, flush=True)
        if sys.stderr.isatty() or self.done % 20 == 0 or self.done == self.count:
            each = (time.monotonic() - self.start) / self.done
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\r{self.done}/{self.count} runs, {each:.2f} s each", end=end, file=sys.stderr, flush=True)


def main(runs: int, seed: int) -> int:
    """Do everything; print the figures; return 1 if a target was missed."""
    from benchmarks.faults import clocks, disks, expected, restores
    from benchmarks.faults.kills import kills
    from benchmarks.faults.service import VICTIMS, WORKS
    from benchmarks.figures import Figures

    figures, start = Figures("faults", seed), time.monotonic()
    print(f"seed {seed}: python -m benchmarks.faults {runs} {seed} does the same again", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folders = [Path(name) / part for part in ("kills", "disks", "clocks", "backups")]
        for folder in folders:
            folder.mkdir()
        result = kills(runs, seed, folders[0], min(2, os.cpu_count() or 1), Progress(runs))
        seconds = (time.monotonic() - start) / max(runs, 1)
        others = {
            "disks filled": disks.full_disks(folders[1], max(1, runs // 20), seed),
            "clock steps": clocks.clock_steps(folders[2], max(1, runs // 5), seed),
            "backups restored": restores.restores(folders[3], max(1, runs // 100), seed),
        }
    for found in others.values():
        print(*(found.problems if found else []), sep="\n", end="\n", file=sys.stderr)
        result.add(found or expected.Found())
    counts = result.counts
    figures.exactly("runs", counts["runs"], runs)
    figures.most("seconds a run", seconds, 2.0)
    figures.least("struck amid work, of a hundred", 100 * counts["amid work"] / max(runs, 1), 50)
    least = runs // 50
    for work in WORKS:
        figures.least(f"struck while {work}", counts[f"struck {work}"], least)
    for victim in VICTIMS:
        figures.least(f"struck: {victim}", counts[f"victim {victim}"], least)
    for what, found in others.items():
        if found is None:
            figures.only(what, "not measured", "this machine does not allow it")
        else:
            figures.least(what, counts[what], 1)
    for problem in expected.PROBLEMS:
        figures.exactly(problem, counts[problem], 0)
    return figures.write()


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    sys.exit(main(given[0] if given else RUNS, given[1] if len(given) > 1 else int(time.time())))
