"""The Food Standards Agency's open data: XML, JSON and the table of 2015."""

import json

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.formats import read_delivery
from goodstanding.facts.fsa import official_ratings, read_ratings

XML = """<?xml version="1.0"?>
<FHRSEstablishment xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <Header><ExtractDate>2025-01-04</ExtractDate><ItemCount>3</ItemCount></Header>
  <EstablishmentCollection>
    <EstablishmentDetail><FHRSID>7</FHRSID><BusinessName>Left where it is</BusinessName><RatingValue>4</RatingValue>
      <RatingDate>2014-01-20</RatingDate><LocalAuthorityCode>413</LocalAuthorityCode>
      <Scores><Hygiene>5</Hygiene><Structural>10</Structural><ConfidenceInManagement>5</ConfidenceInManagement></Scores>
    </EstablishmentDetail>
    <EstablishmentDetail><FHRSID>8</FHRSID><RatingValue>AwaitingInspection</RatingValue><RatingDate xsi:nil="true" />
      <LocalAuthorityCode>413</LocalAuthorityCode><Scores /></EstablishmentDetail>
    <EstablishmentDetail><FHRSID>9</FHRSID><RatingValue>Improvement Required</RatingValue>
      <RatingDate>2014-02-03</RatingDate><LocalAuthorityCode>760</LocalAuthorityCode><Scores /></EstablishmentDetail>
  </EstablishmentCollection>
</FHRSEstablishment>"""

SCORES = {"Hygiene": 5, "Structural": 10, "ConfidenceInManagement": 5}
DETAILS = [
    {
        "FHRSID": 7,
        "RatingValue": "4",
        "RatingDate": "2014-01-20T00:00:00",
        "LocalAuthorityCode": "413",
        "Scores": SCORES,
    },
    {"FHRSID": 8, "RatingValue": "AwaitingInspection", "RatingDate": "", "LocalAuthorityCode": "413", "Scores": None},
    {"FHRSID": 9, "RatingValue": "Improvement Required", "RatingDate": "2014-02-03", "LocalAuthorityCode": "760"},
]
JSON = {"FHRSEstablishment": {"Header": {"ExtractDate": "2025-01-04T00:00:00"}, "EstablishmentCollection": DETAILS}}


@pytest.fixture
def published(tmp_path):
    (tmp_path / "FHRS413en-GB.xml").write_text(XML)
    (tmp_path / "FHRS413en-GB.json").write_text(json.dumps(JSON))
    return tmp_path


def test_xml_and_json_of_one_authority_are_the_same_delivery(published):
    one, two = (read_delivery(published / f"FHRS413en-GB.{suffix}") for suffix in ("xml", "json"))
    assert one.equals(two)
    assert one["kind"].to_list() == ["food.inspection", "food.unrated", "food.unrated"]
    assert one["reason"].to_list() == [None, "awaiting-inspection", "other-scheme"]
    assert one["subject"].to_list() == ["gb.fhrs:413-7", "gb.fhrs:413-8", "gb.fhrs:760-9"]


def test_a_status_without_a_date_is_dated_on_the_day_of_the_extract(published):
    assert read_delivery(published / "FHRS413en-GB.xml")["act"].to_list() == ["2014-01-20", "2025-01-04", "2014-02-03"]


def test_names_of_businesses_are_left_where_they_are(published):
    assert "name" not in read_delivery(published / "FHRS413en-GB.xml").columns


def test_the_published_rating_stays_beside_the_records(published):
    official = official_ratings(read_ratings(published / "FHRS413en-GB.xml"))
    assert official["rating"].to_list() == ["4", None, None]
    assert official["scored"].to_list() == [True, False, False]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.xml", XML[:400], "not a whole XML file"),
        ("other.xml", "<a/>", "no EstablishmentDetail"),
        ("bomb.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not a whole XML file"),
        ("cut.json", "{", "not the agency's JSON"),
        ("other.json", "[]", "not the agency's JSON"),
        ("none.xml", "", "empty"),
        ("a.txt", "x", "expected a .xml"),
    ],
)
def test_a_file_that_is_something_else_is_answered_with_its_name(tmp_path, name, content, says):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=says):
        read_ratings(tmp_path / name)


def test_a_table_without_the_scores_is_refused(tmp_path):
    pl.DataFrame({"fhrsid": ["1"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="la_code"):
        read_delivery(tmp_path / "a.parquet")
