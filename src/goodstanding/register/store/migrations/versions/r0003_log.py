"""The log: where dossiers stand in the map, what a map covers that no commitment does, and cosignatures."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
ALTER TABLE head ADD key bytea NOT NULL;
CREATE INDEX ix_head_bucket ON head (substr(key, 1, 2));
ALTER TABLE map
    ADD salt bytea NOT NULL,
    ADD events_digest bytea NOT NULL,
    ADD records_digest bytea NOT NULL,
    ADD superseded_digest bytea NOT NULL,
    ADD made timestamptz NOT NULL DEFAULT now();
CREATE TABLE cosignature (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size bigint NOT NULL REFERENCES checkpoint,
    verifier text NOT NULL,
    line text NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now(),
    UNIQUE (size, verifier)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignature
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""


def upgrade() -> None:
    """Add what the sequencer keeps; nothing was in the tables of the log before it."""
    op.execute(_TABLES)
