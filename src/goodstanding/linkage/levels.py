"""How far many pairs agree in each thing that is compared: the levels behind their weights, for tables and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from goodstanding.linkage.columns import KEY
from goodstanding.linkage.engines import engine
from goodstanding.linkage.evidence import linker
from goodstanding.linkage.models import Model
from goodstanding.linkage.scoring import NUMBER

MISSING, NOTHING = "missing", "nothing in common"
"""The levels where a form is missing on either side, and where no other level fits."""


def names(comparison: Mapping[str, Any]) -> list[str]:
    """Return the levels of one of a model's comparisons as Splink numbers them, from no agreement (0) up."""
    told = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
    return [NOTHING, *(str(level.get("label_for_charts", "")) for level in told[-2::-1])]


def levels(model: Model, left: pl.DataFrame, right: pl.DataFrame | None, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return `pairs` (columns left, right: keys of prepared rows) in their order, with a column for each comparison.

    The columns are called as the comparisons of the model, and say the level of agreement in words.
    """
    sides = (left, left if right is None else right)
    first = 0
    rows = []
    for side, table in zip(("left", "right"), sides, strict=True):
        asked = table.join(pairs.select(pl.col(side).alias(KEY)).unique(), on=KEY, how="semi")
        rows.append(asked.with_row_index(NUMBER, offset=first).with_columns(pl.col(NUMBER).cast(pl.Int64)))
        first += asked.height
    numbered = pairs.select("left", "right").with_row_index("place")
    for side, table in zip(("left", "right"), rows, strict=True):
        numbers = table.select(pl.col(KEY).alias(side), pl.col(NUMBER).alias(f"{side}_number"))
        numbered = numbered.join(numbers, on=side, how="left", maintain_order="left")
    comparisons = model.settings["comparisons"]
    with engine() as (connection, database):
        connection.register("both_rows", pl.concat(rows).to_arrow())
        connection.execute("CREATE TABLE t_both AS SELECT * FROM both_rows")
        connection.register("asked", numbered.to_arrow())
        connection.execute(
            "CREATE TABLE pairs AS SELECT '0' AS match_key, left_number AS join_key_l, right_number AS join_key_r "
            "FROM asked"
        )
        scored = linker(connection, database, model, "t_both").inference.predict(warning_mode="never")
        gammas = ", ".join(f"gamma_{one['output_column_name']}" for one in comparisons)
        found = connection.sql(
            f"SELECT {NUMBER}_l AS left_number, {NUMBER}_r AS right_number, {gammas} FROM {scored.physical_name}"
        ).to_arrow_table()
    told = numbered.join(
        pl.DataFrame(pl.from_arrow(found)), on=("left_number", "right_number"), how="left", maintain_order="left"
    )
    return told.select("left", "right", *(_words(one) for one in comparisons))


def _words(comparison: Mapping[str, Any]) -> pl.Expr:
    name, told = comparison["output_column_name"], names(comparison)
    numbers = {-1: MISSING} | dict(enumerate(told))
    kind = pl.Enum(list(dict.fromkeys(numbers.values())))
    return pl.col(f"gamma_{name}").replace_strict(numbers, return_dtype=kind).alias(name)
