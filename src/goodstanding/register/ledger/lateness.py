"""Late sources: which have not delivered for longer than they may, and which rules of a policy pause for it.

Everything here follows from the register, a day and what was known: the same question gives the same answer later.
Decision 0008 says why it is so.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from goodstanding.engine.state import ENDING
from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.records import Record
from goodstanding.facts.sources import Source
from goodstanding.policy.model import Policy
from goodstanding.register.ledger.policies import policies
from goodstanding.register.ledger.records import last_known
from goodstanding.register.ledger.sources import kept_sources
from goodstanding.register.store.database import Register

_DAY = dt.timedelta(1)
_NEWEST = sa.text("""
    SELECT source.id, max(delivery.received) AS received,
        coalesce((SELECT CAST(manifest ->> 'until' AS date) FROM world), CAST(source.known_on AS date)) AS founded
    FROM source LEFT JOIN delivery ON delivery.source = source.id
        AND (CAST(:known AS bigint) IS NULL OR delivery.number <= :known)
    GROUP BY source.id ORDER BY source.id""")
"""The newest day of receipt of each source, and the day of its founding by the calendar of the register's world."""


@dataclass(frozen=True)
class Timeliness:
    """How a source stands on a day: its newest delivery, and the last day on which it need not have delivered again.

    `late`: the first day on which it was late, None where it is not. `paused`: the policies with rules that pause for
    it.
    """

    last: dt.date | None
    due: dt.date
    late: dt.date | None
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class Pause:
    """What records of a kind from a source may not trigger, because a source has been late since a day.

    `late` is their own source, or one that would tell of their end.
    """

    late: str
    since: dt.date
    source: str
    kind: str

    def __str__(self) -> str:
        return f"source {self.late}: late since {self.since}, decidable until {self.since - _DAY}"


PAUSED = re.compile(r"source (\S+): late since (\d{4}-\d{2}-\d{2}), decidable until (\d{4}-\d{2}-\d{2})")
"""What a pause says, as `missing` has it: the late source, the day since when, and the last day that was decidable."""


def timeliness(register: Register, on: dt.date, known_on: dt.date | None = None) -> dict[str, Timeliness]:
    """Return how each source stands on a day, as known by the end of another (UTC; None: now), in order of id."""
    loaded = policies(register)
    with register.engine.connect() as connection:
        known = None if known_on is None else last_known(connection, known_on)
        found = _stand(connection, on, known)
        pausing = defaultdict(set)
        for name, one in loaded.items():
            for pause in pauses(connection, one.policy, register.catalogue, on, known):
                pausing[pause.late].add(name)
    return {name: Timeliness(one.last, one.due, one.late, tuple(sorted(pausing[name]))) for name, one in found.items()}


def late(register: Register, on: dt.date) -> dict[str, dt.date]:
    """Return the sources that are late on a day, each with the first day on which it was, in order of id."""
    with register.engine.connect() as connection:
        return {name: one.late for name, one in _stand(connection, on, None).items() if one.late}


def _stand(connection: sa.Connection, on: dt.date, known: int | None) -> dict[str, Timeliness]:
    """How sources stand when the delivery `known` was the last (None: now), whatever pauses for it."""
    sources = kept_sources(connection)
    told = {}
    for name, received, founded in connection.execute(_NEWEST, {"known": known}):
        due = (received or founded) + dt.timedelta(sources[name].max_lag_days)
        told[name] = Timeliness(received, due, due + _DAY if due < on else None)
    return told


def pauses(
    connection: sa.Connection, policy: Policy, catalogue: Catalogue, on: dt.date, known: int | None = None
) -> list[Pause]:
    """Return which records pause a policy on a day when the delivery `known` was the last (None: now)."""
    since = {name: one.late for name, one in _stand(connection, on, known).items() if one.late}
    return resting(policy, catalogue, kept_sources(connection), since) if since else []


def resting(
    policy: Policy, catalogue: Catalogue, sources: Mapping[str, Source], since: Mapping[str, dt.date]
) -> list[Pause]:
    """Return which records pause a policy where sources (by id) are late since a day.

    Favourable ones never do, and nobody waits for an adverse one that might end another.
    """
    direction = {kind: catalogue.kinds[kind].direction for kind in policy.kinds}
    adverse = {kind for kind, one in direction.items() if one != "favourable"}
    ends = {kind: {one for one in policy.enders(kind) if direction[one] != "adverse"} for kind in adverse}
    return sorted(
        Pause(one, day, name, kind)
        for name, source in sources.items()
        for kind in adverse & set(source.kinds)
        for one, day in since.items()
        if one == name
        or ends[kind].difference(source.kinds).intersection(sources[one].kinds)
        or (_ends(sources[one], kind, catalogue) and ENDING not in source.kinds)
    )


def _ends(source: Source, kind: str, catalogue: Catalogue) -> bool:
    """Whether a source tells of the end of continuing conduct: of the kinds that it delivers, or of all if of none."""
    own = {one for one in source.kinds if catalogue.kinds[one].continuing}
    return ENDING in source.kinds and catalogue.kinds[kind].continuing and (kind in own or not own)


def pausing(found: Iterable[Pause], records: Iterable[Record]) -> dict[Pause, dt.date]:
    """Return the pauses that records are under, one for each late source, and the first day on which each holds."""
    under: dict[tuple[str, str], list[Pause]] = defaultdict(list)
    for one in found:
        under[one.source, one.kind].append(one)
    first: dict[str, tuple[dt.date, Pause]] = {}
    for record in records:
        for one in under[record.source, record.kind]:
            day = max(record.act, one.since)
            first[one.late] = min(first.get(one.late, (day, one)), (day, one))
    return {one: day for day, one in sorted(first.values(), key=lambda held: str(held[1]))}
