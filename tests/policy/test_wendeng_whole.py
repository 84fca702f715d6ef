"""The items on persons of the Wendeng scheme stand for every line of its annex 1 and for every direct grade on persons.

The lines themselves lie outside the project (`../shared/data/wendeng`): where they are missing, what needs them is
skipped.
"""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.model import Item

FILE = shipped("policies") / "cn-wendeng" / "items-persons.yaml"
ITEMS = [Item.model_validate(one) for one in yaml.load(FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)]
LADDERS = re.search(r"^# Lines that are ladders in policy.yaml: ([-\d, ]+)$", FILE.read_text(encoding="utf-8"), re.M)
LINES = range(1, 436)
KINDS = catalogue(World.SYNTHETIC)
OWN = yaml.safe_load(
    (Path(__file__).parents[2] / "src/goodstanding/facts/catalogue/synthetic-persons.yaml").read_text(encoding="utf-8")
)

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "wendeng"
HERE = all((DATA / name).is_file() for name in ("items.csv", "articles.json"))
NEEDS_DATA = [
    pytest.mark.real_data,
    pytest.mark.skipif(not HERE, reason="the scheme's own lines are not here: ../shared/data/wendeng"),
]

POINTS_OTHERWISE: dict[int, set[int]] = {}
"""Lines whose points here are not those of the table. None: where transcriptions differ, the table goes with most."""

MISCOPIED = {
    23: "tax evaded, not in arrears again",
    102: "pets and livestock, not common space again",
    149: "facilities damaged, not works stopped again",
    323: "50 hours, not 20 again",
    342: "led a project, not a charity recorded again",
    391: "report taken up nationally, not the proposal again",
    407: "award of the district, not of the city again",
}
"""Lines that repeat another line's words with a meaning of their own, which the other transcriptions give."""

APART = {
    37: "levies for public funds stand beside administrative fees",
    219: "party members stand beside holders of a village office",
    220: "party members stand beside holders of a village office",
    240: "warnings of the service stand beside those of the party",
    272: "accidents of professionals stand beside those of public servants",
    **dict.fromkeys((424, 425, 427, 428, 430, 431, 433, 434), "second and third places stand beside the first"),
}
"""Lines that share their words with an earlier one, under another heading or by rank, and are another item."""


def lines_of(item):
    return [int(line) for line in item.lines]


def naming(line):
    return [item for item in ITEMS if line in lines_of(item)]


def worth(item):
    return set(item.range) if item.range else {item.points}


def ladders():
    ends = [stretch.split("-") for stretch in LADDERS[1].split(", ")]
    return [line for first, last in ends for line in range(int(first), int(last) + 1)]


def number_of(item):
    return int(re.fullmatch(rf"art\. {item.clause.removeprefix('art-')}\((\d+)\)", item.cite)[1])


@pytest.fixture(scope="module")
def annex():
    with (DATA / "items.csv").open(encoding="utf-8-sig", newline="") as file:
        return dict(enumerate((row for row in csv.DictReader(file) if row["file"] == "2"), start=1))


@pytest.fixture(scope="module")
def articles():
    return {one["article"]: one["text"] for one in json.loads((DATA / "articles.json").read_text(encoding="utf-8"))}


class TestLines:
    @pytest.mark.parametrize("line", LINES)
    def test_every_line_is_named_by_an_item_or_is_a_ladder(self, line):
        assert bool(naming(line)) != (line in ladders())

    def test_no_item_names_a_line_that_the_annex_does_not_have(self):
        assert {line for item in ITEMS for line in lines_of(item)} <= set(LINES)

    def test_every_deduction_and_addition_names_its_lines_and_no_direct_grade_does(self):
        assert [
            item.id for item in ITEMS if bool(item.lines) != (item.grade is None) and item.kind != "credit.commitment"
        ] == []

    def test_two_items_share_a_line_only_where_it_speaks_of_two_things(self):
        shared = {line: [item.kind for item in naming(line)] for line in LINES if len(naming(line)) > 1}
        both = ["investment.industry", "investment.farming"]
        assert shared == {421: both, 422: both}

    def test_no_item_has_the_id_of_another(self):
        assert len({item.id for item in ITEMS}) == len(ITEMS)


