"""Who delivers: keys of sources, the notes with which they deliver, and a role that sees only one source's own rows."""

from alembic import op

revision = "0007"
down_revision = "0006"

SOURCE = "goodstanding_source"
"""The role under which a source reads: no table is open to it, only views on what is its own."""

_TABLES = """
CREATE TABLE source_key (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    verifier text NOT NULL UNIQUE,
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE source_key_end (
    key bigint PRIMARY KEY REFERENCES source_key,
    why text NOT NULL CHECK (why <> ''),
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE delivery_note (
    delivery bigint PRIMARY KEY,
    source text NOT NULL,
    sequence bigint NOT NULL,
    note text NOT NULL,
    UNIQUE (source, sequence)
);
"""

# Row-level security on the tables themselves would forbid COPY FROM to the service: views do the same for one reader.
_VIEWS = """
CREATE VIEW own_delivery WITH (security_barrier) AS
    SELECT * FROM delivery WHERE source = current_setting('goodstanding.source', true);
CREATE VIEW own_refusal WITH (security_barrier) AS
    SELECT refusal.delivery, fault, row, field, found, expected FROM refusal
    JOIN delivery ON delivery.number = refusal.delivery
    WHERE delivery.source = current_setting('goodstanding.source', true);
CREATE VIEW own_record WITH (security_barrier) AS
    SELECT * FROM record WHERE source = current_setting('goodstanding.source', true);
"""

_ROLE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SOURCE}') THEN
        CREATE ROLE {SOURCE} NOLOGIN;
        GRANT {SOURCE} TO goodstanding_service;
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO {SOURCE};
GRANT SELECT ON own_delivery, own_refusal, own_record TO {SOURCE};
GRANT SELECT, INSERT ON source_key, source_key_end, delivery_note TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""


def upgrade() -> None:
    """Add keys, notes and views, and let nobody change them."""
    op.execute(_TABLES + _VIEWS + _ROLE)
    for table in ("source_key", "source_key_end", "delivery_note"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
