"""Expiry: what is past the term for which it may be kept is erased, with its clause, an event and evidence."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from goodstanding.engine.state import ENDING
from goodstanding.facts.catalogue import Catalogue, Kind
from goodstanding.facts.errors import InputError
from goodstanding.facts.sources import Source
from goodstanding.facts.terms import Term, shipped_terms
from goodstanding.facts.world import World
from goodstanding.register.keeping.looks import forget
from goodstanding.register.keeping.receivers import tell_erased
from goodstanding.register.ledger.repeats import repeats
from goodstanding.register.ledger.sources import sources
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register, engine_of, place, turn

_AT_ONCE = 5_000
"""So many records are erased in one transaction, so that deliveries wait no longer than for these."""


@dataclass(frozen=True)
class Erased:
    """A record that was emptied: its place, its commitment, which stays, the clause, and the first day without it."""

    delivery: int
    row: int
    commitment: str
    clause: str
    on: dt.date


@dataclass(frozen=True)
class Expired:
    """What expiry did on a day: the records, and which subjects they were about.

    `unlimited` counts the records for whose kind no term is given, `running` those whose term has not begun: there is
    no such day, or the conduct has not ended. `looks`: how many looks at dossiers were forgotten.
    """

    on: dt.date
    records: tuple[Erased, ...]
    subjects: frozenset[int] = field(repr=False)
    unlimited: dict[str, int]
    running: dict[str, int]
    looks: int

    @property
    def clauses(self) -> dict[str, int]:
        """How many records were erased under each clause, in order of clause."""
        told = sorted(one.clause for one in self.records)
        return {clause: told.count(clause) for clause in dict.fromkeys(told)}


def expire(register: Register, on: dt.date) -> Expired:
    """Erase every record whose term is over by a day, every version of its document with it, and old looks at dossiers.

    Run again, it finds nothing more to do; broken off, it goes on where it was. Raises InputError where the world is
    real and the day is still to come.
    """
    if register.world is World.REAL and on > register.today:
        raise InputError(
            f"on: found {on}, expected a day not after {register.today}: nothing is erased before its time"
        )
    terms = _terms(register.catalogue, sources(register))
    done: list[tuple[Erased, int]] = []
    while part := _part(register, on, terms):
        done += part
    with register.engine.connect() as connection:
        unlimited, running = _left(connection, terms)
    subjects = frozenset(subject for _, subject in done)
    return Expired(on, tuple(one for one, _ in done), subjects, unlimited, running, forget(register, on))


def erase(connection: sa.Connection, rows: Sequence[tuple[Any, str, dt.date]]) -> list[dict[str, Any]]:
    """Empty records in the turn that is held; return their erasures, those left out that were erased before.

    rows: of the table `record` (delivery, row, source, document), with the clause and the first day without the record.
    """
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    columns = {
        "deliveries": [row.delivery for row, _, _ in rows],
        "rows": [row.row for row, _, _ in rows],
        "clauses": [clause for _, clause, _ in rows],
        "known": [repeats(salt, row.source, row.document) for row, _, _ in rows],
        "days": [on for _, _, on in rows],
    }
    number = schema.erasure.c.number
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(number), 0))).scalar_one()
    tell = tell_erased(connection, columns["deliveries"], columns["rows"])
    connection.execute(_EMPTY, columns)
    kept = connection.execute(sa.select(schema.erasure).where(number > last).order_by(number))
    happened = [dict(row) for row in kept.mappings()]
    events.happened(connection, "erasure", happened)
    if happened:
        effects.put(connection, f"erased/{happened[0]['number']}-{happened[-1]['number']}", "erased", _told(happened))
        tell(happened)
    return happened


def _told(happened: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What receivers of records are told: which rows of which deliveries they must no longer keep, and why."""
    rows = [[one["delivery"], one["row"], one["clause"], one["on"].isoformat()] for one in happened]
    return {"columns": ["delivery", "row", "clause", "on"], "rows": rows}


_EMPTY = sa.text("""
    SELECT erase(delivery, row, clause, known, day)
    FROM unnest(CAST(:deliveries AS bigint[]), CAST(:rows AS bigint[]), CAST(:clauses AS text[]),
        CAST(:known AS bytea[]), CAST(:days AS date[])) AS wanted (delivery, row, clause, known, day)""")


def swept(dsn: str, *, rewrite: bool = False) -> int:
    """Remove the old versions of emptied records, as VACUUM does; return how many versions are still there.

    PostgreSQL keeps the old version of a row until nobody can see it any more: a number above zero says that a
    transaction older than the erasure is still open; end it and sweep again. After a sweep no query finds the content,
    but its bytes may lie in the free space of a page until they are written over. rewrite: write table and indexes into
    new files, without them; nobody reads or writes records meanwhile. Needs the owner of the tables.
    """
    engine = engine_of(dsn)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.execute(_OWNS).scalar_one():
                raise InputError(f"{place(dsn)}: only the owner of the tables sweeps them; give the owner's --dsn")
            if rewrite:
                connection.execute(sa.text("VACUUM (FULL) record"))
            connection.execute(sa.text("VACUUM record"))
            dead = sa.text("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'record'::regclass")
            found = connection.execute(dead).scalar()
    except sa.exc.DBAPIError as error:
        raise InputError(f"{place(dsn)}: cannot be swept ({str(error.orig).splitlines()[0]})") from None
    finally:
        engine.dispose()
    return int(found or 0)


_OWNS = sa.text("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'record'::regclass")


