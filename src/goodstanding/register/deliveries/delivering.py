"""Deliveries: a file of records from a source, applied exactly once, whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.facts.contracts import Contract
from goodstanding.facts.errors import InputError
from goodstanding.facts.formats import delivery_batches
from goodstanding.facts.measuring import Measured, refused_too_many
from goodstanding.facts.validation import REFUSALS, Checked, Intake, check
from goodstanding.facts.world import World
from goodstanding.proof.notes import split
from goodstanding.register.deliveries import holding, senders, unlinked
from goodstanding.register.deliveries.application import apply
from goodstanding.register.deliveries.holding import Held, HeldBackError
from goodstanding.register.deliveries.staging import Staged, staged
from goodstanding.register.ledger.sources import source_of
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out
from goodstanding.register.store.database import Register, turn_of

FAULTS = {"fault": pl.Int64} | REFUSALS | {"salt": pl.String, "commitment": pl.String}
FAULTS_TOLD = 10_000
_NUMBERS = ("number", "source", "file", "rows", "accepted", "repeated", "refused")


@dataclass(frozen=True)
class Delivered:
    """What became of a delivery. `earlier`: it was applied before, and these are the numbers of then.

    rows = accepted + repeated (known already, and skipped) + refused. `refusals` has one line a fault: row (from 1,
    below the header), field, found, expected; of very many only the first `FAULTS_TOLD`.
    """

    number: int
    source: str
    file: str
    rows: int
    accepted: int
    repeated: int
    refused: int
    earlier: bool
    refusals: pl.DataFrame


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery as it is listed; `received` is the day of receipt, as it was said."""

    number: int
    source: str
    file: str
    received: dt.date
    rows: int
    accepted: int
    repeated: int
    refused: int


@dataclass(frozen=True)
class Refusal:
    """One fault in one row of a delivery."""

    delivery: int
    row: int
    field: str
    found: str
    expected: str


@dataclass(frozen=True)
class Release:
    """A person's decision that lets in what was kept back.

    content: the SHA-256 by which it is known when it is decided again. keep: writes the decision in the transaction in
    which it is applied, given the row of `delivery`. settled: the person decided whose its rows are, so that what was
    said of that before does not speak against them.
    """

    content: str
    keep: Callable[[sa.Connection, Mapping[str, Any]], None]
    settled: bool = False


def deliver(
    register: Register,
    source: str,
    path: Path,
    received: dt.date,
    table: pl.DataFrame | None = None,
    *,
    note: str | None = None,
    file: str | None = None,
    release: Release | None = None,
) -> Delivered:
    """Apply a delivery file, received on a day, or say what became of it when the same file was applied before.

    `table` gives the text cells where they were read already; the file then only names the delivery and tells whether
    it was sent before. `note` is the delivery note, which a source with a key must give; `file` names the delivery
    where the path does not. `release` is for `deciding`: contract and note were judged when the file came. Raises
    NoteRefusedError where the note does not show who sent it, HeldBackError where the file does not keep the source's
    contract, InputError where the source or the file is not there, the file cannot be read, no row of it can be right,
    it was rejected, or the day of receipt is still to come.
    """
    spec = source_of(register, source)
    if register.world is World.REAL and received > register.today:
        raise InputError(f"received: found {received}, expected a day not after {register.today}")
    content = release.content if release else content_of(path)
    with register.engine.connect() as connection:
        said = _said(connection, source, content, note, release)
        earlier = _earlier(connection, source, content, release)
        if said and not earlier and not release:
            senders.check_age(connection, said)
    if earlier:
        return earlier
    intake = Intake(register.catalogue, register.world, source, received, spec.kinds, versions=True, waits=True)
    read = delivery_batches(path) if table is None else iter([table])
    name = (file or path.name).encode("utf-8", "replace").decode()
    header = {"source": source, "file": name, "received": received, "content": content}
    measured = Measured(spec.contract or Contract() if release is None else Contract(), register.catalogue)
    with staged(register, measured.of(_checked(path, read, intake))) as stage, turn_of(stage.connection):
        earlier = _earlier(stage.connection, source, content, release)
        if earlier:
            return earlier
        _said(stage.connection, source, content, note, release)  # the key may have ended meanwhile
        if said and not release:
            senders.check_age(stage.connection, said)
        done = _judged(register, stage, _Arrival(header, path, measured, said, note, release))
    if isinstance(done, Held):  # told when it is kept
        raise HeldBackError(done)
    return done


@dataclass(frozen=True)
class _Arrival:
    """What came: its row of `delivery` so far, the file, what was counted, its note read and as it came."""

    header: Mapping[str, Any]
    path: Path
    measured: Measured
    said: senders.Note | None
    note: str | None
    release: Release | None


def _said(
    connection: sa.Connection, source: str, content: str, note: str | None, release: Release | None
) -> senders.Note | None:
    if release is None:
        return senders.checked(connection, source, content, note)
    return senders.Note.parse(split(note)[0]) if note else None


