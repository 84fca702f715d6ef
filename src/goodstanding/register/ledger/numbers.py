"""Public numbers of subjects, as GS-4F7K-92QT: seven characters and a check character that finds any one slip.

A number is made from the place at which its subject entered the register, mixed with the register's salt; it says
nothing about the subject. It is no secret: who may see what is decided elsewhere. The alphabet is that of GB 32100,
without I, O, S, V and Z; its 31 characters are a prime number, so that a wrong character and two swapped are found.
"""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BITS = 34
"""Seven characters have room for 31**7 numbers, a little more than 2**34."""
_WEIGHTS = [pow(3, place, 31) for place in range(7)]
_MASK = 2**_BITS - 1
_HALF = _BITS // 2


def numbers(places: pl.Series, salt: str) -> pl.Series:
    """Return the number of each place (from 1, below 2**34) in a register with this salt; no two are the same."""
    mixed = places.to_numpy().astype(np.uint64)
    for factor in _factors(salt):
        mixed = mixed * np.uint64(factor) & np.uint64(_MASK)
        mixed ^= mixed >> np.uint64(_HALF)
    digits = mixed[:, None] // 31 ** np.arange(6, -1, -1, dtype=np.uint64) % np.uint64(31)
    check = digits @ np.array(_WEIGHTS, dtype=np.uint64) % np.uint64(31)
    characters = [pl.Series(list(ALPHABET)).gather(column) for column in (*digits.T, check)]
    frame = pl.DataFrame({str(place): column for place, column in enumerate(characters)})
    return frame.select(
        pl.format("GS-{}-{}", pl.concat_str("0", "1", "2", "3"), pl.concat_str("4", "5", "6", "7"))
    ).to_series()


def canonical(text: str) -> str | None:
    """Return a number as it is written here, whatever its case, spaces and hyphens; None where it is no number."""
    characters = "".join(text.upper().split()).replace("-", "").removeprefix("GS")
    if len(characters) != 8 or not set(characters) <= set(ALPHABET):
        return None
    values = [ALPHABET.index(character) for character in characters]
    if sum(weight * value for weight, value in zip(_WEIGHTS, values[:7], strict=True)) % 31 != values[7]:
        return None
    return f"GS-{characters[:4]}-{characters[4:]}"


def place_of(number: str, salt: str) -> int | None:
    """Return the place that has a number, given as `canonical` gives it; None where no place can have it."""
    mixed = 0
    for character in number.removeprefix("GS-").replace("-", "")[:7]:
        mixed = mixed * 31 + ALPHABET.index(character)
    if mixed > _MASK:
        return None
    for factor in reversed(_factors(salt)):
        mixed ^= mixed >> _HALF
        mixed = mixed * pow(factor, -1, _MASK + 1) & _MASK
    return mixed


def _factors(salt: str) -> list[int]:
    """Odd factors: a product with one of them, and a shift by half, can each be undone, so that no numbers meet."""
    seed = hashlib.sha256(salt.encode()).digest()
    return [int.from_bytes(seed[start : start + 8]) & _MASK | 1 for start in range(0, 24, 8)]
