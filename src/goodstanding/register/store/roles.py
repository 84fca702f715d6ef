"""Who may do what to a register's tables: the owner migrates them, the service only adds.

The run book says how a login of its own is made for the service; `strict` holds a session to that.
"""

from __future__ import annotations

import psycopg
import sqlalchemy as sa
from psycopg import sql

from goodstanding.facts.errors import InputError

SERVICE = "goodstanding_service"
"""The role under which a register is used: it reads and adds, and may change or remove nothing."""

SOURCE = "goodstanding_source"
"""The role under which a source reads, granted to the service's: views on what is its own are open to it, no tables."""
_MADE_FOR = {SERVICE: None, SOURCE: SERVICE}
"""The roles that a register needs, and to whom each is granted; none: the owner of its tables."""


def provide(superuser_dsn: str, owner: str) -> None:
    """Make the roles on a server of ours, which one founded by an older release lacks, for an owner."""
    with psycopg.connect(superuser_dsn) as session:
        session.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [SERVICE])
        for role, member in _MADE_FOR.items():
            if not session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                session.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
            session.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(member or owner)))


def check_provided(connection: sa.Connection) -> None:
    """Raise InputError, with the SQL to run, unless a session may take the roles, or may make them."""
    lines: list[str] = []
    for role, member in _MADE_FOR.items():
        row = connection.execute(_MEMBER, {"service": role}).one()
        if not (row.member or (row.creates and not row.exists)):
            lines += [] if row.exists else [f"CREATE ROLE {role} NOLOGIN;"]
            lines.append(f"GRANT {role} TO {member or row.who};")
    if lines:
        raise InputError(
            f"the login {row.who} cannot work as {SERVICE}; let a superuser of the server run: {' '.join(lines)}"
        )


def powers(connection: sa.Connection) -> list[str]:
    """Return what the login behind a session could do to the ledger that the service must not: nothing is best."""
    found = connection.execute(_POWERS, {"service": SERVICE}).scalars().all()
    return list(found)


def check_strict(connection: sa.Connection) -> None:
    """Raise InputError where the login behind a session could change or remove what is in the ledger."""
    found = powers(connection)
    if found:
        who = connection.execute(sa.text("SELECT session_user")).scalar_one()
        raise InputError(
            f"strict: the login {who} could change the ledger ({found[0]}); "
            f"give the service a login that is only a member of {SERVICE}, as the run book says"
        )


_MEMBER = sa.text("""
    SELECT quote_ident(session_user) AS who, role.oid IS NOT NULL AS exists,
        coalesce(pg_has_role(session_user, role.oid, 'MEMBER'), false) AS member,
        (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = session_user) AS creates
    FROM (SELECT) AS always LEFT JOIN pg_roles AS role ON role.rolname = :service""")

_POWERS = sa.text("""
    SELECT rolname || ' is a superuser' FROM pg_roles WHERE rolsuper AND pg_has_role(session_user, oid, 'MEMBER')
    UNION ALL
    SELECT rolname || ' may make roles' FROM pg_roles
        WHERE rolcreaterole AND NOT rolsuper AND pg_has_role(session_user, oid, 'MEMBER')
    UNION ALL
    SELECT DISTINCT pg_get_userbyid(datdba) || ' owns the database' FROM pg_database
        WHERE datname = current_database() AND pg_has_role(session_user, datdba, 'MEMBER')
    UNION ALL
    SELECT pg_get_userbyid(relowner) || ' owns table ' || relname FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
            AND pg_has_role(session_user, relowner, 'MEMBER')
    UNION ALL
    SELECT grantee::regrole || ' has ' || privilege_type || ' on table ' || relname
        FROM pg_class, aclexplode(relacl)
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
            AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')
            AND (relname, privilege_type, grantee::regrole::text) <> ('waiting', 'DELETE', :service)
            AND grantee <> 0 AND pg_has_role(session_user, grantee, 'MEMBER')""")
