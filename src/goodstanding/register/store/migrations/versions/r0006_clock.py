"""Time in the ledger never runs back: a clock that was set back, or a client that says a time, changes no order."""

from alembic import op

revision = "0006"
down_revision = "0005"

_IN_ORDER = """
CREATE FUNCTION in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latest timestamptz := (SELECT known_on FROM public.delivery ORDER BY number DESC LIMIT 1);
BEGIN
    RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], greatest(now(), latest)));
END $$;
"""

_CLOCKS = {"delivery": "known_on", "policy": "known_on", "run": "made", "erasure": "at"}


def upgrade() -> None:
    """Let the database alone say when something was known, made or erased: now, but never before the last delivery."""
    op.execute(_IN_ORDER)
    for table, column in _CLOCKS.items():
        op.execute(
            f"CREATE TRIGGER in_order BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION in_order('{column}')"
        )
