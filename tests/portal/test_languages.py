"""No message is missing, left over or filled in differently in any language; visitors get the one they want."""

import re
from pathlib import Path
from string import Formatter

import pytest

import goodstanding.policy
import goodstanding.portal
from goodstanding.policy import phrases
from goodstanding.portal.languages import LANGUAGES, Voice, messages
from tests.portal import city

PORTAL = Path(goodstanding.portal.__file__).parent
POLICY = Path(goodstanding.policy.__file__).parent
CATALOGUES = {"portal": messages(), "policy": phrases.messages()}


@pytest.mark.parametrize("catalogue", CATALOGUES.values(), ids=CATALOGUES)
def test_every_message_is_there_in_every_language_with_the_same_parts(catalogue):
    for key, words in catalogue.items():
        assert set(words) == set(LANGUAGES), key
        assert all(words[one].strip() for one in LANGUAGES), key
        parts = [{name for _, name, _, _ in Formatter().parse(words[one]) if name} for one in LANGUAGES]
        assert parts[0] == parts[1] == parts[2], key


def _sources(folder: Path) -> str:
    return "\n".join(file.read_text("utf-8") for pattern in ("*.py", "*.html") for file in folder.rglob(pattern))


def test_every_message_that_the_pages_use_is_there_and_every_other_is_not():
    text = _sources(PORTAL)
    whole = set(re.findall(r"""["']([a-z-]+\.[a-z-]+)["']""", text))
    families = set(re.findall(r"""["']([a-z-]+\.)["'] ~""", text)) | set(re.findall(r"""f["']([a-z-]+\.)\{""", text))
    families |= {f"{family}." for family in re.findall(r"""code\(["']([a-z-]+)["']""", text)} | {"error.title-"}
    asked = set(re.findall(r"""say\(["']([^"']+)["'][,)]""", text))
    assert asked <= set(messages())
    unused = {key for key in messages() if key not in whole and not key.startswith(tuple(families))}
    assert unused == set()


def test_every_code_of_a_source_and_a_standing_has_words():
    from typing import get_args

    from goodstanding.engine.standing import Outcome, Status
    from goodstanding.facts.catalogue import Subject
    from goodstanding.facts.sources import Defect, Source
    from goodstanding.portal.session import DESKS, PURPOSES

    families = {
        "defect": get_args(Defect.model_fields["kind"].annotation),
        "schedule": get_args(Source.model_fields["schedule"].annotation),
        "origin": get_args(Source.model_fields["origin"].annotation),
        "outcome": list(Outcome),
        "status": list(Status),
        "is-a": get_args(Subject),
        "subjects": get_args(Subject),
        "desk": DESKS,
        "purpose": PURPOSES,
        "direction": ("adverse", "favourable", "neutral"),
    }
    for family, codes in families.items():
        for code in codes:
            assert f"{family}.{code}" in messages()


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("zh-CN", "zh-Hans"),
        ("fr, de;q=0.5", "en"),
        ("fr, en;q=0.3, zh;q=0.7", "zh-Hans"),
        ("", "en"),
        ("nl;q=oops, zh;q=0.1", "zh-Hans"),
    ],
)
def test_the_browsers_wish_counts(client, header, tag):
    assert f'<html lang="{tag}">' in client.get("/", headers={"accept-language": header}).text


def test_a_chosen_language_is_kept(client):
    assert '<html lang="nl">' in client.get("/", params={"lang": "nl"}).text
    assert '<html lang="nl">' in client.get("/policies").text
    assert '<html lang="nl">' in client.get("/policies", params={"lang": "xx"}).text


def test_a_language_link_keeps_the_rest_of_the_address(client, numbers):
    page = client.get(f"/subjects/{numbers[city.WORKS]}", params={"on": "2024-01-01", "lang": "nl"}).text
    assert f"/subjects/{numbers[city.WORKS]}?on=2024-01-01&amp;lang=zh" in page


def test_dates_and_numbers_are_written_as_the_language_does():
    import datetime as dt

    day = dt.date(2026, 3, 1)
    assert [Voice(one).date(day) for one in LANGUAGES] == ["1 March 2026", "1 maart 2026", "2026年3月1日"]
    assert [Voice(one).signed("-2.5") for one in LANGUAGES] == ["−2.5", "−2,5", "−2.5"]
    assert Voice("nl").signed("1/3") == "+1/3"
    assert Voice("en").exact("?") == "not known"


def test_pages_in_every_language(client, numbers):
    for path in ("/", f"/subjects/{numbers[city.WORKS]}", "/policies/cn-wendeng", "/sources/court", "/sign-in"):
        pages = {client.get(path, params={"lang": one}).text for one in LANGUAGES}
        assert len(pages) == len(LANGUAGES)
