"""Delivery contracts: read whole or refused with file and field; measured exactly, however the rows are cut."""

from fractions import Fraction

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.contracts import Contract, read_contract
from goodstanding.facts.errors import InputError
from goodstanding.facts.measuring import Measured, refused_too_many
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.validation import Checked
from goodstanding.facts.world import World

CATALOGUE = catalogue(World.SYNTHETIC)
KINDS = ("tax.arrears", "civic.donation")
FOOD = shipped("policies") / "uk-food-hygiene" / "sources.yaml"


def records(*rows):
    names = {"kind": pl.String, "state": pl.String, "act": pl.String, "amount": pl.Int64, "name": pl.String}
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.col("act").str.to_date())


def measured(contract, *batches, last=None):
    counted = Measured(Contract.model_validate(contract), CATALOGUE)
    for one in counted.of(Checked(batch, pl.DataFrame(), batch.height, pl.DataFrame()) for batch in batches):
        assert one.rows == one.records.height
    return [(one.measure, one.found, one.expected) for one in counted.breaches(last)]


ROWS = records(
    ("tax.arrears", "valid", "2026-03-01", None, "A"),
    ("civic.donation", "valid", "2026-03-02", 1999, None),
    ("civic.donation", "valid", "1999-12-31", 2000, "B"),
    ("civic.donation", "withdrawn", None, None, None),
)


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ({"rows": {"least": 4, "most": 4}}, []),
        ({"rows": {"least": 5}}, [("rows", "4", "at least 5")]),
        ({"rows": {"least": 1, "most": 3}}, [("rows", "4", "at least 1 and at most 3")]),
        ({"fields": [{"field": "name", "filled": "0.666666666"}]}, []),
        (
            {"fields": [{"field": "name", "filled": "0.666666667"}]},
            [("filled: name", "2 of 3 rows", "at least 0.666666667 of them")],
        ),
        ({"fields": [{"field": "amount", "filled": "1"}]}, []),
        ({"fields": [{"field": "amount", "least": "19.99", "most": "20"}]}, []),
        (
            {"fields": [{"field": "amount", "least": "19.991"}]},
            [("range: amount", "1 of 2 values", "at least 19.991, in at least 1 of them")],
        ),
        (
            {"fields": [{"field": "amount", "most": "19.999", "share": "0.51"}]},
            [("range: amount", "1 of 2 values", "at most 19.999, in at least 0.51 of them")],
        ),
        ({"fields": [{"field": "amount", "most": "19.999", "share": "0.5"}]}, []),
        ({"fields": [{"field": "act", "least": "1999-12-31", "most": "2026-03-02"}]}, []),
        (
            {"fields": [{"field": "act", "least": "2000-01-01", "kinds": ["civic.donation"]}]},
            [("range: act of civic.donation", "1 of 2 values", "at least 2000-01-01, in at least 1 of them")],
        ),
        ({"fields": [{"field": "name", "filled": "1", "kinds": ["tax.arrears"]}]}, []),
    ],
)
def test_a_breach_says_what_was_measured_found_and_expected(contract, expected) -> None:
    assert measured(contract, ROWS) == expected
    assert measured(contract, *(ROWS[at] for at in range(ROWS.height))) == expected


def test_a_delivery_without_rows_breaks_only_the_number_of_rows() -> None:
    contract = {
        "rows": {"least": 1},
        "refused": "0",
        "change": "9",
        "fields": [{"field": "name", "filled": "1"}, {"field": "act", "least": "2000-01-01"}],
    }
    assert measured(contract, last=7) == [("rows", "0", "at least 1")]


