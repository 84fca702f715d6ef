"""What is no policy is refused with one clear message a fault, at once, and never with another exception."""

import datetime as dt
import json
import re
import time
from fractions import Fraction
from pathlib import Path

import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy import reader
from goodstanding.policy.examples import read_examples
from goodstanding.policy.expressions import ExpressionError, parse
from goodstanding.policy.reader import PolicyError, parse_yaml, policy_from, read_policy
from goodstanding.policy.scalars import day, number, positive

WORDS = {"en": "w", "nl": "w", "zh": "w"}
SECONDS = 20.0
"""What is called at once here: a second on an idle machine, so much on a busy one."""

SMALL = {
    "goodstanding": "1",
    "id": "small",
    "version": "1",
    "title": WORDS,
    "about": WORDS,
    "jurisdiction": "CN",
    "effective": "2020-01-01",
    "subjects": ["person"],
    "law": {"c": {"cite": "c", "words": WORDS}},
    "tables": {
        "life": {"map": {"a": "1 year"}, "words": WORDS},
        "rates": {"since": {"2020-01-01": "1"}, "words": WORDS},
        "ladder": {"brackets": [{"over": "0", "each": "10", "points": "1"}], "words": WORDS},
    },
    "items": [
        {"id": "i1", "for": "contract.default", "subject": "person", "class": "deduction", "points": "-5"}
        | {"clause": "c", "cite": "c", "words": WORDS}
    ],
    "accounts": {"points": {"words": WORDS}},
    "entries": {
        "fault": {"for": "contract.default", "account": "points", "amount": "1", "counts": {"from": "act"}}
        | {"clause": "c", "words": WORDS}
    },
    "values": {"score": {"is": "sum(points)", "grid": {"step": "1"}, "clause": "c", "words": WORDS}},
    "score": "score",
    "grades": {
        "order": {"good": WORDS, "bad": WORDS},
        "ladders": [{"of": "score", "bands": {"good": "to 9", "bad": "from 10"}, "clause": "c"}],
    },
}


def with_part(path, value):
    """The small policy with another value at a path; a key that ends in '=' is renamed to the value."""
    whole = json.loads(json.dumps(SMALL))
    part = whole
    *around, last = path
    for key in around:
        part = part[key]
    if isinstance(last, str) and last.endswith("="):
        part[value] = part.pop(last[:-1])
    else:
        part[last] = value
    return json.dumps(whole, ensure_ascii=False)


def refusal(content, reading=lambda content: policy_from({"policy.yaml": content}, Path("small"))):
    """Return the message with which something is refused, which must come at once."""
    content = content.encode() if isinstance(content, str) else content
    start = time.perf_counter()
    with pytest.raises(PolicyError) as answer:
        reading(content)
    assert time.perf_counter() - start < SECONDS
    assert all(len(line) < 2500 for line in str(answer.value).splitlines())
    return str(answer.value)


