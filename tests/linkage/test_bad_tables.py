"""Tables that say little or lie: a clear report, bounded time and memory, and no link out of it."""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import Columns, Field, prepare, prepared
from goodstanding.linkage.linking import links
from goodstanding.linkage.models import Model
from goodstanding.linkage.training import train

COLUMNS = Columns(
    key="id",
    fields=(
        Field(column="name", role="name"),
        Field(column="born", role="date"),
        Field(column="number", role="identifier"),
    ),
)
SCHEMA = dict.fromkeys(("id", "name", "born", "number"), pl.String)
ROWS = 4_000


def _table(rows: int, first: str = "a", **cells: object) -> pl.DataFrame:
    """Return rows that can be told apart, but for the columns whose cells are given."""
    number = pl.int_range(rows, dtype=pl.UInt64)
    name = pl.format("{} {}", number.hash(1).cast(pl.String).str.head(7), number.hash(2).cast(pl.String).str.head(7))
    letters = dict(zip("0123456789", "abdeiklmno", strict=True))
    table = pl.select(
        id=pl.format("{}{}", pl.lit(first), number),
        name=name.str.replace_many(list(letters), list(letters.values())),
        born=(pl.date(1950, 1, 1) + pl.duration(days=(number.hash(3) % 18_000).cast(pl.Int64))).cast(pl.String),
        number=(number.hash(4) % 1_000_000_000).cast(pl.String),
    )
    return table.with_columns(pl.lit(value, pl.String).alias(column) for column, value in cells.items())


@pytest.fixture(scope="module")
def model() -> Model:
    return train(prepared(_table(ROWS), COLUMNS), prepared(_table(ROWS, "b"), COLUMNS), COLUMNS, {})


def test_a_good_table_is_linked(model: Model) -> None:
    found = links(model, prepared(_table(ROWS), COLUMNS), prepared(_table(ROWS, "b"), COLUMNS))
    same = found.filter(pl.col("left").str.slice(1) == pl.col("right").str.slice(1))
    assert same.height == found.height == ROWS


@pytest.mark.parametrize(
    "cells",
    [
        dict.fromkeys(("name", "born", "number")),
        {"name": "", "born": "  ", "number": "-"},
        {"name": "jan jansen", "born": None, "number": None},
        {"name": None, "born": "1970-01-01", "number": None},
        {"name": None, "born": None, "number": "999999999"},
    ],
    ids=["empty", "blank", "one name", "one day", "one number"],
)
def test_a_source_that_sends_the_same_in_every_row_gets_no_link(model: Model, cells: dict[str, str | None]) -> None:
    same = prepared(_table(ROWS, "b", **cells), COLUMNS)
    start = time.perf_counter()
    assert links(model, prepared(_table(ROWS), COLUMNS), same).is_empty()
    assert time.perf_counter() - start < 60


def test_rows_that_are_all_the_same_are_refused_before_any_pair_is_made(model: Model) -> None:
    same = prepared(_table(60_000, name="jan jansen", born="1970-01-01", number="1"), COLUMNS)
    with pytest.raises(InputError, match=r"1,799,970,000 of them share \w+.*60,000 rows have the value"):
        links(model, same)


def test_nothing_is_learned_where_every_row_is_the_same() -> None:
    same = prepared(_table(60_000, name="jan jansen", born="1970-01-01", number="1"), COLUMNS)
    with pytest.raises(InputError, match="no two rows share a value of any key"):
        train(same, None, COLUMNS, {})


def test_an_identifier_that_thousands_share_links_none_of_them(model: Model) -> None:
    shared = prepared(_table(ROWS, "b", number="123456789"), COLUMNS)
    found = links(model, shared)
    assert found.is_empty()


def test_tables_that_say_different_things_have_nothing_in_common(model: Model) -> None:
    names = prepared(_table(ROWS, born=None, number=None), COLUMNS)
    days = prepared(_table(ROWS, "b", name=None, number=None), COLUMNS)
    assert links(model, names, days).is_empty()
    assert links(model, names, days, least=-100).is_empty()
    with pytest.raises(InputError, match="no two rows share a value of any key"):
        train(names, days, COLUMNS, {})


