"""Heads and buckets stand under a delivery, not under a map, so that they can be made before it; cosignatures alone."""

from alembic import op

revision = "0013"
down_revision = "0012"

_CHAIN = r"""
CREATE FUNCTION chained(head bytea, start bytea, commitment bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN sha256('\x03'::bytea || coalesce(head, start) || commitment);
END $$;
CREATE AGGREGATE chain(start bytea, commitment bytea) (SFUNC = chained, STYPE = bytea, PARALLEL = SAFE);
"""

_UNDER_DELIVERIES = """
ALTER TABLE {table} DISABLE TRIGGER append_only, ADD delivery bigint;
UPDATE {table} SET delivery = through.delivery FROM (
    SELECT size, (
        SELECT max(event.key::bigint) FROM event JOIN leaf ON leaf.event = number
        WHERE kind = 'delivery' AND leaf.index < of.size
    ) AS delivery FROM (SELECT DISTINCT size FROM {table}) AS of
) AS through WHERE through.size = {table}.size;
ALTER TABLE {table} ENABLE TRIGGER append_only, DROP size, ADD PRIMARY KEY ({key});
"""

_COSIGNATURES = """
ALTER TABLE cosignature DROP CONSTRAINT cosignature_size_verifier_key, DROP number, DROP known_on,
    ADD PRIMARY KEY (size, verifier);
"""
"""A witness's line is signed itself; an event of each would let the log grow by those who watch it."""


def upgrade() -> None:
    """Give heads and buckets their deliveries, and leave of cosignatures what is signed."""
    op.execute("DROP INDEX ix_head_bucket")
    for table, key in (("head", "key, delivery"), ("bucket", "delivery, prefix")):
        for statement in _UNDER_DELIVERIES.format(table=table, key=key).split(";"):
            if statement.strip():
                op.execute(statement)
    op.execute(_COSIGNATURES)
    op.execute(_CHAIN)
