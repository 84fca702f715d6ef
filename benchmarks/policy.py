"""Standings beside rules engines: OpenFisca, the ZEN engine, CEL and plain Python, on the same dossiers in one run.

Usage: python benchmarks/policy.py [SUBJECTS], by default 1,000,000 for each scheme; `scripts/peers` installs the peers.
Two schemes, in the part that everybody can state: the UK food hygiene rating of one inspection an establishment, and
Singapore's demerit points of several events a firm, without the measures and decisions that follow. First everybody
must agree on a sample of 2,000: on the explanations one by one, and on scores and grades all at once. Then it is timed:
`one dossier` is from records to an explanation as plain data: entries, arithmetic with the numbers put in, score, grade
(`exact evaluator` is our slow one, which gives objects); `a million` from a table in memory to a score and a grade each
(`from arrays` leaves out what brings the table of records into our form). Peers run on one core.
Prints each figure as `name: value (target T)` and writes results/policy.json.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from kernel import best, machine

from goodstanding.engine.batch import Batch, score
from goodstanding.engine.exact import Evaluator
from goodstanding.engine.single import Data, Single, told
from goodstanding.engine.standing import Standing
from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.identifiers import subject_of
from goodstanding.facts.records import Record, objects, schema, with_digest
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.reader import Loaded, read_policy

ON = dt.date(2025, 6, 15)
SINCE = dt.date(2022, 10, 1)
SAMPLE = 2000
PLAIN = "plain Python"
"""The peer that is no engine."""
KINDS = catalogue(World.REAL)
HERE = Path(__file__).parent
RESULTS = HERE / "results" / "policy.json"
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"
Columns = dict[str, np.ndarray[Any, Any]]
Random = np.random.Generator

SCORES = {
    "hygiene": ([0, 5, 10, 15, 20, 25], [0.34, 0.46, 0.16, 0.03, 0.007, 0.003]),
    "structural": ([0, 5, 10, 15, 20, 25], [0.28, 0.47, 0.21, 0.03, 0.007, 0.003]),
    "confidence": ([0, 5, 10, 20, 30], [0.26, 0.45, 0.24, 0.04, 0.01]),
}
"""What inspectors give, and how often: as in the register of 2015."""
EVENTS = [
    ("safety.composition-fine", None, None),
    ("safety.stop-work-order", "partial", None),
    ("safety.stop-work-order", "full", None),
    ("safety.prosecution", None, "one-death"),
    ("safety.prosecution", None, "several-deaths"),
]
"""Kind, extent and harm of the events by their number."""


@dataclass(frozen=True)
class Case:
    """A scheme with its dossiers: as columns, which the peers read, and as a table of records, which we do."""

    name: str
    policy: Path
    columns: Columns
    records: pl.DataFrame
    subjects: pl.Series

    @cached_property
    def loaded(self) -> Loaded:
        """The policy, read and checked."""
        return read_policy(self.policy)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The policy, ready to judge dossiers by the exact evaluator."""
        return Evaluator(self.loaded, KINDS)

    @cached_property
    def single(self) -> Single:
        """The policy, ready to explain one dossier after another."""
        return Single(self.loaded, KINDS)

    @cached_property
    def dossiers(self) -> list[list[Record]]:
        """The sample's dossiers, as objects."""
        sample = self.subjects[:SAMPLE]
        kept: dict[str, list[Record]] = {name: [] for name in sample}
        for record in objects(self.records.filter(pl.col("subject").is_in(sample.implode())), KINDS):
            kept[record.subject].append(record)
        return list(kept.values())


def ours_one(case: Case) -> list[Data]:
    """Explain the sample's dossiers one by one."""
    subject, single = subject_of(case.subjects[0]), case.single
    return [single.standing(dossier, subject, ON) for dossier in case.dossiers]


def ours_exact(case: Case) -> list[Standing]:
    """Judge the sample's dossiers one by one by the exact evaluator."""
    subject = subject_of(case.subjects[0])
    return [case.evaluator.standing(dossier, subject, ON) for dossier in case.dossiers]


