"""Deliveries that do not keep their source's contract: held whole, once, and released or rejected by a person."""

import datetime as dt
import signal
import subprocess
import sys
from dataclasses import replace

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodstanding.facts.contracts import Contract
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.proof.notes import Signer
from goodstanding.register.deliveries import holding
from goodstanding.register.deliveries.deciding import reject, release
from goodstanding.register.deliveries.delivering import content_of, deliver, deliveries
from goodstanding.register.deliveries.holding import HeldBackError, held
from goodstanding.register.deliveries.own import own_held, session_of
from goodstanding.register.deliveries.senders import Note, NoteRefusedError, end_key, enrol_key
from goodstanding.register.founding import found
from goodstanding.register.ledger.sources import change_contract, source_of
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from tests.register.conftest import (
    MANIFEST,
    PEOPLE,
    PERSON,
    RECEIVED,
    SOURCES,
    current_state,
    fresh,
    inspection,
    row,
    state,
)

LATER = dt.date(2026, 10, 5)
FEW = Contract.model_validate({"rows": {"most": 2}})


def under(register, contract, source="city.tax"):
    change_contract(register, source, contract if isinstance(contract, Contract) else Contract.model_validate(contract))


def refused_of(register, source, path, received=RECEIVED, **rest):
    with pytest.raises(HeldBackError) as error:
        deliver(register, source, path, received, **rest)
    return error.value.held


def three(prefix="D"):
    return [row(PERSON, f"{prefix}-{n}") for n in range(3)]


def count(register, table):
    with register.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(schema.metadata.tables[table])).scalar_one()


def test_a_delivery_that_breaks_its_contract_is_held_and_nothing_of_it_is_applied(synthetic, file) -> None:
    under(synthetic, FEW)
    path = file(*three())
    first = refused_of(synthetic, "city.tax", path)
    assert (first.number, first.source, first.file, first.received, first.rows) == (
        1,
        "city.tax",
        path.name,
        RECEIVED,
        3,
    )
    assert [(one.measure, one.found, one.expected) for one in first.breaches] == [("rows", "3", "at most 2")]
    assert refused_of(synthetic, "city.tax", path, LATER) == first
    assert held(synthetic) == [first]
    assert (deliveries(synthetic), state(synthetic), count(synthetic, "outbox")) == ([], [], 1)
    assert verify(synthetic) == []


def test_released_it_is_what_it_would_have_been_and_its_content_is_let_go(synthetic, file) -> None:
    under(synthetic, FEW)
    path = file(*three(), row(PERSON, "D-bad", size="colossal"))
    refused_of(synthetic, "city.tax", path)
    after = deliver(synthetic, "city.tax", file(row(PERSON, "D-9")), LATER)
    assert after.number == 1
    done = release(synthetic, 1, "A. Jansen", "a yearly file")
    assert (done.number, done.accepted, done.refused, done.file, done.earlier) == (2, 3, 1, path.name, False)
    assert done.refusals["field"].to_list() == ["size"]
    assert deliveries(synthetic)[0].received == RECEIVED
    assert count(synthetic, "held_part") == 0
    (kept,) = held(synthetic)
    assert (kept.decision, kept.reason, kept.delivery) == ("released", "a yearly file", 2)
    for again in (release(synthetic, 1, "B. Smit", "once more"), deliver(synthetic, "city.tax", path, LATER)):
        assert (again.number, again.earlier) == (2, True)
    with pytest.raises(InputError, match="was released on 2026-10-31, as delivery 2"):
        reject(synthetic, 1, "B. Smit", "no")
    assert verify(synthetic) == []


def test_rejected_it_ends_and_sent_again_the_reason_is_told(synthetic, file) -> None:
    under(synthetic, FEW)
    path = file(*three())
    refused_of(synthetic, "city.tax", path)
    ended = reject(synthetic, 1, "A. Jansen", "the file of another city")
    assert ended.decision == "rejected"
    assert reject(synthetic, 1, "A. Jansen", "the same once more").reason == "the file of another city"
    assert count(synthetic, "held_part") == 0
    for again in (
        lambda: deliver(synthetic, "city.tax", path, LATER),
        lambda: release(synthetic, 1, "A. Jansen", "a mistake"),
    ):
        with pytest.raises(InputError, match="rejected on 2026-10-31: the file of another city"):
            again()
    assert (deliveries(synthetic), state(synthetic)) == ([], [])
    assert verify(synthetic) == []


