"""Random numbers from a counter: the same numbers for the same seed and purpose, however many are drawn after them.

Each purpose has its own Philox stream, and every subject uses a fixed count of its numbers. So a longer population
begins with the shorter one, and a new purpose changes no number of the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def uniform(seed: int, purpose: str, *shape: int) -> Floats:
    """Return numbers in [0, 1) of this shape, filled row by row from the stream of this purpose."""
    key = np.frombuffer(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:16], dtype=np.uint64)
    raw = np.random.Philox(key=key).random_raw(int(np.prod(shape)))
    return np.asarray((raw >> np.uint64(11)) * 2.0**-53, dtype=np.float64).reshape(shape)


def normal(seed: int, purpose: str, *shape: int) -> Floats:
    """Return standard normal numbers of this shape (Box-Muller: always two uniform numbers for one)."""
    first, second = uniform(seed, f"{purpose}:radius", *shape), uniform(seed, f"{purpose}:angle", *shape)
    return np.asarray(np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second))


def choice(numbers: Floats, weights: Sequence[float]) -> Ints:
    """Turn uniform numbers into indices 0..len(weights)-1, drawn in proportion to the weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], numbers, side="right").astype(np.int64)


def heavy_tailed(seed: int, purpose: str, count: int, spread: float) -> Floats:
    """Return log-normal numbers with mean 1; `spread` is the standard deviation of their logarithm."""
    return np.asarray(np.exp(spread * normal(seed, purpose, count) - spread**2 / 2))
