"""Learning a model from two tables, or from one: what agreement is worth among these records.

By Fellegi and Sunter (1969), through Splink: how often strangers agree by random pairs, how often records of one
subject agree by expectation maximisation over pairs that share a key. Nobody has to know which records belong together.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from goodstanding.facts.errors import InputError
from goodstanding.linkage.blocking import Count, Key, chosen
from goodstanding.linkage.columns import KEY, Columns
from goodstanding.linkage.comparing import comparisons, frequencies
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model

Rows = pl.DataFrame | Path
"""Prepared rows: a table, or the Parquet file that holds one and need not fit into memory."""
ROWS = 500_000
"""Rows of each table that a model is learned from, at most; frequencies are taken from all."""
_STRANGERS = 2e6
"""Random pairs by which is learned how often strangers agree."""
_ALIKE = 2e6
"""Pairs that share a key by which is learned how often records of one subject agree, at most, each time."""
_SESSIONS = 4
_FOUND = 0.7
"""The share of the pairs of one subject that agree in two telling forms, as a first guess."""


def train(left: Rows, right: Rows | None, columns: Columns, learned: Mapping[str, Any]) -> Model:
    """Learn a model for linking one prepared table with another, or with itself, and say in `learned` from what.

    Raises InputError where no key brings any two rows together, since then nothing can be learned.
    """
    tables = {"l": left} if right is None else {"l": left, "r": right}
    with engine() as (connection, database):
        for name, table in tables.items():
            view(connection, f"all_{name}", table)
            connection.execute(f"CREATE TABLE t_{name} AS SELECT * FROM all_{name}{_sample(connection, name)}")
        counts = chosen(connection, "all_l", "all_r" if right is not None else None, columns)
        if not counts:
            raise InputError("no two rows share a value of any key: nothing can be learned; expected fuller columns")
        settings = SettingsCreator(
            link_type="dedupe_only" if right is None else "link_only",
            comparisons=list(comparisons(columns)),
            unique_id_column_name=KEY,
            retain_matching_columns=False,
        )
        linker = Linker([database.register(f"t_{name}") for name in tables], settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match(_sure(columns), recall=_FOUND)
        linker.training.estimate_u_using_random_sampling(max_pairs=_STRANGERS, seed=1)
        for key in _sessions(counts, columns):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*key.parts), max_pairs=_ALIKE, record_sample_proportion=0.1
            )
        trained = linker.misc.save_model_to_json()
        shares = _frequencies(connection, tables, columns)
        crowds = _crowds(connection, tables, [count.key for count in counts])
    return Model(trained, columns, tuple(count.key for count in counts), learned, shares, crowds)


@contextmanager
def engine() -> Iterator[tuple[duckdb.DuckDBPyConnection, DuckDBAPI]]:
    """Open an embedded database for one run, with Splink over it, and close it in the end.

    It takes half of the machine's memory at most; what is more is written to a temporary folder meanwhile.
    """
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    with tempfile.TemporaryDirectory(prefix="linkage-") as folder, duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"SET memory_limit = '{half}B'")
        connection.execute(f"SET temp_directory = '{folder}'")
        yield connection, DuckDBAPI(connection=connection)


def view(connection: duckdb.DuckDBPyConnection, name: str, rows: Rows) -> None:
    """Show prepared rows to an embedded database under a name; those of a file are read as they are needed."""
    if isinstance(rows, Path):
        quoted = str(rows).replace("'", "''")
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet('{quoted}')")
    else:
        connection.register(name, rows.to_arrow())


def _sample(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    rows = connection.table(f"all_{name}").count("*").fetchall()[0][0]
    return f" ORDER BY hash({KEY}) LIMIT {ROWS}" if rows > ROWS else ""


def _sure(columns: Columns) -> list[Any]:
    """Return pairs of telling forms: whoever shares both is taken for one subject, to begin with."""
    telling = [label for label, field in columns.labels() if field.role in _TELLING]
    people = {field.role for field in columns.fields} & {"name", "given", "family"}
    forms = (["name"] if people else []) + [label for label in telling if label not in ("name", "given", "family")]
    pairs = [block_on(*pair) for pair in combinations(forms, 2)]
    return pairs or [block_on(*forms)] if forms else [block_on(*(label for label, _ in columns.labels()))]


_TELLING = ("organisation", "date", "postcode", "identifier", "address")


def _sessions(counts: Sequence[Count], columns: Columns) -> list[Key]:
    """Return keys to learn under, such that each comparison is learned at least once under a key that it is not in."""
    left = {_compared(label) for label, _ in columns.labels()}
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


def _frequencies(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], columns: Columns) -> pl.DataFrame:
    rows = " UNION ALL ".join(f"SELECT * FROM all_{name}" for name in tables)
    found = [pl.DataFrame(schema=FREQUENCIES)]
    for form in frequencies(columns):
        query = f"""
            SELECT '{form}' AS form, {form} AS value, count(*) / sum(count(*)) OVER () AS share
            FROM ({rows}) WHERE {form} IS NOT NULL GROUP BY {form}"""
        found.append(_table(connection, query))
    return pl.concat(found).sort("form", "value")


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
