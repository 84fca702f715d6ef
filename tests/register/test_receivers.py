"""Whoever was given a record is told of each change of it, once; who is down delays nobody; answers are kept."""

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.facts.errors import InputError
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.keeping import receivers
from goodstanding.register.keeping.expiry import erase
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.log import effects
from goodstanding.register.operation.jobs import Duties
from goodstanding.register.operation.metrics import Figures
from goodstanding.register.store import schema
from goodstanding.register.store.database import turn
from tests.register.conftest import FIRM, PERSON, RECEIVED, row

TODAY = dt.datetime.now(dt.UTC).date()
KINDS = ["tax.arrears"]


class Office(ThreadingHTTPServer):
    """A receiver on this machine; `says` is its answer, None: it takes nothing."""

    def __init__(self, says):
        super().__init__(("127.0.0.1", 0), _Desk)
        self.says, self.got = says, []
        self.address = f"http://127.0.0.1:{self.server_port}/in"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Desk(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.got.append(body)
        self.send_response(503 if self.server.says is None else 200)
        self.end_headers()
        self.wfile.write((self.server.says or "").encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def office():
    opened = []

    def opening(says=""):
        opened.append(Office(says))
        return opened[-1]

    yield opening
    for one in opened:
        one.shutdown()
        one.server_close()


def delivered(register, file):
    """Two records, then a correction of the first and a withdrawal of the second."""
    first = file(row(PERSON, "SECRET-1"), row(PERSON, "SECRET-2"), row(FIRM, "SECRET-3", "tax.evasion"))
    deliver(register, "city.tax", first, RECEIVED)
    deliver(
        register,
        "city.tax",
        file(
            row(PERSON, "SECRET-1", version=2, act="2026-02-02", state="valid"),
            row(PERSON, "SECRET-2", version=2, state="withdrawn"),
            row(FIRM, "SECRET-3", "tax.evasion", version=2, act="2026-02-02", state="valid"),
        ),
        RECEIVED,
    )


def erased(register, where):
    with turn(register.engine) as connection:
        rows = connection.execute(sa.select(schema.record).where(sa.text(where))).all()
        return erase(connection, [(one, "Act, s. 1", TODAY) for one in rows])


def test_corrections_withdrawals_and_erasures_are_told_once_and_say_nothing_of_the_record(synthetic, file, office):
    city = office("corrected, file 7")
    receivers.add(synthetic, "City", city.address, TODAY, kinds=KINDS)
    delivered(synthetic, file)
    erased(synthetic, "delivery = 1 AND row = 1")
    for _ in range(2):
        Duties(synthetic).send()
    told = [(one["kind"], one["message"]["rows"]) for one in city.got]
    assert told == [
        ("gone", [[1, 1, "Act, s. 1", TODAY.isoformat()]]),
        ("changed", [[1, 2, 2, 2, "withdrawn"]]),
    ]
    assert not any(word in json.dumps(city.got) for word in ("SECRET", PERSON["name"], PERSON["subject"]))
    (one,) = receivers.receivers(synthetic, TODAY)
    assert (one.waiting, one.unanswered, one.overdue, one.failed) == (0, 0, 0, 0)
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(schema.answer.c.answer)).scalars().all() == ["corrected, file 7"] * 2


def test_every_row_that_was_changed_is_told_and_none_of_other_kinds(synthetic, file, office):
    city = office()
    receivers.add(synthetic, "City", city.address, TODAY, kinds=KINDS)
    delivered(synthetic, file)
    Duties(synthetic).send()
    (one,) = city.got
    assert one["message"]["rows"] == [[1, 1, 2, 1, "corrected"], [1, 2, 2, 2, "withdrawn"]]
    assert one["message"]["due"] == receivers.working_days_after(TODAY, 3).isoformat()


def test_a_receiver_is_told_of_what_it_was_given_and_of_nothing_after_its_end(synthetic, file, office):
    before, after = office(), office()
    receivers.add(synthetic, "Ended", before.address, TODAY - dt.timedelta(9), kinds=KINDS)
    receivers.end(synthetic, "Ended", TODAY - dt.timedelta(1), "over")
    receivers.add(synthetic, "Later", after.address, TODAY + dt.timedelta(1), kinds=KINDS)
    delivered(synthetic, file)
    erased(synthetic, "true")
    Duties(synthetic).send()
    assert (before.got, after.got) == ([], [])


def test_a_receiver_of_standings_is_told_of_the_records_they_rest_on(synthetic, file, office, wendeng):
    load_policy(synthetic, wendeng)
    bank = office()
    receivers.add(synthetic, "Bank", bank.address, TODAY, policy="cn-wendeng")
    delivered(synthetic, file)
    Duties(synthetic).send()
    assert len(bank.got[0]["message"]["rows"]) == 3


def test_one_that_is_down_delays_nobody_and_is_tried_again_with_growing_pauses(synthetic, file, office):
    down, up = office(None), office("ok")
    receivers.add(synthetic, "Down", down.address, TODAY, kinds=KINDS)
    receivers.add(synthetic, "Up", up.address, TODAY, kinds=KINDS)
    delivered(synthetic, file)
    receivers.tell_changed(synthetic)
    now = dt.datetime.now(dt.UTC)
    assert receivers.send_each(synthetic) == 1
    assert (len(down.got), len(up.got)) == (1, 1)
    seen = []
    for minute in range(20):
        receivers.send_each(synthetic, now + dt.timedelta(minutes=minute, seconds=30))
        seen.append(len(down.got))
    assert seen[0] == 1
    assert seen[-1] < 20
    first, _ = receivers.receivers(synthetic, TODAY)
    assert (first.waiting, first.failed) == (1, len(down.got))
    down.says = "ok"
    assert receivers.send_each(synthetic, now + dt.timedelta(days=1)) == 1
    assert receivers.receivers(synthetic, TODAY)[0].waiting == 0


def test_a_message_for_a_receiver_does_not_go_to_the_registrars_own_address(synthetic, file, office, tmp_path):
    receivers.add(synthetic, "City", office().address, TODAY, kinds=KINDS)
    delivered(synthetic, file)
    receivers.tell_changed(synthetic)
    assert effects.send(synthetic, effects.Receiver(str(tmp_path / "own"))) == 0


def test_what_is_not_answered_in_three_working_days_is_overdue_until_it_is(synthetic, file, office):
    receivers.add(synthetic, "City", office().address, TODAY, kinds=KINDS)
    delivered(synthetic, file)
    Duties(synthetic).send()
    ((key, due),) = receivers.unanswered(synthetic, "City")
    assert receivers.receivers(synthetic, due)[0].overdue == 0
    assert receivers.receivers(synthetic, due + dt.timedelta(1))[0].overdue == 1
    receivers.keep_answer(synthetic, key, "letter of today")
    assert receivers.receivers(synthetic, due + dt.timedelta(1))[0].overdue == 0
    with pytest.raises(InputError, match="answered already"):
        receivers.keep_answer(synthetic, key, "again")
    with pytest.raises(InputError, match="none of this key"):
        receivers.keep_answer(synthetic, "changed/9/9", "x")


def test_overdue_answers_are_a_figure(synthetic, file):
    receivers.add(synthetic, "City", "http://127.0.0.1:9/", TODAY, kinds=KINDS)
    names = [metric.name for metric in Figures(synthetic).collect()]
    assert "goodstanding_overdue_answers" in names


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), st.integers(0, 10))
def test_so_many_working_days_after_a_day_are_no_saturday_and_no_sunday(day, count):
    until = receivers.working_days_after(day, count)
    days = [day + dt.timedelta(n) for n in range(1, (until - day).days + 1)]
    assert sum(one.isoweekday() < 6 for one in days) == count
    assert not days or days[-1].isoweekday() < 6


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ({"address": "ftp://x/"}, "expected https"),
        ({"address": "!rm -rf /"}, "expected https"),
        ({"address": "https://a:b@x/"}, "without a password"),
        ({"kinds": []}, "either a policy"),
        ({"kinds": ["no.such"]}, "not in the catalogue"),
        ({"kinds": [], "policy": "none"}, "is not loaded"),
        ({"name": " "}, "an empty name"),
    ],
)
def test_a_receiver_that_cannot_be_is_refused(synthetic, rest, says):
    plain = {"name": "City", "address": "https://city.example/in", "kinds": KINDS}
    with pytest.raises(InputError, match=says):
        receivers.add(synthetic, since=TODAY, **(plain | rest))
    assert receivers.receivers(synthetic, TODAY) == []


def test_an_end_that_cannot_be_is_refused(synthetic):
    receivers.add(synthetic, "City", "https://city.example/in", TODAY, kinds=KINDS)
    for name, until, why, says in (
        ("Town", TODAY, "x", "none of this name"),
        ("City", TODAY - dt.timedelta(1), "x", "expected a day not before"),
        ("City", TODAY, " ", "expected why"),
    ):
        with pytest.raises(InputError, match=says):
            receivers.end(synthetic, name, until, why)
    receivers.end(synthetic, "City", TODAY, "over")
    with pytest.raises(InputError, match="has ended before"):
        receivers.end(synthetic, "City", TODAY, "over")
