"""Commitments and what they cover: one form for each content, and no other content for it."""

import datetime as dt
import json
from decimal import Decimal
from hashlib import sha256
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.records import schema, with_digest
from goodstanding.facts.world import World
from goodstanding.proof import commitments, merkle

PLAIN = st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]))
EXACT = (
    PLAIN
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.binary()
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.dictionaries(
    NAMES, st.recursive(EXACT, lambda one: st.lists(one) | st.dictionaries(NAMES, one), max_leaves=8)
)


def test_a_commitment_is_the_leaf_hash_of_salt_and_content():
    salt, content = bytes(range(16)), b"c" * 32
    assert commitments.commitment(salt, content) == sha256(b"\x00" + salt + content).digest()
    assert commitments.commitment(salt, content) == merkle.leaf_hash(salt + content)
    assert len(commitments.salt()) == 16
    assert commitments.salt() != commitments.salt()


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))))
def test_many_at_once_are_the_same_as_one_by_one(pairs):
    salts, contents = b"".join(salt for salt, _ in pairs), [content for _, content in pairs]
    assert commitments.commitments(salts, contents) == [commitments.commitment(*pair) for pair in pairs]


def test_salts_of_another_length_are_refused():
    with pytest.raises(ValueError, match="15 bytes"):
        commitments.commitment(b"a" * 15, b"")
    with pytest.raises(ValueError, match="16 for each of 2"):
        commitments.commitments(b"a" * 31, [b"", b""])


def test_the_canonical_form_is_as_documented():
    paris = dt.timezone(dt.timedelta(hours=2))
    row = {
        "kind": "delivery",
        "at": dt.datetime(2026, 3, 31, 10, 0, tzinfo=paris),
        "day": dt.date(2026, 3, 31),
        "root": b"\x00\xff",
        "rows": 12,
        "share": Decimal("0.50"),
        "signed": True,
        "by": None,
        "name": "Café «1»\n",
        "parts": [1, {"b": 2, "a": "x"}],
    }
    assert commitments.canonical(row).decode() == (
        '{"at":"2026-03-31T08:00:00.000000Z","by":null,"day":"2026-03-31","kind":"delivery","name":"Café «1»\\n",'
        '"parts":["1",{"a":"x","b":"2"}],"root":"00ff","rows":"12","share":"0.50","signed":true}'
    )


@given(ROWS)
def test_what_is_read_back_and_written_again_is_the_same(row):
    text = commitments.canonical(row)
    assert commitments.canonical(json.loads(text)) == text
    assert commitments.canonical(dict(reversed(row.items()))) == text


@pytest.mark.parametrize(
    "value",
    [0.5, float("nan"), dt.datetime(2026, 1, 1), dt.time(1), Decimal("NaN"), {1}, object(), {1: "a"}, uuid4()],  # noqa: DTZ001
)
def test_what_has_no_exact_text_is_refused(value):
    with pytest.raises(TypeError):
        commitments.canonical({"value": [value]})


def test_the_digest_of_a_record_is_that_of_the_facts():
    words = catalogue(World.SYNTHETIC)
    row = {
        "subject": "gb.fhrs:413-7",
        "kind": "food.inspection",
        "act": dt.date(2014, 1, 20),
        "document": "D-1",
        "name": "not part of it",
        "born": dt.date(2000, 1, 1),
        "source": "gb.fsa",
    }
    flag = next(name for name, attribute in words.attributes.items() if attribute.type == "flag")
    number = next(name for name, attribute in words.attributes.items() if attribute.type == "number")
    table = pl.DataFrame([row | {flag: True, number: 1250}], schema=schema(words))
    said = {name: value for name, value in row.items() if name not in ("name", "born")}
    text = {name: str(value) for name, value in said.items()} | {flag: "true", number: "1250"}
    assert commitments.record_digest(text).hex() == with_digest(table, words)["digest"][0]


@pytest.mark.parametrize("content", [{"a": "b\x1fc=d"}, {"a=b": "c"}, {"a\x1f": "c"}])
def test_two_contents_cannot_be_made_to_look_like_one(content):
    with pytest.raises(ValueError, match=r"U\+001F"):
        commitments.record_digest(content)
