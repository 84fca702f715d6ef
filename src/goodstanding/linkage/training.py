"""Learning a model from two tables, or from one: what agreement is worth among these records.

By Fellegi and Sunter (1969), through Splink: how often strangers agree by random pairs, how often records of one
subject agree by expectation maximisation over pairs that share a key. Nobody has to know which records belong together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from goodstanding.facts.errors import InputError
from goodstanding.linkage import weighing
from goodstanding.linkage.blocking import Count, Key, chosen
from goodstanding.linkage.columns import KEY, Columns
from goodstanding.linkage.comparing import comparisons, frequencies
from goodstanding.linkage.engines import Rows, engine, view
from goodstanding.linkage.linking import links
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model

ROWS = 500_000
"""Rows of each table that a model is learned from, at most; frequencies are taken from all."""
_STRANGERS = 1e6
"""Random pairs by which is learned how often strangers agree."""
_ALIKE = 2e6
"""Pairs that share a key by which is learned how often records of one subject agree, at most, each time."""
_SESSIONS = 4
_FOUND = 0.7
"""The share of the pairs of one subject that agree in two telling forms, as a first guess."""


def train(left: Rows, right: Rows | None, columns: Columns, learned: Mapping[str, Any]) -> Model:
    """Learn a model for linking one prepared table with another, or with itself.

    To `learned`, what the caller knows of the tables (whose, of which days), is added what they hold (`_described`).
    A form that has the same value wherever it has one tells nothing and is left out. Raises InputError where no key
    brings any two rows together, since then nothing can be learned.
    """
    tables = {"l": left} if right is None else {"l": left, "r": right}
    with engine() as (connection, database):
        for name, table in tables.items():
            view(connection, f"all_{name}", table)
            connection.execute(f"CREATE TABLE t_{name} AS SELECT * FROM all_{name}{_sample(connection, name)}")
        told = _told(connection, tables, columns)
        counts = chosen(connection, "all_l", "all_r" if right is not None else None, columns, told) if told else []
        if not counts:
            raise InputError("no two rows share a value of any key: nothing can be learned; expected fuller columns")
        settings = weighing.whole(_estimated(connection, database, tables, columns, told, counts), _STRANGERS)
        keys = tuple(count.key for count in counts)
        crowds = _crowds(connection, tables, keys)
        described = dict(learned) | {
            side: _described(connection, f"all_{name}")
            for name, side in (("l", "left"), ("r", "right"))
            if name in tables
        }
        first = Model(settings, columns, keys, described, pl.DataFrame(schema=FREQUENCIES), crowds)
        samples = [_table(connection, f"SELECT * FROM t_{name} ORDER BY {KEY}") for name in tables]
        return _settled(connection, tables, first, samples, frequencies(columns, told))


def _described(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Return how many rows a table has, which share of them has each form, and a digest.

    The digest does not depend on the order of rows.
    """
    forms = [name for name in connection.table(table).columns if name != KEY]
    counts = ", ".join(f"count({form})" for form in forms)
    digest = f"bit_xor(md5_number_lower(row({', '.join([KEY, *forms])})::VARCHAR))"
    rows, said, *filled = connection.sql(f"SELECT count(*), {digest}, {counts} FROM {table}").fetchall()[0]
    shares = {form: round(there / max(rows, 1), 6) for form, there in zip(forms, filled, strict=True)}
    return {"rows": rows, "digest": f"{said or 0:016x}", "filled": shares}


def _estimated(
    connection: duckdb.DuckDBPyConnection,
    database: DuckDBAPI,
    tables: Mapping[str, Any],
    columns: Columns,
    told: Collection[str],
    counts: Sequence[Count],
) -> dict[str, Any]:
    """Return what Splink learns from the samples: settings with the shares that it could observe."""
    settings = SettingsCreator(
        link_type="dedupe_only" if len(tables) == 1 else "link_only",
        comparisons=list(comparisons(columns, told)),
        unique_id_column_name=KEY,
        retain_matching_columns=False,
    )
    linker = Linker([database.register(f"t_{name}") for name in tables], settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(_sure(columns, told), recall=_FOUND)
    linker.training.estimate_u_using_random_sampling(max_pairs=_STRANGERS, seed=1)
    for key in _sessions(counts, told):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*key.parts), max_pairs=_ALIKE, record_sample_proportion=0.1
        )
    return linker.misc.save_model_to_json()


def _settled(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Any],
    first: Model,
    samples: Sequence[pl.DataFrame],
    forms: Sequence[str],
) -> Model:
    """Return the model with the share of pairs that belong together as its own probabilities say, and what follows.

    Who shares a value with strangers, and who with records of its own, depends on that share, and it on them.
    """
    left, right = samples[0], samples[1] if len(samples) > 1 else None
    rows = [sample.height for sample in samples]
    pairs = rows[0] * rows[1] if right is not None else rows[0] * (rows[0] - 1) / 2
    share = float(first.settings["probability_two_random_records_match"])
    model = first
    for turn in range(_TURNS + 1):
        settings = weighing.strangers(first.settings, share) | {"probability_two_random_records_match": share}
        model = replace(first, settings=settings, frequencies=_frequencies(connection, tables, forms, share))
        if turn < _TURNS:
            weights = links(model, left, right, _FAR_OFF)["weight"].to_numpy()
            share = weighing.prior(weights, share, pairs)
    return model


