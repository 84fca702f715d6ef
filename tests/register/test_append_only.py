"""What is in the register stays there: the database refuses changes, even to the owner of the tables."""

import psycopg
import pytest
import sqlalchemy as sa

from goodstanding.facts.contracts import Contract
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.deliveries.holding import HeldBackError
from goodstanding.register.keeping.envelope import add
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.sources import change_contract
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.store import schema
from tests.register.conftest import PERSON, RECEIVED, row, source

TABLES = sorted(set(schema.metadata.tables) - {"waiting"})
KEYED = [
    name
    for name in TABLES
    if [column.identity for column in schema.metadata.tables[name].primary_key] == [None] and name != "checkpoint"
]
"""The tables whose key is one column that is not made by the database."""
CHANGES = [
    "UPDATE {0} SET {1} = {1}",
    "DELETE FROM {0}",
    "TRUNCATE {0} CASCADE",
    "INSERT INTO {0} SELECT * FROM {0} LIMIT 1 ON CONFLICT ({2}) DO UPDATE SET {1} = excluded.{1}",
    "MERGE INTO {0} USING {0} AS other ON {0}.{2} = other.{2} WHEN MATCHED THEN DELETE",
]


@pytest.fixture
def full(synthetic, file, wendeng, tmp_path):
    """A register with something in the tables of every kind that a test can fill without scoring."""
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2", size="no")), RECEIVED)
    change_contract(synthetic, "city.tax", Contract.model_validate({"rows": {"most": 0}}))
    with pytest.raises(HeldBackError):
        deliver(synthetic, "city.tax", file(row(PERSON, "D-3")), RECEIVED)
    load_policy(synthetic, wendeng)
    log_access(synthetic, by_identifier(synthetic, PERSON["subject"]), "official", "clerk", "a licence", "page")
    (tmp_path / "paper").write_bytes(b"an exam paper")
    master = Master.make(tmp_path / "master")
    add(synthetic, master, by_identifier(synthetic, PERSON["subject"]), tmp_path / "paper", "paper", "Act, s. 1")
    came = {"number": 1, "delivery": 1, "row": 1, "source": "city.tax", "kind": "k", "document": "d", "content": "c"}
    with synthetic.engine.begin() as connection:
        connection.execute(sa.insert(schema.unlinked), came)
        connection.execute(sa.insert(schema.unlinked_content), {"unlinked": 1, "content": "{}"})
    return synthetic


def test_only_what_waits_may_leave_its_table(synthetic) -> None:
    """The service adds and reads, whatever is added to the tables later; the log takes what waits out of its table."""
    may = "SELECT has_table_privilege('goodstanding_service', '{}', '{}')"
    with synthetic.engine.connect() as connection:
        granted = {
            (table, right)
            for table in schema.metadata.tables
            for right in ("UPDATE", "DELETE", "TRUNCATE")
            if connection.exec_driver_sql(may.format(table, right)).scalar_one()
        }
        assert all(connection.exec_driver_sql(may.format(table, "INSERT")).scalar_one() for table in TABLES)
    assert granted == {("waiting", "DELETE")}


@pytest.mark.parametrize("change", CHANGES)
def test_no_row_of_any_table_is_changed_or_removed_by_its_owner(full, synthetic_dsn, change) -> None:
    with psycopg.connect(synthetic_dsn, autocommit=True) as owner:
        for table in TABLES:
            key = next(iter(schema.metadata.tables[table].primary_key)).name
            if "ON CONFLICT" in change and table not in KEYED:
                continue
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
                    "INSERT INTO world (id, world, catalogue, salt, origin, subjects_root) "
                    "VALUES (%s, 'real', '', '', '', '')",
                    (number,),
                )


def test_a_source_cannot_be_added_under_the_same_name(full) -> None:
    definition = source("city.tax", "tax.evasion").model_dump(mode="json")
    again = sa.insert(schema.source).values(id="city.tax", definition=definition)
    with full.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(again)


def test_a_delivery_must_add_up(full, synthetic_dsn) -> None:
    with psycopg.connect(synthetic_dsn) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(
            "INSERT INTO delivery (number, source, file, received, content, rows, accepted, repeated, refused, "
            "records_root, subjects_root, refusals_root) "
            "VALUES (9, 'city.tax', 'f', '2026-10-01', 'c', 3, 1, 0, 0, 'r', 's', 't')"
        )
