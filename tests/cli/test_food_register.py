"""A generated register of the shape of the real one: every rating that follows from scores comes out as published."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from goodstanding.lab.food_register import food_register

REAL = Path(__file__).parents[2] / "benchmarks" / "real.py"


def reproduced(file):
    return subprocess.run([sys.executable, REAL, file], capture_output=True, text=True, check=False)


def test_every_rating_is_reproduced_from_files_and_through_the_register(tmp_path):
    food_register(7, 5000).write_parquet(tmp_path / "register.parquet")
    answer = reproduced(tmp_path / "register.parquet")
    assert answer.returncode == 0, answer.stderr
    scored = pl.col("ratingvalue").is_in(list("012345")) & pl.col("hygiene").is_not_null()
    rated = food_register(7, 5000).filter(scored).height
    assert answer.stdout.splitlines()[-1] == f"uk-food-hygiene: {rated} of {rated} official ratings reproduced"


def test_one_rating_that_differs_is_counted_and_fails(tmp_path):
    table = food_register(7, 2000).with_row_index()
    first = table.filter((pl.col("ratingvalue") == "5") & pl.col("hygiene").is_not_null())["index"][0]
    wrong = pl.when(pl.col("index") == first).then(pl.lit("0")).otherwise("ratingvalue").alias("ratingvalue")
    table.with_columns(wrong).drop("index").write_parquet(tmp_path / "register.parquet")
    answer = reproduced(tmp_path / "register.parquet")
    assert answer.returncode == 1
    same, of = answer.stdout.splitlines()[-1].split()[1:4:2]
    assert int(of) - int(same) == 1


@pytest.mark.parametrize("arguments", [(), ("nowhere.parquet",)])
def test_a_missing_file_is_one_message(arguments):
    answer = subprocess.run([sys.executable, REAL, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: ")
