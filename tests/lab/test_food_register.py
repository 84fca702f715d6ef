import polars as pl
import pytest

from goodstanding.facts.fsa import read_ratings
from goodstanding.lab.food_register import COLUMNS, food_register, official_rating

SCORES = ("hygiene", "structural", "confidenceinmanagement")


@pytest.fixture(scope="module")
def register() -> pl.DataFrame:
    return food_register(1, 50_000)


def test_all_columns_are_text(register):
    assert dict(register.schema) == dict.fromkeys(COLUMNS, pl.String)


def test_the_same_seed_gives_the_same_register_and_its_beginning(register):
    names = [name for name in COLUMNS if name != "la_code"]
    assert food_register(1, 50_000).equals(register)
    assert food_register(1, 700).select(names).equals(register.head(700).select(names))


def test_establishments_are_unique(register):
    assert register.select("la_code", "fhrsid").is_duplicated().sum() == 0


@pytest.mark.parametrize(
    ("scores", "rating"),
    [
        ((5, 5, 5), "5"),
        ((0, 0, 10), "4"),
        ((10, 10, 10), "3"),
        ((15, 0, 0), "2"),
        ((0, 0, 20), "1"),
        ((0, 0, 30), "0"),
        ((20, 15, 20), "0"),
        ((0, 0, 0), "5"),
    ],
)
def test_the_table_gives_the_published_ratings(scores, rating):
    hygiene, structural, confidence = (pl.Series([score]).to_numpy() for score in scores)
    assert official_rating(hygiene, structural, confidence).to_list() == [rating]


def test_shares_are_like_those_of_the_real_register(register):
    rated = pl.col("ratingvalue").is_in(list("012345"))
    scored = pl.all_horizontal(pl.col(SCORES).is_not_null())
    assert register.select((rated & scored).mean()).item() == pytest.approx(0.815, abs=0.01)
    assert register.select((rated & ~scored).mean()).item() == pytest.approx(0.011, abs=0.002)
    assert register.filter(~rated & scored).is_empty()
    assert register.filter(rated & pl.col("ratingdate").is_null()).is_empty()
    undated = register.filter(pl.col("ratingdate").is_null())["ratingvalue"].unique()
    assert set(undated) == {"Exempt", "AwaitingInspection", "Awaiting Inspection"}
    fives = register.filter(pl.col("ratingvalue") == "5").height / register.filter(rated).height
    assert 0.5 < fives < 0.65


def test_it_is_read_as_the_agencys_own_data(register, tmp_path):
    path = tmp_path / "register.parquet"
    register.head(100).write_parquet(path)
    assert read_ratings(path).height == 100
