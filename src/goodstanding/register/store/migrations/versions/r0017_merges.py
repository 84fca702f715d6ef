"""Merging and splitting: facts that two subjects are the same, that they are not, and what such a fact undoes."""

from alembic import op

revision = "0017"
down_revision = "0016"

_TABLES = """
CREATE TABLE same (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kept bigint NOT NULL REFERENCES subject,
    merged bigint NOT NULL REFERENCES subject CHECK (merged <> kept),
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    act text CHECK (act <> ''),
    despite bigint[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_same_kept ON same (kept);
CREATE INDEX ix_same_merged ON same (merged);
CREATE TABLE apart (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    same bigint NOT NULL UNIQUE REFERENCES same,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE different (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    a bigint NOT NULL REFERENCES subject,
    b bigint NOT NULL REFERENCES subject CHECK (a < b),
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (a, b)
);
CREATE INDEX ix_different_b ON different (b);
CREATE TABLE alarm_end (
    same bigint PRIMARY KEY REFERENCES same,
    by text NOT NULL CHECK (by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE increment_merge (
    run bigint PRIMARY KEY REFERENCES increment,
    same bigint NOT NULL,
    apart bigint NOT NULL
);
GRANT SELECT, INSERT ON same, apart, different, alarm_end, increment_merge TO goodstanding_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO goodstanding_service;
"""

# A subject at a time, by the index: OFFSET 0 keeps the planner from reading all merges for each.
_READING = """
CREATE FUNCTION same_then(until timestamptz) RETURNS SETOF same LANGUAGE sql STABLE AS $$
    SELECT * FROM public.same WHERE (until IS NULL OR same.at <= until) AND NOT EXISTS (
        SELECT FROM public.apart WHERE apart.same = same.number AND (until IS NULL OR apart.at <= until))
$$;
CREATE FUNCTION leads_to(subject_id bigint, until timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id) AS (
        SELECT subject_id UNION SELECT one.kept FROM up CROSS JOIN LATERAL (
            SELECT kept FROM public.same_then(until) WHERE merged = up.id OFFSET 0) AS one)
    SELECT id FROM up CROSS JOIN LATERAL (
        SELECT count(*) AS further FROM public.same_then(until) WHERE merged = up.id OFFSET 0) AS one WHERE further = 0
$$;
CREATE FUNCTION group_of(subject_id bigint, until timestamptz) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE down (id) AS (
        SELECT public.leads_to(subject_id, until)
        UNION SELECT one.merged FROM down CROSS JOIN LATERAL (
            SELECT merged FROM public.same_then(until) WHERE kept = down.id OFFSET 0) AS one)
    SELECT id FROM down
$$;
"""

_RULES = """
CREATE FUNCTION may_be_same() RETURNS trigger LANGUAGE plpgsql AS $$
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
        SELECT FROM public.group_of(NEW.kept, NULL) AS one, public.group_of(NEW.merged, NULL) AS other, public.different
        WHERE (a, b) = (least(one, other), greatest(one, other)) AND different.number <> ALL (NEW.despite)) THEN
        RAISE EXCEPTION 'INSERT refused: subjects % and % are said to be different', NEW.kept, NEW.merged;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER may_be_same BEFORE INSERT ON same FOR EACH ROW EXECUTE FUNCTION may_be_same();
CREATE FUNCTION may_be_different() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('same'));
    IF public.leads_to(NEW.a, NULL) = public.leads_to(NEW.b, NULL) THEN
        RAISE EXCEPTION 'INSERT refused: subjects % and % are merged', NEW.a, NEW.b;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER may_be_different BEFORE INSERT ON different FOR EACH ROW EXECUTE FUNCTION may_be_different();
"""


def upgrade() -> None:
    """Add what is said of two subjects, which nobody changes, with the rules that it keeps and how it is read."""
    op.execute(_TABLES + _READING + _RULES)
    for table in ("same", "apart", "different", "alarm_end", "increment_merge"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    for table in ("same", "apart", "different", "alarm_end"):
        op.execute(f"CREATE TRIGGER in_order BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION in_order('at')")
