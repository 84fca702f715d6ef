"""Runs that work out again only what can have changed, and carry the other standings over; equal to full runs."""

from __future__ import annotations

import datetime as dt
import zlib
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.policy.reader import Loaded
from goodstanding.register.ledger import merges
from goodstanding.register.ledger.lateness import pauses
from goodstanding.register.ledger.policies import policy_of
from goodstanding.register.log import effects, events
from goodstanding.register.log.commitments import quiet_digest
from goodstanding.register.standings.scoring import SUBJECT, Run, judged, keep_run, next_run
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_in, copy_out
from goodstanding.register.store.database import Register, turn_of

_TURN = 0x600D57A3 << 32
"""Rescoring of one policy takes the advisory lock of this and the policy."""
_COLUMNS = ("outcome", "score", "grade", "missing", "reason")
_TOUCHED = """
    WITH lead AS (SELECT * FROM unnest(%(merged)s::bigint[], %(kept)s::bigint[]) AS lead (id, kept))
    SELECT id, identifier, is_a FROM subject
    WHERE is_a = ANY (%(is_a)s) AND id NOT IN (SELECT lead.id FROM lead) AND (
        NOT EXISTS (SELECT FROM standing WHERE run = %(last)s AND subject_id = subject.id)
        OR id IN (SELECT coalesce(lead.kept, touched.subject_id) FROM (
            SELECT subject_id FROM record WHERE delivery > %(deliveries)s
            UNION ALL SELECT record.subject_id FROM superseded JOIN record USING (delivery, row)
                WHERE by_delivery > %(deliveries)s
            UNION ALL SELECT subject_id FROM record WHERE act > %(since)s AND act <= %(on)s
            UNION ALL SELECT subject_id FROM erasure
                WHERE number > %(erasures)s OR ("on" > %(since)s AND "on" <= %(on)s)
            UNION ALL SELECT subject_id FROM record
                JOIN unnest(%(sources)s::text[], %(kinds)s::text[]) AS turned (source, kind) USING (source, kind)
            UNION ALL SELECT unnest(ARRAY[kept, merged]) FROM same LEFT JOIN apart ON apart.same = same.number
                WHERE same.number > %(merges)s OR apart.number > %(splits)s
            UNION ALL SELECT subject_id FROM (
                SELECT DISTINCT ON (subject_id) subject_id, until FROM quiet
                WHERE run IN (SELECT run.number FROM run WHERE hash = %(hash)s AND run.number <= %(last)s)
                ORDER BY subject_id, quiet.run DESC) AS latest
                WHERE until <= %(on)s AND subject_id NOT IN (SELECT lead.id FROM lead)
            ) AS touched LEFT JOIN lead ON lead.id = touched.subject_id))
    ORDER BY id"""
"""Who must be worked out again: records came, went or were set aside, or a day came on which something changes; or a
source turned late, or delivered again; or subjects were merged or split. Whoever is merged stands with the kept one."""
_CARRIED = sa.text("""
    INSERT INTO standing (run, subject_id, outcome, score, grade, missing, reason)
    SELECT :run, subject_id, outcome, score, grade, missing, reason FROM standing
    WHERE run = :last AND NOT EXISTS (SELECT FROM standing done WHERE done.run = :run
        AND done.subject_id = standing.subject_id) AND subject_id <> ALL (:merged)""")


