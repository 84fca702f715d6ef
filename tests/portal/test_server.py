"""Serving: addresses that can be had, and those that cannot."""

import socket

import pytest

from goodstanding.facts.errors import InputError
from goodstanding.portal import server
from goodstanding.portal.app import create_app


def test_a_port_in_use_is_said_to_be(register):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for attempt in (lambda: server.free("127.0.0.1", port), lambda: server.serve(register, "127.0.0.1", port)):
            with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 is in use; choose another with --port"):
                attempt()


def test_a_free_port_stays_free():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    server.free("127.0.0.1", port)
    server.free("127.0.0.1", port)


def test_a_host_that_is_none():
    with pytest.raises(InputError, match="--host"):
        server.free("no.such.host.invalid", 8000)


def test_cookies_go_over_http_only_to_this_machine(register, monkeypatch):
    made = {}
    monkeypatch.setattr(server, "create_app", lambda *_, secure, **__: made.setdefault("secure", secure))
    monkeypatch.setattr(server.uvicorn, "Config", lambda *_, **__: None)
    monkeypatch.setattr(server.uvicorn, "Server", lambda _: type("Done", (), {"run": lambda *_, **__: None})())
    for host, secure in (("127.0.0.1", False), ("0.0.0.0", True)):
        made.clear()
        addresses = []
        server.serve(register, host, 0, addresses.append)
        assert made["secure"] is secure
        assert addresses[0].startswith(f"http://{host}:")


def test_a_secret_must_be_long(register):
    with pytest.raises(InputError, match="at least 16"):
        create_app(register, b"short")


def test_examples_are_persons_with_records_and_only_in_a_synthetic_world(register):
    from dataclasses import replace

    from goodstanding.facts.world import World
    from goodstanding.portal.examples import example_persons

    found = example_persons(register)
    assert {one.latin for one in found} == {"Li Xue", "Wang Hai"}
    assert example_persons(replace(register, world=World.REAL)) == []
