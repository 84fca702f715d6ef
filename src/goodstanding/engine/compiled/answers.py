"""From the kernels' arrays to the columns of an answer: texts, dates, whole or decimal numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import polars as pl
import pyarrow

from goodstanding.engine.compiled.primitives import FOREVER
from goodstanding.engine.compiled.snapshot import Array
from goodstanding.facts.errors import InputError

LARGEST = 2**62
"""The largest number in a table, in units of its last decimal."""
_ARROW: Any = pyarrow
"""Arrow, whose stubs do not name what it exports."""


def places_of(scale: int) -> int:
    """Return how many decimals numbers in whole 1/scale units can need; those of thirds and the like do not count."""
    places, rest = 0, scale
    while gcd(rest, 10) > 1:
        places, rest = places + 1, rest // gcd(rest, 10)
    return places


def type_of(places: int) -> pl.DataType:
    """Return the type of a column of numbers with so many decimals."""
    return pl.Decimal(38, places) if places else pl.Int64()


def number_of(number: Fraction, places: int) -> int | Decimal:
    """Return an exact number as a cell. Raises InputError where it needs more decimals, or is too large."""
    units = number * 10**places
    if units.denominator != 1:
        raise InputError(_more_decimals(number, places))
    if abs(units.numerator) > LARGEST:
        raise InputError("numbers of this policy and these records may pass 2^62 units, more than is computed with")
    return Decimal(units.numerator).scaleb(-places) if places else units.numerator


def numbers(units: Array, over: Array, known: Array, places: int) -> pl.Series:
    """Return quotients units/over as one series, null where they are not known."""
    over, tens = np.where(known, over, 1), np.int64(10**places)
    common = np.gcd(over, tens)
    finer, rest = tens // common, over // common
    large = known & (np.abs(units) > LARGEST // finer)
    if large.any():
        row = np.flatnonzero(large)[0]
        number_of(Fraction(int(units[row]), int(over[row])), places)
    whole, left = np.divmod(np.where(known, units, 0) * finer, rest)
    if left.any():
        row = np.flatnonzero(left)[0]
        raise InputError(_more_decimals(Fraction(int(units[row]), int(over[row])), places))
    return where(known, _decimals(whole.astype(np.int64), places))


def _more_decimals(number: Fraction, places: int) -> str:
    return f"found the number {number}, which {places} decimals do not hold; expected a policy that comes to decimals"


def _decimals(units: Array, places: int) -> pl.Series:
    if not places:
        return pl.Series(units)
    words = np.stack([units, units >> 63], axis=1)
    cells = [None, _ARROW.py_buffer(words)]
    return pl.Series(_ARROW.Decimal128Array.from_buffers(_ARROW.decimal128(38, places), len(units), cells))


def where(known: Array, series: pl.Series) -> pl.Series:
    """Return the series with nulls where it is not known."""
    return pl.select(pl.when(pl.Series(known)).then(series)).to_series()


def texts(things: Sequence[str], numbers: Array) -> pl.Series:
    """Return the thing of each number; negative numbers stand for none."""
    if not things:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(numbers))
    return where(numbers >= 0, pl.Series(things, dtype=pl.String).gather(np.maximum(numbers, 0)))


def days(numbers: Array) -> pl.Series:
    """Return days since 1970-01-01 as dates, FOREVER as null."""
    return where(numbers < FOREVER, pl.Series(numbers.astype(np.int32))).cast(pl.Date)
