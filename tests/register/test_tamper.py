"""A superuser without the signing key is found and named: a part of what `make tamper` does."""

import pytest
import sqlalchemy as sa

from benchmarks import tamper
from goodstanding.register.log.caches import CACHES, make_again
from goodstanding.register.store import embedded, schema
from tests.register.conftest import fresh


@pytest.fixture(scope="module")
def target(postgres_folder, tmp_path_factory):
    with fresh(postgres_folder) as dsn:
        made = tamper.make(dsn, tmp_path_factory.mktemp("tamper"))
        yield made, embedded.superuser_dsn(postgres_folder), dsn
        made.register.engine.dispose()


def test_random_edits_of_every_table_are_found_and_named_and_nothing_else_is(target) -> None:
    register, superuser, _ = target
    with tamper.tampering(register, superuser) as connection:
        assert tamper.verified(connection, register) == []
    done = tamper.attack(register, superuser, 30, seed=30)
    assert (done.edits, done.missed) == (30, ())


def test_a_log_that_was_cut_back_is_found(target) -> None:
    register, superuser, _ = target
    done = tamper.cut_at_every_checkpoint(register, superuser)
    assert done.edits > 3
    assert done.missed == ()


def test_the_caches_are_made_again_from_the_other_tables(target) -> None:
    """The other tables are edited above, and the caches too; only what waits has no rows to be edited."""
    register, superuser, _ = target
    with tamper.tampering(register, superuser) as connection:
        before = {name: connection.exec_driver_sql(f"TABLE {name}").all() for name in CACHES}
        for name in CACHES:
            connection.exec_driver_sql(f"DELETE FROM {name}")
        found = tamper.verified(connection, register)
        for name in ("head", "bucket", "tile"):
            assert any(problem.startswith(f"{name} ") for problem in found)
        make_again(connection)
        assert tamper.verified(connection, register) == []
        after = {name: connection.exec_driver_sql(f"TABLE {name}").all() for name in CACHES}
        assert {name: set(rows) for name, rows in after.items()} == {name: set(rows) for name, rows in before.items()}
        edited = {table.name for table in tamper.Adversary(connection, 1).tables}
        empty = {name for name in schema.metadata.tables if not connection.execute(sa.text(f"TABLE {name}")).first()}
        assert edited | empty == set(schema.metadata.tables)
        connection.rollback()


def test_an_old_backup_is_found_by_the_checkpoint_that_was_kept_outside(target) -> None:
    done = tamper.restored(*target)
    assert (done.edits, done.missed) == (1, ())
