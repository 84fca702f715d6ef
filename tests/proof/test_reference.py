"""The values that docs/reference/proof.md gives to other implementations."""

import json
import re
from pathlib import Path

from goodstanding.proof import commitments, dossiermap, merkle
from goodstanding.proof.dossiermap import Entry

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "proof.md"


def test_the_values_to_test_with_are_those_that_come_out():
    table = PAGE.read_text(encoding="utf-8").split("## Values to test with")[1]
    given = re.findall(r"\| `(.+)` \|$", table, re.MULTILINE)
    salt = bytes.fromhex(re.search("`([0-9a-f]{32})`", table)[1])
    event = json.loads(given[0])
    assert commitments.canonical(event).decode() == given[0]
    committed = commitments.commitment(salt, given[0].encode())
    digest = commitments.record_digest({"subject": "nl.kvk:68750110", "kind": "food.inspection", "hygiene": "5"})
    record = commitments.commitment(salt, digest)
    first, second = dossiermap.heads([record, committed])
    one, two = (dossiermap.key(salt, identifier) for identifier in ("nl.kvk:68750110", "nl.kvk:90001354"))
    alone = {one: Entry(1, first)}
    values = [committed, merkle.leaf_hash(committed), digest, record, first, second, one, two]
    values += [dossiermap.root(alone), dossiermap.root(alone | {two: Entry(2, second)})]
    assert [value.hex() for value in values] == given[1:]