def test_the_small_policy_that_the_others_are_made_from_is_read():
    assert policy_from({"policy.yaml": json.dumps(SMALL).encode()}, Path("small")).policy.id == "small"


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        pytest.param("[" * 100_000, 1, "over 20 lists and maps within each other", id="lists in lists"),
        pytest.param("{a: " * 100_000, 1, "over 20 lists and maps within each other", id="maps in maps"),
        pytest.param("- " * 100_000 + "a", 1, "over 20 lists and maps within each other", id="block lists"),
        pytest.param("[" + "a," * 1_900_000 + "a]", 1, "over 100,000 parts", id="very many parts"),
        pytest.param("- \n" * 1_300_000, 100_000, "over 100,000 parts", id="very many lines"),
        pytest.param(
            "a: 1\nb: " + "x" * 3_900_000, 2, "b: found 3,900,000 characters, expected at most", id="long text"
        ),
        pytest.param("? " + "x" * 3_900_000 + "\n: a", 1, "found 3,900,000 characters", id="long key"),
        pytest.param("x" * 300 + ": a", 1, "found a key of 300 characters", id="longer key"),
        pytest.param("a: &x [1]\nb: *x", 1, "the anchor &x, expected every part written out", id="anchor"),
        pytest.param(
            "a: &a [x]\n" + "".join(f"b{i}: &b{i} [{'*a,' * 9}]\n" for i in range(9)),
            1,
            "anchor &a",
            id="billion laughs",
        ),
        pytest.param("a: 1\nb: *x", 2, "the alias *x, expected every part written out", id="alias"),
        pytest.param("a: {<<: {b: 1}}", 1, "a: found a merge key (<<)", id="merge key"),
        pytest.param("id: !!python/object:os.system x", 1, "found the tag 'tag:yaml.org,2002:python", id="tag"),
        pytest.param("id: !own x", 1, "found the tag '!own'", id="own tag"),
        pytest.param("!!map {a: 1}", 1, "found the tag", id="tag of the whole"),
        pytest.param("id: a\n---\nid: b\n", 2, "found a second document", id="two documents"),
        pytest.param("[a]: 1", 1, "found a list or a map as a key", id="list as a key"),
        pytest.param("a: 1\n{b: 2}: 1", 2, "found a list or a map as a key", id="map as a key"),
        pytest.param("a: {? : 1}", 1, "found an empty key", id="empty key"),
        pytest.param("a:\n  b: 1\n  b: 2", 3, "a: found 'b' a second time", id="the same key"),
        pytest.param("", 1, "the file is empty", id="empty"),
        pytest.param("# only a comment\n", 1, "the file is empty", id="comment"),
        pytest.param("---\n", 1, "the file is empty", id="empty document"),
        pytest.param("- a\n- b\n", 1, "found a list, expected a map", id="list for a map"),
        pytest.param("a", 1, "found 'a', expected a map", id="text for a map"),
        pytest.param("a: 1\nb: \x00", 2, "found U+0000", id="null"),
        pytest.param("a: 1\n\nb: a\u202eb", 3, "found U+202E RIGHT-TO-LEFT OVERRIDE", id="bidi"),
        pytest.param("a: 1\nb: a\u200bb", 2, "found U+200B ZERO WIDTH SPACE", id="zero width"),
        pytest.param('a: 1\nb: "\\u202e"', 2, "b: found U+202E", id="bidi escaped"),
        pytest.param('a: 1\nb: "\\0"', 2, "b: found U+0000", id="null escaped"),
        pytest.param("a: 1\nb: \x1b[2J", 2, "found U+001B", id="terminal control"),
        pytest.param("a: 1\nb: a\u2028c: 2", 2, "found U+2028 LINE SEPARATOR", id="line separator"),
        pytest.param(b"a: 1\nb: \xff", 2, "found byte FF, which is not UTF-8", id="not UTF-8"),
        pytest.param("a: 1".encode("utf-16"), 1, "which is not UTF-8", id="UTF-16"),
        pytest.param("a: [1\nb: 2", 2, "expected YAML", id="no YAML"),
        pytest.param("a: @b", 1, "expected YAML", id="reserved sign"),
        pytest.param("%YAML 9.9\n---\na: 1", 1, "expected YAML", id="another version"),
        pytest.param("\ta: 1", 1, "expected YAML", id="tab"),
    ],
)
def test_yaml_that_the_language_does_not_take_is_refused_with_its_line(content, line, says):
    message = refusal(content)
    assert message.startswith(f"small/policy.yaml:{line}: ")
    assert says in message


