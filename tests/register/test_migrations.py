"""Registers of every release come forward with all that is in them, and an interrupted migration changes nothing.

The files in `releases` are what those releases wrote, as PostgreSQL dumps it.
"""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import read_sources
from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.proving.verification import verify
from goodstanding.register.standings.scoring import Run, latest_run, score, standings
from goodstanding.register.store import definition, embedded, roles, schema
from goodstanding.register.store.database import engine_of, open_register, revision
from tests.register.conftest import MANIFEST, PEOPLE, PERSON, RECEIVED, SOURCES, row

RELEASES = Path(__file__).parent / "releases"
FOOD = read_sources(shipped("policies") / "uk-food-hygiene" / "sources.yaml", catalogue(World.REAL))
FOUNDED = {"0001-synthetic": (World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE), "0001-real": (World.REAL, FOOD)}
KEPT = {
    "record": "delivery, row, subject_id, source, kind, act, decided, final, occurrence, document, authority, basis, "
    "attributes, digest",
    "standing": "run, subject_id, outcome, score, grade, missing, reason",
    "subject": "id, number, identifier, is_a, name, latin, born, publishable, sought, delivery, known_on",
    "delivery": "number, source, file, received, content, rows, accepted, repeated, refused, known_on",
    "refusal": "delivery, fault, row, field, found, expected",
    "run": 'number, policy, hash, "on", subjects, outcomes, made',
    "policy": "number, id, version, hash, subjects, contents, known_on",
    "access": "number, subject_id, who, role, purpose, what, at",
    "world": "id, world, manifest, catalogue, salt, known_on",
    "source": "id, definition, known_on",
}
"""What the first release kept: its tables and their columns, but for a digest that none reads any more."""


def old_register(server, dsn, release):
    """Put a register of an earlier release into an empty database."""
    number = release.partition("-")[0]
    engine = engine_of(dsn)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "goodstanding.register.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, number)
    engine.dispose()
    name = dsn.split("@/")[1].split("?")[0]
    with psycopg.connect(embedded.superuser_dsn(server).replace("@/postgres?", f"@/{name}?")) as session:
        session.execute("SET session_replication_role = replica")
        session.execute((RELEASES / f"{release}.sql").read_text("utf-8"))


def kept(dsn):
    """Everything that the first release kept, as text."""
    with psycopg.connect(dsn) as session:
        return {
            table: session.execute(f"SELECT t::text FROM (SELECT {columns} FROM {table}) t ORDER BY 1").fetchall()
            for table, columns in KEPT.items()
        }


@pytest.fixture(params=list(FOUNDED))
def old(request, database, postgres_folder):
    old_register(postgres_folder, database, request.param)
    return database, FOUNDED[request.param]


def test_a_register_of_an_earlier_release_has_something_in_every_table(old) -> None:
    assert all(kept(old[0]).values())


def test_a_register_of_an_earlier_release_comes_forward_with_all_that_is_in_it(old) -> None:
    dsn, terms = old
    before = kept(dsn)
    register = found(dsn, *terms)
    assert kept(dsn) == before
    assert verify(register) == []
    with register.engine.connect() as connection:
        assert revision(connection) == schema.REVISION


def test_verification_expects_what_the_migrations_of_this_release_make(synthetic) -> None:
    kept = json.loads(Path(definition.__file__).with_suffix(".json").read_text())
    with synthetic.engine.connect() as connection:
        made = definition.definition(connection)
    assert made == kept, "a migration was added or changed: run python scripts/definition.py"


def test_standings_after_a_migration_come_out_as_before(old) -> None:
    dsn, terms = old
    register = found(dsn, *terms)
    with register.engine.connect() as connection:
        (last,) = connection.execute(sa.select(schema.run).order_by(schema.run.c.number.desc()).limit(1)).mappings()
    before = latest_run(register, last["policy"])
    again = score(register, last["policy"], last["on"])
    assert isinstance(before, Run)
    assert again.number > before.number
    assert standings(register, again).equals(standings(register, before))
    assert verify(register) == []


