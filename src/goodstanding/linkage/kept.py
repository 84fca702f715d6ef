"""The subjects of a register, prepared once and kept, so that a delivery is linked without reading all of them again.

A folder: `model` (as `models` writes it) and `rows-N.parquet`, one for each time that subjects came, each with the
normal forms of its rows, their numbers and the values of their keys. Rows are only ever added. A delivery is linked
with the rows that share a key with it; the result is that of linking it with all rows, since the model is pinned.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb
import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import KEY
from goodstanding.linkage.engines import Rows, engine, view
from goodstanding.linkage.linking import MOST_PAIRS, counted, keyed, only_met, refuse, scored
from goodstanding.linkage.models import Model, read_model, write_model


def keep(folder: Path, rows: Rows, model: Model | None = None) -> int:
    """Add prepared rows to a folder, which is made with `model` where there is none; return how many it holds now.

    Raises InputError where a row's key is kept already, where the folder has another model, or none and none is given.
    """
    if model is not None and not (folder / "model").exists():
        write_model(model, folder / "model")
    known = read_model(folder / "model")
    if model is not None and known.version != model.version:
        raise InputError(f"{folder}: was made with another model ({known.version}); keep the rows in a new folder")
    parts = _parts(folder)
    with engine() as (connection, _):
        view(connection, "incoming", rows)
        held = 0
        if parts:
            held = connection.sql(f"SELECT count(*) FROM {_all(folder)}").fetchall()[0][0]
            twice = f"SELECT {KEY} FROM {_all(folder)} WHERE {KEY} IN (SELECT {KEY} FROM incoming) LIMIT 1"
            if found := connection.sql(twice).fetchall():
                raise InputError(f"{folder}: {found[0][0]!r} is kept already; expected rows that are new")
        keyed(connection, known, "incoming", "t_l", held)
        path = folder / f"rows-{len(parts) + 1:06}.parquet"
        partial = path.with_suffix(".partial")
        connection.execute(f"COPY t_l TO {_quoted(partial)} (FORMAT parquet, COMPRESSION zstd)")
        os.replace(partial, path)
        return int(held + connection.table("t_l").count("*").fetchall()[0][0])


def linked(folder: Path, records: Rows, least: float = 0.0, most: int = MOST_PAIRS) -> pl.DataFrame:
    """Return the links between the kept rows (`left`) and prepared records (`right`), as `linking.links` gives them.

    Raises InputError where nothing is kept there, or where more than `most` pairs would be looked at.
    """
    model = read_model(folder / "model")
    with engine() as (connection, _):
        _meet(connection, folder, model, records)
        refuse(counted(connection, model, within=False), most)
        return scored(connection, model, least, within=False)


def costs(folder: Path, records: Rows) -> pl.DataFrame:
    """Return what linking records with the kept rows would cost, as `linking.costs` does; nothing is linked."""
    model = read_model(folder / "model")
    with engine() as (connection, _):
        _meet(connection, folder, model, records)
        return counted(connection, model, within=False)


def _meet(connection: duckdb.DuckDBPyConnection, folder: Path, model: Model, records: Rows) -> None:
    """Make `t_r` of the records, numbered after all that is kept, and `t_l` of the kept rows that share a key."""
    if not _parts(folder):
        raise InputError(f"{folder}: no rows are kept there; add some first")
    held = connection.sql(f"SELECT count(*) FROM {_all(folder)}").fetchall()[0][0]
    view(connection, "incoming", records)
    keyed(connection, model, "incoming", "t_r", held)
    only_met(connection, len(model.keys), _all(folder), "t_l", "t_r")
    only_met(connection, len(model.keys), "t_r", "t_r", "t_l")


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("rows-*.parquet") if re.fullmatch(r"rows-\d{6}\.parquet", path.name))


def _all(folder: Path) -> str:
    return f"read_parquet([{', '.join(_quoted(path) for path in _parts(folder))}])"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
