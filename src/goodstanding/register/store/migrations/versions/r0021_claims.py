"""What a subject, or a person of the register, says of whom a record is about; taking back that two are different."""

from alembic import op

revision = "0021"
down_revision = "0020"

_TABLES = """
CREATE TABLE claim (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery bigint NOT NULL,
    "row" bigint NOT NULL,
    subject_id bigint NOT NULL REFERENCES subject,
    repeats bytea NOT NULL,
    about boolean NOT NULL,
    own boolean NOT NULL,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    "on" date NOT NULL,
    entered bigint UNIQUE REFERENCES delivery,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT nobody_owns CHECK (NOT (about AND own))
);
CREATE INDEX ix_claim_subject_id ON claim (subject_id);
CREATE INDEX ix_claim_repeats ON claim (repeats);
CREATE TABLE different_end (
    different bigint PRIMARY KEY REFERENCES different,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE different DROP CONSTRAINT different_a_b_key;
CREATE INDEX ix_different_a ON different (a, b);
GRANT SELECT, INSERT ON claim, different_end TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""

# As before, but for what was taken back.
_RULES = """
CREATE FUNCTION different_now() RETURNS SETOF different LANGUAGE sql STABLE AS $$
    SELECT * FROM public.different
    WHERE NOT EXISTS (SELECT FROM public.different_end WHERE different_end.different = different.number)
$$;
CREATE OR REPLACE FUNCTION may_be_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('same'));
    IF (SELECT count(DISTINCT (is_a, publishable)) FROM public.subject WHERE id IN (NEW.kept, NEW.merged)) <> 1 THEN
        RAISE EXCEPTION 'INSERT refused: subjects % and % are of two sorts', NEW.kept, NEW.merged;
    ELSIF NEW.act IS NULL AND (SELECT is_a = 'person' FROM public.subject WHERE id = NEW.kept) THEN
        RAISE EXCEPTION 'INSERT refused: persons are merged by an act of an authority alone';
    ELSIF public.leads_to(NEW.merged, NULL) IS DISTINCT FROM NEW.merged THEN
        RAISE EXCEPTION 'INSERT refused: subject % is merged already', NEW.merged;
    ELSIF public.leads_to(NEW.kept, NULL) = NEW.merged THEN
        RAISE EXCEPTION 'INSERT refused: subject % would lead to itself', NEW.merged;
    ELSIF EXISTS (
        SELECT FROM public.group_of(NEW.kept, NULL) AS one, public.group_of(NEW.merged, NULL) AS other,
            public.different_now() AS said
        WHERE (said.a, said.b) = (least(one, other), greatest(one, other)) AND said.number <> ALL (NEW.despite)) THEN
        RAISE EXCEPTION 'INSERT refused: subjects % and % are said to be different', NEW.kept, NEW.merged;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION may_be_different() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('same'));
    IF public.leads_to(NEW.a, NULL) = public.leads_to(NEW.b, NULL) THEN
        RAISE EXCEPTION 'INSERT refused: subjects % and % are merged', NEW.a, NEW.b;
    ELSIF EXISTS (SELECT FROM public.different_now() AS said WHERE said.a = NEW.a AND said.b = NEW.b) THEN
        RAISE EXCEPTION 'INSERT refused: subjects % and % are said to be different already', NEW.a, NEW.b;
    END IF;
    RETURN NEW;
END $$;
"""


def upgrade() -> None:
    """Add both, which nobody changes; who was said to be different can be said to be so again once it is taken back."""
    op.execute(_TABLES + _RULES)
    for table in ("claim", "different_end"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        op.execute(f"CREATE TRIGGER in_order BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION in_order('at')")
