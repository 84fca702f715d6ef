"""What a job did, once: the effect's key and its messages are written in the transaction that does it."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from shlex import split
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from goodstanding.facts.errors import InputError
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

_SENDING = 0x600D57A2D3
"""The key of the advisory lock that whoever sends takes."""
_AT_ONCE = 100
_SECONDS = 30
_ANSWER = 1_000
"""Of an answer so many bytes are read."""


def once(connection: sa.Connection, key: str) -> bool:
    """Return True to the first who asks, whose transaction must have the effect; others wait for it, and get False."""
    added = insert(schema.effect).values(key=key).on_conflict_do_nothing().returning(schema.effect)
    kept = [dict(row) for row in connection.execute(added).mappings()]
    events.happened(connection, "effect", kept)
    return bool(kept)


def put(connection: sa.Connection, key: str, kind: str, message: Mapping[str, Any]) -> None:
    """Put a message without personal data into the outbox, in the transaction that is open; the same key only once."""
    row = insert(schema.outbox).values(key=key, kind=kind, message=dict(message)).on_conflict_do_nothing()
    events.happened(
        connection, "outbox", [dict(one) for one in connection.execute(row.returning(schema.outbox)).mappings()]
    )


@dataclass(frozen=True)
class Receiver:
    """Where messages go: a file to which lines are added, a command that reads one, or an address that takes a POST.

    Each message is a JSON object with `key`, `kind` and `message`. One that was on its way when the power failed comes
    again: a receiver keeps the keys it has seen.
    """

    to: str

    def send(self, key: str, kind: str, message: Any) -> str:
        """Send a message; return what an address answers, else nothing. Raises InputError where it is not taken."""
        line = json.dumps({"key": key, "kind": kind, "message": message}, ensure_ascii=False) + "\n"
        try:
            if self.to.startswith(("http://", "https://")):
                return self._post(key, line)
            if self.to.startswith("!"):
                subprocess.run(  # noqa: S603
                    split(self.to[1:]), input=line.encode(), check=True, timeout=_SECONDS, capture_output=True
                )
            else:
                with Path(self.to).open("a", encoding="utf-8") as file:
                    file.write(line)
        except (OSError, HTTPException, subprocess.SubprocessError) as error:
            raise InputError(
                f"{self.to}: did not take message {key} ({type(error).__name__}); it is sent again"
            ) from None
        return ""

    def _post(self, key: str, line: str) -> str:
        headers = {"content-type": "application/json", "idempotency-key": key}
        request = urllib.request.Request(self.to, line.encode(), headers, method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            said: bytes = response.read(_ANSWER)
            return said.decode("utf-8", "replace").replace("\0", "").strip()


def send(register: Register, receiver: Receiver) -> int:
    """Send what waits in the outbox for nobody in particular, in order; return how many. Another sender's turn: none.

    Each message is marked as sent after the receiver took it. Raises InputError where it does not.
    """
    count = 0
    while part := _sent(register, receiver):
        count += part
    return count


def _sent(register: Register, receiver: Receiver) -> int:
    box = schema.outbox.c
    waiting = sa.select(schema.outbox).where(
        ~sa.exists().where(schema.sent.c.number == box.number), ~sa.exists().where(schema.told.c.message == box.number)
    )
    with register.engine.connect() as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(_SENDING))).scalar_one():
            return 0
        connection.commit()
        try:
            rows = connection.execute(waiting.order_by(box.number).limit(_AT_ONCE)).all()
            connection.commit()
            for row in rows:
                receiver.send(row.key, row.kind, row.message)
                events.add(connection, "sent", [{"number": row.number, "receiver": receiver.to.split("?")[0]}])
                connection.commit()
            return len(rows)
        finally:
            connection.rollback()
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_SENDING)))
            connection.commit()
