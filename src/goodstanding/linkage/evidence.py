"""What speaks for one pair and what against it: the weight taken apart, for the person who decides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage.engines import engine
from goodstanding.linkage.linking import linker
from goodstanding.linkage.models import Model

EVIDENCE = {
    "comparison": pl.String,
    "level": pl.String,
    "left": pl.String,
    "right": pl.String,
    "weight": pl.Float64,
    "frequency": pl.Float64,
}
PRIOR = "prior"
"""The comparison that stands for the odds before anything was compared."""


def evidence(model: Model, left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Return what makes up the weight of two prepared rows, columns `EVIDENCE`, the prior first.

    `weight` and `frequency` are bits: what the level of agreement is worth where the value is as common as such values
    are, and what is added because this one is rarer, or taken because it is commoner. All of both sums up to the
    weight that `links` gives the pair. `left` and `right` are the forms that were compared, not what was written.

    Raises InputError unless each table has one row.
    """
    for side, rows in (("left", left), ("right", right)):
        if rows.height != 1:
            raise InputError(f"{side}: {rows.height} rows; expected one, whose evidence is asked")
    with engine() as (connection, database):
        both = pl.concat([left, right]).with_row_index("number").to_arrow()
        connection.register("both_rows", both)
        connection.execute("CREATE TABLE t_pair AS SELECT * REPLACE (number::BIGINT AS number) FROM both_rows")
        connection.execute(
            "CREATE TABLE pairs AS SELECT '0' AS match_key, 0::BIGINT AS join_key_l, 1::BIGINT AS join_key_r"
        )
        scorer = linker(connection, database, model, "t_pair", apart=True)
        table = scorer.inference.predict(warning_mode="never").physical_name
        found = pl.DataFrame(pl.from_arrow(connection.sql(f"SELECT * FROM {table}").to_arrow_table())).row(
            0, named=True
        )
    share = float(model.settings["probability_two_random_records_match"])
    first = (PRIOR, "before anything is compared", None, None, math.log2(share / (1 - share)), 0.0)
    parts = [first, *(_row(one, found, left, right) for one in model.settings["comparisons"])]
    return pl.DataFrame(parts, schema=EVIDENCE, orient="row")


def _row(
    comparison: Mapping[str, Any], found: Mapping[str, Any], left: pl.DataFrame, right: pl.DataFrame
) -> tuple[Any, ...]:
    name = comparison["output_column_name"]
    sides = (table[name].cast(pl.String)[0] for table in (left, right))
    return (
        name,
        _level(comparison, found[f"gamma_{name}"]),
        *sides,
        found[f"mw_{name}"],
        found.get(f"mw_tf_adj_{name}", 0.0),
    )


def _level(comparison: Mapping[str, Any], gamma: int) -> str:
    """Return the name of a level: Splink numbers them from the last, 0, up; -1 is where a form is missing."""
    if gamma < 0:
        return "missing"
    told = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    label = str(told[len(told) - 1 - gamma].get("label_for_charts", ""))
    return "nothing in common" if gamma == 0 else label
