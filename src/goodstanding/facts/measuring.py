"""Measuring a delivery against its source's contract: whole numbers, counted batch by batch, column by column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.contracts import Clause, Contract, bound
from goodstanding.facts.records import VALID
from goodstanding.facts.validation import Checked


@dataclass(frozen=True)
class Breach:
    """A clause that a delivery does not keep: what was measured, what was found, what was expected. About nobody."""

    measure: str
    found: str
    expected: str


class Measured:
    """What was counted of a delivery so far: its rows, those that are valid, and what the clauses ask of these.

    Of a clause: the rows that may have its field and were not withdrawn, those with a value, and the values in range.
    """

    def __init__(self, contract: Contract, catalogue: Catalogue) -> None:
        """Begin to count for a contract that fits the catalogue."""
        self.contract, self.rows, self.valid = contract, 0, 0
        self._counted = [0] * (3 * len(contract.fields))
        self._columns = [
            column.sum().alias(str(place))
            for place, column in enumerate(one for clause in contract.fields for one in _counting(clause, catalogue))
        ]

    def of(self, batches: Iterable[Checked]) -> Iterator[Checked]:
        """Count batches as they pass."""
        for batch in batches:
            self.rows += batch.rows
            self.valid += batch.records.height + batch.waiting.height  # what waits is not wrong
            if self._columns:
                more = batch.records.select(self._columns).row(0)
                self._counted = [count + added for count, added in zip(self._counted, more, strict=True)]
            yield batch

    def breaches(self, last: int | None = None) -> list[Breach]:
        """Return what the delivery does not keep; `last`: the rows of the one before it, where there is one."""
        contract, rows = self.contract, contract_rows(self.contract)
        found = [Breach("rows", str(self.rows), rows)] if not _within(self.rows, contract.rows) else []
        if last and contract.change is not None and abs(Fraction(self.rows - last, last)) > Fraction(contract.change):
            most = f"a change of at most {contract.change} against the last delivery, of {last}"
            found.append(Breach("change", f"{self.rows} rows", most))
        found += refused_too_many(contract, self.rows, self.rows - self.valid)
        for place, clause in enumerate(contract.fields):
            found += _broken(clause, *self._counted[3 * place : 3 * place + 3])
        return found


def refused_too_many(contract: Contract, rows: int, refused: int) -> list[Breach]:
    """Return the breach of the share of rows that may be refused, where it is one."""
    if contract.refused is None or not rows or Fraction(refused, rows) <= Fraction(contract.refused):
        return []
    return [Breach("refused", f"{refused} of {rows} rows", f"at most {contract.refused} of them")]


def contract_rows(contract: Contract) -> str:
    """Return in words how many rows a delivery may have."""
    return _range(contract.rows.least, contract.rows.most)


def _within(count: int, rows: Any) -> bool:
    return (rows.least is None or count >= rows.least) and (rows.most is None or count <= rows.most)


def _range(least: object, most: object) -> str:
    parts = ([] if least is None else [f"at least {least}"]) + ([] if most is None else [f"at most {most}"])
    return " and ".join(parts)


def _broken(clause: Clause, may: int, filled: int, within: int) -> Iterator[Breach]:
    if clause.filled is not None and may and Fraction(filled, may) < Fraction(clause.filled):
        yield Breach(f"filled: {clause.name}", f"{filled} of {may} rows", f"at least {clause.filled} of them")
    if filled and Fraction(within, filled) < Fraction(clause.share):
        expected = f"{_range(clause.least, clause.most)}, in at least {clause.share} of them"
        yield Breach(f"range: {clause.name}", f"{within} of {filled} values", expected)


def _counting(clause: Clause, catalogue: Catalogue) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    having = clause.kinds or [kind for kind, spec in catalogue.kinds.items() if clause.field in spec.attributes]
    may = pl.col("state") == VALID
    if clause.kinds or clause.field in catalogue.attributes:
        may &= pl.col("kind").is_in(list(having))
    value = pl.col(clause.field)
    filled = may & value.is_not_null()
    within = filled
    for text, end in ((clause.least, pl.Expr.ge), (clause.most, pl.Expr.le)):
        if text is not None:
            within &= end(value, pl.lit(_whole(bound(clause.field, text, catalogue), upper=end is pl.Expr.le)))
    return may, filled, within


def _whole(end: Any, *, upper: bool) -> Any:
    """The last whole unit within a bound; a day is whole."""
    return (math.floor(end) if upper else math.ceil(end)) if isinstance(end, Fraction) else end