def _terms(catalogue: Catalogue, known: Mapping[str, Source]) -> list[dict[str, Any]]:
    """Every term that applies to a kind from a source: the statute's, the registrar's, its gravity's, the ceiling."""
    return [
        {"source": name, "kind": kind, **term.model_dump(mode="json"), "since": _since(term, catalogue.kinds[kind])}
        for name, source in known.items()
        for kind in source.kinds
        for term in shipped_terms().of(kind, catalogue.kinds[kind], source.kept.get(kind, ()))
    ]


def _since(term: Term, kind: Kind) -> str:
    """From which day a term runs: conduct that does not go on ends with the act."""
    return "act" if term.since == "end" and not kind.continuing else term.since


_TERM = """
    term AS (SELECT * FROM jsonb_to_recordset(CAST(:terms AS jsonb)) AS term (
        source text, kind text, years int, months int, days int, since text, "where" jsonb, clause text)),
    member AS (
        SELECT merged AS id, leads_to(merged, NULL) AS kept FROM same_then(NULL)
        UNION SELECT leads_to(merged, NULL), leads_to(merged, NULL) FROM same_then(NULL)),
    one AS (
        SELECT member.id, other.id AS with_id FROM member JOIN member other USING (kept) WHERE other.id <> member.id),
    due AS (
        SELECT record.delivery, record.row, record.source, record.document, record.version, record.subject_id,
            record.occurrence, term.clause, record.kind, CAST(make_interval(term.years, term.months, 0, term.days) +
            CASE term.since
                WHEN 'act' THEN record.act WHEN 'decided' THEN record.decided WHEN 'final' THEN record.final
                WHEN 'settled' THEN greatest(record.act, record.decided, record.final)
                WHEN 'known' THEN (SELECT CAST(known_on AS date) FROM delivery WHERE number = record.delivery)
                WHEN 'end' THEN (
                    SELECT min(ending.act) FROM record ending WHERE ending.subject_id IN (
                        SELECT record.subject_id UNION ALL SELECT with_id FROM one WHERE one.id = record.subject_id)
                    AND ending.kind = :ending AND ending.occurrence = record.occurrence AND ending.act >= record.act
                    AND NOT EXISTS (SELECT FROM superseded gone
                        WHERE (gone.delivery, gone.row) = (ending.delivery, ending.row)))
            END AS date) AS until
        FROM record JOIN term USING (source, kind)
        WHERE NOT EXISTS (SELECT FROM jsonb_each(term.where) AS wanted
            WHERE NOT coalesce(wanted.value @> (record.attributes -> wanted.key), false)))"""
"""Each record with the first day on which a term no longer lets it be kept; NULL where the term has not begun.

`one` says who is one with whom: what says that conduct ended may have come by another number of theirs.
"""
_DUE = sa.text(f"""
    WITH {_TERM},
    over AS (
        SELECT source, document, clause, until, subject_id, occurrence FROM due WHERE until <= :on
        AND NOT EXISTS (SELECT FROM record later WHERE later.source = due.source AND later.document = due.document
            AND later.version > due.version AND later.kind IS NOT NULL)
        ORDER BY delivery, row LIMIT :limit),
    theirs AS (
        SELECT * FROM over UNION ALL
        SELECT source, document, clause, until, with_id, occurrence FROM over JOIN one ON one.id = over.subject_id),
    ended AS (
        SELECT ending.source, ending.document, theirs.clause, theirs.until
        FROM record ending JOIN theirs USING (subject_id, occurrence)
        WHERE ending.kind = :ending AND NOT EXISTS (SELECT FROM record other
            WHERE other.subject_id IN (
                SELECT ending.subject_id UNION ALL SELECT with_id FROM one WHERE one.id = ending.subject_id)
            AND other.occurrence = ending.occurrence AND other.kind <> :ending
            AND (other.source, other.document) NOT IN (SELECT source, document FROM over)))
    SELECT DISTINCT ON (record.delivery, record.row) record.delivery, record.row, record.source, record.document,
        record.commitment, record.subject_id, gone.clause, gone.until
    FROM (SELECT source, document, clause, until FROM over UNION ALL SELECT * FROM ended) gone
    JOIN record USING (source, document)
    ORDER BY record.delivery, record.row, gone.until, gone.clause""")  # noqa: S608
"""Every version of the documents that are over; with the last record of an occurrence goes what says that it ended."""


def _part(register: Register, on: dt.date, terms: list[dict[str, Any]]) -> list[tuple[Erased, int]]:
    values = {"terms": json.dumps(terms), "ending": ENDING, "on": on, "limit": _AT_ONCE}
    with turn(register.engine) as connection:
        rows = {(row.delivery, row.row): row for row in connection.execute(_DUE, values)}
        gone = erase(connection, [(row, row.clause, row.until) for row in rows.values()])
    return [
        (
            Erased(one["delivery"], one["row"], commitment.hex(), one["clause"], one["on"]),
            one["subject_id"],
        )
        for one in gone
        for commitment in [rows[one["delivery"], one["row"]].commitment]
    ]


def _left(connection: sa.Connection, terms: list[dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """Count by kind the records that no term covers, and those whose term has not begun."""
    counts = sa.text(f"""
        WITH {_TERM}
        SELECT record.kind, count(*) FILTER (WHERE covered.delivery IS NULL),
            count(*) FILTER (WHERE covered.delivery IS NOT NULL AND covered.until IS NULL)
        FROM record LEFT JOIN (SELECT delivery, row, min(until) AS until FROM due GROUP BY delivery, row) covered
            ON (covered.delivery, covered.row) = (record.delivery, record.row)
        WHERE record.kind IS NOT NULL GROUP BY record.kind ORDER BY record.kind""")  # noqa: S608
    found = connection.execute(counts, {"terms": json.dumps(terms), "ending": ENDING}).all()
    return {kind: no for kind, no, _ in found if no}, {kind: not_yet for kind, _, not_yet in found if not_yet}
