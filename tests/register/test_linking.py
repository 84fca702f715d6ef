"""Linkage in the database says of every row what linkage in memory says, which is its definition."""

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.identifiers import subject_of, subjects_of
from goodstanding.facts.world import World
from goodstanding.linkage.exact import SUBJECTS, link
from goodstanding.register.deliveries.linking import doubts
from goodstanding.register.ledger.subjects import enrolled
from goodstanding.register.store.bulk import copy_in, copy_out, run
from tests.register.conftest import PEOPLE

NUMBERS = [*PEOPLE["subject"].head(3), *PEOPLE["subject"].tail(2), "gb.fhrs:1-1", "cn.uscc:92000000MA0000007A"]
NAMES = [
    None,
    *PEOPLE["name"].head(3),
    *PEOPLE["name"].tail(2),
    "Zoë",
    "Zoe\u0308",
    "买买提·艾力",
    "买买提•艾力",
    "买买提・艾力",
]
BORN = [None, *PEOPLE["born"].head(3)]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(NUMBERS), st.sampled_from(NAMES), st.sampled_from(BORN), st.sampled_from(["valid", "withdrawn"])
    ),
    max_size=8,
)
SCHEMA = {"row": pl.Int64, "subject": pl.String, "name": pl.String, "born": pl.Date, "state": pl.String}


@pytest.fixture
def engine(synthetic):
    return synthetic.engine


@pytest.mark.parametrize("world", World)
@given(ROWS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_refuse_the_same_rows_for_the_same_reasons(engine, world, rows) -> None:
    records = pl.DataFrame([(n, *one) for n, one in enumerate(rows, start=1)], schema=SCHEMA, orient="row")
    with engine.connect() as connection:
        known = enrolled(connection, "true").with_columns(pl.col("name").fill_null("")).select(*SUBJECTS)
        told = link(records, known, world).refusals
        run(
            connection,
            "CREATE TEMP TABLE staged"
            " (row bigint, subject text, is_a text, name text, born date, seat text, state text);"
            "CREATE TEMP TABLE faulty (row bigint, place bigint, field text, found text, expected text)",
        )
        sent = records.with_columns(subjects_of(pl.col("subject")).alias("is_a"), pl.col("name").str.normalize("NFC"))
        copy_in(connection, "staged", sent)
        doubts(connection, world)
        query = "SELECT row, field, found, expected FROM faulty ORDER BY row, place"
        found = copy_out(connection, query, told.schema)
    assert found.rows() == told.rows()


def test_who_a_number_belongs_to_is_told_alike_for_one_and_for_many() -> None:
    numbers = [*NUMBERS, "nl.kvk:12345678", "cn.uscc:92370000MA0000007A"]
    many = pl.DataFrame({"subject": numbers}).select(subjects_of(pl.col("subject"))).to_series().to_list()
    assert many == [subject_of(number) for number in numbers]