def test_a_byte_order_mark_and_line_ends_of_windows_are_fine():
    content = ("\ufeff" + json.dumps(SMALL, indent=1)).replace("\n", "\r\n").encode()
    assert policy_from({"policy.yaml": content}, Path("small")).policy.id == "small"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("values", "score="), "sc\u043ere", "U+043E CYRILLIC SMALL LETTER O"),
        (("entries", "fault="), "f\u0430ult", "character 2 is '\u0430' U+0430 CYRILLIC SMALL LETTER A"),
        (("accounts", "points="), "points 2", "expected a name of ASCII letters"),
        (("tables", "life="), "2life", "expected a name of ASCII letters"),
        (("tables", "life", "map", "a="), "\u0430", "expected a code of ASCII letters"),
        (("values", "score="), "if", "a word of the language"),
        (("grades", "order", "good="), "g\u043eod", "CYRILLIC SMALL LETTER O"),
        (("items", 0, "id"), "i\uff11", "FULLWIDTH DIGIT ONE"),
        (("items", 0, "class"), "", "expected a code"),
        (("law", "c="), "\u0441", "CYRILLIC SMALL LETTER ES"),
        (("law", "c="), "c" * 150, "found 150 characters, expected at most 100"),
        (("values", "score", "is"), "sum(p\u043eints)", "U+043E CYRILLIC SMALL LETTER O"),
        (("values", "score", "is"), "\uff11", "U+FF11 FULLWIDTH DIGIT ONE"),
        (("values", "score", "is"), "1\u00a0+ 1", "U+00A0 NO-BREAK SPACE"),
        (("entries", "fault", "amount"), "1 / 0", "a divisor that is not always zero"),
        (("entries", "fault", "amount"), "1 / (2 - 2 * 1)", "a divisor that is not always zero"),
        (("tables", "life", "map", "a"), "1 / 0", "a divisor that is not always zero"),
        (("entries", "fault", "amount"), "9" * 100_000, "found 100,000 characters, expected at most"),
        (("entries", "fault", "amount"), "9" * 1000, "found 1000 digits, expected at most 18"),
        (("entries", "fault", "amount"), "(" * 5000, "found 5000 characters, expected at most 2000"),
        (("entries", "fault", "amount"), "(" * 1000 + "1" + ")" * 999, "at most 40 brackets within each other"),
        (("entries", "fault", "amount"), "-" * 1000 + "1", "at most 40 brackets within each other"),
        (("entries", "fault", "amount"), "sum(a on " * 200, "at most 40 brackets within each other"),
        (("entries", "fault", "amount"), "count(a where " * 140, "at most 40 brackets within each other"),
        (("entries", "fault", "amount"), "1" + "+1" * 900, "over 100 operations within each other"),
        (("entries", "fault", "amount"), "1/(1" + "+1" * 900 + ")", "over 100 operations within each other"),
        (("entries", "fault", "amount"), "1" + " if a else 1" * 150, "over 100 operations within each other"),
        (("entries", "fault", "counts", "from"), "2023-02-29", "a day of the calendar"),
        (("entries", "fault", "counts", "from"), "1899-12-31", "a day of the calendar from 1900 on"),
        (("entries", "fault", "clauze"), "c", "'clauze', a key that is not known here; did you mean 'clause'?"),
        (("entries", "fault"), ["a"], "entries.fault: found a list, expected a map"),
        (("entries",), "a", "entries: found 'a', expected a map"),
        (("grades", "order", "good"), "a", "found 'a', expected a map"),
        (("items",), {"a": "b"}, "items: found a map, expected a list"),
        (("subjects",), "person", "subjects: found 'person', expected a list"),
        (("items",), ["a.yaml", {"id": "b"}], "found files and items together"),
        (("items",), "a.yaml", "found no such file"),
        (("items",), "../a.yaml", "expected files in the same folder"),
        (("items",), "/etc/passwd", "expected files in the same folder"),
        (("items",), "a/../b.yaml", "expected files in the same folder"),
        (("items",), "..", "expected files in the same folder"),
        (("items",), "x" * 5000, "(5,000 characters), expected files in the same folder"),
        (("items",), ["a.yaml", "a.yaml"], "once each"),
        (("items",), [f"{index}.yaml" for index in range(1000)], "found 1,000 files, expected at most 50"),
        (("based on",), "small", "expected the name of a folder beside this one"),
        (("based on",), "../other", "expected the name of a folder beside this one"),
        (
            ("values",),
            {f"v{index}": SMALL["values"]["score"] for index in range(1500)},
            "found 1,500 parts, expected at",
        ),
        (("entries", "fault", "amount"), {"share": "ladder"}, "amount.running: expected a value, found nothing"),
        (("items", 0, "points"), "1/0", "items.0.points: found '1/0', expected a number"),
        (("items", 0, "points"), "1e999999999", "found '1e999999999', expected a number"),
        (("items", 0, "points"), "\uff11", "U+FF11 FULLWIDTH DIGIT ONE"),
        (("tables", "ladder", "brackets", 0, "each"), "0", "each: found '0', expected a number above zero"),
        (("values", "score", "grid", "step"), "0", "step: found '0', expected a number above zero"),
        (("tables", "rates", "since", "2020-01-01="), "1899-12-31", "found '1899-12-31', expected a day from 1900"),
        (("tables", "rates", "since", "2020-01-01="), "2023-02-29", "expected a day that the calendar has"),
        (("effective",), "1577836800", "effective: found '1577836800', expected a day from 1900"),
        (("values", "score", "is"), "score", "values.score.is: 'score': found 'score', which is not known here"),
        (("score",), "scroe", "did you mean 'score'?"),
        (("values", "score", "is"), "peak(points last 3)", "found 'last' in a sum on other days, in peak()"),
    ],
)
def test_a_part_that_the_language_does_not_take_is_refused_with_its_line(path, value, says):
    message = refusal(with_part(path, value))
    assert message.startswith("small/a.yaml: " if value == "a.yaml" else "small/policy.yaml:1: ")
    assert says in message


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "1e999999999", "1/0", "0/0", "\u0663", "\uff11", "1_000"])
@pytest.mark.parametrize("reading", [number, positive])
def test_what_is_no_plain_number_is_none(text, reading):
    with pytest.raises(ValueError, match=r"expected a number as 12, -0\.5 or 1/3"):
        reading(text)


