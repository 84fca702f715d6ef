"""Quality of linkage: what people are asked to read, what they answered, what follows, which sources pause for it."""

from alembic import op

revision = "0018"
down_revision = "0017"

_TABLES = """
CREATE TABLE sampled (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    model text NOT NULL,
    "left" text NOT NULL,
    "right" text,
    side text NOT NULL CHECK (side IN ('linked', 'below', 'alone')),
    band smallint NOT NULL,
    script text NOT NULL,
    age text NOT NULL,
    members bigint NOT NULL CHECK (members > 0),
    "on" date NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT alone_has_no_other CHECK (("right" IS NULL) = (side = 'alone'))
);
CREATE INDEX ix_sampled_source ON sampled (source);
CREATE TABLE reading (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sampled bigint NOT NULL REFERENCES sampled,
    reader text NOT NULL CHECK (reader <> ''),
    answer text NOT NULL CHECK (answer IN ('same', 'different', 'unsure')),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_reading_sampled ON reading (sampled);
CREATE TABLE quality (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    model text NOT NULL,
    "group" text,
    measure text NOT NULL CHECK (measure IN ('precision', 'recall', 'f1')),
    value bigint,
    low bigint,
    high bigint,
    answers bigint NOT NULL,
    members bigint NOT NULL,
    readings bigint NOT NULL,
    "on" date NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT known_whole CHECK ((value IS NULL) = (low IS NULL) AND (value IS NULL) = (high IS NULL))
);
CREATE INDEX ix_quality_source ON quality (source);
CREATE TABLE pause (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    paused boolean NOT NULL,
    quality bigint REFERENCES quality,
    "limit" bigint NOT NULL,
    by text CHECK (by <> ''),
    reason text CHECK (reason <> ''),
    "on" date NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT paused_for_something CHECK (quality IS NOT NULL OR by IS NOT NULL AND reason IS NOT NULL)
);
CREATE INDEX ix_pause_source ON pause (source);
GRANT SELECT, INSERT ON sampled, reading, quality, pause TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""


def upgrade() -> None:
    """Add the four tables, which nobody changes."""
    op.execute(_TABLES)
    for table in ("sampled", "reading", "quality", "pause"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
