"""How right links are where the truth is known: precision, recall and F1 with intervals, by group too, and calibration.

A pair is counted half with each of its two records. The subjects are what is taken to be drawn, not the pairs: a
subject with ten records has 45 of them, and they go wrong together. A figure is a ratio of two sums over pairs; its
variance is that of the linearised ratio, where pairs that share a subject depend on each other (Fafchamps and Gubert,
Journal of Development Economics 83 (2007) 326). That makes an effective number of pairs, and Wilson's interval of that
many (`intervals.py`). Where all went right, or all wrong, the subjects are that number: hence nothing is ever certain.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage.intervals import NOT_KNOWN, Figure, gap, ratio, share

CALIBRATION = {
    "pairs": pl.Int64,
    "said": pl.Float64,
    "was": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
}
"""Pairs of a band of weight, their mean probability, the share that was right, and its interval."""
BANDS = (-5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.5, 5.0, 7.5, 10.0)
"""Bits between which weights make a row of the calibration table."""
Floats = npt.NDArray[np.float64]


class Accuracy(NamedTuple):
    """How right links are; beside it how many pairs were found, of those how many are right, and how many there are."""

    precision: Figure
    recall: Figure
    f1: Figure
    found: float
    right: float
    there: float


class Group(NamedTuple):
    """How right the links of one group are, and by how much and how many times more than those of all others."""

    accuracy: Accuracy
    precision_gap: Figure
    recall_gap: Figure
    precision_ratio: Figure
    recall_ratio: Figure


def accuracy(
    links: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None = None, least: float = 0.0
) -> Accuracy:
    """Return how right the links of at least `least` bits are.

    `truth` has the columns `record` and `cluster`, one row a record; `other` is that of the second table where links
    are between two. Records that it does not name, or without a cluster, count nowhere, nor do their links.

    Raises InputError where the truth names a record twice.
    """
    return _accuracy(_of_links(links, truth, other, least))


def group_accuracy(groups: pl.DataFrame, truth: pl.DataFrame) -> Accuracy:
    """Return how right groups are (`groups.GROUPS`): each pair of records in one group counts as found."""
    known = _known(truth)
    grouped = known.drop("group").join(groups, on="record", how="left")
    alone = pl.col("group").is_null()
    sides = grouped.select(
        "cluster",
        there=(pl.len().over("cluster") - 1) / 2,
        found=pl.when(alone).then(0.0).otherwise((pl.len().over("group") - 1) / 2),
        right=pl.when(alone).then(0.0).otherwise((pl.len().over("group", "cluster") - 1) / 2),
    )
    return _accuracy(sides)


def by_group(
    links: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None = None, least: float = 0.0
) -> dict[str, Group]:
    """Return how right links are for each value of the column `group` of the truth, in order, with the gaps.

    A pair between two groups counts half in each. Groups are the caller's: origin of name only of synthetic people.
    """
    sides = _of_links(links, truth, other, least)
    found = {}
    for name in sides["group"].drop_nulls().unique().sort():
        own = _accuracy(sides.filter(pl.col("group") == name))
        others = _accuracy(sides.filter(pl.col("group") != name))
        found[name] = Group(
            own,
            gap(own.precision, others.precision),
            gap(own.recall, others.recall),
            ratio(own.precision, others.precision),
            ratio(own.recall, others.recall),
        )
    return found


def calibration(links: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what probabilities were worth, a row for each band of weight that has pairs, columns `CALIBRATION`."""
    pairs = _judged(links, truth, other)
    band = np.searchsorted(np.array(BANDS), pairs["weight"].to_numpy(), side="right")
    rows = []
    for place in np.unique(band):
        inside = pairs.filter(pl.Series(band == place))
        was = _accuracy(_sides(inside, truth, other)).precision
        rows.append((inside.height, inside["probability"].mean(), was.value, was.low, was.high))
    return pl.DataFrame(rows, schema=CALIBRATION, orient="row")


