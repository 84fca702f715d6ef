"""Looks that are forgotten after two years; receivers of records, what they are told, and what they answer."""

from alembic import op

revision = "0012"
down_revision = "0007"

_LOOKS = """
CREATE TABLE access_erasure (
    access bigint PRIMARY KEY REFERENCES access,
    subject_id bigint NOT NULL,
    looked timestamptz NOT NULL,
    clause text NOT NULL CHECK (clause <> ''),
    "on" date NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE access ALTER who DROP NOT NULL, ALTER role DROP NOT NULL, ALTER purpose DROP NOT NULL,
    ALTER what DROP NOT NULL;
CREATE INDEX ix_access_at ON access (at) WHERE who IS NOT NULL;
CREATE FUNCTION only_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'access' THEN
        IF ROW(NEW.number, NEW.subject_id, NEW.at, NEW.who, NEW.role, NEW.purpose, NEW.what)
            IS NOT DISTINCT FROM ROW(OLD.number, OLD.subject_id, OLD.at, NULL::text, NULL::text, NULL::text, NULL::text)
            AND EXISTS (SELECT FROM access_erasure WHERE access = OLD.number) THEN
            RETURN NEW;
        END IF;
    ELSIF OLD.kind = 'access' THEN
        IF ROW(NEW.number, NEW.kind, NEW.key, NEW.commitment, NEW.at, NEW.salt)
            IS NOT DISTINCT FROM ROW(OLD.number, OLD.kind, OLD.key, OLD.commitment, OLD.at, ''::bytea)
            AND EXISTS (SELECT FROM access_erasure WHERE access = OLD.key::bigint) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'UPDATE refused: what is in table % is never changed or removed', TG_TABLE_NAME;
END $$;
CREATE FUNCTION forget(of_access bigint, under text, by_day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO access_erasure (access, subject_id, looked, clause, "on")
        SELECT number, subject_id, access.at, under, (access.at AT TIME ZONE 'UTC' + interval '2 years')::date
        FROM access WHERE number = of_access AND (access.at AT TIME ZONE 'UTC' + interval '2 years')::date <= by_day
        AND (by_day <= (now() AT TIME ZONE 'UTC')::date OR EXISTS (SELECT FROM world WHERE world.world = 'synthetic'))
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE access SET who = NULL, role = NULL, purpose = NULL, what = NULL WHERE number = of_access;
    UPDATE event SET salt = '' WHERE kind = 'access' AND key = of_access::text;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget TO goodstanding_service;
"""

_RECEIVERS = """
CREATE TABLE receiver (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    address text NOT NULL CHECK (address <> ''),
    policy text,
    kinds text[] NOT NULL,
    since date NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE receiver_end (
    receiver bigint PRIMARY KEY REFERENCES receiver,
    until date NOT NULL,
    why text NOT NULL CHECK (why <> ''),
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE told (
    message bigint PRIMARY KEY REFERENCES outbox,
    receiver bigint NOT NULL REFERENCES receiver,
    due date NOT NULL
);
CREATE TABLE attempt (
    message bigint REFERENCES told,
    place integer,
    why text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message, place)
);
CREATE TABLE answer (
    message bigint PRIMARY KEY REFERENCES told,
    answer text NOT NULL CHECK (answer <> ''),
    at timestamptz NOT NULL DEFAULT now()
);
"""
_NEW = ("access_erasure", "receiver", "receiver_end", "told", "attempt", "answer")


def upgrade() -> None:
    """Add the tables; a look may be emptied, and the salt of its event, by `forget` alone."""
    op.execute(_LOOKS + _RECEIVERS)
    for table in ("access", "event"):
        op.execute(f"DROP TRIGGER append_only ON {table}")
        _refuse(table, "DELETE OR TRUNCATE")
        op.execute(
            f"CREATE TRIGGER only_forgotten BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION only_forgotten()"
        )
    for table in _NEW:
        _refuse(table, "UPDATE OR DELETE OR TRUNCATE")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(_NEW)} TO goodstanding_service")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service")


def _refuse(table: str, acts: str) -> None:
    op.execute(f"CREATE TRIGGER append_only BEFORE {acts} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only()")
