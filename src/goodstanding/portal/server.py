"""Serving the pages with uvicorn."""

from __future__ import annotations

import datetime as dt
import errno
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import nullcontext
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from goodstanding.facts.errors import InputError
from goodstanding.portal.app import create_app
from goodstanding.portal.examples import example_persons
from goodstanding.portal.observing import Observed
from goodstanding.proof.notes import Signer
from goodstanding.register.keeping.sealing import Master
from goodstanding.register.ledger.finding import begin
from goodstanding.register.log.sequence import OVERDUE, signing
from goodstanding.register.store.database import Register


def serve(
    register: Register,
    host: str,
    port: int,
    ready: Callable[[str], None] | None = None,
    key: Signer | None = None,
    overdue: dt.timedelta = OVERDUE,
) -> None:
    """Serve the register's pages until interrupted; `ready` is called with their address once they can be opened.

    With a key, the log is signed every second meanwhile. The index of names is made in the background. While an event
    waits for its checkpoint longer than `overdue`,
    nothing is said about standings and dossiers, and the register is not ready.

    Sessions end with the server. Documents of envelopes are opened with the master key in the file that the environment
    names as GOODSTANDING_MASTER. Raises InputError where the host or the port cannot be had.
    """
    listener = _bound(host, port)
    with listener:
        examples, file = example_persons(register), os.environ.get("GOODSTANDING_MASTER")
        master = Master.read(Path(file)) if file else None
        secure = not _loopback(host)
        app = create_app(register, secrets.token_bytes(32), examples, secure=secure, master=master, overdue=overdue)
        observed = Observed(app, register, overdue)
        server = uvicorn.Server(uvicorn.Config(observed, log_config=None, log_level="warning", server_header=False))
        if ready is not None:
            named = f"[{host}]" if ":" in host else host
            ready(f"http://{named}:{listener.getsockname()[1]}")
        begin(register.engine)
        with signing(register, key) if key else nullcontext():
            server.run(sockets=[listener])


def free(host: str, port: int) -> None:
    """Check that a port can be had. Raises InputError where it cannot."""
    _bound(host, port).close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        number = error.errno or 0
        if number < 0:  # what the resolver answers: no such name
            raise InputError(f"host {host} is not known; give an address of this machine with --host") from None
        reason = "is in use" if number == errno.EADDRINUSE else f"cannot be had ({os.strerror(number)})"
        raise InputError(f"port {port} on {host} {reason}; choose another with --port") from None


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
