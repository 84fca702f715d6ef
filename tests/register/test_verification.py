"""Verification: whoever changes, adds or removes a row behind the register's back is found, row and table."""

import polars as pl
import pytest
import sqlalchemy as sa

from goodstanding.facts.world import World
from goodstanding.register import schema
from goodstanding.register.deliveries import deliver
from goodstanding.register.founding import found
from goodstanding.register.policies import load_policy
from goodstanding.register.verification import verify
from tests.register.conftest import FIRM, MANIFEST, PEOPLE, PERSON, RECEIVED, SOURCES, fresh, inspection, row, tampering


@pytest.fixture(scope="module")
def filled(postgres_folder, tmp_path_factory, wendeng):
    """A register with two deliveries, a policy and a run, which every test gets back as it was."""
    folder = tmp_path_factory.mktemp("filled")
    rows = [row(PERSON, f"D-{n}", kind="civic.donation", amount=str(n)) for n in range(30)]
    with fresh(postgres_folder) as dsn:
        register = found(dsn, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
        for source, part in (("city.tax", [*rows, row(FIRM, "D-X", size="no")]), ("city.court", [LAST])):
            pl.DataFrame(part, schema_overrides={"born": pl.Date}, infer_schema_length=None).write_csv(folder / source)
            deliver(register, source, folder / source, RECEIVED)
        load_policy(register, wendeng)
        _run(register, wendeng.hash)
        yield register
        register.engine.dispose()


LAST = row(FIRM, "D-1", kind="contract.default")


def _run(register, digest):
    """A run as it would be kept, without the engine."""
    values = {"policy": "cn-wendeng", "hash": digest, "on": RECEIVED, "subjects": 2, "outcomes": {"graded": 2}}
    with register.engine.begin() as connection:
        connection.execute(sa.insert(schema.run).values(**values))
        rows = [{"run": 1, "subject_id": n, "outcome": "graded", "grade": "A"} for n in (1, 2)]
        connection.execute(sa.insert(schema.standing), rows)


@pytest.fixture
def tamper(postgres_folder, filled):
    """Change the register behind its back; afterwards everything is as it was."""
    with tampering(postgres_folder, filled) as changing:
        for table in schema.metadata.tables:
            changing.execute(f"CREATE TABLE saved_{table} AS TABLE {table}")
        changing.commit()
        yield lambda statement: _changed(changing, statement)
        for table in schema.metadata.tables:
            changing.execute(f"DELETE FROM {table}")
            changing.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE saved_{table}")
            changing.execute(f"DROP TABLE saved_{table}")


def _changed(connection, statement):
    assert connection.execute(statement).rowcount, statement
    connection.commit()


def test_a_register_that_nobody_changed_is_as_it_was(filled) -> None:
    assert verify(filled) == []


@pytest.mark.parametrize(
    "change",
    [
        "act = '2026-03-02'",
        "kind = 'tax.evasion'",
        "document = 'D-0?'",
        "authority = 'another'",
        "final = '2026-09-01'",
        """attributes = '{"amount": 1}'""",
        """attributes = '{}'""",
        """attributes = '{"amount": 2000, "mood": 1}'""",
        """attributes = '{"amount": "many"}'""",
        "digest = sha256('')",
        "source = 'city.court'",
    ],
)
def test_a_changed_record_is_found_by_its_delivery_and_row(filled, tamper, change) -> None:
    tamper(f"UPDATE record SET {change} WHERE document = 'D-20'")
    problems = verify(filled)
    assert any("record" in problem and "delivery 1" in problem for problem in problems)
    assert any("row 21:" in problem for problem in problems) or "cannot be read" in str(problems)
    assert not any("delivery 2" in problem for problem in problems)


def test_a_record_moved_to_another_subject_is_found(filled, tamper) -> None:
    tamper("UPDATE record SET subject_id = 2 WHERE document = 'D-20'")
    assert verify(filled) == ["record delivery 1 row 21: is not what was accepted"]


def test_a_record_changed_together_with_its_digest_is_found(filled, tamper) -> None:
    tamper("UPDATE record SET digest = sha256('forged') WHERE document = 'D-20'")
    assert any(problem.startswith("delivery 1:") for problem in verify(filled))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("DELETE FROM record WHERE document = 'D-20'", "delivery 1: accepted 30 rows, but 29 are there"),
        (
            "INSERT INTO record SELECT delivery, 99, subject_id, source, kind, act, decided, final, occurrence, "
            "'D-new', authority, basis, attributes, digest FROM record WHERE document = 'D-20'",
            "delivery 1: accepted 30 rows, but 31 are there",
        ),
        ("DELETE FROM refusal", "delivery 1: refused 1 rows, but 0 are there"),
        ("UPDATE refusal SET found = 'yes'", "delivery 1: its row, or"),
        ("UPDATE record SET row = 98 WHERE document = 'D-20'", "delivery 1: its row, or"),
        (
            "UPDATE record SET delivery = 9 WHERE document = 'D-20'",
            "record: has rows of delivery 9, which is not there",
        ),
        ("UPDATE delivery SET received = '2026-10-02' WHERE number = 2", "delivery 2: its row, or"),
        ("UPDATE delivery SET known_on = known_on - interval '1 day' WHERE number = 1", "delivery 1: its row, or"),
        ("UPDATE delivery SET root = 'x' WHERE number = 1", "delivery 1: its row, or"),
        ("DELETE FROM delivery WHERE number = 1", "delivery 1: is missing; found 2 in its place"),
        ("UPDATE subject SET name = 'another' WHERE id = 3", "world row 1:"),
        ("DELETE FROM subject WHERE id = 3", "world row 1:"),
        ("UPDATE subject SET delivery = 1 WHERE id = 3", "world row 1:"),
        ("UPDATE source SET definition = '{}' WHERE id = 'city.tax'", "world row 1:"),
        ("UPDATE world SET salt = 'x'", "world row 1:"),
        (
            'UPDATE policy SET contents = contents || \'{"items-persons.yaml": "[]"}\'',
            "policy 1: the files of cn-wendeng 1",
        ),
        ("UPDATE policy SET contents = '{}'", "policy 1: the files of cn-wendeng 1 can no longer be read"),
        ("DELETE FROM standing WHERE subject_id = 2", "run 1: has {'graded': 1}, but {'graded': 2} of 2 were made"),
        ("UPDATE standing SET run = 2", "standing: has rows of run 2, which is not there"),
        ("UPDATE standing SET subject_id = 99 WHERE subject_id = 2", "standing: has rows of subject 99, which"),
        ("UPDATE policy SET hash = 'x'", "policy 1: the files of cn-wendeng 1 are not those that were loaded"),
    ],
)
def test_what_was_changed_removed_or_added_is_named(filled, tamper, change, problem) -> None:
    tamper(change)
    assert any(found.startswith(problem) for found in verify(filled)), verify(filled)


def test_a_subject_of_the_real_world_belongs_to_the_delivery_that_brought_it(real, postgres_folder, file) -> None:
    for number, name in (("01234567", "Tea Ltd"), ("01234568", "Pot Ltd")):
        deliver(real, "gb.fsa", file(inspection(f"gb.company:{number}", number, name=name)), RECEIVED)
    assert verify(real) == []
    with tampering(postgres_folder, real) as changing:
        changing.execute("UPDATE subject SET name = 'Another Ltd' WHERE id = 2")
    assert [problem[:11] for problem in verify(real)] == ["delivery 2:"]


def test_many_changed_rows_are_named_in_part_and_counted(filled, tamper) -> None:
    tamper("UPDATE record SET act = '2026-01-01' WHERE delivery = 1")
    problems = verify(filled)
    assert len(problems) == 21
    assert problems[-1] == "record delivery 1: 10 more rows are not what was accepted"
