"""What a stranger, or a source that went bad, may try over the wire: each is refused, and nothing of it is kept."""

import base64
import datetime as dt
import gzip
import hashlib
import os
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
import uvicorn

from goodstanding.portal import receiving
from goodstanding.portal.app import create_app
from goodstanding.proof.notes import Signer, sign
from goodstanding.register.deliveries.senders import DELIVERY, enrol_key
from goodstanding.register.proving.verification import verify
from goodstanding.register.store import schema
from tests.register.conftest import emptied, synthetic, synthetic_dsn  # noqa: F401

KEY, OTHER = Signer.generate("city.tax"), Signer.generate("city.court")
HEAD = "subject,kind,act,document,authority,basis"
MB = 1 << 20


@pytest.fixture
def origin(synthetic):  # noqa: F811
    enrol_key(synthetic, "city.tax", str(KEY.verifier))
    enrol_key(synthetic, "city.court", str(OTHER.verifier))
    with synthetic.engine.connect() as connection:
        return connection.execute(sa.select(schema.world.c.origin)).scalar_one()


@pytest.fixture
def port(synthetic, origin, tmp_path, monkeypatch):  # noqa: F811
    """A server that answers on a port of its own; when all is over it has kept nothing, and left nothing on disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(synthetic, b"x" * 16, secure=False), log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    listener.close()
    with synthetic.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.delivery)).scalar_one() == 0
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.record)).scalar_one() == 0
    assert verify(synthetic) == []
    assert list(tmp_path.glob("received-*")) == []


def note(origin, body=b"", key=KEY, **said):
    at = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = {"kind": DELIVERY, "register": origin, "source": "city.tax", "content": hashlib.sha256(body).hexdigest()}
    return sign("\n".join((parts | {"at": at, "sequence": "1"} | said).values()) + "\n", key)


def head(note_, *lines, path="/api/sources/city.tax/deliveries", method="POST"):
    said = base64.b64encode(note_.encode()).decode()
    sent = [f"{method} {path} HTTP/1.1", "Host: register", "Content-Type: text/csv", f"Delivery-Note: {said}", *lines]
    return "\r\n".join([*sent, "", ""]).encode()


def answered(port, *parts):
    """Send bytes, and return the status and all of the answer, however the other side ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        try:
            for part in parts:
                line.sendall(part)
        except ConnectionError:
            pass
        said = b""
        try:
            while block := line.recv(1 << 16):
                said += block
                if b"\r\n\r\n" in said and b"content-length: 0" not in said.lower() and _whole(said):
                    break
        except ConnectionError:
            pass
    return int(said.split(b" ", 2)[1]) if said else 0, said.decode("utf-8", "replace")


def _whole(said):
    start, _, body = said.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in start.lower().split(b"\r\n") if line.startswith(b"content-length")]
    return bool(lengths) and len(body) >= int(lengths[0])


def test_nothing_of_a_file_is_read_before_its_note_is_seen_to_be_signed(port, origin) -> None:
    for key, said, expected in ((OTHER, {}, 401), (KEY, {"register": "elsewhere"}, 403)):
        status, text = answered(port, head(note(origin, key=key, **said), "Content-Length: 8000000000"))
        assert status == expected, text


def test_a_source_that_stops_sending_is_hung_up_on(port, origin, monkeypatch) -> None:
    monkeypatch.setattr(receiving, "SLOWEST", 0.3)
    body = f"{HEAD}\n".encode()
    start = time.monotonic()
    status, text = answered(port, head(note(origin, body), f"Content-Length: {len(body) + 9}"), body)
    assert (status, "nothing came for" in text, time.monotonic() - start < 10) == (408, True, True)
    status, text = answered(port, head(note(origin, body), "Transfer-Encoding: chunked"), b"5\r\nsubje\r\n")
    assert status == 408, text


