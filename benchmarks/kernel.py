"""Compiled programs beside the exact evaluator, on generated dossiers of two shipped schemes.

Usage: python benchmarks/kernel.py [RECORDS], by default 1,000,000 for each scheme. First the two must agree on a sample
of 2,000 subjects; then both are timed. `compile` makes the machine code of a policy the first time, `load` takes it
from the cache. `day` is from records as arrays to outcomes, scores and grades as arrays, `kernel` the same for each
later day, when the entries are there already under a scheme that finds them in a list of items; `busy` is the
processor's time of that for each record, as `compile` and `load` are the processor's time. `lower` makes the arrays
from a table of texts, `lower-coded` from one of dictionary codes in order, `score` is from a table to a table and does
it all. `register` is a table of 485,137 establishments with one record each, from the policy's file to the standings,
in a fresh process with nothing compiled yet. Prints each figure as `name: value (target T)` and writes
results/kernel.json.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from goodstanding.facts.catalogue import Attribute, catalogue
from goodstanding.facts.records import objects, schema, with_digest
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy

ON = dt.date(2022, 6, 30)
SINCE = dt.date(2015, 1, 1)
SAMPLE = 2000
KINDS = catalogue(World.SYNTHETIC)
ESTABLISHMENTS = 485_137
RESULTS = Path(__file__).parent / "results" / "kernel.json"
Random = np.random.Generator


def food(records: int, subjects: int, random: Random) -> pl.DataFrame:
    """Inspections of establishments; one status in eight says that there is no rating."""
    names = [f"gb.fhrs:{number % 405 + 100}-{number}" for number in range(subjects)]
    kinds = random.choice(["food.inspection", "food.unrated"], records, p=[7 / 8, 1 / 8])
    owner = random.permutation(np.resize(np.arange(subjects), records))
    return completed(pl.Series(names).gather(owner), kinds, 0.0, random)


def wendeng(records: int, subjects: int, random: Random) -> pl.DataFrame:
    """Records of residents and firms: all that the scheme reads, gifts, hours and everyday faults most of all."""
    policy = read_policy(shipped("policies") / "cn-wendeng").policy
    owner = random.integers(0, subjects, records)
    names = [
        f"cn.uscc:91000000{number:010}" if number % 10 == 0 else f"cn.ric:000000{number:012}"
        for number in range(subjects)
    ]
    kinds = np.empty(records, object)
    for subject, rows in (("organisation", owner % 10 == 0), ("person", owner % 10 != 0)):
        known = sorted({item.kind for item in policy.items if item.subject == subject})
        often = ["civic.donation", "civic.volunteering", "tax.arrears", "contract.default", "conduct.ended"]
        kinds[rows] = random.choice([*known, *often * 10], rows.sum())
    return completed(pl.Series(names).gather(owner), kinds, 0.2, random)


def completed(subject: pl.Series, kinds: np.ndarray[Any, Any], shared: float, random: Random) -> pl.DataFrame:
    """Add days, occurrences (some of which several records of a subject share) and attributes; one in 100 is absent."""
    many = len(subject)
    document = pl.int_range(many, eager=True).cast(pl.String)
    days = (ON - SINCE).days
    table = pl.DataFrame({"subject": subject, "kind": pl.Series(kinds, dtype=pl.String), "document": document})
    table = table.with_columns(
        act=pl.lit(SINCE) + pl.duration(days=pl.Series(random.integers(0, days, many))),
        occurrence=pl.when(pl.Series(random.random(many) < shared)).then("subject").otherwise("document"),
        source=pl.lit("benchmark"),
        authority=pl.lit("benchmark"),
        basis=pl.lit("benchmark"),
        **dict(attributes(kinds, random)),
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in schema(KINDS).items() if name not in table.columns]
    return with_digest(table.with_columns(missing).cast(schema(KINDS)), KINDS)


def attributes(kinds: np.ndarray[Any, Any], random: Random) -> Iterator[tuple[str, pl.Series]]:
    """Give every attribute that one of these kinds has, at random within its code list or its values."""
    present = set(np.unique(kinds.astype(str)))
    for name, attribute in KINDS.attributes.items():
        having = [kind for kind in present if name in KINDS.kinds[kind].attributes]
        if having:
            given = np.isin(kinds.astype(str), having) & (random.random(len(kinds)) > 0.01)
            cells = pl.Series(cells_of(attribute, len(kinds), random))
            yield name, pl.select(pl.when(pl.Series(given)).then(cells)).to_series()


def cells_of(attribute: Attribute, many: int, random: Random) -> np.ndarray[Any, Any]:
    if attribute.type == "code":
        return random.choice(sorted(KINDS.codes[attribute.codes or ""]), many)
    if attribute.values:
        return random.choice([value * 10**attribute.scale for value in attribute.values], many)
    return (random.lognormal(4, 1.5, many)).astype(np.int64) * 10**attribute.scale


def agree(scheme: str, records: pl.DataFrame) -> float:
    """Exit with what differs unless both say the same of a sample; return the exact evaluator's records a second."""
    from goodstanding.engine.batch import contributions, score
    from goodstanding.engine.exact import Evaluator
    from goodstanding.facts.identifiers import subject_of

    loaded = read_policy(shipped("policies") / scheme)
    names = records["subject"].unique().sort().sample(SAMPLE, seed=1)
    sample = records.filter(pl.col("subject").is_in(names.implode()))
    dossiers: dict[str, list[Any]] = {}
    for record in objects(sample, KINDS):
        dossiers.setdefault(record.subject, []).append(record)
    evaluator = Evaluator(loaded, KINDS)
    start = time.perf_counter()
    standings = {name: evaluator.standing(dossier, subject_of(name), ON) for name, dossier in dossiers.items()}
    seconds = time.perf_counter() - start
    found = {row[0]: row[1:6] for row in score(loaded, KINDS, sample, None, ON).iter_rows()}
    amounts = contributions(loaded, KINDS, sample, None, ON).group_by("subject").agg("amount").rows_by_key("subject")
    for name, one in standings.items():
        expected = (str(one.outcome), one.score, one.grade, ", ".join(one.missing) or None, one.reason)
        known = sorted(entry.amount for entry in one.entries if hasattr(entry.amount, "numerator"))
        listed = sorted(amount for row in amounts.get(name, []) for amount in row[0] if amount is not None)
        if found[name] != expected or listed != known:
            sys.exit(f"{scheme}: {name}: the kernel says {found[name]}, the exact evaluator {expected}")
    return sample.height / seconds


