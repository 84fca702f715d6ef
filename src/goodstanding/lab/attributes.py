"""The attributes of generated records: amounts, hours, codes and scores, as the text that an agency would send."""

from __future__ import annotations

import numpy as np
import polars as pl

from goodstanding.facts.catalogue import Attribute, Catalogue
from goodstanding.lab.draws import Floats, choice, normal, uniform
from goodstanding.lab.scenario import Number, Scenario


def with_attributes(rows: pl.DataFrame, scenario: Scenario, catalogue: Catalogue) -> pl.DataFrame:
    """Add the attributes of each row's kind as text columns; `rows` has at least the columns kind and is_a.

    Every other column is kept. A required attribute is never null.
    """
    tables = [_of_kind(table, str(kind), scenario, catalogue) for (kind,), table in _by_kind(rows)]
    return pl.concat(tables, how="diagonal").sort("place").drop("place") if tables else rows


def _by_kind(rows: pl.DataFrame) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    return list(rows.with_row_index("place").group_by("kind", maintain_order=True))


def _of_kind(table: pl.DataFrame, kind: str, scenario: Scenario, catalogue: Catalogue) -> pl.DataFrame:
    alike = uniform(scenario.seed, f"{kind}:alike", table.height) < scenario.alike.get(kind, 0)
    common = uniform(scenario.seed, f"{kind}:common", table.height)
    absent = pl.Series(uniform(scenario.seed, f"{kind}:absent", table.height) < scenario.absent.get(kind, 0))
    for name, attribute in catalogue.kinds[kind].attributes.items():
        own = uniform(scenario.seed, f"{kind}:{name}", table.height)
        column = _drawn(table, f"{kind}/{name}", attribute, np.where(alike, common, own), scenario, catalogue)
        present = pl.lit(attribute.required) | ~absent
        table = table.with_columns(pl.when(present).then(column).alias(name))
    return table


def _drawn(
    table: pl.DataFrame, purpose: str, attribute: Attribute, place: Floats, scenario: Scenario, catalogue: Catalogue
) -> pl.Series:
    name = purpose.partition("/")[2]
    if attribute.type == "number" and attribute.values is None:
        spec = scenario.numbers.get(purpose) or scenario.numbers[name]
        return _number(table, spec, normal(scenario.seed, purpose, table.height))
    shares = scenario.shares.get(purpose) or scenario.shares[name]
    return pl.Series(list(shares), dtype=pl.String).gather(pl.Series(choice(place, list(shares.values()))))


def _number(table: pl.DataFrame, spec: Number, deviation: Floats) -> pl.Series:
    """Whole units as text; drawn last of a kind's attributes where it hangs on one of them."""
    median = np.where(table["is_a"] == "organisation", spec.median * spec.organisation, spec.median)
    units = np.maximum(np.rint(median * np.exp(spec.spread * deviation)), spec.least).astype(np.int64)
    for other, values in spec.only.items():
        units = np.where(table[other].is_in(list(values)).to_numpy(), units, 0)
    return pl.Series(units).cast(pl.String)
