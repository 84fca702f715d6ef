"""Receivers: who is given records or standings, what they are told when these change, and what they answer.

A receiver is told of each correction, withdrawal and erasure of a record that it was given, and of each merge and split
by which such a record is about another or a standing rests on others: one that the register held
on a day between its `since` and its end, of one of its kinds. A message names records by their place, delivery and row,
by which the receiver got them, and says nothing of what is in them.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.register.ledger.policies import policy_of
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

WORKING_DAYS = 3
"""So many working days a message and its answer may take (charter R08); Saturday and Sunday are none."""
_LONGEST_PAUSE = dt.timedelta(hours=6)
_AT_ONCE = 8
"""So many receivers are written to at the same time."""
_SENDING = 0x7011
"""The first half of the key of the advisory lock that whoever sends to a receiver takes; the second is its number."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Given:
    """A receiver; `policy` is None where it is given records. Days are in UTC; `until` is None while it goes on.

    waiting: messages it has not taken yet; unanswered: those it took without an answer; overdue: those of both whose
    last day is over; failed: attempts so far to send the first that waits.
    """

    name: str
    address: str
    policy: str | None
    kinds: tuple[str, ...]
    since: dt.date
    until: dt.date | None
    waiting: int
    unanswered: int
    overdue: int
    failed: int


