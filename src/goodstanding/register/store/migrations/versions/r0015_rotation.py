"""Another master key: what was wrapped with the old one is wrapped anew, and only that may be changed."""

from alembic import op

revision = "0015"
down_revision = "0014"

_ROTATION = """
CREATE TABLE resealing (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    envelope bigint NOT NULL REFERENCES envelope,
    master text NOT NULL,
    sealed bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_resealing_envelope ON resealing (envelope);
CREATE FUNCTION only_resealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.envelope = OLD.envelope AND sha256(NEW.wrapped) = (
        SELECT sealed FROM resealing WHERE resealing.envelope = OLD.envelope ORDER BY number DESC LIMIT 1) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'UPDATE refused: what is in table envelope_key is never changed or removed';
END $$;
DROP TRIGGER append_only ON envelope_key;
CREATE TRIGGER append_only BEFORE TRUNCATE ON envelope_key FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER only_resealed BEFORE UPDATE ON envelope_key FOR EACH ROW EXECUTE FUNCTION only_resealed();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON resealing
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE FUNCTION reseal(of_envelope bigint, known bytea, anew bytea, under text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM FROM envelope_key WHERE envelope = of_envelope AND wrapped = known FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO resealing (envelope, master, sealed) VALUES (of_envelope, under, sha256(anew))
        RETURNING number INTO made;
    UPDATE envelope_key SET wrapped = anew WHERE envelope = of_envelope;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION reseal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reseal TO goodstanding_service;
GRANT SELECT ON resealing TO goodstanding_service;
"""


def upgrade() -> None:
    """Add the seals of envelopes under other master keys, and the function that alone changes a wrapped key."""
    op.execute(_ROTATION)
