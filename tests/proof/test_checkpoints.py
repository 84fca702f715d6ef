"""Checkpoints: read strictly, believed only from the log, compared."""

import pytest

from goodstanding.proof import checkpoints, merkle, notes
from goodstanding.proof.checkpoints import Checkpoint
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Kind, Signer

ORIGIN = "example.org/register"
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
KEY = Signer(ORIGIN, bytes(32))
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(20)]


def read(level, index):
    return merkle.root(LEAVES[index << level : (index + 1) << level])


def at(size, origin=ORIGIN):
    return Checkpoint(origin, size, merkle.root(LEAVES[:size]))


def test_the_example_of_the_specification_is_read_and_written():
    checkpoint = checkpoints.parse(TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert str(checkpoint) == TEXT
    extended = checkpoints.parse(TEXT + "one\ntwo\n")
    assert extended.extensions == ("one", "two")
    assert str(extended) == TEXT + "one\ntwo\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT[:-1], "newline"),
        ("a\n1\n", "2 lines"),
        (TEXT.replace("example.com/behind-the-sofa", ""), "line 1"),
        (TEXT + "\nmore\n", "line 4"),
        (TEXT.replace("2085", "0285"), "line 2"),
        (TEXT.replace("2085", "+2085"), "line 2"),
        (TEXT.replace("20852163", "٣"), "line 2"),
        (TEXT.replace("20852163", "9223372036854775808"), "line 2"),
        (TEXT.replace("20852163", ""), "line 2"),
        (TEXT.replace("q2I=", "q2J="), "line 3"),
        (TEXT.replace("CsUY", ""), "line 3"),
        (TEXT.replace("20852163", "0"), "empty tree"),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_its_line(text, message):
    with pytest.raises(ProofError, match=message):
        checkpoints.parse(text)


def test_a_checkpoint_is_believed_from_the_log_only():
    witness = Signer("witness.example/w1", bytes(range(32)), Kind.COSIGNATURE)
    note = notes.cosigned(checkpoints.sign(at(5), KEY), witness, 1_700_000_000)
    verified = checkpoints.verify(note, [KEY.verifier, witness.verifier])
    assert verified.checkpoint == at(5)
    assert [one.at for one in verified.witnesses] == [1_700_000_000]
    with pytest.raises(ProofError, match="not signed by a given key of that name"):
        checkpoints.verify(note, [witness.verifier])
    other = Signer("example.org/other", bytes(32))
    with pytest.raises(ProofError, match="not signed by a given key of that name"):
        checkpoints.verify(notes.sign(str(at(5)), other), [other.verifier])
    with pytest.raises(ProofError, match="the checkpoint of"):
        checkpoints.sign(at(5), other)


def test_growth_is_proved_and_anything_else_refused():
    proof = merkle.consistency(6, 17, read)
    checkpoints.compare(at(6), at(17), proof)
    checkpoints.compare(at(6), at(6), [])
    for old, new, hashes, message in [
        (at(6), at(17, "example.org/other"), proof, "two logs"),
        (at(17), at(6), proof, "cut back"),
        (Checkpoint(ORIGIN, 6, merkle.EMPTY), at(6), [], "two histories"),
        (Checkpoint(ORIGIN, 6, merkle.EMPTY), at(17), proof, "old root"),
        (at(6), at(17), proof[:-1], "too few"),
    ]:
        with pytest.raises(ProofError, match=message):
            checkpoints.compare(old, new, hashes)


def test_an_origin_that_would_forge_a_line_is_not_signed():
    key = Signer("a", bytes(32))
    with pytest.raises(ProofError):
        checkpoints.sign(Checkpoint("a", 0, merkle.EMPTY, ("x\ny",)), key)