@given(st.integers(0, 10**18), st.integers(1, 10**18), st.integers(0, 10**9))
def test_shares_are_compared_to_the_last_row(refused, more, share) -> None:
    rows = refused + more
    text = f"0.{share:09d}" if share < 10**9 else "1"
    found = refused_too_many(Contract.model_validate({"refused": text}), rows, refused)
    assert bool(found) == (refused * 10**9 > share * rows)
    changed = Measured(Contract.model_validate({"change": text}), CATALOGUE)
    changed.rows = changed.valid = rows
    assert bool(changed.breaches(more)) == (abs(Fraction(rows - more, more)) > Fraction(share, 10**9))


@pytest.mark.parametrize(
    ("contract", "says"),
    [
        ({"refused": 0.05}, r"contract\.refused: .*found a number that is not exact"),
        ({"refused": "5 %"}, r"contract\.refused: "),
        ({"refused": "1.5"}, r"contract\.refused: "),
        ({"colour": "red"}, r"contract\.colour: Extra inputs"),
        ({"rows": {"least": 1.5}}, r"contract\.rows\.least: "),
        ({"rows": {"least": -1}}, r"contract\.rows\.least: "),
        ({"rows": {"least": 2, "most": 1}}, "source gb.fsa: contract: rows: least 2 is more than most 1"),
        ({"fields": [{"field": "act"}]}, r"contract\.fields\.0: .*asks nothing"),
        ({"fields": [{"field": "mood", "filled": "1"}]}, r"fields\.0: field: mood is no field of a delivery"),
        (
            {"fields": [{"field": "act", "filled": "1"}, {"field": "act", "kinds": ["tax.arrears"], "filled": "1"}]},
            r"fields\.1: kinds: tax\.arrears is no kind that the source delivers",
        ),
        (
            {"fields": [{"field": "hygiene", "kinds": ["food.unrated"], "filled": "1"}]},
            r"field: hygiene is no field of food\.unrated",
        ),
        ({"fields": [{"field": "act", "least": "2026-02-30"}]}, r"least: found '2026-02-30', expected a calendar day"),
        ({"fields": [{"field": "hygiene", "most": "1e3"}]}, r"most: found '1e3', expected a decimal number"),
        ({"fields": [{"field": "hygiene", "most": 0.5}]}, r"fields\.0\.most: .*not exact"),
        ({"fields": [{"field": "name", "least": "A"}]}, "name has neither numbers nor days"),
        ({"fields": [{"field": "hygiene", "least": "9", "most": "8"}]}, "least 9 is more than most 8"),
    ],
)
def test_what_is_no_contract_of_its_source_is_refused_with_file_and_field(tmp_path, contract, says) -> None:
    said = yaml.safe_load(FOOD.read_text())
    said["sources"][0]["contract"] = contract
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(said))
    with pytest.raises(InputError, match=f"sources.yaml: .*{says}"):
        read_sources(tmp_path / "sources.yaml", catalogue(World.REAL))


def test_a_contract_is_read_from_a_file_of_its_own_with_days_and_whole_numbers_as_they_are(tmp_path) -> None:
    (tmp_path / "c.yaml").write_text(
        "refused: 0\nfields: [{field: act, least: 2000-01-01}, {field: amount, most: 5}]\n"
    )
    contract = read_contract(tmp_path / "c.yaml", KINDS, CATALOGUE)
    assert (contract.refused, contract.fields[0].least, contract.fields[1].most) == ("0", "2000-01-01", "5")
    assert Contract.model_validate(contract.model_dump(mode="json", exclude_defaults=True)) == contract


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "not a contract"),
        ("- 1", "contract: "),
        ("", "contract: "),
        ("fields: [{field: mood, filled: 1}]", r"fields\.0: field: mood"),
        ("refused: 0.5", r"refused: .*not exact"),
    ],
)
def test_a_file_that_is_no_contract_is_refused(tmp_path, text, says) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(InputError, match=f"c.yaml: .*{says}"):
        read_contract(tmp_path / "c.yaml", KINDS, CATALOGUE)
    with pytest.raises(InputError, match=r"absent\.yaml: cannot be read"):
        read_contract(tmp_path / "absent.yaml", KINDS, CATALOGUE)
