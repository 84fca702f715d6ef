"""Proof, versions and erasure: a log of all that happens, commitments, corrections, a role that only adds."""

from collections.abc import Mapping, Sequence
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

from goodstanding.proof.commitments import canonical, commitment, salt
from goodstanding.proof.merkle import root
from goodstanding.register.log.commitments import standings_digest

revision = "0002"
down_revision = "0001"

SERVICE = "goodstanding_service"
"""The role under which the service works: it reads and adds, and may change or remove nothing."""

_LOG = """
CREATE TABLE event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    salt bytea NOT NULL,
    commitment bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, key)
);
CREATE TABLE leaf (
    index bigint PRIMARY KEY,
    event bigint NOT NULL UNIQUE,
    hash bytea NOT NULL
);
CREATE TABLE tile (
    level smallint,
    index bigint,
    hashes bytea NOT NULL,
    PRIMARY KEY (level, index)
);
CREATE TABLE map (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    subjects bigint NOT NULL
);
CREATE TABLE checkpoint (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    note text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE head (
    subject_id bigint,
    size bigint,
    items bigint NOT NULL,
    head bytea NOT NULL,
    PRIMARY KEY (subject_id, size)
);
CREATE TABLE bucket (
    prefix integer,
    size bigint,
    subjects bigint NOT NULL,
    root bytea NOT NULL,
    PRIMARY KEY (prefix, size)
);
CREATE TABLE waiting (
    event bigint PRIMARY KEY
);
CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO waiting SELECT number FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER waits AFTER INSERT ON event
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION waits();
"""

_VERSIONS = """
CREATE TABLE superseded (
    delivery bigint,
    row bigint,
    by_delivery bigint NOT NULL,
    by_row bigint NOT NULL,
    PRIMARY KEY (delivery, row)
);
CREATE INDEX ix_superseded_by_delivery ON superseded (by_delivery);
ALTER TABLE record
    ADD version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    ADD state text NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'withdrawn')),
    ADD salt bytea,
    ADD commitment bytea,
    ALTER kind DROP NOT NULL,
    ALTER act DROP NOT NULL,
    ALTER occurrence DROP NOT NULL,
    ALTER document DROP NOT NULL,
    ALTER authority DROP NOT NULL,
    ALTER basis DROP NOT NULL,
    ALTER attributes DROP NOT NULL,
    ALTER digest DROP NOT NULL,
    DROP CONSTRAINT record_source_document_key,
    ADD UNIQUE (source, document, version);
"""

_ERASURE = """
CREATE TABLE erasure (
    delivery bigint,
    row bigint,
    subject_id bigint NOT NULL,
    clause text NOT NULL CHECK (clause <> ''),
    repeats bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (delivery, row)
);
CREATE INDEX ix_erasure_repeats ON erasure (repeats);
CREATE INDEX ix_erasure_subject_id ON erasure (subject_id);
CREATE FUNCTION only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind IS NULL AND NEW.act IS NULL AND NEW.decided IS NULL AND NEW.final IS NULL AND NEW.occurrence IS NULL
        AND NEW.document IS NULL AND NEW.authority IS NULL AND NEW.basis IS NULL AND NEW.attributes IS NULL
        AND NEW.digest IS NULL AND NEW.salt IS NULL
        AND (NEW.delivery, NEW.row, NEW.subject_id, NEW.source, NEW.version, NEW.state, NEW.commitment)
            = (OLD.delivery, OLD.row, OLD.subject_id, OLD.source, OLD.version, OLD.state, OLD.commitment)
        AND EXISTS (SELECT FROM erasure WHERE delivery = OLD.delivery AND erasure.row = OLD.row)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'UPDATE refused: what is in table record is never changed or removed';
END $$;
CREATE FUNCTION erase(of_delivery bigint, of_row bigint, under text, to_know bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO erasure (delivery, row, subject_id, clause, repeats)
        SELECT delivery, record.row, subject_id, under, to_know FROM record
        WHERE delivery = of_delivery AND record.row = of_row
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE record SET kind = NULL, act = NULL, decided = NULL, final = NULL, occurrence = NULL, document = NULL,
        authority = NULL, basis = NULL, attributes = NULL, digest = NULL, salt = NULL
        WHERE delivery = of_delivery AND record.row = of_row;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION erase FROM PUBLIC;
"""

_COMMITMENTS = """
ALTER TABLE subject ADD salt bytea, ADD commitment bytea;
ALTER TABLE refusal ADD salt bytea, ADD commitment bytea;
ALTER TABLE delivery ADD records_root bytea, ADD subjects_root bytea, ADD refusals_root bytea;
ALTER TABLE run ADD standings_digest bytea;
ALTER TABLE world ADD origin text, ADD subjects_root bytea;
CREATE TABLE log_key (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    verifier text NOT NULL UNIQUE,
    known_on timestamptz NOT NULL DEFAULT now()
);
"""