def test_a_migrated_register_recognises_what_was_delivered_before(database, postgres_folder, file) -> None:
    old_register(postgres_folder, database, "0001-synthetic")
    register = found(database, *FOUNDED["0001-synthetic"])
    people = list(PEOPLE.iter_rows(named=True))
    same = [
        row(p, f"A-{i}", "tax.arrears" if i % 2 else "tax.evasion", act=f"2026-0{1 + i % 6}-15")
        for i, p in enumerate(people)
    ]
    done = deliver(register, "city.tax", file(*same, row(PERSON, "New")), RECEIVED)
    assert (done.number, done.accepted, done.repeated) == (4, 1, 18)
    assert verify(register) == []


def test_a_register_of_an_earlier_release_is_not_opened_before_it_comes_forward(old) -> None:
    with pytest.raises(InputError, match="older release"):
        open_register(old[0])


def test_a_migration_that_fails_at_the_end_leaves_everything_as_it_was(old) -> None:
    """A view of somebody's own stands on a column that goes."""
    dsn, terms = old
    before = kept(dsn)
    with psycopg.connect(dsn) as owner:
        owner.execute("CREATE VIEW mine AS SELECT root FROM world")
    with pytest.raises(sa.exc.DBAPIError, match="mine"):
        found(dsn, *terms)
    assert _untouched(dsn, before)
    with psycopg.connect(dsn) as owner:
        owner.execute("DROP VIEW mine")
    assert verify(found(dsn, *terms)) == []


_MIGRATE = """
import sys
from tests.register.test_migrations import FOUNDED, found
found(sys.argv[1], *FOUNDED["0001-real"])
"""


def test_a_migration_killed_half_way_leaves_everything_as_it_was(database, postgres_folder) -> None:
    """It is held up where it reads the last table, and killed there."""
    old_register(postgres_folder, database, "0001-real")
    before = kept(database)
    with psycopg.connect(database) as holding:
        holding.execute("LOCK TABLE access IN ACCESS EXCLUSIVE MODE")
        root = Path(__file__).parents[2]
        child = subprocess.Popen([sys.executable, "-c", _MIGRATE, database], cwd=root)
        _wait_for_lock(database)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert _untouched(database, before)
    assert verify(found(database, *FOUNDED["0001-real"])) == []


def _untouched(dsn, before):
    engine = engine_of(dsn)
    with engine.connect() as connection:
        number = revision(connection)
        tables = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    return number == "0001" and kept(dsn) == before and tables == {*KEPT, schema.REVISION_TABLE}


def _wait_for_lock(dsn):
    deadline = time.monotonic() + 60
    with psycopg.connect(dsn, autocommit=True) as watching:
        while not watching.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall():
            assert time.monotonic() < deadline, "the migration never came to the last table"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def first_cluster(tmp_path_factory):
    """A server as the first release founded it: nobody made the service's role."""
    folder = tmp_path_factory.mktemp("first")
    embedded.start(folder)
    with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
        admin.execute(f"DROP ROLE {roles.SERVICE}")
    yield folder
    embedded.stop(folder)


def test_a_server_of_the_first_release_gets_the_service_role_or_says_who_must_make_it(first_cluster) -> None:
    dsn = embedded.dsn(first_cluster)
    old_register(first_cluster, dsn, "0001-real")
    with pytest.raises(InputError, match=f"CREATE ROLE {roles.SERVICE} NOLOGIN; GRANT {roles.SERVICE} TO goodstanding"):
        found(dsn, *FOUNDED["0001-real"])
    roles.provide(embedded.superuser_dsn(first_cluster), "goodstanding")
    roles.provide(embedded.superuser_dsn(first_cluster), "goodstanding")
    register = found(dsn, *FOUNDED["0001-real"])
    assert verify(register) == []
    assert latest_run(register, "uk-food-hygiene").on == dt.date(2026, 10, 1)
