"""What is in the register stays there: the database refuses changes, even to the owner of the tables."""

import psycopg
import pytest
import sqlalchemy as sa

from goodstanding.register import schema
from goodstanding.register.access import log_access
from goodstanding.register.deliveries import deliver
from goodstanding.register.policies import load_policy
from goodstanding.register.subjects import by_identifier
from tests.register.conftest import PERSON, RECEIVED, row, source

TABLES = sorted(schema.metadata.tables)
CHANGES = [
    "UPDATE {0} SET {1} = {1}",
    "DELETE FROM {0}",
    "TRUNCATE {0} CASCADE",
    "INSERT INTO {0} SELECT * FROM {0} LIMIT 1 ON CONFLICT ({2}) DO UPDATE SET {1} = excluded.{1}",
    "MERGE INTO {0} USING {0} AS other ON {0}.{2} = other.{2} WHEN MATCHED THEN DELETE",
]


@pytest.fixture
def full(synthetic, file, wendeng):
    """A register with something in every table that a test can fill without scoring."""
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2", size="no")), RECEIVED)
    load_policy(synthetic, wendeng)
    log_access(synthetic, by_identifier(synthetic, PERSON["subject"]), "official", "clerk", "a licence", "page")
    return synthetic


def test_every_table_is_tried() -> None:
    tables = {"world", "source", "subject", "delivery", "refusal", "record", "policy", "run", "standing", "access"}
    assert set(TABLES) == tables


@pytest.mark.parametrize("change", CHANGES)
def test_no_row_of_any_table_is_changed_or_removed_by_its_owner(full, synthetic_dsn, change) -> None:
    with psycopg.connect(synthetic_dsn, autocommit=True) as owner:
        for table in TABLES:
            key = next(iter(schema.metadata.tables[table].primary_key)).name
            if "ON CONFLICT" in change and table in ("policy", "run", "access", "refusal", "record", "standing"):
                continue  # their keys are made by the database, or of two columns
            column = list(schema.metadata.tables[table].columns)[-1].name
            before = owner.execute(f"SELECT count(*) FROM {table}").fetchone()
            with pytest.raises(psycopg.errors.RaiseException, match="is never changed or removed"):
                owner.execute(change.format(table, f'"{column}"', key))
            assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == before


def test_there_is_room_for_one_world_only(full, synthetic_dsn) -> None:
    with psycopg.connect(synthetic_dsn, autocommit=True) as owner:
        for number in (1, 2):
            with pytest.raises((psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation)):
                owner.execute(
                    "INSERT INTO world (id, world, catalogue, salt, root) VALUES (%s, 'real', '', '', '')", (number,)
                )


def test_a_source_cannot_be_added_under_the_same_name(full) -> None:
    definition = source("city.tax", "tax.evasion").model_dump(mode="json")
    again = sa.insert(schema.source).values(id="city.tax", definition=definition)
    with full.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(again)


def test_a_delivery_must_add_up(full, synthetic_dsn) -> None:
    with psycopg.connect(synthetic_dsn) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(
            "INSERT INTO delivery (number, source, file, received, content, rows, accepted, repeated, refused, root) "
            "VALUES (9, 'city.tax', 'f', '2026-10-01', 'c', 3, 1, 0, 0, 'r')"
        )