_TURNS = 3
_FAR_OFF = -14.0
"""The weight below which pairs add nothing to the number of those that belong together."""


def _told(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], columns: Columns) -> frozenset[str]:
    """Return the labels of the forms that have more than one value: the others tell nobody apart."""
    rows = " UNION ALL ".join(f"SELECT * FROM all_{name}" for name in tables)
    labels = sorted({"name" if field.role in _PEOPLE else label for label, field in columns.labels()})
    counts = ", ".join(f"min({label}) IS DISTINCT FROM max({label})" for label in labels)
    return frozenset(
        label
        for label, varies in zip(labels, connection.sql(f"SELECT {counts} FROM ({rows})").fetchall()[0], strict=True)
        if varies
    )


_PEOPLE = ("name", "given", "family")


def _sample(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    rows = connection.table(f"all_{name}").count("*").fetchall()[0][0]
    return f" ORDER BY hash({KEY}) LIMIT {ROWS}" if rows > ROWS else ""


def _sure(columns: Columns, told: Collection[str]) -> list[Any]:
    """Return pairs of telling forms: whoever shares both is taken for one subject, to begin with."""
    telling = [label for label, field in columns.labels() if field.role in _TELLING and label in told]
    forms = (["name"] if "name" in told else []) + telling
    pairs = [block_on(*pair) for pair in combinations(forms, 2)]
    return pairs or [block_on(*(forms or sorted(told)))]


_TELLING = ("organisation", "date", "postcode", "identifier", "address")


def _sessions(counts: Sequence[Count], told: Collection[str]) -> list[Key]:
    """Return keys to learn under, such that each comparison is learned at least once under a key that it is not in."""
    left = set(told)
    taken: list[Key] = []
    for count in sorted(counts, key=lambda one: len(one.key.forms)):
        within = {_compared(form) for form in count.key.forms}
        if (
            (left - within)
            and len(taken) < _SESSIONS
            and not any(set(one.forms) == set(count.key.forms) for one in taken)
        ):
            taken.append(count.key)
            left &= within
        if not left:
            break
    return taken


def _compared(form: str) -> str:
    """Return the comparison that a form belongs to."""
    stem = form.partition("_")[0].removesuffix("3").removesuffix("4").removesuffix("6")
    return "name" if stem in ("name", "given", "family") else stem


def _frequencies(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], forms: Sequence[str], share: float
) -> pl.DataFrame:
    """Return how many of the rows a row's strangers are that have the same value, for each value of a form.

    `share` says how many others there are of each row's own subject. What fewer than `FEW` rows have is not listed: it
    would say who is in the table. All such values get one share, which stands under no value.
    """
    rows = " UNION ALL ".join(f"SELECT * FROM all_{name}" for name in tables)
    found = [pl.DataFrame(schema=FREQUENCIES)]
    for form in forms:
        counts = _table(
            connection, f"SELECT {form} AS value, count(*) AS n FROM ({rows}) WHERE {form} IS NOT NULL GROUP BY ALL"
        )
        total = int(counts["n"].sum())
        others = (pl.col("n") - share * total).clip(_LEAST_SHARED) / max(total, 1)
        listed = counts.filter(pl.col("n") >= FEW).select(pl.lit(form).alias("form"), "value", others.alias("share"))
        rest = counts.filter(pl.col("n") < FEW).select(
            pl.lit(form).alias("form"),
            pl.lit(None, pl.String).alias("value"),
            ((pl.col("n") ** 2).sum() / pl.col("n").sum() - share * total).fill_nan(1).clip(_LEAST_SHARED)
            / max(total, 1),
        )
        found += [listed, rest.rename({rest.columns[2]: "share"})]
    return pl.concat(found).sort("form", "value")


FEW = 5
"""Rows that must have a value for a model to name it."""
_LEAST_SHARED = 1.0


def _crowds(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], keys: Sequence[Key]) -> pl.DataFrame:
    found = [pl.DataFrame(schema=CROWDS)]
    for key in keys:
        rows = " UNION ALL ".join(f"SELECT {key.sql} AS value FROM all_{name}" for name in tables)
        query = f"""
            SELECT '{key.name}' AS key, value FROM ({rows})
            WHERE value IS NOT NULL GROUP BY value HAVING count(*) > {key.crowd}"""
        found.append(_table(connection, query))
    return pl.concat(found).sort("key", "value")


def _table(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(connection.sql(query).to_arrow_table()))
