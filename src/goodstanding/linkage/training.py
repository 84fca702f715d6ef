"""Learning a model from two tables, or from one: what agreement is worth among these records.

By Fellegi and Sunter (1969), through Splink: how often strangers agree by random pairs, how often records of one
subject agree by expectation maximisation over pairs that share a key. Nobody has to know which records belong together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import EMTrainingException

from goodstanding.facts.errors import InputError
from goodstanding.linkage import weighing
from goodstanding.linkage.blocking import Count, Key, chosen, stem
from goodstanding.linkage.columns import KEY, Columns
from goodstanding.linkage.comparing import comparisons, frequencies, worded
from goodstanding.linkage.engines import Rows, engine, view
from goodstanding.linkage.linking import counted, keyed
from goodstanding.linkage.models import CROWDS, FREQUENCIES, Model
from goodstanding.linkage.scoring import arrange, patterns, weight

_PARTS = 1 << 20
ROWS = 500_000
"""Rows of each table that a model is learned from, about, where it has more; frequencies are taken from all."""
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
        other = "all_r" if right is not None else None
        counts, reach = chosen(connection, "all_l", other, columns, told) if told else ([], 0.0)
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
        return _settled(connection, tables, first, frequencies(columns, told), reach)


def _common(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], forms: Sequence[str]
) -> dict[str, list[str]]:
    """Return for each form the words that a share `_COMMON` of the rows has, the commonest first."""
    found = {}
    for form in forms:
        rows = " UNION ALL ".join(f"SELECT {form} AS words FROM all_{name}" for name in tables)
        query = f"""
            SELECT word FROM (SELECT unnest(words) AS word FROM ({rows})) GROUP BY word
            HAVING count(*) >= greatest({FEW}, {_COMMON} * (SELECT count(words) FROM ({rows})))
            ORDER BY count(*) DESC, word LIMIT {_MOST_COMMON}"""
        found[form] = [word for (word,) in connection.sql(query).fetchall()]
    return found


_SOME = 0.0001
"""The share of pairs that belong together from which learning begins where no two rows surely do."""
_COMMON = 0.001
_MOST_COMMON = 300


def _described(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """Return how many rows a table has, which share of them has each form, and a digest.

    The digest does not depend on the order of rows.
    """
    relation = connection.table(table)
    forms = [
        name for name, kind in zip(relation.columns, relation.types, strict=True) if kind == "VARCHAR" and name != KEY
    ]
    counts = ", ".join(f"count({form})" for form in forms)
    cells = ", ".join(f"coalesce({form}, chr(1))" for form in [KEY, *forms])
    digest = f"bit_xor(md5_number_lower(concat_ws(chr(2), {cells})))"
    rows, said, *filled = connection.sql(f"SELECT count(*), {digest}, {counts} FROM {table}").fetchall()[0]
    shares = {form: round(there / max(rows, 1), 6) for form, there in zip(forms, filled, strict=True)}
    return {"rows": rows, "digest": f"{said or 0:016x}", "filled": shares}


def _estimated(
    connection: duckdb.DuckDBPyConnection,
    database: DuckDBAPI,
    tables: Mapping[str, Any],
    columns: Columns,
    told: Mapping[str, int],
    counts: Sequence[Count],
) -> dict[str, Any]:
    """Return what Splink learns from the samples: settings with the shares that it could observe."""
    settings = SettingsCreator(
        link_type="dedupe_only" if len(tables) == 1 else "link_only",
        comparisons=list(comparisons(columns, told, _common(connection, tables, worded(columns, told)))),
        unique_id_column_name=KEY,
        retain_matching_columns=False,
    )
    rows = [database.register(f"t_{name}") for name in tables]
    linker = Linker(rows, settings, log_level=None)
    with suppress(ValueError):  # more sure pairs than that share allows: the prior is settled later in any case
        linker.training.estimate_probability_two_random_records_match(_sure(columns, told), recall=_FOUND)
    if not (begun := linker.misc.save_model_to_json())["probability_two_random_records_match"]:
        linker = Linker(rows, begun | {"probability_two_random_records_match": _SOME}, log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=_STRANGERS, seed=1)
    for key in _sessions(counts, told):
        before = linker.misc.save_model_to_json()
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*key.parts), max_pairs=_ALIKE, record_sample_proportion=0.1
            )
        except (ValueError, EMTrainingException):
            # a level that no pair of one subject shows, or no pair at all: Splink is spent, others tell of the rest
            linker = Linker(rows, before, log_level=None)
    return linker.misc.save_model_to_json()


def _settled(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Any],
    first: Model,
    forms: Sequence[str],
    reach: float,
) -> Model:
    """Return the model with the share of pairs that belong together as its own probabilities say, and what follows.

    `reach` is the share of them that the keys find; the others are not seen, and are counted in.

    Who shares a value with strangers, and who with records of its own, depends on that share, and it on them. The pairs
    of the samples are compared once.
    """
    met = [_met(connection, tables, form) for form in forms]
    rows, one_in = _patterns(connection, first, list(tables), met)
    pairs = (rows[0] * rows[-1] if len(rows) > 1 else rows[0] * (rows[0] - 1) / 2) / one_in
    share = float(first.settings["probability_two_random_records_match"])
    # by one thing alone, those that belong together cannot be told from those that agree by chance: the guess stands
    for _ in range(_TURNS if len(first.settings["comparisons"]) > 1 else 0):
        settings = weighing.strangers(first.settings, share) | {"probability_two_random_records_match": share}
        shares = ", ".join(f"{one.sql(share)} AS common_{one.form}" for one in met)
        source = f"SELECT * REPLACE ({shares}) FROM patterns" if met else "FROM patterns"
        told = connection.execute(f"SELECT {weight(settings)} AS weight, pairs FROM ({source})").fetchnumpy()
        share = weighing.rounded(weighing.prior(told["weight"], share, pairs * reach, told["pairs"]))
    settings = weighing.strangers(first.settings, share) | {"probability_two_random_records_match": share}
    settings.pop("linker_uid", None)  # made up anew in each run, while the same rows teach the same model
    return replace(first, settings=settings, frequencies=_frequencies(met, share))


def _patterns(
    connection: duckdb.DuckDBPyConnection, model: Model, names: Sequence[str], met: Sequence[_Met]
) -> tuple[list[int], int]:
    """Make `patterns` of the samples' pairs, with frequencies in rows.

    Return how many rows each sample has, and one in how many of their pairs was compared.
    """
    listed = [one.listed.select(pl.lit(one.form).alias("form"), "value", pl.col("n").alias("share")) for one in met]
    others = [pl.DataFrame({"form": one.form, "value": None, "share": 0}) for one in met]
    schema = pl.Schema({"form": pl.String, "value": pl.String, "share": pl.Int64})
    told = pl.concat([pl.DataFrame(schema=schema), *(one.cast(schema) for one in [*listed, *others])])
    connection.register("frequencies", told.to_arrow())
    rows: list[int] = []
    within = len(names) == 1
    for name in names:
        keyed(connection, model, f"t_{name}", f"k_{name}", sum(rows))
        arrange(connection, model.settings, len(model.keys), f"k_{name}", f"s_{name}")
        rows.append(int(connection.table(f"s_{name}").count("*").fetchall()[0][0]))
    sides = f"k_{names[0]}", f"k_{names[-1]}"
    one_in = max(int(counted(connection, model, *sides, within=within)["pairs"].sum() // _SETTLING), 1)
    for query in patterns(model.settings, len(model.keys), f"s_{names[0]}", f"s_{names[-1]}", one_in, within=within):
        connection.execute(query)
    return rows, one_in


_SETTLING = 250_000
"""Pairs by which the share of those that belong together is found, about."""
_TURNS = 3


def _told(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], columns: Columns) -> dict[str, int]:
    """Return about how many values each form has, by label; those with one value tell nobody apart and are left out."""
    rows = " UNION ALL ".join(f"SELECT * FROM all_{name}" for name in tables)
    labels = sorted({"name" if field.role in _PEOPLE else label for label, field in columns.labels()})
    counts = ", ".join(
        f"CASE WHEN min({label}) IS DISTINCT FROM max({label}) THEN approx_count_distinct({label}) END"
        for label in labels
    )
    found = zip(labels, connection.sql(f"SELECT {counts} FROM ({rows})").fetchall()[0], strict=True)
    return {label: int(values) for label, values in found if values is not None}


_PEOPLE = ("name", "given", "family")


def _sample(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    rows = connection.table(f"all_{name}").count("*").fetchall()[0][0]
    return f" WHERE hash({KEY}) % {_PARTS} < {ROWS * _PARTS // rows}" if rows > ROWS else ""


def _sure(columns: Columns, told: Collection[str]) -> list[Any]:
    """Return pairs of telling forms: whoever shares both is taken for one subject, to begin with."""
    telling = [label for label, field in columns.labels() if field.role in _TELLING and label in told]
    forms = (["name"] if "name" in told else []) + telling
    pairs = [block_on(*pair) for pair in combinations(forms, 2)]
    return pairs or [block_on(*(forms or sorted(told)))]


_TELLING = ("organisation", "date", "postcode", "identifier", "address")


def _sessions(counts: Sequence[Count], told: Mapping[str, int]) -> list[Key]:
    """Return keys to learn under, such that each comparison is learned at least once under a key that it is not in.

    Where no chosen key is without it, it is learned under the most telling of the other forms.
    """
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
    for label in sorted(left):
        others = sorted((other for other in told if other != label), key=lambda other: (-told[other], other))
        taken += [Key((other,)) for other in others[:1]]
    return taken


def _compared(form: str) -> str:
    """Return the comparison that a form belongs to."""
    return "name" if stem(form) in _PEOPLE else stem(form)


@dataclass(frozen=True)
class _Met:
    """How many rows have the values of a form: `listed`, of those that are common; `total`, all that have any.

    `others`: how many rows have the value of a row whose value is not listed, on average.
    """

    form: str
    listed: pl.DataFrame
    total: int
    others: float

    def own(self, share: float) -> float:
        """Return how many of the rows with a row's value are of its own subject, itself among them."""
        return 1 + share * self.total

    def rare(self, share: float) -> float:
        """Return which share of the rows are strangers with the same value, where it is not listed."""
        return max(self.others - self.own(share), _LEAST_SHARED) / max(self.total, 1)

    def sql(self, share: float) -> str:
        """Return the frequency of a value, of which so many rows as `common_` says have it; none, where not listed."""
        own = f"common_{self.form}::DOUBLE - {self.own(share)!r}::DOUBLE"
        return (
            f"CASE WHEN common_{self.form} > 0 THEN greatest({own}, {_LEAST_SHARED}) / {self.total} "
            f"WHEN common_{self.form} = 0 THEN {self.rare(share)!r}::DOUBLE END"
        )


