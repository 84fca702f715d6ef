"""By what a record is about its subject: its number, or a decision; and which withdrawals undid such a link.

A number itself is never told, only the scheme that it is of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from goodstanding.register.store.database import Register

REGISTER = "register"
"""Who decided where no person did."""


@dataclass(frozen=True)
class ByNumber:
    """A record came with the number of its subject: of which scheme, and what had to agree with it.

    agreed: `name` and `born` of persons; of others `name`, where the row gave one.
    """

    scheme: str
    person: bool

    @property
    def agreed(self) -> tuple[str, ...]:
        """The attributes that corroborated the number; what did not agree was refused."""
        return ("name", "born") if self.person else ("name",)


@dataclass(frozen=True)
class Decided:
    """It was decided in a case whose a record is, that came by name; `by` is `REGISTER` where no person was asked.

    decision: same, or new: nobody in the register was meant. on: the day by the register's own calendar. evidence: what
    spoke for it and against it, bits as text. model: the number of the model then in force, with the bits from which
    and by which ahead of the second no person is asked; None: there was none.
    """

    case: int
    decision: str
    by: str
    reason: str
    on: dt.date
    evidence: tuple[Mapping[str, Any], ...]
    model: int | None
    threshold: Decimal | None
    margin: Decimal | None

    @property
    def weight(self) -> Decimal | None:
        """Bits, all evidence together; None where nothing was compared."""
        return weight_of(self.evidence) if self.evidence else None

    @property
    def probability(self) -> Decimal | None:
        """What the weight says, to millionths; None where nothing was compared."""
        return None if self.weight is None else probability_of(self.weight)


@dataclass(frozen=True)
class Affirmed:
    """It was said not to be about its subject (a claim), and a person of the register found that it is after all."""

    by: str
    reason: str
    on: dt.date


Ground = ByNumber | Decided | Affirmed


@dataclass(frozen=True)
class Undone:
    """A withdrawal that undid a link, since the record was said not to be about this subject.

    own: the subject said so itself.
    """

    by: str
    reason: str
    on: dt.date
    own: bool


def weight_of(found: Sequence[Mapping[str, Any]]) -> Decimal:
    """Return the bits of evidence as it is kept, all together."""
    return sum((Decimal(one["weight"]) + Decimal(one["frequency"]) for one in found), Decimal(0))


def probability_of(weight: Decimal) -> Decimal:
    """Return the probability that bits stand for, to millionths: 0 bits are even odds."""
    odds = 2.0 ** -float(max(min(weight, Decimal(900)), Decimal(-900)))
    return Decimal(1 / (1 + odds)).quantize(Decimal("0.000001"))


def grounds(register: Register, ids: Sequence[int]) -> dict[tuple[int, int], Ground]:
    """Return by what each record of some subjects is about it, by its delivery and row; also what no longer stands."""
    with register.engine.connect() as connection:
        decided: dict[int, Ground] = {
            row.delivery: _decided(row) for row in connection.execute(_DECIDED, {"ids": list(ids)})
        }
        records = connection.execute(_RECORDS, {"ids": list(ids)}).all()
        affirmed = connection.execute(_AFFIRMED, {"ids": list(ids)}).all()
    decided |= {row.entered: Affirmed(row.by, row.reason, row.on) for row in affirmed}
    return {
        (row.delivery, row.row): decided.get(row.delivery, ByNumber(row.scheme, row.is_a == "person"))
        for row in records
    }


_RECORDS = sa.text("""
    SELECT record.delivery, record.row, split_part(identifier, ':', 1) AS scheme, is_a
    FROM record JOIN subject ON subject.id = subject_id WHERE subject_id = ANY (:ids)""")
_AFFIRMED = sa.text("""
    SELECT entered, by, reason, "on" FROM claim WHERE subject_id = ANY (:ids) AND about AND entered IS NOT NULL""")
_DECIDED = sa.text("""
    SELECT link_decision.unlinked AS case, decision, link_decision.by, reason, "on", evidence, link_decision.delivery,
        model.number AS model, threshold, margin
    FROM link_decision JOIN unlinked ON unlinked.number = link_decision.unlinked LEFT JOIN LATERAL (
        SELECT model.* FROM model LEFT JOIN model_source AS own ON own.model = model.number
        WHERE model.at <= link_decision.at AND coalesce(own.source, unlinked.source) = unlinked.source
        ORDER BY own.source NULLS LAST, number DESC LIMIT 1) AS model ON true
    WHERE subject_id = ANY (:ids) AND decision IN ('same', 'new')""")


def _decided(row: Any) -> Decided:
    told = {name: getattr(row, name) for name in Decided.__dataclass_fields__}
    return Decided(**told | {"evidence": tuple(row.evidence)})


def undone(register: Register, deliveries: Iterable[int]) -> dict[int, Undone]:
    """Return which of some deliveries withdrew a record since it was linked wrongly, and why."""
    with register.engine.connect() as connection:
        rows = connection.execute(_UNDONE, {"deliveries": list(deliveries)}).all()
    return {row.delivery: Undone(row.by, row.reason, row.on, row.own) for row in rows}


_UNDONE = sa.text("""
    SELECT by, reason, "on", false AS own, delivery FROM link_decision
    WHERE decision = 'undone' AND delivery = ANY (:deliveries)
    UNION ALL SELECT by, reason, "on", own, entered FROM claim WHERE NOT about AND entered = ANY (:deliveries)""")
"""A link of a case that its subject denied is both; the subject's own word is told then, which comes last."""
