"""Who looked: written down before the look, shown to the subject, the register's own runs included."""

import datetime as dt

import pytest
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.ledger.access import accesses, log_access
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.store import schema
from tests.register.conftest import FIRM, PERSON, RECEIVED


def test_every_look_is_shown_with_the_latest_first(synthetic) -> None:
    person, firm = (by_identifier(synthetic, one["subject"]) for one in (PERSON, FIRM))
    log_access(synthetic, person, "jansen", "clerk", "licence 12", "dossier")
    log_access(synthetic, person, "subject", "subject", "own file", "standing")
    log_access(synthetic, firm, "jansen", "clerk", "licence 13", "dossier")
    seen = [(one.who, one.role, one.purpose, one.what) for one in accesses(synthetic, person)]
    assert seen == [("subject", "subject", "own file", "standing"), ("jansen", "clerk", "licence 12", "dossier")]
    assert abs(accesses(synthetic, person)[0].at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


def test_a_run_is_a_look_at_everybody_in_it_and_at_nobody_else(synthetic, wendeng) -> None:
    load_policy(synthetic, wendeng)
    person, firm = (by_identifier(synthetic, one["subject"]) for one in (PERSON, FIRM))
    with synthetic.engine.begin() as connection:
        values = {
            "policy": "cn-wendeng",
            "hash": wendeng.hash,
            "on": RECEIVED,
            "subjects": 1,
            "outcomes": {"graded": 1},
            "standings_digest": bytes(32),
        }
        connection.execute(sa.insert(schema.run).values(**values))
        connection.execute(sa.insert(schema.standing).values(run=1, subject_id=person.id, outcome="graded"))
    seen = [(one.who, one.role, one.purpose, one.what) for one in accesses(synthetic, person)]
    assert seen == [("register", "scoring", "cn-wendeng", "scored on 2026-10-01")]
    assert accesses(synthetic, firm) == []


@pytest.mark.parametrize("absent", ["who", "role", "purpose"])
def test_nobody_looks_without_saying_who_in_which_role_and_why(synthetic, absent) -> None:
    person = by_identifier(synthetic, PERSON["subject"])
    said = {"who": "jansen", "role": "clerk", "purpose": "licence 12"} | {absent: "  "}
    with pytest.raises(InputError, match=f"{absent}: found nothing"):
        log_access(synthetic, person, **said, what="dossier")
    assert accesses(synthetic, person) == []
