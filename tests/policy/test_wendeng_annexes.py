"""The annexes of Wendeng on organisations, villages and neighbourhoods are whole: every line, every direct grade."""

import csv
import json
import re
from fractions import Fraction
from pathlib import Path

import pytest

from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import read_policy

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "wendeng"
FOLDER = shipped("policies") / "cn-wendeng"

ANNEXES = {
    "items-organisations.yaml": ("O", "3", 130),
    "items-villages.yaml": ("V", "5", 228),
    "items-communities.yaml": ("K", "6", 61),
}
"""File of the policy: how its ids begin, the annex's number in the data, and how many lines it has."""

DIFFERENCES = {
    ("3", 10): (-100, "-10 in the table; another transcription has -100, the heaviest of three classes"),
    ("3", 44): (-50, "-30 in the table, as in the line above; another transcription has -50"),
    ("3", 50): ((-50, -10), "the sign of the second figure is missing"),
    ("3", 84): ((-50, -10), "the sign of the second figure is missing"),
    ("5", 100): ((0, 2), "no figure but 'at most 2 points'"),
    ("5", 220): (-5, "-55 is a typing error: the same words are -5 in annex 1 and in the add-on for neighbourhoods"),
    ("5", 228): ((-2, 0), "no figure but 'at most 2 points'"),
}
"""Where an item does not follow the printed figure: what it has instead, and why."""

ARTICLES = {
    "第十四条": ("art-14", "B", 16),
    "第十五条": ("art-15", "C", 16),
    "第十六条": ("art-16", "D", 11),
}


@pytest.fixture(scope="module")
def items():
    return read_policy(FOLDER).policy.items


@pytest.fixture(scope="module")
def rows():
    if not (DATA / "items.csv").is_file():
        pytest.skip("the parsed lines of the annexes (wendeng/items.csv) are not beside this checkout")
    with (DATA / "items.csv").open(encoding="utf-8") as file:
        every = list(csv.DictReader(file))
    return {annex: [row for row in every if row["file"] == annex] for _, annex, _ in ANNEXES.values()}


def of(items, begin):
    """The items of one annex, whose ids begin with a letter of their own."""
    return [item for item in items if item.id.startswith(begin) and item.lines]


def ladders(file):
    """The lines that the head of an items file leaves to the ladders of the policy."""
    head = re.search(
        r"^# Lines that are ladders in policy\.yaml: (.+)$", (FOLDER / file).read_text(encoding="utf-8"), re.M
    )
    assert head
    parts = [part.split("-") for part in head[1].split(", ")]
    return {line for part in parts for line in range(int(part[0]), int(part[-1]) + 1)}


def printed(text):
    """Points as printed: one figure, a pair for a range, or the letter of a grade."""
    grade = re.fullmatch("降([BCD])级", text)
    if grade:
        return grade[1]
    sign = text.replace("加", "+").replace("扣", "-").replace("分", "")
    pair = re.fullmatch(r"([+-]?[\d.]+)(?:至|—)([+-]?[\d.]+)", sign)
    if pair:
        return tuple(sorted(map(Fraction, pair.groups())))
    return Fraction(sign) if sign else None


def given(item):
    """What an item gives, in the same form."""
    return item.grade or item.range or item.points


@pytest.mark.parametrize("file", ANNEXES)
def test_every_line_of_an_annex_is_named_by_an_item_or_left_to_a_ladder(items, file):
    begin, _, count = ANNEXES[file]
    named = {int(line) for item in of(items, begin) for line in item.lines}
    assert named & ladders(file) == set()
    assert named | ladders(file) == set(range(1, count + 1))


@pytest.mark.real_data
@pytest.mark.parametrize("file", ANNEXES)
def test_an_annex_has_as_many_lines_as_its_transcription(rows, file):
    _, annex, count = ANNEXES[file]
    assert len(rows[annex]) == count


@pytest.mark.real_data
@pytest.mark.parametrize("file", ANNEXES)
def test_only_donations_and_hours_are_left_to_ladders(rows, file):
    _, annex, _ = ANNEXES[file]
    assert [line for line in ladders(file) if not re.search("捐款|小时", rows[annex][line - 1]["criterion"])] == []


@pytest.mark.real_data
@pytest.mark.parametrize("file", ANNEXES)
def test_an_item_gives_the_points_that_each_of_its_lines_prints(rows, items, file):
    begin, annex, _ = ANNEXES[file]
    wrong = []
    for item in of(items, begin):
        for line in map(int, item.lines):
            row = rows[annex][line - 1]
            expected, _ = DIFFERENCES.get((annex, line), (printed(row["points_text"]), ""))
            if given(item) != expected:
                wrong.append((item.id, line, given(item), expected))
    assert wrong == []


@pytest.mark.real_data
def test_a_difference_from_the_print_is_documented_only_where_there_is_one(rows):
    for (annex, line), (has, why) in DIFFERENCES.items():
        assert why
        assert printed(rows[annex][line - 1]["points_text"]) != has


@pytest.mark.parametrize("file", ANNEXES)
def test_points_taken_are_deductions_and_points_given_are_additions(items, file):
    begin, _, _ = ANNEXES[file]
    for item in of(items, begin):
        figures = item.range or (item.points,)
        if item.grade:
            assert item.class_ == "direct"
        elif item.class_ == "addition":
            assert min(figures) >= 0
            assert item.level
        else:
            assert item.class_ in ("deduction", "repair")
            assert max(figures) <= 0


@pytest.mark.parametrize("file", ANNEXES)
def test_the_ids_of_an_annex_begin_alike(file):
    begin, _, _ = ANNEXES[file]
    ids = re.findall(r"- \{id: (\w+)", (FOLDER / file).read_text(encoding="utf-8"))
    assert ids
    assert [one for one in ids if not re.fullmatch(rf"{begin}\d{{3}}b?", one)] == []


def test_each_of_the_43_direct_grades_of_organisations_has_the_grade_of_its_article(items):
    found = {}
    for item in items:
        if item.subject == "organisation" and item.grade:
            assert item.lines == ()
            found.setdefault(item.cite, set()).add((item.clause, item.grade))
    expected = {
        f"{clause.replace('-', '. ')}({number})": {(clause, grade)}
        for clause, grade, count in ARTICLES.values()
        for number in range(1, count + 1)
    }
    assert len(expected) == 43
    assert found == expected


@pytest.mark.real_data
def test_the_articles_print_as_many_direct_grades_of_organisations_as_are_entered():
    if not (DATA / "articles.json").is_file():
        pytest.skip("the text of the articles (wendeng/articles.json) is not beside this checkout")
    texts = {one["article"]: one["text"] for one in json.loads((DATA / "articles.json").read_text(encoding="utf-8"))}
    for article, (_, grade, count) in ARTICLES.items():
        numbers = [int(number) for number in re.findall(r"(?:^|\n|；)\s*(\d+)．", texts[article])]
        assert numbers == list(range(1, count + 1))
        assert f"直接判为{grade}级" in texts[article]