def _judged(register: Register, stage: Staged, arrival: _Arrival) -> Delivered | Held:
    """Apply a staged delivery, or hold it back; the rows that linking refuses are known only when it was tried."""
    measured = arrival.measured
    breaches = measured.breaches(_last_rows(stage.connection, arrival.header["source"]))
    if not breaches:
        attempt = stage.connection.begin_nested()
        settled = arrival.release is not None and arrival.release.settled
        kept = apply(register, arrival.header, stage, settled=settled)
        wrong = kept["refused"] - unlinked.count(stage.connection, kept["number"])
        breaches = refused_too_many(measured.contract, kept["rows"], wrong)
        if not breaches:
            attempt.commit()
            return _told(stage.connection, arrival, kept)
        attempt.rollback()
    found = (measured.contract, stage.rows, breaches)
    return holding.hold(stage.connection, arrival.header, arrival.path, found, (arrival.said, arrival.note))


def _told(connection: sa.Connection, arrival: _Arrival, kept: Mapping[str, Any]) -> Delivered:
    """Keep what goes with a delivery that was applied: its note, and the decision that released it."""
    number, said, release = kept["number"], arrival.said, arrival.release
    if said:
        row = {"delivery": number, "source": kept["source"], "sequence": said.sequence, "note": arrival.note}
        events.add(connection, "delivery_note", [row])
    if release:
        release.keep(connection, kept)
    return _delivered(connection, kept, earlier=False)


def _last_rows(connection: sa.Connection, source: str) -> int | None:
    """Return how many rows the last delivery of a source had that had any."""
    table = schema.delivery.c
    query = sa.select(table.rows).where(table.source == source, table.rows > 0).order_by(table.number.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def deliveries(register: Register, source: str | None = None) -> list[DeliveryRow]:
    """Return the deliveries of a source, or of all, the latest first."""
    table = schema.delivery.c
    query = sa.select(*(table[name] for name in DeliveryRow.__dataclass_fields__)).order_by(table.number.desc())
    if source is not None:
        query = query.where(table.source == source)
    with register.engine.connect() as connection:
        return [DeliveryRow(*row) for row in connection.execute(query)]


def refusals(register: Register, source: str, limit: int = 200) -> list[Refusal]:
    """Return what was refused of a source, the latest delivery first, its rows in order."""
    fault = schema.refusal.c
    query = sa.select(fault.delivery, fault.row, fault.field, fault.found, fault.expected).where(_from(source))
    with register.engine.connect() as connection:
        rows = connection.execute(query.order_by(fault.delivery.desc(), fault.fault).limit(limit))
        return [Refusal(*row) for row in rows]


def refusal_reasons(register: Register, source: str) -> list[tuple[str, str, int]]:
    """Return why rows of a source were refused: field, expected and how many times, the most frequent first."""
    fault, count = schema.refusal.c, sa.func.count()
    query = sa.select(fault.field, fault.expected, count).where(_from(source)).group_by(fault.field, fault.expected)
    with register.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(count.desc(), fault.field, fault.expected))]


def _from(source: str) -> sa.ColumnElement[bool]:
    delivery = schema.delivery.c
    return schema.refusal.c.delivery.in_(sa.select(delivery.number).where(delivery.source == source))


def content_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits. Raises InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); expected a delivery file") from None


def _checked(path: Path, batches: Iterator[pl.DataFrame], intake: Intake) -> Iterator[Checked]:
    first = 1
    for batch in batches:
        try:
            yield check(batch, intake, first)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        first += batch.height


def _earlier(connection: sa.Connection, source: str, content: str, release: Release | None) -> Delivered | None:
    """Return what became of a file that was applied before. Raises HeldBackError where it is held, and not released."""
    same = (schema.delivery.c.source == source, schema.delivery.c.content == content)
    row = connection.execute(sa.select(schema.delivery).where(*same)).one_or_none()
    if row is not None:
        return _delivered(connection, dict(row._mapping), earlier=True)
    waiting = holding.earlier(connection, source, content)
    if waiting and not release:
        raise HeldBackError(waiting)
    return None


def _delivered(connection: sa.Connection, kept: Mapping[str, Any], *, earlier: bool) -> Delivered:
    numbers = {name: kept[name] for name in _NUMBERS}
    faults = faults_of(connection, kept["number"], FAULTS_TOLD).select(list(REFUSALS))
    return Delivered(**numbers, earlier=earlier, refusals=faults)


def refused_rows(register: Register, delivery: int, first: int, last: int) -> pl.DataFrame:
    """Return the refusals of the rows of a delivery from one number to another, as validation's."""
    query = f"""
        SELECT {", ".join(REFUSALS)} FROM refusal
        WHERE delivery = %(number)s AND row BETWEEN %(first)s AND %(last)s ORDER BY fault"""  # noqa: S608
    with register.engine.connect() as connection:
        return copy_out(connection, query, REFUSALS, {"number": delivery, "first": first, "last": last})


def faults_of(connection: sa.Connection, delivery: int, most: int | None = None) -> pl.DataFrame:
    """Return the refusals of a delivery as they are kept, columns `FAULTS`; the first `most` of them."""
    query = f"SELECT {', '.join(FAULTS)} FROM refusal WHERE delivery = %(number)s ORDER BY fault LIMIT %(most)s"  # noqa: S608
    return copy_out(connection, query, FAULTS, {"number": delivery, "most": most})