def rescore(register: Register, policy: str, on: dt.date) -> Run | None:
    """Make a run of a policy on a day from its last run of this kind; None where that one still holds.

    Everybody is worked out where there is none, the policy has a newer version, or the day lies before the last run's.
    However many do this at once, each state of the register gives one run. Raises InputError where no such policy is
    loaded.
    """
    session = register.engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with session as connection, turn_of(connection, _TURN + zlib.crc32(policy.encode())):
        loaded = policy_of(register, policy)
        last = _last(connection, loaded, on)
        known, lead = _known(connection), merges.leads(connection)
        about = {"is_a": list(loaded.policy.subjects)}
        about |= {"merged": lead["id"].to_list(), "kept": lead["kept_id"].to_list()}
        place = {name: getattr(last, name) for name in ("deliveries", "erasures", "merges", "splits")}
        place |= {"last": last.run, "since": last.on}
        before = pauses(connection, loaded.policy, register.catalogue, last.on, last.deliveries)
        turned = sorted(set(before) ^ set(pauses(connection, loaded.policy, register.catalogue, on, known.deliveries)))
        place |= {"sources": [one.source for one in turned], "kinds": [one.kind for one in turned]}
        subjects = copy_out(connection, _TOUCHED, SUBJECT, about | place | {"on": on, "hash": loaded.hash})
        if last.run and not subjects.height and last.on == on:
            return None
        key = f"rescore/{loaded.hash}/{on}/{last.run}/{known.deliveries}/{known.erasures}"
        key += f"/{known.merges}/{known.splits}" if known.merges else ""
        if not effects.once(connection, key):
            return None
        standings = judged(connection, register, loaded, on, only=subjects)
        return _written(connection, loaded, on, standings, (last, known, lead["id"].to_list()))


def _last(connection: sa.Connection, loaded: Loaded, on: dt.date) -> Any:
    """The last run of this kind under the same version of the policy; an empty one where none can be gone on from."""
    run = schema.run.c
    knew = [sa.func.coalesce(schema.increment_merge.c[name], 0) for name in ("same", "apart")]
    query = sa.select(schema.increment, run.on, knew[0].label("merges"), knew[1].label("splits"))
    query = query.join(schema.run, run.number == schema.increment.c.run).join(schema.increment_merge, isouter=True)
    query = query.where(run.policy == loaded.policy.id, run.hash == loaded.hash)
    found = connection.execute(query.order_by(run.number.desc()).limit(1)).one_or_none()
    return found if found and found.on <= on else connection.execute(_NOTHING).one()


_NOTHING = sa.text("""
    SELECT CAST(0 AS bigint) AS run, CAST('0001-01-01' AS date) AS "on",
        0 AS deliveries, 0 AS erasures, 0 AS merges, 0 AS splits""")


def _known(connection: sa.Connection) -> Any:
    last = {"deliveries": schema.delivery, "erasures": schema.erasure, "merges": schema.same, "splits": schema.apart}
    return connection.execute(
        sa.select(
            *(
                sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0)).scalar_subquery().label(name)
                for name, table in last.items()
            )
        )
    ).one()


def _written(
    connection: sa.Connection, loaded: Loaded, on: dt.date, standings: pl.DataFrame, basis: tuple[Any, Any, list[int]]
) -> Run:
    last, known, merged = basis
    number = next_run(connection)
    run = pl.lit(number).alias("run")
    copy_in(connection, "standing", standings.select(run, "subject_id", *_COLUMNS))
    copy_in(connection, "quiet", standings.select("subject_id", run, pl.col("quiet_until").alias("until")))
    connection.execute(_CARRIED, {"run": number, "last": last.run, "merged": merged})
    kept = schema.standing.c
    counts = sa.select(kept.outcome, sa.func.count()).where(kept.run == number).group_by(kept.outcome)
    outcomes = {outcome: count for outcome, count in connection.execute(counts.order_by(kept.outcome))}  # noqa: C416
    row = {"number": number, "policy": loaded.policy.id, "hash": loaded.hash, "on": on, "outcomes": outcomes}
    made = keep_run(connection, row | {"subjects": sum(outcomes.values())})
    increment = {"run": number, "previous": last.run or None, "scored": standings.height}
    increment |= {"deliveries": known.deliveries, "erasures": known.erasures}
    events.add(connection, "increment", [increment | {"quiet_digest": quiet_digest(connection, number)}])
    if known.merges:
        events.add(connection, "increment_merge", [{"run": number, "same": known.merges, "apart": known.splits}])
    return made
