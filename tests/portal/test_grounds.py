"""Pages and data say by what each record is about its subject, and never what only may be about it."""

from decimal import Decimal

import polars as pl
import pytest
from litestar.testing import TestClient

from goodstanding.facts.shipped import shipped
from goodstanding.policy.reader import read_policy
from goodstanding.portal.app import create_app
from goodstanding.portal.languages import LANGUAGES
from goodstanding.register.deliveries import inforce, reviewing
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier
from tests.portal import city
from tests.portal.conftest import HOST, SECRET
from tests.portal.test_reviewing import FIRMS, doubtful, folder, row
from tests.portal.visiting import send, sign_in, text
from tests.register.test_review import KNOWN

__all__ = ["doubtful", "folder"]


@pytest.fixture(scope="module")
def decided(doubtful, folder, tmp_path_factory):
    """The first case was decided by a person, the likeliest of the others by the model alone; a later one waits."""
    load_policy(doubtful, read_policy(shipped("policies") / "uk-food-hygiene"))
    reviewing.same(doubtful, 1, FIRMS[0], "A. Jansen", "the same street")
    best = max(one.candidates[0].weight for one in reviewing.waiting(doubtful) if one.candidates)
    inforce.give(doubtful, folder, best, Decimal(0), "A. Jansen")
    reviewing.find(doubtful)
    file = tmp_path_factory.mktemp("later") / "rows.csv"
    pl.DataFrame([row(KNOWN[7], "W-9")]).write_csv(file)
    deliver(doubtful, "food", file, city.TODAY)
    inforce.give(doubtful, folder, Decimal(1000), Decimal(0), "A. Jansen")
    reviewing.find(doubtful)
    return doubtful


@pytest.fixture
def visitor(decided):
    with TestClient(create_app(decided, SECRET), base_url=HOST) as visitor:
        visitor.headers["accept-language"] = "en"
        yield visitor


def number(register, firm):
    return by_identifier(register, firm).number


def test_the_page_of_a_subject_tells_who_decided_nothing_but_why_and_the_weight(decided, visitor) -> None:
    page = text(visitor.get(f"/subjects/{number(decided, FIRMS[0])}"))
    assert "It came without a number. A person decided in case 1 on" in page
    assert "the same street" in page
    assert "What spoke for it and against it" in page
    assert "A. Jansen" not in page
    send(visitor, "/sign-in", desk="tax")
    opened = text(send(visitor, "/officer", identifier=FIRMS[0], purpose="audit"))
    assert "A. Jansen decided in case 1" in opened


def test_the_page_of_a_link_without_a_person_names_model_threshold_and_margin(decided, visitor) -> None:
    waits = {one.case.number for one in reviewing.waiting(decided)}
    case = next(one for one in (2, 3, 4) if one not in waits)
    page = text(visitor.get(f"/subjects/{number(decided, FIRMS[case - 1])}"))
    assert f"Model 2 found this subject without a person, in case {case}" in page
    assert "bits were asked for, and 0 before the next one" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_why(decided, visitor, language) -> None:
    visitor.headers["accept-language"] = language
    answer = visitor.get(f"/subjects/{number(decided, FIRMS[0])}")
    assert "the same street" in text(answer)
    assert 'class="waterfall"' in answer.text


def test_the_data_has_the_weight_whole_and_not_what_was_compared(decided, visitor) -> None:
    told = visitor.get(f"/api/subjects/{number(decided, FIRMS[0])}").json()
    grounds = [one["record"]["ground"] for one in told["standings"][0]["entries"] if one["record"]]
    assert grounds
    for ground in grounds:
        assert (ground["way"], ground["case"], ground["by"]) == ("person", 1, None)
        assert Decimal(ground["weight"]) == sum(Decimal(part["bits"]) for part in ground["parts"])
        assert 0 < Decimal(ground["probability"]) < 1
        assert all(part.keys() == {"comparison", "level", "bits"} for part in ground["parts"])


def test_what_waits_is_on_no_page_of_whom_it_may_be_about(decided, visitor) -> None:
    waits = next(one for one in reviewing.waiting(decided) if one.case.document == "W-9")
    assert waits.candidates
    page = visitor.get(f"/subjects/{number(decided, FIRMS[7])}").text
    assert KNOWN[7] in page
    assert "W-9" not in page
    assert f"case {waits.case.number}" not in page


def test_a_person_reads_that_name_and_day_of_birth_agreed(client) -> None:
    page = text(sign_in(client, city.LI))
    assert "It came with the person's number (cn.ric); name and day of birth agreed with it." in page
