"""What pages, API, health and metrics say of subjects that were merged."""

import pytest

from goodstanding.portal.languages import LANGUAGES
from goodstanding.register.ledger import merging
from goodstanding.register.ledger.subjects import asked_for
from goodstanding.register.operation.health import alarming
from goodstanding.register.operation.metrics import Figures
from tests.portal import city
from tests.portal.visiting import send, text

WHY = "moved, and was numbered anew"


@pytest.fixture
def merged(register):
    """The market and the library are one, although it was said that they are not; afterwards they are two again."""
    kept, other = (asked_for(register, one) for one in (city.MARKET, city.QUIET))
    said = merging.differences(register) or [merging.differ(register, kept, other, "A. Jansen", "two trades")]
    fact = merging.merge(register, kept, other, "A. Jansen", WHY, despite=[said[0].number])
    yield fact
    if fact.number in [one.merge.number for one in merging.alarms(register)]:
        merging.acknowledge(register, fact.number, "C. Bos", "seen")
    merging.split(register, fact.number, "A. Jansen", "two after all")


def test_the_page_of_a_merged_number_is_that_of_the_kept_subject_and_says_so(client, numbers, merged) -> None:
    page = text(client.get(f"/subjects/{numbers[city.QUIET]}"))
    assert f"You asked for {numbers[city.QUIET]}. It was merged with {numbers[city.MARKET]}" in page
    assert f"{numbers[city.QUIET]} ( {city.QUIET} )".replace("( ", "(").replace(" )", ")") in page
    assert f"because: {WHY}" in page
    assert "百川超市" in page
    own = text(client.get(f"/subjects/{numbers[city.MARKET]}"))
    assert f"because: {WHY}" in own
    assert "You asked for" not in own
    assert "A. Jansen" not in page + own
    assert merged.into == numbers[city.MARKET]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_why(client, numbers, merged, language) -> None:
    del merged
    client.headers["accept-language"] = language
    assert WHY in text(client.get(f"/subjects/{numbers[city.QUIET]}"))


def test_the_api_gives_the_kept_subject_and_what_was_asked_for(client, numbers, merged) -> None:
    told = client.get(f"/api/subjects/{numbers[city.QUIET]}").json()
    assert (told["number"], told["asked"]) == (numbers[city.MARKET], numbers[city.QUIET])
    (one,) = told["merged"]
    assert one == {
        "number": numbers[city.QUIET],
        "identifier": city.QUIET,
        "name": "静安图书馆",
        "into": numbers[city.MARKET],
        "on": merged.at.date().isoformat(),
        "reason": WHY,
    }


def test_the_search_leads_to_the_kept_subject(client, numbers, merged) -> None:
    del merged
    page = client.get("/search", params={"q": "静安图书馆"}).text
    assert f"/subjects/{numbers[city.MARKET]}" in page
    assert f"/subjects/{numbers[city.QUIET]}" not in page


def test_an_officer_sees_the_alarm_and_who_was_merged_until_it_is_acknowledged(register, client, merged) -> None:
    send(client, "/sign-in", desk="tax")
    assert f"merge {merged.number} lets {merged.subject} lead to {merged.into}" in text(client.get("/officer"))
    page = text(send(client, "/officer", identifier=city.QUIET, purpose="audit"))
    assert f"because: {WHY}" in page
    assert alarming(register)[0].startswith(f"merge {merged.number}: made despite different")
    assert counted(register) == 1
    merging.acknowledge(register, merged.number, "C. Bos", "seen")
    assert "Alarm" not in text(client.get("/officer"))
    assert (alarming(register), counted(register)) == ([], 0)


def counted(register):
    """How many alarms the metrics count."""
    (found,) = [one for one in Figures(register).collect() if one.name == "goodstanding_merge_alarms"]
    return found.samples[0].value


def test_after_a_split_each_number_has_its_own_page_again(client, numbers) -> None:
    page = text(client.get(f"/subjects/{numbers[city.QUIET]}"))
    assert "静安图书馆" in page
    assert "merged" not in page
