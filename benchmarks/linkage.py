"""Linkage beside Splink with its documentation's settings: quality, time and memory by the million, one delivery.

Usage: python -m benchmarks.linkage [--sizes N ...] [--subjects N] [--delivery N]. Both read the same files, each
in a process of its own, in the same run. Results are compared before speeds are. A threshold is chosen on one half of
the subjects and reported on the other; a pair counts in a half where both its records do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import people
from benchmarks.figures import Figures
from benchmarks.linked import COLUMNS, LEAST
from goodstanding.linkage import kept
from goodstanding.linkage.accuracy import accuracy, best_threshold, halves
from goodstanding.linkage.columns import prepare
from goodstanding.linkage.linking import links
from goodstanding.linkage.training import train

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
    asked.add_argument("--data", type=Path, default=DATA)
    options = asked.parse_args()
    figures = Figures("linkage", SEED)
    with tempfile.TemporaryDirectory(prefix="linkage-") as name:
        folder = Path(name)
        for what in ("febrl", "figures"):
            quality(figures, folder, options.data, what)
        slowest = [scale(figures, folder, size) for size in options.sizes]
        if options.subjects:
            deliver(figures, folder, options.subjects, options.delivery, max(slowest, default=0.0))
    return figures.write()


def quality(figures: Figures, folder: Path, data: Path, what: str) -> None:
    """Report precision, recall and F1 of ours, of Splink and of exact keys on data whose truth is known."""
    if not data.exists():
        figures.only(f"{what}: F1", "not measured", f"nothing at {data}")
        return
    files, truth = _febrl(data, folder) if what == "febrl" else _figures(data, folder)
    told = {}
    for who in ("ours", "splink"):
        if (found := _run(who, what, folder / f"{who}.parquet", files)) is not None:
            told[who] = Halves(pl.read_parquet(folder / f"{who}.parquet"), *truth)
            figures.only(f"{what}, {who}: seconds", found["seconds"])
    exact = Halves(_exact(files, what), *truth)
    figures.only(f"{what}, exact keys: F1", exact.reported()[2])
    target = exact.reported()[2]
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
    figures.least(f"{what}, ours: F1 in ten-thousandths", round(score * 10_000), round(target * 10_000))


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


def scale(figures: Figures, folder: Path, size: int) -> float:
    """Link so many records with ours and with Splink; return the seconds that ours took."""
    file = folder / "people.parquet"
    people.write(file, size, SEED)
    truth = pl.read_parquet(file, columns=["id", "person"]).rename({"id": "record", "person": "cluster"})
    name, score, taken = f"{size:,} records", {}, {}
    for who in ("ours", "splink"):
        if (found := _run(who, "people", folder / f"{who}.parquet", [file])) is None:
            continue
        taken[who] = found
        score[who] = Halves(pl.read_parquet(folder / f"{who}.parquet"), truth).reported()[2]
        figures.only(f"{name}, {who}: F1 in ten-thousandths", round(score[who] * 10_000))
    if "splink" in taken:
        ours, theirs = (pl.read_parquet(folder / f"{who}.parquet").filter(pl.col("weight") > 4) for who in taken)
        shared = theirs.join(ours, on=["left", "right"], how="semi").height / theirs.height
        figures.least(f"{name}: share of Splink's links that ours finds", shared, 0.97)
        for what, unit in (("seconds", "seconds"), ("cpu", "CPU seconds"), ("memory", "GB at most")):
            figures.only(f"{name}, splink: {unit}", taken["splink"][what])
            figures.most(f"{name}, ours: {unit}", taken["ours"][what], round(taken["splink"][what], 1))
    else:
        for what, unit in (("seconds", "seconds"), ("memory", "GB at most")):
            figures.only(f"{name}, ours: {unit}", taken["ours"][what], "Splink is not here: scripts/peers")
    return float(taken["ours"]["seconds"]) / size


def deliver(figures: Figures, folder: Path, subjects: int, count: int, slowest: float) -> None:
    """Link a delivery with kept subjects, check it against linking it with all, and compare with linking all again."""
    people.write(folder / "subjects.parquet", subjects, SEED)
    prepare(folder / "subjects.parquet", COLUMNS["people"], folder / "forms.parquet")
    model = train(folder / "forms.parquet", None, COLUMNS["people"], {})
    kept.keep(folder / "kept", folder / "forms.parquet", model)
    people.delivery(subjects, count, SEED).write_parquet(folder / "records.parquet")
    taken = _run("ours", "deliver", folder / "kept", [folder / "out.parquet", folder / "records.parquet"])
    assert taken is not None
    prepare(folder / "records.parquet", COLUMNS["people"], folder / "records-forms.parquet")
    again = links(model, folder / "forms.parquet", folder / "records-forms.parquet", LEAST)
    differing = int(not pl.read_parquet(folder / "out.parquet").equals(again))
    name = f"{count:,} records against {subjects:,} subjects"
    figures.only(f"{name}: links", again.height)
    figures.exactly(f"{name}: results that differ from linking with all rows again", differing, 0)
    figures.most(f"{name}: seconds", taken["seconds"], 60)
    figures.only(f"{name}: CPU seconds", taken["cpu"])
    figures.only(f"{name}: GB at most", taken["memory"])
    if slowest:
        times = slowest * (subjects + count) / taken["seconds"]
        figures.least(f"{name}: times faster than all, at the seconds a record of the largest size", times, 20)


def _run(who: str, what: str, out: Path, files: list[Path]) -> dict[str, Any] | None:
    """Run ours or Splink in a process of its own; return what it took, None where Splink is not installed."""
    if who == "splink" and not PEER.exists():
        return None
    command = [PEER, ROOT / "benchmarks" / "peers" / "with_splink.py"] if who == "splink" else [sys.executable, "-m"]
    command += [] if who == "splink" else ["benchmarks.linked"]
    ended = subprocess.run([*command, what, out, *files], capture_output=True, text=True, cwd=ROOT, check=False)
    if ended.returncode:
        raise SystemExit(f"{who} could not link {what}: {ended.stderr[-2000:]}")
    taken: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return taken


if __name__ == "__main__":
    sys.exit(main())
