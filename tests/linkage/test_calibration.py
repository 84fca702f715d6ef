"""A probability means what it says: of the pairs with 0.9 nine in ten are of one person; of people who do not exist."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import linked, people
from goodstanding.linkage.columns import prepared
from goodstanding.linkage.linking import links
from goodstanding.linkage.training import train

ROWS = 20_000
_BANDS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.999)
_SURE = 0.9
"""From here on a link may be made by itself; below, a person looks: what is said may be too little, never too much."""


@pytest.mark.parametrize("seed", [3, 4])
def test_probabilities_are_the_shares_of_pairs_that_belong_together(seed: int) -> None:
    table = people.records(0, ROWS, seed)
    columns = linked.COLUMNS["people"]
    rows = prepared(table, columns)
    model = train(rows, None, columns, {})
    person = dict(table.select("id", "person").iter_rows())
    found = links(model, rows, None, least=-12)
    probability = found["probability"].to_numpy()
    same = np.array([person[left] == person[right] for left, right in found.select("left", "right").iter_rows()])
    assert same.sum() > 0.98 * ROWS * people.AGAIN
    for low, high in zip((0.0, *_BANDS), (*_BANDS, 1.1), strict=True):
        band = (probability >= low) & (probability < high)
        if band.sum() < 20:
            continue
        said, was = probability[band].mean(), same[band].mean()
        chance = 3 * np.sqrt((probability[band] * (1 - probability[band])).sum()) / band.sum() + 0.005
        assert said < was + chance, (low, said, was)
        assert was < said + chance or low < _SURE, (low, said, was)
    assert model.prior == pytest.approx(np.log2(ROWS * people.AGAIN / (ROWS * (ROWS - 1) / 2)), abs=0.2)
