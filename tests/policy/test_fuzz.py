"""Whatever a policy's files hold: they are read, or refused as input that is wrong, and nothing else happens."""

import json
import random
import re
import string
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.expressions import WORDS, ExpressionError, children, parse
from goodstanding.policy.model import json_schema
from goodstanding.policy.reader import Loaded, PolicyError, parse_yaml, policy_from

KINDS = catalogue(World.SYNTHETIC)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

SMALL = """\
goodstanding: 1
id: small
version: 1
title: {en: t, nl: t, zh: t}
about: {en: t, nl: t, zh: t}
jurisdiction: CN
effective: 2020-01-01
subjects: [person]
law:
  c: {cite: c, words: {en: w, nl: w, zh: w}}
tables:
  life: {map: {a: 1 year, b: 2 years}, clause: c, words: {en: w, nl: w, zh: w}}
  rate: {since: {2020-01-01: 1, 2021-01-01: 2}, clause: c, words: {en: w, nl: w, zh: w}}
  ladder: {brackets: [{over: 0, each: 10, points: 1}, {over: 100, each: 5, points: 1}], cap: 9, words: {en: w}}
  steps: {steps: [{at: 10, points: 1}, {at: 20, points: 5}], words: {en: w}}
calendar: {rest: [saturday, sunday], holidays: [2020-01-01], worked: [2020-01-04], clause: c, words: {en: w}}
items:
  - {id: i1, for: contract.default, subject: person, class: deduction, points: -5, clause: c, cite: c, words: {en: w}}
  - {id: i2, for: contract.default, subject: person, class: direct, grade: bad, clause: c, cite: c, words: {en: w}}
accounts:
  points: {words: {en: w}, floor: -12, ceiling: 0}
  marks: {words: {en: w}}
entries:
  deduction:
    items: deduction
    account: points
    per: occurrence
    choose: gravest
    amount: item.points * min(3, 1 + count(ever deduction where act in 12 months after this.act))
    repeat: {same: item, times: 2}
    counts: {from: act, until: "life['a'] after ended", if: "sum(points) < 5", again: 12 months}
    clause: c
    words: {en: w}
  gift:
    for: civic.donation
    account: marks
    amount: {share: ladder, running: amount, in: calendar year}
    counts: {from: act, until: 3 working days after act}
    ends: {entries: [points], where: "placed < this.act"}
    clause: c
    words: {en: w}
  good:
    when: total >= 12 and not some(deduction)
    counts: {from: placed}
    clause: c
    words: {en: w}
values:
  total: {is: "sum(points) + max(0, sum(marks))", grid: {step: 1}, clause: c, words: {en: w}}
  last: {is: "latest(act of deduction else 2020-01-01)", clause: c, words: {en: w}}
  mean: {is: "round(total / 3 if total != 0 else 0, 0.1, 'half-up')", clause: c, words: {en: w}}
  held: {is: "before(total) + rate[today]", clause: c, words: {en: w}}
score: total
unrated:
  - {when: count(deduction) = 0, because: nothing, words: {en: w}, clause: c}
grades:
  order: {best: {en: w}, bad: {en: w}}
  overrides: [{grade: "'bad'", when: today in 1 month after last, clause: c}]
  ladders: [{of: total, bands: {best: to 9, bad: from 10}, clause: c}]
measures:
  limits: {grades: [bad], words: {en: w}, clause: c}
  warning: {when: total >= 6, until: 12 months after today, words: {en: w}, clause: c}
decisions:
  tender:
    purpose: {en: w}
    reads: [grade]
    outcomes: [{outcome: refuse, when: "grade = 'bad'"}]
    otherwise: admit
    words: {refuse: {en: w}, admit: {en: w}}
    review: human
    notice: 14 days after today
    appeal: {en: w}
    clause: c
"""

NASTY = (
    *(
        "0",
        "-1",
        "1/0",
        "1/3",
        "1e999999999",
        "nan",
        "inf",
        "9" * 50,
        "1899-12-31",
        "2023-02-29",
        "9999-12-31",
        "0001-01-01",
    ),
    *(
        "\u0430",
        "\uff11",
        "\u202e",
        "",
        "null",
        "a.b",
        "../a",
        "0..0",
        "5..-5",
        "to 1",
        "from 1",
        "1..",
        "a..b",
        "[",
        "{",
    ),
    *(
        "0 days",
        "100000 years",
        "1 / 0",
        "before(total)",
        "held",
        "last",
        "mean",
        "today",
        "this.act",
        "this",
        "item.points",
    ),
    *("sum(points)", "next_of(0 months, act, act)", "round(1, 0, 'up')", "life['z']", "rate[1]", "ladder[act]", "'"),
)


