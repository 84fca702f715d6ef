"""Linkage beside Splink with its documentation's settings: quality, time and memory by the million, one delivery.

Usage: python -m benchmarks.linkage [--sizes N ...] [--subjects N] [--delivery N] [--bad N]. Both read the same files,
each in a process of its own, in the same run. Results are compared before speeds are. A threshold is chosen on one half
of the subjects and reported on the other; a pair counts in a half where both its records do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import people
from benchmarks.figures import Figures
from benchmarks.linked import COLUMNS
from goodstanding.linkage.accuracy import accuracy, best_threshold, halves

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "linkage"
PEER = ROOT / ".venv-peers" / "bin" / "python"
SEED = 1
_JOINS = {
    "febrl": (("given_name", "surname", "date_of_birth"), ("soc_sec_id",)),
    "figures": (("first_name", "surname", "dob"), ("dob", "postcode_fake")),
}
"""Columns that two records must share in full, any one of the rows, to be joined by exact keys."""


def main() -> int:
    """Measure, print one line a figure, write the results; return the exit code."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sizes", type=int, nargs="*", default=[1_000_000, 3_000_000])
    asked.add_argument("--subjects", type=int, default=10_000_000)
    asked.add_argument("--delivery", type=int, default=100_000)
    asked.add_argument("--bad", type=int, default=1_000_000)
    asked.add_argument("--data", type=Path, default=DATA)
    options = asked.parse_args()
    figures = Figures("linkage", SEED)
    with tempfile.TemporaryDirectory(prefix="linkage-") as name:
        folder = Path(name)
        for what in ("febrl", "figures"):
            quality(figures, folder, options.data, what)
        taken = [scale(figures, folder, size) for size in options.sizes]
        if options.subjects:
            deliver(figures, folder, options, taken)
            bad(figures, folder, options)
    return figures.write()


def quality(figures: Figures, folder: Path, data: Path, what: str) -> None:
    """Report precision, recall and F1 of ours, of Splink and of exact keys on data whose truth is known."""
    if not data.exists():
        figures.only(f"{what}: F1", "not measured", f"nothing at {data}")
        return
    files, truth = _febrl(data, folder) if what == "febrl" else _figures(data, folder)
    told = {}
    for who in ("ours", "splink"):
        if (found := _run(figures, what, who, what, folder / f"{who}.parquet", *files)) is not None:
            told[who] = Halves(pl.read_parquet(folder / f"{who}.parquet"), *truth)
            figures.only(f"{what}, {who}: seconds", found["seconds"])
    exact = Halves(_exact(files, what), *truth)
    figures.only(f"{what}, exact keys: F1", exact.reported()[2])
    target = round(exact.reported()[2], 4)
    if "splink" in told:
        precision, recall, score = told["splink"].reported()
        _, low, high, _ = told["splink"].told.f1
        figures.only(f"{what}, splink: precision", precision)
        figures.only(f"{what}, splink: recall", recall)
        figures.only(f"{what}, splink: F1", round(score, 4), f"95 % within {low:.4f} and {high:.4f}")
        target = round(low if score > 0.995 else score, 4)
    precision, recall, score = told["ours"].reported()
    figures.only(f"{what}, ours: precision", precision)
    figures.only(f"{what}, ours: recall", recall)
    figures.least(f"{what}, ours: F1", round(score, 4), target)


class Halves:
    """How right links are on one half of the subjects, over a threshold that was chosen on the other."""

    def __init__(self, found: pl.DataFrame, truth: pl.DataFrame, *others: pl.DataFrame) -> None:
        (chosen, *chosen_others), (tried, *tried_others) = zip(
            *(halves(each) for each in (truth, *others)), strict=True
        )
        threshold = best_threshold(found, chosen, *chosen_others)
        self.told = accuracy(found, tried, *tried_others, least=threshold)

    def reported(self) -> tuple[float, float, float]:
        """Return precision, recall and F1; nothing found is a precision of 0."""
        return self.told.precision.value or 0.0, self.told.recall.value or 0.0, self.told.f1.value or 0.0


