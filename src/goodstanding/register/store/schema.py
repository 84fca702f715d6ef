"""The tables of a register, as the code reads and writes them; `migrations` makes them.

Every table but `waiting` is append-only: the service's role may only add, and a trigger refuses UPDATE, DELETE and
TRUNCATE, whoever asks, but that the function `erase` empties a record. Whoever takes the trigger away is found by
`verification`. Days are calendar days without a time zone; `known_on`, `made` and `at` are the clock of the database,
with a time zone.

The log is `event` (one for each row of a kind of `events.KINDS`), `leaf` (the order in which they stand), `map` (the
root over all dossiers), `checkpoint` (signed) and `cosignature` (no event: a witness signed it). `tile`, `head`,
`bucket` and `waiting` follow from these and the records, and can be made again.

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
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

REVISION = "0022"
"""The migration that makes these tables; higher numbers are later."""

REVISION_TABLE = "register_revision"

metadata = MetaData()


def _committed() -> tuple[Column[bytes], Column[bytes]]:
    return Column("salt", LargeBinary, nullable=False), Column("commitment", LargeBinary, nullable=False)


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
    _clock("known_on"),
    _text("origin"),
    Column("subjects_root", LargeBinary, nullable=False, doc="over the commitments of those it was founded with"),
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
    Column("born", Date, doc="of an organisation: the day on which it was founded"),
    Column("seat", Text, CheckConstraint("seat IS NULL OR publishable"), doc="where it is, as it was first told"),
    Column("publishable", Boolean, CheckConstraint("NOT publishable OR is_a <> 'person'"), nullable=False),
    Column("sought", Text, nullable=False, doc="name and latin without case and accents"),
    Column("delivery", BigInteger, doc="that brought it; none: the founding"),
    _clock("known_on"),
    *_committed(),
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
    _clock("known_on"),
    Column("records_root", LargeBinary, nullable=False, doc="over the commitments of its records in order of row"),
    Column("subjects_root", LargeBinary, nullable=False, doc="over those of the subjects that it brought, by id"),
    Column("refusals_root", LargeBinary, nullable=False, doc="over those of its refusals, by fault"),
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
    *_committed(),
)

record = Table(
    "record",
    metadata,
    Column("delivery", BigInteger, primary_key=True),
    Column("row", BigInteger, primary_key=True),
    Column("subject_id", BigInteger, nullable=False, index=True),
    _text("source"),
    Column("kind", Text, doc="none, and nothing of what follows: erased, or withdrawn"),
    *(Column(name, Date) for name in ("act", "decided", "final")),
    *(Column(name, Text) for name in ("occurrence", "document", "authority", "basis")),
    Column("attributes", JSONB, doc="numbers in whole units of the catalogue's scale"),
    Column("digest", LargeBinary),
    Column("version", Integer, nullable=False, server_default="1", doc="of the document, as its source counts them"),
    Column("state", Text, CheckConstraint("state IN ('valid', 'withdrawn')"), nullable=False, server_default="valid"),
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
    UniqueConstraint("source", "document", "version"),
)

superseded = Table(
    "superseded",
    metadata,
    *(Column(name, BigInteger, primary_key=True) for name in ("delivery", "row")),
    Column("by_delivery", BigInteger, nullable=False, index=True),
    Column("by_row", BigInteger, nullable=False),
)

erasure = Table(
    "erasure",
    metadata,
    *(Column(name, BigInteger, primary_key=True) for name in ("delivery", "row")),
    Column("subject_id", BigInteger, nullable=False, index=True),
    Column("clause", Text, CheckConstraint("clause <> ''"), nullable=False),
    Column("repeats", LargeBinary, nullable=False, index=True, doc="how the document is known when it comes again"),
    _clock("at"),
    Column("number", BigInteger, Identity(always=True), unique=True, doc="the order in which they were erased"),
    Column(
        "on", Date, nullable=False, doc="the first day on which the register no longer keeps it, by its own calendar"
    ),
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
    Column("number", BigInteger, Identity(), primary_key=True),
    _text("policy"),
    Column("hash", Text, ForeignKey("policy.hash"), nullable=False),
    Column("on", Date, nullable=False),
    Column("subjects", BigInteger, nullable=False),
    Column("outcomes", JSONB, nullable=False),
    _clock("made"),
    Column("standings_digest", LargeBinary, nullable=False),
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
    *(
        Column(name, Text, CheckConstraint(f"{name} <> ''"), doc="none: forgotten")
        for name in ("who", "role", "purpose")
    ),
    Column("what", Text),
    _clock("at"),
)
Index("ix_access_at", access.c.at, postgresql_where=access.c.who.is_not(None))

access_erasure = Table(
    "access_erasure",
    metadata,
    Column("access", BigInteger, ForeignKey("access.number"), primary_key=True, autoincrement=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("looked", DateTime(timezone=True), nullable=False, doc="when, as the look itself says"),
    Column("clause", Text, CheckConstraint("clause <> ''"), nullable=False),
    Column("on", Date, nullable=False, doc="the first day on which the register no longer keeps it, in UTC"),
    _clock("at"),
)

event = Table(
    "event",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False, doc="the table of the row that happened"),
    Column("key", Text, nullable=False, doc="its primary key"),
    *_committed(),
    _clock("at"),
    UniqueConstraint("kind", "key"),
)

waiting = Table("waiting", metadata, Column("event", BigInteger, primary_key=True, doc="that is no leaf yet"))

leaf = Table(
    "leaf",
    metadata,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("event", BigInteger, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)

tile = Table(
    "tile",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("index", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False, doc="256 of them"),
)

map_ = Table(
    "map",
    metadata,
    Column("size", BigInteger, primary_key=True, doc="of the log before this map's own leaf"),
    Column("root", LargeBinary, nullable=False),
    Column("subjects", BigInteger, nullable=False),
    Column("salt", LargeBinary, nullable=False, doc="what the keys of subjects in the map are mixed with"),
    Column("events_digest", LargeBinary, nullable=False, doc="of the events that became leaves since the last map"),
    Column("records_digest", LargeBinary, nullable=False, doc="of the places and versions of the records among them"),
    Column("superseded_digest", LargeBinary, nullable=False, doc="of what these deliveries superseded"),
    _clock("made"),
)

head = Table(
    "head",
    metadata,
    Column("key", LargeBinary, primary_key=True, doc="of the subject in the map; its first two bytes are its bucket"),
    Column("delivery", BigInteger, primary_key=True, doc="the last one under the map in which it stands first"),
    Column("subject_id", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
)

bucket = Table(
    "bucket",
    metadata,
    Column("delivery", BigInteger, primary_key=True, doc="as of a head"),
    Column("prefix", Integer, primary_key=True),
    Column("subjects", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    _text("note"),
    _clock("at"),
)

cosignature = Table(
    "cosignature",
    metadata,
    Column("size", BigInteger, ForeignKey("checkpoint.size"), primary_key=True, autoincrement=False),
    Column("verifier", Text, primary_key=True, doc="of the witness"),
    Column("line", Text, nullable=False, doc="as it stands under the checkpoint"),
)

log_key = Table(
    "log_key",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("verifier", Text, nullable=False, unique=True),
    _clock("known_on"),
)

envelope = Table(
    "envelope",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), nullable=False, index=True),
    Column("master", Text, nullable=False, doc="which master key opens it"),
    Column("sealed", LargeBinary, nullable=False, doc="SHA-256 of the wrapped key"),
    _clock("known_on"),
)

envelope_key = Table(
    "envelope_key",
    metadata,
    Column("envelope", BigInteger, ForeignKey("envelope.number"), primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False, doc="the subject's key, under the master key"),
)

document = Table(
    "document",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("envelope", BigInteger, ForeignKey("envelope.number"), nullable=False, index=True),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), nullable=False, index=True),
    Column("size", BigInteger, CheckConstraint("size > 0"), nullable=False, doc="bytes of its content"),
    Column("parts", Integer, CheckConstraint("parts > 0"), nullable=False),
    Column("basis", Text, CheckConstraint("basis <> ''"), nullable=False),
    Column(
        "commitment", LargeBinary, nullable=False, doc="to the SHA-256 of its content; the salt is destroyed with it"
    ),
    Column("sealed", LargeBinary, nullable=False, doc="SHA-256 of all that is stored of it, encrypted"),
    _clock("known_on"),
)

resealing = Table(
    "resealing",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("envelope", BigInteger, ForeignKey("envelope.number"), nullable=False, index=True),
    Column("master", Text, nullable=False, doc="which master key opens it from now on"),
    Column("sealed", LargeBinary, nullable=False, doc="SHA-256 of the key as it is wrapped from now on"),
    _clock("at"),
)
document_key = Table(
    "document_key",
    metadata,
    Column("document", BigInteger, ForeignKey("document.number"), primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False, doc="its key, under the subject's"),
    Column("about", LargeBinary, nullable=False, doc="title, hash of the content and salt, encrypted"),
    Column("name", LargeBinary, nullable=False, unique=True, doc="the content's hash, keyed: it is kept once"),
)

document_part = Table(
    "document_part",
    metadata,
    Column("document", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False, doc="encrypted"),
)

document_erasure = Table(
    "document_erasure",
    metadata,
    Column("document", BigInteger, ForeignKey("document.number"), primary_key=True, autoincrement=False),
    Column("clause", Text, CheckConstraint("clause <> ''"), nullable=False),
    Column("on", Date, nullable=False),
    _clock("at"),
)

source_key = Table(
    "source_key",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    Column("verifier", Text, nullable=False, unique=True),
    _clock("known_on"),
)

source_key_end = Table(
    "source_key_end",
    metadata,
    Column("key", BigInteger, ForeignKey("source_key.number"), primary_key=True, autoincrement=False),
    Column("why", Text, CheckConstraint("why <> ''"), nullable=False),
    _clock("known_on"),
)

delivery_note = Table(
    "delivery_note",
    metadata,
    Column("delivery", BigInteger, primary_key=True, autoincrement=False),
    _text("source"),
    Column("sequence", BigInteger, nullable=False, doc="of the source's own counting"),
    _text("note"),
    UniqueConstraint("source", "sequence"),
)

contract = Table(
    "contract",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    Column("terms", JSONB, nullable=False, doc="what deliveries that come from now on are held to"),
    _clock("known_on"),
)

held = Table(
    "held",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    _text("file"),
    Column("suffix", Text, nullable=False, doc="of the file, by which it is read"),
    Column("content", Text, nullable=False, doc="SHA-256 of the file"),
    Column("received", Date, nullable=False, doc="the day of receipt, as it was said"),
    Column("rows", BigInteger, nullable=False),
    Column("terms", JSONB, nullable=False, doc="of the contract by which it was judged"),
    Column("breaches", JSONB, nullable=False, doc="what it does not keep: measure, found, expected"),
    Column("sequence", BigInteger, doc="of its note"),
    Column("note", Text, doc="that came with it, and was in order then"),
    _clock("known_on"),
    UniqueConstraint("source", "content"),
    UniqueConstraint("source", "sequence"),
)

held_part = Table(
    "held_part",
    metadata,
    Column("held", BigInteger, ForeignKey("held.number"), primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False, doc="of the file; removed when it is decided"),
)

held_decision = Table(
    "held_decision",
    metadata,
    Column("held", BigInteger, ForeignKey("held.number"), primary_key=True, autoincrement=False),
    Column("decision", Text, CheckConstraint("decision IN ('released', 'rejected')"), nullable=False),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    Column("delivery", BigInteger, ForeignKey("delivery.number"), unique=True, doc="that it became; none: rejected"),
    _clock("at"),
    CheckConstraint("(delivery IS NULL) = (decision = 'rejected')", name="released_is_delivered"),
)

model = Table(
    "model",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("version", Text, nullable=False, doc="of the linkage model: SHA-256 over all that decides a weight"),
    Column("settings", Text, nullable=False, doc="its model.json"),
    *(Column(name, LargeBinary, nullable=False, doc="Parquet") for name in ("frequencies", "crowds")),
    Column("threshold", Numeric(8, 3), nullable=False, doc="bits from which a link is made without a person"),
    Column("margin", Numeric(8, 3), CheckConstraint("margin >= 0"), nullable=False, doc="bits before the second one"),
    Column("by", Text, CheckConstraint("by <> ''"), nullable=False),
    _clock("at"),
)

model_source = Table(
    "model_source",
    metadata,
    Column("model", BigInteger, ForeignKey("model.number"), primary_key=True, autoincrement=False),
    Column("source", Text, ForeignKey("source.id"), nullable=False, doc="for which alone it is in force"),
)

search = Table(
    "search",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("model", BigInteger, ForeignKey("model.number"), nullable=False, index=True),
    Column("last_case", BigInteger, nullable=False, doc="all cases that waited up to this one were looked for"),
    Column("last_subject", BigInteger, nullable=False, doc="among all subjects up to this one"),
    _clock("at"),
)

unlinked = Table(
    "unlinked",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery", BigInteger, ForeignKey("delivery.number"), nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    *(_text(name) for name in ("kind", "document")),
    Column("content", Text, nullable=False, doc="SHA-256 of what came"),
    _clock("known_on"),
    UniqueConstraint("delivery", "row"),
)

unlinked_content = Table(
    "unlinked_content",
    metadata,
    Column("unlinked", BigInteger, ForeignKey("unlinked.number"), primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False, doc="the cells that came, as JSON; removed when it is decided"),
)

candidate = Table(
    "candidate",
    metadata,
    Column("unlinked", BigInteger, ForeignKey("unlinked.number"), primary_key=True, autoincrement=False),
    Column("model", BigInteger, ForeignKey("model.number"), primary_key=True, autoincrement=False),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), primary_key=True, autoincrement=False),
    Column("weight", Numeric(8, 3), nullable=False, doc="bits"),
    Column("probability", Numeric(7, 6), nullable=False),
    _clock("at"),
)

link_decision = Table(
    "link_decision",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("unlinked", BigInteger, ForeignKey("unlinked.number"), nullable=False),
    Column("decision", Text, CheckConstraint("decision IN ('same', 'new', 'refused', 'undone')"), nullable=False),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), doc="whom it is about, or was said to be about"),
    Column("evidence", JSONB, nullable=False, doc="what spoke for it and against it, by the model: comparison, bits"),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    Column("delivery", BigInteger, ForeignKey("delivery.number"), unique=True, doc="that it became; none: refused"),
    _clock("at"),
    CheckConstraint("(delivery IS NULL) = (decision = 'refused')", name="refused_is_not_delivered"),
    CheckConstraint("(subject_id IS NULL) = (decision = 'refused')", name="refused_is_about_nobody"),
)
Index("decided_once", link_decision.c.unlinked, text("(decision = 'undone')"), unique=True)

not_about = Table(
    "not_about",
    metadata,
    Column("unlinked", BigInteger, ForeignKey("unlinked.number"), primary_key=True, autoincrement=False),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), primary_key=True, autoincrement=False),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    _clock("at"),
)

claim = Table(
    "claim",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    *(
        Column(name, BigInteger, nullable=False, doc="of the record of which it is said")
        for name in ("delivery", "row")
    ),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), nullable=False, index=True),
    Column("repeats", LargeBinary, nullable=False, index=True, doc="how the document is known when it comes again"),
    Column("about", Boolean, nullable=False, doc="that the record is about the subject; else that it is not"),
    Column("own", Boolean, nullable=False, doc="the word of the subject itself"),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    Column("entered", BigInteger, ForeignKey("delivery.number"), unique=True, doc="that withdrew or brought it back"),
    _clock("at"),
    CheckConstraint("NOT (about AND own)", name="nobody_owns"),
)

second = Table(
    "second",
    metadata,
    Column("unlinked", BigInteger, ForeignKey("unlinked.number"), primary_key=True, autoincrement=False),
    Column("until", Date, nullable=False, doc="the last day on which what came is kept for it"),
    _clock("at"),
)

second_reading = Table(
    "second_reading",
    metadata,
    Column("unlinked", BigInteger, ForeignKey("second.unlinked"), primary_key=True, autoincrement=False),
    Column("reader", Text, CheckConstraint("reader <> ''"), nullable=False),
    Column("answer", Text, CheckConstraint("answer IN ('same', 'new', 'refused')"), nullable=False),
    Column("subject_id", BigInteger, ForeignKey("subject.id"), doc="whom it is about, by the second reader"),
    Column("agrees", Boolean, nullable=False, doc="with what was decided first"),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    _clock("at"),
    CheckConstraint("(subject_id IS NULL) = (answer <> 'same')", name="same_is_about_somebody"),
)

second_end = Table(
    "second_end",
    metadata,
    Column("unlinked", BigInteger, ForeignKey("second_reading.unlinked"), primary_key=True, autoincrement=False),
    Column("stands", Boolean, nullable=False, doc="whether the first decision stands"),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    _clock("at"),
)

sampled = Table(
    "sampled",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, ForeignKey("source.id"), nullable=False, index=True),
    Column("model", Text, nullable=False, doc="version of the model by which it was linked, or not"),
    Column("left", Text, nullable=False, doc="the record that a source delivered"),
    Column("right", Text, doc="the subject that it may be about; none: a record without any link"),
    Column("side", Text, CheckConstraint("side IN ('linked', 'below', 'alone')"), nullable=False),
    Column("band", SmallInteger, nullable=False, doc="of weight, within its side"),
    Column("script", Text, nullable=False, doc="of the name that was delivered"),
    Column("age", Text, nullable=False, doc="band of the organisation's age"),
    Column("members", BigInteger, CheckConstraint("members > 0"), nullable=False, doc="how many its stratum has"),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    _clock("at"),
    CheckConstraint("""("right" IS NULL) = (side = 'alone')""", name="alone_has_no_other"),
)

reading = Table(
    "reading",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("sampled", BigInteger, ForeignKey("sampled.number"), nullable=False, index=True),
    Column("reader", Text, CheckConstraint("reader <> ''"), nullable=False),
    Column("answer", Text, CheckConstraint("answer IN ('same', 'different', 'unsure')"), nullable=False),
    _clock("at"),
)

quality = Table(
    "quality",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, ForeignKey("source.id"), nullable=False, index=True),
    _text("model"),
    Column("group", Text, doc="'script:...' or 'age:...'; none: all that the source delivered"),
    Column("measure", Text, CheckConstraint("measure IN ('precision', 'recall', 'f1')"), nullable=False),
    *(Column(name, BigInteger, doc="in millionths; none: not known") for name in ("value", "low", "high")),
    Column("answers", BigInteger, nullable=False, doc="on how many it rests"),
    Column("members", BigInteger, nullable=False, doc="how many pairs and records alone it speaks of"),
    Column("readings", BigInteger, nullable=False, doc="the last reading that it knew"),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    _clock("at"),
    CheckConstraint("(value IS NULL) = (low IS NULL) AND (value IS NULL) = (high IS NULL)", name="known_whole"),
)

pause = Table(
    "pause",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("source", Text, ForeignKey("source.id"), nullable=False, index=True),
    Column("paused", Boolean, nullable=False, doc="else resumed"),
    Column("quality", BigInteger, ForeignKey("quality.number"), doc="the precision for which; none: a person decided"),
    Column("limit", BigInteger, nullable=False, doc="that precision is held to, in millionths"),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), doc="of a person") for name in ("by", "reason")),
    Column("on", Date, nullable=False, doc="the day, by the register's own calendar"),
    _clock("at"),
    CheckConstraint("quality IS NOT NULL OR by IS NOT NULL AND reason IS NOT NULL", name="paused_for_something"),
)

effect = Table(
    "effect",
    metadata,
    Column("key", Text, primary_key=True, doc="what was done, once, in the transaction that did it"),
    _clock("at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False, unique=True, doc="by which a receiver knows a message that comes again"),
    _text("kind"),
    Column("message", JSONB, nullable=False),
    _clock("at"),
)

sent = Table(
    "sent",
    metadata,
    Column("number", BigInteger, ForeignKey("outbox.number"), primary_key=True, autoincrement=False),
    _text("receiver"),
    _clock("at"),
)

receiver = Table(
    "receiver",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, CheckConstraint("name <> ''"), nullable=False, unique=True),
    Column("address", Text, CheckConstraint("address <> ''"), nullable=False),
    Column("policy", Text, doc="whose standings it is given; none: it is given records"),
    Column("kinds", ARRAY(Text), nullable=False, doc="of the records that it is given, or that its standings rest on"),
    Column("since", Date, nullable=False),
    _clock("known_on"),
)

receiver_end = Table(
    "receiver_end",
    metadata,
    Column("receiver", BigInteger, ForeignKey("receiver.number"), primary_key=True, autoincrement=False),
    Column("until", Date, nullable=False, doc="the first day on which it is given nothing any more"),
    Column("why", Text, CheckConstraint("why <> ''"), nullable=False),
    _clock("known_on"),
)

told = Table(
    "told",
    metadata,
    Column("message", BigInteger, ForeignKey("outbox.number"), primary_key=True, autoincrement=False),
    Column("receiver", BigInteger, ForeignKey("receiver.number"), nullable=False),
    Column("due", Date, nullable=False, doc="the last working day for its answer"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("message", BigInteger, ForeignKey("told.message"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False, doc="failed attempts are numbered from 1"),
    _text("why"),
    _clock("at"),
)

answer = Table(
    "answer",
    metadata,
    Column("message", BigInteger, ForeignKey("told.message"), primary_key=True, autoincrement=False),
    Column("answer", Text, CheckConstraint("answer <> ''"), nullable=False),
    _clock("at"),
)

increment = Table(
    "increment",
    metadata,
    Column("run", BigInteger, ForeignKey("run.number"), primary_key=True, autoincrement=False),
    Column(
        "previous", BigInteger, ForeignKey("run.number"), doc="whose standings it carried over; none: everybody scored"
    ),
    Column("deliveries", BigInteger, nullable=False, doc="the last delivery that it knew"),
    Column("erasures", BigInteger, nullable=False, doc="the last erasure that it knew"),
    Column("scored", BigInteger, nullable=False, doc="how many subjects were worked out again"),
    Column("quiet_digest", LargeBinary, nullable=False, doc="SHA-256 over the rows of `quiet` of this run"),
)

quiet = Table(
    "quiet",
    metadata,
    Column("subject_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("until", Date, doc="the first day on which the standing of this run may change by itself; none: never"),
)

same = Table(
    "same",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "kept", BigInteger, ForeignKey("subject.id"), nullable=False, index=True, doc="leads on, where it is merged"
    ),
    Column("merged", BigInteger, ForeignKey("subject.id"), nullable=False, index=True),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    Column("act", Text, CheckConstraint("act <> ''"), doc="of the authority that gave one person both numbers"),
    Column("despite", ARRAY(BigInteger), nullable=False, doc="what `different` says against it: then it is an alarm"),
    _clock("at"),
    CheckConstraint("merged <> kept"),
)

apart = Table(
    "apart",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("same", BigInteger, ForeignKey("same.number"), nullable=False, unique=True, doc="that it undoes"),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    _clock("at"),
)

different = Table(
    "different",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("a", BigInteger, ForeignKey("subject.id"), nullable=False),
    Column("b", BigInteger, ForeignKey("subject.id"), nullable=False, index=True, doc="entered after a"),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    _clock("at"),
    CheckConstraint("a < b"),
)
Index("ix_different_a", different.c.a, different.c.b)

different_end = Table(
    "different_end",
    metadata,
    Column("different", BigInteger, ForeignKey("different.number"), primary_key=True, autoincrement=False),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    _clock("at"),
)

alarm_end = Table(
    "alarm_end",
    metadata,
    Column("same", BigInteger, ForeignKey("same.number"), primary_key=True, autoincrement=False),
    *(Column(name, Text, CheckConstraint(f"{name} <> ''"), nullable=False) for name in ("by", "reason")),
    _clock("at"),
)

increment_merge = Table(
    "increment_merge",
    metadata,
    Column("run", BigInteger, ForeignKey("increment.run"), primary_key=True, autoincrement=False),
    Column("same", BigInteger, nullable=False, doc="the last merge that it knew"),
    Column("apart", BigInteger, nullable=False, doc="the last split that it knew"),
)
