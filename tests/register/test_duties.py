"""The page of duties claims nothing that is not there."""

import ast
import datetime as dt
import re
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa

from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.store import schema
from goodstanding.register.store.database import turn
from tests.register.conftest import PERSON, RECEIVED, row

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "duties.md"
DUTIES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| R")
]


def test_all_duties_of_the_charter_are_there_once():
    assert [duty[0] for duty in DUTIES] == [f"R{number:02}" for number in range(1, 23)]


@pytest.mark.parametrize(("identifier", "says", "state", "code", "table", "test"), DUTIES, ids=lambda cell: cell[:3])
def test_a_duty_that_is_claimed_has_code_a_table_and_a_test(identifier, says, state, code, table, test):
    assert says
    if state == "not yet":
        assert (code, table, test) == ("", "", "")
        return
    assert state in ("done", "in part")
    module, symbol = code.strip("`").split(":")
    assert hasattr(import_module(module), symbol), code
    assert not table or table.strip("`") in schema.metadata.tables, table
    path, name = test.strip("`").split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


def test_every_cell_of_the_page_is_read():
    assert len(re.findall(r"^\| R\d\d ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == len(DUTIES)


def test_an_erased_document_is_not_taken_in_again(synthetic, file):
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED)
    with turn(synthetic.engine) as connection:
        erase(
            connection,
            [(one, "Act, s. 1", dt.date(2026, 4, 1)) for one in connection.execute(sa.select(schema.record))],
        )
    again = deliver(synthetic, "city.tax", file(row(PERSON, "D-1"), row(PERSON, "D-2")), RECEIVED)
    assert again.accepted == 1
    with synthetic.engine.connect() as connection:
        held = sa.select(schema.record.c.document).where(schema.record.c.kind.is_not(None))
        assert connection.execute(held).scalars().all() == ["D-2"]
