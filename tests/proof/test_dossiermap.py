"""The map of dossiers against its plain definition, whole and in buckets, and against false claims."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.proof import dossiermap
from goodstanding.proof.dossiermap import NONE, Bucket, Entry, MapProof, Top
from goodstanding.proof.errors import ProofError

HEAD = b"h" * 32


def near(prefix, last=b""):
    return prefix + bytes(32 - len(prefix) - len(last)) + last


# Keys that share long beginnings as well as random ones: where single leaves rise, and where they do not.
CLOSE = st.builds(
    lambda prefix, bits: near(bytes(prefix), bytes([bits])),
    st.lists(st.sampled_from([0, 1, 128, 255]), max_size=4),
    st.integers(0, 255),
)
KEYS = CLOSE | st.binary(min_size=32, max_size=32)
MAPS = st.dictionaries(KEYS, st.builds(Entry, st.integers(1, 9), st.binary(min_size=32, max_size=32)), max_size=40)


def defined(entries, depth=0):
    """The definition, word for word."""
    if not entries:
        return NONE
    if len(entries) == 1:
        ((key, entry),) = entries.items()
        return sha256(b"\x00" + key + entry.records.to_bytes(8, "big") + entry.head).digest()
    halves = ({}, {})
    for key, entry in entries.items():
        halves[int.from_bytes(key) >> (255 - depth) & 1][key] = entry
    return sha256(b"\x01" + defined(halves[0], depth + 1) + defined(halves[1], depth + 1)).digest()


def in_bucket(entries, number):
    return {key: entry for key, entry in entries.items() if dossiermap.bucket_of(key) == number}


def test_heads_are_a_chain_over_the_records_in_their_order():
    one, two = b"1" * 32, b"2" * 32
    first = sha256(b"\x03" + bytes(32) + one).digest()
    second = sha256(b"\x03" + first + two).digest()
    assert dossiermap.heads([one, two]) == [first, second]
    assert dossiermap.head([one, two]) == dossiermap.head([two], first) == second != dossiermap.head([two, one])
    assert dossiermap.head([]) == NONE


def test_a_key_depends_on_the_salt_of_the_register():
    key = dossiermap.key(b"s" * 16, "nl.kvk:1")
    assert key == sha256(b"subject" + b"s" * 16 + b"nl.kvk:1").digest()
    assert key != dossiermap.key(b"t" * 16, "nl.kvk:1")


@given(MAPS, st.randoms())
def test_the_root_is_that_of_the_definition_in_any_order(entries, shuffle):
    items = list(entries.items())
    shuffle.shuffle(items)
    assert dossiermap.root(dict(items)) == defined(entries)


def test_the_root_of_many_random_keys_is_that_of_the_definition():
    draw = random.Random(7)
    entries = {draw.randbytes(32): Entry(n + 1, draw.randbytes(32)) for n in range(5000)}
    assert dossiermap.root(entries) == defined(entries)


@given(MAPS, KEYS, st.data())
def test_presence_and_absence_are_proved_and_nothing_else(entries, other, data):
    root = dossiermap.root(entries)
    for key in {other, *entries}:
        proof = dossiermap.prove(entries, key)
        assert dossiermap.check(proof, key, root) == entries.get(key)
    key = data.draw(st.sampled_from(sorted(entries) or [other]))
    less = {one: entry for one, entry in entries.items() if one != key}
    more = entries | {key: Entry(10, HEAD)}
    for another in (less, more):
        if another != entries:
            with pytest.raises(ProofError):
                dossiermap.check(dossiermap.prove(another, key), key, root)


@given(MAPS.filter(bool), st.data())
def test_changed_proofs_are_refused(entries, data):
    root, key = dossiermap.root(entries), data.draw(st.sampled_from(sorted(entries)))
    proof = dossiermap.prove(entries, key)
    (own, entry), siblings = proof.end, proof.siblings
    wrong = [
        MapProof(siblings, None),
        MapProof(siblings, (own, entry._replace(records=entry.records + 1))),
        MapProof(siblings, (own, entry._replace(head=HEAD))),
        MapProof(siblings, ((int.from_bytes(own) ^ 1).to_bytes(32), entry)),
        MapProof((*siblings, NONE), proof.end),
        MapProof((*siblings, HEAD), proof.end),
        MapProof(siblings[:-1], proof.end) if siblings else MapProof((HEAD,), proof.end),
    ]
    for claim in wrong:
        with pytest.raises(ProofError):
            dossiermap.check(claim, key, root)


def test_a_leaf_that_does_not_lie_on_the_way_proves_no_absence():
    here, there = near(b"\x00"), near(b"\x80")
    entries = {here: Entry(1, HEAD), there: Entry(1, HEAD)}
    with pytest.raises(ProofError, match="on the way"):
        dossiermap.check(dossiermap.prove(entries, there), here, dossiermap.root(entries))


@settings(max_examples=25)
@given(MAPS, st.lists(MAPS, max_size=3), st.lists(KEYS, max_size=4))
def test_top_and_buckets_are_the_same_as_the_definition(first, changes, others):
    top, entries = Top(dossiermap.buckets(first)), dict(first)
    for step in [{}, *changes]:
        gone = set(sorted(entries)[::3]) if step else set()
        entries = {key: entry for key, entry in entries.items() if key not in gone} | step
        touched = {dossiermap.bucket_of(key) for key in {*gone, *step}}
        empty = {number: Bucket(NONE, 0) for number in touched}
        top.update(empty | {n: b for n, b in dossiermap.buckets(entries).items() if n in touched})
        assert top.root == defined(entries)
        assert top.subjects == len(entries)
        for key in {*others, *entries}:
            proof = top.prove(key, lambda number, now=dict(entries): in_bucket(now, number))
            assert proof == dossiermap.prove(entries, key)
            assert dossiermap.check(proof, key, top.root) == entries.get(key)


def test_an_empty_map_proves_that_nobody_is_in_it():
    top = Top()
    assert (top.root, top.subjects) == (NONE, 0)
    proof = top.prove(near(b"a"), in_bucket)
    assert proof == MapProof((), None)
    assert dossiermap.check(proof, near(b"a"), NONE) is None


def test_top_refuses_what_cannot_be():
    top = Top({5: Bucket(HEAD, 1)})
    for number, bucket in ((65_536, Bucket(HEAD, 1)), (1, Bucket(HEAD, 0)), (1, Bucket(NONE, 1)), (1, Bucket(b"", 1))):
        with pytest.raises(ValueError, match="bucket"):
            top.update({number: bucket})
    assert top.bucket(5) == Bucket(HEAD, 1)
    with pytest.raises(ValueError, match="not those that the map was made of"):
        top.prove(near(b"\x00\x05"), lambda _: {near(b"\x00\x05"): Entry(1, HEAD)})
    with pytest.raises(ValueError, match="several buckets"):
        dossiermap.bucket_root({near(b"\x00\x05"): Entry(1, HEAD), near(b"\x00\x06"): Entry(1, HEAD)})
