"""Deliveries that do not keep their source's contract are held back: kept as they came, until a person decides.

Nothing of a held delivery is applied, and nobody is enrolled by it. Its content stands in the database in parts, and
leaves it, by a function of the database, in the transaction of the decision.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.contracts import Contract
from goodstanding.facts.errors import InputError
from goodstanding.facts.measuring import Breach
from goodstanding.register.deliveries.senders import Note
from goodstanding.register.log import effects, events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

PART = 1 << 20
"""Bytes of a part of the content, but for the last one."""


@dataclass(frozen=True)
class Held:
    """A delivery that was held back, and what a person decided: nothing yet, `released` or `rejected`.

    received: the day of receipt, as it was said; on: the day of the decision; delivery: the number of what it became.
    """

    number: int
    source: str
    file: str
    content: str
    received: dt.date
    rows: int
    breaches: tuple[Breach, ...]
    known_on: dt.datetime
    decision: str | None = None
    reason: str | None = None
    on: dt.date | None = None
    delivery: int | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any] | sa.RowMapping) -> Held:
        """Return it from a row with these columns."""
        told = {name: row[name] for name in cls.__dataclass_fields__}
        return cls(**told | {"breaches": tuple(Breach(**one) for one in row["breaches"])})


class HeldBackError(InputError):
    """A delivery does not keep its source's contract: it is kept, and waits for a person to release or reject it."""

    def __init__(self, held: Held) -> None:
        """Keep what is held."""
        clauses = "; ".join(f"{one.measure}: found {one.found}, expected {one.expected}" for one in held.breaches)
        super().__init__(
            f"{held.file}: held back as number {held.number}, since it does not keep the contract of {held.source}: "
            f"{clauses}. Nothing of it is applied. A person of the register releases or rejects it "
            "(goodstanding register held); or send a file that keeps the contract"
        )
        self.held = held


_HELD, _DECISION = schema.held.c, schema.held_decision.c
QUERY = (
    sa.select(schema.held, _DECISION.decision, _DECISION.by, _DECISION.reason, _DECISION.on, _DECISION.delivery)
    .join_from(schema.held, schema.held_decision, isouter=True)
    .order_by(_HELD.number)
)


def hold(
    connection: sa.Connection,
    header: Mapping[str, Any],
    path: Path,
    found: tuple[Contract, int, Sequence[Breach]],
    said: tuple[Note | None, str | None],
) -> Held:
    """Keep a delivery back, in the turn that is held (header: source, file, received, content), with its content.

    found: the contract, the rows, what is not kept. said: the note that came with it, read and as it came. Raises
    InputError where the file is no longer what it was.
    """
    contract, rows, breaches = found
    number = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_HELD.number), 0) + 1)).scalar_one()
    row = dict(header) | {
        "number": number,
        "suffix": path.suffix,
        "rows": rows,
        "terms": contract.model_dump(mode="json", exclude_defaults=True),
        "breaches": [asdict(one) for one in breaches],
        "sequence": said[0].sequence if said[0] else None,
        "note": said[1],
    }
    kept = events.add(connection, "held", [row])[0]
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for place, part in enumerate(iter(lambda: file.read(PART), b"")):
            digest.update(part)
            connection.execute(sa.insert(schema.held_part), {"held": number, "part": place, "content": part})
    if digest.hexdigest() != header["content"]:
        raise InputError(f"{path}: was changed while it was read; deliver it again")
    effects.put(connection, f"held/{number}", "held", {"held": number, "source": header["source"]})
    return Held.of(kept | dict.fromkeys(("decision", "reason", "on", "delivery")))


def earlier(connection: sa.Connection, source: str, content: str) -> Held | None:
    """Return what was held of a source with this content, and was not released.

    Raises InputError where it was rejected.
    """
    row = connection.execute(QUERY.where(_HELD.source == source, _HELD.content == content)).mappings().one_or_none()
    if row is None or row["decision"] == "released":
        return None
    if row["decision"] == "rejected":
        raise InputError(
            f"{row['file']}: was held back as number {row['number']} and rejected on {row['on']}: {row['reason']}; "
            "send a file that keeps the contract"
        )
    return Held.of(row)


def held(register: Register, source: str | None = None) -> list[Held]:
    """Return what was held back, of a source or of all, in the order in which it came, what is decided too."""
    query = QUERY if source is None else QUERY.where(_HELD.source == source)
    with register.engine.connect() as connection:
        return [Held.of(row) for row in connection.execute(query).mappings()]


def content(connection: sa.Connection, number: int) -> Iterator[bytes]:
    """Yield the content of a held delivery, part by part, as it is kept."""
    kept = schema.held_part.c
    query = sa.select(kept.content).where(kept.held == number).order_by(kept.part)
    for part in connection.execute(query.execution_options(yield_per=8)).scalars():
        yield bytes(part)


def decide(connection: sa.Connection, decision: Mapping[str, Any]) -> None:
    """Keep a decision about a held delivery, and let its content go, in the transaction that is open."""
    events.add(connection, "held_decision", [decision])
    connection.execute(sa.select(sa.func.let_go(decision["held"])))


def problems(connection: sa.Connection) -> Iterator[str]:
    """Name the held deliveries of which something else is kept than what came, and parts of what is not there."""
    query = sa.select(_HELD.number, _HELD.content, _DECISION.decision)
    query = query.join_from(schema.held, schema.held_decision, isouter=True).order_by(_HELD.number)
    for number, expected, decision in connection.execute(query).all():
        kept = schema.held_part.c
        places = connection.execute(sa.select(kept.part).where(kept.held == number).order_by(kept.part)).scalars().all()
        if decision is not None and places:
            yield f"held {number}: was {decision}, and its content is stored again; let it go again"
        elif decision is None and (list(places) != [*range(len(places))] or _digest(connection, number) != expected):
            yield f"held {number}: what is stored is not what came"
    stray = sa.select(schema.held_part.c.held).distinct()
    for number in connection.execute(stray.where(schema.held_part.c.held.not_in(sa.select(_HELD.number)))).scalars():
        yield f"held_part: has rows of held {number}, which is not there"


def _digest(connection: sa.Connection, number: int) -> str:
    digest = hashlib.sha256()
    for part in content(connection, number):
        digest.update(part)
    return digest.hexdigest()
