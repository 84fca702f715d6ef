"""The tables of a register, as the code reads and writes them; `migrations` makes them.

Every table is append-only: a trigger refuses UPDATE, DELETE and TRUNCATE, whoever asks. Its owner can still take the
trigger away, until owner and writer become separate roles; `verification` then finds what was changed. Days are
calendar days without a time zone; `known_on`, `made` and `at` are the clock of the database, with a time zone.

The bulk tables (record, refusal, standing) have no foreign keys, which would double the time of a large delivery:
what they refer to cannot go away, and `verification` looks for rows without it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

REVISION = "0001"
"""The migration that makes these tables; higher numbers are later."""

REVISION_TABLE = "register_revision"

metadata = MetaData()


def _clock(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


world = Table(
    "world",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1"), primary_key=True, server_default="1"),
    Column("world", Text, CheckConstraint("world IN ('real', 'synthetic')"), nullable=False),
    Column("manifest", JSONB(none_as_null=True), doc="what makes a synthetic world again"),
    Column("catalogue", Text, nullable=False, doc="digest of the kinds that may be recorded"),
    Column("salt", Text, nullable=False, doc="what public numbers are mixed with"),
    Column("root", Text, nullable=False, doc="the first link of the chain of deliveries"),
    _clock("known_on"),
)

source = Table(
    "source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("definition", JSONB, nullable=False),
    _clock("known_on"),
)

subject = Table(
    "subject",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False, doc="made from the id, and found by it"),
    Column("identifier", Text, nullable=False, unique=True),
    Column("is_a", Text, CheckConstraint("is_a IN ('person', 'organisation', 'thing')"), nullable=False),
    Column("name", Text, nullable=False),
    Column("latin", Text, nullable=False),
    Column("born", Date),
    Column("publishable", Boolean, CheckConstraint("NOT publishable OR is_a <> 'person'"), nullable=False),
    Column("sought", Text, nullable=False, doc="name and latin without case and accents"),
    Column("delivery", BigInteger, doc="that brought it; none: the founding"),
    _clock("known_on"),
)
Index(
    "subject_sought",
    subject.c.sought,
    subject.c.id,
    postgresql_ops={"sought": "text_pattern_ops"},
    postgresql_where=subject.c.publishable,
)

delivery = Table(
    "delivery",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    _text("file"),
    Column("received", Date, nullable=False, doc="the day of receipt, as it was said"),
    Column("content", Text, nullable=False, doc="SHA-256 of the file"),
    *(Column(name, BigInteger, nullable=False) for name in ("rows", "accepted", "repeated", "refused")),
    Column("root", Text, nullable=False, doc="SHA-256 over the root before it and all of this delivery"),
    _clock("known_on"),
    UniqueConstraint("source", "content"),
    CheckConstraint("rows = accepted + repeated + refused", name="delivery_adds_up"),
)

refusal = Table(
    "refusal",
    metadata,
    Column("delivery", BigInteger, primary_key=True),
    Column("fault", BigInteger, primary_key=True, doc="faults of a delivery are numbered from 1"),
    Column("row", BigInteger, nullable=False),
    *(_text(name) for name in ("field", "found", "expected")),
)

record = Table(
    "record",
    metadata,
    Column("delivery", BigInteger, primary_key=True),
    Column("row", BigInteger, primary_key=True),
    Column("subject_id", BigInteger, nullable=False, index=True),
    *(_text(name) for name in ("source", "kind")),
    Column("act", Date, nullable=False),
    *(Column(name, Date) for name in ("decided", "final")),
    *(_text(name) for name in ("occurrence", "document", "authority", "basis")),
    Column("attributes", JSONB, nullable=False, doc="numbers in whole units of the catalogue's scale"),
    Column("digest", LargeBinary, nullable=False),
    UniqueConstraint("source", "document"),
)

policy = Table(
    "policy",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    *(_text(name) for name in ("id", "version")),
    Column("hash", Text, nullable=False, unique=True),
    Column("subjects", ARRAY(Text), nullable=False),
    Column("contents", JSONB, nullable=False, doc="its files, name to text"),
    _clock("known_on"),
    UniqueConstraint("id", "version"),
)

run = Table(
    "run",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    _text("policy"),
    Column("hash", Text, ForeignKey("policy.hash"), nullable=False),
    Column("on", Date, nullable=False),
    Column("subjects", BigInteger, nullable=False),
    Column("outcomes", JSONB, nullable=False),
    _clock("made"),
)

standing = Table(
    "standing",
    metadata,
    Column("run", BigInteger, primary_key=True),
    Column("subject_id", BigInteger, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("score", Numeric),
    *(Column(name, Text) for name in ("grade", "missing", "reason")),
)

access = Table(
    "access",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), nullable=False, index=True),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("who", "role", "purpose")),
    _text("what"),
    _clock("at"),
)
