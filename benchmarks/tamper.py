"""The adversary: a superuser of the database without the signing key, against one checkpoint kept outside.

Usage: python benchmarks/tamper.py [EDITS]. Makes a small register on a PostgreSQL of its own, and edits it behind its
back: random columns of random rows of every table, rows removed, rows added, edits that compute the commitments above
them again, the log cut back, an old backup restored. After each edit everything is verified, and the edit undone. Ends
with how many were found and named, and how many problems were claimed where there is none; exits 1 if any is missed.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import psycopg
import sqlalchemy as sa

from goodstanding.facts.contracts import Contract
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import Source
from goodstanding.facts.world import Manifest, World
from goodstanding.lab.population import GENERATOR, VERSION, population, population_digest
from goodstanding.policy.reader import read_policy
from goodstanding.proof import commitments, merkle, notes
from goodstanding.proof.checkpoints import Verified
from goodstanding.register.deliveries import claiming, rereading, reviewing, settling
from goodstanding.register.deliveries.deciding import reject, release
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.deliveries.holding import HeldBackError
from goodstanding.register.founding import found
from goodstanding.register.keeping import envelope, expiry, receivers, sealing
from goodstanding.register.ledger import merging, pausing, quality, sampled
from goodstanding.register.ledger.access import log_access
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.ledger.sources import change_contract
from goodstanding.register.ledger.subjects import asked_for, by_identifier
from goodstanding.register.log import effects, events, sequence
from goodstanding.register.log import keys as log_keys
from goodstanding.register.proving.verification import kept_outside, problems
from goodstanding.register.standings import increments
from goodstanding.register.standings.scoring import score
from goodstanding.register.store import embedded, schema
from goodstanding.register.store.database import Register, open_register

SINCE, UNTIL, RECEIVED = dt.date(2024, 1, 1), dt.date(2026, 10, 31), dt.date(2026, 10, 1)
WORDS = {"en": "w", "nl": "w", "zh": "w"}
WITNESS = notes.Signer("witness.example/w1", b"w" * 32, notes.Kind.COSIGNATURE)


@dataclass(frozen=True)
class Target:
    """The register, and what is kept of it elsewhere."""

    register: Register
    outside: Verified
    key: notes.Signer


def make(dsn: str, folder: Path) -> Target:
    """Make a register with rows in as many tables as there are ways to fill, signed several times."""
    people = population(7, 12, 6, UNTIL)
    fixed = {"generator": GENERATOR, "version": VERSION, "seed": 7, "persons": 12, "organisations": 6}
    manifest = Manifest(
        world=World.SYNTHETIC, since=SINCE, until=UNTIL, population=population_digest(people), **fixed
    )  # fmt: skip
    kinds = {"city.tax": ("tax.arrears", "civic.donation"), "city.court": ("contract.default", "contract.fraud")}
    plain = {"words": WORDS, "agency": WORDS, "origin": "own-finding", "key": WORDS, "schedule": "daily"}
    sources = {name: Source(id=name, max_lag_days=30, kinds=kinds[name], **plain) for name in kinds}
    register = found(dsn, World.SYNTHETIC, sources, manifest, people)
    log_keys.make_key(register, folder / "log.key")
    key = log_keys.read_key(folder / "log.key")
    policy = read_policy(shipped("policies") / "cn-wendeng")
    load_policy(register, policy)
    sequence.sign(register, key)
    for turn in range(3):
        _deliver(register, folder, people, turn)
        sequence.sign(register, key)
    with register.engine.connect() as connection:
        _, note = sequence.latest(connection) or (0, "")
    log_keys.cosign(register, notes.cosigned(note, WITNESS, 1_790_000_000), WITNESS.verifier)
    score(register, policy.policy.id, UNTIL)
    _erase(register, 3)
    _keep(register, folder, people["subject"][0])
    _hold(register, folder, people.row(0, named=True))
    _leave_unlinked(register, folder, people)
    _read(register)
    increments.rescore(register, policy.policy.id, UNTIL)
    sequence.sign(register, key)
    person = by_identifier(register, people["subject"][0])
    for at in range(280):
        assert person
        log_access(register, person, "jansen", "clerk", f"licence {at}", "dossier")
        if at % 20 == 0:
            sequence.sign(register, key)
    _tell(register)
    _merge(register, people)
    increments.rescore(register, policy.policy.id, UNTIL)
    sequence.sign(register, key)
    with register.engine.connect() as connection:
        _, note = sequence.latest(connection) or (0, "")
    return Target(register, kept_outside(note, [key.verifier]), key)


def _deliver(register: Register, folder: Path, people: pl.DataFrame, turn: int) -> None:
    """A delivery of each source: new records, one correction, one withdrawal, one refused row, one repeated."""
    for source, kind in (("city.tax", "civic.donation"), ("city.court", "contract.default")):
        rows = []
        for at in range(12):
            who = people.row((at + turn) % people.height, named=True)
            row = {name: who[name] for name in ("subject", "name", "born")} | {"kind": kind, "act": "2026-03-01"}
            row |= {"document": f"{turn}-{at}", "authority": "bureau", "basis": "the law", "version": "1"}
            rows.append(row | {"state": "valid", "amount": str(at + 1) if source == "city.tax" else None})
        if turn:
            rows += [rows[0] | {"document": f"{turn - 1}-1", "version": "2"}]
            rows += [rows[0] | {"document": f"{turn - 1}-2", "version": "2", "state": "withdrawn"}]
        rows += [rows[1], rows[2] | {"document": f"{turn}-bad", "act": "2026-13-01"}]
        path = folder / f"{source}-{turn}.csv"
        pl.DataFrame([{k: None if v is None else str(v) for k, v in row.items()} for row in rows]).write_csv(path)
        deliver(register, source, path, RECEIVED)


def _hold(register: Register, folder: Path, who: dict[str, Any]) -> None:
    """A contract, and three deliveries that do not keep it: one released, one rejected, one that waits."""
    change_contract(register, "city.tax", Contract.model_validate({"rows": {"most": 0}}))
    for number in range(1, 4):
        row = {name: who[name] for name in ("subject", "name", "born")} | {"kind": "civic.donation", "amount": "1"}
        row |= {"act": "2026-03-01", "document": f"held-{number}", "authority": "bureau", "basis": "the law"}
        pl.DataFrame([row]).write_csv(folder / f"held-{number}.csv")
        with suppress(HeldBackError):
            deliver(register, "city.tax", folder / f"held-{number}.csv", RECEIVED)
    release(register, 1, "A. Jansen", "why not")
    reject(register, 2, "A. Jansen", "why")


def _leave_unlinked(register: Register, folder: Path, people: pl.DataFrame) -> None:
    """Rows without a number: one that waits, with a candidate, one that was found to be a firm's, one that ended."""
    firms = people.filter(pl.col("is_a") == "organisation")["subject"]
    row = {"subject": None, "name": "Sunrise", "kind": "contract.fraud", "act": "2026-03-01", "authority": "bureau"}
    rows = [row | {"document": f"unlinked-{number}", "basis": "the law"} for number in range(3)]
    pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / "unlinked.csv")
    deliver(register, "city.court", folder / "unlinked.csv", RECEIVED)
    model = {"version": "0" * 64, "settings": "{}", "frequencies": b"", "crowds": b"", "threshold": 9, "margin": 1}
    reviewing.same(register, 1, firms[0], "A. Jansen", "same street")
    with register.engine.begin() as connection:
        events.add(connection, "model", [model | {"by": "A. Jansen"}])
        found = {"unlinked": 3, "model": 1, "subject_id": people.height, "weight": Decimal("3.5")}
        events.add(connection, "candidate", [found | {"probability": Decimal("0.5")}])
        events.add(connection, "model_source", [{"model": 1, "source": "city.court"}])
        events.add(connection, "search", [{"model": 1, "last_case": 3, "last_subject": people.height}])
    with patch.object(rereading, "ONE_IN", 1):
        reviewing.refuse(register, 2, "A. Jansen", "cannot be found")
    rereading.answer(register, 2, "B. Smit", "new")
    settling.settle(register, 2, "C. Bos", "nobody knows", stands=True)
    reviewing.different(register, 3, firms[1], "A. Jansen", "another street")
    denied = claiming.deny(register, (1, 5), "the subject", "a namesake", own=True)
    claiming.affirm(register, denied.number, "A. Jansen", "the whole judgment came")