def ours_million(case: Case) -> pl.DataFrame:
    """Judge all at once, from the table of records to the table of standings."""
    return score(case.loaded, KINDS, case.records, None, ON)


def food(many: int, folder: Path, random: Random) -> Case:
    """Make establishments with one inspection each."""
    columns = {name: random.choice(values, many, p=often) for name, (values, often) in SCORES.items()}
    columns = {"day": days(many, random), **columns}
    subjects = pl.select(pl.format("gb.fhrs:100-{}", pl.int_range(many))).to_series()
    records = table(subjects, columns["day"], pl.Series(["food.inspection"]).new_from_index(0, many), columns)
    return Case("food", shipped("policies") / "uk-food-hygiene", columns, records, subjects)


def safety(many: int, folder: Path, random: Random) -> Case:
    """Make firms with four events each on average."""
    offsets = np.concatenate([[0], np.cumsum(1 + random.poisson(3, many))])
    owner = np.repeat(np.arange(many), np.diff(offsets))
    event = random.choice(len(EVENTS), len(owner), p=[0.5, 0.25, 0.15, 0.08, 0.02])
    day = days(len(owner), random)
    day = day[np.lexsort((day, owner))]
    subjects = pl.select(pl.format("gb.company:{}", pl.int_range(many).cast(pl.String).str.zfill(8))).to_series()
    kind, extent, harm = (pl.Series(column).gather(event) for column in zip(*EVENTS, strict=True))
    decided = pl.select(pl.when(kind == "safety.prosecution").then(pl.Series(day).cast(pl.Date))).to_series()
    told = {"extent": extent, "harm": harm, "decided": decided}
    records = table(subjects.gather(owner), day, kind, told)
    columns = {"day": day, "event": event, "offsets": offsets}
    return Case(
        "safety", without_consequences(shipped("policies") / "sg-workplace-safety", folder), columns, records, subjects
    )


def days(many: int, random: Random) -> np.ndarray[Any, Any]:
    epoch = dt.date(1970, 1, 1)
    return random.integers((SINCE - epoch).days, (ON - epoch).days, many)


def table(subject: pl.Series, day: np.ndarray[Any, Any], kind: pl.Series, told: dict[str, Any]) -> pl.DataFrame:
    """Return records, each its own occurrence, under a number of the row as document."""
    number = pl.int_range(len(day), eager=True).cast(pl.String)
    constant = {name: pl.lit("benchmark") for name in ("source", "authority", "basis")}
    columns = {"subject": subject, "kind": kind, "act": day, "occurrence": number, "document": number}
    frame = pl.DataFrame(columns | {name: cells for name, cells in told.items() if name != "day"})
    missing = {name: pl.lit(None) for name in schema(KINDS) if name not in frame.columns and name not in constant}
    frame = frame.with_columns(**constant, **missing)
    return with_digest(frame.select(pl.col(name).cast(kind) for name, kind in schema(KINDS).items()), KINDS)


def without_consequences(policy: Path, folder: Path) -> Path:
    """Copy a policy without measures and decisions, which no peer can state."""
    whole = yaml.safe_load((policy / "policy.yaml").read_text())
    copy = folder / policy.name
    copy.mkdir()
    kept = {name: part for name, part in whole.items() if name not in ("measures", "decisions")}
    (copy / "policy.yaml").write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False))
    return copy


def as_peers(standing: Data) -> dict[str, Any]:
    """Write a standing as the peers write theirs."""
    entries = [
        {"record": entry["record"], "rule": entry["rule"], "amount": entry["amount"], "start": entry["from"],
         "until": entry["until"], "counts": entry["status"] == "counts", "clause": entry["clause"]}
        for entry in standing["entries"]
    ]  # fmt: skip
    return {name: standing[name] for name in ("score", "grade", "arithmetic")} | {"entries": entries}


def comparable(explanation: dict[str, Any]) -> dict[str, Any]:
    """Put the entries in one order and leave out how the arithmetic is written."""
    entries = [{name: str(value) for name, value in entry.items()} for entry in explanation["entries"]]
    entries.sort(key=lambda entry: (int(entry["record"]), entry["rule"]))
    steps = [{name: step[name] for name in ("name", "result", "clause")} for step in explanation["arithmetic"]]
    return explanation | {"entries": entries, "arithmetic": steps}


