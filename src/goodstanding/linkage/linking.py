"""Linking by a model: which records may be about one subject, and how much speaks for it.

The weight of a pair depends on the two rows and the model alone, and so does whether the pair is looked at: records
that are linked as they come get the same links as all of them linked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, block_on

from goodstanding.linkage.blocking import Key
from goodstanding.linkage.columns import KEY
from goodstanding.linkage.models import Model
from goodstanding.linkage.training import engine

LINKS = {"left": pl.String, "right": pl.String, "weight": pl.Float64, "probability": pl.Float64}


def links(model: Model, left: pl.DataFrame, right: pl.DataFrame | None = None, least: float = 0.0) -> pl.DataFrame:
    """Return the pairs of prepared rows with a match weight of at least `least`, columns `LINKS`.

    The weight is the logarithm (base 2) of how much likelier the agreement is for one subject than for two, times the
    odds before anything was compared. Within one table each pair comes once, `left` before `right` in order of key.
    """
    with engine() as (connection, database):
        tables = {"l": left} if right is None else {"l": left, "r": right}
        connection.register("crowds", model.crowds.to_arrow())
        for name, table in tables.items():
            connection.register(f"in_{name}", table.to_arrow())
            _keyed(connection, f"in_{name}", f"t_{name}", model.keys)
        if right is not None:
            _only_met(connection, model.keys)
        predicted = _linker(connection, database, model, [f"t_{name}" for name in tables]).inference.predict(
            threshold_match_weight=least
        )
        found = connection.execute(
            f"SELECT {KEY}_l AS left, {KEY}_r AS right, match_weight AS weight, match_probability AS probability "
            f"FROM {predicted.physical_name} ORDER BY 1, 2"
        ).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found))


def _keyed(connection: duckdb.DuckDBPyConnection, source: str, table: str, keys: Sequence[Key]) -> None:
    """Add the value of each key to the rows, but where it is crowded."""
    values = ", ".join(f"{key.sql} AS raw_{place}" for place, key in enumerate(keys))
    crowd = "SELECT value FROM crowds WHERE key ="
    nulls = ", ".join(
        f"CASE WHEN raw_{place} NOT IN ({crowd} '{key.name}') THEN raw_{place} END AS key_{place}"
        for place, key in enumerate(keys)
    )
    connection.execute(
        f"CREATE TABLE {table} AS SELECT * EXCLUDE ({', '.join(f'raw_{p}' for p in range(len(keys)))}), {nulls} "
        f"FROM (SELECT *, {values} FROM {source})"
    )


def _only_met(connection: duckdb.DuckDBPyConnection, keys: Sequence[Key]) -> None:
    """Keep of each table the rows that share a key with the other: the rest cannot be linked."""
    for one, other in (("t_r", "t_l"), ("t_l", "t_r")):
        met = " OR ".join(f"key_{place} IN (SELECT key_{place} FROM {other})" for place in range(len(keys)))
        connection.execute(f"CREATE OR REPLACE TABLE {one} AS SELECT * FROM {one} WHERE {met}")


def _linker(connection: duckdb.DuckDBPyConnection, database: DuckDBAPI, model: Model, tables: Sequence[str]) -> Linker:
    rules: list[Any] = [block_on(f"key_{place}") for place in range(len(model.keys))]
    settings = dict(model.settings) | {
        "blocking_rules_to_generate_predictions": [rule.get_blocking_rule("duckdb").as_dict() for rule in rules]
    }
    linker = Linker([database.register(table) for table in tables], settings, log_level=None)
    for form in model.frequencies["form"].unique():
        share = model.frequencies.filter(form=form).select(
            pl.col("value").alias(form), pl.col("share").alias(f"tf_{form}")
        )
        connection.register(f"share_{form}", share.to_arrow())
        connection.execute(f"CREATE TABLE shares_{form} AS SELECT * FROM share_{form}")
        linker.table_management.register_term_frequency_lookup(database.register(f"shares_{form}"), form)
    return linker
