"""Linking by a model: which records may be about one subject, and how much speaks for it.

The weight of a pair depends on the two rows and the model alone, and so does whether the pair is looked at: records
that are linked as they come (see `kept`) get the same links as all of them linked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker

from goodstanding.facts.errors import InputError
from goodstanding.linkage.blocking import Key
from goodstanding.linkage.engines import Rows, engine, view
from goodstanding.linkage.models import Model

LINKS = {"left": pl.String, "right": pl.String, "weight": pl.Float64, "probability": pl.Float64}
COSTS = {"key": pl.String, "pairs": pl.Int64, "rows": pl.Int64, "value": pl.String}
"""What a key costs: pairs, the rows that share its commonest value, and that value, for people."""
MOST_PAIRS = 1_000_000_000
"""Pairs that a run may look at, unless it is told otherwise: hours of work."""
NUMBER = "number"


def links(
    model: Model,
    left: Rows,
    right: Rows | None = None,
    least: float = 0.0,
    most: int = MOST_PAIRS,
) -> pl.DataFrame:
    """Return the pairs of prepared rows with a match weight of at least `least`, columns `LINKS`.

    The weight is the logarithm (base 2) of how much likelier the agreement is for one subject than for two, times the
    odds before anything was compared. Within one table each pair comes once, `left` before `right` in order of key.

    Raises InputError where more than `most` pairs would be looked at, before any is.
    """
    with engine() as (connection, database):
        _read(connection, model, left, right)
        refuse(counted(connection, model, within=right is None), most)
        return scored(connection, database, model, least, within=right is None)


def costs(model: Model, left: Rows, right: Rows | None = None) -> pl.DataFrame:
    """Return what linking would cost, a row for each key, columns `COSTS`; nothing is linked.

    Some pairs share several keys and are looked at once: the sum is the most that a run looks at.
    """
    with engine() as (connection, _):
        _read(connection, model, left, right)
        return counted(connection, model, within=right is None)


def _read(connection: duckdb.DuckDBPyConnection, model: Model, left: Rows, right: Rows | None) -> None:
    keyed(connection, model, left, "t_l", 0)
    if right is not None:
        keyed(connection, model, right, "t_r", connection.table("t_l").count("*").fetchall()[0][0])
        only_met(connection, model.keys, "t_l", "t_r")
        only_met(connection, model.keys, "t_r", "t_l")


def keyed(connection: duckdb.DuckDBPyConnection, model: Model, rows: Rows, table: str, first: int) -> None:
    """Make a table of prepared rows, numbered from `first`, with the value of each key but where it is crowded."""
    view(connection, "incoming", rows)
    connection.register("crowds", model.crowds.to_arrow())
    values = ", ".join(f"{key.sql} AS raw_{place}" for place, key in enumerate(model.keys))
    crowd = "SELECT value FROM crowds WHERE key ="
    uncrowded = ", ".join(
        f"CASE WHEN raw_{place} NOT IN ({crowd} '{key.name}') THEN raw_{place} END AS key_{place}"
        for place, key in enumerate(model.keys)
    )
    connection.execute(
        f"CREATE TABLE {table} AS SELECT * EXCLUDE ({', '.join(f'raw_{p}' for p in range(len(model.keys)))}), "
        f"{uncrowded} FROM (SELECT row_number() OVER () - 1 + {first} AS {NUMBER}, *, {values} FROM incoming)"
    )


def only_met(connection: duckdb.DuckDBPyConnection, keys: Sequence[Key], table: str, other: str) -> None:
    """Keep of a table the rows that share a key with another: the rest cannot be linked."""
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} WHERE {met(keys, other)}")


def met(keys: Sequence[Key], other: str) -> str:
    """Return the condition under which a row shares a key with some row of another table."""
    return " OR ".join(f"key_{place} IN (SELECT key_{place} FROM {other})" for place in range(len(keys)))


def counted(connection: duckdb.DuckDBPyConnection, model: Model, *, within: bool) -> pl.DataFrame:
    """Return what the keys of the tables `t_l` and `t_r`, or of `t_l` with itself, cost: columns `COSTS`."""
    found = []
    for place, key in enumerate(model.keys):
        pairs, rows, value = connection.execute(_COSTS[within].format(key=f"key_{place}")).fetchall()[0]
        said = None
        if value is not None:
            forms = f"SELECT concat_ws(', ', {', '.join(key.parts)}) FROM t_l WHERE key_{place} = {value} LIMIT 1"
            said = connection.execute(forms).fetchall()[0][0][:100]
        found.append({"key": key.name, "pairs": int(pairs), "rows": int(rows), "value": said})
    return pl.DataFrame(found, schema=COSTS)


_COSTS = {
    True: """
        SELECT coalesce(sum(n::HUGEINT * (n - 1) // 2), 0), coalesce(max(n), 0), arg_max(key, n)
        FROM (SELECT {key} AS key, count(*) AS n FROM t_l WHERE {key} IS NOT NULL GROUP BY ALL HAVING count(*) > 1)""",
    False: """
        SELECT coalesce(sum(l.n::HUGEINT * r.n), 0), coalesce(max(l.n + r.n), 0), arg_max(l.key, l.n::HUGEINT * r.n)
        FROM (SELECT {key} AS key, count(*) AS n FROM t_l WHERE {key} IS NOT NULL GROUP BY ALL) AS l
        JOIN (SELECT {key} AS key, count(*) AS n FROM t_r WHERE {key} IS NOT NULL GROUP BY ALL) AS r USING (key)""",
}


def refuse(found: pl.DataFrame, most: int) -> None:
    """Raise InputError where keys cost more pairs than `most`, and say which key, and which value of it, costs most."""
    total = found["pairs"].sum()
    if total <= most:
        return
    worst = found.sort("pairs", descending=True).row(0, named=True)
    raise InputError(
        f"linking would look at {total:,} pairs of rows, more than {most:,}; {worst['pairs']:,} of them share "
        f"{worst['key']}, of which {worst['rows']:,} rows have the value '{worst['value']}'. Expected a value that "
        "tells rows apart: empty the cells that stand for nothing, train a model on rows like these, or allow more"
    )


def scored(
    connection: duckdb.DuckDBPyConnection, database: DuckDBAPI, model: Model, least: float, *, within: bool
) -> pl.DataFrame:
    """Return the links between the tables `t_l` and `t_r`, or within `t_l`, as `links` does."""
    connection.execute(_pairs(model.keys, "t_l" if within else "t_r", within=within))
    both = "t_l" if within else "t_both"
    if not within:
        connection.execute("CREATE VIEW t_both AS SELECT * FROM t_l UNION ALL BY NAME SELECT * FROM t_r")
    predicted = linker(connection, database, model, both).inference.predict(
        threshold_match_weight=least, warning_mode="never"
    )
    one, other = ("least(l.key, r.key)", "greatest(l.key, r.key)") if within else ("l.key", "r.key")
    found = connection.sql(
        f"SELECT {one} AS left, {other} AS right, match_weight AS weight, match_probability AS probability "
        f"FROM {predicted.physical_name} AS p JOIN {both} AS l ON l.{NUMBER} = p.{NUMBER}_l "
        f"JOIN {both} AS r ON r.{NUMBER} = p.{NUMBER}_r ORDER BY 1, 2"
    ).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found), schema=LINKS)


def _pairs(keys: Sequence[Key], right: str, *, within: bool) -> str:
    """Return SQL that makes the table of pairs as Splink reads it: each once, under its first key."""
    columns = ", ".join([NUMBER, *(f"key_{place}" for place in range(len(keys)))])
    parts = []
    for place in range(len(keys)):
        earlier = "".join(f" AND NOT coalesce(l.key_{p} = r.key_{p}, false)" for p in range(place))
        parts.append(
            f"SELECT '{place}' AS match_key, l.{NUMBER} AS join_key_l, r.{NUMBER} AS join_key_r "
            f"FROM (SELECT {columns} FROM t_l) AS l JOIN (SELECT {columns} FROM {right}) AS r "
            f"ON l.key_{place} = r.key_{place} WHERE {f'l.{NUMBER} < r.{NUMBER}' if within else 'true'}{earlier}"
        )
    return "CREATE TABLE pairs AS " + " UNION ALL ".join(parts)


def linker(
    connection: duckdb.DuckDBPyConnection, database: DuckDBAPI, model: Model, rows: str, *, apart: bool = False
) -> Linker:
    """Return Splink over the rows, with the table `pairs` and the term frequencies of the model.

    With `apart` it gives what each comparison adds beside the sum.
    """
    settings: dict[str, Any] = dict(model.settings) | {
        "link_type": "dedupe_only",
        "unique_id_column_name": NUMBER,
        "blocking_rules_to_generate_predictions": [],
        "retain_intermediate_calculation_columns": apart,
        "retain_matching_columns": apart,
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
