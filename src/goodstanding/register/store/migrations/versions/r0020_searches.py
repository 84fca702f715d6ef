"""Models for one source alone; up to which case and which subject candidates were looked for."""

from alembic import op

revision = "0020"
down_revision = "0019"

_TABLES = """
CREATE TABLE model_source (
    model bigint PRIMARY KEY REFERENCES model,
    source text NOT NULL REFERENCES source
);
CREATE TABLE search (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model bigint NOT NULL REFERENCES model,
    last_case bigint NOT NULL,
    last_subject bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_search_model ON search (model);
GRANT SELECT, INSERT ON model_source, search TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""


def upgrade() -> None:
    """Add the two tables, which nobody changes."""
    op.execute(_TABLES)
    for table in ("model_source", "search"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