def asked(what: str, case: Case, folder: Path) -> dict[str, Any]:
    """Ask the peers, in a process of their own."""
    file = folder / f"{case.name}.npz"
    if not file.exists():
        np.savez(file, **case.columns)
    command = [str(PEERS), str(HERE / "peers"), what, str(file), str(ON), str(SAMPLE)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


def agree(case: Case, folder: Path) -> None:
    """Exit with what differs unless everybody says the same of the sample."""
    if ours_one(case) != [told(standing) for standing in ours_exact(case)]:
        sys.exit(f"{case.name}: by the program and by the exact evaluator, we differ from ourselves")
    ours = [comparable(as_peers(standing)) for standing in ours_one(case)]
    found = ours_million(case).rows_by_key("subject", named=True, unique=True)
    many = [[found[name][column] for name in case.subjects[:SAMPLE]] for column in ("score", "grade")]
    if many != [[one["score"] for one in ours], [one["grade"] for one in ours]]:
        sys.exit(f"{case.name}: one by one and all at once, we differ from ourselves")
    for peer, answers in asked("check", case, folder).items():
        for number, (theirs, mine) in enumerate(zip(map(comparable, answers["one"]), ours, strict=True)):
            if theirs != mine:
                sys.exit(f"{case.name}: {case.subjects[number]}: {peer} says {theirs}, we say {mine}")
        if answers["many"] != many:
            sys.exit(f"{case.name}: {peer}, all at once, differs from us")


def figures(case: Case, label: str, folder: Path) -> Iterator[tuple[str, float, str, str]]:
    """Give name, value, unit and target of every figure of one scheme."""
    peers = asked("time", case, folder)
    for name, peer in peers.items():
        print(f"{label}: {name} leaves unstated: {peer['unstated']}")
    many = len(case.subjects)
    fastest = max(many / peer["many"] / 1e6 for peer in peers.values())
    target = f"10x best peer = {10 * fastest:.3g} M standings/s"
    case.dossiers  # noqa: B018 (made before the clock runs)
    quickest = min(peer["one"] for name, peer in peers.items() if name != PLAIN) * 1e6
    wanted = f"50 µs, and the fastest engine's {quickest:.3g} µs"
    yield f"{label} one dossier, goodstanding", best(lambda: ours_one(case)) / SAMPLE * 1e6, "µs", wanted
    yield (
        f"{label} one dossier, goodstanding, exact evaluator",
        best(lambda: ours_exact(case), 3) / SAMPLE * 1e6,
        "µs",
        "",
    )
    for name, peer in peers.items():
        yield f"{label} one dossier, {name}", peer["one"] * 1e6, "µs", ""
    yield f"{label} a million, goodstanding", many / best(lambda: ours_million(case), 3) / 1e6, "M standings/s", target
    batch = Batch(case.loaded, KINDS, case.records, None)
    arrays = many / best(lambda: batch.judged(ON), 3) / 1e6
    yield f"{label} a million from arrays, goodstanding", arrays, "M standings/s", target
    for name, peer in peers.items():
        yield f"{label} a million, {name}", many / peer["many"] / 1e6, "M standings/s", ""


def main(many: int) -> None:
    result: dict[str, Any] = {"machine": machine(), "date": str(dt.datetime.now(dt.UTC).date()), "subjects": many}
    result["figures"] = {}
    for label, scheme, make in (("uk", "uk-food-hygiene", food), ("sg", "sg-workplace-safety", safety)):
        if not (shipped("policies") / scheme).exists():
            print(f"{label}: left out, there is no policy {scheme}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            case = make(many, Path(folder), np.random.default_rng(1))
            agree(case, Path(folder))
            for name, value, unit, target in figures(case, label, Path(folder)):
                wanted = f"target {target}" if target else "no target"
                print(f"{name}: {value:.3g} {unit} ({wanted})", flush=True)
                result["figures"][name] = {"value": round(value, 4), "unit": unit, "target": target or None}
        RESULTS.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