@pytest.mark.parametrize("decide", [release, reject])
def test_who_decides_and_why_must_be_said_about_something_that_is_held(synthetic, file, decide) -> None:
    with pytest.raises(InputError, match="held 1: there is none"):
        decide(synthetic, 1, "A. Jansen", "why")
    under(synthetic, FEW)
    refused_of(synthetic, "city.tax", file(*three()))
    for by, reason, says in ((" ", "why", "by: found nothing"), ("A. Jansen", "", "reason: found nothing")):
        with pytest.raises(InputError, match=says):
            decide(synthetic, 1, by, reason)
    assert held(synthetic)[0].decision is None


def test_a_contract_is_in_force_for_what_comes_after_it(synthetic, file) -> None:
    assert source_of(synthetic, "city.tax").contract is None
    deliver(synthetic, "city.tax", file(*three()), RECEIVED)
    under(synthetic, FEW)
    under(synthetic, FEW)
    assert count(synthetic, "contract") == 1
    assert source_of(synthetic, "city.tax").contract == FEW
    refused_of(synthetic, "city.tax", file(*three("E")))
    deliver(
        synthetic, "city.court", file(*(one | {"kind": "contract.default", "size": None} for one in three())), LATER
    )
    under(synthetic, {})
    deliver(synthetic, "city.tax", file(*three("F")), RECEIVED)
    assert held(synthetic)[0].decision is None
    with pytest.raises(InputError, match="no such source"):
        under(synthetic, FEW, "city.moon")


def test_the_number_of_rows_is_compared_with_the_last_delivery_that_had_any(synthetic, file, tmp_path) -> None:
    under(synthetic, {"change": "0.5"})
    deliver(synthetic, "city.tax", file(row(PERSON, "A-1"), row(PERSON, "A-2")), RECEIVED)
    deliver(synthetic, "city.tax", file(*three()), RECEIVED)
    (tmp_path / "empty.csv").write_text("subject,kind,act,document,authority,basis\n")
    assert refused_of(synthetic, "city.tax", tmp_path / "empty.csv").rows == 0
    release(synthetic, 1, "A. Jansen", "nothing happened")
    (breach,) = refused_of(synthetic, "city.tax", file(row(PERSON, "E-1"))).breaches
    assert (breach.measure, breach.found) == ("change", "1 rows")
    assert breach.expected == "a change of at most 0.5 against the last delivery, of 3"


def test_rows_that_only_linking_refuses_count_as_refused_and_leave_nothing(real, synthetic, file) -> None:
    under(synthetic, {"refused": "0.5"})
    rows = [row(PERSON, f"D-{n}") | {"name": "Somebody Else"} for n in range(2)] + [row(PERSON, "D-2")]
    (breach,) = refused_of(synthetic, "city.tax", file(*rows)).breaches
    assert (breach.measure, breach.found, breach.expected) == ("refused", "2 of 3 rows", "at most 0.5 of them")
    assert (state(synthetic), deliveries(synthetic), count(synthetic, "refusal")) == ([], [], 0)
    done = release(synthetic, 1, "A. Jansen", "they changed their names")
    assert (done.accepted, done.refused) == (1, 2)
    under(real, {"refused": "0.5"}, "gb.fsa")
    before = count(real, "subject")
    person = (
        inspection("gb.company:01234567", "D-2", name="Tea Ltd"),
        inspection("gb.company:01234567", "D-3", name="No"),
    )
    refused_of(real, "gb.fsa", file(*person, inspection("1-1", "D-1", act="2026-13-01")))
    assert count(real, "subject") == before
    assert verify(synthetic) == verify(real) == []


def test_what_is_kept_is_only_what_came(synthetic, file, tamper) -> None:
    under(synthetic, FEW)
    refused_of(synthetic, "city.tax", file(*three()))
    tamper(synthetic, "UPDATE held_part SET content = content || 'x'")
    with pytest.raises(InputError, match="held 1: what is stored is not what came"):
        release(synthetic, 1, "A. Jansen", "why not")
    assert (held(synthetic)[0].decision, deliveries(synthetic)) == (None, [])


