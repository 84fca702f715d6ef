"""The dossiers as the measuring process wrote them: columns of whole numbers, days counted from 1970."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from explaining import MONTHS, SCORES

Array = np.ndarray[Any, Any]
Answers = tuple[Sequence[int] | Array, Sequence[str] | Array]
"""The scores and grades of many; grades as names, or as an array of places in the order of the grades."""
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Food:
    """One inspection an establishment: its day and the three scores."""

    day: Array
    scores: tuple[Array, ...]

    def head(self, many: int) -> Food:
        """Return the first dossiers."""
        return Food(self.day[:many], tuple(column[:many] for column in self.scores))

    def dossiers(self) -> list[list[dict[str, Any]]]:
        """Return the dossiers one by one."""
        rows = zip(self.day.tolist(), *(column.tolist() for column in self.scores), strict=True)
        return [
            [{"id": str(number), "act": date(day), **dict(zip(SCORES, scores, strict=True))}]
            for number, (day, *scores) in enumerate(rows)
        ]


@dataclass(frozen=True)
class Safety:
    """The events of firms: those of firm i lie from offsets[i] to offsets[i + 1], in order of their day."""

    day: Array
    event: Array
    offsets: Array

    def head(self, many: int) -> Safety:
        """Return the first dossiers."""
        last = self.offsets[many]
        return Safety(self.day[:last], self.event[:last], self.offsets[: many + 1])

    def dossiers(self) -> list[list[dict[str, Any]]]:
        """Return the dossiers one by one."""
        rows = [
            {"id": str(number), "act": date(day), "event": event}
            for number, (day, event) in enumerate(zip(self.day.tolist(), self.event.tolist(), strict=True))
        ]
        return [rows[first:last] for first, last in pairwise(self.offsets.tolist())]

    def pairs(self) -> Iterator[list[list[int]]]:
        """Yield the events of firm after firm, each as day and number."""
        rows = np.column_stack([self.day, self.event]).tolist()
        return (rows[first:last] for first, last in pairwise(self.offsets.tolist()))


def read(path: Path) -> Food | Safety:
    """Read what the measuring process wrote for one scheme."""
    columns = np.load(path)
    if "event" in columns:
        return Safety(columns["day"], columns["event"], columns["offsets"])
    return Food(columns["day"], tuple(columns[name] for name in SCORES))


def date(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)


def window(on: dt.date) -> int:
    """Return the day, counted from 1970, after which an event still counts (for days up to the 28th of a month)."""
    year, month = divmod(on.year * 12 + on.month - 1 - MONTHS, 12)
    return (dt.date(year, month + 1, on.day) - EPOCH).days