@pytest.mark.parametrize(
    "text", ["9" * 100_000, "", "-", ".5", "5.", "+5", " 5", "5\n", "1.5/2", "1/-3", 1.5, True, None, []]
)
def test_a_number_has_one_way_to_be_written(text):
    with pytest.raises(ValueError, match="of at most 18 digits"):
        number(text)


def test_numbers_are_exact_and_may_be_fractions():
    assert [number(text) for text in ("12", "-0.5", "-1/3", 7)] == [12, Fraction(-1, 2), Fraction(-1, 3), 7]


@pytest.mark.parametrize("text", ["0", "-1", "0/3"])
def test_a_step_is_above_zero(text):
    with pytest.raises(ValueError, match="above zero"):
        positive(text)


@pytest.mark.parametrize(
    "text",
    [
        *("2023-02-29", "1899-12-31", "0001-01-01", "10000-01-01", "99999-01-01", "2020-13-01", "2020-1-1", "20200101"),
        *("1577836800", "2020-01-01T00:00:00", "2020-01-01 ", "\uff12020-01-01", "", 5),
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    ],
)
def test_what_is_no_day_from_1900_to_9999_is_none(text):
    with pytest.raises(ValueError, match="expected a day"):
        day(text)


def test_the_first_and_the_last_day_are_read():
    assert (day("1900-01-01"), day("9999-12-31")) == (dt.date(1900, 1, 1), dt.date.max)


def test_every_fault_is_told_up_to_a_hundred_of_them_at_once():
    message = refusal(with_part(("items",), [{"idd": "a"}] * 20_000))
    assert 50 <= len(message.splitlines()) <= 200


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "policy.yaml").write_text(json.dumps(SMALL))
    return tmp_path / "p"


def of_folder(folder):
    return refusal(b"", lambda _: read_policy(folder))


def test_a_policy_of_ten_megabytes_is_refused_by_its_size(folder):
    (folder / "policy.yaml").write_text(json.dumps(SMALL) + "\n" * 10_000_000)
    assert re.search(r"found 10,00\d,\d{3} bytes, expected at most 4,000,000 in a policy", of_folder(folder))


def test_what_is_not_items_is_no_larger_than_people_write(folder):
    (folder / "policy.yaml").write_text(json.dumps(SMALL) + "\n" * 500_000)
    assert "bytes, expected at most 400,000, with many items in files of their own" in of_folder(folder)


def test_the_files_of_a_policy_together_are_no_larger_than_one(folder):
    names = ["a.yaml", "b.yaml"]
    (folder / "policy.yaml").write_text(with_part(("items",), names))
    for name in names:
        (folder / name).write_text("#" * 3_000_000 + "\n[]")
    assert "b.yaml: found 3,000,003 bytes" in of_folder(folder)


def test_a_folder_called_policy_yaml_is_no_policy(tmp_path):
    (tmp_path / "policy.yaml").mkdir()
    assert "found a folder, expected a file" in of_folder(tmp_path)


def test_a_folder_that_is_not_there_says_so(tmp_path):
    assert "found no file, expected a file; a policy is a folder" in of_folder(tmp_path / "none")