def test_a_long_file_is_kept_in_parts_and_comes_back_whole(synthetic, file, monkeypatch) -> None:
    monkeypatch.setattr(holding, "PART", 100)
    under(synthetic, FEW)
    path = file(*three())
    refused_of(synthetic, "city.tax", path)
    assert count(synthetic, "held_part") == -(-path.stat().st_size // 100)
    with synthetic.engine.connect() as connection:
        assert b"".join(holding.content(connection, 1)) == path.read_bytes()
    assert release(synthetic, 1, "A. Jansen", "why not").accepted == 3


def test_a_file_that_changes_while_it_is_held_is_not_held(synthetic, file, monkeypatch) -> None:
    under(synthetic, FEW)
    path = file(*three())
    monkeypatch.setattr("goodstanding.register.deliveries.delivering.content_of", lambda _: "00" * 32)
    with pytest.raises(InputError, match="was changed while it was read"):
        deliver(synthetic, "city.tax", path, RECEIVED)
    assert held(synthetic) == []


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_it_is_released_in_the_format_in_which_it_came(synthetic, tmp_path, suffix) -> None:
    under(synthetic, FEW)
    path = tmp_path / f"file{suffix}"
    table = pl.DataFrame(three(), infer_schema_length=None)
    table.write_parquet(path) if suffix == ".parquet" else table.write_ndjson(path)
    refused_of(synthetic, "city.tax", path, file="as it was called")
    assert release(synthetic, 1, "A. Jansen", "why not").accepted == 3


# --- notes


KEY = Signer.generate("city.tax")


@pytest.fixture
def signed(synthetic):
    enrol_key(synthetic, "city.tax", str(KEY.verifier))
    under(synthetic, FEW)
    with synthetic.engine.connect() as connection:
        origin = connection.execute(sa.select(schema.world.c.origin)).scalar_one()

    def note(path, **changed):
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        return replace(Note(origin, "city.tax", content_of(path), now, 1), **changed).signed(KEY)

    return note


def test_a_note_is_judged_when_it_comes_and_holds_at_release(synthetic, file, signed) -> None:
    path, other = file(*three()), file(row(PERSON, "E-1"))
    note = signed(path)
    with pytest.raises(NoteRefusedError, match="none came"):
        deliver(synthetic, "city.tax", path, RECEIVED)
    with pytest.raises(NoteRefusedError, match="expected one of the last 7 days"):
        deliver(
            synthetic,
            "city.tax",
            path,
            RECEIVED,
            note=signed(path, at=dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=8)),
        )
    assert held(synthetic) == []
    refused_of(synthetic, "city.tax", path, note=note)
    with pytest.raises(NoteRefusedError, match="number 1 was used before"):
        deliver(synthetic, "city.tax", other, RECEIVED, note=signed(other))
    end_key(synthetic, "city.tax", KEY.verifier.id.hex(), "replaced")
    enrol_key(synthetic, "city.tax", str(Signer.generate("city.tax").verifier))
    assert release(synthetic, 1, "A. Jansen", "why not").accepted == 3
    with synthetic.engine.connect() as connection:
        kept = connection.execute(sa.select(schema.delivery_note)).one()
    assert (kept.delivery, kept.sequence, kept.note) == (1, 1, note)
    assert verify(synthetic) == []


def test_the_age_of_a_note_that_came_in_time_does_not_matter_at_release(synthetic, file, signed, monkeypatch) -> None:
    path = file(*three())
    refused_of(synthetic, "city.tax", path, note=signed(path))
    monkeypatch.setattr("goodstanding.register.deliveries.senders.DAYS", -1)
    assert release(synthetic, 1, "A. Jansen", "why not").accepted == 3


# --- who may see and remove it


def test_a_source_sees_what_is_held_of_it_and_not_its_content_nor_what_is_of_others(synthetic, file) -> None:
    under(synthetic, FEW)
    refused_of(synthetic, "city.tax", file(*three()))
    assert own_held(synthetic, "city.tax") == held(synthetic)
    assert own_held(synthetic, "city.court") == []
    for table in ("held", "held_part", "held_decision", "contract"):
        with (
            session_of(synthetic, "city.tax") as connection,
            pytest.raises(sa.exc.ProgrammingError, match="permission"),
        ):
            connection.exec_driver_sql(f"SELECT * FROM {table}")


def test_what_is_not_decided_is_not_let_go(synthetic, file, synthetic_dsn) -> None:
    under(synthetic, FEW)
    refused_of(synthetic, "city.tax", file(*three()))
    with synthetic.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never changed or removed"):
        connection.execute(sa.select(sa.func.let_go(1)))
    with psycopg.connect(synthetic_dsn) as owner, pytest.raises(psycopg.errors.RaiseException):
        owner.execute("DELETE FROM held_part")
    assert count(synthetic, "held_part") == 1


