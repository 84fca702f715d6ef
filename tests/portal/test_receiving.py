"""Deliveries over HTTP: signed, whatever the format, answered once and again, and told to nobody else."""

import base64
import datetime as dt
import hashlib
import json

import polars as pl
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from goodstanding.facts.contracts import Contract
from goodstanding.portal import receiving
from goodstanding.portal.app import create_app
from goodstanding.proof.notes import Signer
from goodstanding.register.deliveries.deciding import reject
from goodstanding.register.deliveries.senders import Note, enrol_key, request_note
from goodstanding.register.ledger.sources import change_contract
from goodstanding.register.operation.metrics import Figures
from goodstanding.register.store import schema
from tests.register.conftest import PERSON, emptied, real, real_dsn, row, synthetic, synthetic_dsn  # noqa: F401

KEY, OTHER = Signer.generate("city.tax"), Signer.generate("city.court")
PATH = "/api/sources/city.tax/deliveries"


@pytest.fixture
def origin(synthetic):  # noqa: F811
    enrol_key(synthetic, "city.tax", str(KEY.verifier))
    enrol_key(synthetic, "city.court", str(OTHER.verifier))
    with synthetic.engine.connect() as connection:
        return connection.execute(sa.select(schema.world.c.origin)).scalar_one()


@pytest.fixture
def http(synthetic, origin):  # noqa: F811
    with TestClient(create_app(synthetic, b"x" * 16, secure=False)) as client:
        yield client


def written(kind, tmp_path):
    table = pl.DataFrame([row(PERSON, "D-1"), row(PERSON, "D-2", size="colossal")], infer_schema_length=None)
    if kind == "application/vnd.apache.parquet":
        table.write_parquet(tmp_path / "a")
    elif kind == "text/csv":
        table.write_csv(tmp_path / "a")
    else:
        table.write_ndjson(tmp_path / "a")
    return (tmp_path / "a").read_bytes()


def header(note):
    return {"delivery-note": base64.b64encode(note.encode()).decode()}


def sent(http, origin, body, kind="text/csv", key=KEY, **changed):
    content = hashlib.sha256(body).hexdigest()
    said = {"register": origin, "source": "city.tax", "content": content, "at": dt.datetime.now(dt.UTC), "sequence": 1}
    note = Note(**said | changed).signed(key)
    return http.post(PATH, content=body, headers=header(note) | {"content-type": kind})


@pytest.mark.parametrize("kind", receiving.FORMATS)
def test_a_delivery_is_applied_once_and_answered_the_same_again(http, origin, tmp_path, kind) -> None:
    body = written(kind, tmp_path)
    answers = [sent(http, origin, body, kind) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200], answers[0].text
    first, again = (answer.json() for answer in answers)
    assert (first["rows"], first["accepted"], first["refused"]) == (2, 1, 1)
    assert [one["field"] for one in first["refusals"]] == ["size"]
    assert again == first | {"earlier": True}


def test_what_is_not_shown_to_be_from_the_source_is_refused(http, origin, tmp_path) -> None:
    body = written("text/csv", tmp_path)
    assert sent(http, origin, body, key=OTHER).status_code == 401
    assert sent(http, "elsewhere", body).status_code == 403
    assert sent(http, origin, body, source="city.court").status_code == 403
    assert sent(http, origin, body, content="00" * 32).status_code == 403
    assert sent(http, origin, body, at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).status_code == 403
    bare = http.post(PATH, content=body, headers={"content-type": "text/csv"})
    assert bare.status_code == 401
    assert bare.headers["content-type"] == "application/problem+json"
    assert http.post(PATH, content=body, headers={"content-type": "text/csv", "delivery-note": "?"}).status_code == 401
    assert http.post(PATH.replace("tax", "moon"), content=b"", headers={"content-type": "text/csv"}).status_code == 404


def test_a_file_that_cannot_be_read_is_told_so(http, origin) -> None:
    answer = sent(http, origin, b"PK\x03\x04rest")
    assert answer.status_code == 400
    assert "unpack it" in answer.json()["detail"]
    assert sent(http, origin, b"a", kind="text/html").status_code == 415


