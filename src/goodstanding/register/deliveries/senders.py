"""Who delivers: the keys of a source, and the notes with which it says that a file, or a question, comes from it.

A note is a C2SP signed note. Once a source has a key, nothing is taken in from it without a note.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.proof.errors import ProofError
from goodstanding.proof.notes import Signer, Verifier, opened, sign, split
from goodstanding.register.ledger.sources import source_of
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, turn

DELIVERY = "goodstanding delivery v1"
REQUEST = "goodstanding request v1"
DAYS = 7
"""How long a delivery note holds, from the time in it."""
MINUTES = 5
"""How far the time in a request may be from the register's clock; a delivery note may be as far ahead."""


class NoteRefusedError(InputError):
    """A note does not show that what came with it is from the source. `forged`: nobody known signed it."""

    def __init__(self, message: str, *, forged: bool = False) -> None:
        """Keep whether it is known who sent it."""
        super().__init__(message)
        self.forged = forged


@dataclass(frozen=True)
class Note:
    """A delivery note: for which register, from which source, SHA-256 of the file (hex), when, and its number."""

    register: str
    source: str
    content: str
    at: dt.datetime
    sequence: int

    def signed(self, key: Signer) -> str:
        """Return the signed note. Raises ProofError where a part of it has a line break in it."""
        lines = (DELIVERY, self.register, self.source, self.content, _written(self.at), str(self.sequence))
        if any("\n" in line for line in lines):
            raise ProofError("a part of the delivery note has a line break in it")
        return sign("\n".join(lines) + "\n", key)

    @classmethod
    def parse(cls, text: str) -> Note:
        """Read the text of a note. Raises NoteRefusedError."""
        lines = text.split("\n")
        if len(lines) != 7 or lines[0] != DELIVERY or not re.fullmatch("[0-9]{1,18}", lines[5]):
            raise NoteRefusedError(f"delivery note: expected six lines, the first {DELIVERY!r}, the last a number")
        return cls(lines[1], lines[2], lines[3], _read(lines[4]), int(lines[5]))


def request_note(register: str, source: str, method: str, path: str, at: dt.datetime, key: Signer) -> str:
    """Return a signed note with which a source asks something over HTTP."""
    return sign("\n".join((REQUEST, register, source, method, path, _written(at))) + "\n", key)


def enrol_key(register: Register, source: str, verifier: str) -> Verifier:
    """Enrol a public key of a source. Raises InputError where it is none, or is known already."""
    source_of(register, source)
    try:
        key = Verifier.parse(verifier)
    except ProofError as error:
        raise InputError(f"key of {source}: {error}") from None
    with turn(register.engine) as connection:
        known = sa.select(schema.source_key.c.source).where(schema.source_key.c.verifier == str(key))
        if connection.execute(known).one_or_none():
            raise InputError(f"key of {source}: {key.name}+{key.id.hex()} was enrolled before; make another")
        events.add(connection, "source_key", [{"source": source, "verifier": str(key)}])
    return key


def end_key(register: Register, source: str, id_: str, why: str) -> None:
    """End a key of a source, named by its 8 hexadecimal digits. Raises InputError where it has no such key."""
    with turn(register.engine) as connection:
        found = [number for number, key in _keys(connection, source) if key.id.hex() == id_]
        if not found:
            raise InputError(f"source {source}: has no key {id_}; expected one of those that hold")
        events.add(connection, "source_key_end", [{"key": found[0], "why": why}])


def keys(connection: sa.Connection, source: str) -> list[Verifier]:
    """Return the keys of a source that hold now."""
    return [key for _, key in _keys(connection, source)]


def checked(connection: sa.Connection, source: str, content: str, note: str | None) -> Note | None:
    """Return what a note says that came with a file of a source; None where the source needs none and gives none.

    Whether it is too old is not looked at: see `check_age`. Raises NoteRefusedError.
    """
    if note is None:
        if keys(connection, source):
            raise NoteRefusedError(f"source {source}: delivers with a note, and none came; sign the file", forged=True)
        return None
    said = announced(connection, source, note)
    if said.content != content:
        raise NoteRefusedError("delivery note: it is of another file; sign this one")
    return said


def announced(connection: sa.Connection, source: str, note: str) -> Note:
    """Return what a note says, before the file that it is of has come.

    Raises NoteRefusedError where no key of the source that holds signed it, or it is for another register or source.
    """
    said = Note.parse(_opened(note, keys(connection, source), source))
    origin = connection.execute(sa.select(schema.world.c.origin)).scalar_one()
    for name, found, expected in (("register", said.register, origin), ("source", said.source, source)):
        if found != expected:
            raise NoteRefusedError(f"delivery note: {name}: found {found}, expected {expected}")
    return said


def check_age(connection: sa.Connection, said: Note) -> None:
    """Raise NoteRefusedError where a note is too old, of the future, or its number was used for another file."""
    now = connection.execute(sa.select(sa.func.now())).scalar_one()
    if not now - dt.timedelta(days=DAYS) <= said.at <= now + dt.timedelta(minutes=MINUTES):
        raise NoteRefusedError(
            f"delivery note: of {_written(said.at)}, expected one of the last {DAYS} days; sign again"
        )
    tables = schema.delivery_note.c, schema.held.c
    uses = [sa.exists().where(one.source == said.source, one.sequence == said.sequence) for one in tables]
    if connection.execute(sa.select(sa.or_(*uses))).scalar_one():
        raise NoteRefusedError(f"delivery note: number {said.sequence} was used before; sign with another")


def check_request(register: Register, source: str, method: str, path: str, note: str) -> None:
    """Raise NoteRefusedError unless a note shows that a source asks this, of this register, now."""
    with register.engine.connect() as connection:
        text = _opened(note, keys(connection, source), source)
        origin, now = connection.execute(sa.select(schema.world.c.origin, sa.func.now())).one()
    lines = text.split("\n")
    if len(lines) != 7 or lines[:5] != [REQUEST, origin, source, method, path]:
        raise NoteRefusedError(
            f"note: expected one over {REQUEST!r}, {origin}, {source}, {method}, {path} and the time"
        )
    if abs(now - _read(lines[5])) > dt.timedelta(minutes=MINUTES):
        raise NoteRefusedError(f"note: of {lines[5]}, expected one of the last {MINUTES} minutes")


def _keys(connection: sa.Connection, source: str) -> list[tuple[int, Verifier]]:
    key, end = schema.source_key.c, schema.source_key_end.c
    query = sa.select(key.number, key.verifier).where(key.source == source, ~sa.exists().where(end.key == key.number))
    return [(row.number, Verifier.parse(row.verifier)) for row in connection.execute(query.order_by(key.number))]


def _opened(note: str, known: list[Verifier], source: str) -> str:
    try:
        split(note)
        return opened(note, known).text
    except ProofError as error:
        raise NoteRefusedError(f"note: not signed by a key of {source} that holds: {error}", forged=True) from None


def _written(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise NoteRefusedError(f"note: found the time {text[:40]!r}, expected one as 2026-03-31T08:00:00Z") from None
