"""The subjects of a register, prepared once and kept, so that a delivery is linked without reading all of them again.

A folder: `model` (as `models` writes it) and `rows-N`, one for each time that subjects came (see `parts`). Rows are
only ever added. A delivery is linked with the rows that share a key with it, which are found by number and read alone;
the result is that of linking it with all rows, since the model is pinned.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage import parts
from goodstanding.linkage.columns import KEY
from goodstanding.linkage.engines import Rows, engine, view
from goodstanding.linkage.linking import MOST_PAIRS, counted, keyed, only_met, paired, refuse, scored
from goodstanding.linkage.models import Model, read_model, write_model
from goodstanding.linkage.scoring import NUMBER

_SUBJECT = "subject"
"""The index of the rows' own keys, by hash."""


def keep(folder: Path, rows: Rows, model: Model | None = None) -> int:
    """Add prepared rows to a folder, which is made with `model` where there is none; return how many it holds now.

    Raises InputError where a row's key is kept already, where the folder has another model, or none and none is given.
    """
    if model is not None and not (folder / "model").exists():
        write_model(model, folder / "model")
    known = read_model(folder / "model")
    if model is not None and known.version != model.version:
        raise InputError(f"{folder}: was made with another model ({known.version}); keep the rows in a new folder")
    there = _parts(folder)
    target = folder / f"rows-{len(there) + 1:06}"
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with engine() as (connection, _):
        view(connection, "incoming", rows)
        keyed(connection, known, "incoming", "t_l", 0)
        _new(connection, folder, there)
        keys = {str(place): f"key_{place}" for place in range(len(known.keys))}
        forms = connection.sql(f"SELECT * EXCLUDE ({', '.join([NUMBER, *keys.values()])}) FROM t_l").columns
        parts.write(partial, connection, "t_l", forms, {_SUBJECT: f"hash({KEY})"} | keys)
    os.replace(partial, target)
    return sum(parts.rows(part) for part in _parts(folder))


def linked(folder: Path, records: Rows, least: float = 0.0, most: int = MOST_PAIRS) -> pl.DataFrame:
    """Return the links between the kept rows (`left`) and prepared records (`right`), as `linking.links` gives them.

    Raises InputError where nothing is kept there, or where more than `most` pairs would be looked at.
    """
    model = read_model(folder / "model")
    with engine() as (connection, _):
        _meet(connection, folder, model, records)
        refuse(counted(connection, model, within=False), most)
        return scored(connection, model, least, within=False)


def weighed(folder: Path, pairs: pl.DataFrame, records: Rows) -> pl.DataFrame:
    """Return what pairs of kept rows (`left`) and prepared records (`right`) weigh, as `linking.weights` does.

    A pair whose row is not kept is left out. Raises InputError where nothing is kept there.
    """
    model = read_model(folder / "model")
    there = _some(folder)
    with engine() as (connection, _):
        view(connection, "rows_r", records)
        connection.register("named", pairs.select("left").to_arrow())
        own = {_SUBJECT: _values(connection, 'hash("left")', "named")}
        connection.register("rows_l", parts.read({part: parts.numbers(part, own) for part in there}))
        return paired(connection, model, pairs)


def costs(folder: Path, records: Rows) -> pl.DataFrame:
    """Return what linking records with the kept rows would cost, as `linking.costs` does; nothing is linked."""
    model = read_model(folder / "model")
    with engine() as (connection, _):
        _meet(connection, folder, model, records)
        return counted(connection, model, within=False)


def _meet(connection: duckdb.DuckDBPyConnection, folder: Path, model: Model, records: Rows) -> None:
    """Make `t_r` of the records and, numbered after them, `t_l` of the kept rows that share a key."""
    there = _some(folder)
    view(connection, "incoming", records)
    keyed(connection, model, "incoming", "t_r", 0)
    values = {str(place): _values(connection, f"key_{place}") for place in range(len(model.keys))}
    connection.register("fetched", parts.read({part: parts.numbers(part, values) for part in there}))
    keyed(connection, model, "fetched", "t_l", connection.table("t_r").count("*").fetchall()[0][0])
    only_met(connection, len(model.keys), "t_r", "t_r", "t_l")


def _values(connection: duckdb.DuckDBPyConnection, value: str, table: str = "t_r") -> parts.Values:
    """Return the values of a key, each once, in order."""
    found = connection.execute(f"SELECT DISTINCT value FROM (SELECT {value} AS value FROM {table}) WHERE value NOTNULL")
    return np.sort(np.asarray(found.fetchnumpy()["value"], dtype=np.uint64))


def _new(connection: duckdb.DuckDBPyConnection, folder: Path, there: list[Path]) -> None:
    """Raise InputError where the key of a row of `t_l` is kept already."""
    if not there:
        return
    own = {_SUBJECT: _values(connection, f"hash({KEY})", "t_l")}
    connection.register("known", parts.read({part: parts.numbers(part, own) for part in there}))
    if found := connection.sql(f"SELECT {KEY} FROM known WHERE {KEY} IN (SELECT {KEY} FROM t_l) LIMIT 1").fetchall():
        raise InputError(f"{folder}: {found[0][0]!r} is kept already; expected rows that are new")


def _some(folder: Path) -> list[Path]:
    if not (there := _parts(folder)):
        raise InputError(f"{folder}: no rows are kept there; add some first")
    return there


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("rows-*") if re.fullmatch(r"rows-\d{6}", path.name))
