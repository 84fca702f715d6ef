"""The documents in a subject's envelope: the paper, the judgment, the appraisal. No rule reads them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.proof.commitments import commitment, salt
from goodstanding.register.keeping.sealing import DamagedError, Key, Master, Sealer, new_key
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.subjects import Subject
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

LARGEST = 256 << 20
"""A document has so many bytes at most."""
PART = 1 << 20
"""It is encrypted, stored and read in parts of so many bytes."""
_TITLE = 200
_DOCUMENT, _KEY, _GONE = schema.document.c, schema.document_key.c, schema.document_erasure.c


@dataclass(frozen=True)
class Document:
    """A document of a subject. size: in bytes; known_on: the clock of the database, in UTC.

    title and content (the SHA-256 of its content, hex) are None where it was erased, or was listed without the master
    key; clause and erased_on say under which clause and since when it is erased.
    """

    number: int
    size: int
    basis: str
    known_on: dt.datetime
    title: str | None
    content: str | None
    clause: str | None
    erased_on: dt.date | None


def add(register: Register, master: Master, subject: Subject, path: Path, title: str, basis: str) -> Document:
    """Put a file into a subject's envelope; the same content is kept once, and what is there is then returned.

    Raises InputError where the file cannot be read, is empty, too large or changes meanwhile, where title or basis is
    not said, or where the envelope is sealed with another master key.
    """
    title, basis = title.strip(), basis.strip()
    for what, text in (("title", title), ("basis", basis)):
        if not 0 < len(text) <= _TITLE:
            raise InputError(f"{what}: found {len(text)} characters, expected 1 to {_TITLE}")
    size, digest = _measured(path)
    with register.engine.begin() as connection:
        connection.execute(_NOT_ROTATING)
        connection.execute(_ALONE, {"subject": subject.id})
        envelope, key = _envelope(connection, master, subject)
        name = key.name(digest)
        number = connection.execute(sa.select(_KEY.document).where(_KEY.name == name)).scalar_one_or_none()
        if number is None:
            number = _next(connection, "document")
            row = {"number": number, "envelope": envelope, "subject_id": subject.id, "size": size}
            _put(connection, key, row | {"basis": basis}, path, (digest, name, title))
    return next(one for one in documents(register, subject, master) if one.number == number)


_ALONE = sa.text("SELECT pg_advisory_xact_lock(hashtext('envelope'), hashint8(:subject))")
"""Whoever adds to an envelope waits for whoever erases from it, as `shred` does."""
_ROTATING = sa.text("SELECT pg_advisory_xact_lock(hashtext('master key'))")
_NOT_ROTATING = sa.text("SELECT pg_advisory_xact_lock_shared(hashtext('master key'))")
"""Whoever puts a document in waits for whoever changes the master key."""
_AT_ONCE = 10_000
_SEAL = sa.text("""
    SELECT DISTINCT ON (envelope.number) envelope.number, envelope_key.wrapped,
        coalesce(resealing.master, envelope.master) AS master, coalesce(resealing.sealed, envelope.sealed) AS sealed
    FROM envelope LEFT JOIN envelope_key ON envelope_key.envelope = envelope.number
    LEFT JOIN resealing ON resealing.envelope = envelope.number
    WHERE CAST(:envelope AS bigint) IS NULL OR envelope.number = :envelope
    ORDER BY envelope.number, resealing.number DESC""")
"""Each envelope, or one, as it is sealed now: by which master key, and the hash of its wrapped key."""
_RESEAL = sa.text("""
    SELECT reseal(envelope, known, anew, :master)
    FROM unnest(CAST(:envelopes AS bigint[]), CAST(:known AS bytea[]), CAST(:anew AS bytea[]))
        AS wanted (envelope, known, anew)""")


def rotate(register: Register, old: Master, new: Master) -> int:
    """Wrap the key of every subject anew, with another master key; return how many.

    All or none, in one transaction: killed in the middle, everything is as it was. Run again, it finds nothing to do.
    Afterwards `old` opens nothing here; a backup from before it still opens. Raises InputError where an envelope is
    sealed with neither, DamagedError where a key is not what was sealed; then nothing is changed.
    """
    with register.engine.begin() as connection:
        connection.execute(_ROTATING)
        sealed = [row for row in connection.execute(_SEAL, {"envelope": None}) if row.wrapped is not None]
        due, count = [row for row in sealed if row.master != new.id], 0
        for part in (due[at : at + _AT_ONCE] for at in range(0, len(due), _AT_ONCE)):
            keys = [_opened(old, row).secret for row in part]
            wrapped = [new.wrap(key, f"envelope {row.number}") for key, row in zip(keys, part, strict=True)]
            columns = {"envelopes": [row.number for row in part], "known": [row.wrapped for row in part]}
            made = connection.execute(_RESEAL, columns | {"anew": wrapped, "master": new.id}).scalars().all()
            seals = sa.select(schema.resealing).where(schema.resealing.c.number.in_([one for one in made if one]))
            kept = connection.execute(seals.order_by(schema.resealing.c.number)).mappings()
            happened = [dict(row) for row in kept]
            events.happened(connection, "resealing", happened)
            count += len(happened)
    return count


def documents(register: Register, subject: Subject, master: Master | None = None) -> list[Document]:
    """Return the documents of a subject, and of all who are one with it, in the order in which they came.

    The erased ones are among them.

    Raises InputError where another master key sealed them, DamagedError where what is stored is not what was sealed.
    """
    query = (
        sa.select(schema.document, _KEY.wrapped, _KEY.about, _GONE.clause, _GONE.on.label("erased_on"))
        .join_from(schema.document, schema.document_key, isouter=True)
        .join(schema.document_erasure, _GONE.document == _DOCUMENT.number, isouter=True)
        .order_by(_DOCUMENT.number)
    )
    with register.engine.connect() as connection:
        rows = connection.execute(query.where(_DOCUMENT.subject_id.in_(merges.members(connection, subject.id)))).all()
        return [_document(connection, master, row) for row in rows]


def content(register: Register, master: Master, subject: Subject, number: int) -> Iterator[bytes]:
    """Yield the content of a document of a subject, part by part, each verified before it is given.

    Whoever reads it is to be written down before, with `log_access`. Raises InputError where the subject has no such
    document, it is erased, or another master key sealed it; DamagedError where what is stored is not what was sealed.
    """
    with register.engine.connect() as connection:
        row = connection.execute(
            sa.select(schema.document, _KEY.wrapped, _GONE.clause, _GONE.on.label("erased_on"))
            .join_from(schema.document, schema.document_key, isouter=True)
            .join(schema.document_erasure, _GONE.document == _DOCUMENT.number, isouter=True)
            .where(_DOCUMENT.subject_id.in_(merges.members(connection, subject.id)), _DOCUMENT.number == number)
        ).one_or_none()
        if row is None:
            raise InputError(f"document {number}: there is none in the envelope of {subject.number}")
        if row.clause is not None:
            raise InputError(f"document {number}: was erased under {row.clause} and is not kept since {row.erased_on}")
        sealer = _sealer(connection, master, row)
    return _parts(register, sealer, row.parts)


def erase(register: Register, number: int, clause: str, on: dt.date) -> Document:
    """Destroy the key of a document, and all that is stored of it but its commitment.

    With the last document of an envelope goes the subject's key. Raises InputError where there is no such document, it
    was erased before, or no clause is given.
    """
    if not clause.strip():
        raise InputError("clause: found nothing, expected the clause under which the document is erased")
    with register.engine.begin() as connection:
        subject = connection.execute(sa.select(_DOCUMENT.subject_id).where(_DOCUMENT.number == number)).scalar()
        if subject is None:
            raise InputError(f"document {number}: there is none in this register")
        if not shred(connection, number, clause.strip(), on):
            raise InputError(f"document {number}: was erased before")
        row = connection.execute(
            sa.select(schema.document, _GONE.clause, _GONE.on.label("erased_on"))
            .join(schema.document_erasure, _GONE.document == _DOCUMENT.number)
            .where(_DOCUMENT.number == number)
        ).one()
        return _document(connection, None, row)


def shred(connection: sa.Connection, number: int, clause: str, on: dt.date) -> bool:
    """Erase a document, with its event; return False where it was erased before or there is none."""
    if not connection.execute(sa.select(sa.func.shred(number, clause, on))).scalar_one():
        return False
    row = connection.execute(sa.select(schema.document_erasure).where(_GONE.document == number)).mappings().one()
    events.happened(connection, "document_erasure", [dict(row)])
    return True


def problems(connection: sa.Connection) -> Iterator[str]:
    """Name the documents and envelopes of which something else is stored than was sealed; needs no key."""
    kept = _DOCUMENT.number.not_in(sa.select(_GONE.document))
    needed = set(connection.execute(sa.select(_DOCUMENT.envelope).where(kept)).scalars())
    for row in connection.execute(_SEAL, {"envelope": None}):
        if row.wrapped is None and row.number in needed:
            yield f"envelope {row.number}: its key was removed, and no erasure tells of it"
        if row.wrapped is not None and hashlib.sha256(row.wrapped).digest() != row.sealed:
            yield f"envelope {row.number}: its key is not what was sealed"
    yield from _damaged(connection)
    yield from _strays(connection)


def _damaged(connection: sa.Connection) -> Iterator[str]:
    """Name the documents of which something else is stored than was sealed."""
    query = sa.select(schema.document, _KEY.wrapped, _KEY.about, _KEY.name, _GONE.document.label("gone"))
    query = query.join_from(schema.document, schema.document_key, isouter=True)
    query = query.join(schema.document_erasure, _GONE.document == _DOCUMENT.number, isouter=True)
    for row in connection.execute(query.order_by(_DOCUMENT.number)).all():
        stored = schema.document_part.c
        parts = sa.select(stored.part, stored.content).where(stored.document == row.number).order_by(stored.part)
        digest, count = hashlib.sha256((row.wrapped or b"") + (row.about or b"") + (row.name or b"")), 0
        for part in connection.execute(parts.execution_options(yield_per=8)):
            if part.part == count:  # else it is not in its place, and the digest differs
                digest.update(part.content)
            count += 1
        if row.gone is not None and (row.wrapped is not None or count):
            yield f"document {row.number}: was erased, and is stored again; erase it again"
        elif row.gone is None and (digest.digest() != row.sealed or count != row.parts):
            yield f"document {row.number}: what is stored is not what was sealed"


def _strays(connection: sa.Connection) -> Iterator[str]:
    """Name keys and parts of what is not there."""
    stray = sa.select(schema.envelope_key.c.envelope).where(
        schema.envelope_key.c.envelope.not_in(sa.select(schema.envelope.c.number))
    )
    for number in connection.execute(stray).scalars():
        yield f"envelope {number}: is not there; envelope_key has a key of it"
    for column in (_KEY.document, schema.document_part.c.document):
        stray = sa.select(column).distinct().where(column.not_in(sa.select(_DOCUMENT.number))).order_by(column)
        for number in connection.execute(stray).scalars():
            yield f"{column.table.name}: has rows of document {number}, which is not there"


def _measured(path: Path) -> tuple[int, bytes]:
    """The size and the hash of a file, read in parts."""
    try:
        with path.open("rb") as file:
            digest, size = hashlib.sha256(), 0
            for part in _read(file):
                size += len(part)
                if size > LARGEST:
                    raise InputError(f"{path}: is larger than {LARGEST >> 20} MiB, the most that a document may have")
                digest.update(part)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); expected a document") from None
    if not size:
        raise InputError(f"{path}: is empty; expected a document")
    return size, digest.digest()


def _read(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(PART):
        yield part


def _envelope(connection: sa.Connection, master: Master, subject: Subject) -> tuple[int, Key]:
    """The open envelope of a subject with its key; a new one where there is none."""
    number = sa.select(schema.envelope.c.number).join(schema.envelope_key)
    found = connection.execute(number.where(schema.envelope.c.subject_id == subject.id)).scalar_one_or_none()
    if found is not None:
        return found, _subject_key(connection, master, found)
    newest = connection.execute(sa.select(sa.func.max(schema.envelope_key.c.envelope))).scalar()
    if newest is not None:  # a register seals with one master key at a time
        _subject_key(connection, master, newest)
    key, new = Key(new_key()), _next(connection, "envelope")
    wrapped = master.wrap(key.secret, f"envelope {new}")
    row = {"number": new, "subject_id": subject.id, "master": master.id, "sealed": hashlib.sha256(wrapped).digest()}
    events.add(connection, "envelope", [row])
    connection.execute(sa.insert(schema.envelope_key), {"envelope": new, "wrapped": wrapped})
    return new, key


def _subject_key(connection: sa.Connection, master: Master, envelope: int) -> Key:
    row = connection.execute(_SEAL, {"envelope": envelope}).one_or_none()
    if row is None or row.wrapped is None:
        raise DamagedError(f"the key of envelope {envelope} was removed behind the register's back; restore it")
    return _opened(master, row)


def _opened(master: Master, row: Any) -> Key:
    """The key of the subject whose envelope a row of `_SEAL` is."""
    if row.master != master.id:
        raise InputError(
            f"the master key: found {master.id}, expected {row.master}, with which this envelope is sealed"
        )
    return Key(master.unwrap(row.wrapped, f"envelope {row.number}"))


def _next(connection: sa.Connection, table: str) -> int:
    place = sa.func.nextval(sa.func.pg_get_serial_sequence(table, "number"))
    return int(connection.execute(sa.select(place)).scalar_one())


def _put(connection: sa.Connection, key: Key, row: dict[str, Any], path: Path, told: tuple[bytes, bytes, str]) -> None:
    """Encrypt and store a file as the document of a row, in the transaction that is open."""
    digest, name, title = told
    sealer, own = Sealer(new_key(), row["number"]), salt()
    wrapped = key.wrap(sealer.secret, f"document {row['number']}")
    about = sealer.about(json.dumps({"title": title, "content": digest.hex(), "salt": own.hex()}).encode())
    parts = -(-row["size"] // PART)
    sealed, again = hashlib.sha256(wrapped + about + name), hashlib.sha256()
    with path.open("rb") as file:
        for place, part in enumerate(_read(file)):
            again.update(part)
            stored = {"document": row["number"], "part": place, "content": sealer.part(part, place, parts)}
            connection.execute(sa.insert(schema.document_part), stored)
            sealed.update(stored["content"])
    if again.digest() != digest:
        raise InputError(f"{path}: was changed while it was read; try again")
    row |= {"parts": parts, "commitment": commitment(own, digest), "sealed": sealed.digest()}
    events.add(connection, "document", [row])
    keys = {"document": row["number"], "wrapped": wrapped, "about": about, "name": name}
    connection.execute(sa.insert(schema.document_key), keys)


def _document(connection: sa.Connection, master: Master | None, row: Any) -> Document:
    told: dict[str, str | None] = {"title": None, "content": None}
    if master is not None and row.clause is None:
        told = json.loads(_sealer(connection, master, row).told(row.about or b""))
    shared = {name: getattr(row, name) for name in ("number", "size", "basis", "known_on", "clause", "erased_on")}
    return Document(**shared, title=told["title"], content=told["content"])


def _sealer(connection: sa.Connection, master: Master, row: Any) -> Sealer:
    key = _subject_key(connection, master, row.envelope)
    if row.wrapped is None:
        raise DamagedError(f"the key of document {row.number} was removed behind the register's back; restore it")
    return Sealer(key.unwrap(row.wrapped, f"document {row.number}"), row.number)


def _parts(register: Register, sealer: Sealer, parts: int) -> Iterator[bytes]:
    stored = schema.document_part.c
    query = sa.select(stored.content).where(stored.document == sealer.document)
    with register.engine.connect() as connection:
        for place in range(parts):
            part = connection.execute(query.where(stored.part == place)).scalar_one_or_none()
            yield sealer.opened(part or b"", place, parts)