@pytest.mark.parametrize("cells", [{"name": "jan jansen"}, {"born": "1970-01-01"}, {"number": "999999999"}], ids=str)
def test_a_column_with_one_value_for_everybody_teaches_nothing_and_links_by_the_others(cells: dict[str, str]) -> None:
    left, right = (prepared(_table(ROWS, first, **cells), COLUMNS) for first in "ab")
    made = train(left, right, COLUMNS, {})
    (same,) = cells
    assert {"born": "date", "number": "identifier"}.get(same, same) not in [
        comparison["output_column_name"] for comparison in made.settings["comparisons"]
    ]
    found = links(made, left, right)
    right_ones = found.filter(pl.col("left").str.slice(1) == pl.col("right").str.slice(1))
    assert right_ones.height >= 0.99 * ROWS
    assert found.height - right_ones.height <= 0.01 * ROWS


def test_an_identifier_that_half_of_the_rows_share_neither_slows_nor_links_them() -> None:
    rows, half = 2_400, pl.int_range(pl.len()) % 2 == 0
    number = pl.when(half).then(pl.lit("999999999")).otherwise("number")
    left, right = (prepared(_table(rows, first).with_columns(number=number), COLUMNS) for first in "ab")
    start = time.process_time()
    found = links(train(left, right, COLUMNS, {}), left, right)
    assert time.process_time() - start < 60
    right_ones = found.filter(pl.col("left").str.slice(1) == pl.col("right").str.slice(1))
    assert right_ones.height >= 0.99 * rows
    assert found.height - right_ones.height <= 0.01 * rows


def test_one_row_and_another_teach_nothing() -> None:
    one, other = (prepared(_table(1, first), COLUMNS) for first in "ab")
    with pytest.raises(InputError, match="no two rows share"):
        train(one, other, COLUMNS, {})


def test_names_of_a_megabyte_and_broken_letters_take_no_time(model: Model) -> None:
    long = ["x" * 1_000_000, "a " * 500_000, "\ufffd\x00\u202e\ud7ff" * 250_000, "é" * 1_000_000, "Ã©milie Ã", "\x00"]
    table = _table(len(long), "b").with_columns(name=pl.Series(long))
    start = time.perf_counter()
    forms = prepared(table, COLUMNS)
    assert forms["name"].str.len_bytes().max() <= 1_000
    links(model, prepared(_table(ROWS), COLUMNS).filter(pl.col("key").str.slice(1).cast(pl.Int64) > 100), forms)
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("rows", [0, 1])
def test_none_and_one_row_are_tables_too(model: Model, rows: int) -> None:
    few = prepared(_table(rows, "b"), COLUMNS)
    assert links(model, few).is_empty()
    assert links(model, prepared(_table(ROWS), COLUMNS), few).height == rows
    with pytest.raises(InputError, match="no two rows share"):
        train(few, None, COLUMNS, {})


def test_a_column_that_is_not_there_and_keys_that_repeat_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column number: not in the table; expected some of id, name, born"):
        prepared(_table(3).drop("number"), COLUMNS)
    twice = pl.concat([_table(3), _table(3)])
    with pytest.raises(InputError, match="column id: expected another value in every row"):
        prepared(twice, COLUMNS)
    twice.write_parquet(tmp_path / "twice.parquet")
    with pytest.raises(InputError, match="column id: expected another value in every row"):
        prepare(tmp_path / "twice.parquet", COLUMNS, tmp_path / "forms.parquet")
    twice.drop("born").write_parquet(tmp_path / "lacking.parquet")
    with pytest.raises(InputError, match="column born: not in the table"):
        prepare(tmp_path / "lacking.parquet", COLUMNS, tmp_path / "forms.parquet")
    assert {path.name for path in tmp_path.iterdir()} == {"twice.parquet", "lacking.parquet"}


def test_a_file_is_prepared_as_a_table_is(tmp_path: Path) -> None:
    table = _table(100)
    table.write_parquet(tmp_path / "rows.parquet")
    assert prepare(tmp_path / "rows.parquet", COLUMNS, tmp_path / "forms.parquet") == 100
    assert pl.read_parquet(tmp_path / "forms.parquet").equals(prepared(table, COLUMNS))
    table.head(0).write_parquet(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no rows"):
        prepare(tmp_path / "none.parquet", COLUMNS, tmp_path / "no-forms.parquet")
