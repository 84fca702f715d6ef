"""Registers of both worlds on the real PostgreSQL, and files for them."""

import datetime as dt
from contextlib import contextmanager
from uuid import uuid4

import polars as pl
import psycopg
import pytest

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import Source, read_sources
from goodstanding.facts.world import Manifest, World
from goodstanding.lab.population import GENERATOR, VERSION, population, population_digest
from goodstanding.policy.reader import read_policy
from goodstanding.register.founding import found
from goodstanding.register.ledger.records import CURRENT
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import open_register

SINCE, UNTIL = dt.date(2024, 1, 1), dt.date(2026, 10, 31)
RECEIVED = dt.date(2026, 10, 1)
WORDS = {"en": "w", "nl": "w", "zh": "w"}


def source(name, *kinds):
    plain = {"words": WORDS, "agency": WORDS, "origin": "own-finding", "key": WORDS, "schedule": "daily"}
    return Source(id=name, max_lag_days=30, kinds=kinds, **plain)


SOURCES = {
    "city.tax": source("city.tax", "tax.arrears", "tax.evasion", "civic.donation"),
    "city.court": source("city.court", "court.defaulter", "conduct.ended", "contract.default"),
}
PEOPLE = population(7, 12, 6, UNTIL)
MANIFEST = Manifest(
    world=World.SYNTHETIC,
    generator=GENERATOR,
    version=VERSION,
    seed=7,
    persons=12,
    organisations=6,
    since=SINCE,
    until=UNTIL,
    population=population_digest(PEOPLE),
)
PERSON = PEOPLE.row(0, named=True)
FIRM = PEOPLE.filter(pl.col("is_a") == "organisation").row(0, named=True)


def row(who, document, kind="tax.arrears", **rest):
    """A row of a delivery about a subject of the population."""
    plain = {"subject": who["subject"], "name": who["name"], "born": who["born"], "kind": kind, "act": "2026-03-01"}
    size = {"size": "large"} if kind.startswith("tax.") else {}
    return plain | size | {"document": document, "authority": "bureau", "basis": "the law, art. 1"} | rest


def inspection(number, document, hygiene="5", act="2026-03-01", **rest):
    """A row of a delivery about an establishment; a number with a scheme stands as it is."""
    subject = number if ":" in number else f"gb.fhrs:{number}"
    scores = {"hygiene": hygiene, "structural": "5", "confidence": "5"}
    plain = {"subject": subject, "kind": "food.inspection", "act": act, "document": document}
    return plain | scores | {"authority": "gb.la:122", "basis": "the Code"} | rest


@contextmanager
def fresh(server):
    """A database of its own, for fixtures that last longer than a test."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(embedded.superuser_dsn(server), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER goodstanding")
        yield embedded.dsn(server).replace("@/goodstanding?", f"@/{name}?")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tampering(server, register):
    """A session of a superuser in a register's database, for whom no trigger fires."""
    with register.engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    session = psycopg.connect(embedded.superuser_dsn(server).replace("@/postgres?", f"@/{name}?"))
    session.execute("SET session_replication_role = replica")
    return session


@pytest.fixture
def tamper(postgres_folder):
    """Change a register behind its back."""

    def run(register, statement):
        with tampering(postgres_folder, register) as session:
            assert session.execute(statement).rowcount, statement

    return run


def emptied(server, register):
    """Take a register back to its founding, which costs less than another one."""
    with tampering(server, register) as session:
        for table in sorted(set(schema.metadata.tables) - {"world", "source", "subject", "event"}):
            session.execute(f"DELETE FROM {table}")
        session.execute("DELETE FROM event WHERE kind NOT IN ('world', 'source')")
        session.execute("INSERT INTO waiting SELECT number FROM event")
        session.execute("DELETE FROM subject WHERE delivery IS NOT NULL")
        for table in ("policy", "run", "access"):
            session.execute(f"ALTER TABLE {table} ALTER number RESTART")


@pytest.fixture(scope="session")
def synthetic_dsn(postgres_folder):
    with fresh(postgres_folder) as dsn:
        found(dsn, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
        yield dsn


@pytest.fixture(scope="session")
def real_dsn(postgres_folder):
    known = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
    with fresh(postgres_folder) as dsn:
        found(dsn, World.REAL, known)
        yield dsn


@pytest.fixture
def synthetic(synthetic_dsn, postgres_folder):
    """A register of twelve persons and six organisations."""
    register = open_register(synthetic_dsn)
    yield register
    emptied(postgres_folder, register)


@pytest.fixture
def real(real_dsn, postgres_folder):
    """A register of the real world with one source."""
    register = open_register(real_dsn)
    yield register
    emptied(postgres_folder, register)


@pytest.fixture
def file(tmp_path):
    """Write rows as a CSV delivery, each time under another name."""
    written = []

    def write(*rows):
        path = tmp_path / f"delivery-{len(written)}.csv"
        texts = [{name: None if cell is None else str(cell) for name, cell in row.items()} for row in rows]
        pl.DataFrame(texts, infer_schema_length=None).write_csv(path)
        written.append(path)
        return path

    return write


@pytest.fixture(scope="session")
def wendeng():
    return read_policy(shipped("policies") / "cn-wendeng")


@pytest.fixture(scope="session")
def food():
    return read_policy(shipped("policies") / "uk-food-hygiene")


def state(register):
    """What the register knows, whoever delivered it when: the records of every subject, by digest."""
    with register.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT identifier, encode(digest, 'hex') FROM record JOIN subject ON subject_id = id"
        )
        return sorted(tuple(row) for row in rows)


def current_state(register):
    """What the sources of the register stand by now: the current records of every subject, by digest."""
    with register.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT identifier, encode(digest, 'hex') FROM record JOIN subject ON subject_id = id WHERE {CURRENT}"
        )
        return sorted(tuple(row) for row in rows)
