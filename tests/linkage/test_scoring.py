"""Pairs are weighed as Splink weighs them, whatever way they are compared in."""

from __future__ import annotations

import random

import duckdb
import polars as pl
import pytest
from splink import DuckDBAPI, Linker, block_on

from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.linking import links
from goodstanding.linkage.models import Model
from goodstanding.linkage.training import train

COLUMNS = Columns(
    key="id",
    fields=(
        Field(column="given", role="given"),
        Field(column="family", role="family"),
        Field(column="firm", role="organisation"),
        Field(column="born", role="date"),
        Field(column="town", role="place"),
        Field(column="street", role="address"),
        Field(column="code", role="postcode"),
        Field(column="number", role="identifier"),
        Field(column="sex", role="code"),
    ),
)


def _slipped(draw: random.Random, cell: str) -> str | None:
    place = draw.randrange(len(cell))
    return draw.choice([cell, cell, cell, cell[:place] + draw.choice("ab12") + cell[place + 1 :], None])


def _rows(seed: int, count: int) -> pl.DataFrame:
    """Return rows about half as many subjects, every cell of which may have a slip or be missing."""
    draw = random.Random(seed)
    rows = []
    for number in range(count // 2):
        subject = {
            "given": draw.choice(["anna", "bela maria", "carl", "dora", "emil"]),
            "family": draw.choice("bdfgkl") + draw.choice(["akker", "erg", "olen maan", "inder"]),
            "firm": f"{draw.choice(['noord', 'zuid', 'oost'])} {draw.choice(['bakkers', 'slagers', 'smeden'])} bv",
            "born": f"19{draw.randrange(50, 99)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            "town": draw.choice(["delft", "gouda", "leiden", "den haag"]),
            "street": f"{draw.choice(['markt', 'hoge weg', 'lage weg'])} {draw.randrange(1, 40)}",
            "code": f"{draw.randrange(1000, 1040)}{draw.choice('AB')}{draw.choice('CD')}",
            "number": str(draw.randrange(10_000_000)),
            "sex": draw.choice("mf"),
        }
        rows += [
            {"id": f"{number}-{n}"} | {name: _slipped(draw, cell) for name, cell in subject.items()} for n in (1, 2)
        ]
    return prepared(pl.DataFrame(rows, schema=dict.fromkeys(["id", *subject], pl.String)), COLUMNS)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return _rows(5, 800)


@pytest.fixture(scope="module")
def model(rows: pl.DataFrame) -> Model:
    return train(rows, None, COLUMNS, {})


def _by_splink(model: Model, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the weights that Splink gives all pairs that share a place or a sex."""
    with duckdb.connect() as connection:
        connection.register("there", rows.to_arrow())
        connection.execute("CREATE TABLE t AS FROM there")
        database = DuckDBAPI(connection=connection)
        settings = dict(model.settings) | {
            "link_type": "dedupe_only",
            "unique_id_column_name": "key",
            "blocking_rules_to_generate_predictions": [
                block_on(form).get_blocking_rule("duckdb").as_dict() for form in ("place", "code")
            ],
        }
        linker = Linker([database.register("t")], settings, log_level=None)
        for form in model.frequencies["form"].unique():
            shares = model.frequencies.filter(form=form)
            rest = shares.filter(pl.col("value").is_null())["share"][0]
            found = rows.select(pl.col(form).drop_nulls().unique()).join(
                shares, left_on=form, right_on="value", how="left"
            )
            lookup = found.select(form, pl.col("share").fill_null(rest).alias(f"tf_{form}"))
            connection.register(f"lookup_{form}", lookup.to_arrow())
            linker.table_management.register_term_frequency_lookup(database.register(f"lookup_{form}"), form)
        name = linker.inference.predict(warning_mode="never").physical_name
        sides = "least(key_l, key_r) AS left, greatest(key_l, key_r) AS right"
        query = f"SELECT {sides}, match_weight, match_probability FROM {name}"
        return pl.DataFrame(pl.from_arrow(connection.sql(query).to_arrow_table()))


def test_a_pair_weighs_what_splink_says(model: Model, rows: pl.DataFrame) -> None:
    found = links(model, rows, least=-200)
    both = found.join(_by_splink(model, rows), on=["left", "right"])
    assert both.height > 5_000
    assert (both["weight"] - both["match_weight"]).abs().max() < 1e-9
    assert (both["probability"] - both["match_probability"]).abs().max() < 1e-9


def test_no_pair_is_lost_or_comes_twice_under_a_threshold(model: Model, rows: pl.DataFrame) -> None:
    every = links(model, rows, least=-200)
    assert every.select("left", "right").is_unique().all()
    for least in (-10, 0, 7.5):
        assert links(model, rows, least=least).equals(every.filter(pl.col("weight") >= least))