_COMMITTED = """
ALTER TABLE record ALTER commitment SET NOT NULL;
ALTER TABLE subject ALTER salt SET NOT NULL, ALTER commitment SET NOT NULL;
ALTER TABLE refusal ALTER salt SET NOT NULL, ALTER commitment SET NOT NULL;
ALTER TABLE delivery ALTER records_root SET NOT NULL, ALTER subjects_root SET NOT NULL,
    ALTER refusals_root SET NOT NULL, DROP root;
ALTER TABLE run ALTER standings_digest SET NOT NULL, ALTER number SET GENERATED BY DEFAULT;
ALTER TABLE world ALTER origin SET NOT NULL, ALTER subjects_root SET NOT NULL, DROP root;
"""

_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE}') THEN
        CREATE ROLE {SERVICE} NOLOGIN;
        EXECUTE format('GRANT {SERVICE} TO %I', current_user);
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO {SERVICE};
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {SERVICE};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {SERVICE};
GRANT DELETE ON waiting TO {SERVICE};
GRANT EXECUTE ON FUNCTION erase TO {SERVICE};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO {SERVICE};
"""

_NEW = ("event", "leaf", "tile", "map", "checkpoint", "head", "bucket", "superseded", "erasure", "log_key")
_EVENTS = {"world": "id", "source": "id", "delivery": "number", "policy": "number", "run": "number", "access": "number"}
_SUBJECT = ("number", "identifier", "is_a", "name", "latin", "born", "publishable")
_REFUSAL = ("row", "field", "found", "expected")


def upgrade() -> None:
    """Add the log and its tables, commit to what is there already, and let the service only add."""
    connection = op.get_bind()
    op.execute(_LOG + _VERSIONS + _ERASURE + _COMMITMENTS)
    op.execute("DROP TRIGGER append_only ON record")
    changed = ("world", "subject", "refusal", "delivery", "run")
    for table in changed:
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    _commit(connection)
    op.execute(_COMMITTED)
    for table in changed:
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    _log(connection)
    _protect()


def _commit(connection: Connection) -> None:
    """Give rows that are there their commitments, and what holds them together its roots."""
    connection.execute(text("UPDATE record SET salt = uuid_send(gen_random_uuid())"))
    connection.execute(text("UPDATE record SET commitment = sha256('\\x00'::bytea || salt || digest)"))
    for table, key, columns in (("subject", ("id",), _SUBJECT), ("refusal", ("delivery", "fault"), _REFUSAL)):
        rows = connection.execute(text(f"SELECT {', '.join((*key, *columns))} FROM {table}"))  # noqa: S608
        where = " AND ".join(f"{name} = :{name}" for name in key)
        update = text(f"UPDATE {table} SET salt = :salt, commitment = :commitment WHERE {where}")  # noqa: S608
        for row in rows.mappings().all():
            own = salt()
            said = commitment(own, _line(dict(row), columns))
            connection.execute(update, {name: row[name] for name in key} | {"salt": own, "commitment": said})
    connection.execute(text("UPDATE world SET origin = 'goodstanding-' || left(root, 16), subjects_root = :root"), {
        "root": root(_commitments(connection, "subject WHERE delivery IS NULL ORDER BY id"))})  # fmt: skip
    for number in connection.execute(text("SELECT number FROM delivery ORDER BY number")).scalars().all():
        orders = {"records": "record", "subjects": "subject", "refusals": "refusal"}
        keys = {"record": "row", "subject": "id", "refusal": "fault"}
        roots = {
            name: root(_commitments(connection, f"{table} WHERE delivery = {number} ORDER BY {keys[table]}"))
            for name, table in orders.items()
        }
        connection.execute(
            text(
                "UPDATE delivery SET records_root = :records, subjects_root = :subjects, refusals_root = :refusals "
                "WHERE number = :number"
            ),
            roots | {"number": number},
        )
    for run in connection.execute(text("SELECT number FROM run")).scalars().all():
        digest = standings_digest(connection, run)
        update = text("UPDATE run SET standings_digest = :digest WHERE number = :run")
        connection.execute(update, {"digest": digest, "run": run})


def _line(row: Mapping[str, Any], columns: Sequence[str]) -> bytes:
    """Return what `register.commitments.lines` makes of a row."""
    cells = {name: str(row[name]).lower() if isinstance(row[name], bool) else row[name] for name in sorted(columns)}
    return "\x1f".join(f"{name}={cell}" for name, cell in cells.items() if cell is not None).encode()


def _commitments(connection: Connection, rows: str) -> list[bytes]:
    return [bytes(one) for one in connection.execute(text(f"SELECT commitment FROM {rows}")).scalars()]  # noqa: S608


def _log(connection: Connection) -> None:
    """Write an event for every row that is an event, in the order of their kinds."""
    for table, key in _EVENTS.items():
        for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}")).mappings().all():  # noqa: S608
            own, said = salt(), canonical({"event": table, "row": dict(row)})
            connection.execute(
                text("INSERT INTO event (kind, key, salt, commitment) VALUES (:kind, :key, :salt, :commitment)"),
                {"kind": table, "key": str(row[key]), "salt": own, "commitment": commitment(own, said)},
            )


def _protect() -> None:
    """Refuse changes of the new tables, those of records but for what is erased, and let the service only add."""
    for table in _NEW:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(
        "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON record "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )
    op.execute("CREATE TRIGGER only_erased BEFORE UPDATE ON record FOR EACH ROW EXECUTE FUNCTION only_erased()")
    op.execute(_ROLE)
