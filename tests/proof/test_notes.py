"""Signed notes and cosignatures, with the examples that the specification and other implementations publish."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.proof import notes
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Kind, Signer, Verifier

# c2sp.org/signed-note, "Verifier keys".
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The documentation of golang.org/x/mod/sumdb/note.
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# A witness that runs, from the tests of transparency-dev/formats.
WITNESS_KEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
# c2sp.org/tlog-cosignature: the checkpoint of its example.
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


@pytest.fixture
def log():
    return Signer.generate("example.org/register")


@pytest.fixture
def witness():
    return Signer.generate("witness.example/w1", Kind.COSIGNATURE)


def test_the_example_of_the_specification_opens():
    key = Verifier.parse(EXAMPLE_KEY)
    assert (key.name, key.id.hex(), str(key)) == ("example.com/foo", "530d903a", EXAMPLE_KEY)
    assert notes.opened(EXAMPLE, [key]).text == "This is an example message.\n"


def test_a_note_is_the_same_as_the_reference_implementation_makes_it():
    key = Signer.parse(GO_PRIVATE)
    assert str(key) == GO_PRIVATE
    assert str(key.verifier) == GO_KEY
    assert notes.sign(GO_TEXT, key) == GO_NOTE
    assert notes.opened(GO_NOTE, [Verifier.parse(GO_KEY)]).signed == (notes.Signed(key.verifier),)


def test_the_key_of_a_witness_is_read():
    key = Verifier.parse(WITNESS_KEY)
    assert (key.kind, str(key)) == (Kind.COSIGNATURE, WITNESS_KEY)


def test_the_example_of_a_cosignature_has_its_time():
    text, (own, witness) = notes.split(COSIGNED)
    assert text.split("\n")[1] == "20852163"
    assert (own.name, len(own.data)) == ("example.com/behind-the-sofa", 64)
    assert int.from_bytes(witness.data[:8]) == 1679315147
    assert len(witness.data) == 72


def test_signatures_of_others_are_passed_over_and_one_that_is_known_is_needed(log):
    other = Signer.generate("example.org/other")
    note = notes.sign("text\n", other, log)
    assert [one.key for one in notes.opened(note, [log.verifier]).signed] == [log.verifier]
    with pytest.raises(ProofError, match="not by a key that was given"):
        notes.opened(note, [Signer.generate("example.org/register").verifier])


def test_a_signature_of_a_known_key_that_does_not_hold_condemns_the_note(log):
    other = Signer.generate("example.org/other")
    note = notes.sign("text\n", log, other)
    lines = note.split("\n")
    forged = lines[2][:-6] + ("AAAA" if lines[2][-6:-2] != "AAAA" else "BBBB") + lines[2][-2:]
    with pytest.raises(ProofError, match="does not hold"):
        notes.opened("\n".join([*lines[:2], forged, *lines[3:]]), [log.verifier, other.verifier])


def test_a_witness_vouches_with_a_time_that_cannot_be_moved(log, witness):
    note = notes.cosigned(notes.sign("a\n1\nb\n", log), witness, 1679315147)
    found = notes.opened(note, [log.verifier, witness.verifier])
    assert {one.key: one.at for one in found.signed} == {log.verifier: None, witness.verifier: 1679315147}
    body, line = note[: note.rindex(" ") + 1], note[note.rindex(" ") + 1 :]
    raw = bytearray(base64.b64decode(line))
    raw[11] ^= 1
    with pytest.raises(ProofError, match="does not hold"):
        notes.opened(body + base64.b64encode(raw).decode() + "\n", [log.verifier, witness.verifier])


def test_one_key_does_not_sign_in_the_other_way(log, witness):
    with pytest.raises(ProofError):
        notes.sign("text\n", witness)
    with pytest.raises(ProofError):
        notes.cosigned(notes.sign("text\n", log), log, 0)
    as_log = Verifier(witness.name, witness.verifier.public)
    note = notes.cosigned(notes.sign("text\n", log), witness, 5)
    with pytest.raises(ProofError, match="not by a key that was given"):
        notes.opened(note, [as_log])


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n")))
def test_any_text_without_control_characters_can_be_signed(text):
    key = Signer("example.org/a", bytes(32))
    assert notes.opened(notes.sign(text + "\n", key), [key.verifier]).text == text + "\n"


@pytest.mark.parametrize("length", [0, 1, 7, 8, 71, 72, 73])
def test_a_cosignature_of_another_length_or_without_a_time_does_not_hold(log, witness, length):
    data = base64.b64encode(witness.verifier.id + b"\xff" * length + b"x" * (length < 1)).decode()
    note = notes.sign("text\n", log) + f"— {witness.name} {data}\n"
    with pytest.raises(ProofError, match=r"does not hold|no time"):
        notes.opened(note, [log.verifier, witness.verifier])


@given(st.data())
def test_a_changed_note_is_refused(data):
    key = Signer("example.org/a", bytes(32))
    note = notes.sign("example.org/a\n5\nabc\n", key)
    at = data.draw(st.integers(0, len(note) - 1))
    character = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda one: one != note[at]))
    for other in (
        note[:at] + character + note[at + 1 :],
        note[:at] + note[at + 1 :],
        note[:at] + character + note[at:],
    ):
        if other != note:
            with pytest.raises(ProofError):
                notes.opened(other, [key.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— a\n",
        "text\n\n— a b\n",
        "text\n\n— a AAAA\n",
        "text\n\n- a AAAAAAAA\n",
        "te\txt\n\n— a AAAAAAAA\n",
        "text\n\n— a AAAAAAAA",
        "text\n\n" + "— a AAAAAAAA\n" * 65,
        "x" * (1 << 20) + "\n\n",
    ],
)
def test_what_is_no_note_is_refused(note):
    with pytest.raises(ProofError):
        notes.split(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "a b+530d903a+AAAA",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        EXAMPLE_KEY.replace("530d", "530e"),
        EXAMPLE_KEY.replace("530d", "530D"),
        EXAMPLE_KEY[:-4],
        EXAMPLE_KEY + "!",
        EXAMPLE_KEY.replace("+Aek", "+Bek"),
        EXAMPLE_KEY.replace("+Aek", "+Cek"),
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ProofError):
        Verifier.parse(text)


def test_a_private_key_is_never_shown():
    key = Signer.parse(GO_PRIVATE)
    secret = GO_PRIVATE.rsplit("+", 1)[1]
    assert secret not in repr(key)
    with pytest.raises(ProofError) as caught:
        Signer.parse(GO_PRIVATE.replace("c74f", "c74e"))
    assert secret not in str(caught.value)
