"""Founding a register, opening it, and what is said when that cannot be."""

import threading

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.register.founding import found
from goodstanding.register.ledger.sources import source_of, sources
from goodstanding.register.ledger.subjects import by_identifier, subject
from goodstanding.register.store import schema
from goodstanding.register.store.database import open_register
from tests.register.conftest import MANIFEST, PEOPLE, SOURCES, source


@pytest.fixture
def founded(database):
    return found(database, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)


def test_a_founded_register_opens_as_it_was_founded(founded, database) -> None:
    register = open_register(database)
    assert (register.world, register.manifest) == (World.SYNTHETIC, MANIFEST)
    assert register.today == MANIFEST.until
    assert sources(register) == dict(sorted(SOURCES.items()))


def test_everybody_of_the_population_is_there_under_a_number_of_their_own(founded) -> None:
    for person in PEOPLE.iter_rows(named=True):
        kept = by_identifier(founded, person["subject"])
        assert (kept.is_a, kept.name, kept.latin, kept.born) == tuple(
            person[n] for n in ("is_a", "name", "latin", "born")
        )
        assert subject(founded, kept.number) == kept
        assert kept.publishable == (kept.is_a == "organisation")


def test_founding_again_with_the_same_changes_nothing(founded, database) -> None:
    again = found(database, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
    assert again.manifest == MANIFEST
    assert len(sources(again)) == 2


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("world", (World.REAL, SOURCES)),
        ("sources", (World.SYNTHETIC, {"other": source("other", "tax.arrears")}, MANIFEST, PEOPLE)),
        ("manifest", (World.SYNTHETIC, SOURCES, MANIFEST.model_copy(update={"seed": 8}), PEOPLE)),
        ("population", (World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE[:-1])),
    ],
)
def test_founding_again_with_something_else_is_refused(founded, database, named, arguments) -> None:
    with pytest.raises(InputError, match=f"another {named}"):
        found(database, *arguments)
    assert open_register(database).manifest == MANIFEST


def test_two_who_found_at_once_found_one_register(database) -> None:
    registers = []
    threads = [
        threading.Thread(target=lambda: registers.append(found(database, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(registers) == 3
    with registers[0].engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.subject)).scalar_one() == 18


@pytest.mark.parametrize(
    ("world", "manifest", "people"),
    [
        (World.REAL, MANIFEST, PEOPLE),
        (World.REAL, None, PEOPLE),
        (World.SYNTHETIC, None, PEOPLE),
        (World.SYNTHETIC, MANIFEST, None),
    ],
)
def test_a_synthetic_world_needs_its_population_and_a_real_one_takes_none(database, world, manifest, people) -> None:
    with pytest.raises(InputError, match="manifest"):
        found(database, world, SOURCES, manifest, people)


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (PEOPLE.with_columns(subject=pl.lit("cn.ric:11010519491231002X")), "synthetic number"),
        (PEOPLE.with_columns(is_a=pl.lit("organisation")), "a number of such a subject"),
        (pl.concat([PEOPLE, PEOPLE[:1]]), "twice"),
    ],
)
def test_a_population_of_other_numbers_founds_nothing(database, people, message) -> None:
    with pytest.raises(InputError, match=message) as refused:
        found(database, World.SYNTHETIC, SOURCES, MANIFEST, people)
    assert "110105" not in str(refused.value)
    with pytest.raises(InputError, match="holds no register"):
        open_register(database)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(InputError, match=r"database x at 127\.0\.0\.1: no database answers") as refused:
        open_register("postgresql://u:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("wrong", ["@/goodstanding_x?", "nonsense"])
def test_a_database_that_is_not_there_is_named(database, wrong) -> None:
    dsn = database.replace("@/", "@/x") if wrong.startswith("@") else wrong
    with pytest.raises(InputError, match="no database answers"):
        found(dsn, World.REAL, SOURCES)


def test_a_database_without_a_register_says_how_to_make_one(database) -> None:
    with pytest.raises(InputError, match="holds no register; make one with goodstanding register init"):
        open_register(database)


@pytest.mark.parametrize(
    ("revision", "message"), [("0000", "older release; run goodstanding register init"), ("9", "newer")]
)
def test_tables_of_another_release_are_not_opened(founded, database, tamper, revision, message) -> None:
    tamper(founded, f"UPDATE register_revision SET version_num = '{revision}'")
    with pytest.raises(InputError, match=message):
        open_register(database)


def test_a_register_with_another_catalogue_is_not_opened(founded, database, tamper) -> None:
    tamper(founded, "UPDATE world SET catalogue = 'other'")
    with pytest.raises(InputError, match="another catalogue"):
        open_register(database)
    with pytest.raises(InputError, match="another catalogue"):
        found(database, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)


def test_the_migrations_make_the_tables_that_the_code_expects(real) -> None:
    with real.engine.connect() as connection:
        options = {"version_table": schema.REVISION_TABLE}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata) == []


def test_the_last_migration_is_the_one_that_the_code_expects() -> None:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "goodstanding.register.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


def test_an_unknown_source_is_answered_with_the_known_ones(founded) -> None:
    with pytest.raises(InputError, match=r"expected one of city\.court, city\.tax"):
        source_of(founded, "city.moon")
