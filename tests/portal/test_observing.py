"""What is seen of a running register from outside: health, metrics and a log, and nobody in them."""

import datetime as dt
import json
import logging

import pytest
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from goodstanding.facts.logs import Lines
from goodstanding.facts.world import World
from goodstanding.portal.app import create_app
from goodstanding.portal.observing import Observed
from goodstanding.register.founding import found
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.subjects import by_identifier
from goodstanding.register.store import embedded
from goodstanding.register.store.database import open_register
from tests.portal import city
from tests.portal.conftest import HOST, SECRET


@pytest.fixture
def client(register):
    with TestClient(Observed(create_app(register, SECRET), register), base_url=HOST) as client:
        yield client


def samples(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}


def test_a_living_register_says_so(client) -> None:
    assert (client.get("/health/live").status_code, client.get("/health/live").json()) == (200, {"live": True})


def test_a_ready_register_says_so_and_one_without_its_checkpoint_says_why(client, register) -> None:
    assert client.get("/health/ready").json() == {"ready": True, "reasons": [], "alarms": []}
    looked = by_identifier(register, city.PEOPLE["subject"][0])
    with TestClient(Observed(create_app(register, SECRET), register, dt.timedelta(days=-1)), base_url=HOST) as other:
        for _ in range(20):  # a server that another test left running may sign in between
            log_access(register, looked, "clerk", "official", "a licence", "page")
            answer = other.get("/health/ready")
            if answer.status_code == 503:
                break
    assert answer.status_code == 503
    assert answer.json()["reasons"][0].startswith("checkpoint: overdue; an event waits since 20")


def test_a_register_whose_server_is_gone_lives_and_is_not_ready(tmp_path) -> None:
    found(embedded.start(tmp_path / "pg"), World.SYNTHETIC, city.sources(), city.manifest(), city.PEOPLE)
    register = open_register(embedded.dsn(tmp_path / "pg"))
    try:
        with TestClient(Observed(create_app(register, SECRET), register), base_url=HOST) as client:
            assert client.get("/health/ready").status_code == 200
            embedded.stop(tmp_path / "pg")
            assert client.get("/health/live").status_code == 200
            assert "database: does not answer" in client.get("/health/ready").json()["reasons"][0]
            assert samples(client)["goodstanding_database_up",] == 0
            embedded.start(tmp_path / "pg")
            assert client.get("/health/ready").status_code == 200
    finally:
        embedded.stop(tmp_path / "pg")


def test_metrics_count_what_the_ledger_holds(client, register) -> None:
    client.get("/")
    found = samples(client)
    with register.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT source, count(*), sum(accepted) FROM delivery GROUP BY source").all()
        waiting = connection.exec_driver_sql("SELECT count(*) FROM waiting").scalar_one()
    for source, deliveries, accepted in rows:
        assert found["goodstanding_deliveries_total", source] == deliveries
        assert found["goodstanding_rows_total", "accepted", source] == accepted
    assert found["goodstanding_waiting_events",] == waiting
    assert found["goodstanding_database_up",] == 1
    assert any(name == "goodstanding_standings" for name, *_ in found)
    assert found["goodstanding_request_seconds_count", "/", "200", "GET"] >= 1


def test_no_line_of_the_log_and_no_metric_names_anybody(client, numbers, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    people = list(city.PEOPLE.iter_rows(named=True))
    for identifier, number in numbers.items():
        client.get(f"/subjects/{number}")
        client.get("/search", params={"q": identifier})
        client.get(f"/api/subjects/{number}", params={"on": "nonsense"})
        client.get(f"/{identifier}")
    client.request("MKCOL" + people[0]["subject"][-5:], "/")
    lines = [
        Lines(form).format(record)
        for record in caplog.records
        if record.name.startswith("goodstanding")
        for form in ("json", "text")
    ]
    told = "\n".join(lines) + client.get("/metrics").text
    assert len(lines) >= 8 * len(numbers)
    for person in people:
        assert person["subject"] not in told
        assert person["subject"].partition(":")[2] not in told
        assert person["name"] not in told
        assert numbers[person["subject"]] not in told


def test_an_error_is_told_by_its_type_and_its_places_without_its_words(caplog) -> None:
    try:
        raise ValueError("王小明 owes 300")
    except ValueError:
        logging.getLogger("goodstanding.test").exception("failed for %s", "王小明")
    (record,) = caplog.records
    said = json.loads(Lines("json").format(record))
    assert (said["event"], said["error"], said["level"]) == ("failed for %s", "ValueError", "error")
    assert "王小明" not in json.dumps(said, ensure_ascii=False)
