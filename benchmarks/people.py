"""Records about people who do not exist, by the million: common and rare names, slips of the pen, missing cells.

The same seed and numbers give the same records, a million at a time: memory does not grow with how many are made. Which
person a record is about stands in `person`, for measuring; nothing that links may read it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

CHUNK = 1_000_000
AGAIN = 0.2
"""The share of the records that are a second one about somebody."""
_SLIP = {"given": 0.06, "family": 0.06, "born": 0.05, "postcode": 0.05, "town": 0.03}
_MISSING = {"given": 0.02, "family": 0.01, "born": 0.06, "postcode": 0.10, "town": 0.08}
_CELLS = tuple(_SLIP)
_SOUNDS = np.array([a + b for a in "bdklmnrs" for b in "aeio"])
Draw = np.random.Generator


def _pool(count: int, sounds: int, seed: int) -> tuple[pl.Series, npt.NDArray[np.float64]]:
    """Return words, and how common each is at most: few are very common, most are rare (Zipf)."""
    draw = np.random.default_rng((7, seed))
    parts = _SOUNDS[draw.integers(0, len(_SOUNDS), (count, sounds))]
    ends = np.array(list("nrstlkm"))[draw.integers(0, 7, count)]
    words = pl.Series(["".join(row) + end for row, end in zip(parts, ends, strict=True)])
    weight = 1 / (np.arange(count) + 10.0)
    return words, np.cumsum(weight / weight.sum())


_POOLS = {"given": _pool(3_000, 2, 1), "family": _pool(60_000, 3, 2), "town": _pool(2_000, 3, 3)}


def persons(chunk: int, count: int, seed: int) -> pl.DataFrame:
    """Return people without any slip; `chunk` numbers them from a million times it."""
    draw = np.random.default_rng((seed, chunk, 0))
    cells = {
        name: words.gather(np.minimum(np.searchsorted(odds, draw.random(count)), len(words) - 1))
        for name, (words, odds) in _POOLS.items()
    }
    born = pl.Series(draw.integers(-14_000, 14_000, count)).cast(pl.Int32).cast(pl.Date).cast(pl.String)
    area, street = draw.integers(1000, 10_000, count), draw.integers(0, 400, count)
    letters = pl.DataFrame({"a": area, "s": street}).select(
        pl.format("{}{}{}", "a", _letter(pl.col("s") // 20), _letter(pl.col("s") % 20))
    )
    number = pl.Series(np.arange(count) + chunk * CHUNK)
    return pl.DataFrame({"person": number, **cells, "born": born, "postcode": letters.to_series()})


def _letter(number: pl.Expr) -> pl.Expr:
    return number.replace_strict(dict(enumerate("ABCDEGHJKLMNPRSTVWXZ")), return_dtype=pl.String)


def slipped(people: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """Return records about people: in each cell a letter may be another, and the cell may be missing."""
    cells = []
    for name in _CELLS:
        cell, length = pl.col(name), pl.col(name).str.len_chars().cast(pl.Int64)
        place = (pl.Series(draw.random(people.height)) * length).cast(pl.Int64)
        others = "0123456789" if name == "born" else "aeioubdklmnrst"
        other = pl.Series(np.array(list(others))[draw.integers(0, len(others), people.height)])
        wrong = cell.str.slice(0, place) + other + cell.str.slice(place + 1)
        slips, gone = draw.random(people.height) < _SLIP[name], draw.random(people.height) < _MISSING[name]
        cells.append(pl.when(~pl.Series(gone)).then(pl.when(pl.Series(slips)).then(wrong).otherwise(cell)).alias(name))
    return people.select("person", *cells)


def records(chunk: int, count: int, seed: int) -> pl.DataFrame:
    """Return up to a million records, `id` and cells, some of them a second time about somebody in this chunk."""
    draw = np.random.default_rng((seed, chunk, 1))
    once = persons(chunk, count - int(count * AGAIN), seed)
    both = pl.concat([once, once.head(count - once.height)])
    mixed = slipped(both, draw).select(pl.all().gather(draw.permutation(count)))
    number = pl.Series(np.arange(count) + chunk * CHUNK)
    return mixed.select(pl.format("r{}", number).alias("id"), pl.all())


def write(path: Path, count: int, seed: int) -> None:
    """Write so many records to Parquet, a million at a time."""
    writer = None
    for chunk, first in enumerate(range(0, count, CHUNK)):
        table = records(chunk, min(CHUNK, count - first), seed).to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()


def delivery(subjects: int, count: int, seed: int) -> pl.DataFrame:
    """Return records, half of them about people in `write(path, subjects, seed)`, half about others."""
    draw = np.random.default_rng((seed, 9))
    chunks = range(-(-subjects // CHUNK))
    sizes = [int(min(CHUNK, subjects - chunk * CHUNK) * (1 - AGAIN)) for chunk in chunks]
    each = count // 2 // len(chunks)
    some = [persons(chunk, size, seed).sample(each, seed=seed) for chunk, size in enumerate(sizes)]
    others = persons(len(chunks) + 1, count - sum(part.height for part in some), seed)
    told = slipped(pl.concat([*some, others]), draw)
    return told.select(pl.format("d{}", pl.int_range(pl.len())).alias("id"), pl.all())


def bad(count: int) -> dict[str, pl.DataFrame]:
    """Return deliveries that say nothing or nonsense, by what is wrong with them."""
    number = pl.select(pl.int_range(count)).to_series()
    nobody = pl.DataFrame({"id": pl.select(pl.format("x{}", number)).to_series()}).with_columns(
        pl.lit(None, pl.String).alias(name) for name in _CELLS
    )
    noise = [pl.select(number.hash(seed).cast(pl.String)).to_series() for seed in (1, 2)]
    broken = pl.Series(["Ã©", "\ufffd", "\u202e", "ï»¿", "\x00", "\ud7ff", "Å¾", "ä½ "])
    mixed = [broken.gather((number.hash(seed) % len(broken)).cast(pl.Int64)) + noise[seed - 1] for seed in (1, 2)]
    long = pl.when(number % (count // 100) == 0).then(pl.lit("ba " * 350_000)).otherwise(noise[0])
    return {
        "one name for everybody": nobody.with_columns(given=pl.lit("dolin"), family=pl.lit("bakolin")),
        "one day for everybody": nobody.with_columns(born=pl.lit("1970-01-01")),
        "a hundred names of a megabyte": nobody.with_columns(given=noise[1], family=long),
        "mixed encodings": nobody.with_columns(given=mixed[0], family=mixed[1], town=mixed[0]),
    }
