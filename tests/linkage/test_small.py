"""Small files, few columns, missing cells: the default threshold is near the best, the prior near the truth.

What is in them is made from a seed (`benchmarks/unlike.py`).
"""

from __future__ import annotations

import random
from math import log2

import polars as pl
import pytest

from benchmarks import unlike
from goodstanding.linkage.columns import Columns, Field, Role, prepared
from goodstanding.linkage.linking import links
from goodstanding.linkage.training import train

ROLES: dict[str, Role] = {"company": "organisation", "street": "address", "postcode": "postcode", "town": "place"}


def _registers(organisations: int, gone: float) -> list[pl.DataFrame]:
    """Return two registers with about three in four of the organisations each; of the addresses, a share is gone."""
    draw = random.Random(f"{organisations} {gone}")
    sides: list[list[unlike.Row]] = [[], []]
    for cluster, one in enumerate(unlike._companies(organisations, draw)):
        for side in sides:
            if draw.random() < 0.7:
                told = unlike._told(one, draw)
                kept = {name: None if name != "company" and draw.random() < gone else told[name] for name in told}
                side.append({"cluster": str(cluster), **kept})
    return [unlike._table(side, first, draw) for side, first in zip(sides, "ab", strict=True)]


def _found(tables: list[pl.DataFrame], *compared: str) -> tuple[float, float, float, float]:
    """Return F1 at even odds, F1 at the best threshold, the model's prior and the right one, in bits."""
    columns = Columns(key="id", fields=tuple(Field(column=name, role=ROLES[name]) for name in compared))
    left, right = (prepared(table, columns) for table in tables)
    model = train(left, right, columns, {})
    cluster = dict(row for table in tables for row in table.select("id", "cluster").iter_rows())
    found = sorted(((w, cluster[a] == cluster[b]) for a, b, w, _ in links(model, left, right, -10).iter_rows()))[::-1]
    there = tables[0].join(tables[1], on="cluster").height
    right_ones = best = even = 0.0
    for place, (weight, true) in enumerate(found, 1):
        right_ones += true
        best = max(best, 2 * right_ones / (place + there))
        even = 2 * right_ones / (place + there) if weight >= 0 else even
    return even, best, model.prior, log2(there / (left.height * right.height))


@pytest.mark.parametrize("organisations", [150, 600])
def test_small_registers_are_linked_as_large_ones(organisations: int) -> None:
    even, _, prior, right = _found(_registers(organisations, 0), *ROLES)
    assert even > 0.95
    assert prior == pytest.approx(right, abs=0.2)


def test_names_are_linked_where_most_addresses_are_missing() -> None:
    even, best, prior, right = _found(_registers(1_000, 0.5), *ROLES)
    assert even > 0.75
    assert even > best - 0.05
    assert prior == pytest.approx(right, abs=0.4)


def test_a_file_with_names_alone_gets_links() -> None:
    even, best, _, _ = _found(_registers(300, 0), "company")
    assert even > 0.6
    assert even > best - 0.1