def _read(register: Register) -> None:
    """A sample of links, read by two; its measures, and the source that is paused for them."""
    names = [str(number) for number in range(40)]
    links = pl.DataFrame({"left": names[:30], "right": names[:30]}).with_columns(
        weight=pl.lit(9.0), probability=pl.lit(0.99)
    )
    records = pl.DataFrame({"record": names}).with_columns(name=pl.lit("Acme"), founded=pl.lit(None, pl.Date))
    for number in range(1, 1 + sampled.draw(register, "city.tax", "model", links, records, 0.0)):
        for reader in ("A. Jansen", "B. Smit"):
            sampled.answer(register, number, reader, "different")
    quality.measure(register)
    pausing.judge(register)


def _keep(register: Register, folder: Path, identifier: str) -> None:
    """Documents in an envelope, one of them erased; an effect, and a message that was sent."""
    person, master = by_identifier(register, identifier), sealing.Master.make(folder / "master")
    assert person
    for number in (1, 2):
        (folder / "paper").write_text(f"paper {number}")
        envelope.add(register, master, person, folder / "paper", "paper", "the law, art. 3")
    envelope.erase(register, 1, "the law, art. 4", UNTIL)
    envelope.rotate(register, master, sealing.Master.make(folder / "master.new"))
    with register.engine.begin() as connection:
        effects.put(connection, "message", "notice", {"to": "nobody"})
        effects.once(connection, "effect")
    effects.send(register, effects.Receiver(str(folder / "messages")))


