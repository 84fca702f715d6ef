"""Documents as their holders check them: what is right passes, and every lie of a registrar is named."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.proof import bundles, checkpoints, dossiermap, notes
from goodstanding.proof.errors import ProofError
from tests.proof.building import ALICE, BOB, KEY, NOBODY, WITNESS, Register, happened, record

KEYS = [KEY.verifier, WITNESS.verifier]
REGISTER = Register()
RECEIPT, DOSSIER, ABSENCE, GROWTH = (
    REGISTER.receipt(2),
    REGISTER.dossier(ALICE, erased={1}),
    REGISTER.dossier(NOBODY),
    REGISTER.growth(200),
)
ALL = (RECEIPT, DOSSIER, ABSENCE, GROWTH)


def edited(bundle, change):
    plain = json.loads(bundle.text())
    change(plain)
    return bundles.read(json.dumps(plain))


@pytest.mark.parametrize("bundle", ALL, ids=lambda bundle: bundle.goodstanding)
def test_documents_are_read_as_they_were_written_and_hold(bundle):
    assert bundles.read(bundle.text()) == bundle
    assert bundles.check(bundle, KEYS)[0].startswith("example.org/register signed a log of ")


def test_what_was_checked_is_told():
    said = "\n".join(bundles.check(DOSSIER, KEYS))
    assert f"the dossier of '{ALICE}' has 3 records, and all are here" in said
    assert "2 of them have the content that was committed to; 1 were erased since" in said
    assert "the witness witness.example/w1 saw it at 2026-09-21 14:13:20 UTC" in said
    assert f"there is no dossier of '{NOBODY}'" in bundles.check(ABSENCE, KEYS)
    assert "record 3 of the delivery" in "\n".join(bundles.check(RECEIPT, KEYS))
    assert "the new log is the old one with 102 leaves added" in bundles.check(GROWTH, KEYS)[-1]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_withheld_record_is_named(number):
    def withhold(plain):
        del plain["items"][number]

    at_fault = {0: "record 1 of the dossier is withheld", 1: "record 2 of the dossier is withheld"}
    with pytest.raises(ProofError, match=at_fault.get(number, "shown with 2 records, and has 3: some are withheld")):
        bundles.check(edited(DOSSIER, withhold), KEYS)


def test_a_withheld_record_is_found_where_the_heads_are_made_anew():
    def withhold(plain):
        del plain["items"][0]
        heads = dossiermap.heads([bytes.fromhex(item["commitment"]) for item in plain["items"]])
        for item, head in zip(plain["items"], heads, strict=True):
            item["head"] = head.hex()

    with pytest.raises(ProofError, match="some are withheld"):
        bundles.check(edited(DOSSIER, withhold), KEYS)


def test_records_in_another_order_or_of_another_are_found():
    def swapped(plain):
        first, second = plain["items"][0], plain["items"][2]
        plain["items"][0], plain["items"][2] = second, first
        heads = dossiermap.heads([bytes.fromhex(item["commitment"]) for item in plain["items"]])
        for item, head in zip(plain["items"], heads, strict=True):
            item["head"] = head.hex()

    with pytest.raises(ProofError, match="do not lead to the dossier's head"):
        bundles.check(edited(DOSSIER, swapped), KEYS)


def test_the_dossier_of_another_is_not_taken_for_ones_own():
    with pytest.raises(ProofError, match="the map"):
        bundles.check(edited(REGISTER.dossier(BOB), lambda plain: plain.update(identifier=ALICE)), KEYS)


def test_a_record_about_another_in_ones_dossier_is_found():
    odd = Register(contents=[record(ALICE, "D-1") | {"subject": ALICE}, record(BOB, "D-2")])
    odd.of = lambda subject: [0, 1] if subject == ALICE else []
    own = dossiermap.Entry(2, dossiermap.head(odd.leaves))
    odd.entries = {dossiermap.key(odd.map_salt, ALICE): own}
    odd.map = odd.add(happened("map", root=dossiermap.root(odd.entries), salt=odd.map_salt, subjects=1))
    with pytest.raises(ProofError, match=f"record 2 of the dossier is about '{BOB}'"):
        bundles.check(odd.dossier(ALICE), KEYS)


def test_absence_cannot_be_claimed_of_a_subject_that_is_there():
    def empty(plain):
        plain["items"] = []

    with pytest.raises(ProofError, match="shown with 0 records, and has 3: some are withheld"):
        bundles.check(edited(DOSSIER, empty), KEYS)

    def as_alice(plain):
        plain["identifier"] = ALICE

    with pytest.raises(ProofError, match="the map"):
        bundles.check(edited(ABSENCE, as_alice), KEYS)


def test_another_salt_of_the_map_does_not_make_a_subject_absent():
    def salted(plain):
        plain["event"]["content"]["row"]["salt"] = "ff" * 16

    with pytest.raises(ProofError, match="not in the log as it is shown"):
        bundles.check(edited(DOSSIER, salted), KEYS)


def test_an_older_map_is_not_taken_for_the_present_one():
    older = Register()
    stale = older.map
    older.add(happened("delivery", accepted=0, records_root=bytes(32)))
    older.map = stale
    with pytest.raises(ProofError, match="must be its last"):
        bundles.check(older.dossier(ALICE), KEYS)


def test_the_map_must_be_a_map():
    other = Register()
    other.map = other.add(happened("delivery", root=dossiermap.root(other.entries), salt="00" * 16, subjects=2))
    with pytest.raises(ProofError, match="shown as 'delivery', expected 'map'"):
        bundles.check(other.dossier(ALICE), KEYS)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("salt", "00" * 16, "its salt and its digest do not give its commitment"),
        ("digest", "00" * 32, "its salt and its digest do not give its commitment"),
        ("content", {"subject": ALICE, "hygiene": "20"}, "what it says does not give its digest"),
        ("content", {"subject": ALICE, "hygiene": "5\x1fx=y"}, "what it says does not give its digest"),
        ("salt", None, "expected its salt and digest, or by which clause"),
        ("digest", None, "expected a salt and a digest together"),
        ("erased", {"clause": "x", "on": "2026-01-01"}, "expected its salt and digest, or by which clause"),
    ],
)
def test_a_changed_record_is_named(name, value, message):
    with pytest.raises(ProofError, match=f"record 3 of the dossier: {message}"):
        bundles.check(edited(DOSSIER, lambda plain: plain["items"][2].update({name: value})), KEYS)


def test_a_receipt_of_another_record_does_not_hold():
    other = json.loads(REGISTER.receipt(3).text())
    with pytest.raises(ProofError, match="the record is not in the delivery"):
        bundles.check(edited(RECEIPT, lambda plain: plain.update(record=other["record"])), KEYS)
    with pytest.raises(ProofError, match="the record is not in the delivery"):
        bundles.check(edited(RECEIPT, lambda plain: plain.update(index=3)), KEYS)
    with pytest.raises(ProofError, match="its salt and its digest"):
        bundles.check(edited(RECEIPT, lambda plain: plain["record"].update(digest="00" * 32)), KEYS)


def test_a_receipt_can_be_shown_without_what_the_record_says():
    def closed(plain):
        for name in ("salt", "digest", "content"):
            del plain["record"][name]

    assert bundles.check(edited(RECEIPT, closed), KEYS)[-1].endswith("its content not shown")


def test_a_checkpoint_of_another_key_is_not_believed():
    other = notes.Signer(KEY.name, b"o" * 32)
    for bundle in ALL:
        with pytest.raises(ProofError, match="not by a key that was given"):
            bundles.check(bundle, [other.verifier])


def test_a_cut_back_log_is_told():
    def turned(plain):
        plain["old"], plain["new"] = plain["new"], plain["old"]

    with pytest.raises(ProofError, match="cut back: from 302 leaves to 200"):
        bundles.check(edited(GROWTH, turned), KEYS)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0" * 64, "0" * 32]),
        lambda one: st.lists(one) | st.dictionaries(st.text() | st.sampled_from(["kind", "root", "salt"]), one),
    ),
    st.data(),
)
def test_no_document_makes_the_check_fail_in_another_way(value, data):
    plain = json.loads(data.draw(st.sampled_from(ALL)).text())
    path = data.draw(st.sampled_from(sorted(places(plain), key=str)))
    path = path[: data.draw(st.integers(1, len(path)))]
    spot = plain
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = value
    with contextlib.suppress(ProofError, InputError):
        bundles.check(bundles.read(json.dumps(plain)), KEYS)


@given(st.text())
def test_no_text_makes_the_reading_fail_in_another_way(text):
    for reading in (bundles.read, notes.split, notes.Verifier.parse, notes.Signer.parse, checkpoints.parse):
        with contextlib.suppress(ProofError, InputError):
            reading(text)


def places(value, path=()):
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            yield from places(one, (*path, key))
    else:
        yield path


# What a document says beside what is proved, or what must only be of its form: `erased` is the register's own word.
UNPROVED = {"clause", "on"}


@settings(max_examples=300)
@given(st.data())
def test_any_other_single_change_is_refused(data):
    plain = json.loads(data.draw(st.sampled_from(ALL)).text())
    path = data.draw(st.sampled_from([one for one in places(plain) if one[-1] not in UNPROVED]))
    spot = plain
    for key in path[:-1]:
        spot = spot[key]
    before = spot[path[-1]]
    if isinstance(before, str):
        at = data.draw(st.integers(0, len(before) - 1))
        spot[path[-1]] = (
            before[:at] + data.draw(st.sampled_from("0a1bz ").filter(lambda c: c != before[at])) + before[at + 1 :]
        )
    else:
        spot[path[-1]] = data.draw(st.sampled_from([None, 0, 1, "x", True]).filter(lambda one: one != before))
    try:
        bundles.check(bundles.read(json.dumps(plain)), KEYS)
    except (ProofError, InputError):
        return
    if path == ("identifier",) and not plain["items"]:
        return  # that another subject has no dossier either is true
    # A witness's line that is not of a witness that is known any more is passed over; the log's own stands.
    assert path[-1] in ("checkpoint", "old", "new")
    assert KEY.name in spot[path[-1]]
    assert WITNESS.name not in spot[path[-1]] or notes.split(spot[path[-1]])[1][1].id != WITNESS.verifier.id


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "JSON"),
        ("[]", "the document"),
        ("{}", "the document"),
        ('{"goodstanding": "dossier-proof/2"}', "the document"),
        ('{"goodstanding": "consistency-proof/1", "old": "a", "old": "b"}', "'old' stands twice"),
        ("[" * 100_000, "JSON"),
        ('{"index": ' + "9" * 5000 + "}", "JSON"),
        ('{"goodstanding": "consistency-proof/1", "old": "\\ud800"}', "document"),
        (GROWTH.text().replace('"new"', '"newer"'), "new: Field required"),
        (RECEIPT.text().replace('"index": 2', '"index": 2.0'), "index"),
        (RECEIPT.text().replace('"index": 2', '"index": -1'), "index"),
        (RECEIPT.text().replace('"accepted": "5"', '"accepted": 5'), "numbers as text"),
        (RECEIPT.text().replace(RECEIPT.record.salt.hex(), "ABCD" * 8), "record.salt.*hexadecimal"),
    ],
)
def test_what_is_not_of_the_form_is_refused_with_its_place(text, message):
    with pytest.raises(InputError, match=message):
        bundles.read(text)
