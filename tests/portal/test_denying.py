"""A person says on the own page that a record is another's, and sees what became of it."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from goodstanding.portal.languages import LANGUAGES, messages
from goodstanding.register.deliveries import claiming
from goodstanding.register.ledger.claims import claims
from goodstanding.register.ledger.dossiers import dossier
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.log.keys import make_key, read_key
from goodstanding.register.log.sequence import signing
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register
from tests.portal import city
from tests.portal.visiting import send, sign_in, text


@pytest.fixture(scope="module")
def register(request, postgres_folder, tmp_path_factory) -> Iterator[Register]:
    """The small city in a database of its own, since what is denied here changes it."""
    name = request.module.__name__.rpartition(".")[2]
    with psycopg.connect(embedded.superuser_dsn(postgres_folder), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER goodstanding").format(sql.Identifier(name)))
    dsn = embedded.dsn(postgres_folder).replace("@/goodstanding?", f"@/{name}?")
    made = city.make(dsn, tmp_path_factory.mktemp("deliveries"))
    key = tmp_path_factory.mktemp("log") / "log.key"
    make_key(made, key)
    with signing(made, read_key(key)):
        yield made
    made.engine.dispose()


def places(register, identifier):
    """Where the records that stand came, by kind."""
    held = dossier(register, by_identifier(register, identifier))
    return {one.record.kind: (one.delivery, one.row) for one in held.records}


def deny(client, place, reason="namesake"):
    return send(
        client, "/envelope/not-mine", form="/envelope", delivery=str(place[0]), row=str(place[1]), reason=reason
    )


@pytest.fixture
def denied(register, client):
    """A record of Li, of which Li says that it is a namesake's, the oldest that stands; answered in the end."""
    sign_in(client, city.LI)
    answer = deny(client, min(places(register, city.LI).values()))
    (said,) = [one for one in claims(register) if one.due]
    yield said, text(answer)
    if [one for one in claims(register) if one.number == said.number and one.last]:
        claiming.affirm(register, said.number, "A. Jansen", "seen by the officer")


def test_what_is_denied_counts_for_nothing_and_comes_back_when_it_is_answered(register, client, denied) -> None:
    said, page = denied
    assert "Records: 3" in page
    assert "the person concerned said that it is about somebody else (Somebody else of my name)" in page
    assert "It counts for nothing. A person answers by" in page
    assert (said.own, said.by) == (True, said.subject)
    claiming.affirm(register, said.number, "A. Jansen", "seen by the officer")
    page = text(client.get("/envelope"))
    assert "Records: 4" in page
    assert "it was found to be about this person (seen by the officer)" in page
    assert "A person looked, and found on" in page
    again = deny(client, max(places(register, city.LI).values()))
    assert again.status_code == 400
    assert "A person has looked at this already" in text(again)


def test_nobody_denies_what_is_in_no_own_file(register, client) -> None:
    sign_in(client, city.LI)
    (own,) = places(register, city.WANG).values()
    for place in (own, (999, 1), (0, 0)):
        assert deny(client, place).status_code == 404
    assert deny(client, places(register, city.LI)["civic.donation"], reason="because").status_code == 400
    assert [one for one in claims(register) if one.due] == []


def test_every_reason_is_said_in_every_language(client) -> None:
    page = sign_in(client, city.LI)
    offered = set(re.findall(r'<option value="(\w+)">', page.text))
    assert offered == {"namesake", "number", "unknown"}
    for language in LANGUAGES:
        assert all(messages()[f"denial.{one}"][language] for one in offered)


def test_an_officer_sees_what_was_denied_and_cannot_deny(client, denied) -> None:
    send(client, "/sign-out", form="/envelope")
    send(client, "/sign-in", desk="tax")
    page = send(client, "/officer", identifier=city.LI, purpose="audit")
    assert "the person concerned said that it is about somebody else" in text(page)
    assert "/envelope/not-mine" not in page.text
