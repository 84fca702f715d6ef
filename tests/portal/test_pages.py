"""The pages that everybody may see: what they say, and what they keep to themselves."""

import datetime as dt
import re
import threading
from dataclasses import replace

import pytest
from litestar.testing import TestClient

from goodstanding.linkage.agreement import REASONS, Reason
from goodstanding.portal.app import create_app
from goodstanding.portal.languages import Voice
from goodstanding.portal.telling import why
from goodstanding.register.ledger import finding
from goodstanding.register.ledger.subjects import Hit
from tests.portal import city
from tests.portal.conftest import HOST, SECRET
from tests.portal.visiting import text


def test_home_says_what_every_policy_gives(client):
    page = text(client.get("/"))
    assert "8 subjects scored on 31 October 2026" in page
    assert "AA excellent" in page
    assert "5 sources deliver to this register" in page


def test_search_finds_organisations_by_name_and_number(client, numbers):
    for wanted in ("chenguang", "晨光", city.BAKERY, numbers[city.BAKERY]):
        assert f"/subjects/{numbers[city.BAKERY]}" in client.get("/search", params={"q": wanted}).text, wanted


def test_search_never_finds_persons(client, numbers):
    for wanted in ("李雪", "Li Xue", city.LI, numbers[city.LI], "小满", "Xiaoman", city.TRADER, numbers[city.TRADER]):
        page = client.get("/search", params={"q": wanted})
        assert "No organisation fits" in page.text, wanted
        assert "/subjects/" not in page.text


def test_a_standing_explains_itself(client, numbers):
    page = text(client.get(f"/subjects/{numbers[city.WORKS]}"))
    for told in (
        "威海海岳建设有限公司",
        "B fairly trustworthy",
        "933 credit points",
        "1000 + (−80)",
        "920 + 13",
        "850 to 959",
        "from 2 March 2026 until 3 March 2028",
        "文登区人民法院",
        "court-2026-004",
        "Civil Procedure Law art. 255",
        "Measures 2020 annex 2 : commercial: guarantees",
        "4 November 2026 A 963",
        "because this ends: wages or dues unpaid for 2 to 6 months",
        "Over, no longer counted: 3",
        "−30 × 2 for repetition = −60",
    ):
        assert told in page, told


def test_entries_for_and_against_stand_apart(client, numbers):
    page = client.get(f"/subjects/{numbers[city.WORKS]}").text
    against, favour = page.index("What counts against"), page.index("What counts in favour")
    assert against < page.index("court-2026-004") < favour < page.index("city-2025-002")


def test_every_clause_leads_to_its_place_on_the_policy_page(client, numbers):
    page = client.get(f"/subjects/{numbers[city.BAKERY]}").text
    links = set(re.findall(r'href="(/policies/[\w-]+)#([\w-]+)"', page))
    assert links
    for path, anchor in links:
        assert f'id="{anchor}"' in client.get(path).text, anchor


def test_what_cannot_be_decided_names_the_missing_fact(client, numbers):
    page = text(client.get(f"/subjects/{numbers[city.MARKET]}"))
    assert "not decidable" in page
    assert "food hygiene inspection: structure" in page
    assert "Nothing is held against the subject" in page


def test_what_is_not_rated_says_why(client, numbers):
    page = text(client.get(f"/subjects/{numbers[city.QUIET]}"))
    assert "There is no score: never inspected." in page
    assert "A trustworthy (no records)" in page


def test_a_standing_can_be_asked_for_any_day(client, numbers):
    path = f"/subjects/{numbers[city.WORKS]}"
    past = text(client.get(path, params={"on": "2023-01-01"}))
    assert "950 credit points" in past
    assert "court-2026-004" not in past
    assert "still to come" in text(client.get(path, params={"on": "2028-06-01"}))


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "0001-01-01", "9999-12-31", "2026-01-01T00:00"])
def test_what_is_no_day_is_said_to_be_none(client, numbers, day):
    for path in ("/subjects/", "/api/subjects/"):
        answer = client.get(path + numbers[city.WORKS], params={"on": day})
        assert answer.status_code == 400
        assert "is no day" in answer.text


HIDDEN = (city.LI, city.TRADER)


def test_a_person_a_trader_and_nobody_give_the_same_answer(client, numbers):
    for path in ("/subjects/", "/api/subjects/"):
        answers = []
        for number in (*(numbers[one] for one in HIDDEN), "GS-0000-0000", "nonsense"):
            client.cookies.clear()
            answer = client.get(path + number)
            headers = {
                name: value for name, value in answer.headers.items() if name not in ("set-cookie", "content-length")
            }
            answers.append((answer.status_code, answer.text.replace(number, "NUMBER"), headers))
        assert all(answer == answers[0] for answer in answers)
        assert answers[0][0] == 404


def test_a_person_stays_hidden_from_the_person_too_on_the_public_page(client, numbers):
    from tests.portal.visiting import sign_in

    sign_in(client, city.LI)
    assert client.get(f"/subjects/{numbers[city.LI]}").status_code == 404


def test_a_policy_is_told_and_can_be_had(client):
    page = text(client.get("/policies/cn-wendeng"))
    for told in (
        "Measures 2020 art. 18(4)",
        "three transcriptions",
        "I-5",
        "1050 and more",
        "until: 2 years after the act",
    ):
        assert told in page, told
    file = client.get("/policies/cn-wendeng/policy.yaml")
    assert file.content.startswith(b"# yaml-language-server")
    assert "attachment" in file.headers["content-disposition"]
    assert "not verified" in text(client.get("/policies/uk-food-hygiene"))
    for path in ("/policies/none", "/policies/cn-wendeng/none.yaml", "/policies/cn-wendeng/..%2f..%2fetc%2fpasswd"):
        assert client.get(path).status_code == 404


