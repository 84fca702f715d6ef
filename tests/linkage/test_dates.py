"""Days as people write them: one form, and never silently another day."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.linkage.dates import days

WAYS = {
    "1984-03-27": "1984-03-27",
    " 1984/3/27 ": "1984-03-27",
    "19840327": "1984-03-27",
    "19840327153000": "1984-03-27",
    "1984-03-27T10:00:00Z": "1984-03-27",
    "1984-03-27 00:00:00.000000": "1984-03-27",
    "27/03/1984": "1984-03-27",
    "27.3.1984": "1984-03-27",
    "27-03-1984 00:00": "1984-03-27",
    "27 March 1984": "1984-03-27",
    "27 mrt. 1984": "1984-03-27",
    "27. März 1984": "1984-03-27",
    "27 août 1984": "1984-08-27",
    "27-Mar-1984": "1984-03-27",
    "March 27, 1984": "1984-03-27",
    "Mar 27 1984": "1984-03-27",
    "1984年3月27日": "1984-03-27",
    "1984": "1984-01-01",
    "1984.0": "1984-01-01",
    "449193600000000000": "1984-03-27",
    "1449193600000000000": "2015-12-04",
    "449193600000": "1984-03-27",
    "-631152000000000000": "1950-01-01",
    "30768": "1984-03-27",
    "27-03-84": None,
    "27-13-1984": None,
    "1984-02-30": None,
    "0": None,
    "unknown": None,
    "32 March 1984": None,
    "27 foo 1984": None,
    "99999999": None,
}


@pytest.mark.parametrize("said", WAYS)
def test_one_day_has_one_form_however_it_is_written(said):
    assert days(pl.Series([said])).cells.to_list() == [WAYS[said]]


def test_a_column_tells_whether_day_or_month_is_first():
    assert days(pl.Series(["03/04/1984", "03/27/1984"])).cells.to_list() == ["1984-03-04", "1984-03-27"]
    assert days(pl.Series(["03/04/1984", "27/03/1984"])).cells.to_list() == ["1984-04-03", "1984-03-27"]


def test_what_cannot_be_told_is_counted():
    read = days(pl.Series(["03/04/1984", "03/04/1984", "05/05/1984", None]))
    assert (read.cells.to_list(), read.counts) == (["1984-04-03"] * 2 + ["1984-05-05", None], {"either": 2})
    read = days(pl.Series(["03/04/1984", "27/03/1984", "03/27/1984", "05/05/1984"]))
    assert read.cells.to_list() == [None, "1984-03-27", "1984-03-27", "1984-05-05"]
    assert read.counts == {"mixed": 1}
    assert days(pl.Series(["1984", "1985", "soon", "30768"])).counts == {"unread": 1, "years": 2, "counted": 1}
    assert days(pl.Series(["03/27/1984", "1/2/1984"])).counts == {"month_first": 2}
    assert days(pl.Series([None, None], dtype=pl.String)).counts == {}


FORMS = ("%Y-%m-%d", "%Y%m%d", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%Y年%m月%d日")


@given(st.lists(st.dates(dt.date(1583, 1, 1)), min_size=1, max_size=20), st.sampled_from(FORMS))
def test_what_is_written_in_one_way_comes_back(dates, form):
    said = [f"{one:{form}}".replace("%Y", "") for one in dates]
    assert days(pl.Series(said)).cells.to_list() == [one.isoformat() for one in dates]


@given(st.lists(st.dates(dt.date(1583, 1, 1)), min_size=1, max_size=20))
def test_a_column_with_one_day_past_the_twelfth_is_read_in_its_order(dates):
    known = [dt.date(1984, 3, 27), *dates]
    for form in ("%d/%m/%Y", "%m/%d/%Y"):
        assert days(pl.Series([f"{one:{form}}" for one in known])).cells.to_list() == [one.isoformat() for one in known]


@given(st.lists(st.none() | st.text(max_size=30), max_size=10))
def test_nothing_that_people_write_is_an_error(cells):
    read = days(pl.Series(cells, dtype=pl.String)).cells
    assert len(read) == len(cells)
