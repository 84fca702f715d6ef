"""What is kept and for how long: the day of an erasure."""

from alembic import op

revision = "0005"
down_revision = "0003"

_ERASURE = """
ALTER TABLE erasure
    ADD number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD "on" date NOT NULL;
DROP FUNCTION erase;
CREATE FUNCTION erase(of_delivery bigint, of_row bigint, under text, to_know bytea, of_day date DEFAULT current_date)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO erasure (delivery, row, subject_id, clause, repeats, "on")
        SELECT delivery, record.row, subject_id, under, to_know, of_day FROM record
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
GRANT EXECUTE ON FUNCTION erase TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""


def upgrade() -> None:
    """Number erasures, and say from which day on the register no longer keeps what was erased."""
    op.execute(_ERASURE)
