"""Who delivers: a note that is forged, of another register, source or file, old or used before, lets nothing in."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.proof.notes import Signer
from goodstanding.register.deliveries.delivering import content_of, deliver, deliveries
from goodstanding.register.deliveries.own import own_deliveries, own_refusals, session_of
from goodstanding.register.deliveries.senders import (
    Note,
    NoteRefusedError,
    check_request,
    end_key,
    enrol_key,
    request_note,
)
from goodstanding.register.store import schema
from tests.register.conftest import PERSON, RECEIVED, row

KEY, OTHER = Signer.generate("city.tax"), Signer.generate("city.tax")


@pytest.fixture
def origin(synthetic):
    enrol_key(synthetic, "city.tax", str(KEY.verifier))
    with synthetic.engine.connect() as connection:
        return connection.execute(sa.select(schema.world.c.origin)).scalar_one()


def note_of(path, origin, **changed):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return replace(Note(origin, "city.tax", content_of(path), now, 1), **changed)


def test_a_source_with_a_key_delivers_with_a_note_and_only_so(synthetic, file, origin) -> None:
    path = file(row(PERSON, "D-1"))
    with pytest.raises(NoteRefusedError, match="none came") as none:
        deliver(synthetic, "city.tax", path, RECEIVED)
    assert none.value.forged
    note = note_of(path, origin).signed(KEY)
    assert deliver(synthetic, "city.tax", path, RECEIVED, note=note).accepted == 1
    assert deliver(synthetic, "city.tax", path, RECEIVED, note=note).earlier
    assert deliver(synthetic, "city.court", file(row(PERSON, "D-1", kind="contract.default")), RECEIVED).accepted == 1


LONG_AGO = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=8)


@pytest.mark.parametrize(
    ("changed", "key", "says", "forged"),
    [
        ({}, OTHER, "not signed by a key of city.tax", True),
        ({"register": "elsewhere"}, KEY, "register: found elsewhere", False),
        ({"source": "city.court"}, KEY, "source: found city.court", False),
        ({"content": "00" * 32}, KEY, "of another file", False),
        ({"at": LONG_AGO}, KEY, "expected one of the last 7 days", False),
        ({"at": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}, KEY, "expected one of the last 7 days", False),
    ],
)
def test_a_note_that_does_not_fit_lets_nothing_in(synthetic, file, origin, changed, key, says, forged) -> None:
    path = file(row(PERSON, "D-1"))
    with pytest.raises(NoteRefusedError, match=says) as refused:
        deliver(synthetic, "city.tax", path, RECEIVED, note=note_of(path, origin, **changed).signed(key))
    assert refused.value.forged is forged
    assert deliveries(synthetic) == []


@pytest.mark.parametrize("spoilt", ["", "no note", "a\n\n— city.tax AAAAAAA=\n", "\ud800"])
def test_what_is_no_note_is_refused(synthetic, file, origin, spoilt) -> None:
    with pytest.raises(NoteRefusedError):
        deliver(synthetic, "city.tax", file(row(PERSON, "D-1")), RECEIVED, note=spoilt)


def test_a_note_changed_after_signing_is_forged(synthetic, file, origin) -> None:
    path = file(row(PERSON, "D-1"))
    note = note_of(path, origin).signed(KEY).replace("\n1\n", "\n2\n")
    with pytest.raises(NoteRefusedError) as refused:
        deliver(synthetic, "city.tax", path, RECEIVED, note=note)
    assert refused.value.forged


def test_a_number_is_used_once(synthetic, file, origin) -> None:
    paths = file(row(PERSON, "D-1")), file(row(PERSON, "D-2"))
    deliver(synthetic, "city.tax", paths[0], RECEIVED, note=note_of(paths[0], origin).signed(KEY))
    with pytest.raises(NoteRefusedError, match="number 1 was used before"):
        deliver(synthetic, "city.tax", paths[1], RECEIVED, note=note_of(paths[1], origin).signed(KEY))
    assert deliver(
        synthetic, "city.tax", paths[1], RECEIVED, note=note_of(paths[1], origin, sequence=2).signed(KEY)
    ).accepted


def test_what_an_ended_key_signs_is_not_taken_in(synthetic, file, origin) -> None:
    enrol_key(synthetic, "city.tax", str(OTHER.verifier))
    end_key(synthetic, "city.tax", KEY.verifier.id.hex(), "stolen")
    path = file(row(PERSON, "D-1"))
    with pytest.raises(NoteRefusedError, match="not signed by a key"):
        deliver(synthetic, "city.tax", path, RECEIVED, note=note_of(path, origin).signed(KEY))
    assert deliver(synthetic, "city.tax", path, RECEIVED, note=note_of(path, origin).signed(OTHER)).accepted == 1
    with pytest.raises(InputError, match="has no key"):
        end_key(synthetic, "city.tax", KEY.verifier.id.hex(), "again")
    with pytest.raises(InputError, match="was enrolled before"):
        enrol_key(synthetic, "city.tax", str(KEY.verifier))


def test_a_question_is_signed_for_one_path_and_a_few_minutes(synthetic, origin) -> None:
    now = dt.datetime.now(dt.UTC)

    def asked(path="/a", at=now, key=KEY):
        check_request(synthetic, "city.tax", "GET", path, request_note(origin, "city.tax", "GET", "/a", at, key))

    asked()
    for wrong in ({"path": "/b"}, {"at": now - dt.timedelta(minutes=6)}, {"key": OTHER}):
        with pytest.raises(NoteRefusedError):
            asked(**wrong)


def test_the_session_of_a_source_sees_only_its_own(synthetic, file) -> None:
    deliver(synthetic, "city.tax", file(row(PERSON, "D-1", size="colossal"), row(PERSON, "D-2")), RECEIVED)
    deliver(synthetic, "city.court", file(row(PERSON, "D-1", kind="contract.default")), RECEIVED)
    assert [one.number for one in own_deliveries(synthetic, "city.tax")] == [1]
    assert [one.field for one in own_refusals(synthetic, "city.tax", 1)] == ["size"]
    assert own_refusals(synthetic, "city.court", 1) == []
    with session_of(synthetic, "city.court") as connection:
        seen = connection.exec_driver_sql("SELECT document, source FROM own_record").all()
    assert [tuple(one) for one in seen] == [("D-1", "city.court")]
    for table in ("record", "delivery", "refusal", "subject"):
        with (
            session_of(synthetic, "city.court") as connection,
            pytest.raises(sa.exc.ProgrammingError, match="permission"),
        ):
            connection.exec_driver_sql(f"SELECT * FROM {table}")
