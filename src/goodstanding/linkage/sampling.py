"""How right links are where nobody knows the truth: which pairs a person reads, and what follows from the answers.

Strata: side (linked, below the threshold, a record alone), band of weight, source, group. Each gets readings by how
much it could move the result, the number of its members times the deviation within it (Neyman, JRSS 97 (1934) 558),
in whole readings by equal proportions (Wright, The American Statistician 66 (2012) 217). Recall needs what was not
linked: pairs below the threshold that were looked at, and records without any, for which a reader searches by hand.

The estimate is a sum over strata of members times the share of answers "same". Its variance is that of the finite
population: what was read is known, what was not is drawn given it, from Jeffreys' prior in each stratum (Ericson, JRSS
B 31 (1969) 195; Brown, Cai and DasGupta, Statistical Science 16 (2001) 101); the interval is Wilson's of as many
answers as would leave that variance. So a stratum that was read whole adds no doubt, few answers give wide intervals,
and no answers none: not known.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from goodstanding.linkage.intervals import NOT_KNOWN, Figure, share

Side = Literal["linked", "below", "alone"]
UNITS = {
    "left": pl.String,
    "right": pl.String,
    "weight": pl.Float64,
    "side": pl.String,
    "band": pl.Int64,
    "source": pl.String,
    "group": pl.String,
    "members": pl.Int64,
}
"""What is to be read: a pair, or a record alone (`right` is null), with its stratum and how many are in that."""
STRATA = ["side", "band", "source", "group"]
BANDS = (-5.0, -2.0, 0.0, 3.5, 7.0)
"""Bits above the threshold, between which weights are of one band."""
_LEAST_CHANCE = 0.02
"""A model is not believed to be surer of a stratum than this: else nobody would look where it is wrong and sure."""
_ALONE_CHANCE = 0.05
_DRAWS = 4000


class Estimate(NamedTuple):
    """How right links are by what people answered; each figure says on how many answers it rests."""

    precision: Figure
    recall: Figure
    f1: Figure


def strata(links: pl.DataFrame, alone: pl.DataFrame, threshold: float = 0.0) -> pl.DataFrame:
    """Return every pair that was looked at, and every record alone, as units with their strata, columns `UNITS`.

    `links` has the columns of `linking.LINKS`, `alone` the column `left`; both may say `source` and `group`.
    """
    above = pl.col("weight") - threshold
    band = sum(((above >= edge).cast(pl.Int64) for edge in BANDS), pl.lit(0, pl.Int64))
    side = pl.when(above >= 0).then(pl.lit("linked")).otherwise(pl.lit("below"))
    pairs = _whole(links).with_columns(side=side, band=band)
    single = _whole(alone).with_columns(side=pl.lit("alone"), band=pl.lit(0, pl.Int64))
    units = pl.concat([pairs, single], how="diagonal").with_columns(members=pl.len().over(STRATA).cast(pl.Int64))
    chance = pl.col("probability").mean().over(STRATA).clip(_LEAST_CHANCE, 1 - _LEAST_CHANCE).fill_null(_ALONE_CHANCE)
    return units.select(*UNITS, spread=pl.col("members") * (chance * (1 - chance)).sqrt()).sort("left", "right")


def _whole(units: pl.DataFrame) -> pl.DataFrame:
    for name in ("source", "group"):
        units = units.with_columns(pl.col(name).fill_null("") if name in units.columns else pl.lit("").alias(name))
    absent = {"right": pl.String, "weight": pl.Float64, "probability": pl.Float64}
    return units.with_columns(pl.lit(None, kind).alias(name) for name, kind in absent.items() if name not in units)


def to_read(
    links: pl.DataFrame, size: int, seed: int, *, alone: pl.DataFrame | None = None, threshold: float = 0.0
) -> pl.DataFrame:
    """Return which pairs and records alone a person is asked, at most `size`, columns `UNITS`, in order.

    The same for the same links and seed, in whatever order these come; who is asked of depends on no value of a record.
    """
    alone = pl.DataFrame(schema={"left": pl.String}) if alone is None else alone
    units = strata(links, alone, threshold)
    there = units.select(*STRATA, "members", "spread").unique().sort(STRATA)
    shares = _apportioned(there["members"].to_list(), there["spread"].to_list(), size)
    chosen = there.select(STRATA).with_columns(wanted=pl.Series(shares, dtype=pl.Int64))
    lots = [_lot(seed, left, right) for left, right in units.select("left", "right").iter_rows()]
    drawn = units.with_columns(lot=pl.Series(lots, dtype=pl.String)).join(chosen, on=STRATA)
    drawn = drawn.filter(pl.col("lot").rank("ordinal").over(STRATA) <= pl.col("wanted"))
    return drawn.select(*UNITS).sort("left", "right")


def _lot(seed: int, left: str, right: str | None) -> str:
    return hashlib.sha256(f"{seed}\n{left}\n{right or ''}".encode(errors="surrogatepass")).hexdigest()


def _apportioned(members: list[int], spreads: list[float], size: int) -> list[int]:
    """Return how many of each stratum are read: one each, widest first, then where the next one helps most."""
    given = [0] * len(members)
    heap = [(-math.inf, -spread, place) for place, spread in enumerate(spreads)]
    heapq.heapify(heap)
    for _ in range(min(size, sum(members))):
        _, spread, place = heapq.heappop(heap)
        given[place] += 1
        if given[place] < members[place]:
            heapq.heappush(heap, (spread / math.sqrt(given[place] * (given[place] + 1)), spread, place))
    return given


def estimated(answered: pl.DataFrame, seed: int = 1) -> Estimate:
    """Return precision, recall and F1 from strata: columns `side`, `members`, `read` and `same` of those read.

    Precision is of the pairs that are linked, recall of the pairs of one subject that were looked at and of records
    alone whose subject is there. Where a side has members and no answers, what depends on it is not known; a stratum
    without answers in a side that has some is taken to be like it in value, and anything in the interval.
    """
    table = answered.group_by("side", *(name for name in STRATA[1:] if name in answered.columns)).agg(
        pl.col("members", "read", "same").sum()
    )
    sums = {
        side: _side(table.filter(pl.col("side") == side).sort(pl.all()), seed) for side in ("linked", "below", "alone")
    }
    linked, below, alone = (sums[side] for side in ("linked", "below", "alone"))
    size, told = linked.members, linked.read
    precision, recall, f1 = NOT_KNOWN, NOT_KNOWN, NOT_KNOWN
    if size and told:
        precision = _figure(linked.value / size, linked.draws / size, told)
    if (size + below.members + alone.members) and all(side.read or not side.members for side in sums.values()):
        missed, missed_draws = below.value + alone.value, below.draws + alone.draws
        of = told + below.read + alone.read
        if linked.value + missed > 0:
            recall = _figure(
                linked.value / (linked.value + missed), _over(linked.draws, linked.draws + missed_draws), of
            )
        whole, drawn = size + linked.value + missed, size + linked.draws + missed_draws
        if whole > 0:
            f1 = _figure(2 * linked.value / whole, _over(2 * linked.draws, drawn), of)
    return Estimate(precision, recall, f1)


Floats = npt.NDArray[np.float64]


class _Side(NamedTuple):
    """The pairs of one subject on a side: estimated, and drawn; of how many members, how many of them read."""

    value: float
    draws: Floats
    members: int
    read: int


def _side(table: pl.DataFrame, seed: int) -> _Side:
    members, read, same = (table[name].to_numpy().astype(np.int64) for name in ("members", "read", "same"))
    draw = np.random.default_rng([seed, table.height, int(members.sum())])
    like = float(same.sum() / read.sum()) if read.sum() else 0.0
    shares = np.where(read > 0, same / np.maximum(read, 1), like)
    chances = draw.beta(same + 0.5, read - same + 0.5, (_DRAWS, table.height))
    drawn = same + draw.binomial(members - read, chances)
    return _Side(float(members @ shares), drawn.sum(axis=1).astype(float), int(members.sum()), int(read.sum()))


def _over(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _figure(value: float, draws: Floats, of: int) -> Figure:
    """Return a share with Wilson's interval of as many answers as would leave the doubt that the draws have."""
    if draws.min() == draws.max():
        return Figure(value, value, value, of)
    mean = float(draws.mean())
    return share(value, mean * (1 - mean) / float(draws.var()), of)
