"""Documents on the pages: the person's own, an officer's with a purpose, nobody else's; every look is written down."""

import pytest
from litestar.testing import TestClient

from goodstanding.portal.app import create_app
from goodstanding.register.keeping.envelope import add
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.ledger.access import accesses
from goodstanding.register.ledger.subjects import by_identifier
from tests.portal import city
from tests.portal.conftest import HOST, SECRET
from tests.portal.visiting import send, sign_in, text


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    return Master.make(tmp_path_factory.mktemp("master") / "key")


@pytest.fixture(scope="module")
def paper(register, master, tmp_path_factory):
    path = tmp_path_factory.mktemp("papers") / "paper"
    path.write_bytes(b"an exam paper" * 100_000)
    return add(register, master, by_identifier(register, city.LI), path, "Exam <paper>", "Education Act, s. 4")


@pytest.fixture
def visitor(register, master, paper):
    with TestClient(create_app(register, SECRET, master=master), base_url=HOST) as one:
        one.headers["accept-language"] = "en"
        yield one


def looks(register):
    return accesses(register, by_identifier(register, city.LI))


def test_a_person_lists_and_downloads_the_own_documents_and_that_is_written_down(visitor, register, paper):
    page = text(sign_in(visitor, city.LI))
    assert "Exam <paper>" in page
    assert "Education Act, s. 4" in page
    given = visitor.get(f"/envelope/documents/{paper.number}")
    assert given.content == b"an exam paper" * 100_000
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.headers["cache-control"] == "no-store"
    assert (looks(register)[0].role, looks(register)[0].what) == ("subject", f"document {paper.number}")


def test_nobody_gets_anothers_document(visitor, paper):
    address = f"/envelope/documents/{paper.number}"
    assert visitor.get(address, follow_redirects=False).status_code == 303
    sign_in(visitor, city.WANG)
    assert visitor.get(address).status_code == 404
    send(visitor, "/sign-in", desk="tax")
    assert visitor.get(address, follow_redirects=False).status_code == 303


def test_an_officer_gets_a_document_for_a_purpose_that_the_person_reads(visitor, register, paper):
    send(visitor, "/sign-in", desk="court")
    wanted = {"identifier": city.LI, "number": str(paper.number)}
    assert send(visitor, "/officer/documents", form="/officer", purpose="curiosity", **wanted).status_code == 400
    before = len(looks(register))
    given = send(visitor, "/officer/documents", form="/officer", purpose="court", **wanted)
    assert given.content == b"an exam paper" * 100_000
    assert len(looks(register)) == before + 1
    assert (looks(register)[0].who, looks(register)[0].purpose) == ("court", "court")


@pytest.mark.parametrize("held", [False, True])
def test_without_the_right_master_key_documents_are_named_and_not_given(register, paper, tmp_path, held):
    other = Master.make(tmp_path / "other") if held else None
    with TestClient(create_app(register, SECRET, master=other), base_url=HOST) as visitor:
        visitor.headers["accept-language"] = "en"
        assert "This server cannot open it" in text(sign_in(visitor, city.LI))
        assert visitor.get(f"/envelope/documents/{paper.number}").status_code == 404
