"""What speaks for one pair and what against it: the weight taken apart, for the person who decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker

from goodstanding.facts.errors import InputError
from goodstanding.linkage.engines import engine
from goodstanding.linkage.models import Model
from goodstanding.linkage.scoring import NUMBER

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
        both = pl.concat([left, right]).with_row_index(NUMBER).to_arrow()
        connection.register("both_rows", both)
        connection.execute(f"CREATE TABLE t_pair AS SELECT * REPLACE ({NUMBER}::BIGINT AS {NUMBER}) FROM both_rows")
        connection.execute(
            "CREATE TABLE pairs AS SELECT '0' AS match_key, 0::BIGINT AS join_key_l, 1::BIGINT AS join_key_r"
        )
        table = linker(connection, database, model, "t_pair").inference.predict(warning_mode="never").physical_name
        arrow = connection.sql(f"SELECT * FROM {table}").to_arrow_table()
        found = pl.DataFrame(pl.from_arrow(arrow)).row(0, named=True)
    first = (PRIOR, "before anything is compared", None, None, model.prior, 0.0)
    parts = [first, *(_row(one, found, left, right) for one in model.settings["comparisons"])]
    return pl.DataFrame(parts, schema=EVIDENCE, orient="row")


def linker(connection: duckdb.DuckDBPyConnection, database: DuckDBAPI, model: Model, rows: str) -> Linker:
    """Return Splink over a table of numbered rows, with the table `pairs` and the term frequencies of the model.

    It gives the levels, and what each comparison adds, beside the sum.
    """
    settings: dict[str, Any] = dict(model.settings) | {
        "link_type": "dedupe_only",
        "unique_id_column_name": NUMBER,
        "blocking_rules_to_generate_predictions": [],
        "retain_intermediate_calculation_columns": True,
        "retain_matching_columns": True,
    }
    made = Linker([database.register(rows)], settings, log_level=None)
    connection.register("frequencies", model.frequencies.to_arrow())
    for form in model.frequencies["form"].unique().sort():
        connection.execute(
            f"CREATE TABLE shares_{form} AS SELECT {form}, coalesce(share, "
            f"(SELECT max(share) FROM frequencies WHERE form = '{form}' AND value IS NULL)) AS tf_{form} "
            f"FROM (SELECT DISTINCT {form} FROM {rows} WHERE {form} IS NOT NULL) AS there LEFT JOIN "
            f"(SELECT value, share FROM frequencies WHERE form = '{form}') ON value = {form}"
        )
        made.table_management.register_term_frequency_lookup(database.register(f"shares_{form}"), form)
    made.table_management.register_blocked_pairs_for_predict(database.register("pairs"))
    return made


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