def _febrl(data: Path, folder: Path) -> tuple[list[Path], list[pl.DataFrame]]:
    files, truth = [], []
    for end in "ab":
        table = pl.read_csv(data / f"febrl4{end}.csv", infer_schema=False)
        table = table.select(pl.col(name).str.strip_chars().alias(name.strip()) for name in table.columns)
        files.append(folder / f"febrl4{end}.parquet")
        table.select(pl.when(pl.all() != "").then(pl.all())).write_parquet(files[-1])
        truth.append(table.select(record="rec_id", cluster=pl.col("rec_id").str.extract(r"rec-(\d+)-")))
    return files, truth


def _figures(data: Path, folder: Path) -> tuple[list[Path], list[pl.DataFrame]]:
    table = pl.read_parquet(data / "historical-figures-50k.parquet")
    table.drop("cluster").write_parquet(folder / "figures.parquet")
    return [folder / "figures.parquet"], [table.select(record="unique_id", cluster="cluster")]


def _exact(files: list[Path], what: str) -> pl.DataFrame:
    tables, key = [pl.read_parquet(file) for file in files], COLUMNS[what].key
    found = []
    for columns in _JOINS[what]:
        joined = tables[0].join(tables[-1], on=list(columns)).select(left=key, right=f"{key}_right")
        found.append(joined if len(files) > 1 else joined.filter(pl.col("left") < pl.col("right")))
    return pl.concat(found).unique().with_columns(weight=pl.lit(0.0))


def scale(figures: Figures, folder: Path, size: int) -> dict[str, Any]:
    """Link so many records with ours and with Splink; return what ours took."""
    file = folder / "people.parquet"
    people.write(file, size, SEED)
    truth = pl.read_parquet(file, columns=["id", "person"]).rename({"id": "record", "person": "cluster"})
    name, score, taken = f"{size:,} records", {}, {}
    for who in ("ours", "splink"):
        if (found := _run(figures, name, who, "people", folder / f"{who}.parquet", file)) is None:
            continue
        taken[who] = found
        score[who] = Halves(pl.read_parquet(folder / f"{who}.parquet"), truth).reported()[2]
    theirs = taken.get("splink")
    if theirs:
        figures.only(f"{name}, splink: F1", round(score["splink"], 4))
        found = [pl.read_parquet(folder / f"{who}.parquet").filter(pl.col("weight") > 4) for who in ("splink", "ours")]
        shared = found[0].join(found[1], on=["left", "right"], how="semi").height / found[0].height
        figures.least(f"{name}: share of Splink's links that ours finds", shared, 0.97)
        figures.least(f"{name}, ours: F1", round(score["ours"], 4), round(score["splink"], 4))
    else:
        figures.only(f"{name}, ours: F1", round(score["ours"], 4))
    for phase, seconds in taken["ours"]["phases"].items():
        figures.only(f"{name}, ours: seconds to {phase}", seconds)
    for what, unit in (("seconds", "seconds"), ("cpu", "CPU seconds"), ("memory", "GB at most")):
        if theirs:
            figures.only(f"{name}, splink: {unit}", theirs[what])
            figures.most(f"{name}, ours: {unit}", taken["ours"][what], round(theirs[what], 1))
        else:
            figures.only(f"{name}, ours: {unit}", taken["ours"][what], "Splink did not run")
    return taken["ours"]


def again_for(sizes: Sequence[int], taken: Sequence[dict[str, Any]], rows: int) -> float:
    """Return how many seconds preparing and linking take for so many rows, by the slope of the two largest sizes.

    With one size, by its seconds a row. What learning takes is not in it, since the model is pinned.
    """
    known = sorted(
        (size, one["phases"]["prepare"] + one["phases"]["link"]) for size, one in zip(sizes, taken, strict=True)
    )
    if len(known) == 1:
        return float(known[0][1] * rows / known[0][0])
    (fewer, less), (size, seconds) = known[-2:]
    return float(seconds + (rows - size) * (seconds - less) / (size - fewer))


