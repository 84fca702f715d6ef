"""The ledger: world, sources, subjects, deliveries, records, policies, runs, standings and the access log."""

from alembic import op

revision = "0001"
down_revision = None

_NAMES = ("world", "source", "subject", "delivery", "refusal", "record", "policy", "run", "standing", "access")

_TABLES = """
CREATE TABLE world (
    id smallint DEFAULT 1 PRIMARY KEY CHECK (id = 1),
    world text NOT NULL CHECK (world IN ('real', 'synthetic')),
    manifest jsonb,
    catalogue text NOT NULL,
    salt text NOT NULL,
    root text NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now(),
    CHECK ((world = 'synthetic') = (manifest IS NOT NULL))
);
CREATE TABLE source (
    id text PRIMARY KEY,
    definition jsonb NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE subject (
    id bigint PRIMARY KEY,
    number text NOT NULL,
    identifier text NOT NULL UNIQUE,
    is_a text NOT NULL CHECK (is_a IN ('person', 'organisation', 'thing')),
    name text NOT NULL,
    latin text NOT NULL,
    born date,
    publishable boolean NOT NULL CHECK (NOT publishable OR is_a <> 'person'),
    sought text NOT NULL,
    delivery bigint,
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX subject_sought ON subject (sought text_pattern_ops, id) WHERE publishable;
CREATE TABLE delivery (
    number bigint PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    file text NOT NULL,
    received date NOT NULL,
    content text NOT NULL,
    rows bigint NOT NULL,
    accepted bigint NOT NULL,
    repeated bigint NOT NULL,
    refused bigint NOT NULL,
    root text NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, content),
    CONSTRAINT delivery_adds_up CHECK (rows = accepted + repeated + refused)
);
CREATE TABLE refusal (
    delivery bigint,
    fault bigint,
    row bigint NOT NULL,
    field text NOT NULL,
    found text NOT NULL,
    expected text NOT NULL,
    PRIMARY KEY (delivery, fault)
);
CREATE TABLE record (
    delivery bigint,
    row bigint,
    subject_id bigint NOT NULL,
    source text NOT NULL,
    kind text NOT NULL,
    act date NOT NULL,
    decided date,
    final date,
    occurrence text NOT NULL,
    document text NOT NULL,
    authority text NOT NULL,
    basis text NOT NULL,
    attributes jsonb NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (delivery, row),
    UNIQUE (source, document)
);
CREATE INDEX ix_record_subject_id ON record (subject_id);
CREATE TABLE policy (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    version text NOT NULL,
    hash text NOT NULL UNIQUE,
    subjects text[] NOT NULL,
    contents jsonb NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, version)
);
CREATE TABLE run (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy text NOT NULL,
    hash text NOT NULL REFERENCES policy (hash),
    "on" date NOT NULL,
    subjects bigint NOT NULL,
    outcomes jsonb NOT NULL,
    made timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE standing (
    run bigint,
    subject_id bigint,
    outcome text NOT NULL,
    score numeric,
    grade text,
    missing text,
    reason text,
    PRIMARY KEY (run, subject_id)
);
CREATE TABLE access (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_id bigint NOT NULL REFERENCES subject,
    who text NOT NULL CHECK (who <> ''),
    role text NOT NULL CHECK (role <> ''),
    purpose text NOT NULL CHECK (purpose <> ''),
    what text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_access_subject_id ON access (subject_id);
"""

_APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% refused: what is in table % is never changed or removed', TG_OP, TG_TABLE_NAME;
END $$;
"""

_NO_PERSONS = """
CREATE FUNCTION no_persons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM world WHERE world.world = 'synthetic') THEN
        RAISE EXCEPTION 'a register of the real world keeps no persons and no policy on them';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_persons BEFORE INSERT ON subject
    FOR EACH ROW WHEN (NEW.is_a = 'person') EXECUTE FUNCTION no_persons();
CREATE TRIGGER no_persons BEFORE INSERT ON policy
    FOR EACH ROW WHEN ('person' = ANY (NEW.subjects)) EXECUTE FUNCTION no_persons();
"""


def upgrade() -> None:
    """Make the tables and the triggers that keep them append-only and the real world free of persons."""
    op.execute(_TABLES + _APPEND_ONLY + _NO_PERSONS)
    for table in _NAMES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
