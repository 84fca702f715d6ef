"""Linking on a cluster, by Spark on this machine: needs Java and `make test-spark`, which installs Spark."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks import people
from benchmarks.linked import COLUMNS
from goodstanding.facts.errors import InputError
from goodstanding.linkage import cluster, linking
from goodstanding.linkage.columns import prepare
from goodstanding.linkage.models import Model
from goodstanding.linkage.training import train

sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed: make test-spark")
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
ROOT = Path(__file__).parents[2]
LEAST = -5.0


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Two workers, each a process of its own with this Python."""
    patched = pytest.MonkeyPatch()
    patched.setenv("PYSPARK_PYTHON", sys.executable)
    patched.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4", "spark.log.level": "ERROR"}
    begun = sql.SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    yield begun
    begun.stop()
    patched.undo()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path, Path]:
    """Return a model, and prepared subjects and records of people who do not exist."""
    folder = tmp_path_factory.mktemp("cluster")
    people.write(folder / "people.parquet", 8_000, 1)
    people.delivery(8_000, 1_000, 1).write_parquet(folder / "delivery.parquet")
    forms = folder / "people-forms.parquet", folder / "delivery-forms.parquet"
    for name, target in zip(("people", "delivery"), forms, strict=True):
        prepare(folder / f"{name}.parquet", COLUMNS["people"], target)
    return train(forms[0], None, COLUMNS["people"], {}), *forms


@pytest.mark.parametrize("both", [False, True], ids=["within one table", "between two"])
def test_a_cluster_finds_the_links_of_one_machine_with_the_same_weights(
    session: Any, prepared: tuple[Model, Path, Path], both: bool
) -> None:
    model, left, right = prepared
    here = linking.links(model, left, right if both else None, LEAST)
    there = cluster.links(session, model, str(left), str(right) if both else None, LEAST, rows=2_000)
    assert here.height > 400
    assert pl.DataFrame(pl.from_arrow(there.toArrow())).sort("left", "right").equals(here)


def test_a_cluster_refuses_what_costs_too_many_pairs_as_one_machine_does(
    session: Any, prepared: tuple[Model, Path, Path]
) -> None:
    model, left, right = prepared
    said = []
    for other in (None, right):
        for refused in (
            lambda other=other: linking.links(model, left, other, LEAST, most=10),
            lambda other=other: cluster.links(session, model, str(left), other and str(other), LEAST, most=10),
        ):
            with pytest.raises(InputError, match="more than 10") as raised:
                refused()
            said.append(str(raised.value).split(", of which")[0])
    assert said[0] == said[1]
    assert said[2] == said[3]
