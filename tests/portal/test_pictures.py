"""Pictures: whole, titled, and where the law says."""

from xml.etree import ElementTree

import pytest

from goodstanding.portal.gathering import public_subject
from goodstanding.portal.languages import LANGUAGES, Voice
from goodstanding.portal.pictures import MOST_BARS, Part, bar, timeline
from tests.portal import city


@pytest.fixture(scope="module")
def standings(register, numbers):
    return {
        (one, told.policy): told
        for one in (city.BAKERY, city.WORKS, city.QUIET, city.MARKET)
        for told in public_subject(register, numbers[one], city.TODAY).standings
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [310, 760])
def test_every_timeline_is_whole_and_told(standings, language, width):
    for standing in standings.values():
        drawn = timeline(standing, Voice(language), width)
        if not standing.entries:
            assert drawn == ""
            continue
        root = ElementTree.fromstring(drawn)
        names = {child.tag: child.text for child in root if child.tag in ("title", "desc")}
        assert names["title"]
        assert Voice(language).date(standing.history[0].on) in names["desc"]
        assert root.get("aria-labelledby") == " ".join(child.get("id") for child in root if child.tag in names)


def rectangles(standing, look):
    root = ElementTree.fromstring(timeline(standing, Voice("en"), 760))
    return [one for one in root.iter("rect") if one.get("class").split()[0] == look]


def test_better_is_higher_whichever_way_the_score_runs(standings):
    for key in ((city.WORKS, "cn-wendeng"), (city.BAKERY, "uk-food-hygiene")):
        ranks = [
            one.get("class") for one in sorted(rectangles(standings[key], "band"), key=lambda one: float(one.get("y")))
        ]
        assert len(ranks) > 1
        assert ranks == sorted(ranks)


def test_every_entry_has_a_bar_up_to_a_number(standings):
    for standing in standings.values():
        if standing.entries:
            assert len(rectangles(standing, "bar")) == min(len(standing.entries), MOST_BARS)


def test_everything_lies_inside(standings):
    for standing in standings.values():
        if standing.entries:
            for one in (*rectangles(standing, "bar"), *rectangles(standing, "strip"), *rectangles(standing, "band")):
                assert float(one.get("x")) >= 0
                assert float(one.get("x")) + float(one.get("width")) <= 760
                assert float(one.get("height")) > 0


def test_a_bar_shares_its_whole():
    drawn = ElementTree.fromstring(bar([Part("A & B", 1, "rank-0"), Part("C", 3, "none")], "<grades>", "x"))
    assert [float(one.get("width")) for one in drawn.iter("rect")] == [150, 450]
    assert drawn.find("desc").text == "A & B: 1; C: 3"
    assert bar([Part("A", 0, "none")], "nothing", "x") == ""
