"""Whether the register still holds what it accepted: every row is proved against the log.

An event commits to each row of `events.KINDS`, a delivery (or the founding) to its records, subjects and refusals, a
run to its standings, a map to the places of records; and leaves, which the register signed, to the events. So whoever
changes, adds or removes a row anywhere and cannot sign is found, and the row is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa
from polars.exceptions import PolarsError

from goodstanding.facts.errors import InputError
from goodstanding.facts.records import with_digest
from goodstanding.proof import checkpoints
from goodstanding.proof import commitments as proof
from goodstanding.proof.checkpoints import Verified
from goodstanding.proof.errors import ProofError
from goodstanding.proof.merkle import Edge
from goodstanding.proof.notes import Verifier
from goodstanding.register.deliveries import holding, unlinked
from goodstanding.register.deliveries.delivering import faults_of
from goodstanding.register.keeping import envelope
from goodstanding.register.ledger.numbers import numbers
from goodstanding.register.ledger.records import recorded
from goodstanding.register.ledger.subjects import enrolled, sought
from goodstanding.register.log import commitments, events, sequence
from goodstanding.register.proving import log_verification
from goodstanding.register.proving.naming import named
from goodstanding.register.proving.rescoring import compared
from goodstanding.register.store import definition, schema
from goodstanding.register.store.bulk import copy_out
from goodstanding.register.store.database import Register, revision


def kept_outside(note: str, trusted: Sequence[Verifier]) -> Verified:
    """Return a checkpoint that was kept outside the register. Raises InputError where no trusted key signed it."""
    try:
        return checkpoints.verify(note, trusted)
    except ProofError as error:
        raise InputError(f"the checkpoint kept outside: {error}") from None


def verify(register: Register, outside: Verified | None = None, trusted: Sequence[Verifier] = ()) -> list[str]:
    """Return what is not as it was accepted and signed, each problem with its table and row; nothing where all is well.

    outside and trusted: a checkpoint and the log's keys as somebody else kept them; see `log_verification.problems`.
    """
    with sequence.reading(register) as connection:
        return [*problems(connection, register, outside, trusted)]


def problems(
    connection: sa.Connection,
    register: Register,
    outside: Verified | None = None,
    trusted: Sequence[Verifier] = (),
) -> Iterator[str]:
    """Yield what `verify` returns, as one transaction sees it."""
    yield from _schema(connection)
    yield from _events(connection)
    if connection.execute(sa.select(schema.world.c.id)).first() is None:
        return  # which was named; without it nothing below can be read
    yield from _subjects(connection, "delivery IS NULL", "world 1", sa.select(schema.world.c.subjects_root))
    yield from _deliveries(connection, register)
    yield from _erasures(connection)
    yield from _versions(connection)
    yield from connection.execute(sa.text(_MERGES)).scalars()
    yield from _strays(connection)
    yield from envelope.problems(connection)
    yield from holding.problems(connection)
    yield from unlinked.problems(connection)
    yield from _runs(connection, register)
    yield from log_verification.problems(connection, outside, trusted)


def _schema(connection: sa.Connection) -> Iterator[str]:
    """Check that tables, triggers, functions and rights are those of this release."""
    found = revision(connection)
    if found != schema.REVISION:
        yield f"{schema.REVISION_TABLE} {found}: expected {schema.REVISION}"
    yield from definition.problems(connection)


def _events(connection: sa.Connection) -> Iterator[str]:
    """Compare every row that is an event with what was committed to when it happened."""
    forgotten = {str(row.access): row for row in connection.execute(sa.select(schema.access_erasure))}
    for kind in events.KINDS:
        for row, told in events.told(connection, kind):
            if row is None:
                yield f"{kind} {told.key}: was removed; event {told.number} tells of it" if told else ""
            elif told is None:
                at = events.key_of(kind, row)
                yield f"{kind} {at}: was added behind the register's back: no event tells of it"
            elif kind == "access" and told.key in forgotten:
                if not _emptied(row, forgotten[told.key], told.salt):
                    at = f"event {told.number}"
                    yield f"access {told.key}: was forgotten; it, its erasure or the salt of {at} is not as left"
            elif _committed(told.salt, events.content(kind, row)) != told.commitment:
                yield f"{kind} {told.key}: is not what happened then, as event {told.number} tells"
    event = schema.event.c
    known = (*events.KINDS, *events.PAST)
    odd = sa.select(event.number, event.kind).where(event.kind.not_in(known)).order_by(event.number)
    yield from (f"event {number}: is of a kind that there is not, {kind!r}" for number, kind in connection.execute(odd))


def _emptied(look: Mapping[str, Any], erasure: Any, salt: bytes) -> bool:
    """Whether nothing is left of a look that was forgotten but whom it was at, and when."""
    told = (look["who"], look["role"], look["purpose"], look["what"])
    same = (look["subject_id"], look["at"]) == (erasure.subject_id, erasure.looked)
    return same and not any(told) and not salt


def _committed(salt: bytes, content: bytes) -> bytes | None:
    return proof.commitment(salt, content) if len(salt) == proof.SALT else None


def _subjects(
    connection: sa.Connection, where: str, owner: str, root: sa.Select[Any], number: int = 0
) -> Iterator[str]:
    """Check the subjects that a delivery or the founding brought."""
    clock = "(SELECT known_on FROM delivery WHERE number = %(number)s)" if number else "(SELECT known_on FROM world)"
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()

    def read(span: Mapping[str, int]) -> pl.DataFrame:
        within = f"{where} AND id BETWEEN %(first)s AND %(last)s"
        query = f"SELECT sought, known_on = {clock} FROM subject WHERE {within} ORDER BY id"  # noqa: S608
        rest = copy_out(connection, query, {"kept": pl.String, "then": pl.String}, span)
        return enrolled(connection, within, span).hstack(rest)

    tree, whole = Edge(), True
    for told, unread in _read(connection, "id", f"subject WHERE {where}", {"number": number}, read):
        whole = whole and unread is None
        if unread is not None:
            yield f"subject id {unread}: cannot be read"
            continue
        odd = (pl.col("number") != numbers(told["id"], salt)) | (pl.col("then") != "t") | (pl.col("kept") != sought())
        also = told.filter(odd.fill_null(value=True))["id"].to_list()
        yield from _changed("subject", "id", told, commitments.lines(told, commitments.SUBJECT), also)
        tree.extend(_hashes(told))
    if whole and tree.root() != connection.execute(root).scalar_one():
        yield f"{owner}: its subjects are not those of then: a row of subject was removed, added or changed"


_SPAN = 200_000
"""How many rows are read at once."""


def _read(
    connection: sa.Connection,
    column: str,
    source: str,
    condition: Mapping[str, int],
    read: Callable[[Mapping[str, int]], pl.DataFrame],
) -> Iterator[tuple[pl.DataFrame, int | None]]:
    """Yield rows by a number, from the first to the last, and the numbers of those that cannot be read."""
    query = f"SELECT min({column}), max({column}) FROM {source}"  # noqa: S608
    first, last = copy_out(connection, query, {"first": pl.Int64, "last": pl.Int64}, condition).row(0)
    if first is None:
        return
    starts = range(first, last + 1, _SPAN) if last - first < 10_000 * _SPAN else [first]
    ends = [*(start - 1 for start in starts[1:]), last]
    spans = [*zip(starts, ends, strict=True)][::-1]
    while spans:
        first, last = spans.pop()
        try:
            frame = read({**condition, "first": first, "last": last})
        except PolarsError:
            middle = (first + last) // 2
            if first == last:
                yield pl.DataFrame(), first
            else:
                spans += [(middle + 1, last), (first, middle)]
        else:
            yield frame, None


def _hashes(frame: pl.DataFrame) -> list[bytes]:
    return [bytes.fromhex(one[2:]) for one in frame["commitment"]]


def _deliveries(connection: sa.Connection, register: Register) -> Iterator[str]:
    rows = connection.execute(sa.select(schema.delivery).order_by(schema.delivery.c.number)).all()
    for place, row in enumerate(rows, start=1):
        if row.number != place:
            yield f"delivery {place}: is missing; found {row.number} in its place"
            break
    for row in rows:
        number = row.number
        root = sa.select(schema.delivery.c.subjects_root).where(schema.delivery.c.number == number)
        yield from _subjects(connection, "delivery = %(number)s", f"delivery {number}", root, number)
        yield from _records(connection, register, row)
        yield from _refusals(connection, row)


def _records(connection: sa.Connection, register: Register, delivery: Any) -> Iterator[str]:
    """Name the records that are not what was accepted, or hold attributes unknown to the digest."""
    table, number = f"record delivery {delivery.number}", {"number": delivery.number}

    def read(span: Mapping[str, int]) -> pl.DataFrame:
        where = "record.delivery = %(number)s AND record.row BETWEEN %(first)s AND %(last)s"
        return recorded(connection, register.catalogue, where, span)

    tree, unreadable = Edge(), 0
    for records, unread in _read(connection, "row", "record WHERE delivery = %(number)s", number, read):
        unreadable += unread is not None
        if unread is not None:
            yield f"{table} row {unread}: cannot be read"
            continue
        yield from _contents(records, register, table)
        tree.extend(_hashes(records))
    if tree.size + unreadable != delivery.accepted:
        yield f"delivery {delivery.number}: accepted {delivery.accepted} rows, but {tree.size} are there in record"
    if not unreadable and tree.root() != delivery.records_root:
        yield f"delivery {delivery.number}: its records are not those of then: a row was removed, added or changed"


def _contents(records: pl.DataFrame, register: Register, table: str) -> Iterator[str]:
    full = records.filter(pl.col("digest").is_not_null() & pl.col("salt").is_not_null())
    present = pl.sum_horizontal(pl.col(name).is_not_null() for name in register.catalogue.attributes)
    again = with_digest(full.rename({"digest": "kept"}), register.catalogue)
    odd = again.filter((pl.col("digest") != pl.col("kept")) | (pl.col("keys").fill_null(0) != present))
    yield from _changed(table, "row", again, again["digest"].str.decode("hex"), odd["row"].to_list())


def _refusals(connection: sa.Connection, delivery: Any) -> Iterator[str]:
    faults, table = faults_of(connection, delivery.number), f"refusal delivery {delivery.number}"
    moved = faults.filter(pl.col("fault") != pl.int_range(1, pl.len() + 1))["fault"].to_list()
    yield from _changed(table, "fault", faults, commitments.lines(faults, commitments.REFUSAL), moved)
    refused = faults["row"].n_unique()
    if refused != delivery.refused:
        yield f"delivery {delivery.number}: refused {delivery.refused} rows, but {refused} are there in refusal"
    if commitments.root_of(faults) != delivery.refusals_root:
        yield f"delivery {delivery.number}: its refusals are not those of then: a row was removed, added or changed"


def _changed(table: str, key: str, frame: pl.DataFrame, contents: pl.Series, also: Sequence[int]) -> Iterator[str]:
    """Name the rows whose content is not what their commitment was made of."""
    salts = [bytes.fromhex(salt[2:]) for salt in frame["salt"]]
    again = [_committed(salt, content) for salt, content in zip(salts, contents, strict=True)]
    kept = zip(frame[key], again, _hashes(frame), strict=True)
    rows = sorted({row for row, one, other in kept if one != other} | {*also})
    yield from named([f"{key} {row}" for row in rows], table, "is not what was accepted")


_CONTENT = ("kind", "act", "decided", "final", "occurrence", "document", "authority", "basis", "attributes")
_EMPTY = " AND ".join(f"record.{name} IS NULL" for name in (*_CONTENT, "digest", "salt"))
_ERASED = f"""
    SELECT 'record delivery ' || delivery || ' row ' || record.row || ': was emptied, and no erasure says so'
    FROM record WHERE (digest IS NULL OR salt IS NULL)
        AND NOT EXISTS (SELECT FROM erasure WHERE (erasure.delivery, erasure.row) = (record.delivery, record.row))
    UNION ALL
    SELECT 'erasure ' || erasure.delivery || '/' || erasure.row || ': its record delivery ' || erasure.delivery
        || ' row ' || erasure.row || ' is gone, not empty, or another'
    FROM erasure LEFT JOIN record ON (erasure.delivery, erasure.row) = (record.delivery, record.row)
    WHERE NOT ({_EMPTY}) OR record.subject_id IS DISTINCT FROM erasure.subject_id
    ORDER BY 1"""  # noqa: S608


def _erasures(connection: sa.Connection) -> Iterator[str]:
    """Compare erasures with the records that are empty."""
    yield from connection.execute(sa.text(_ERASED)).scalars()


_SUPERSEDED = """
    SELECT 'superseded ' || old.delivery || '/' || old.row || ': ' || CASE
        WHEN record.row IS NULL OR later.row IS NULL THEN 'one of its records is not there'
        ELSE 'its records are not two versions of one document' END
    FROM superseded AS old
    LEFT JOIN record ON (record.delivery, record.row) = (old.delivery, old.row)
    LEFT JOIN record AS later ON (later.delivery, later.row) = (old.by_delivery, old.by_row)
    WHERE record.row IS NULL OR later.row IS NULL OR later.version <= record.version
        OR later.source <> record.source OR later.document <> record.document
    UNION ALL
    SELECT 'superseded ' || record.delivery || '/' || record.row || ': is missing; a later version is there'
    FROM record WHERE document IS NOT NULL AND EXISTS (
        SELECT FROM record AS later WHERE later.source = record.source AND later.document = record.document
        AND later.version > record.version
    ) AND NOT EXISTS (
        SELECT FROM superseded WHERE (superseded.delivery, superseded.row) = (record.delivery, record.row)
    )
    ORDER BY 1"""


def _versions(connection: sa.Connection) -> Iterator[str]:
    """Compare what is superseded with the versions of the documents."""
    yield from connection.execute(sa.text(_SUPERSEDED)).scalars()


_MERGES = """
    SELECT 'same ' || one.number || ': ' || CASE
        WHEN leads_to(one.merged, NULL) IS NULL THEN 'leads to nobody: it is in a circle of merges'
        WHEN kept.is_a <> merged.is_a THEN 'its subjects are of two sorts'
        ELSE 'its subject is merged twice' END
    FROM same_then(NULL) AS one
    JOIN subject AS kept ON kept.id = one.kept JOIN subject AS merged ON merged.id = one.merged
    WHERE leads_to(one.merged, NULL) IS NULL OR kept.is_a <> merged.is_a
        OR EXISTS (SELECT FROM same_then(NULL) AS other WHERE other.merged = one.merged AND other.number <> one.number)
    ORDER BY one.number"""
"""Merges that the rules of the database do not let be made."""


def _strays(connection: sa.Connection) -> Iterator[str]:
    """Name rows that belong to nothing: the bulk tables have no foreign keys."""
    owners = (
        (schema.record, schema.record.c.delivery, schema.delivery.c.number),
        (schema.record, schema.record.c.subject_id, schema.subject.c.id),
        (schema.refusal, schema.refusal.c.delivery, schema.delivery.c.number),
        (schema.subject, schema.subject.c.delivery, schema.delivery.c.number),
        (schema.standing, schema.standing.c.run, schema.run.c.number),
        (schema.standing, schema.standing.c.subject_id, schema.subject.c.id),
        (schema.quiet, schema.quiet.c.run, schema.increment.c.run),
    )
    for table, column, owner in owners:
        query = sa.select(column).distinct().where(column.is_not(None), ~sa.exists().where(owner == column))
        for stray in connection.execute(query.order_by(column)).scalars():
            yield f"{table.name}: has rows of {owner.table.name} {stray}, which is not there"


def _runs(connection: sa.Connection, register: Register) -> Iterator[str]:
    for row in connection.execute(sa.select(schema.run).order_by(schema.run.c.number)).all():
        if commitments.standings_digest(connection, row.number) != row.standings_digest:
            yield f"run {row.number}: its rows of standing are not those that were made"
            yield from _other_standings(connection, register, row)
    for row in connection.execute(sa.select(schema.increment).order_by(schema.increment.c.run)).all():
        if commitments.quiet_digest(connection, row.run) != row.quiet_digest:
            yield f"increment {row.run}: its rows of quiet are not those that were made"


def _other_standings(connection: sa.Connection, register: Register, row: Any) -> Iterator[str]:
    """Name the standings that are not what scoring gives again, where it can be scored again."""
    try:
        wrong = compared(connection, register, row)
    except (InputError, PolarsError, ValueError, KeyError) as error:
        yield f"run {row.number}: cannot be scored again ({str(error).splitlines()[0]})"
        return
    yield from named(
        [f"subject {one}" for one in wrong], f"standing run {row.number}", "is not what scoring gives again"
    )
