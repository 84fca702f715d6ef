"""Signing in, the envelope, and an officer's look at it."""

import base64

import pytest

from goodstanding.portal import personal
from goodstanding.register.ledger.access import accesses
from goodstanding.register.ledger.subjects import by_identifier
from tests.portal import city
from tests.portal.visiting import send, sign_in, text


def test_a_person_opens_the_own_envelope(client):
    page = text(sign_in(client, city.LI))
    for told in (
        "李雪",
        "951 credit points",
        "Records: 4",
        "Road Traffic Safety Law art. 90",
        "delivery 5, row 1",
        "Wendeng district credit points: 9 August 2027",
        "Who looked",
    ):
        assert told in page, told


def test_the_examples_sign_in_with_one_button(client, numbers):
    assert "李雪" in text(send(client, "/sign-in", example=numbers[city.LI]))


def test_nobody_signs_in_as_an_example_that_is_none(client, numbers):
    assert send(client, "/sign-in", example=numbers[city.WANG]).status_code == 400


@pytest.mark.parametrize(
    ("identifier", "born"),
    [
        (city.LI, "1970-01-02"),
        (city.LI, ""),
        (city.person(999), "1970-01-01"),
        (city.BAKERY, ""),
        (city.TRADER, ""),
        ("", ""),
    ],
)
def test_a_wrong_number_and_a_wrong_date_are_not_told_apart(client, identifier, born):
    answer = sign_in(client, identifier, born)
    assert answer.status_code == 400
    assert "Nobody has this number and this date of birth together" in answer.text
    assert client.get("/envelope", follow_redirects=False).status_code == 303


def test_signing_out_forgets(client):
    sign_in(client, city.LI)
    send(client, "/sign-out", form="/envelope")
    assert client.get("/envelope", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "content",
    ["", "not a session", "xadditional_authenticated_data=?", "xadditional_authenticated_data={}", "x" * 5000],
)
def test_a_forged_session_is_none(client, content):
    client.cookies.set("session", base64.b64encode(content.encode()).decode())
    assert client.get("/envelope", follow_redirects=False).status_code == 303
    client.cookies.set("session", content[:40])
    assert client.get("/").status_code == 200


def test_a_form_without_its_token_does_nothing(client):
    for path, fields in (("/sign-in", {"desk": "tax"}), ("/officer", {"identifier": city.LI}), ("/sign-out", {})):
        assert client.post(path, data=fields).status_code == 403, path
    client.get("/sign-in")
    assert client.post("/sign-in", data={"_csrf_token": "0" * 128, "desk": "tax"}).status_code == 403
    assert client.get("/officer", follow_redirects=False).status_code == 303


def test_a_stale_form_cookie_heals_itself(client):
    client.cookies.set("form", "0" * 128)
    assert send(client, "/sign-in", desk="tax").status_code == 403
    client.cookies.delete("form")
    assert send(client, "/sign-in", desk="tax").status_code == 200


def look(client, identifier, purpose="licence"):
    return send(client, "/officer", identifier=identifier, purpose=purpose)


def test_an_officers_look_is_recorded_and_seen_by_the_person(client, register):
    send(client, "/sign-in", desk="licensing")
    page = text(look(client, city.WANG))
    assert "Opened by Licensing desk for: deciding on a licence" in page
    assert "tax in arrears" in page
    kept = accesses(register, by_identifier(register, city.WANG))[0]
    assert (kept.who, kept.role, kept.purpose) == ("licensing", "officer", "licence")
    envelope = text(sign_in(client, city.WANG))
    assert "Licensing desk officer deciding on a licence that the person applied for" in envelope


def test_a_look_is_recorded_before_anything_is_shown(client, register, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError

    send(client, "/sign-in", desk="tax")
    before = len(accesses(register, by_identifier(register, city.ZHAO)))
    monkeypatch.setattr(personal, "file_of", broken)
    assert look(client, city.ZHAO).status_code == 500
    assert len(accesses(register, by_identifier(register, city.ZHAO))) == before + 1


def test_an_officer_needs_a_purpose_and_the_exact_number(client, register):
    send(client, "/sign-in", desk="court")
    before = accesses(register, by_identifier(register, city.ZHAO))
    assert look(client, city.ZHAO, "curiosity").status_code == 400
    assert look(client, city.ZHAO, "").status_code == 400
    for part in (city.ZHAO[:-1], "赵宁", "Zhao", "%", ""):
        answer = look(client, part)
        assert answer.status_code == 404
        assert "Nothing was opened" in answer.text
    assert accesses(register, by_identifier(register, city.ZHAO)) == before


def test_there_is_no_other_desk(client):
    assert send(client, "/sign-in", desk="curious").status_code == 400


def test_a_person_reads_what_changed_between_two_days(client):
    sign_in(client, city.LI)
    page = text(client.get("/envelope/changed"))
    assert "What changed" in page
    assert "Came" in page
    assert "Nothing changed" in text(client.get("/envelope/changed?since=2001-01-01&until=2001-02-01"))
    assert client.get("/envelope/changed?since=2001-01-02&until=2001-01-01").status_code == 400