def add(
    register: Register, name: str, address: str, since: dt.date, policy: str | None = None, kinds: Sequence[str] = ()
) -> None:
    """Enter a receiver of the standings of a policy, or of records of some kinds.

    Raises InputError where the name is taken, the address is none, both or neither of policy and kinds are given, or
    one of them is not there.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise InputError(f"address: found {address!r}, expected https://HOST/PATH without a password or a query")
    if bool(policy) == bool(kinds):
        raise InputError("expected either a policy, whose standings the receiver is given, or kinds of records")
    unknown = sorted(set(kinds) - set(register.catalogue.kinds))
    if unknown:
        raise InputError(f"kind {unknown[0]}: is not in the catalogue of this world")
    read = sorted(policy_of(register, policy).policy.kinds) if policy else sorted(set(kinds))
    row = {"name": name.strip(), "address": address, "policy": policy, "kinds": read, "since": since}
    try:
        with register.engine.begin() as connection:
            events.add(connection, "receiver", [row])
    except sa.exc.IntegrityError:
        raise InputError(f"receiver {name!r}: found an empty name or one that is taken; expected another") from None


def end(register: Register, name: str, until: dt.date, why: str) -> None:
    """Say from which day on a receiver is given nothing any more; of what it got before it is still told.

    Raises InputError where there is no such receiver, it has ended before, it ends before it begins, or no reason is
    given.
    """
    if not why.strip():
        raise InputError("why: found nothing, expected why the receiver is given nothing any more")
    with register.engine.begin() as connection:
        row = connection.execute(sa.select(schema.receiver).where(schema.receiver.c.name == name)).one_or_none()
        if row is None:
            raise InputError(f"receiver {name!r}: there is none of this name")
        if until < row.since:
            raise InputError(f"until: found {until}, expected a day not before {row.since}, since when it is given")
        ended = schema.receiver_end.c.receiver
        if connection.execute(sa.select(ended).where(ended == row.number)).first():
            raise InputError(f"receiver {name!r}: has ended before")
        events.add(connection, "receiver_end", [{"receiver": row.number, "until": until, "why": why.strip()}])


def receivers(register: Register, on: dt.date) -> list[Given]:
    """Return the receivers in the order in which they were entered, with how they stand on a day (UTC)."""
    with register.engine.connect() as connection:
        return [
            Given(**{**row, "kinds": tuple(row["kinds"])}) for row in connection.execute(_LIST, {"on": on}).mappings()
        ]


_LIST = sa.text("""
    SELECT receiver.name, address, policy, kinds, since, until,
        count(told.message) FILTER (WHERE sent.number IS NULL) AS waiting,
        count(told.message) FILTER (WHERE sent.number IS NOT NULL AND answer.message IS NULL) AS unanswered,
        count(told.message) FILTER (WHERE answer.message IS NULL AND told.due < :on) AS overdue,
        (SELECT count(*) FROM attempt WHERE attempt.message = min(told.message) FILTER (WHERE sent.number IS NULL))
            AS failed
    FROM receiver LEFT JOIN receiver_end ON receiver_end.receiver = receiver.number
    LEFT JOIN told ON told.receiver = receiver.number
    LEFT JOIN sent ON sent.number = told.message LEFT JOIN answer ON answer.message = told.message
    GROUP BY receiver.number, until ORDER BY receiver.number""")


def unanswered(register: Register, name: str) -> list[tuple[str, dt.date]]:
    """Return the keys of the messages to a receiver without an answer, each with the last day for it, in order."""
    told, box = schema.told.c, schema.outbox.c
    query = (
        sa.select(box.key, told.due)
        .join_from(schema.told, schema.outbox, told.message == box.number)
        .join(schema.receiver, schema.receiver.c.number == told.receiver)
        .where(schema.receiver.c.name == name, ~sa.exists().where(schema.answer.c.message == told.message))
        .order_by(told.message)
    )
    with register.engine.connect() as connection:
        return [(row.key, row.due) for row in connection.execute(query)]


def keep_answer(register: Register, key: str, answer: str) -> None:
    """Keep what a receiver answered to the message with this key.

    Raises InputError where there is no such message to a receiver, it is answered already, or nothing is answered.
    """
    if not answer.strip():
        raise InputError("answer: found nothing, expected what the receiver answered")
    told, box = schema.told.c, schema.outbox.c
    with register.engine.begin() as connection:
        number = sa.select(told.message).join_from(schema.told, schema.outbox, told.message == box.number)
        found = connection.execute(number.where(box.key == key)).scalar_one_or_none()
        if found is None:
            raise InputError(f"message {key!r}: none of this key went to a receiver")
        try:
            events.add(connection, "answer", [{"message": found, "answer": answer.strip()}])
        except sa.exc.IntegrityError:
            raise InputError(f"message {key!r}: is answered already") from None


_GIVEN = """
    (receiver_end.until IS NULL OR delivery.known_on < receiver_end.until)"""
"""A record of `delivery` came before the end of a receiver; the session is in UTC."""

_CHANGED = sa.text(f"""
    SELECT receiver.number, receiver.name, by_delivery, json_agg(json_build_array(
        old.delivery, old.row, by_delivery, by_row,
        CASE WHEN new.state <> 'valid' THEN new.state WHEN old.state = 'valid' THEN 'corrected' ELSE 'restored' END
    ) ORDER BY old.delivery, old.row) AS rows
    FROM receiver LEFT JOIN receiver_end ON receiver_end.receiver = receiver.number
    JOIN delivery later ON later.known_on >= receiver.since
    JOIN superseded ON by_delivery = later.number
    JOIN record old ON (old.delivery, old.row) = (superseded.delivery, superseded.row)
    JOIN record new ON (new.delivery, new.row) = (by_delivery, by_row)
        AND (old.kind = ANY (kinds) OR old.state = 'withdrawn' AND new.kind = ANY (kinds))
    JOIN delivery ON delivery.number = old.delivery
    WHERE old.delivery < by_delivery AND {_GIVEN} AND NOT EXISTS (
        SELECT FROM outbox WHERE key = 'changed/' || receiver.number || '/' || later.number)
    GROUP BY receiver.number, receiver.name, by_delivery
    ORDER BY by_delivery, receiver.number""")  # noqa: S608
"""What a later delivery replaced of what a receiver was given; what the same one replaced, nobody was given."""


_MERGED = sa.text(f"""
    SELECT receiver.number, receiver.name, fact.what, fact.number AS fact, kept.number AS kept, merged.number AS merged,
        given.rows
    FROM (SELECT 'merged' AS what, number, kept, merged, at FROM same
        UNION ALL SELECT 'split', apart.number, kept, merged, apart.at FROM apart JOIN same ON same.number = apart.same
    ) AS fact JOIN receiver ON fact.at >= receiver.since
    LEFT JOIN receiver_end ON receiver_end.receiver = receiver.number
    JOIN subject AS kept ON kept.id = fact.kept JOIN subject AS merged ON merged.id = fact.merged
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(record.delivery, record.row) ORDER BY record.delivery, record.row) AS rows
        FROM group_of(fact.merged, fact.at - CASE WHEN (policy IS NULL) = (fact.what = 'merged')
            THEN interval '1 microsecond' ELSE interval '0' END) AS own
        JOIN record ON record.subject_id = own AND record.kind = ANY (kinds)
        JOIN delivery ON delivery.number = record.delivery
        WHERE delivery.known_on <= fact.at AND {_GIVEN} AND NOT EXISTS (
            SELECT FROM superseded JOIN delivery AS later ON later.number = by_delivery
            WHERE (superseded.delivery, superseded.row) = (record.delivery, record.row) AND later.known_on <= fact.at)
    ) AS given
    WHERE given.rows IS NOT NULL AND NOT EXISTS (
        SELECT FROM outbox WHERE key = fact.what || '/' || fact.number || '/to/' || receiver.number)
    ORDER BY fact.at, receiver.number""")  # noqa: S608
"""Merges and splits that changed what receivers were given. Of records: those of the merged subject, and of all who led
to it, which are about another now. Of standings: those of all who were made one, or two, since they rest on them."""


def tell_changed(register: Register) -> int:
    """Put a message to each receiver for each delivery, merge and split that changed what it was given.

    Returns how many.
    """
    with register.engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key, 0)"), {"key": _SENDING})
        rows = connection.execute(_CHANGED).all()
        columns = ["delivery", "row", "by_delivery", "by_row", "what"]
        for row in rows:
            message = {"receiver": row.name, "columns": columns, "rows": row.rows}
            _put(connection, row.number, f"changed/{row.number}/{row.by_delivery}", "changed", message)
        facts = connection.execute(_MERGED).all()
        for row in facts:
            message = {"receiver": row.name, "kept": row.kept, "merged": row.merged}
            message |= {"columns": ["delivery", "row"], "rows": row.rows}
            _put(connection, row.number, f"{row.what}/{row.fact}/to/{row.number}", row.what, message)
        return len(rows) + len(facts)


_TO_ERASE = sa.text(f"""
    SELECT receiver.number, receiver.name, record.delivery, record.row FROM record
    JOIN unnest(CAST(:deliveries AS bigint[]), CAST(:rows AS bigint[])) AS wanted (delivery, row)
        ON (wanted.delivery, wanted.row) = (record.delivery, record.row)
    JOIN delivery ON delivery.number = record.delivery
    JOIN receiver ON record.kind = ANY (receiver.kinds) AND receiver.since <= current_date
    LEFT JOIN receiver_end ON receiver_end.receiver = receiver.number
    WHERE {_GIVEN} ORDER BY receiver.number, record.delivery, record.row""")  # noqa: S608


def tell_erased(
    connection: sa.Connection, deliveries: Sequence[int], rows: Sequence[int]
) -> Callable[[Sequence[Mapping[str, Any]]], None]:
    """Look, before records are erased, who was given them; call what is returned with the erasures, to tell these."""
    given: dict[tuple[int, str], set[tuple[int, int]]] = {}
    for row in connection.execute(_TO_ERASE, {"deliveries": list(deliveries), "rows": list(rows)}):
        given.setdefault((row.number, row.name), set()).add((row.delivery, row.row))

    def tell(happened: Sequence[Mapping[str, Any]]) -> None:
        for (number, name), places in given.items():
            gone = [one for one in happened if (one["delivery"], one["row"]) in places]
            told = [[one["delivery"], one["row"], one["clause"], one["on"].isoformat()] for one in gone]
            if gone:
                message = {"receiver": name, "columns": ["delivery", "row", "clause", "on"], "rows": told}
                _put(connection, number, f"gone/{number}/{gone[0]['number']}-{gone[-1]['number']}", "gone", message)

    return tell


def _put(connection: sa.Connection, receiver: int, key: str, kind: str, message: Mapping[str, Any]) -> None:
    today = connection.execute(sa.select(sa.func.current_date())).scalar_one()
    due = working_days_after(today, WORKING_DAYS)
    effects.put(connection, key, kind, {**message, "due": due.isoformat()})
    number = connection.execute(sa.select(schema.outbox.c.number).where(schema.outbox.c.key == key)).scalar_one()
    events.add(connection, "told", [{"message": number, "receiver": receiver, "due": due}])


def working_days_after(day: dt.date, count: int) -> dt.date:
    """Return the last of so many working days (Monday to Friday) after a day, which is not counted."""
    while count:
        day += dt.timedelta(1)
        count -= day.weekday() < 5
    return day


def send_each(register: Register, now: dt.datetime | None = None) -> int:
    """Send to each receiver what waits for it, in order, all receivers beside each other; return how many were taken.

    Where one does not take a message, that is kept, and it is tried again after 1, 2, 4 ... minutes, at most six
    hours; nobody else waits for it. now: the present moment in UTC, where it is not the clock's.
    """
    now = now or dt.datetime.now(dt.UTC)
    with register.engine.connect() as connection:
        waiting = connection.execute(_WAITING).all()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(lambda row: _send(register, row.number, row.address, now), waiting))


_WAITING = sa.text("""
    SELECT number, address FROM receiver WHERE EXISTS (
        SELECT FROM told WHERE told.receiver = receiver.number
        AND NOT EXISTS (SELECT FROM sent WHERE sent.number = told.message))""")
_NEXT = sa.text("""
    SELECT outbox.number, key, kind, outbox.message, count(attempt.place) AS failed, max(attempt.at) AS last
    FROM told JOIN outbox ON outbox.number = told.message LEFT JOIN attempt ON attempt.message = told.message
    WHERE told.receiver = :receiver AND NOT EXISTS (SELECT FROM sent WHERE sent.number = told.message)
    GROUP BY outbox.number ORDER BY outbox.number LIMIT 1""")


def _send(register: Register, number: int, address: str, now: dt.datetime) -> int:
    lock = {"key": _SENDING, "number": number}
    count = 0
    with register.engine.connect() as connection:
        if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:key, :number)"), lock).scalar_one():
            return 0
        connection.commit()
        try:
            while (row := connection.execute(_NEXT, {"receiver": number}).one_or_none()) and _due(row, now):
                connection.commit()
                if not _taken(connection, address, row):
                    break
                count += 1
        finally:
            connection.rollback()
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key, :number)"), lock)
            connection.commit()
    return count


def _due(row: Any, now: dt.datetime) -> bool:
    pause = min(dt.timedelta(minutes=2 ** min(max(row.failed - 1, 0), 10)), _LONGEST_PAUSE)
    return row.last is None or row.last + pause <= now


def _taken(connection: sa.Connection, address: str, row: Any) -> bool:
    try:
        answer = effects.Receiver(address).send(row.key, row.kind, row.message)
    except InputError:
        attempt = {"message": row.number, "place": row.failed + 1, "why": "did not take it"}
        events.add(connection, "attempt", [attempt])
        connection.commit()
        _log.warning("a receiver did not take a message", extra={"fields": {"message": row.key}})
        return False
    events.add(connection, "sent", [{"number": row.number, "receiver": address}])
    if answer:
        events.add(connection, "answer", [{"message": row.number, "answer": answer}])
    connection.commit()
    return True
