"""The page on the quality of links: a table and a picture that say the same, in three languages; no small group."""

import re
from xml.etree import ElementTree

import pytest
from litestar.testing import TestClient

from goodstanding.facts.world import World
from goodstanding.linkage.intervals import NOT_KNOWN, Figure
from goodstanding.portal.app import create_app
from goodstanding.portal.judging import WIDTHS, Line, dots
from goodstanding.register.founding import found
from goodstanding.register.operation.jobs import Duties
from tests.portal.visiting import text
from tests.register.conftest import MANIFEST, PEOPLE, SOURCES
from tests.register.test_quality import TAX, drawn, read

KNOWN = Line("all", "precision", Figure(0.9, 0.8, 0.95, 50), "90 %", "80 %", "95 %", drawn=True)
UNKNOWN = Line("<Latin>", "recall", NOT_KNOWN, "not known", "", "", drawn=True)


@pytest.fixture
def visitor(database):
    """A visitor of a register in which half of the links of a source are wrong, and pause it."""
    register = found(database, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
    with TestClient(
        create_app(register, b"a secret of the tests only, no more"), base_url="https://register.test"
    ) as one:
        one.register = register
        yield one
    register.engine.dispose()


@pytest.fixture
def judged(visitor):
    drawn(visitor.register)
    read(visitor.register, lambda number: number % 2)
    Duties(visitor.register).quality()
    return visitor


def test_before_anything_was_read_the_page_says_so(visitor) -> None:
    assert "Nothing is known yet" in text(visitor.get("/quality", params={"lang": "en"}))


@pytest.mark.parametrize(
    ("language", "paused", "wrong"),
    [
        ("en", "Paused since", "with the wrong subject"),
        ("nl", "Gepauzeerd sinds", "bij de verkeerde"),
        ("zh", "起暂停", "关联错误"),
    ],
)
def test_figures_with_intervals_and_what_is_paused_are_shown(judged, language, paused, wrong) -> None:
    page = text(judged.get("/quality", params={"lang": language}))
    assert paused in page
    assert wrong in page
    assert re.search(r"\d+(.\d)? %", page)
    assert "Jansen" not in page
    assert paused in text(judged.get(f"/sources/{TAX}", params={"lang": language}))


def test_a_picture_says_in_words_what_it_shows_and_draws_only_what_is_known() -> None:
    for width in WIDTHS:
        drawing = ElementTree.fromstring(dots([KNOWN, UNKNOWN], "title & more", "x", width))
        assert drawing.find("desc").text == "all, precision: 90 % (80 % – 95 %); <Latin>, recall: not known"
        assert drawing.get("aria-labelledby") == "x-title x-desc"
        (circle,) = drawing.findall("circle")
        (interval,) = [line for line in drawing.findall("line") if line.get("class") == "score"]
        assert float(interval.get("x1")) < float(circle.get("cx")) < float(interval.get("x2")) < width
    assert dots([UNKNOWN], "nothing", "x", 640) == ""