def _tell(register: Register) -> None:
    """Receivers, of whom one has ended and none takes what it is told; an answer; a look that is forgotten."""
    for name in ("City", "Bank"):
        receivers.add(register, name, "http://127.0.0.1:9/", RECEIVED, kinds=["civic.donation"])
    receivers.end(register, "Bank", dt.date(2100, 1, 1), "over")
    receivers.tell_changed(register)
    receivers.send_each(register)
    receivers.keep_answer(register, receivers.unanswered(register, "City")[0][0], "done")
    with register.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT forget(number, 'the law, art. 5', '2100-01-01') FROM access WHERE number < 4"
        )
        events.happened(connection, "access_erasure", [*events.rows_of(connection, "access_erasure")])


def _merge(register: Register, people: pl.DataFrame) -> None:
    """Merges of organisations: one despite what was said, acknowledged; one that was split."""
    firms = [asked_for(register, one) for one in people.filter(is_a="organisation")["subject"].tail(3)]
    said = merging.differ(register, *firms[:2], "A. Jansen", "two firms")
    fact = merging.merge(register, *firms[:2], "A. Jansen", "one firm", despite=[said.number])
    merging.acknowledge(register, fact.number, "A. Jansen", "seen")
    other = merging.merge(register, firms[0], firms[2], "A. Jansen", "one firm")
    merging.split(register, other.number, "A. Jansen", "two firms")
    again = merging.differ(register, *firms[1:], "A. Jansen", "two firms")
    merging.take_back(register, again.number, "B. Smit", "said of another")


def _erase(register: Register, count: int) -> None:
    query = sa.select(schema.record).where(schema.record.c.kind.is_not(None)).order_by(*schema.record.primary_key)
    with register.engine.begin() as connection:
        rows = connection.execute(query.limit(count)).all()
        expiry.erase(connection, [(row, "the law, art. 2", UNTIL) for row in rows])


@contextmanager
def tampering(target: Target, superuser: str) -> Iterator[sa.Connection]:
    """A session of a superuser for whom no trigger fires; each edit is a transaction that is rolled back."""
    with target.register.engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    with psycopg.connect(superuser.replace("@/postgres?", f"@/{name}?")) as session:
        session.execute("SET session_replication_role = replica")
        session.execute("SET TIME ZONE 'UTC'")
        session.commit()
        with sa.create_engine(
            "postgresql+psycopg://", creator=lambda: session, poolclass=sa.StaticPool
        ).connect() as it:
            yield it


@dataclass(frozen=True)
class Edit:
    """What was done to which row, and by which of these words its place is named."""

    what: str
    table: str
    places: tuple[str, ...]

    def named_in(self, found: list[str]) -> bool:
        """Whether a problem names the table and the row, or whom a removed or moved row belongs to."""
        words = "|".join(re.escape(place) for place in self.places)
        return any(re.search(rf"(?<![\w-])({words})(?![\w])", problem) for problem in found)


