"""A linkage model: how much each agreement weighs, which pairs are looked at, and from what that was learned.

A model is a folder: `model.json` (Splink's settings with their weights, the roles of the columns, keys, a description
of the training data) and `frequencies.parquet`, `crowds.parquet`, pinned as they were. Its version is the digest of all
three: whoever links with one version gets the same weights, whatever came since.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.linkage.blocking import Key
from goodstanding.linkage.columns import FORMS, Columns

FREQUENCIES = {"form": pl.String, "value": pl.String, "share": pl.Float64}
CROWDS = {"key": pl.String, "value": pl.UInt64}


@dataclass(frozen=True)
class Model:
    """`settings`: as Splink writes them. `learned`: rows, days, digests of what it was trained on, in words for people.

    `frequencies`: which share of the rows strangers are that have the same value of a form; what few rows have is not
    listed and has the share without a value. `crowds`: values of keys that too many rows share. `forms`: which normal
    forms it was learned from (`columns.FORMS`).
    """

    settings: Mapping[str, Any]
    columns: Columns
    keys: tuple[Key, ...]
    learned: Mapping[str, Any]
    frequencies: pl.DataFrame
    crowds: pl.DataFrame
    forms: str = FORMS

    def text(self) -> str:
        """Return what stands in `model.json`."""
        content = {
            "settings": self.settings,
            "columns": self.columns.model_dump(mode="json"),
            "keys": [{"forms": key.forms, "crowd": key.crowd} for key in self.keys],
            "learned": self.learned,
            "forms": self.forms,
        }
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @property
    def prior(self) -> float:
        """The weight, in bits, that a pair has before anything is compared."""
        share = float(self.settings["probability_two_random_records_match"])
        return math.log2(share / (1 - share))

    @property
    def version(self) -> str:
        """The SHA-256 over everything that decides a weight, 64 hexadecimal digits."""
        digest = hashlib.sha256(self.text().encode())
        for table in (self.frequencies, self.crowds):
            for column in table.get_columns():
                digest.update(_bytes(column))
        return digest.hexdigest()


def _bytes(column: pl.Series) -> bytes:
    """Return a digest of a column's values, numbers as 64 bits and never as text."""
    if column.dtype != pl.String:
        return hashlib.sha256(column.to_numpy().astype(column.to_numpy().dtype.newbyteorder("<")).tobytes()).digest()
    return hashlib.sha256(json.dumps(column.to_list(), ensure_ascii=False).encode()).digest()


def write_model(model: Model, folder: Path) -> None:
    """Write a model into a new folder. Raises InputError where the folder is there already."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError(f"{folder}: is there already; a model is never written over, give another folder") from None
    (folder / "model.json").write_text(model.text(), encoding="utf-8")
    model.frequencies.write_parquet(folder / "frequencies.parquet")
    model.crowds.write_parquet(folder / "crowds.parquet")


def read_model(folder: Path) -> Model:
    """Read a model. Raises InputError where a file is missing or broken, or it was learned from other normal forms."""
    try:
        content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        model = Model(
            content["settings"],
            Columns.model_validate(content["columns"]),
            tuple(Key(tuple(key["forms"]), key["crowd"]) for key in content["keys"]),
            content["learned"],
            pl.read_parquet(folder / "frequencies.parquet").select(pl.col(n).cast(t) for n, t in FREQUENCIES.items()),
            pl.read_parquet(folder / "crowds.parquet").select(pl.col(n).cast(t) for n, t in CROWDS.items()),
            content.get("forms", "those of an earlier release"),
        )
        if model.forms == FORMS:
            return model
        raise InputError(
            f"{folder}: was learned from other forms of names ({model.forms}) than this release makes ({FORMS}), which "
            "cannot be compared; train a model again, and keep rows in a new folder"
        )
    except OSError as error:
        # Polars names the file in its text, and has no errno
        reason = f"{error.filename}: {error.strerror}" if error.strerror else str(error).splitlines()[0]
    except (ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    raise InputError(f"{folder}: not a linkage model ({reason}); `goodstanding link` makes one, OUT/model")
