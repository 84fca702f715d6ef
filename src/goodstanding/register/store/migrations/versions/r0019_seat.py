"""Where an organisation is, beside its name: two of one name are told apart by it."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column; of those who are enrolled already no place is known, and their commitments hold."""
    op.execute("ALTER TABLE subject ADD COLUMN seat text")
    op.execute("ALTER TABLE subject ADD CONSTRAINT subject_check1 CHECK (seat IS NULL OR publishable)")
