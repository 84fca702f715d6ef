"""Delivery contracts, and the deliveries that are held back for a person because they do not keep them."""

from alembic import op

revision = "0014"
down_revision = "0013"

_TABLES = """
CREATE TABLE contract (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    terms jsonb NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE held (
    number bigint PRIMARY KEY,
    source text NOT NULL REFERENCES source,
    file text NOT NULL,
    suffix text NOT NULL,
    content text NOT NULL,
    received date NOT NULL,
    rows bigint NOT NULL,
    terms jsonb NOT NULL,
    breaches jsonb NOT NULL,
    sequence bigint,
    note text,
    known_on timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, content),
    UNIQUE (source, sequence)
);
CREATE TABLE held_part (
    held bigint REFERENCES held,
    part integer,
    content bytea NOT NULL,
    PRIMARY KEY (held, part)
);
CREATE TABLE held_decision (
    held bigint PRIMARY KEY REFERENCES held,
    decision text NOT NULL CHECK (decision IN ('released', 'rejected')),
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    "on" date NOT NULL,
    delivery bigint UNIQUE REFERENCES delivery,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT released_is_delivered CHECK ((delivery IS NULL) = (decision = 'rejected'))
);
"""

# What a person has decided about is not kept any longer; nothing else takes it away.
_LET_GO = """
CREATE FUNCTION only_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.held_decision WHERE held_decision.held = OLD.held) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'DELETE refused: what is in table % is never changed or removed', TG_TABLE_NAME;
END $$;
CREATE FUNCTION let_go(of_held bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    AS 'DELETE FROM held_part WHERE held = of_held';
REVOKE ALL ON FUNCTION let_go FROM PUBLIC;
GRANT EXECUTE ON FUNCTION let_go TO goodstanding_service;
"""

_VIEW = """
CREATE VIEW own_held WITH (security_barrier) AS
    SELECT held.number, source, file, content, received, rows, breaches, known_on, decision, reason, "on", delivery
    FROM held LEFT JOIN held_decision ON held_decision.held = held.number
    WHERE source = current_setting('goodstanding.source', true);
GRANT SELECT ON own_held TO goodstanding_source;
GRANT SELECT, INSERT ON contract, held, held_part, held_decision TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""


def upgrade() -> None:
    """Add contracts and what is held, which nobody changes; its content leaves with `let_go`, once it is decided."""
    op.execute(_TABLES + _LET_GO + _VIEW)
    acts = dict.fromkeys(("contract", "held", "held_decision"), "UPDATE OR DELETE OR TRUNCATE")
    for table, refused in (acts | {"held_part": "UPDATE OR TRUNCATE"}).items():
        op.execute(
            f"CREATE TRIGGER append_only BEFORE {refused} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute("CREATE TRIGGER only_decided BEFORE DELETE ON held_part FOR EACH ROW EXECUTE FUNCTION only_decided()")