def best_threshold(links: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None = None) -> float:
    """Return the weight from which on links have the highest F1; 0 without links.

    What was chosen by a truth says nothing about it: report on other subjects (`halves`).
    """
    tries = _judged(links, truth, other).group_by("weight").agg(pl.len(), pl.col("right").sum())
    if tries.is_empty():
        return 0.0
    tries = tries.sort("weight", descending=True)
    there = _there(_known(truth), None if other is None else _known(other))["there"].sum()
    score = 2 * pl.col("right").cum_sum() / (pl.col("len").cum_sum() + there)
    return float(tries.with_columns(score=score).sort("score", "weight", descending=True)["weight"][0])


def halves(truth: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the truth of two halves of the subjects, by a hash of the cluster: one to choose on, one to try on."""
    second = pl.col("cluster").cast(pl.String).hash(3) % 2 == 1
    return truth.filter(~second), truth.filter(second)


def _known(truth: pl.DataFrame) -> pl.DataFrame:
    wanted = [name for name in ("record", "cluster", "group") if name in truth.columns]
    known = truth.select(wanted).drop_nulls("cluster")
    if known["record"].is_duplicated().any():
        twice = known.filter(pl.col("record").is_duplicated())["record"][0]
        raise InputError(f"the truth names record {str(twice)[:100]} twice; expected one row for each record")
    return known if "group" in wanted else known.with_columns(group=pl.lit(None, pl.String))


def _there(left: pl.DataFrame, right: pl.DataFrame | None) -> pl.DataFrame:
    """Return each record with half the pairs of one subject that it is in."""
    if right is None:
        return left.with_columns(table=0, there=(pl.len().over("cluster") - 1) / 2)
    both = []
    for table, (own, other) in enumerate(((left, right), (right, left))):
        mates = other.group_by("cluster").agg(there=pl.len() / 2)
        both.append(own.join(mates, on="cluster", how="left").with_columns(pl.col("there").fill_null(0.0), table=table))
    return pl.concat(both)


def _judged(links: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None) -> pl.DataFrame:
    """Return the links between records whose subject is known, with both subjects and whether they are one."""
    left = _known(truth)
    right = left if other is None else _known(other)
    return (
        links.join(left.select(left="record", one="cluster"), on="left")
        .join(right.select(right="record", another="cluster"), on="right")
        .with_columns(right_one=pl.col("one") == pl.col("another"))
        .rename({"right": "second", "right_one": "right"})
    )


def _of_links(links: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None, least: float) -> pl.DataFrame:
    return _sides(_judged(links.filter(pl.col("weight") >= least), truth, other), truth, other)


def _sides(pairs: pl.DataFrame, truth: pl.DataFrame, other: pl.DataFrame | None) -> pl.DataFrame:
    """Return each record with its halves of pairs: there, found, and found rightly."""
    sides = _there(_known(truth), None if other is None else _known(other))
    last = 0 if other is None else 1
    ends = pl.concat(
        [pairs.select("right", record="left", table=0), pairs.select("right", record="second", table=last)],
    )
    each = ends.group_by("record", "table").agg(found=pl.len() / 2, right=pl.col("right").sum() / 2)
    return sides.join(each, on=["record", "table"], how="left").with_columns(pl.col("found", "right").fill_null(0.0))


def _accuracy(sides: pl.DataFrame) -> Accuracy:
    each = sides.group_by("cluster").agg(pl.col("there", "found", "right").sum()).sort("cluster")
    there, found, right = (each[name].to_numpy() for name in ("there", "found", "right"))
    wrong, none = found - right, np.zeros(len(found))
    return Accuracy(
        _ratio(right, right, wrong),
        _ratio(right, there, none),
        _ratio(2 * right, right + there, wrong),
        float(found.sum()),
        float(right.sum()),
        float(there.sum()),
    )


def _ratio(part: Floats, whole: Floats, wrong: Floats) -> Figure:
    """Return the ratio of a sum over subjects to another, to which pairs across two subjects (`wrong`) add.

    These come here half with each subject, and count whole in what either is off, once less in their own square.
    """
    total, subjects = float((whole + wrong).sum()), int((whole + wrong > 0).sum())
    if not subjects:
        return NOT_KNOWN
    value = float(part.sum()) / total
    off = part - value * (whole + 2 * wrong)
    squares = float(off @ off) - value**2 * float(wrong.sum())
    variance = squares / total**2 * subjects / max(subjects - 1, 1)
    size = min(value * (1 - value) / variance, total) if variance > 0 and 0 < value < 1 else subjects
    return share(value, size, round(total))
