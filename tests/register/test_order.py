"""However deliveries are cut, repeated, delayed or mixed up, the register comes to know the same."""

import datetime as dt

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.world import World
from goodstanding.register.deliveries.delivering import deliver, deliveries
from goodstanding.register.founding import found
from goodstanding.register.ledger.dossiers import dossier, standing
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.proving.verification import verify
from tests.register.conftest import MANIFEST, PEOPLE, SOURCES, UNTIL, current_state, fresh, row

WHO = PEOPLE.row(0, named=True), PEOPLE.row(1, named=True), PEOPLE.row(15, named=True)
KINDS = {"city.tax": ("tax.arrears", "tax.evasion"), "city.court": ("court.defaulter", "contract.default")}
FACTS = [
    (source, row(WHO[n % 3], f"D-{n}", kind=KINDS[source][n % 2], act=f"2026-0{n % 9 + 1}-01"))
    for source in KINDS
    for n in range(6)
]
FACTS += [
    ("city.tax", row(WHO[0], "D-0", kind="tax.arrears", act="2026-02-01", version="2")),
    ("city.tax", row(WHO[1], "D-0", kind="tax.arrears", act="2026-02-01", version="3")),  # it was somebody else
    ("city.tax", row(WHO[2], "D-2", kind="tax.arrears", act="2026-04-01", version="2", state="withdrawn")),
    ("city.tax", row(WHO[2], "D-3", kind="tax.evasion", act="2026-05-01", version="2", state="withdrawn")),
    ("city.tax", row(WHO[0], "D-3", kind="tax.evasion", act="2026-05-01", version="4")),
    ("city.court", row(WHO[1], "D-1", kind="contract.default", version="7")),
]
CURRENT = 11
"""Facts that stand in the end: one for each document but that which was withdrawn."""
PIECES = st.lists(st.lists(st.integers(0, len(FACTS) - 1), min_size=1, max_size=8), min_size=1, max_size=3)


def cut(pieces):
    """Deliveries with the facts of each piece, and at the end one with every fact: nothing is missing."""
    for piece in [*pieces, list(range(len(FACTS)))]:
        for source in KINDS:
            rows = [fact for from_, fact in (FACTS[n] for n in piece) if from_ == source]
            if rows:
                yield source, rows


@given(PIECES, PIECES)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_facts_in_any_order_come_to_the_same(
    postgres_folder, tmp_path_factory, wendeng, first, second
) -> None:
    ends = []
    for pieces in (first, second):
        ends.append(_state_after(postgres_folder, tmp_path_factory.mktemp("order"), wendeng, list(cut(pieces))))
    assert ends[0] == ends[1]
    assert len(ends[0][0]) == CURRENT


def _state_after(server, folder, policy, parts):
    with fresh(server) as dsn:
        register = found(dsn, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
        try:
            return _delivered(register, folder, policy, parts)
        finally:
            register.engine.dispose()


def _delivered(register, folder, policy, parts):
    load_policy(register, policy)
    for number, (source, rows) in enumerate(parts):
        path = folder / f"{number}.csv"
        pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
        done = deliver(register, source, path, dt.date(2026, 10, 1) + dt.timedelta(days=number))
        assert done.refused == 0
    assert sum(one.accepted for one in deliveries(register)) == len(FACTS)
    assert verify(register) == []
    dossiers = [dossier(register, by_identifier(register, who["subject"])) for who in WHO]
    told = [standing(register, one, "cn-wendeng", UNTIL) for one in dossiers]
    return current_state(register), [(one.outcome, one.score, one.grade, one.receipt.records) for one in told]