NAMES = {
    "record": ("record delivery {delivery} row {row}", "delivery {delivery}", "superseded {delivery}/{row}"),
    "refusal": ("refusal delivery {delivery} fault {fault}", "delivery {delivery}"),
    "subject": ("subject id {id}", "subject {id}", "delivery {delivery}", "world 1"),
    "standing": ("standing run {run} subject {subject_id}", "run {run}"),
    "superseded": ("superseded {delivery}/{row}", "superseded: what superseded what"),
    "quiet": ("increment {run}", "quiet: has rows of increment {run}"),
    "document_key": ("document {document}", "document_key: has rows of document {document}"),
    "document_part": ("document {document}", "document_part: has rows of document {document}"),
    "held_part": ("held {held}",),
    "unlinked_content": ("unlinked {unlinked}", "unlinked_content: has a row of unlinked {unlinked}"),
    "envelope_key": ("envelope {envelope}",),
    "head": ("head {subject_id} delivery {delivery}",),
    "bucket": ("bucket {prefix} delivery {delivery}",),
}
"""How verification names a row, or whom it belongs to; rows of other tables by their key."""


def place(table: str, row: dict[str, Any]) -> tuple[str, ...]:
    """Return how verification names a row, or whom it belongs to."""
    key = "/".join(str(row[column.name]) for column in schema.metadata.tables[table].primary_key)
    return tuple(name.format(**row) for name in NAMES.get(table, ())) or (f"{table} {key}",)


def changed(value: Any, column: sa.Column[Any], rng: random.Random) -> Any:
    """Return another value that the column takes."""
    kind = column.type
    result: Any = value
    if value is not None and column.nullable and rng.random() < 0.2:
        result = None
    elif isinstance(kind, sa.Boolean):
        result = not value
    elif isinstance(kind, sa.DateTime):
        result = value + dt.timedelta(microseconds=rng.choice([1, -1_000_000, 86_400_000_000]))
    elif isinstance(kind, sa.Date):
        result = (value or RECEIVED) + dt.timedelta(days=rng.choice([-1, 1, 400]))
    elif isinstance(kind, sa.Integer):
        result = (value or 0) + rng.choice([-1, 1, 2, 1000])
    elif isinstance(kind, sa.Numeric):
        result = (value or Decimal(0)) + rng.choice([Decimal(1), Decimal("-0.5")])
    elif isinstance(kind, sa.LargeBinary):
        raw = bytearray(value or b"\0")
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        result = rng.choice([bytes(raw), bytes(raw[:-1]), bytes(raw) + b"\0"])
    elif isinstance(kind, sa.ARRAY):
        result = [*value, 7 if isinstance(kind.item_type, sa.Integer) else "x"]
    elif isinstance(kind, sa.JSON):
        result = _json(value, rng)
    else:
        result = rng.choice([f"{value or ''}x", "x", f" {value or ''}"])
    return result


