"""Identifiers: by form, by check digit, and by world."""

import datetime as dt

import polars as pl
import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.identifiers import SCHEMES, fault_in, publishable, subject_of
from goodstanding.facts.validation import Intake, check
from goodstanding.facts.world import World

REAL = ["cn.ric:11010519491231002X", "cn.ric:440524188001010014", "cn.uscc:91350100M000100Y43", "nl.bsn:111222333"]
SYNTHETIC = ["cn.ric:000000197001010019"]


@pytest.mark.parametrize("number", REAL)
def test_a_valid_assigned_number_belongs_to_the_real_world_only(number):
    assert fault_in(number, World.REAL) is None
    assert "synthetic" in fault_in(number, World.SYNTHETIC)


@pytest.mark.parametrize("number", SYNTHETIC)
def test_a_number_of_region_000000_belongs_to_the_synthetic_world_only(number):
    assert fault_in(number, World.SYNTHETIC) is None
    assert "synthetic" in fault_in(number, World.REAL)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.id)
def test_every_scheme_has_an_example_that_is_valid(scheme):
    assert scheme.fault(scheme.example.partition(":")[2]) is None


@pytest.mark.parametrize("place", range(18))
def test_a_resident_number_with_one_wrong_character_is_refused(place):
    number = list("11010519491231002X")
    number[place] = "0" if number[place] != "0" else "1"
    assert fault_in("cn.ric:" + "".join(number), World.REAL) is not None


def test_a_resident_number_needs_a_day_that_exists():
    assert "date of birth" in fault_in("cn.ric:110105194902300020", World.REAL)


@pytest.mark.parametrize("number", ["", "cn.ric", "x:1", "cn.ric:", ":1", "CN.RIC:11010519491231002X"])
def test_what_is_no_identifier_is_answered_with_the_schemes_there_are(number):
    assert "cn.ric" in fault_in(number, World.REAL) or "18 characters" in fault_in(number, World.REAL)


def test_the_answer_never_repeats_the_number():
    assert "110105" not in fault_in("cn.ric:110105194912310021", World.REAL)


def test_sole_traders_count_as_persons():
    assert subject_of("cn.uscc:92000000MA00000079") == "person"
    assert subject_of("cn.uscc:91000000MA0000007C") == "organisation"


@pytest.mark.parametrize(
    "number", ["nl.kvk:12345678", "eu.vat:NL004495445B01", "gb.fhrs:1-1", "cn.uscc:92000000MA00000079"]
)
def test_a_holder_whose_legal_form_is_unknown_is_not_published(number):
    assert not publishable(number)


@pytest.mark.parametrize(
    "number", ["nl.kvk:1234567８", "gb.fhrs:1-٣", "gb.company:AB12345٣", "cn.ric:11010519491231002٣"]
)
def test_only_ascii_digits_are_digits_so_that_nobody_has_two_identifiers(number):
    assert fault_in(number, World.REAL) is not None


WRITTEN = {
    "spaced": lambda number: f"{number[:3]} {number[3:]}",
    "hyphened": lambda number: f"{number[:3]}-{number[3:]}",
    "dotted": lambda number: f"{number[:3]}.{number[3:]}",
    "with a zero before it": lambda number: f"0{number}",
    "with a space after it": lambda number: f"{number} ",
    "in wide characters": lambda number: "".join(
        chr(ord(one) + 0xFEE0) if one.isascii() and one.isalnum() else one for one in number
    ),
    "with an invisible character": lambda number: f"{number[:3]}\u200b{number[3:]}",
}


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.id)
def test_a_number_written_in_another_way_is_no_second_identifier(scheme, how):
    world = World.SYNTHETIC if "000000" in scheme.example else World.REAL
    number = scheme.example.partition(":")[2]
    assert fault_in(f"{scheme.id}:{number}", world) is None
    assert fault_in(f"{scheme.id}:{WRITTEN[how](number)}", world) is not None


@pytest.mark.parametrize(
    "number",
    ["eu.vat:GR094259216", "gb.vat:980780684001", "gb.vat:GD001", "gb.fhrs:122-039575", "gb.company:sc123456"],
)
def test_what_a_library_also_takes_for_the_same_number_is_refused(number):
    assert fault_in(number, World.REAL) is not None


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=lambda scheme: scheme.id)
def test_a_number_that_is_not_valid_is_refused_and_shown_nowhere(scheme):
    world = World.SYNTHETIC if "000000" in scheme.example else World.REAL
    number = scheme.example + "x"
    row = {"subject": number, "kind": "food.inspection", "act": "2024-03-01", "document": "D"}
    table = pl.DataFrame([row | {"authority": "gb.la:122", "basis": "the Code"}])
    done = check(table, Intake(catalogue(world), world, "s", dt.date(2024, 6, 30)))
    assert done.records.is_empty()
    assert "subject" in done.refusals["field"]
    assert scheme.example.partition(":")[2] not in str(done.refusals.rows())
