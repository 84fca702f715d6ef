"""Linking on a cluster: the links that one machine would find, found by as many machines as Spark has.

Spark brings the rows together that share a value of a key, in parts that one machine holds. What is computed of them is
computed there by the code that links on one machine (`linking`), so that both give the same links and weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from goodstanding.linkage.columns import KEY
from goodstanding.linkage.engines import engine
from goodstanding.linkage.linking import COSTS, MOST_PAIRS, keyed, refuse, scored
from goodstanding.linkage.models import Model
from goodstanding.linkage.scoring import NUMBER, read

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROWS = 200_000
"""Rows that are compared at once on one machine, about."""
_LINKS = pa.schema({"left": pa.string(), "right": pa.string(), "weight": pa.float64(), "probability": pa.float64()})


def links(
    session: SparkSession,
    model: Model,
    left: str,
    right: str | None = None,
    least: float = 0.0,
    most: int = MOST_PAIRS,
    rows: int = ROWS,
) -> DataFrame:
    """Return the pairs of prepared rows with a match weight of at least `least`, as `linking.links`, in no order.

    `left` and `right` are Parquet that `columns.prepare` wrote, in a place that every machine reads; every machine has
    this package, too. `rows`: how many of them are compared at once on one machine, about.

    Raises InputError where more than `most` pairs would be looked at, before any is.
    """
    tables = [session.read.parquet(path) for path in (left, right) if path is not None]
    parts = max(table.count() for table in tables) // rows + 1
    spread = [_spread(table, model, parts) for table in tables]
    refuse(_costs(model, spread), most)
    grouped = [one.drop("shared", "said").groupBy("by", "part") for one in spread]
    from pyspark.sql.pandas.types import from_arrow_schema

    told = from_arrow_schema(_LINKS)
    # Spark reads the parameters of what it calls, and takes those of a lambda as they are
    if right is None:
        return grouped[0].applyInArrow(lambda by, own: _compared(model, least, by, own), told)
    both = grouped[0].cogroup(grouped[1])
    return both.applyInArrow(lambda by, own, others: _compared(model, least, by, own, others), told)


def _spread(table: DataFrame, model: Model, parts: int) -> DataFrame:
    """Return each row once for each of its keys: the number of the key, its value, the part that it is compared in."""
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    nothing = _keyed(model, parts, to_arrow_schema(table.schema).empty_table())
    keyed_part = partial(_keyed_batches, model, parts)
    return table.mapInArrow(keyed_part, from_arrow_schema(nothing.schema))


def _keyed_batches(model: Model, parts: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if some := list(batches):
        yield from _keyed(model, parts, pa.Table.from_batches(some)).to_batches()


def _keyed(model: Model, parts: int, rows: pa.Table) -> pa.Table:
    keys = [f"key_{place}" for place in range(len(model.keys))]
    signed = ", ".join(f"{_signed(key)} AS {key}" for key in keys)
    columns = ", ".join([KEY, *read(model.settings), signed])
    spread = " UNION ALL ".join(
        f"SELECT {place} AS by, ({value} % {parts})::INTEGER AS part, {_signed(value)} AS shared, "
        f"left(concat_ws(', ', {', '.join(key.parts)}), 100) AS said, {columns} FROM t WHERE {value} IS NOT NULL"
        for place, (key, value) in enumerate(zip(model.keys, keys, strict=True))
    )
    with engine() as (connection, _):
        connection.register("incoming", rows)
        keyed(connection, model, "incoming", "t", 0)
        return connection.sql(spread).to_arrow_table()


def _signed(key: str) -> str:
    """Return a number of 64 bits as Spark has it, which knows no unsigned ones: only what is equal stays equal."""
    return f"CAST({key}::HUGEINT - {1 << 63} AS BIGINT)"


def _costs(model: Model, spread: Sequence[DataFrame]) -> pl.DataFrame:
    """Return what each key costs, columns `linking.COSTS`, as `linking.counted` does."""
    from pyspark.sql import functions as f

    rows = [one.groupBy("by", "shared").agg(f.count("*").alias("n"), f.first("said").alias("said")) for one in spread]
    if len(rows) == 1:
        met = rows[0].withColumn("pairs", f.expr("n * (n - 1) div 2"))
    else:
        met = rows[0].join(rows[1].select("by", "shared", f.col("n").alias("others")), ["by", "shared"])
        met = met.withColumn("pairs", f.expr("n * others")).withColumn("n", f.expr("n + others"))
    told = met.groupBy("by").agg(f.sum("pairs"), f.max("n"), f.max_by("said", "pairs"))
    cost = {place: (pairs, most, said) for place, pairs, most, said in told.collect()}
    found = [(key.name, *cost.get(place, (0, 0, None))) for place, key in enumerate(model.keys)]
    return pl.DataFrame(found, schema=COSTS, orient="row")


def _compared(model: Model, least: float, by: tuple[Any, ...], *sides: pa.Table) -> pa.Table:
    """Return the links among the rows of one part, by one key."""
    with engine() as (connection, _):
        first = 0
        for side, rows in zip("lr", sides, strict=False):
            connection.register("incoming", rows)
            connection.execute(
                f"CREATE TABLE t_{side} AS SELECT *, row_number() OVER (ORDER BY {KEY}) + {first} AS {NUMBER} "
                f"FROM incoming"
            )
            first += rows.num_rows
        return scored(connection, model, least, within=len(sides) == 1, places=[by[0].as_py()]).to_arrow().cast(_LINKS)
