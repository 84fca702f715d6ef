"""Second readings of what reviewers decided: what is read again, what the second one answered, what stands."""

from alembic import op

revision = "0022"
down_revision = "0021"

_TABLES = """
CREATE TABLE second (
    unlinked bigint PRIMARY KEY REFERENCES unlinked,
    until date NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE second_reading (
    unlinked bigint PRIMARY KEY REFERENCES second,
    reader text NOT NULL CHECK (reader <> ''),
    answer text NOT NULL CHECK (answer IN ('same', 'new', 'refused')),
    subject_id bigint REFERENCES subject,
    agrees boolean NOT NULL,
    "on" date NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT same_is_about_somebody CHECK ((subject_id IS NULL) = (answer <> 'same'))
);
CREATE TABLE second_end (
    unlinked bigint PRIMARY KEY REFERENCES second_reading,
    stands boolean NOT NULL,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    "on" date NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON second, second_reading, second_end TO goodstanding_service;
"""


def upgrade() -> None:
    """Add the three tables, which nobody changes."""
    op.execute(_TABLES)
    for table in ("second", "second_reading", "second_end"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
