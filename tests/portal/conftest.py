"""A register of a small synthetic city, and clients of its pages."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from litestar.testing import TestClient

from goodstanding.facts.world import World
from goodstanding.portal.app import create_app
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.log.keys import make_key, read_key
from goodstanding.register.log.sequence import signing
from goodstanding.register.standings.scoring import score
from goodstanding.register.store import embedded
from goodstanding.register.store.database import Register
from tests.portal import city

SECRET = b"a secret of the tests only, no more"
HOST = "https://register.test"


@pytest.fixture(scope="session")
def register(postgres_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    """The small city, delivered and scored; tests share it and only ever add looks."""
    with psycopg.connect(embedded.superuser_dsn(postgres_folder), autocommit=True) as admin:
        admin.execute("CREATE DATABASE portal OWNER goodstanding")
    made = city.make(
        embedded.dsn(postgres_folder).replace("@/goodstanding?", "@/portal?"), tmp_path_factory.mktemp("deliveries")
    )
    for policy in ("cn-wendeng", "uk-food-hygiene"):
        score(made, policy, city.TODAY)
    key = tmp_path_factory.mktemp("log") / "log.key"
    make_key(made, key)
    with signing(made, read_key(key)):
        yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def numbers(register: Register) -> dict[str, str]:
    """The public number of every subject, by identifier."""
    found = {identifier: by_identifier(register, identifier) for identifier in city.PEOPLE["subject"]}
    return {identifier: one.number for identifier, one in found.items() if one}


@pytest.fixture
def client(register: Register) -> Iterator[TestClient]:
    """A visitor who has never been here and speaks English."""
    li = by_identifier(register, city.LI)
    with TestClient(create_app(register, SECRET, [li] if li else []), base_url=HOST) as visitor:
        visitor.headers["accept-language"] = "en"
        yield visitor


@pytest.fixture
def real(register: Register) -> Iterator[TestClient]:
    """A visitor of the same register, were its world real."""
    app = create_app(replace(register, world=World.REAL), SECRET)
    with TestClient(app, base_url=HOST) as visitor:
        yield visitor