def _json(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.5:
        return {name: one for name, one in value.items() if name != rng.choice(sorted(value))}
    return {"x": 1} | value if isinstance(value, dict) else {"x": 1}


ENFORCED = (
    ("ALTER TABLE {table} DISABLE TRIGGER ALL", "on public.{table}"),
    ("DROP TRIGGER {trigger} ON {on}", "trigger {trigger} on public.{on}"),
    (
        "CREATE OR REPLACE FUNCTION {made}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "public.{made}()",
    ),
    ("GRANT UPDATE, DELETE ON {table} TO goodstanding_service", "rights of goodstanding_service on public.{table}"),
    ("GRANT TRUNCATE ON {table} TO PUBLIC", "rights of everybody on public.{table}"),
    ("REVOKE INSERT ON {table} FROM goodstanding_service", "rights of goodstanding_service on public.{table}"),
    ("ALTER ROLE goodstanding_service SUPERUSER", "role goodstanding_service"),
    ("ALTER ROLE goodstanding SET session_replication_role = replica", "setting session_replication_role"),
    ("CREATE RULE lost AS ON INSERT TO {table} DO INSTEAD NOTHING", "rule lost on public.{table}"),
    ("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", "table public.{table}"),
    ("ALTER TABLE {table} ADD seen text", "column public.{table}.seen"),
    ("CREATE TABLE more () INHERITS ({table})", "inheritance of public.{table}"),
    ("ALTER TABLE {table} OWNER TO postgres", "table public.{table}"),
    ("ALTER SEQUENCE {sequence} INCREMENT -1", "sequence public.{sequence}"),
    ("ALTER SEQUENCE {sequence} RESTART WITH 1", "sequence public.{sequence}"),
    ("CREATE FUNCTION aid() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", "function public.aid()"),
    ("CREATE OR REPLACE VIEW own_record AS SELECT * FROM record", "view public.own_record"),
)
"""What enforces the rest, taken away or changed, and how that is named."""


_TRIGGERS = """
    SELECT tgname, relname, proname FROM pg_trigger t
    JOIN pg_class c ON c.oid = tgrelid JOIN pg_proc p ON p.oid = tgfoid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace AND pronamespace = relnamespace ORDER BY 1, 2"""
_SEQUENCES = """
    SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value > 1 ORDER BY 1"""


class Adversary:
    """Edits one register at random."""

    def __init__(self, connection: sa.Connection, seed: int) -> None:
        self.connection, self.rng = connection, random.Random(seed)
        self.tables = [
            table
            for name, table in sorted(schema.metadata.tables.items())
            if name != "waiting" and connection.execute(sa.select(table).limit(1)).first()
        ]
        there = set(connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars())
        unknown = there - set(schema.metadata.tables) - {schema.REVISION_TABLE}
        if unknown:
            raise LookupError(f"tables that nobody would edit: {', '.join(sorted(unknown))}")
        self.triggers = connection.exec_driver_sql(_TRIGGERS).all()
        self.sequences = connection.exec_driver_sql(_SEQUENCES).scalars().all()

    def edit(self) -> Edit | None:
        """Do one edit in the transaction that is open; None where the database refuses it."""
        table = self.rng.choice(self.tables)
        rows = self.connection.execute(sa.select(table)).mappings().all()
        row = dict(self.rng.choice(rows))
        how = self.rng.choices((self.update, self.delete, self.insert, self.careful, self.enforced), (6, 2, 2, 2, 2))[0]
        try:
            return how(table, row)
        except sa.exc.DBAPIError:
            return None

    def _of(self, table: sa.Table, row: dict[str, Any]) -> sa.ColumnElement[bool]:
        return sa.and_(*(column == row[column.name] for column in table.primary_key))

    def _unlocked(self, table: sa.Table) -> None:
        for column in table.columns:
            if column.identity is not None:
                self.connection.exec_driver_sql(
                    f'ALTER TABLE "{table.name}" ALTER "{column.name}" DROP IDENTITY IF EXISTS'
                )

    def enforced(self, table: sa.Table, row: dict[str, Any]) -> Edit:
        """Take away or change a trigger, a function, a right, a role, a view, a column or a sequence."""
        trigger, on, made = self.rng.choice(self.triggers)
        names = {"table": table.name, "trigger": trigger, "on": on, "made": made}
        names["sequence"] = self.rng.choice(self.sequences)
        statement, place = (one.format(**names) for one in self.rng.choice(ENFORCED))
        self.connection.exec_driver_sql(statement)
        return Edit(statement, table.name, (place,))

    def update(self, table: sa.Table, row: dict[str, Any]) -> Edit | None:
        """Change a column."""
        column = self.rng.choice(list(table.columns))
        value = changed(row[column.name], column, self.rng)
        if value == row[column.name]:
            return None
        self._unlocked(table)
        self.connection.execute(sa.update(table).where(self._of(table, row)).values({column.name: value}))
        after = row | {column.name: value}
        told = f"{table.name}.{column.name}: {row[column.name]!r:.60} to {value!r:.60}"
        return Edit(told, table.name, place(table.name, row) + place(table.name, after))

    def delete(self, table: sa.Table, row: dict[str, Any]) -> Edit | None:
        """Remove a row."""
        if table is schema.cosignature:
            return None  # a witness signed it and has it: it is no part of what the register says
        self.connection.execute(sa.delete(table).where(self._of(table, row)))
        return Edit(f"{table.name} {self._of(table, row).compile().params} removed", table.name, place(table.name, row))

    def insert(self, table: sa.Table, row: dict[str, Any]) -> Edit:
        """Add a row like another one, under another key."""
        self._unlocked(table)
        new = dict(row)
        for column in table.columns:
            if column.primary_key or column.unique or column.name in ("document", "content", "key", "event", "hash"):
                new[column.name] = changed(row[column.name], column, self.rng)
        self.connection.execute(sa.insert(table).values(new))
        return Edit(f"{table.name}: a row like {place(table.name, row)[0]} added", table.name, place(table.name, new))

    def careful(self, table: sa.Table, row: dict[str, Any]) -> Edit | None:
        """Change a row, and compute the commitments above it again, up to the leaf and its tile; sign it cannot."""
        if table.name == "record" and row["digest"] is not None:
            self._forge_record(row)
            table, row = schema.delivery, self._row(schema.delivery, sa.literal_column("number") == row["delivery"])
        elif table.name not in events.KINDS:
            return None
        else:
            column = self.rng.choice([one for one in table.columns if not one.primary_key])
            value = changed(row[column.name], column, self.rng)
            if value == row[column.name]:
                return None
            self.connection.execute(sa.update(table).where(self._of(table, row)).values({column.name: value}))
            row = self._row(table, self._of(table, row))
        self._forge_event(table.name, row)
        at = f"{table.name} {events.key_of(table.name, row)}"
        return Edit(f"{at} with its event and leaf", table.name, (at, f"{at},"))

    def _row(self, table: sa.Table, where: sa.ColumnElement[bool]) -> dict[str, Any]:
        return dict(self.connection.execute(sa.select(table).where(where)).mappings().one())

    def _forge_record(self, row: dict[str, Any]) -> None:
        """Give a record another digest, and its delivery the root that follows."""
        record, delivery = schema.record.c, schema.delivery.c
        digest = self.rng.randbytes(32)
        forged = {"digest": digest, "commitment": commitments.commitment(row["salt"], digest)}
        self.connection.execute(sa.update(schema.record).where(self._of(schema.record, row)).values(forged))
        own = sa.select(record.commitment).where(record.delivery == row["delivery"]).order_by(record.row)
        root = merkle.root(self.connection.execute(own).scalars())
        self.connection.execute(
            sa.update(schema.delivery).where(delivery.number == row["delivery"]).values(records_root=root)
        )

    def _forge_event(self, kind: str, row: dict[str, Any]) -> None:
        event, leaf = schema.event.c, schema.leaf.c
        where = sa.and_(event.kind == kind, event.key == events.key_of(kind, row))
        kept = self._row(schema.event, where)
        said = commitments.commitment(kept["salt"], events.content(kind, row))
        self.connection.execute(sa.update(schema.event).where(where).values(commitment=said))
        of = leaf.event == kept["number"]
        self.connection.execute(sa.update(schema.leaf).where(of).values(hash=merkle.leaf_hash(said)))
        hashes = self.connection.execute(sa.select(leaf.hash).where(leaf.index < 256).order_by(leaf.index)).scalars()
        self.connection.execute(
            sa.update(schema.tile)
            .where(schema.tile.c.index == 0, schema.tile.c.level == 0)
            .values(hashes=b"".join(hashes))
        )


def cut_back(connection: sa.Connection, size: int) -> None:
    """Take the log and all that happened back to a checkpoint, as if nothing had come after it."""
    gone = "SELECT number FROM event LEFT JOIN leaf ON event = number WHERE index IS NULL OR index >= %(size)s"
    for kind in events.KINDS:
        table = schema.metadata.tables[kind]
        key = " || '/' || ".join(f'"{column.name}"::text' for column in table.primary_key)
        own = f"SELECT key FROM event WHERE kind = '{kind}' AND number IN ({gone})"
        connection.exec_driver_sql(f'DELETE FROM "{kind}" WHERE {key} IN ({own})', {"size": size})
    for table, number in (("record", "delivery"), ("refusal", "delivery"), ("subject", "delivery")):
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE {number} NOT IN (SELECT number FROM delivery)")
    connection.exec_driver_sql("DELETE FROM superseded WHERE by_delivery NOT IN (SELECT number FROM delivery)")
    connection.exec_driver_sql("DELETE FROM standing WHERE run NOT IN (SELECT number FROM run)")
    connection.exec_driver_sql(f"DELETE FROM event WHERE number IN ({gone})", {"size": size})
    connection.exec_driver_sql("DELETE FROM leaf WHERE index >= %(size)s", {"size": size})
    connection.exec_driver_sql("DELETE FROM tile WHERE (index + 1) * 256 ^ (level + 1) > %(size)s", {"size": size})
    connection.exec_driver_sql("DELETE FROM held_part WHERE held NOT IN (SELECT number FROM held)")
    connection.exec_driver_sql("DELETE FROM unlinked_content WHERE unlinked NOT IN (SELECT number FROM unlinked)")
    connection.exec_driver_sql("DELETE FROM quiet WHERE run NOT IN (SELECT run FROM increment)")
    for table in ("head", "bucket"):
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE delivery NOT IN (SELECT number FROM delivery)")
    connection.exec_driver_sql("DELETE FROM cosignature WHERE size > %(size)s", {"size": size})
    connection.exec_driver_sql("DELETE FROM checkpoint WHERE size > %(size)s", {"size": size})


@dataclass
class Tally:
    """What came of the edits."""

    edits: int = 0
    found: int = 0
    named: int = 0
    missed: tuple[str, ...] = ()

    def count(self, edit: Edit, found: list[str]) -> None:
        """Count one edit and what was found."""
        self.edits += 1
        self.found += bool(found)
        self.named += edit.named_in(found)
        if not found or not edit.named_in(found):
            self.missed += (f"{edit.what}: {json.dumps(found[:3], ensure_ascii=False)}",)


def attack(target: Target, superuser: str, edits: int, seed: int = 1) -> Tally:
    """Edit so many times at random, verifying after each; every edit is undone."""
    tally = Tally()
    with tampering(target, superuser) as connection:
        adversary = Adversary(connection, seed)
        connection.rollback()
        while tally.edits < edits:
            edit = adversary.edit()
            if edit is not None:
                tally.count(edit, verified(connection, target))
            connection.rollback()
    return tally


def verified(connection: sa.Connection, target: Target) -> list[str]:
    """Return what verification finds in the transaction that is open."""
    return [*problems(connection, target.register, target.outside, [target.key.verifier])]


def cut_at_every_checkpoint(target: Target, superuser: str) -> Tally:
    """Cut the log back to each earlier checkpoint."""
    tally = Tally()
    with tampering(target, superuser) as connection:
        sizes = (
            connection.execute(sa.select(schema.checkpoint.c.size).order_by(schema.checkpoint.c.size)).scalars().all()
        )
        for size in sizes[:-1]:
            cut_back(connection, size)
            tally.count(
                Edit(f"cut back to {size}", "checkpoint", (f"checkpoint {sizes[-1]}",)), verified(connection, target)
            )
            connection.rollback()
    return tally


def restored(target: Target, superuser: str, dsn: str) -> Tally:
    """Restore a backup that was taken before the last checkpoint: a copy of the whole database."""
    tally, old = Tally(), target.outside
    with target.register.engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    target.register.engine.dispose()
    with psycopg.connect(superuser, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}_backup TEMPLATE {name}")
    person = by_identifier(target.register, population(7, 12, 6, UNTIL)["subject"][0])
    assert person
    log_access(target.register, person, "jansen", "clerk", "after the backup", "dossier")
    sequence.sign(target.register, target.key)
    with target.register.engine.connect() as connection:
        _, note = sequence.latest(connection) or (0, "")
    outside = kept_outside(note, [target.key.verifier])
    register = open_register(dsn.replace(f"@/{name}?", f"@/{name}_backup?"))
    for kept, expected in ((outside, "an old backup was restored"), (old, None)):
        with register.engine.connect() as connection:
            found = [*problems(connection, register, kept, [target.key.verifier])]
        if expected:
            tally.count(Edit("an old backup restored", "checkpoint", (f"checkpoint {kept.checkpoint.size}",)), found)
        else:
            assert not found, found
    register.engine.dispose()
    return tally


def main(edits: int) -> int:
    """Run everything; return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dsn = embedded.start(folder / "postgresql")
        superuser = embedded.superuser_dsn(folder / "postgresql")
        try:
            target = make(dsn, folder)
            with tampering(target, superuser) as connection:
                false = verified(connection, target)
            start = time.perf_counter()
            tally = attack(target, superuser, edits)
            seconds = time.perf_counter() - start
            cut, backup = cut_at_every_checkpoint(target, superuser), restored(target, superuser, dsn)
        finally:
            embedded.stop(folder / "postgresql")
    for missed in (*tally.missed, *cut.missed, *backup.missed, *false):
        print(missed)
    print(f"seconds an edit, verified as a whole: {seconds / edits:.2f}")
    print(f"random edits found: {tally.found} (target {tally.edits})")
    print(f"random edits named, table and row: {tally.named} (target {tally.edits})")
    print(f"logs cut back, found and named: {cut.named} (target {cut.edits})")
    print(f"old backups restored, found and named: {backup.named} (target {backup.edits})")
    print(f"problems claimed where there is none: {len(false)} (target 0)")
    return int(bool(tally.missed or cut.missed or backup.missed or false))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
