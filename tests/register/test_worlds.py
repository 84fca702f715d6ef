"""The two worlds: nobody real in a synthetic one, no person at all in a real one, and no switch."""

import datetime as dt

import psycopg
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.policies import load_policy, policies
from goodstanding.register.ledger.subjects import by_identifier, search
from tests.register.conftest import FIRM, PERSON, RECEIVED, inspection, row, state

REAL_PERSON = "cn.ric:11010519491231002X"
REAL_FIRM = "gb.company:01234567"
STRANGER = "cn.ric:000000197001010019"


def refused(register, source, path):
    done = deliver(register, source, path, RECEIVED)
    assert (done.accepted, done.refused) == (0, done.rows)
    return done.refusals


@pytest.mark.parametrize("number", [REAL_PERSON, REAL_FIRM, "gb.fhrs:122-39575", "cn.uscc:91110000600037341L"])
def test_an_assigned_number_is_refused_in_a_synthetic_world(synthetic, file, number) -> None:
    faults = refused(synthetic, "city.tax", file(row(PERSON, "D-1", subject=number)))
    assert "this world holds nobody real" in faults["expected"][0]


def test_a_synthetic_number_that_the_generator_did_not_make_is_refused(synthetic, file) -> None:
    faults = refused(synthetic, "city.tax", file(row(PERSON, "D-1", subject=STRANGER)))
    assert faults["expected"].to_list() == ["a subject of this world"]
    assert by_identifier(synthetic, STRANGER) is None


def test_a_person_of_the_world_is_refused_under_another_name_or_birthday(synthetic, file) -> None:
    rows = [row(PERSON, "D-1", name="李伟"), row(PERSON, "D-2", born="1950-01-01"), row(PERSON, "D-3", name=None)]
    faults = refused(synthetic, "city.tax", file(*rows))
    assert faults.select("row", "field").rows() == [(1, "name"), (2, "born"), (3, "name")]
    assert faults["expected"][0] == "name does not corroborate the number: a person must look at it"
    assert PERSON["subject"][7:] not in str(faults.rows())


def test_an_organisation_of_the_world_is_refused_under_another_name(synthetic, file) -> None:
    done = deliver(synthetic, "city.tax", file(row(FIRM, "D-1", name="Ltd"), row(FIRM, "D-2", name=None)), RECEIVED)
    assert (done.accepted, done.refused) == (1, 1)


@pytest.mark.parametrize("number", [PERSON["subject"], FIRM["subject"]])
def test_a_synthetic_number_is_refused_in_a_real_world(real, file, number) -> None:
    faults = refused(real, "gb.fsa", file(inspection(number, "D-1")))
    assert "region 000000 is synthetic" in faults["expected"][0]


@pytest.mark.parametrize("number", [REAL_PERSON, "nl.bsn:111222333"])
def test_a_person_is_refused_in_a_real_world(real, file, number) -> None:
    faults = refused(real, "gb.fsa", file(inspection(number, "D-1", name="Jan", born="1949-12-31")))
    assert number.partition(":")[2] not in str(faults.rows())
    assert by_identifier(real, number) is None


def test_the_kinds_of_the_synthetic_catalogue_are_refused_in_a_real_world(real, file) -> None:
    faults = refused(real, "gb.fsa", file(inspection(REAL_FIRM, "D-1", kind="tax.arrears")))
    assert "a kind of the catalogue" in faults["expected"][0]


def test_organisations_and_things_are_added_to_a_real_world_by_their_first_valid_row(real, file) -> None:
    rows = [
        inspection("1-1", "D-1"),
        inspection("1-2", "D-2", hygiene="7"),
        inspection(REAL_FIRM, "D-3", name="Tea Ltd"),
    ]
    assert deliver(real, "gb.fsa", file(*rows), RECEIVED).accepted == 2
    firm, stall = by_identifier(real, REAL_FIRM), by_identifier(real, "gb.fhrs:1-1")
    assert (firm.is_a, firm.name, firm.publishable) == ("organisation", "Tea Ltd", True)
    assert (stall.is_a, stall.name, stall.publishable) == ("thing", "", False)
    assert by_identifier(real, "gb.fhrs:1-2") is None
    assert [hit.subject for hit in search(real, "tea")] == [firm]


def test_a_subject_is_not_added_by_a_row_that_contradicts_another(real, file) -> None:
    deliver(real, "gb.fsa", file(inspection("1-1", "D-1")), RECEIVED)
    assert deliver(real, "gb.fsa", file(inspection("1-2", "D-1")), RECEIVED).refused == 1
    assert by_identifier(real, "gb.fhrs:1-2") is None


def test_a_subject_keeps_its_number_over_deliveries(real, file) -> None:
    deliver(real, "gb.fsa", file(inspection("1-1", "D-1")), RECEIVED)
    before = by_identifier(real, "gb.fhrs:1-1")
    deliver(real, "gb.fsa", file(inspection("1-2", "D-2"), inspection("1-1", "D-3", act="2026-04-01")), RECEIVED)
    assert by_identifier(real, "gb.fhrs:1-1") == before
    assert len(state(real)) == 3


def test_a_policy_on_persons_is_loaded_into_a_synthetic_world_only(synthetic, wendeng) -> None:
    load_policy(synthetic, wendeng)
    assert list(policies(synthetic)) == ["cn-wendeng"]


def test_a_policy_on_persons_is_refused_by_a_real_world(real, wendeng) -> None:
    with pytest.raises(InputError, match="may not meet real ones"):
        load_policy(real, wendeng)
    assert policies(real) == {}


def test_a_policy_that_reads_other_kinds_is_refused_by_a_real_world(real, food) -> None:
    kinds = {name: rule.model_copy(update={"kinds": ("tax.arrears",)}) for name, rule in food.policy.entries.items()}
    changed = type(food)(food.policy.model_copy(update={"entries": kinds}), "0", food.folder, food.contents)
    with pytest.raises(InputError, match=r"reads tax\.arrears, which the catalogue of the real world does not have"):
        load_policy(real, changed)


def test_the_database_itself_refuses_persons_and_policies_on_them_in_a_real_world(real, real_dsn) -> None:
    subject = "INSERT INTO subject VALUES (1, 'n', 'cn.ric:1', 'person', '', '', NULL, false, '', NULL)"
    policy = "INSERT INTO policy (id, version, hash, subjects, contents) VALUES ('p', '1', 'h', '{{person}}', '{{}}')"
    with psycopg.connect(real_dsn, autocommit=True) as owner:
        for statement in (subject, policy.format()):
            with pytest.raises(psycopg.errors.RaiseException, match="keeps no persons"):
                owner.execute(statement)


def test_the_present_day_is_the_last_that_is_simulated_or_the_day_in_utc(synthetic) -> None:
    assert synthetic.today == dt.date(2026, 10, 31)


def test_the_present_day_of_a_real_world_is_today(real) -> None:
    assert abs(real.today - dt.datetime.now(dt.UTC).date()) <= dt.timedelta(days=1)