def test_a_file_that_is_too_large_is_cut_off(http, origin, monkeypatch) -> None:
    monkeypatch.setattr(receiving, "MOST_BYTES", 100)
    assert sent(http, origin, b"a" * 101).status_code == 413


def test_only_the_source_itself_reads_what_became_of_it(http, origin, tmp_path) -> None:
    sent(http, origin, written("text/csv", tmp_path))

    def asked(path, key, source="city.tax"):
        return http.get(path, headers=header(request_note(origin, source, "GET", path, dt.datetime.now(dt.UTC), key)))

    assert [one["number"] for one in asked(PATH, KEY).json()] == [1]
    assert [one["field"] for one in asked(f"{PATH}/1/refusals", KEY).json()] == ["size"]
    assert asked(PATH, OTHER).status_code == 401
    assert http.get(PATH).status_code == 401
    court = PATH.replace("tax", "court")
    assert asked(court, OTHER, "city.court").json() == []
    assert asked(f"{court}/1/refusals", OTHER, "city.court").json() == []
    assert json.dumps(asked(PATH, OTHER).json()).count("city.tax+") == 1


def test_what_is_held_back_is_answered_so_each_time_and_listed_to_its_source_only(http, origin, synthetic) -> None:  # noqa: F811
    change_contract(synthetic, "city.tax", Contract.model_validate({"rows": {"most": 1}}))
    body = b"subject,kind,act,document,authority,basis\n" + b"x,tax.arrears,2026-03-01,D-1,bureau,law\n" * 2
    first, again = (sent(http, origin, body) for _ in range(2))
    assert first.status_code == again.status_code == 202, first.text
    assert first.json() == again.json()
    assert first.json()["breaches"] == [{"measure": "rows", "found": "2", "expected": "at most 1"}]
    assert "nothing of it is applied until a person" in first.json()["detail"]

    def asked(path, key, source):
        note = request_note(origin, source, "GET", path, dt.datetime.now(dt.UTC), key)
        return http.get(path, headers=header(note))

    path = PATH.replace("deliveries", "held")
    (kept,) = asked(path, KEY, "city.tax").json()
    assert (kept["number"], kept["decision"], kept["breaches"]) == (1, None, first.json()["breaches"])
    court = path.replace("tax", "court")
    assert asked(court, OTHER, "city.court").json() == []
    assert (asked(path, OTHER, "city.tax").status_code, http.get(path).status_code) == (401, 401)
    page = http.get("/sources/city.tax").text
    assert "at most 1 rows" in page
    assert "Held back, waiting for a person: 1." in page
    counted = {one.name: one.samples for one in Figures(synthetic).collect()}["goodstanding_held_deliveries"]
    assert [(one.labels, one.value) for one in counted] == [({"source": "city.tax"}, 1)]
    assert "None is agreed." in http.get("/sources/city.court").text

    reject(synthetic, 1, "A. Jansen", "another year")
    ended = sent(http, origin, body)
    assert (ended.status_code, "rejected" in ended.json()["detail"]) == (400, True)
    assert asked(path, KEY, "city.tax").json()[0]["reason"] == "another year"
    assert "waiting for a person" not in http.get("/sources/city.tax").text


def test_what_was_refused_is_shown_as_text_whatever_it_would_be_elsewhere(http, origin, tmp_path) -> None:
    cells = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "\u202egnp.exe", "{{7*7}}", "'; DROP TABLE record; --"]
    table = pl.DataFrame([row(PERSON, f"D-{n}", size=cell) for n, cell in enumerate(cells)])
    table.write_csv(tmp_path / "a")
    answer = sent(http, origin, (tmp_path / "a").read_bytes())
    assert [one["found"] for one in answer.json()["refusals"]] == cells, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    page = http.get("/sources/city.tax").text
    assert "size" in page
    assert "<script>alert" not in page
    assert "49" not in page.partition("<main")[2].partition("size")[2][:200]