class TestTable:
    pytestmark = NEEDS_DATA

    def test_the_annex_has_435_lines(self, annex):
        assert list(annex) == list(LINES)

    @pytest.mark.parametrize("item", [item for item in ITEMS if item.lines], ids=lambda item: item.id)
    def test_the_points_of_an_item_are_those_of_each_of_its_lines(self, annex, item):
        for line in lines_of(item):
            printed = {int(number) for number in re.findall(r"[-+]?\d+", annex[line]["points_text"])}
            assert worth(item) == POINTS_OTHERWISE.get(line, printed), line

    def test_ladders_are_donations_and_hours(self, annex):
        assert all(re.search("志愿服务|捐款", annex[line]["criterion"]) for line in ladders())

    def test_lines_with_the_same_words_are_one_item_unless_told_why_not(self, annex):
        alike = defaultdict(list)
        for line, row in annex.items():
            if line not in ladders():
                alike[re.sub(r"\s", "", row["criterion"])].append(line)
        apart = {
            line
            for first, *others in alike.values()
            for line in others
            if {item.id for item in naming(line)} != {item.id for item in naming(first)}
        }
        assert apart == {*MISCOPIED, *APART} - {*ladders()}

    def test_no_item_copies_a_line_but_for_set_phrases_of_four_characters(self, annex):
        printed = {re.sub(r"\s|的$", "", row["criterion"]) for row in annex.values()}
        assert [item.id for item in ITEMS if item.words["zh"] in printed and len(item.words["zh"]) > 4] == []


class TestDirectGrades:
    @pytest.mark.parametrize(("article", "count"), [(10, 21), (11, 12), (12, 27), (13, 14)])
    def test_every_number_of_an_article_is_an_item_with_its_grade(self, article, count):
        of_article = [item for item in ITEMS if item.clause == f"art-{article}"]
        assert {number_of(item) for item in of_article} == set(range(1, count + 1))
        assert {item.grade for item in of_article} == {"BBCD"[article - 10]}

    @pytest.mark.real_data
    @pytest.mark.skipif(not HERE, reason="the scheme's own articles are not here: ../shared/data/wendeng")
    @pytest.mark.parametrize(
        ("article", "title"), [(10, "第十条"), (11, "第十一条"), (12, "第十二条"), (13, "第十三条")]
    )
    def test_numbers_and_grade_are_those_of_the_article(self, articles, article, title):
        numbers = {int(number) for number in re.findall(r"^(\d+)[．、 ]", articles[title], re.M)}
        grade = re.search("判为([BCD])级", articles[title])[1]
        found = {(number_of(one), one.grade) for one in ITEMS if one.clause == f"art-{article}"}
        assert found == {(number, grade) for number in numbers}

    def test_the_other_conduct_that_closes_each_article_is_decided_case_by_case(self):
        closing = {item.cite: item.where for item in ITEMS if item.kind == "direct.other"}
        assert closing == {
            "art. 10(21)": "judged = 'grade-b'",
            "art. 11(12)": "judged = 'grade-b-official'",
            "art. 12(27)": "judged = 'grade-c'",
            "art. 13(14)": "judged = 'grade-d'",
        }


class TestKinds:
    def test_points_within_a_range_are_those_that_the_record_gives(self):
        given = [KINDS.kinds[item.kind].attributes.get("assessed") for item in ITEMS if item.range]
        assert given
        assert all(one is not None and one.required and (one.type, one.scale) == ("number", 0) for one in given)

    @pytest.mark.parametrize("item", [item for item in ITEMS if item.range], ids=lambda item: item.id)
    def test_a_range_lies_on_the_side_of_its_class(self, item):
        assert all((points < 0) == (item.class_ == "deduction") for points in item.range)

    @pytest.mark.parametrize("name", sorted(OWN["kinds"]))
    def test_every_kind_of_the_list_is_named_by_an_item(self, name):
        assert name in {item.kind for item in ITEMS}

    @pytest.mark.parametrize(("name", "code"), [(name, code) for name, all_ in OWN["codes"].items() for code in all_])
    def test_every_code_of_the_list_is_named_by_an_item(self, name, code):
        told = [item.where for item in ITEMS if item.where and name in KINDS.kinds[item.kind].attributes]
        assert any(f"{name} = '{code}'" in where for where in told)

    def test_every_code_that_an_item_names_is_in_its_list(self):
        for item in ITEMS:
            for name, code in re.findall(r"(\w+) !?= '([^']*)'", item.where or ""):
                attribute = KINDS.kinds[item.kind].attributes[name]
                assert code in KINDS.codes[attribute.codes or ""], item.id

    def test_an_attribute_means_the_same_in_every_kind(self):
        for kind in KINDS.kinds.values():
            for name, one in kind.attributes.items():
                other = KINDS.attributes[name]
                assert (one.type, one.scale, one.codes) == (other.type, other.scale, other.codes)
