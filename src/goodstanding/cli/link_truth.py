"""How right the links of a run are, where a column of the files says which rows are one subject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from goodstanding.linkage.columns import KEY

if TYPE_CHECKING:
    from goodstanding.cli.link_run import Asked, Found
    from goodstanding.linkage.accuracy import Accuracy
    from goodstanding.linkage.intervals import Figure


class Measured(NamedTuple):
    """How right pairs are, and groups where one file is linked with itself; `calibration`: what probabilities were."""

    pairs: Accuracy
    groups: Accuracy | None
    calibration: pl.DataFrame

    def figures(self) -> Iterator[tuple[str, str, Figure]]:
        """Yield each figure with what it is of (pairs, groups) and its name."""
        for of, one in (("pairs", self.pairs), ("groups", self.groups)):
            if one is not None:
                yield from ((of, name, getattr(one, name)) for name in ("precision", "recall", "f1"))


def measured(asked: Asked, found: Found) -> Measured:
    """Measure links by the column `truth`; rows where it is empty count nowhere."""
    from goodstanding.linkage.accuracy import accuracy, calibration, group_accuracy

    truth = [table.select(record=KEY, cluster="truth") for table in asked.tables]
    other = None if asked.within else truth[1]
    groups = found.groups.select(record=KEY, group=pl.col("group").cast(pl.String)) if asked.within else None
    return Measured(
        accuracy(found.links, truth[0], other, asked.least),
        None if groups is None else group_accuracy(groups, truth[0]),
        calibration(found.seen, truth[0], other),
    )