def test_a_source_tells_its_faults(client):
    page = text(client.get("/sources/tax"))
    for told in ("a misspelt name", "1.2 %", "a calendar day, as 2026-03-31", "2026-13-01", "tax.csv", "30 days"):
        assert told in page, told
    assert client.get("/sources/none").status_code == 404
    assert "Court" in text(client.get("/sources"))


def test_a_refusal_never_repeats_who_somebody_is(client):
    page = client.get("/sources/road").text
    assert "about a person, not repeated here" in page
    assert "1970-02-31" not in page


def test_errors_are_pages_without_traceback(client, monkeypatch):
    from goodstanding.portal import pages

    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(pages, "sources", broken)
    client.app.debug = False
    for path, kind in (("/", "text/html"), ("/nowhere", "text/html"), ("/api/nowhere", "application/problem+json")):
        answer = client.get(path)
        assert answer.headers["content-type"].startswith(kind)
        assert "secret detail" not in answer.text
        assert "Traceback" not in answer.text
    assert client.get("/").status_code == 500
    assert client.put("/").status_code in (403, 405)


@pytest.fixture
def later(register):
    """A visitor of the same register 45 days on, when none of its sources has delivered again."""
    until = city.TODAY + dt.timedelta(45)
    now = replace(register, manifest=register.manifest.model_copy(update={"until": until}))
    with TestClient(create_app(now, SECRET), base_url=HOST) as visitor:
        yield visitor


@pytest.mark.parametrize(
    ("language", "late", "until", "paused"),
    [
        ("en", "Late since 1 December 2026", "30 November 2026", "Wendeng district credit points"),
        ("nl", "Te laat sinds 1 december 2026", "30 november 2026", "Kredietpunten"),
        ("zh", "自2026年12月1日起逾期", "2026年11月30日", "文登"),
    ],
)
def test_a_late_source_and_what_pauses_for_it_are_shown(client, later, numbers, language, late, until, paused):
    page = text(later.get("/sources/tax", params={"lang": language}))
    assert late in page
    assert paused in page
    assert late in text(later.get("/sources", params={"lang": language}))
    assert late not in text(client.get("/sources/tax", params={"lang": language}))
    works = text(later.get(f"/subjects/{numbers[city.WORKS]}", params={"lang": language}))
    assert until in works
    assert "decidable until" not in works


def test_a_paused_standing_says_the_same_as_data_and_the_last_day_is_decided(later, numbers):
    told = {one["policy"]: one for one in later.get(f"/api/subjects/{numbers[city.WORKS]}").json()["standings"]}
    one = told["cn-wendeng"]
    assert (one["outcome"], one["score"], one["grade"], one["measures"], one["changes"]) == (
        "not decidable",
        None,
        None,
        [],
        [],
    )
    assert [missing["fact"] for missing in one["missing"]] == [
        f"source {name}: late since 2026-12-01, decidable until 2026-11-30" for name in ("court", "tax")
    ]
    page = text(later.get(f"/subjects/{numbers[city.WORKS]}", params={"on": "2026-11-30"}))
    assert "credit points" in page
    assert "not decidable" not in page
    sources = {one["source"]["id"]: one["timeliness"] for one in later.get("/api/sources").json()}
    assert sources["tax"] == {
        "last": "2026-10-31",
        "due": "2026-11-30",
        "late": "2026-12-01",
        "paused": ["cn-wendeng"],
    }


def test_search_says_why_each_was_found(client, numbers):
    page = client.get("/search", params={"q": "Chengunag"})
    assert f"/subjects/{numbers[city.BAKERY]}" in page.text
    assert "Why it was found" in page.text
    assert "chengunag" in text(page)


@pytest.mark.parametrize("language", ["en", "nl", "zh"])
@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_words_in_every_language(code, language):
    told = why(Hit(None, {}, 0.8, (Reason(code, "asked", "found"),)), Voice(language))
    assert told
    assert not told[0].startswith("reason.")


def test_while_the_index_of_names_is_built_pages_and_data_say_so_and_numbers_are_found(
    client, numbers, tmp_path, monkeypatch
):
    monkeypatch.setenv("GOODSTANDING_CACHE", str(tmp_path))
    monkeypatch.setattr(finding, "_SOON", 0)
    with client.app.state["register"].engine.connect() as connection:
        folder = finding._folder(connection)
    with finding._alone(folder):  # as another process that builds it does
        assert "is being built" in client.get("/search", params={"q": "Chengguang"}).text
        dutch = client.get("/search", params={"q": "Chengguang"}, headers={"accept-language": "nl"})
        assert "wordt opgebouwd" in dutch.text
        answer = client.get("/api/subjects", params={"q": "Chengguang"})
        assert (answer.status_code, "is being built" in answer.json()["detail"]) == (503, True)
        number = numbers[city.BAKERY]
        assert f"/subjects/{number}" in client.get("/search", params={"q": number}).text
    for thread in threading.enumerate():
        if thread.name == "names":
            thread.join()
    assert "is being built" not in client.get("/search", params={"q": "Chengguang"}).text
