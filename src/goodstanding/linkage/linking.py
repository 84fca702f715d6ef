"""Linking by a model: which records may be about one subject, and how much speaks for it.

The weight of a pair depends on the two rows and the model alone, and so does whether the pair is looked at: records
that are linked as they come (see `kept`) get the same links as all of them linked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import KEY
from goodstanding.linkage.engines import Rows, engine, view
from goodstanding.linkage.models import Model
from goodstanding.linkage.scoring import NUMBER, arrange, compared, weight

LINKS = {"left": pl.String, "right": pl.String, "weight": pl.Float64, "probability": pl.Float64}
COSTS = {"key": pl.String, "pairs": pl.Int64, "rows": pl.Int64, "value": pl.String}
"""What a key costs: pairs, the rows that share its commonest value, and that value, for people."""
MOST_PAIRS = 1_000_000_000
"""Pairs that a run may look at, unless it is told otherwise: hours of work."""


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
    with engine() as (connection, _):
        _read(connection, model, left, right)
        refuse(counted(connection, model, within=right is None), most)
        return scored(connection, model, least, within=right is None)


def costs(model: Model, left: Rows, right: Rows | None = None) -> pl.DataFrame:
    """Return what linking would cost, a row for each key, columns `COSTS`; nothing is linked.

    Some pairs share several keys and are looked at once: the sum is the most that a run looks at.
    """
    with engine() as (connection, _):
        _read(connection, model, left, right)
        return counted(connection, model, within=right is None)


def _read(connection: duckdb.DuckDBPyConnection, model: Model, left: Rows, right: Rows | None) -> None:
    view(connection, "rows_l", left)
    keyed(connection, model, "rows_l", "t_l", 0)
    if right is not None:
        view(connection, "rows_r", right)
        keyed(connection, model, "rows_r", "t_r", connection.table("t_l").count("*").fetchall()[0][0])
        only_met(connection, len(model.keys), "t_l", "t_l", "t_r")
        only_met(connection, len(model.keys), "t_r", "t_r", "t_l")


def keyed(connection: duckdb.DuckDBPyConnection, model: Model, source: str, table: str, first: int) -> None:
    """Make a table of the prepared rows of another, numbered from `first`, with their keys unless they are crowded."""
    connection.register("crowds", model.crowds.to_arrow())
    values = ", ".join(f"{key.sql} AS raw_{place}" for place, key in enumerate(model.keys))
    crowd = "SELECT value FROM crowds WHERE key ="
    uncrowded = ", ".join(
        f"CASE WHEN raw_{place} NOT IN ({crowd} '{key.name}') THEN raw_{place} END AS key_{place}"
        for place, key in enumerate(model.keys)
    )
    raw = ", ".join(f"raw_{place}" for place in range(len(model.keys)))
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT * EXCLUDE ({raw}), "
        f"{uncrowded} FROM (SELECT row_number() OVER () - 1 + {first} AS {NUMBER}, *, {values} FROM {source})"
    )


def only_met(connection: duckdb.DuckDBPyConnection, keys: int, source: str, table: str, other: str) -> None:
    """Make a table of the rows of `source` that share a key with some row of another: the rest cannot be linked."""
    shared = " UNION ALL ".join(
        f"SELECT a.{NUMBER} FROM {source} AS a SEMI JOIN {other} AS b USING (key_{place})" for place in range(keys)
    )
    connection.execute(f"CREATE OR REPLACE TABLE met AS SELECT DISTINCT {NUMBER} FROM ({shared})")
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT a.* FROM {source} AS a SEMI JOIN met USING ({NUMBER})"
    )


def counted(
    connection: duckdb.DuckDBPyConnection, model: Model, left: str = "t_l", right: str = "t_r", *, within: bool
) -> pl.DataFrame:
    """Return what the keys of two tables that have them, or of the left one with itself, cost: columns `COSTS`."""
    found = []
    for place, key in enumerate(model.keys):
        pairs, rows, value = connection.execute(_COSTS[within].format(key=f"key_{place}", l=left, r=right)).fetchall()[
            0
        ]
        said = None
        if value is not None:
            forms = f"SELECT concat_ws(', ', {', '.join(key.parts)}) FROM {left} WHERE key_{place} = {value} LIMIT 1"
            said = connection.execute(forms).fetchall()[0][0][:100]
        found.append({"key": key.name, "pairs": int(pairs), "rows": int(rows), "value": said})
    return pl.DataFrame(found, schema=COSTS)


_COSTS = {
    True: """
        SELECT coalesce(sum(n::HUGEINT * (n - 1) // 2), 0), coalesce(max(n), 0), arg_max(key, n)
        FROM (SELECT {key} AS key, count(*) AS n FROM {l} WHERE {key} IS NOT NULL GROUP BY ALL HAVING count(*) > 1)""",
    False: """
        SELECT coalesce(sum(l.n::HUGEINT * r.n), 0), coalesce(max(l.n + r.n), 0), arg_max(l.key, l.n::HUGEINT * r.n)
        FROM (SELECT {key} AS key, count(*) AS n FROM {l} WHERE {key} IS NOT NULL GROUP BY ALL) AS l
        JOIN (SELECT {key} AS key, count(*) AS n FROM {r} WHERE {key} IS NOT NULL GROUP BY ALL) AS r USING (key)""",
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
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    least: float,
    *,
    within: bool,
    places: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Return the links between the tables `t_l` and `t_r`, or within `t_l`, as `links` does.

    `places`: by which of the keys, all where it is not said. A pair is found by the first key that it shares.
    """
    connection.register("frequencies", model.frequencies.to_arrow())
    keys, sides = len(model.keys), ("l", "l" if within else "r")
    for side in sorted(set(sides)):
        arrange(connection, model.settings, keys, f"t_{side}", f"s_{side}")
        connection.execute(f"CREATE OR REPLACE TABLE t_{side} AS SELECT {NUMBER}, key FROM t_{side}")
    connection.execute("CREATE OR REPLACE TABLE linked (l BIGINT, r BIGINT, weight DOUBLE)")
    for place in range(keys) if places is None else places:
        pairs = compared(model.settings, place, f"s_{sides[0]}", f"s_{sides[1]}", within=within)
        connection.execute(f"CREATE OR REPLACE TABLE compared AS {pairs}")
        weighed = f"SELECT {NUMBER}_l, {NUMBER}_r, {weight(model.settings)} AS weight FROM compared"
        connection.execute(f"INSERT INTO linked SELECT * FROM ({weighed}) WHERE weight >= {least}")
    one, other = ("least(l.key, r.key)", "greatest(l.key, r.key)") if within else ("l.key", "r.key")
    found = connection.sql(
        f"SELECT {one} AS left, {other} AS right, weight, CASE WHEN weight >= 0 THEN 1 / (1 + power(2.0, -weight)) "
        f"ELSE power(2.0, weight) / (1 + power(2.0, weight)) END AS probability FROM linked "
        f"JOIN t_{sides[0]} AS l ON l.{NUMBER} = linked.l JOIN t_{sides[1]} AS r ON r.{NUMBER} = linked.r ORDER BY 1, 2"
    ).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found), schema=LINKS)


def weights(model: Model, pairs: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """Return what pairs of prepared rows weigh, whether they share a key or not, columns `LINKS`.

    `pairs` names the rows by key, `left` and `right`; a pair one of whose rows is not there is left out.
    """
    with engine() as (connection, _):
        view(connection, "rows_l", rows)
        view(connection, "rows_r", rows)
        return paired(connection, model, pairs)


def paired(connection: duckdb.DuckDBPyConnection, model: Model, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return what pairs of rows of the tables `rows_l` and `rows_r` weigh, as `weights` does."""
    connection.register("asked", pairs.with_row_index("pair").to_arrow())
    for side, name in (("l", "left"), ("r", "right")):
        connection.execute(
            f"CREATE TABLE t_{side} AS SELECT asked.pair AS {NUMBER}, rows_{side}.*, asked.pair AS key_0 "
            f"FROM asked JOIN rows_{side} ON rows_{side}.{KEY} = asked.{name}"
        )
    return scored(connection, replace(model, keys=model.keys[:1]), -_ANY, within=False)


_ANY = 1e9
