"""Rows whose subject has no number: who may be meant, by which model, and what a person decided."""

from alembic import op

revision = "0016"
down_revision = "0015"

_TABLES = """
CREATE TABLE model (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL,
    settings text NOT NULL,
    frequencies bytea NOT NULL,
    crowds bytea NOT NULL,
    threshold numeric(8, 3) NOT NULL,
    margin numeric(8, 3) NOT NULL CHECK (margin >= 0),
    by text NOT NULL CHECK (by <> ''),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE unlinked (
    number bigint PRIMARY KEY,
    delivery bigint NOT NULL REFERENCES delivery,
    row bigint NOT NULL,
    source text NOT NULL REFERENCES source,
    kind text NOT NULL,
    document text NOT NULL,
    content text NOT NULL,
    known_on timestamptz NOT NULL DEFAULT now(),
    UNIQUE (delivery, row)
);
CREATE TABLE unlinked_content (
    unlinked bigint PRIMARY KEY REFERENCES unlinked,
    content text NOT NULL
);
CREATE TABLE candidate (
    unlinked bigint REFERENCES unlinked,
    model bigint REFERENCES model,
    subject_id bigint REFERENCES subject,
    weight numeric(8, 3) NOT NULL,
    probability numeric(7, 6) NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (unlinked, model, subject_id)
);
CREATE TABLE link_decision (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unlinked bigint NOT NULL REFERENCES unlinked,
    decision text NOT NULL CHECK (decision IN ('same', 'new', 'refused', 'undone')),
    subject_id bigint REFERENCES subject,
    evidence jsonb NOT NULL,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    "on" date NOT NULL,
    delivery bigint UNIQUE REFERENCES delivery,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT refused_is_not_delivered CHECK ((delivery IS NULL) = (decision = 'refused')),
    CONSTRAINT refused_is_about_nobody CHECK ((subject_id IS NULL) = (decision = 'refused'))
);
CREATE UNIQUE INDEX decided_once ON link_decision (unlinked, (decision = 'undone'));
CREATE TABLE not_about (
    unlinked bigint REFERENCES unlinked,
    subject_id bigint REFERENCES subject,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (unlinked, subject_id)
);
"""

# What came is kept while it waits; decided, it stands in the ledger or nowhere.
_LET_GO = """
CREATE FUNCTION only_found() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.link_decision WHERE link_decision.unlinked = OLD.unlinked) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'DELETE refused: what is in table % is never changed or removed', TG_TABLE_NAME;
END $$;
CREATE FUNCTION let_go_unlinked(of_unlinked bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    AS 'DELETE FROM unlinked_content WHERE unlinked = of_unlinked';
REVOKE ALL ON FUNCTION let_go_unlinked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION let_go_unlinked TO goodstanding_service;
GRANT SELECT, INSERT ON model, unlinked, unlinked_content, candidate, link_decision, not_about TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""


def upgrade() -> None:
    """Add what waits, which nobody changes; its content leaves with `let_go_unlinked`, once a person has decided."""
    op.execute(_TABLES + _LET_GO)
    for table in ("model", "unlinked", "candidate", "link_decision", "not_about"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON unlinked_content "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    )
    op.execute("CREATE TRIGGER only_found BEFORE DELETE ON unlinked_content FOR EACH ROW EXECUTE FUNCTION only_found()")
