"""Deliveries that say little or lie of whom they speak: every row is refused with a reason, nobody gets a record."""

import time

import polars as pl
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver, refusals
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.subjects import by_identifier
from tests.register.conftest import PEOPLE, PERSON, RECEIVED, row

PERSONS = PEOPLE.filter(pl.col("is_a") == "person").rows(named=True)
ROWS = 3_000
SECONDS = 60
"""What a delivery of so many rows may take on a busy machine."""


def _everybody(**cells):
    return [row(PERSONS[n % len(PERSONS)], f"D-{n}", **cells) for n in range(ROWS)]


def _delivered(register, path):
    start = time.perf_counter()
    made = deliver(register, "city.tax", path, RECEIVED)
    assert time.perf_counter() - start < SECONDS
    return made


def _records(register):
    found = (dossier(register, by_identifier(register, person["subject"])) for person in PERSONS)
    return [len(one.records) for one in found]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"name": "张伟"}, "name"),
        ({"name": ""}, "name"),
        ({"born": "1970-01-01"}, "born"),
        ({"born": ""}, "born"),
        ({"name": "张伟", "born": "1970-01-01"}, "name"),
        ({"subject": "cn.ric:000000197001010019"}, "subject"),
    ],
    ids=["one name for everybody", "no names", "one day for everybody", "no days", "one name and day", "one number"],
)
def test_a_source_that_sends_the_same_of_everybody_reaches_nobody(synthetic, file, cells, field) -> None:
    made = _delivered(synthetic, file(*_everybody(**cells)))
    assert (made.accepted, made.refused) == (0, ROWS)
    assert field in {one.field for one in refusals(synthetic, "city.tax")}
    assert set(_records(synthetic)) == {0}


def test_a_number_under_thousands_of_names_reaches_only_whom_it_belongs_to(synthetic, file) -> None:
    others = [row(PERSON, f"D-{n}", name=f"{PERSON['name']}{n}") for n in range(ROWS)]
    made = _delivered(synthetic, file(*others, row(PERSON, "D-own")))
    assert (made.accepted, made.refused) == (1, ROWS)
    said = {(one.found, one.expected) for one in refusals(synthetic, "city.tax")}
    assert not any(PERSON["name"] in text for texts in said for text in texts)


def test_names_of_a_megabyte_are_refused_without_being_repeated(synthetic, file) -> None:
    rows = [row(PERSONS[n], f"D-{n}", name="张" * 350_000) for n in range(5)]
    made = _delivered(synthetic, file(*rows))
    assert (made.accepted, made.refused) == (0, 5)
    assert all(len(one.found + one.expected) < 1_000 for one in refusals(synthetic, "city.tax"))
    assert set(_records(synthetic)) == {0}


def test_a_file_in_two_encodings_is_refused_whole(synthetic, tmp_path) -> None:
    path = tmp_path / "mixed.csv"
    good = pl.DataFrame([row(PERSON, "D-1")]).write_csv().encode()
    path.write_bytes(good + "cn.ric:1,张伟,,tax.arrears\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"mixed\.csv"):
        _delivered(synthetic, path)
    assert set(_records(synthetic)) == {0}
