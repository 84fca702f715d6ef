"""What the database enforces, as text: tables, triggers, functions, views and rights of a register, from its catalogue.

`definition.json` has what the migrations of this release make. After a new migration `python scripts/definition.py`
writes it again; a test compares them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import sqlalchemy as sa

_QUALIFIED = re.compile(r"\b\w+\.(?=\w+\b(?!\())")

_OWN = """
    own AS (
        SELECT pg_class.*, nspname || '.' || relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
        WHERE (nspname = 'public' OR nspname = 'queue' AND relname NOT LIKE 'procrastinate%')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e')),
    code AS (
        SELECT pg_proc.*, format('%s.%s(%s)', nspname, proname, pg_get_function_identity_arguments(pg_proc.oid)) AS name
        FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
        WHERE (nspname = 'public' OR nspname = 'queue' AND (prosecdef OR proname NOT LIKE 'procrastinate%'))
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')),
    master AS (SELECT relowner AS owner FROM pg_class WHERE oid = 'public.world'::regclass),
    granted AS (
        SELECT 'on ' || name AS at, relowner AS owner, acl.* FROM own,
            aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) acl
        UNION ALL SELECT format('on column %s.%s', name, attname), relowner, acl.*
            FROM own JOIN pg_attribute ON attrelid = own.oid, aclexplode(attacl) acl
        UNION ALL SELECT 'on function ' || name, proowner, acl.*
            FROM code, aclexplode(coalesce(proacl, acldefault('f', proowner))) acl
        UNION ALL SELECT 'on schema ' || nspname, nspowner, acl.*
            FROM pg_namespace, aclexplode(nspacl) acl WHERE nspname IN ('public', 'queue'))"""
"""The tables, views, sequences and functions of a register, without those of extensions and of the queue's library."""

_PARTS = (
    """SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index'
            ELSE 'relation of kind ' || relkind::text END || ' ' || name,
        concat_ws(' ', 'kept ' || relpersistence::text,
            CASE WHEN relowner <> owner THEN 'owner ' || relowner::regrole::text END,
            CASE WHEN relrowsecurity OR relforcerowsecurity THEN 'row security' END,
            CASE WHEN relkind = 'v' THEN array_to_string(reloptions, ',') || ' ' || pg_get_viewdef(own.oid) END,
            CASE WHEN relkind = 'i' THEN pg_get_indexdef(own.oid) END,
            (SELECT 'not valid' FROM pg_index WHERE indexrelid = own.oid AND NOT (indisvalid AND indisready)),
            (SELECT format('%s by %s from %s to %s, at %s%s', seqtypid::regtype, seqincrement, seqmin, seqmax, seqstart,
                CASE WHEN seqcycle THEN ', again' END) FROM pg_sequence WHERE seqrelid = own.oid))
        FROM own, master WHERE relkind <> 't'""",
    """SELECT format('column %s.%s', name, attname), concat_ws(' ', format_type(atttypid, atttypmod),
            CASE WHEN attnotnull THEN 'NOT NULL' END, 'identity ' || nullif(attidentity::text, ''),
            'generated ' || nullif(attgenerated::text, ''), 'default ' || pg_get_expr(adbin, adrelid))
        FROM own JOIN pg_attribute ON attrelid = own.oid LEFT JOIN pg_attrdef ON adrelid = own.oid AND adnum = attnum
        WHERE relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped""",
    """SELECT format('constraint %s on %s', conname, name), pg_get_constraintdef(c.oid)
        FROM own JOIN pg_constraint c ON conrelid = own.oid WHERE contype NOT IN ('n', 't')""",
    """SELECT format('trigger %s on %s', tgname, name),
            concat_ws(' ', pg_get_triggerdef(t.oid), 'when ' || tgenabled::text)
        FROM own JOIN pg_trigger t ON tgrelid = own.oid WHERE NOT tgisinternal""",
    """SELECT format('trigger of constraint %s on %s', conname, name), 'when ' || tgenabled::text FROM own
        JOIN pg_trigger t ON tgrelid = own.oid LEFT JOIN pg_constraint c ON c.oid = tgconstraint
        WHERE tgisinternal AND tgenabled <> 'O'""",
    """SELECT format('rule %s on %s', rulename, name), pg_get_ruledef(r.oid)
        FROM own JOIN pg_rewrite r ON ev_class = own.oid WHERE rulename <> '_RETURN'""",
    "SELECT format('policy %s on %s', polname, name), polcmd::text FROM own JOIN pg_policy ON polrelid = own.oid",
    """SELECT 'inheritance of ' || name, inhrelid::regclass::text
        FROM own JOIN pg_inherits ON inhparent = own.oid WHERE relkind = 'r'""",
    """SELECT 'function ' || name, concat_ws(' ', pg_get_function_result(code.oid), lanname, provolatile::text,
            CASE WHEN proowner <> owner THEN 'owner ' || proowner::regrole::text END,
            CASE WHEN prosecdef THEN 'as its owner' END, array_to_string(proconfig, ', '),
            pg_get_function_arguments(code.oid), encode(sha256(convert_to(prosrc, 'UTF8')), 'hex'))
        FROM code JOIN pg_language l ON l.oid = prolang, master""",
    """SELECT format('rights of %s %s', CASE grantee WHEN 0 THEN 'everybody' ELSE grantee::regrole::text END, at),
            string_agg(privilege_type || CASE WHEN is_grantable THEN ' to grant' ELSE '' END, ', '
                ORDER BY privilege_type)
        FROM granted WHERE grantee <> owner AND (grantee = 0 OR privilege_type NOT IN ('SELECT', 'USAGE')
            OR grantee::regrole::text IN ('goodstanding_service', 'goodstanding_source'))
        GROUP BY grantee, at""",
    """SELECT 'role ' || rolname, concat_ws(' ', CASE WHEN rolsuper THEN 'superuser' END,
            CASE WHEN rolcreaterole THEN 'makes roles' END, CASE WHEN rolbypassrls THEN 'no row security' END,
            (SELECT 'member of ' || string_agg(roleid::regrole::text, ', ' ORDER BY roleid::regrole::text)
                FROM pg_auth_members WHERE member = pg_roles.oid))
        FROM pg_roles WHERE rolname IN ('goodstanding_service', 'goodstanding_source')""",
    """SELECT 'setting ' || split_part(one, '=', 1) || coalesce(' of ' || nullif(setrole, 0)::regrole::text, ''), one
        FROM pg_db_role_setting, unnest(setconfig) one
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
            AND split_part(one, '=', 1) IN ('session_replication_role', 'search_path', 'role', 'synchronous_commit',
                'session_preload_libraries', 'local_preload_libraries')""",
    "SELECT 'trigger on login ' || evtname, evtfoid::regproc::text FROM pg_event_trigger WHERE evtevent = 'login'",
)
_QUERY = sa.text(f"WITH {_OWN} " + " UNION ALL ".join(_PARTS))
_SEQUENCES = sa.text("""
    SELECT s.relname AS sequence, t.relname AS of, attname AS column, coalesce(last_value, 0) AS last_value
    FROM pg_class s
    JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'i' JOIN pg_class t ON t.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    JOIN pg_sequences ON sequencename = s.relname AND schemaname = 'public'
    WHERE s.relkind = 'S' AND t.relnamespace = 'public'::regnamespace AND has_sequence_privilege(s.oid, 'USAGE, SELECT')
    ORDER BY 1""")


def problems(connection: sa.Connection) -> Iterator[str]:
    """Name what this release's migrations made otherwise, what is missing and what was added; and sequences set back.

    Rights to read that somebody else was given are not named: they change nothing.
    """
    found, made = definition(connection), _shipped()
    for what in sorted(found.keys() | made.keys()):
        if what not in found:
            yield f"{what}: was taken away"
        elif what not in made:
            yield f"{what}: was added behind the register's back: {found[what]:.200}"
        elif found[what] != made[what]:
            yield f"{what}: found {found[what]:.200}, expected {made[what]:.200}"
    for row in connection.execute(_SEQUENCES).all():
        last = connection.exec_driver_sql(f'SELECT max("{row.column}") FROM "{row.of}"').scalar()  # noqa: S608
        if last is not None and row.last_value < last:
            yield f"sequence public.{row.sequence}: was set back to {row.last_value}; {row.of} {last} is there"


def definition(connection: sa.Connection) -> dict[str, str]:
    """Return every part of what a database enforces, by kind and name, as text that does not depend on the session."""
    path = connection.execute(sa.text("SELECT current_setting('search_path')")).scalar_one()
    connection.execute(_SEARCHED, {"path": "pg_catalog"})
    try:
        rows = connection.execute(_QUERY).all()
    finally:
        connection.execute(_SEARCHED, {"path": path})
    return {what: _plain(what, said) for what, said in rows}


_SEARCHED = sa.text("SELECT set_config('search_path', :path, false)")


def _plain(what: str, said: str) -> str:
    """The text without what differs between versions of PostgreSQL: whether a view of one table names it."""
    text = " ".join(said.split())
    return _QUALIFIED.sub("", text) if what.startswith("view ") and " JOIN " not in text else text


@cache
def _shipped() -> dict[str, str]:
    found: dict[str, str] = json.loads(files(__package__).joinpath("definition.json").read_text("utf-8"))
    return found