def _met(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], form: str) -> _Met:
    rows = " UNION ALL ".join(f"SELECT {form} FROM all_{name}" for name in tables)
    connection.execute(
        f"CREATE OR REPLACE TABLE counts AS SELECT {form} AS value, count(*) AS n FROM ({rows}) "
        f"WHERE {form} IS NOT NULL GROUP BY ALL"
    )
    listed = _table(connection, f"SELECT value, n FROM counts WHERE n >= {FEW}")
    sums = ("sum(n)", f"sum(n) FILTER (n < {FEW})", f"sum(n * n) FILTER (n < {FEW})")
    query = f"SELECT {', '.join(f'coalesce({one}, 0)' for one in sums)} FROM counts"
    total, rare, squares = connection.execute(query).fetchall()[0]
    return _Met(form, listed, int(total), squares / rare if rare else 0.0)


def _frequencies(met: Sequence[_Met], share: float) -> pl.DataFrame:
    """Return how many of the rows a row's strangers are that have the same value, for each value of a form.

    `share` says how many others there are of each row's own subject. What fewer than `FEW` rows have is not listed: it
    would say who is in the table. All such values get one share, which stands under no value.
    """
    found = [pl.DataFrame(schema=FREQUENCIES)]
    for one in met:
        strangers = (pl.col("n") - one.own(share)).clip(_LEAST_SHARED) / max(one.total, 1)
        found.append(one.listed.select(pl.lit(one.form).alias("form"), "value", strangers.alias("share")))
        found.append(pl.DataFrame({"form": one.form, "value": None, "share": one.rare(share)}, schema=FREQUENCIES))
    return pl.concat(found).sort("form", "value")


FEW = 5
"""Rows that must have a value for a model to name it."""
_LEAST_SHARED = 0.25
"""Rows of strangers that are taken to have a value at least: none of them may be in the tables, yet none is alone."""


def _crowds(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Any], keys: Sequence[Key]) -> pl.DataFrame:
    """Return the values of keys that more rows share than may; few do, so that all are counted by a part first."""
    found = [pl.DataFrame(schema=CROWDS)]
    for key in keys:
        parts = [f"SELECT {key.sql} AS value FROM all_{name}" for name in tables]
        query = f"SELECT value FROM ({' UNION ALL '.join(parts)}) WHERE value IS NOT NULL"
        values = np.asarray(connection.execute(query).fetchnumpy()["value"])
        part = (values & np.uint64((1 << max(len(values).bit_length(), 10)) - 1)).astype(np.int64)
        many = values[(np.bincount(part) > key.crowd)[part]]
        crowds, rows = np.unique(many, return_counts=True)
        found.append(pl.DataFrame({"key": key.name, "value": crowds[rows > key.crowd]}, schema=CROWDS))
    return pl.concat(found).sort("key", "value")


def _table(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(connection.sql(query).to_arrow_table()))
