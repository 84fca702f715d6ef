"""Whom a record is about: the number, and what speaks for it or against it."""

import datetime as dt

import polars as pl
import pytest

from goodstanding.facts.world import World
from goodstanding.linkage.exact import SUBJECTS, link

BORN = dt.date(1980, 5, 6)
PERSON, FIRM, STALL = "cn.ric:000000198005060016", "cn.uscc:91000000MA0000001R", "gb.fhrs:122-39575"
KNOWN = pl.DataFrame(
    [(1, PERSON, "person", "王芳", BORN), (2, FIRM, "organisation", "乌有商贸", None), (3, STALL, "thing", "", None)],
    schema=SUBJECTS,
    orient="row",
)
STRANGER = "cn.ric:000000199001010016"


def linked(*rows, world=World.SYNTHETIC, known=KNOWN):
    schema = {"row": pl.Int64, "subject": pl.String, "name": pl.String, "born": pl.Date}
    rows = [(number, *row) for number, row in enumerate(rows, start=1)]
    return link(pl.DataFrame(rows, schema=schema, orient="row"), known, world)


def faults(result):
    return result.refusals.select("row", "field", "found").rows()


def test_a_person_is_linked_by_number_name_and_birthday() -> None:
    result = linked((PERSON, "王芳", BORN))
    assert result.records.select("id", "is_a").rows() == [(1, "person")]
    assert result.refusals.is_empty()


@pytest.mark.parametrize(
    ("name", "born", "fields"),
    [
        ("王方", BORN, [("name", "another name")]),
        ("王芳", dt.date(1980, 6, 5), [("born", "another day")]),
        (None, BORN, [("name", "nothing")]),
        ("王芳", None, [("born", "nothing")]),
        ("Wang Fang", None, [("born", "nothing"), ("name", "another name")]),
    ],
)
def test_a_person_is_not_linked_when_name_or_birthday_is_absent_or_other(name, born, fields) -> None:
    result = linked((PERSON, name, born))
    assert result.records.is_empty()
    assert sorted(fault[1:] for fault in faults(result)) == fields


def test_the_same_name_in_another_unicode_form_is_the_same_name() -> None:
    known = KNOWN.with_columns(pl.lit("Zoë").alias("name"))
    assert linked((FIRM, "Zoe\u0308", None), known=known).refusals.is_empty()


@pytest.mark.parametrize("dot", "·‧•∙⋅・･．")
def test_a_name_whose_parts_stand_apart_by_another_dot_is_the_same_name(dot) -> None:
    known = KNOWN.with_columns(pl.lit("买买提·艾力").alias("name"))
    assert linked((PERSON, f"买买提{dot}艾力", BORN), known=known).refusals.is_empty()
    assert faults(linked((PERSON, f"买买{dot}提艾力", BORN), known=known)) == [(1, "name", "another name")]


def test_an_organisation_needs_no_name_but_not_another_one() -> None:
    result = linked((FIRM, None, None), (FIRM, "乌有商贸", None), (FIRM, "子虚商贸", None))
    assert result.records["row"].to_list() == [1, 2]
    assert faults(result) == [(3, "name", "another name")]


def test_a_thing_whose_name_is_not_known_may_be_given_any() -> None:
    assert linked((STALL, "The Teapot", None)).refusals.is_empty()


def test_a_synthetic_world_meets_nobody_new() -> None:
    result = linked((STRANGER, "王芳", BORN), ("cn.uscc:91000000MA0000002P", None, None))
    assert result.records.is_empty()
    assert faults(result) == [(row, "subject", "a number, not repeated here") for row in (1, 2)]


def test_a_refusal_repeats_neither_number_nor_name_nor_birthday() -> None:
    result = linked((STRANGER, "李伟", BORN), (PERSON, "李伟", dt.date(1980, 6, 5)))
    text = str(result.refusals.rows())
    assert not [secret for secret in (STRANGER, PERSON, "李伟", "1980") if secret in text]


def test_a_real_world_meets_new_organisations_and_things() -> None:
    result = linked(("gb.company:01234567", "Acme", None), (STALL, None, None), world=World.REAL)
    assert result.records.select("id", "is_a").rows() == [(None, "organisation"), (3, "thing")]


def test_a_newcomer_goes_by_the_first_name_that_it_is_given() -> None:
    rows = [("gb.company:01234567", name, None) for name in (None, "Acme", "Acme", "Emca")]
    result = linked(*rows, world=World.REAL)
    assert result.records["row"].to_list() == [1, 2, 3]
    assert faults(result) == [(4, "name", "another name")]


@pytest.mark.parametrize("number", ["cn.ric:11010519491231002X", "nl.bsn:111222333", "cn.uscc:92110105MA01ABCD0X"])
@pytest.mark.parametrize("known", [True, False])
def test_a_real_world_keeps_no_persons_even_if_it_knows_one(number, known) -> None:
    row = pl.DataFrame([(9, number, "person", "王芳", BORN)], schema=SUBJECTS, orient="row")
    result = linked((number, "王芳", BORN), world=World.REAL, known=row if known else row.clear())
    assert result.records.is_empty()
    assert faults(result) == [(1, "subject", "a number, not repeated here")]


def test_nothing_in_nothing_out() -> None:
    for world in World:
        assert linked(world=world, known=KNOWN.clear()).records.is_empty()
