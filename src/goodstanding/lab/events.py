"""What happens to whom and when: propensities with a heavy tail, Poisson events, repetition and what follows.

A table of events has the columns who (row of the population), kind, day (days since the start) and occurrence (a
number that the events of one act share).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from goodstanding.facts.catalogue import Catalogue, Kind
from goodstanding.lab.draws import Floats, Ints, heavy_tailed, normal, uniform
from goodstanding.lab.scenario import Follow, Scenario, kind_of

_MOST = 400
"""More events of one kind for one subject are not made; it also ends the sum where a number is all but 1."""
_LAG_SPREAD = 0.8
SCHEMA: dict[str, type[pl.DataType]] = {"who": pl.Int64, "kind": pl.String, "day": pl.Int64, "occurrence": pl.Int64}


def events(scenario: Scenario, subjects: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Draw all events of a city, also those that happen before a person is grown up or are not yet delivered.

    `subjects` is the population with its rows in order; the days of what follows may lie after the end.
    """
    first = pl.concat([_first_events(scenario, subjects, catalogue, is_a) for is_a in ("person", "organisation")])
    again = _repeated(scenario, first, catalogue)
    table = pl.concat([first.with_columns(pl.int_range(pl.len()).alias("occurrence")), again])
    organisations = (subjects["is_a"] == "organisation").to_numpy()
    for place, rule in enumerate(scenario.follows):
        table = pl.concat([table, _following(scenario, rule, place, table, catalogue, organisations)])
    return table


def poisson(numbers: Floats, expected: Floats) -> Ints:
    """Turn uniform numbers into Poisson counts with these means, by inversion."""
    term = np.exp(-expected)
    below, counts = term.copy(), np.zeros(len(numbers), dtype=np.int64)
    for count in range(1, _MOST + 1):
        above = numbers >= below
        if not above.any():
            break
        counts += above
        term = term * expected / count
        below += term
    return counts


def _first_events(scenario: Scenario, subjects: pl.DataFrame, catalogue: Catalogue, is_a: str) -> pl.DataFrame:
    """The events that follow on no other, of persons or of organisations; columns who, kind, day."""
    start = int((subjects["is_a"] == "person").sum()) if is_a == "organisation" else 0
    group = subjects.filter(pl.col("is_a") == is_a)
    seed, spread, factors = scenario.seed, scenario.spread, dict[str, Floats]()
    tables = []
    for kind, spec in catalogue.kinds.items():
        rate = scenario.rates.get(kind, scenario.rates["otherwise"])[is_a == "organisation"]
        if is_a not in spec.subjects or rate == 0:
            continue
        for name, width in ((spec.direction, spread.direction), (spec.context, spread.context)):
            if name not in factors:
                factors[name] = heavy_tailed(seed, f"{is_a}:propensity:{name}", group.height, width)
        factor = factors[spec.direction] * factors[spec.context] * _doing(scenario, kind, group, is_a)
        expected = factor * rate / 1000 * scenario.days / 30.4375
        tables.append(_happening(seed, f"{is_a}:{kind}", expected, scenario.days, start, kind))
    return pl.concat(tables) if tables else pl.DataFrame(schema={name: SCHEMA[name] for name in ("who", "kind", "day")})


def _doing(scenario: Scenario, kind: str, group: pl.DataFrame, is_a: str) -> Floats:
    """Who ever does it: 0 or, so that the rate over all holds, one over the share of those who do."""
    share = scenario.active.get(kind, 1.0)
    does = uniform(scenario.seed, f"{is_a}:{kind}:active", group.height) < share
    for name, columns in scenario.among.items():
        if kind_of(kind, name):
            for column, values in columns.items():
                does &= group[column].cast(pl.String).is_in(list(values)).fill_null(False).to_numpy()
    return np.asarray(does / share, dtype=np.float64)


def _happening(seed: int, purpose: str, expected: Floats, days: int, start: int, kind: str) -> pl.DataFrame:
    """Draw how often and on which days; the n-th events of all subjects share a stream."""
    counts = poisson(uniform(seed, f"{purpose}:count", len(expected)), expected)
    who, day = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for count in range(int(counts.max(initial=0))):
        these = np.flatnonzero(counts > count)
        who.append(these + start)
        day.append((uniform(seed, f"{purpose}:day:{count}", len(expected))[these] * days).astype(np.int64))
    return pl.DataFrame({"who": np.concatenate(who), "day": np.concatenate(day)}).select(
        "who", pl.lit(kind).alias("kind"), "day"
    )


def _repeated(scenario: Scenario, first: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Adverse events that happen again, each in an occurrence of its own."""
    adverse = [kind for kind, spec in catalogue.kinds.items() if spec.direction == "adverse" and not spec.continuing]
    happens = uniform(scenario.seed, "again", first.height) < scenario.again.share
    lag = _lags(scenario.seed, "again", first.height, scenario.again.days)
    return (
        first.with_columns(pl.col("day") + pl.Series(lag))
        .filter(pl.Series(happens) & pl.col("kind").is_in(adverse))
        .with_columns((pl.int_range(pl.len()) + first.height).alias("occurrence"))
    )


def _following(
    scenario: Scenario, rule: Follow, place: int, table: pl.DataFrame, catalogue: Catalogue, organisations: np.ndarray
) -> pl.DataFrame:
    """The events that one rule adds to those so far, where the kind is kept on such a subject."""
    allowed = _kept_on(catalogue.kinds[rule.then], organisations)[table["who"].to_numpy()]
    happens = uniform(scenario.seed, f"follow:{place}", table.height) < rule.share
    lag = _lags(scenario.seed, f"follow:{place}", table.height, rule.days)
    return table.with_columns(pl.lit(rule.then).alias("kind"), pl.col("day") + pl.Series(lag)).filter(
        table["kind"].is_in(list(rule.after)) & pl.Series(happens & allowed)
    )


def _kept_on(spec: Kind, organisations: np.ndarray) -> np.ndarray:
    return np.where(organisations, "organisation" in spec.subjects, "person" in spec.subjects)


def _lags(seed: int, purpose: str, count: int, median: float) -> Ints:
    """Days until what follows: log-normal around the median and at least 1, or 0 where the median is 0."""
    if median == 0:
        return np.zeros(count, dtype=np.int64)
    return np.ceil(median * np.exp(_LAG_SPREAD * normal(seed, f"{purpose}:lag", count))).astype(np.int64)
