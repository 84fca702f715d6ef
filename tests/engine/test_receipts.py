"""Receipts: what was computed comes out again to the last unit, and whatever was changed is named."""

import datetime as dt
import json
from dataclasses import replace
from fractions import Fraction

import pytest

from goodstanding.engine.receipts import differences, read_receipt, receipt_of, shipped_policy, write_receipt
from goodstanding.facts.errors import InputError
from tests.engine.dossiers import KINDS, evaluator_of, examples

POLICIES = ["cn-wendeng", "uk-food-hygiene", "de-driver-register", "hk-food-premises", "sg-workplace-safety"]


def made(policy, case, *, evaluator=None):
    evaluator, example = evaluator or evaluator_of(policy), case.example
    standing = evaluator.standing(case.records, example.subject, example.on, example.known_on)
    return receipt_of(evaluator.policy, KINDS, example.subject, standing)


def donation(**changed):
    case = next(case for case in examples("cn-wendeng") if "5,500 yuan" in case.example.name)
    records = tuple(replace(record, **changed) for record in case.records)
    return replace(case, records=records)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_receipt_is_read_as_it_was_written_and_comes_out_again(policy, tmp_path):
    for case in examples(policy)[::9]:
        receipt = made(policy, case)
        write_receipt(receipt, tmp_path / "receipt.json")
        assert read_receipt(tmp_path / "receipt.json") == receipt
        assert list(differences(receipt, made(policy, case))) == []
        assert receipt.sha256 == receipt.digest


def test_the_policy_is_found_by_its_hash():
    receipt = made("uk-food-hygiene", examples("uk-food-hygiene")[0])
    assert shipped_policy(receipt).hash == receipt.policy.hash
    other = receipt.model_copy(update={"policy": receipt.policy.model_copy(update={"hash": "0" * 64})})
    assert shipped_policy(other).policy.id == "uk-food-hygiene"
    nowhere = receipt.policy.model_copy(update={"hash": "0" * 64, "id": "nl-moon"})
    with pytest.raises(InputError, match="no shipped policy has the hash 0000"):
        shipped_policy(receipt.model_copy(update={"policy": nowhere}))


def test_scores_are_kept_exactly():
    assert made("cn-wendeng", donation()).result.score == "1021"
    thirds = evaluator_of("cn-wendeng").standing([], "person", dt.date(2021, 1, 1))
    receipt = receipt_of(evaluator_of("cn-wendeng").policy, KINDS, "person", replace(thirds, score=Fraction(1, 3)))
    assert receipt.result.score == "1/3"


CHANGES = {
    "policy": ({"policy": {"id": "cn-wendeng", "version": "1", "hash": "0" * 64}}, "policy: the receipt has 0000"),
    "engine": ({"engine": "9.9"}, "engine: the receipt has 9.9, found"),
    "catalogue": ({"catalogue": "0" * 64}, "catalogue: the receipt has 0000"),
    "subject": ({"subject": "organisation"}, "subject: the receipt has organisation, found person"),
    "missing": ({"records": ["0001", "0002"]}, "record 0002: in the receipt, not found among the records"),
    "extra": ({"records": []}, "record 0001: found among the records, not in the receipt"),
}


@pytest.mark.parametrize(("changed", "says"), CHANGES.values(), ids=CHANGES)
def test_whatever_was_changed_in_a_receipt_is_named(changed, says, tmp_path):
    file, receipt = tmp_path / "receipt.json", made("cn-wendeng", donation())
    file.write_text(json.dumps({**json.loads(receipt.model_dump_json()), **changed}))
    found = list(differences(read_receipt(file), receipt))
    assert found[0] == "the receipt was changed: its sha256 is not that of what it says"
    assert found[1].startswith(says)
    resealed = read_receipt(file).sealed()
    assert list(differences(resealed, receipt)) == found[1:]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("score", "1022", "score: the receipt has 1022, computed 1021"),
        ("grade", "AAA", "grade: the receipt has AAA, computed A"),
        ("outcome", "not rated", "outcome: the receipt has not rated, computed graded"),
        ("measures", {"limits": "imposed"}, "measures: the receipt has limits imposed, computed nothing"),
    ],
)
def test_a_changed_result_is_named_even_if_it_is_sealed_again(field, value, says):
    receipt = made("cn-wendeng", donation())
    forged = receipt.model_copy(update={"result": receipt.result.model_copy(update={field: value})}).sealed()
    assert list(differences(forged, receipt)) == [says]


def test_other_records_give_another_result():
    other = made("cn-wendeng", donation(attributes={"amount": Fraction(20000)}, digest="other"))
    found = list(differences(made("cn-wendeng", donation()), other))
    assert found[:2] == [
        "record 0001: in the receipt, not found among the records",
        "record other: found among the records, not in the receipt",
    ]
    assert "score: the receipt has 1021, computed 1040" in found


@pytest.mark.parametrize("content", ["", "{}", '{"receipt": "1"}', "[]", '{"receipt": "2"}', "\udcff"])
def test_what_is_no_receipt_is_refused_with_its_place(content, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match="expected a receipt as policy explain writes it"):
        read_receipt(file)


def test_a_receipt_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        read_receipt(tmp_path / "none.json")
