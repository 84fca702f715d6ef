"""What holds of links whatever the tables: no order decides, no side, no company, and weights can be taken apart."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.evidence import evidence
from goodstanding.linkage.linking import links, weights
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model, read_model, write_model
from goodstanding.linkage.training import train

COLUMNS = Columns(
    key="id",
    fields=(
        Field(column="given", role="given"),
        Field(column="family", role="family"),
        Field(column="firm", role="organisation"),
        Field(column="born", role="date"),
        Field(column="town", role="place"),
        Field(column="number", role="identifier"),
    ),
)
SCHEMA = dict.fromkeys(("id", *(field.column for field in COLUMNS.fields)), pl.String)
FEW = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
_SEED = st.integers(0, 2**30)


def _raw(seed: int, count: int, first: str) -> pl.DataFrame:
    """Return rows in which each cell may be missing, and that agree in much since there is little to choose from."""
    draw = random.Random(seed)
    pools = {
        "given": ("anna", "anne", "bela", "carl", "karl", "dora"),
        "family": ("de boer", "boer", "jansen", "janssen", "smit", "smith", "ven der"),
        "firm": (
            "Boer Foods BV",
            "Boer Foods",
            "Foods Boer",
            "Smit & Smit",
            "Smit",
            "Delft Marine Ltd",
            "Marine Delft",
        ),
        "born": tuple(
            f"19{year}-0{month}-{day}" for year in (61, 62) for month in (1, 2) for day in ("01", "11", "12")
        ),
        "town": ("delft", "delfgauw", "the hague", "hague", "leiden", "leidem", "new leiden"),
        "number": tuple(str(number) for number in range(1000, 1100)),
    }
    rows = [
        {"id": f"{first}{place}"} | {name: draw.choice([*pool, None]) for name, pool in pools.items()}
        for place in range(count)
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def _rows(seed: int, count: int, first: str) -> pl.DataFrame:
    return prepared(_raw(seed, count, first), COLUMNS)


def _same(one: pl.DataFrame, other: pl.DataFrame) -> None:
    assert_frame_equal(one.sort("left", "right"), other.sort("left", "right"), abs_tol=1e-9, rel_tol=0)


@pytest.fixture(scope="module")
def model() -> Model:
    return train(_rows(1, 200, "a"), _rows(2, 200, "b"), COLUMNS, {})


@FEW
@given(seed=_SEED)
def test_links_do_not_depend_on_the_order_of_rows_or_columns(model: Model, seed: int) -> None:
    left, right = _raw(seed, 80, "a"), _raw(seed + 1, 60, "b")
    expected = links(model, prepared(left, COLUMNS), prepared(right, COLUMNS), least=-40)
    assert expected.height > 100
    mixed = [
        prepared(table.sample(fraction=1, shuffle=True, seed=seed).select(reversed(table.columns)), COLUMNS)
        for table in (left, right)
    ]
    _same(links(model, *mixed, least=-40), expected)
    one = prepared(pl.concat([left, right]), COLUMNS)
    _same(links(model, one.reverse(), None, least=-40), links(model, one, None, least=-40))


@FEW
@given(seed=_SEED)
def test_links_are_the_same_from_either_side(model: Model, seed: int) -> None:
    left, right = _rows(seed, 80, "a"), _rows(seed + 1, 60, "b")
    back = links(model, right, left, least=-40)
    _same(back.select(pl.col("right").alias("left"), pl.col("left").alias("right"), "weight", "probability"),
          links(model, left, right, least=-40))  # fmt: skip


@FEW
@given(seed=_SEED, share=st.floats(0.1, 0.9))
def test_a_part_gets_the_links_that_it_has_among_all(model: Model, seed: int, share: float) -> None:
    left, right = _rows(seed, 80, "a"), _rows(seed + 1, 60, "b")
    some, others = (table.sample(fraction=share, seed=seed) for table in (left, right))
    together = links(model, left, right, least=-40)
    _same(
        links(model, some, others, least=-40),
        together.join(some.select(left="key"), on="left", how="semi").join(
            others.select(right="key"), on="right", how="semi"
        ),
    )


@FEW
@given(seed=_SEED)
def test_a_pair_weighs_the_same_whether_it_was_found_or_asked_for(model: Model, seed: int) -> None:
    rows = _rows(seed, 100, "a")
    found = links(model, rows, None, least=-40)
    asked = found.sample(min(found.height, 200), seed=seed).select("left", "right")
    _same(weights(model, asked, rows), found.join(asked, on=["left", "right"], how="semi"))


def test_all_links_of_a_sample_weigh_what_their_evidence_sums_up_to(model: Model) -> None:
    left, right = _rows(11, 8, "a"), _rows(12, 8, "b")
    found = links(model, left, right, least=-40)
    assert found.height > 3
    for one, other, weight, _ in found.iter_rows():
        told = evidence(model, left.filter(key=one), right.filter(key=other))
        assert told["weight"].sum() + told["frequency"].sum() == pytest.approx(weight, abs=1e-9)
        assert told["weight"][0] == model.prior


def test_training_does_not_depend_on_the_order_of_rows_or_fields(model: Model) -> None:
    turned = Columns(key="id", fields=COLUMNS.fields[::-1])
    left, right = (prepared(_raw(seed, 200, first), turned) for seed, first in ((1, "a"), (2, "b")))
    other = train(left.sample(fraction=1, shuffle=True, seed=3), right.reverse(), turned, {})
    assert {frozenset(key.forms) for key in other.keys} == {frozenset(key.forms) for key in model.keys}
    some = _rows(21, 60, "a"), _rows(22, 60, "b")
    expected, found = links(model, *some, least=-40), links(other, *some, least=-40)
    assert_frame_equal(found.drop("weight", "probability"), expected.drop("weight", "probability"))
    assert (found["weight"] - expected["weight"]).abs().max() < 0.01


@pytest.mark.parametrize(("role", "value"), [("place", None), ("identifier", "7")])
def test_a_further_column_that_is_empty_or_all_equal_changes_nothing(
    model: Model, role: str, value: str | None
) -> None:
    wider = Columns(key="id", fields=(*COLUMNS.fields, Field(column="more", role=role)))
    tables = [_raw(seed, 200, first).with_columns(pl.lit(value, pl.String).alias("more"))
              for seed, first in ((1, "a"), (2, "b"))]  # fmt: skip
    other = train(*(prepared(table, wider) for table in tables), wider, {})
    some = [_raw(seed, 60, first).with_columns(pl.lit(value, pl.String).alias("more"))
            for seed, first in ((21, "a"), (22, "b"))]  # fmt: skip
    _same(
        links(other, *(prepared(table, wider) for table in some), least=-40),
        links(model, _rows(21, 60, "a"), _rows(22, 60, "b"), least=-40),
    )


_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(max_examples=30)
@given(
    learned=st.dictionaries(_TEXT, _TEXT | st.integers(-(2**60), 2**60) | st.floats(0, 1) | st.none(), max_size=3),
    shares=st.dictionaries(_TEXT | st.none(), st.floats(1e-9, 1), max_size=4),
    crowds=st.lists(st.integers(0, 2**64 - 1), max_size=4),
)
def test_a_model_that_was_written_and_read_has_the_same_version(
    model: Model, learned: dict[str, object], shares: dict[str | None, float], crowds: list[int]
) -> None:
    made = Model(
        model.settings,
        model.columns,
        model.keys,
        learned,
        pl.DataFrame([("name", value, share) for value, share in shares.items()], schema=FREQUENCIES, orient="row"),
        pl.DataFrame([("name", value) for value in crowds], schema=CROWDS, orient="row"),
    )
    with TemporaryDirectory() as folder:
        write_model(made, Path(folder) / "model")
        assert read_model(Path(folder) / "model").version == made.version
