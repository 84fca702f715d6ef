"""Small policies, records and tables of them, for tests of what the engine makes of them."""

import datetime as dt
import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from unittest import mock

import polars as pl

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.records import Record, objects, schema, with_digest
from goodstanding.facts.world import World
from goodstanding.policy.reader import policy_from

KINDS = catalogue(World.SYNTHETIC)
WORDS = {"en": "w", "nl": "w", "zh": "w"}
PERSON = "cn.ric:000000197001010019"

_PLAIN = {
    "entries": {"fault": {"for": "contract.default", "account": "points", "amount": "1"}},
    "values": {"score": {"is": "sum(points)", "grid": {"step": "1"}}},
    "score": "score",
    "ladders": [{"of": "score", "bands": {"good": "to 9", "bad": "from 10"}}],
    "grades": ("good", "bad", "worse"),
}


_ENTRY = {"account": "points", "counts": {"from": "act"}, "clause": "c", "words": WORDS}


@cache
def _read(content):
    return policy_from({"policy.yaml": content}, Path("small"))


def under(kinds, content):
    """Read a policy under a catalogue that does not ship."""
    with mock.patch("goodstanding.policy.reader.catalogue", return_value=kinds):
        return policy_from({"policy.yaml": content}, Path("small"))


def loaded(kinds=KINDS, **parts):
    """A policy of which only these parts matter: words and clauses are put in where the language asks for them."""
    parts = _PLAIN | parts
    whole = {
        "goodstanding": "1",
        "id": "small",
        "version": "1",
        "title": WORDS,
        "about": WORDS,
        "jurisdiction": "CN",
        "effective": "unverified",
        "subjects": ["person", "organisation"],
        "law": {"c": {"cite": "c", "words": WORDS}},
        "tables": {name: {"words": WORDS, **table} for name, table in parts.get("tables", {}).items()},
        "items": [
            {"id": f"i{index}", "subject": "person", "clause": "c", "cite": "c", "words": WORDS, **item}
            for index, item in enumerate(parts.get("items", ()))
        ],
        "accounts": {name: {"words": WORDS, **rest} for name, rest in _accounts(parts).items()},
        "entries": {
            name: {key: one for key, one in {**_ENTRY, **entry}.items() if one is not None}
            for name, entry in parts["entries"].items()
        },
        "values": {name: {"clause": "c", "words": WORDS, **value} for name, value in parts["values"].items()},
        "score": parts["score"],
        "unrated": [{"clause": "c", "words": WORDS, **row} for row in parts.get("unrated", ())],
        "grades": {
            "order": dict.fromkeys(parts["grades"], WORDS),
            "overrides": [{"clause": "c", **row} for row in parts.get("overrides", ())],
            "ladders": [{"clause": "c", **row} for row in parts["ladders"]],
        },
    }
    whole["measures"] = {
        name: {"clause": "c", "words": WORDS, **one} for name, one in parts.get("measures", {}).items()
    }
    if "calendar" in parts:
        whole["calendar"] = {"clause": "c", "words": WORDS, **parts["calendar"]}
    content = json.dumps(whole).encode()
    return _read(content) if kinds is KINDS else under(kinds, content)


def _accounts(parts):
    return {"points": {}} | parts.get("accounts", {})


def day(text):
    return dt.date.fromisoformat(text)


def record(kind, act, document="1", **rest):
    """A record; dates are text, numbers are exact, and the occurrence is the document unless it is given."""
    dates = {name: day(rest.pop(name)) for name in ("decided", "final", "known", "withdrawn") if name in rest}
    occurrence = rest.pop("occurrence", document)
    attributes = {
        name: Fraction(value) if KINDS.attributes[name].type == "number" else value for name, value in rest.items()
    }
    return Record(PERSON, kind, day(act), occurrence, document, attributes=attributes, digest=f"d{document}", **dates)


def table(rows, kinds=KINDS):
    """A table of records, with digests, of rows as mappings; what they do not say is empty."""
    plain = {"document": "1", "occurrence": "1", "source": "s", "authority": "a", "basis": "b", "subject": PERSON}
    return with_digest(pl.DataFrame([plain | row for row in rows], schema=schema(kinds)), kinds)


def dossiers(records, kinds=KINDS):
    """The records of every subject, as objects."""
    every = {}
    for one in objects(records, kinds):
        every.setdefault(one.subject, []).append(one)
    return every
