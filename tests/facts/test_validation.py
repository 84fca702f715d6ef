"""Validation: rows are accepted or refused whole, with row, field, what was found and what was expected."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.reading import read_table
from goodstanding.facts.records import known_by, with_digest
from goodstanding.facts.refusals import with_refusals, write_table
from goodstanding.facts.validation import Intake, check
from goodstanding.facts.world import World

TODAY = dt.date(2021, 6, 30)
GOOD = {
    "subject": "cn.ric:000000197001010019",
    "kind": "civic.donation",
    "act": "2021-03-01",
    "document": "D-1",
    "authority": "city.civil-affairs",
    "basis": "Charity Law",
    "amount": "12.50",
}


def intake(kinds=None):
    return Intake(catalogue(World.SYNTHETIC), World.SYNTHETIC, "city.charity", TODAY, kinds)


def checked(*rows, **settings):
    return check(pl.DataFrame([GOOD | row for row in rows], infer_schema_length=None), intake(**settings))


def test_a_good_row_becomes_a_record_in_whole_units():
    records = checked({}).records
    assert records["amount"].to_list() == [1250]
    assert records["act"].to_list() == [dt.date(2021, 3, 1)]
    assert records["occurrence"].to_list() == ["D-1"]


def digests(answer):
    return with_digest(answer.records, catalogue(World.SYNTHETIC))["digest"].to_list()


WHEN = {"known": "2021-04-01", "withdrawn": "2021-05-01"}


def knowing(*rows):
    own = Intake(catalogue(World.SYNTHETIC), World.SYNTHETIC, "city.charity", TODAY, knowing=True)
    return check(pl.DataFrame([GOOD | row for row in rows], infer_schema_length=None), own)


def test_when_a_record_was_known_and_withdrawn_is_no_part_of_what_it_says():
    with_days, plain = knowing(WHEN).records, knowing({}).records
    assert (with_days["known"][0], with_days["withdrawn"][0]) == (dt.date(2021, 4, 1), dt.date(2021, 5, 1))
    assert (plain["known"][0], plain["withdrawn"][0]) == (None, None)
    assert digests(knowing(WHEN)) == digests(knowing({})) == digests(checked({}))


@pytest.mark.parametrize("wrong", ["soon", "2021-07-01", "2021-02-30"])
def test_a_day_of_knowledge_is_checked_as_every_day_is(wrong):
    refusals = knowing(WHEN | {"known": wrong}).refusals
    assert refusals["field"].to_list() == ["known"]


def test_a_delivery_to_a_register_cannot_say_when_it_became_known():
    with pytest.raises(InputError, match="unknown column known, withdrawn"):
        checked(WHEN)


@pytest.mark.parametrize(
    ("day", "documents"), [("2021-03-31", ["D-2"]), ("2021-04-01", ["D-1", "D-2"]), ("2021-05-01", ["D-2"])]
)
def test_the_records_of_a_day_are_those_known_and_not_withdrawn_by_then(day, documents):
    records = knowing(WHEN, {"document": "D-2"}).records
    kept = known_by(records, dt.date.fromisoformat(day))
    assert kept["document"].to_list() == documents
    assert not {"known", "withdrawn"} & set(kept.columns)


@pytest.mark.parametrize(
    ("row", "field", "expected"),
    [
        ({"kind": "civic.donatoin"}, "kind", "a kind of the catalogue"),
        ({"kind": None}, "kind", "a value"),
        ({"act": "2021-07-01"}, "act", "not after 2021-06-30"),
        ({"act": "2021-02-30"}, "act", "a calendar day"),
        ({"act": "01-03-2021"}, "act", "a calendar day"),
        ({"act": "1821-03-01"}, "act", "from 1900"),
        ({"decided": "2021-02-01"}, "decided", "not before the act"),
        ({"subject": "cn.ric:000000197001010018"}, "subject", "check character fits"),
        ({"subject": "cn.ric:11010519491231002X"}, "subject", "synthetic"),
        ({"kind": "food.inspection", "amount": None}, "kind", "kept on such a subject"),
        ({"document": None}, "document", "a value"),
        ({"amount": None}, "amount", "a number with at most 2 decimals, in CNY"),
        ({"amount": "twelve"}, "amount", "a number"),
        ({"amount": "12.505"}, "amount", "at most 2 decimals"),
        ({"amount": "1e3"}, "amount", "a number"),
        ({"hours": "3"}, "hours", "no such attribute"),
        ({"authority": "x" * 501}, "authority", "at most 500"),
        ({"basis": "a\x1fb"}, "basis", "no control characters"),
        ({"source": "city.court"}, "source", "city.charity"),
    ],
)
def test_a_wrong_row_is_refused_with_its_field_and_what_was_expected(row, field, expected):
    answer = checked(row, {"document": "D-2"})
    assert answer.records["row"].to_list() == [2]
    assert [(r["row"], r["field"]) for r in answer.refusals.rows(named=True)] == [(1, field)]
    assert expected in answer.refusals["expected"][0]


def test_a_row_with_several_faults_names_them_all():
    refusals = checked({"act": "never", "amount": "much"}).refusals
    assert refusals["field"].to_list() == ["act", "amount"]
    assert refusals["found"].to_list() == ["never", "much"]


def test_a_kind_that_the_source_may_not_deliver_is_refused():
    assert "source city.charity" in checked({}, kinds=["court.defaulter"]).refusals["expected"][0]


def test_personal_numbers_are_not_repeated_in_refusals():
    assert "0000" not in str(checked({"subject": "cn.ric:000000197001010018"}).refusals["found"][0])


@pytest.mark.parametrize(
    ("column", "says"), [({"colour": "red"}, "unknown column colour"), ({}, "missing column kind")]
)
def test_a_table_with_wrong_columns_is_refused_as_a_whole(column, says):
    table = pl.DataFrame([{**GOOD, **column}])
    with pytest.raises(InputError, match=says):
        check(table if column else table.drop("kind"), intake())


def test_refused_rows_can_be_corrected_in_their_file_and_sent_again(tmp_path):
    table = pl.DataFrame([GOOD, GOOD | {"document": "D-2", "amount": "many"}])
    refused = with_refusals(table, check(table, intake()).refusals)
    write_table(refused.with_columns(pl.lit("3").alias("amount")), tmp_path / "again.csv")
    again = check(read_table(tmp_path / "again.csv"), intake())
    assert again.refusals.is_empty()
    assert again.records["document"].to_list() == ["D-2"]


def test_the_digest_is_of_what_the_record_says_and_nothing_else():
    one, two, three = digests(checked({"name": "a"}, {"name": "b"}, {"amount": "12.51"}))
    assert one == two != three
    assert len(one) == 64


@given(st.permutations(range(5)))
def test_rows_mean_the_same_in_any_order(order):
    rows = [{"document": f"D-{n}", "amount": "1" if n else "x"} for n in range(5)]
    assert set(digests(checked(*(rows[n] for n in order)))) == set(digests(checked(*rows)))


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2))
def test_decimal_text_becomes_the_same_number_of_hundredths(amount):
    assert checked({"amount": f"{amount:f}"}).records["amount"].to_list() == [int(amount * 100)]


@given(st.text(max_size=30))
def test_no_text_in_any_cell_breaks_the_check(text):
    row = dict.fromkeys(GOOD, text or None)
    answer = check(pl.DataFrame([row], schema=dict.fromkeys(GOOD, pl.String)), intake())
    assert answer.records.is_empty()
    assert not answer.refusals.is_empty()
