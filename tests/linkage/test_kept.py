"""Kept subjects: a delivery that is linked with them gets the links that linking all again gives."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.linkage import kept
from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.linking import costs, links
from goodstanding.linkage.models import Model
from goodstanding.linkage.training import train

COLUMNS = Columns(
    key="id",
    fields=(
        Field(column="name", role="name"),
        Field(column="born", role="date"),
        Field(column="town", role="place"),
    ),
)
_GIVEN = ("anna", "bela", "carl", "dora", "emil", "fina", "gust", "hilda")


def _rows(seed: int, count: int, first: str) -> pl.DataFrame:
    """Return rows about few people, so that many of them agree in much."""
    draw = random.Random(seed)
    rows = [
        {
            "id": f"{first}{number}",
            "name": draw.choice([None, f"{draw.choice(_GIVEN)} {draw.choice('klmnp')}o{draw.choice('rst')}man"]),
            "born": draw.choice([None, f"19{draw.randrange(60, 63)}-0{draw.randrange(1, 9)}-11"]),
            "town": draw.choice([None, "delft", "gouda", "leiden", "leidem"]),
        }
        for number in range(count)
    ]
    return prepared(pl.DataFrame(rows, schema=dict.fromkeys(("id", "name", "born", "town"), pl.String)), COLUMNS)


@pytest.fixture(scope="module")
def model() -> Model:
    return train(_rows(1, 500, "a"), _rows(2, 500, "b"), COLUMNS, {})


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**30), cuts=st.lists(st.integers(1, 119), unique=True, max_size=3))
def test_a_delivery_gets_the_links_that_linking_all_again_gives(model: Model, seed: int, cuts: list[int]) -> None:
    subjects, records = _rows(seed, 120, "a"), _rows(seed + 1, 40, "b")
    with TemporaryDirectory() as name:
        folder = Path(name) / "kept"
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 120], strict=True):
            held = kept.keep(folder, subjects[start:end], model)
        assert held == 120
        by_itself = pl.concat(kept.linked(folder, records[part : part + 20], least=-30) for part in (0, 20))
        counted = kept.costs(folder, records)
    together = links(model, subjects, records, least=-30)
    assert together.height > 10
    assert by_itself.sort("left", "right").equals(together)
    assert counted.drop("value").equals(costs(model, subjects, records).drop("value"))


def test_a_subject_is_kept_once_and_under_one_model(model: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a linkage model"):
        kept.keep(tmp_path / "kept", _rows(3, 5, "a"))
    kept.keep(tmp_path / "kept", _rows(3, 5, "a"), model)
    with pytest.raises(InputError, match=r"'a[0-4]' is kept already"):
        kept.keep(tmp_path / "kept", _rows(3, 5, "a"))
    other = Model(model.settings, model.columns, model.keys, {"another": 1}, model.frequencies, model.crowds)
    with pytest.raises(InputError, match="another model"):
        kept.keep(tmp_path / "kept", _rows(3, 5, "b"), other)
    assert [path.name for path in sorted((tmp_path / "kept").iterdir())] == ["model", "rows-000001"]


def test_a_run_that_costs_too_much_is_refused_with_the_key_and_the_value_that_cost_it(
    model: Model, tmp_path: Path
) -> None:
    kept.keep(tmp_path / "kept", _rows(5, 50, "a"), model)
    one = _rows(6, 1, "b").with_columns(name=pl.lit("anna korman"))
    many = pl.concat([one.with_columns(key=pl.lit(f"b{number}")) for number in range(30)])
    with pytest.raises(InputError, match=r"more than 5; .* rows have the value '.*'. Expected a value that tells"):
        kept.linked(tmp_path / "kept", many, most=5)
    with pytest.raises(InputError, match="more than 5; "):
        links(model, many, many.with_columns(key="c" + pl.col("key")), most=5)