def words_of(schema):
    """Every key and every fixed word of the language."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (word for word in [*schema.get("enum", ()), schema.get("const")] if isinstance(word, str))
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else ():
        yield from words_of(part)


KEYS = sorted({*words_of(json_schema())})
SIGNS = [*"+-*/=<>()[],.'", "!=", "<=", ">="]
NAMES = sorted({*re.findall(r"[A-Za-z_]+", SMALL)} - {"w", "en", "nl", "zh"})
TOKENS = [*SIGNS, *WORDS, *NAMES, "1", "0", "0.5", "2020-02-29", "'a'", "12 months", "3 working days", "today"]


def read(content: bytes) -> None:
    """Read a policy; where it is refused, every line of the message names the file and holds nothing that hides."""
    message = ""
    try:
        policy_from({"policy.yaml": content}, Path("fuzzed"))
    except PolicyError as error:
        message = str(error)
    assert all(line.startswith("fuzzed") and line.isprintable() for line in message.split("\n") if message)


def test_the_small_policy_is_one():
    assert isinstance(policy_from({"policy.yaml": SMALL.encode()}, Path("small")), Loaded)


@MANY
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    read(content)


@MANY
@given(st.text(st.sampled_from(" \n\t-?:,[]{}#&*!|>'\"%@`abc01.~<=\u202e\ufeff\u00a0"), max_size=60))
def test_any_signs_of_yaml_are_read_or_refused(text):
    read(text.encode())


scalars = st.sampled_from([*NASTY, *KEYS, *NAMES, "1", "2020-01-01"])
structures = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*KEYS, *NAMES, *NASTY]), inner, max_size=5)
    ),
    max_leaves=25,
)


@FEW
@given(structures)
def test_any_structure_over_the_words_of_the_language_is_read_or_refused(structure):
    read(json.dumps(structure, ensure_ascii=False).encode())


@cache
def small():
    return parse_yaml(Path("small"), SMALL.encode())


PATHS = [path for path in small().lines if path]


@settings(FEW, max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PATHS), structures | scalars | st.none()), min_size=1, max_size=3))
def test_a_policy_with_other_parts_in_it_is_read_or_refused(changes):
    whole = json.loads(json.dumps(small().value))
    for (*around, last), new in changes:
        part = whole
        try:
            for key in around:
                part = part[key]
            part[last] = new
            if new is None:
                del part[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this part away
    read(json.dumps(whole, ensure_ascii=False).encode())


EXPRESSIONS = [
    path for path in PATHS if path[-1] in ("is", "when", "amount", "until", "where", "if", "a", "again", "from")
]


@settings(FEW, max_examples=400)
@given(st.sampled_from(EXPRESSIONS), st.lists(st.sampled_from(TOKENS), min_size=1, max_size=9))
def test_a_policy_with_any_expression_in_it_is_read_or_refused(path, tokens):
    whole = json.loads(json.dumps(small().value))
    part = whole
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = " ".join(tokens)
    read(json.dumps(whole).encode())


def mutated(text: str, seed: int) -> str:
    """The text with some of its lines, words and characters changed, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 2, 5))):
        lines = text.split("\n")
        here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[here]
            case 1:
                lines.insert(there, lines[here])
            case 2:
                lines[here] = lines[there]
            case 3:
                words = re.split(r"([\w.]+)", lines[here])
                words[chance.randrange(len(words))] = chance.choice([*NASTY, *TOKENS, *KEYS])
                lines[here] = "".join(words)
            case 4:
                at = chance.randrange(len(lines[here]) + 1)
                lines[here] = lines[here][:at] + chance.choice(string.printable + "\u0430\u202e\0") + lines[here][at:]
            case 5:
                words = re.split(r"([\w.]+)", lines[here])
                one, two = chance.randrange(len(words)), chance.randrange(len(words))
                words[one], words[two] = words[two], words[one]
                lines[here] = "".join(words)
        text = "\n".join(lines)
    return text


SHIPPED = sorted(
    file
    for file in shipped("policies").glob("*/policy.yaml")
    if not any(file.parent.glob("items*")) and "\nbased on:" not in file.read_text()
)


@settings(MANY, max_examples=150)
@given(st.sampled_from([None, *SHIPPED]), st.integers(0, 10**9))
def test_a_shipped_policy_with_changes_is_read_or_refused(file, seed):
    read(mutated(file.read_text() if file else SMALL, seed).encode())


@MANY
@given(st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join) | st.text(max_size=40))
def test_any_tokens_are_an_expression_or_refused(text):
    column, message = 1, ""
    try:
        assert isinstance(children(parse(text)), tuple)
    except ExpressionError as error:
        column, message = error.column, str(error)
    assert 1 <= column <= len(text) + 1
    assert message.isprintable()


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_what_the_reader_takes_for_text_is_what_yaml_takes_for_text(file):
    """The composer of our own gives what the parser's composer gives, scalars left as text."""
    assert parse_yaml(file, file.read_bytes()).value == yaml.load(file.read_text(), Loader=yaml.BaseLoader)


def test_the_exceptions_for_wrong_input_are_of_one_kind():
    assert issubclass(PolicyError, InputError)
    assert issubclass(ExpressionError, InputError)
