"""Merkle trees against the published vectors, against the definition, and against whoever changes a proof."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.proof import merkle
from goodstanding.proof.errors import ProofError

# The vectors of Certificate Transparency (RFC 6962), the same in every implementation.
DATA = [
    bytes.fromhex(data)
    for data in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def leaves(size):
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


def defined(hashes):
    """The root as RFC 9162, 2.1.1 writes it: split at the largest power of two below the size."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256().digest()
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + defined(hashes[:middle]) + defined(hashes[middle:])).digest()


def reading(hashes):
    def read(level, index):
        part = hashes[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "only perfect subtrees are asked for"
        return merkle.root(part)

    return read


def test_published_roots():
    hashes = [merkle.leaf_hash(data) for data in DATA]
    assert [merkle.root(hashes[:size]).hex() for size in range(9)] == ROOTS
    assert ROOTS[0] == merkle.EMPTY.hex()


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_published_inclusion_proofs(index, size):
    hashes = [merkle.leaf_hash(data) for data in DATA[:size]]
    proof = merkle.inclusion(index, size, reading(hashes))
    assert [one.hex() for one in proof] == INCLUSION[index, size]
    merkle.check_inclusion(hashes[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_published_consistency_proofs(old, size):
    proof = merkle.consistency(old, size, reading([merkle.leaf_hash(data) for data in DATA[:size]]))
    assert [one.hex() for one in proof] == CONSISTENCY[old, size]
    merkle.check_consistency(old, bytes.fromhex(ROOTS[old]), size, bytes.fromhex(ROOTS[size]), proof)


@given(st.integers(0, 600))
def test_root_is_that_of_the_definition(size):
    hashes = leaves(size)
    assert merkle.root(hashes) == defined(hashes) == merkle.root_at(size, reading(hashes))


@given(st.lists(st.integers(0, 70), max_size=8))
def test_edge_grown_in_any_steps_and_kept_between_them_has_the_same_root(steps):
    hashes, edge = leaves(sum(steps)), merkle.Edge()
    for number, step in enumerate(steps):
        edge = merkle.Edge(edge.size, edge.hashes)
        part = hashes[edge.size : edge.size + step]
        if number % 2:
            edge.extend(part)
        else:
            for leaf in part:
                edge.append(leaf)
        assert edge.root() == merkle.root(hashes[: edge.size])
    assert edge.size == len(hashes)
    assert len(edge.hashes) == len(hashes).bit_count()


def test_edge_refuses_hashes_of_another_size():
    with pytest.raises(ValueError, match="2 hashes"):
        merkle.Edge(3, [merkle.EMPTY])


@given(st.data())
def test_every_leaf_of_every_tree_is_proved(data):
    size = data.draw(st.integers(1, 600))
    hashes = leaves(size)
    root, read = merkle.root(hashes), reading(hashes)
    for index in {0, size - 1, *data.draw(st.lists(st.integers(0, size - 1), max_size=20))}:
        proof = merkle.inclusion(index, size, read)
        merkle.check_inclusion(hashes[index], index, size, proof, root)
        with pytest.raises(ProofError):
            merkle.check_inclusion(merkle.leaf_hash(b"another"), index, size, proof, root)


def test_every_index_of_every_small_tree_and_no_other():
    for size in range(1, 40):
        hashes = leaves(size)
        root, read = merkle.root(hashes), reading(hashes)
        for index in range(size):
            proof = merkle.inclusion(index, size, read)
            for claimed in range(size):
                if claimed == index:
                    merkle.check_inclusion(hashes[index], claimed, size, proof, root)
                else:
                    with pytest.raises(ProofError):
                        merkle.check_inclusion(hashes[index], claimed, size, proof, root)


def test_every_beginning_of_every_small_tree():
    for size in range(50):
        hashes = leaves(size)
        root, read = merkle.root(hashes), reading(hashes)
        for old in range(size + 1):
            proof = merkle.consistency(old, size, read)
            merkle.check_consistency(old, merkle.root(hashes[:old]), size, root, proof)


@given(st.data())
def test_changed_proofs_are_refused(data):
    size = data.draw(st.integers(2, 600))
    old = data.draw(st.integers(1, size - 1))
    hashes = leaves(size)
    root, before, read = merkle.root(hashes), merkle.root(hashes[:old]), reading(hashes)
    inclusion, consistency = merkle.inclusion(old, size, read), merkle.consistency(old, size, read)
    with pytest.raises(ProofError):
        merkle.check_inclusion(hashes[old], old, size, changed(data, inclusion), root)
    with pytest.raises(ProofError):
        merkle.check_consistency(old, before, size, root, changed(data, consistency))
    with pytest.raises(ProofError):
        merkle.check_consistency(old, merkle.root([*hashes[: old - 1], hashes[old]]), size, root, consistency)
    with pytest.raises(ProofError):
        merkle.check_consistency(old, before, size, merkle.root([*hashes[:-1], b"x" * 32]), consistency)


def changed(data, proof):
    kind = data.draw(st.sampled_from(["flip", "drop", "add", "swap"]))
    at = data.draw(st.integers(0, len(proof) - 1))
    if kind == "flip":
        bit = data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[at]) ^ 1 << bit).to_bytes(32)
        return [*proof[:at], flipped, *proof[at + 1 :]]
    if kind == "drop":
        return [*proof[:at], *proof[at + 1 :]]
    if kind == "add":
        return [*proof[:at], b"\x07" * 32, *proof[at:]]
    return [*proof[:at], *proof[at + 1 :], proof[at]] if at + 1 < len(proof) else proof[:-1]


@pytest.mark.parametrize(
    ("size", "old", "message"),
    [(3, 4, "larger"), (0, 0, "without leaves"), (4, 4, "two roots"), (4, 0, "without leaves")],
)
def test_impossible_claims_of_consistency_are_refused(size, old, message):
    with pytest.raises(ProofError, match=message):
        merkle.check_consistency(old, b"a" * 32, size, b"b" * 32, [])


def test_what_a_tree_does_not_have_is_not_proved():
    read = reading(leaves(3))
    with pytest.raises(ValueError, match="no leaf 3"):
        merkle.inclusion(3, 3, read)
    with pytest.raises(ValueError, match="no beginning"):
        merkle.consistency(4, 3, read)
    with pytest.raises(ProofError, match="no leaf 3"):
        merkle.check_inclusion(merkle.EMPTY, 3, 3, [], merkle.EMPTY)
    with pytest.raises(ProofError, match="31 bytes"):
        merkle.check_inclusion(b"a" * 31, 0, 1, [], merkle.EMPTY)
