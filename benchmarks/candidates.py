"""Candidates of rows without a number: CPU seconds, memory and what is found, on the embedded PostgreSQL.

python -m benchmarks.candidates [ORGANISATIONS] [CASES]: generated names in Latin letters and Han characters, each case
a name with one slip of the pen and nothing else. The model is learned from other generated names.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import polars as pl

from benchmarks.figures import Figures
from benchmarks.ledger import TODAY, founded, server
from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.models import write_model
from goodstanding.linkage.training import train
from goodstanding.register.deliveries import inforce, reviewing
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register

SEED = 20261123
COLUMNS = Columns(key="key", fields=(Field(column="name", role="organisation"), Field(column="place", role="place")))
_SYLLABLES = ("ba", "de", "ki", "lo", "mu", "na", "po", "ri", "sa", "tu", "ve", "zo", "fer", "gal", "hol", "jun", "mar")
_CHARACTERS = "".join(chr(0x4E00 + 41 * at) for at in range(400))
_TRADES = ["Bakery", "Kitchen", "Tavern", "Dairy", "Grill", "Foods", "Catering", "Cafe", "Butchers", "Farm"]
_HOUSES = ["饭店", "酒家", "面馆", "食品", "超市"]


def names(draw: random.Random, count: int) -> list[str]:
    """Return names, one in four in Han characters."""

    def word() -> str:
        return "".join(draw.choice(_SYLLABLES) for _ in range(3)).title()

    return [
        "".join(draw.sample(_CHARACTERS, 4)) + draw.choice(_HOUSES)
        if at % 4 == 0
        else f"{word()} {word()} {draw.choice(_TRADES)}"
        for at in range(count)
    ]


def slipped(draw: random.Random, name: str) -> str:
    """Return a name with one letter or character of its first four changed."""
    at = draw.randrange(1, 4)
    other = draw.choice("aeiouxyz") if name.isascii() else draw.choice(_CHARACTERS)
    return name[:at] + other + name[at + 1 :]


def learned(draw: random.Random, folder: Path) -> None:
    """Learn a model from 20,000 other names, half of them written again with a slip."""
    rows = [
        {"key": str(at), "name": name, "place": draw.choice(_TRADES)} for at, name in enumerate(names(draw, 20_000))
    ]
    again = [row | {"key": f"b{row['key']}", "name": slipped(draw, row["name"])} for row in rows[:10_000]]
    tables = [prepared(pl.DataFrame(some), COLUMNS) for some in (rows, again)]
    write_model(train(tables[0], tables[1], COLUMNS, {"rows": len(rows)}), folder)


def delivered(path: Path, rows: list[tuple[str, str]], first: int) -> Path:
    """Write inspections of organisations, each its number (or none) and its name."""
    table = pl.DataFrame(rows, schema={"subject": pl.String, "name": pl.String}, orient="row")
    plain = {"kind": "food.inspection", "act": "2026-03-01", "authority": "gb.la:1", "basis": "the Code"}
    plain |= {"hygiene": "5", "structural": "5", "confidence": "5"}
    document = pl.format("I-{}", pl.int_range(first, first + table.height)).alias("document")
    table.with_columns(document, *(pl.lit(cell).alias(name) for name, cell in plain.items())).write_csv(path)
    return path


@contextmanager
def measured(figures: Figures, name: str) -> Iterator[None]:
    """Tell the CPU and clock seconds of some work, and the most memory that the process has had."""
    start, clock = time.process_time(), time.perf_counter()
    yield
    figures.only(f"{name}, CPU seconds", round(time.process_time() - start, 1))
    figures.only(f"{name}, seconds", round(time.perf_counter() - clock, 1))
    figures.only(f"{name}, memory MB", round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000))


def main() -> None:
    """Found a register, deliver organisations and cases, and look for candidates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("organisations", type=int, nargs="?", default=200_000)
    parser.add_argument("cases", type=int, nargs="?", default=2_000)
    asked = parser.parse_args()
    draw, figures = random.Random(SEED), Figures("candidates", SEED)
    with tempfile.TemporaryDirectory(prefix="candidates-") as name:
        folder = Path(name)
        try:
            _measure(founded(server(folder / "postgresql")), folder, draw, figures, asked)
        finally:
            embedded.stop(folder / "postgresql")
    raise SystemExit(figures.write())


def _measure(
    register: Register, folder: Path, draw: random.Random, figures: Figures, asked: argparse.Namespace
) -> None:
    known = names(draw, asked.organisations)
    path = delivered(folder / "known.csv", [(f"gb.company:{at:08}", name) for at, name in enumerate(known, 1)], 0)
    deliver(register, "gb.fsa", path, TODAY)
    learned(draw, folder / "model")
    inforce.give(register, folder / "model", Decimal(1000), Decimal(0), "A. Jansen")
    of = draw.sample(range(len(known)), 2 * asked.cases)
    for turn, some in (("first search", of[: asked.cases]), ("next cases", of[asked.cases :])):
        rows = [("", slipped(draw, known[at])) for at in some]
        path = delivered(folder / f"{turn}.csv", rows, len(known) if turn == "first search" else 2 * len(known))
        deliver(register, "gb.fsa", path, TODAY)
        with measured(figures, turn):
            reviewing.find(register)
    with measured(figures, "nothing new"):
        reviewing.find(register)
    waits = reviewing.waiting(register)
    there = first = 0
    for one, at in zip(waits, of, strict=True):
        subject = by_identifier(register, f"gb.company:{at + 1:08}")
        ids = [some.subject_id for some in one.candidates]
        there += subject is not None and subject.id in ids
        first += bool(ids) and subject is not None and subject.id == ids[0]
    figures.only("cases whose organisation is a candidate, share", round(there / len(waits), 4))
    figures.only("and the likeliest, share", round(first / len(waits), 4))
    figures.only("candidates of a case, mean", round(sum(len(one.candidates) for one in waits) / len(waits), 2))


if __name__ == "__main__":
    main()