def best(function: Callable[[], Any], times: int = 5, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the least seconds of several runs."""
    taken = []
    for _ in range(times):
        start = clock()
        function()
        taken.append(clock() - start)
    return min(taken)


def peak_memory() -> int:
    """Return the most memory that this process has held, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def measured(scheme: str, table: str) -> dict[str, float]:
    """Time one scheme in this process: first run, lowering, kernel and the whole, and the peak of memory in MB."""
    from goodstanding.engine.batch import Batch, score

    loaded, records = read_policy(shipped("policies") / scheme), pl.read_parquet(table)
    before = peak_memory()
    start = time.perf_counter()
    score(loaded, KINDS, records, None, ON)
    first = time.perf_counter() - start
    batch = Batch(loaded, KINDS, records, None, compiled=True)
    batch.judged(ON)
    batch.judged(ON)
    kernel, busy = best(lambda: batch.judged(ON)), best(lambda: batch.judged(ON), clock=time.process_time)
    peak = peak_memory()
    batch.standings(ON)
    coded = in_codes(records)
    return {
        "first": first,
        "lower": best(lambda: Batch(loaded, KINDS, records, None), 3),
        "lower coded": best(lambda: Batch(loaded, KINDS, coded, None), 3),
        "day": best_of_new(loaded, records),
        "kernel": kernel,
        "busy": busy,
        "score": best(lambda: score(loaded, KINDS, records, None, ON), 3),
        "memory": peak / 1024,
        "table": before / 1024,
        "by hand": batch.by_hand,
    }


def in_codes(records: pl.DataFrame) -> pl.DataFrame:
    """Return the records in order of subject and act, with texts as dictionary codes."""
    texts = pl.col("subject", "kind", "occurrence", *(n for n, a in KINDS.attributes.items() if a.type == "code"))
    return records.sort("subject", "act").with_columns(texts.cast(pl.Categorical))


def best_of_new(loaded: Any, records: pl.DataFrame) -> float:
    """Return the least seconds of the first day that a batch is judged on."""
    from goodstanding.engine.batch import Batch

    batches = [Batch(loaded, KINDS, records, None, compiled=True) for _ in range(3)]
    return best(lambda: batches.pop().judged(ON), 3)


def compiling(scheme: str) -> dict[str, float]:
    """Time what it takes to make a policy's machine code, or to load it where it was made before."""
    from goodstanding.engine.compiled import running
    from goodstanding.engine.compiled.folding import program

    loaded = read_policy(shipped("policies") / scheme)
    start = time.process_time()
    running.compiled(program(loaded.policy, KINDS))
    return {"seconds": time.process_time() - start}


def first_use(scheme: str, table: str) -> dict[str, float]:
    """Time what a fresh process needs from the policy's file to the standings, imports included."""
    start = time.perf_counter()
    from goodstanding.engine.batch import score

    loaded, records = read_policy(shipped("policies") / scheme), pl.read_parquet(table)
    score(loaded, KINDS, records, None, ON)
    return {"seconds": time.perf_counter() - start}


def fresh(what: str, scheme: str, table: Path | str, cache: Path) -> dict[str, float]:
    """Run one of the two above in a process of its own, with compiled code kept in `cache`."""
    command = [sys.executable, __file__, what, scheme, str(table)]
    done = subprocess.run(
        command, env=os.environ | {"GOODSTANDING_CACHE": str(cache)}, stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout)


def figures(records: int, folder: Path) -> Iterator[tuple[str, float, str, str]]:
    """Give name, value, unit and target of every figure."""
    random = np.random.default_rng(1)
    tables = {
        "cn-wendeng": wendeng(records, records // 5, random),
        "uk-food-hygiene": food(records, records // 2, random),
    }
    register = folder / "register.parquet"
    food(ESTABLISHMENTS, ESTABLISHMENTS, random).write_parquet(register)
    for scheme in sorted(folder.name for folder in shipped("policies").iterdir()):
        yield f"compile-{scheme}", fresh("compiling", scheme, "-", folder / "a")["seconds"], "s", "2 s"
        yield f"load-{scheme}", fresh("compiling", scheme, "-", folder / "a")["seconds"], "s", "0.2 s"
    yield "register-first", fresh("first_use", "uk-food-hygiene", register, folder / "b")["seconds"], "s", "3 s"
    yield "register-cached", fresh("first_use", "uk-food-hygiene", register, folder / "b")["seconds"], "s", "2 s"
    for scheme, table in tables.items():
        name = scheme.split("-")[1]
        yield f"exact-{name}", agree(scheme, table) / 1e3, "k records/s", "1 k records/s"
        table.write_parquet(folder / f"{scheme}.parquet")
        found = fresh("measured", scheme, folder / f"{scheme}.parquet", folder / "a")
        yield f"kernel-{name}", records / found["kernel"] / 1e6, "M records/s", "50 M records/s"
        yield f"busy-{name}", found["busy"] / records * 1e9, "ns a record", "40 ns a record"
        yield f"day-{name}", records / found["day"] / 1e6, "M records/s", "50 M records/s"
        yield f"lower-{name}", records / found["lower"] / 1e6, "M records/s", "5 M records/s"
        yield f"lower-coded-{name}", records / found["lower coded"] / 1e6, "M records/s", "5 M records/s"
        yield f"score-{name}", records / found["score"] / 1e6, "M records/s", "1 M records/s"
        yield f"memory-{name}", found["memory"] - found["table"], "MB beside the table", "1000 MB"
        yield f"by-hand-{name}", found["by hand"], "subjects", "0 subjects"


def machine() -> dict[str, Any]:
    cpu = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": cpu[0] if cpu else platform.machine(), "cores": os.cpu_count(), "memory GB": round(memory),
            "load before": round(os.getloadavg()[0], 1), "python": platform.python_version()}  # fmt: skip


def main(records: int) -> None:
    result: dict[str, Any] = {"machine": machine(), "date": str(dt.datetime.now(dt.UTC).date()), "records": records}
    result["figures"] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, value, unit, target in figures(records, Path(folder)):
            print(f"{name}: {value:.3g} {unit} (target {target})", flush=True)
            result["figures"][name] = {"value": round(value, 4), "unit": unit, "target": target}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["compiling"]:
        print(json.dumps(compiling(sys.argv[2])))
    elif sys.argv[1:2] in (["first_use"], ["measured"]):
        print(json.dumps(globals()[sys.argv[1]](sys.argv[2], sys.argv[3])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