def deliver(figures: Figures, folder: Path, options: argparse.Namespace, taken: Sequence[dict[str, Any]]) -> None:
    """Link a delivery with kept subjects, check it against linking it with all rows, compare with linking all again."""
    subjects, records = folder / "subjects.parquet", folder / "records.parquet"
    people.write(subjects, options.subjects, SEED)
    people.delivery(options.subjects, options.delivery, SEED).write_parquet(records)
    name = f"{options.subjects:,} subjects"
    begun = _ours("keep", folder / "kept", subjects)
    for phase, seconds in begun["phases"].items():
        figures.only(f"{name}: seconds to {phase}", seconds)
    figures.only(f"{name}: GB at most", begun["memory"])
    name = f"{options.delivery:,} records against {options.subjects:,} subjects"
    found = _ours("deliver", folder / "kept", folder / "out.parquet", records)
    whole = _ours("again", folder / "kept", folder / "again.parquet", subjects, records)
    links, again = (pl.read_parquet(folder / f"{one}.parquet") for one in ("out", "again"))
    figures.only(f"{name}: links", again.height)
    lacking = (
        links.join(again, on=links.columns, how="anti").height + again.join(links, on=links.columns, how="anti").height
    )
    figures.exactly(f"{name}: links that differ from linking with all rows again", lacking, 0)
    figures.most(f"{name}: seconds", found["seconds"], 60)
    figures.only(f"{name}: CPU seconds", found["cpu"])
    figures.only(f"{name}: GB at most", found["memory"])
    figures.only(f"{name}: seconds with all rows read again", whole["seconds"])
    if taken:
        seconds = again_for(options.sizes, taken, options.subjects + options.delivery)
        figures.only(f"{name}: seconds to prepare and link all, by the slope of the sizes above", seconds)
        figures.least(f"{name}: times faster than linking all, by that slope", seconds / found["seconds"], 20)


def bad(figures: Figures, folder: Path, options: argparse.Namespace) -> None:
    """Link deliveries that say nothing or nonsense with the kept subjects: no link, in bounded time and memory."""
    for what, table in people.bad(options.bad).items():
        table.write_parquet(folder / "bad.parquet")
        name = f"{table.height:,} records against {options.subjects:,} subjects, {what}"
        found = _ours("deliver", folder / "kept", folder / "bad-links.parquet", folder / "bad.parquet", may_refuse=True)
        if found["refused"]:
            figures.only(f"{name}: refused", found["refused"])
        else:
            links = pl.read_parquet(folder / "bad-links.parquet").filter(pl.col("weight") >= 0)
            figures.exactly(f"{name}: links", links.height, 0)
        figures.most(f"{name}: seconds", found["seconds"], 60)
        figures.most(f"{name}: GB at most", found["memory"], 6)


def _ours(what: str, *paths: Path, may_refuse: bool = False) -> dict[str, Any]:
    """Run ours in a process of its own; return what it took. Ends the program where it fails."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.linked", what, *paths], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if ended.returncode:
        raise SystemExit(f"ours could not {what}: {ended.stderr[-2000:]}")
    taken: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    if taken["refused"] and not may_refuse:
        raise SystemExit(f"ours refused to {what}: {taken['refused']}")
    return taken


def _run(figures: Figures, name: str, who: str, what: str, out: Path, *files: Path) -> dict[str, Any] | None:
    """Run ours or Splink in a process of its own; return what it took, None and a line where Splink does not run."""
    if who == "ours":
        return _ours(what, out, *files)
    if not PEER.exists():
        figures.only(f"{name}, splink", "not measured", "not installed: scripts/peers")
        return None
    script = ROOT / "benchmarks" / "peers" / "with_splink.py"
    ended = subprocess.run([PEER, script, what, out, *files], capture_output=True, text=True, cwd=ROOT, check=False)
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or [f"ended with {ended.returncode}"])[-1]
        figures.only(f"{name}, splink", "not measured", said[:200])
        return None
    taken: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return taken


if __name__ == "__main__":
    sys.exit(main())