def test_many_that_never_finish_keep_nobody_else_waiting(port, origin) -> None:
    held = []
    for _ in range(100):
        line = socket.create_connection(("127.0.0.1", port), timeout=30)
        line.sendall(head(note(origin), "Content-Length: 100"))
        held.append(line)
    start = time.monotonic()
    status, _ = answered(port, head(note(origin), path="/policies", method="GET"))
    assert (status, time.monotonic() - start < 5) == (200, True)
    for line in held:
        line.close()


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Content-Length: 4", "Content-Length: 5"],
        ["Content-Length: -4"],
        ["Content-Length: 4e9"],
        ["Transfer-Encoding: gzip, chunked"],
        ["X: " + "a" * MB],
    ],
    ids=["two lengths of two kinds", "two lengths", "less than nothing", "no number", "packed on the way", "1 MB line"],
)
def test_a_request_that_can_be_read_in_two_ways_is_not_read(port, origin, lines) -> None:
    status, text = answered(port, head(note(origin), *lines), b"0\r\n\r\nGET /policies HTTP/1.1\r\n\r\n")
    assert status in (0, 400, 403, 408, 411, 413, 431, 501), text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/api/sources/../../../../etc/passwd/deliveries",
        "/api/sources/..%2f..%2f..%2fetc%2fpasswd/deliveries",
        "/api/sources/city.tax%00.csv/deliveries",
        "/api/sources/%ff%fe/deliveries",
        "/api/sources/" + "a" * 5000 + "/deliveries",
        "/api/sources/city.tax'%20OR%20'1'='1/deliveries",
        "/api/sources/city.tax/deliveries/99999999999999999999999/refusals",
        "/api/sources/city.tax/deliveries/-1/refusals",
        "/static/../../../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/%2e%2e/app.py",
        "/static/%2fetc%2fpasswd",
        "/log/tile/0/../../../../etc/passwd",
        "/log/tile/0/x99999999999999999999/000",
        "//etc/passwd",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_leads_to_nothing_but_what_it_names(port, origin, path, method) -> None:
    status, text = answered(port, head(note(origin), "Content-Length: 0", path=path, method=method))
    assert status in (301, 307, 308, 400, 401, 403, 404, 405, 414), text
    assert "root:" not in text
    assert "create_app" not in text
    assert "Traceback" not in text


def _changed(origin):
    good = note(origin, b"x")
    text, _, signatures = good.partition("\n\n")
    return {
        "lines that end as on Windows": good.replace("\n", "\r\n"),
        "a line more": text + "\nextra\n\n" + signatures,
        "a line more, signed": note(origin, b"x", more="1"),
        "digits of another script": note(origin, b"x", sequence="١"),
        "no number": note(origin, b"x", sequence="-1"),
        "a number without end": note(origin, b"x", sequence="9" * 5000),
        "of another kind": note(origin, b"x", kind="goodstanding request v1"),
        "of another source": note(origin, b"x", source="city.court"),
        "of another register": note(origin, b"x", register=origin + "x"),
        "signed by another source": note(origin, b"x", key=OTHER),
        "signed by a stranger of that name": note(origin, b"x", key=Signer.generate("city.tax")),
        "with another's signature beside a broken one": f"{text}\n\n{signatures[:-9]}AAAAAAA=\n",
        "of a thousand signatures": f"{text}\n\n" + signatures * 400,
        "no signature": f"{text}\n\n",
        "nothing": "",
        "of last month": note(origin, b"x", at="2020-01-01T00:00:00Z"),
        "of the day after tomorrow": note(origin, b"x", at="2999-01-01T00:00:00Z"),
        "of a day that is none": note(origin, b"x", at="2026-02-30T00:00:00Z"),
        "of another file": note(origin, b"y"),
    }


@pytest.mark.parametrize("what", list(_changed("here")))
def test_a_note_that_is_not_what_it_should_be_lets_nothing_in(port, origin, what) -> None:
    status, text = answered(port, head(_changed(origin)[what], "Content-Length: 1"), b"x")
    assert status in (400, 401, 403, 431), text
    assert "Traceback" not in text


def test_a_packed_body_is_not_unpacked(port, origin) -> None:
    body = gzip.compress(b"a" * (64 * MB))
    sent = head(note(origin, body), f"Content-Length: {len(body)}", "Content-Encoding: gzip")
    status, text = answered(port, sent, body)
    assert (status, "packed with gzip" in text) == (400, True), text


def test_a_line_without_an_end_costs_disk_and_no_memory(port, origin) -> None:
    block, times = b"a" * MB, 300
    digest = hashlib.sha256(f"{HEAD}\n".encode())
    for _ in range(times):
        digest.update(block)
    before = _resident()
    most = [before]
    seen = threading.Thread(target=lambda: [most.append(_resident()) or time.sleep(0.02) for _ in range(500)])
    seen.daemon = True
    seen.start()
    size = len(HEAD) + 1 + times * MB
    said = note(origin, content=digest.hexdigest())
    status, text = answered(port, head(said, f"Content-Length: {size}"), f"{HEAD}\n".encode(), *[block] * times)
    assert (status, "more than" in text) == (400, True), text
    assert max(most) - before < 150 * MB


def _resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
