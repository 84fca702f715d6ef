"""Pairs compared and weighed by a model, key by key: what was compared is kept as levels, and is never a wide row.

Levels and what they weigh are Splink's, as they stand in the model's settings. `evidence` takes a weight apart through
Splink itself, and a test holds that both give the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import log2
from typing import Any

import duckdb

NUMBER = "number"
Settings = Mapping[str, Any]


def levels(comparison: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the levels of a comparison by their numbers: a missing form is -1, the last is 0, and so on up."""
    told = sum(not level.get("is_null_level") for level in comparison["comparison_levels"])
    for level in comparison["comparison_levels"]:
        if level.get("is_null_level"):
            yield -1, level
        else:
            told -= 1
            yield told, level


def common(settings: Settings) -> dict[str, tuple[str, int]]:
    """Return the forms whose frequency counts, with the comparison and the level at which it does."""
    return {
        level["tf_adjustment_column"]: (comparison["output_column_name"], number)
        for comparison in settings["comparisons"]
        for number, level in levels(comparison)
        if level.get("tf_adjustment_column")
    }


def arrange(connection: duckdb.DuckDBPyConnection, settings: Settings, keys: int, source: str, target: str) -> None:
    """Make a table of what comparing reads of prepared rows that have their keys: numbers, keys, forms, frequencies.

    The frequency of a form is its share in the table `frequencies`: of its value, or of all that are not listed.
    """
    told = common(settings)
    columns = [NUMBER, *(f"key_{place}" for place in range(keys)), *read(settings)]
    shares = [
        f"coalesce(of_{form}.share, (SELECT max(share) FROM frequencies WHERE form = '{form}' AND value IS NULL)) "
        f"AS common_{form}"
        for form in told
    ]
    joins = [
        f"LEFT JOIN (SELECT value, share FROM frequencies WHERE form = '{form}' AND value IS NOT NULL) AS of_{form} "
        f"ON rows.{form} = of_{form}.value"
        for form in told
    ]
    selected = ", ".join([*(f"rows.{column}" for column in columns), *shares])
    connection.execute(f"CREATE OR REPLACE TABLE {target} AS SELECT {selected} FROM {source} AS rows {' '.join(joins)}")


def read(settings: Settings) -> list[str]:
    """Return the forms that the levels read."""
    conditions = " ".join(level["sql_condition"] for one in settings["comparisons"] for _, level in levels(one))
    return sorted(set(re.findall(r"\b(\w+)_[lr]\b", conditions)))


def compared(settings: Settings, place: int, left: str, right: str, *, within: bool, more: Sequence[str] = ()) -> str:
    """Return a query for the pairs of arranged rows whose first shared key is that of `place`: the level of each thing.

    Columns `number_l`, `number_r`, a `gamma_` for each comparison, a `common_` for each frequency. `more`: conditions
    on `number_l` and `number_r`.
    """
    told = common(settings)
    shared = [f"key_{number}" for number in range(place + 1)]
    one = ", ".join(f"{name} AS {name}_l" for name in (NUMBER, *shared, *read(settings)))
    other = ", ".join(f"{name} AS {name}_r" for name in (NUMBER, *shared, *read(settings)))
    earlier = [f"coalesce({name}_l <> {name}_r, true)" for name in shared[:-1]]
    order = f" AND {NUMBER}_l < {NUMBER}_r" if within else ""
    calls = _repeated(settings)
    gammas = [f"{_gamma(one, calls)} AS gamma_{one['output_column_name']}" for one in settings["comparisons"]]
    return (
        f"SELECT {', '.join([f'{NUMBER}_l', f'{NUMBER}_r', *gammas, *(f'common_{form}' for form in told)])} "
        f"FROM (SELECT {', '.join(['*', *(f'{call} AS {name}' for call, name in calls.items())])} "
        f"FROM (SELECT {', '.join([one, *(f'common_{form}' for form in told)])} FROM {left} "
        f"WHERE {shared[-1]} IS NOT NULL) "
        f"JOIN (SELECT {other} FROM {right} WHERE {shared[-1]} IS NOT NULL) ON {shared[-1]}_l = {shared[-1]}_r{order} "
        f"WHERE {' AND '.join([*earlier, *more]) or 'true'})"
    )


def _repeated(settings: Settings) -> dict[str, str]:
    """Return the calls with which several conditions begin, with the names under which each is made once."""
    begins = [
        found[0]
        for comparison in settings["comparisons"]
        for _, level in levels(comparison)
        if (found := re.match(r"\w+\(\w+_l, \w+_r\)", level["sql_condition"]))
    ]
    return {call: f"call_{place}" for place, call in enumerate(sorted(set(begins))) if begins.count(call) > 1}


def _gamma(comparison: Mapping[str, Any], calls: Mapping[str, str]) -> str:
    cases = [
        f"WHEN {_replaced(level['sql_condition'], calls)} THEN {number}"
        for number, level in levels(comparison)
        if level["sql_condition"] != "ELSE"
    ]
    return f"CAST(CASE {' '.join(cases)} ELSE 0 END AS TINYINT)"


def _replaced(condition: str, calls: Mapping[str, str]) -> str:
    for call, name in calls.items():
        condition = re.sub(rf"(?<!\w){re.escape(call)}", name, condition)
    return condition


def weight(settings: Settings) -> str:
    """Return the weight of a compared pair in bits, as SQL: the prior, each level, and what frequencies add or take."""
    share = float(settings["probability_two_random_records_match"])
    parts = [_weight(comparison) for comparison in settings["comparisons"]]
    return " + ".join([f"CAST({log2(share / (1 - share))!r} AS DOUBLE)", *parts])


def _weight(comparison: Mapping[str, Any]) -> str:
    cases = []
    for number, level in levels(comparison):
        if number < 0:
            continue
        met = float(level["u_probability"])
        said = f"CAST({log2(float(level['m_probability']) / met)!r} AS DOUBLE)"
        if form := level.get("tf_adjustment_column"):
            said = f"{said} + coalesce(CAST({log2(met)!r} AS DOUBLE) - log2(common_{form}), 0)"
        cases.append(f"WHEN {number} THEN {said}")
    return f"CASE gamma_{comparison['output_column_name']} {' '.join(cases)} ELSE CAST(0 AS DOUBLE) END"


def patterns(settings: Settings, keys: int, left: str, right: str, one_in: int, *, within: bool) -> Sequence[str]:
    """Return the queries that make the table `patterns`: how many pairs have the same levels and frequencies.

    Of the pairs one in so many is compared. Another prior, other frequencies are tried on it without comparing again.
    """
    told = common(settings)
    columns = [f"gamma_{comparison['output_column_name']}" for comparison in settings["comparisons"]]
    columns += [
        f"CASE WHEN gamma_{name} = {number} THEN common_{form} END AS common_{form}"
        for form, (name, number) in told.items()
    ]
    some = [f"hash({NUMBER}_l, {NUMBER}_r) % {one_in} = 0"] if one_in > 1 else []
    made = []
    for place in range(keys):
        pairs = compared(settings, place, left, right, within=within, more=some)
        made.append(f"CREATE OR REPLACE TABLE compared AS {pairs}")
        begun = "INSERT INTO patterns" if place else "CREATE OR REPLACE TABLE patterns AS"
        made.append(f"{begun} SELECT {', '.join(columns)}, count(*) AS pairs FROM compared GROUP BY ALL")
    return made