def test_a_file_that_may_not_be_read_says_so(folder, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "policy.yaml: cannot be read (Permission denied)" in of_folder(folder)


def test_an_items_file_is_no_link_out_of_the_folder(folder, tmp_path):
    (tmp_path / "outside.yaml").write_text("[]")
    (folder / "items.yaml").symlink_to(tmp_path / "outside.yaml")
    (folder / "policy.yaml").write_text(with_part(("items",), "items.yaml"))
    assert "found a link out of the folder, expected a file in it" in of_folder(folder)


def test_the_files_of_a_policy_together_have_no_more_parts_than_one(folder):
    names = ["a.yaml", "b.yaml"]
    (folder / "policy.yaml").write_text(with_part(("items",), names))
    for name in names:
        (folder / name).write_text("[" + "a," * 60_000 + "a]")
    assert "b.yaml: found over 100,000 parts by now" in of_folder(folder)


def test_an_items_file_holds_a_list(folder):
    (folder / "items.yaml").write_text("a: b")
    (folder / "policy.yaml").write_text(with_part(("items",), ["items.yaml"]))
    assert "items.yaml:1: found a map, expected a list of items" in of_folder(folder)


def test_policies_based_on_each_other_are_refused(folder, tmp_path):
    (tmp_path / "q").mkdir()
    (folder / "policy.yaml").write_text(with_part(("based on",), "q"))
    (tmp_path / "q" / "policy.yaml").write_text(with_part(("based on",), "p"))
    assert "q/policy.yaml:1: based on: found 'p', expected the name of a folder" in of_folder(folder)


def test_a_policy_based_on_what_is_no_policy_says_where(folder, tmp_path):
    (tmp_path / "q").mkdir()
    (folder / "policy.yaml").write_text(with_part(("based on",), "q"))
    (tmp_path / "q" / "policy.yaml").write_text("- a")
    assert "q/policy.yaml:1: found a list, expected a map" in of_folder(folder)


EXAMPLE = {
    "name": "n",
    "subject": "person",
    "on": "2021-01-01",
    "records": [{"kind": "civic.donation", "act": "2020-01-01", "amount": "5"}],
    "expect": {"score": "5"},
}


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"on": "1899-12-31"}, "on: found '1899-12-31', expected a day from 1900 to 9999"),
        ({"on": "2023-02-29"}, "expected a day that the calendar has"),
        ({"on": "1577836800"}, "expected a day from 1900 to 9999"),
        ({"expect": {"score": "1e999999999"}}, "expect.score: found '1e999999999', expected a number"),
        ({"expect": {"score": "1/0"}}, "expected a number"),
        ({"expect": {"scroe": "1"}}, "'scroe', a key that is not known here"),
        ({"records": "a"}, "records: found 'a', expected a list"),
        ({"records": [["a"]]}, "records.0: found a list, expected a map"),
        ({"records": [{"kind": "civic.donation"}]}, "a kind and an act"),
        ({"records": [{"kind": "civic.donatoin", "act": "2020-01-01"}]}, "did you mean 'civic.donation'?"),
        ({"records": [{"kind": "civic.donation", "act": "2023-02-29"}]}, "act: found '2023-02-29', expected a day"),
        ({"records": [{"kind": "civic.donation", "act": "0001-01-01"}]}, "expected a day from 1900 to 9999"),
        (
            {"records": [EXAMPLE["records"][0] | {"amount": "1e99999999"}]},
            "amount: found '1e99999999', expected a number",
        ),
        ({"records": [EXAMPLE["records"][0] | {"amount": "1/0"}]}, "amount: found '1/0', expected a number"),
        ({"records": [EXAMPLE["records"][0] | {"amuont": "1"}]}, "did you mean 'amount'?"),
        (
            {"records": [EXAMPLE["records"][0] | {"amount": "1.005"}]},
            "amount: found '1.005', expected a number of at most",
        ),
        ({"records": [EXAMPLE["records"][0] | {"kind": "food.inspection"}]}, "found food.inspection on a person"),
        (
            {"records": [{"kind": "office.criticised", "act": "2020-01-01", "level": "nationl"}]},
            "did you mean 'national'?",
        ),
        ({"known on": "2020-02-30"}, "known on: found '2020-02-30', expected a day that the calendar has"),
        ({"nane": "a"}, "'nane', a key that is not known here"),
    ],
)
def test_an_example_that_is_none_is_refused_with_its_line(tmp_path, part, says):
    (tmp_path / "examples.yaml").write_text("\n" + json.dumps([EXAMPLE | part]))
    message = refusal(b"", lambda _: read_examples(tmp_path, catalogue(World.SYNTHETIC)))
    assert message.startswith(f"{tmp_path}/examples.yaml:2: ")
    assert says in message


def test_examples_are_a_list(tmp_path):
    (tmp_path / "examples.yaml").write_text("a: b")
    assert "expected a list of examples" in refusal(b"", lambda _: read_examples(tmp_path, catalogue(World.SYNTHETIC)))


def test_the_shipped_files_are_far_from_the_limits():
    for file in shipped("policies").rglob("*.yaml"):
        assert len(parse_yaml(file, file.read_bytes()).lines) < 50_000
        assert file.stat().st_size < reader.LARGEST / 4


@pytest.mark.parametrize("text", ["1" + "+1" * 100, "a" + " or a" * 100, "(" * 39 + "1" + ")" * 39])
def test_what_people_write_is_not_too_deep(text):
    assert parse(text)


def test_an_expression_that_is_refused_says_at_which_character():
    with pytest.raises(ExpressionError) as answer:
        parse("1 + \u0430")
    assert answer.value.column == 5
