"""The peers beside us, in a virtual environment of their own: `python benchmarks/peers (check | time) FILE DAY SAMPLE`.

FILE holds the dossiers of one scheme. `check` prints what each peer answers for the first SAMPLE of them, one by one
and all at once; `time` prints the seconds that each takes for one dossier and for all. Both as JSON on one line.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import plain
import with_cel
import with_openfisca
import with_zen
from explaining import BANDS, RATINGS
from tables import Food, Safety, read

PEERS: list[ModuleType] = [with_openfisca, with_zen, with_cel, plain]
ENOUGH = 5.0
"""Seconds after which a measurement is not repeated."""


def best(function: Callable[[], Any]) -> float:
    """Return the least seconds of at most five runs."""
    taken: list[float] = []
    while len(taken) < 5 and sum(taken) < ENOUGH:
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return min(taken)


def check(peer: ModuleType, scheme: str, table: Food | Safety, on: dt.date) -> dict[str, Any]:
    """Return explanations, scores and grades of all dossiers."""
    one = getattr(peer, f"{scheme}_one")
    scores, grades = getattr(peer, f"{scheme}_many")(table, on)
    if isinstance(grades, np.ndarray):
        grades = np.array(RATINGS if scheme == "food" else BANDS)[grades].tolist()
    return {"one": [one(dossier, on) for dossier in table.dossiers()], "many": [np.asarray(scores).tolist(), grades]}


def timed(peer: ModuleType, scheme: str, table: Food | Safety, on: dt.date, sample: int) -> dict[str, Any]:
    """Return seconds for one dossier, for all, and what of the scheme it leaves unstated."""
    one, many = getattr(peer, f"{scheme}_one"), getattr(peer, f"{scheme}_many")
    dossiers = table.head(sample).dossiers()
    return {
        "one": best(lambda: [one(dossier, on) for dossier in dossiers]) / sample,
        "many": best(lambda: many(table, on)),
        "unstated": peer.UNSTATED[scheme],
    }


def main(what: str, file: str, day: str, sample: int) -> None:
    table, on = read(Path(file)), dt.date.fromisoformat(day)
    scheme = "food" if isinstance(table, Food) else "safety"
    answers = {
        peer.NAME: check(peer, scheme, table.head(sample), on)
        if what == "check"
        else timed(peer, scheme, table, on, sample)
        for peer in PEERS
    }
    print(json.dumps(answers, default=str))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
