"""The log over HTTP, the proof of one's own dossier, and what is still answered when a checkpoint is overdue."""

import datetime as dt
import time

import pytest
from litestar.testing import TestClient

from goodstanding.facts.shipped import shipped
from goodstanding.facts.world import World
from goodstanding.policy.reader import read_policy
from goodstanding.portal.app import create_app
from goodstanding.portal.languages import messages
from goodstanding.proof import bundles, checkpoints, merkle, notes, tiles
from goodstanding.register.founding import found
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.log.keys import make_key, read_key
from goodstanding.register.log.sequence import sign
from tests.portal import city
from tests.portal.conftest import HOST, SECRET
from tests.portal.visiting import sign_in


def keys(client):
    return [notes.Verifier.parse(line) for line in client.get("/log/key").text.splitlines()]


@pytest.fixture
def signed(client):
    """A visitor, once everything that happened before is signed."""
    deadline = time.monotonic() + 60
    while client.get("/log/checkpoint").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return client


def test_a_witness_needs_no_more_than_what_is_served(signed):
    found = checkpoints.verify(signed.get("/log/checkpoint").text, keys(signed)).checkpoint

    def fetch(path):
        answer = signed.get(f"/log/{path}")
        if answer.status_code == 404:
            raise FileNotFoundError(path)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
        return answer.content

    assert merkle.root_at(found.size, tiles.reader(found.size, fetch)) == found.root
    entries = [
        entry
        for tile in tiles.tiles(found.size, entries=True)
        for entry in tiles.entries_of(fetch(tile.path), tile.width)
    ]
    assert merkle.root(merkle.leaf_hash(entry) for entry in entries) == found.root


ABSENT = ["tile/0/999", "tile/0/000.p/0", "tile/../entries/000", "tile/0", "tile/0/000.p/255", "no"]


@pytest.mark.parametrize("path", ABSENT)
def test_what_the_log_does_not_have_is_not_found(signed, path):
    assert signed.get(f"/log/{path}").status_code == 404


def test_a_person_downloads_the_proof_that_the_dossier_is_complete(signed):
    sign_in(signed, city.LI)
    page = signed.get("/envelope").text
    assert 'href="/envelope/proof"' in page
    answer = signed.get("/envelope/proof")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    proof = bundles.read(answer.text)
    assert bundles.check(proof, keys(signed))
    assert {item.content["subject"] for item in proof.items} == {city.LI}
    assert len(proof.items) == sum(one[0] == city.LI for rows in city.RECORDS.values() for one in rows)


def test_the_proof_is_for_those_who_signed_in(signed):
    assert signed.get("/envelope/proof", follow_redirects=False).status_code == 303


REFUSED = ["/", "/search?q=a", "/subjects/x", "/sources", "/envelope", "/sign-in", "/api/subjects/x", "/api/sources"]
ANSWERED = ["/policies", "/policies/cn-wendeng", "/log/key", "/static/style.css", "/schema/openapi.json"]


def test_while_a_checkpoint_is_overdue_nothing_is_said_of_standings_and_all_the_rest_is(database, tmp_path):
    register = found(database, World.SYNTHETIC, city.sources(), city.manifest(), city.PEOPLE)
    load_policy(register, read_policy(shipped("policies") / "cn-wendeng"))
    with TestClient(create_app(register, SECRET, overdue=dt.timedelta(0)), base_url=HOST) as visitor:
        for path in REFUSED:
            assert visitor.get(path, follow_redirects=False).status_code == 503, path
        for language in ("en", "nl", "zh"):
            assert messages()["error.503"][language] in visitor.get(f"/?lang={language}").text
        problem = visitor.get("/api/sources")
        assert problem.headers["content-type"] == "application/problem+json"
        assert "was not signed in time" in problem.json()["detail"]
        for path in ANSWERED:
            assert visitor.get(path).status_code == 200, path
        make_key(register, tmp_path / "log.key")
        sign(register, read_key(tmp_path / "log.key"))
        for path in ("/", "/sources", "/api/sources", "/log/checkpoint"):
            assert visitor.get(path).status_code == 200, path
    register.engine.dispose()
