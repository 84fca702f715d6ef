"""Delivery contracts: what a delivery of a source is like as a rule. One that is not is held back for a person.

Shares and bounds are exact decimal text; what is counted and compared with them are whole numbers (`measuring`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Self

import polars as pl
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import VERSIONS, schema

_PARTS = r"\d{1,9}(\.\d{1,9})?"
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?")


def _text(value: Any) -> Any:
    """Let whole numbers and days of a YAML file be text; a float has lost its exactness already, and is refused."""
    if isinstance(value, float):
        raise ValueError('found a number that is not exact, expected it in quotes, as "0.05"')
    return str(value) if isinstance(value, int | dt.date) and not isinstance(value, bool | dt.datetime) else value


_Exact = BeforeValidator(_text)
_Share = Annotated[str, _Exact, Field(pattern=r"^(0(\.\d{1,9})?|1(\.0{1,9})?)$")]
_Change = Annotated[str, _Exact, Field(pattern=f"^{_PARTS}$")]
_Count = Annotated[int, Field(ge=0, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rows(_Part):
    """How many rows a delivery has, refused ones too; none: no limit."""

    least: _Count | None = None
    most: _Count | None = None


class Clause(_Part):
    """What is asked of one field, in all rows that may have it, or only in those of some kinds.

    filled: the least share of them that has a value. least, most: where values lie, both ends included, a decimal
    number in the field's unit or a calendar day; share: how many of the values at least (1: all).
    """

    field: str
    kinds: tuple[str, ...] = ()
    filled: _Share | None = None
    least: Annotated[str, _Exact] | None = None
    most: Annotated[str, _Exact] | None = None
    share: _Share = "1"

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if self.filled is None and self.least is None and self.most is None:
            raise ValueError("asks nothing: expected filled, least or most")
        return self

    @property
    def name(self) -> str:
        """How a breach names the clause."""
        return f"{self.field} of {', '.join(self.kinds)}" if self.kinds else self.field


class Contract(_Part):
    """What a delivery is held to.

    change: the largest share by which the number of rows may differ from the source's last delivery that had any.
    refused: the largest share of rows that may be refused.
    """

    rows: Rows = Rows()
    change: _Change | None = None
    refused: _Share | None = None
    fields: tuple[Clause, ...] = ()


def fault_in(contract: Contract, kinds: Collection[str], catalogue: Catalogue) -> str | None:
    """Return what in a contract does not fit the catalogue or the kinds of its source; None: it fits."""
    least, most = contract.rows.least, contract.rows.most
    if least is not None and most is not None and least > most:
        return f"rows: least {least} is more than most {most}"
    for place, clause in enumerate(contract.fields):
        fault = _clause_fault(clause, kinds, catalogue)
        if fault:
            return f"fields.{place}: {fault}"
    return None


def _clause_fault(clause: Clause, kinds: Collection[str], catalogue: Catalogue) -> str | None:
    columns = schema(catalogue) | VERSIONS
    if clause.field not in columns:
        return f"field: {clause.field} is no field of a delivery; expected one of {', '.join(columns)}"
    strange = sorted(set(clause.kinds) - set(kinds))
    if strange:
        return f"kinds: {strange[0]} is no kind that the source delivers"
    if clause.field in catalogue.attributes:
        having = [kind for kind in clause.kinds or kinds if clause.field in catalogue.kinds[kind].attributes]
        lacking = sorted(set(clause.kinds) - set(having))
        if lacking or not having:
            return f"field: {clause.field} is no field of {lacking[0] if lacking else 'any kind of the source'}"
    bounds = [(name, text) for name in ("least", "most") if (text := getattr(clause, name)) is not None]
    for name, text in bounds:
        try:
            bound(clause.field, text, catalogue)
        except ValueError as error:
            return f"{name}: found {text!r}, expected {error}"
    both = [bound(clause.field, text, catalogue) for _, text in bounds]
    if len(both) == 2 and both[0] > both[1]:
        return f"least {clause.least} is more than most {clause.most}"
    return None


def bound(field: str, text: str, catalogue: Catalogue) -> Any:
    """Return an end of a range: a day, or a number in whole units of the catalogue's scale (a Fraction).

    Raises ValueError, which says what was expected.
    """
    if schema(catalogue).get(field) == pl.Date:
        try:
            return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
        except ValueError:
            raise ValueError("a calendar day, as 2026-03-31") from None
    attribute = catalogue.attributes.get(field)
    if attribute is None or attribute.type != "number":
        raise ValueError(f"nothing: {field} has neither numbers nor days")
    if not _NUMBER.fullmatch(text):
        raise ValueError('a decimal number in quotes, as "12.50"')
    return Fraction(text) * 10**attribute.scale


def read_contract(path: Path, kinds: Collection[str], catalogue: Catalogue) -> Contract:
    """Read a contract from a YAML file of its own, for a source of these kinds.

    Raises InputError, with file and field, where it does not parse or does not fit.
    """
    try:
        contract = Contract.model_validate(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); expected a contract") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not a contract: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc'])) or 'contract'}: {first['msg']}") from None
    fault = fault_in(contract, kinds, catalogue)
    if fault:
        raise InputError(f"{path}: {fault}")
    return contract