# --- faults


_KILLED = """
import datetime, os, pathlib, signal, sys
from goodstanding.register.deliveries import deciding, delivering, holding
from goodstanding.register.log import effects
from goodstanding.register.store.database import open_register
dsn, path, what, point = sys.argv[1:]
module, name = point.split(".")
setattr(globals()[module], name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
if what == "deliver":
    delivering.deliver(open_register(dsn), "city.tax", pathlib.Path(path), datetime.date(2026, 10, 1))
else:
    deciding.release(open_register(dsn), 1, "A. Jansen", "why not")
"""


def killed(dsn, path, what, point):
    """Do something in a process that is killed when it is about to call a function."""
    done = subprocess.run([sys.executable, "-c", _KILLED, dsn, path, what, point], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kept", [True, False])
def test_killed_around_holding_it_is_held_once(synthetic, synthetic_dsn, file, kept) -> None:
    under(synthetic, FEW)
    path = file(*three())
    killed(synthetic_dsn, path, "deliver", "delivering.HeldBackError" if kept else "effects.put")
    assert len(held(synthetic)) == kept
    assert refused_of(synthetic, "city.tax", path).number == 1
    assert (len(held(synthetic)), count(synthetic, "held_part"), count(synthetic, "outbox")) == (1, 1, 1)
    assert verify(synthetic) == []


@pytest.mark.parametrize("point", ["delivering.apply", "holding.decide", "delivering._delivered"])
def test_killed_amid_a_release_it_is_held_still_and_released_once(synthetic, synthetic_dsn, file, point) -> None:
    under(synthetic, FEW)
    path = file(*three())
    refused_of(synthetic, "city.tax", path)
    killed(synthetic_dsn, path, "release", point)
    assert (held(synthetic)[0].decision, state(synthetic), count(synthetic, "held_part")) == (None, [], 1)
    assert verify(synthetic) == []
    assert release(synthetic, 1, "A. Jansen", "why not").accepted == 3
    assert verify(synthetic) == []


# --- order


FACTS = [row(PEOPLE.row(n % 3, named=True), f"D-{n}", act=f"2026-0{n % 9 + 1}-01") for n in range(5)]
FACTS += [FACTS[0] | {"version": "2", "size": "huge"}, FACTS[1] | {"version": "3", "state": "withdrawn"}]
FACTS += [FACTS[2] | {"version": "2"}, FACTS[2] | {"version": "5", "size": "huge"}]
PIECES = st.lists(st.lists(st.sampled_from(range(len(FACTS))), min_size=1, max_size=6), min_size=1, max_size=4)


@given(PIECES, st.data())
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_held_and_released_in_any_order_the_ledger_is_that_of_orderly_deliveries(
    postgres_folder, tmp_path_factory, pieces, data
) -> None:
    folder, ends = tmp_path_factory.mktemp("order"), []
    pieces = [*pieces, [*range(len(FACTS))]]
    for contract in (Contract(), FEW):
        with fresh(postgres_folder) as dsn:
            register = found(dsn, World.SYNTHETIC, SOURCES, MANIFEST, PEOPLE)
            try:
                under(register, contract)
                _taken_in(register, folder, pieces, data)
                assert sum(one.refused for one in deliveries(register)) == 0
                assert verify(register) == []
                ends.append((current_state(register), state(register)))
            finally:
                register.engine.dispose()
    assert ends[0] == ends[1]


def _taken_in(register, folder, pieces, data):
    """Deliver pieces, release some of what is held after each, in any order, and all of it at the end."""
    for number, piece in enumerate(pieces):
        path = folder / f"{number}.csv"
        texts = [{name: None if cell is None else str(cell) for name, cell in FACTS[n].items()} for n in piece]
        pl.DataFrame(texts, infer_schema_length=None).write_csv(path)
        try:
            deliver(register, "city.tax", path, RECEIVED)
        except HeldBackError:
            assert len(piece) > 2
        waiting = [one.number for one in held(register) if one.decision is None]
        some = data.draw(st.permutations(waiting)) if waiting else []
        for one in some if number == len(pieces) - 1 else some[::2]:
            release(register, one, "A. Jansen", "why not")
    assert len(deliveries(register)) == len({tuple(piece) for piece in pieces})
