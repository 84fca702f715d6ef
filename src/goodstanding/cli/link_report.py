"""The report of a run of `goodstanding link`: one page, without network, that a screen reader can read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import polars as pl
import yaml
from jinja2 import Environment, StrictUndefined

if TYPE_CHECKING:
    from goodstanding.facts.catalogue import Language
    from goodstanding.linkage.columns import Columns
    from goodstanding.linkage.models import Model

_BARS = 40
"""Bars of the histogram, at most."""


@dataclass(frozen=True)
class Measure:
    """Pairs by what is true of them: `found` of the `true` pairs are among the `links`."""

    links: int
    true: int
    found: int

    def shares(self) -> dict[str, float]:
        """Return precision, recall and F1, from 0 to 1; 0 where nothing is there to divide by."""
        return {
            "precision": self.found / self.links if self.links else 0.0,
            "recall": self.found / self.true if self.true else 0.0,
            "F1": 2 * self.found / (self.links + self.true) if self.links + self.true else 0.0,
        }


@dataclass(frozen=True)
class Run:
    """What was read, how it was compared, and what was found."""

    names: list[str]
    tables: list[pl.DataFrame]
    columns: Columns
    model: Model
    links: pl.DataFrame
    least: float
    measure: Measure | None


def measured(links: pl.DataFrame, tables: list[pl.DataFrame], key: str, truth: str) -> Measure:
    """Compare links with the pairs of rows whose cell of `truth` is the same; an empty cell is nobody's."""
    sides = [table.select(key=pl.col(key).cast(pl.String), truth=pl.col(truth).cast(pl.String)) for table in tables]
    joined = links.join(sides[0], left_on="left", right_on="key").join(
        sides[-1], left_on="right", right_on="key", suffix="_right"
    )
    counts = [side.drop_nulls("truth").group_by("truth").len().cast({"len": pl.Int64}) for side in sides]
    if len(sides) == 1:
        true = counts[0].select((pl.col("len") * (pl.col("len") - 1) // 2).sum()).item()
    else:
        true = counts[0].join(counts[1], on="truth").select((pl.col("len") * pl.col("len_right")).sum()).item()
    return Measure(links.height, int(true), joined.filter(pl.col("truth") == pl.col("truth_right")).height)


def histogram(weights: pl.Series) -> list[tuple[int, int, int]]:
    """Return bars (from, below, pairs) of equal whole bits that hold every weight, empty ones between included."""
    if weights.is_empty():
        return []
    low, high = math.floor(weights.min()), math.floor(weights.max()) + 1  # type: ignore[arg-type]
    width = -(-(high - low) // _BARS)
    places = ((weights - low) / width).floor().cast(pl.Int64).value_counts(name="pairs")
    pairs = dict(places.rows())
    return [(low + n * width, low + (n + 1) * width, pairs.get(n, 0)) for n in range(-(-(high - low) // width))]


def report(run: Run, language: Language) -> str:
    """Return the page in a language; all that came from the files is escaped."""
    here = files("goodstanding.cli")
    texts = yaml.safe_load(here.joinpath("link_report.yaml").read_text(encoding="utf-8"))
    words = {name: said[language] for name, said in texts.items()}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(here.joinpath("link_report.html").read_text(encoding="utf-8"))
    filled = [
        (field, [1 - table[field.column].null_count() / table.height for table in run.tables])
        for field in run.columns.fields
    ]
    sides = [run.links["left"], run.links["right"]]
    sides = sides if len(run.tables) > 1 else [pl.concat(sides)]
    rows = [
        (name, table.height, side.n_unique()) for name, table, side in zip(run.names, run.tables, sides, strict=True)
    ]
    return template.render(
        language="zh-Hans" if language == "zh" else language,
        words=words,
        run=run,
        files=rows,
        filled=filled,
        bars=histogram(run.links["weight"]),
    )
