"""Linkage models that an authority puts in force: one for all sources, and for a source one of its own.

The last that was given is in force, for a source or for all that have none of their own. What it was stays: candidates,
samples and decisions name their model for ever.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from goodstanding.facts.errors import InputError
from goodstanding.linkage.models import Model, read_model
from goodstanding.register.ledger.sources import source_of
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.database import Register

COLUMNS = ("name", "born", "place")
"""What is known of an organisation, and may be compared; `born` is the day on which it was founded."""


@dataclass(frozen=True)
class Given:
    """A model that an authority put in force, for a source, or (None) for all that have none of their own.

    `threshold`, `margin`: the bits that decide without a person. `learned`: of what rows it was learned. `at`: since
    when, with a time zone.
    """

    number: int
    source: str | None
    version: str
    threshold: Decimal
    margin: Decimal
    by: str
    at: dt.datetime
    learned: Mapping[str, Any]


@dataclass(frozen=True)
class InForce:
    """All models in force, by their source."""

    models: Mapping[str | None, Given]

    def of(self, source: str) -> Given | None:
        """Return the one that applies to what a source sends; None where there is none."""
        return self.models.get(source, self.models.get(None))


def give(
    register: Register, folder: Path, threshold: Decimal, margin: Decimal, by: str, source: str | None = None
) -> Given:
    """Put a linkage model in force, with the bits from which, and the margin by which, no person is asked.

    Raises InputError where it is no model, compares what a register does not know, the margin is below zero, nobody
    says so, or there is no such source.
    """
    model = read_model(folder)
    known = {model.columns.key, *COLUMNS}
    unknown = [field.column for field in model.columns.fields if field.column not in known]
    if unknown:
        raise InputError(f"{folder}: compares {', '.join(unknown)}; a register knows {', '.join(COLUMNS)}")
    if margin < 0 or not by.strip():
        raise InputError("expected a margin of 0 bits or more, and who puts the model in force")
    if source is not None:
        source_of(register, source)
    tables = {name: io.BytesIO() for name in ("frequencies", "crowds")}
    for name, content in tables.items():
        getattr(model, name).write_parquet(content)
    row: dict[str, Any] = {name: content.getvalue() for name, content in tables.items()}
    row |= {"version": model.version, "settings": model.text(), "threshold": threshold, "margin": margin, "by": by}
    with register.engine.begin() as connection:
        kept = events.add(connection, "model", [row])[0]
        if source is not None:
            events.add(connection, "model_source", [{"model": kept["number"], "source": source}])
    return _given({**kept, "source": source})


def in_force(connection: sa.Connection) -> InForce:
    """Return the models in force: of each source, and of all others, the last that was given."""
    return InForce({row["source"]: _given(row) for row in connection.execute(_IN_FORCE).mappings()})


_IN_FORCE = sa.text("""
    SELECT DISTINCT ON (source) number, source, version, settings, threshold, margin, by, at
    FROM model LEFT JOIN model_source ON model_source.model = model.number
    ORDER BY source NULLS FIRST, number DESC""")


def _given(row: Mapping[str, Any] | sa.RowMapping) -> Given:
    told = {name: row[name] for name in ("number", "source", "version", "threshold", "margin", "by", "at")}
    return Given(**told, learned=json.loads(row["settings"]).get("learned", {}))


def model_of(connection: sa.Connection, given: Given) -> Model:
    """Return what was put in force."""
    row = connection.execute(sa.select(schema.model).where(schema.model.c.number == given.number)).one()
    return _read(row.settings, bytes(row.frequencies), bytes(row.crowds))


@lru_cache(maxsize=4)
def _read(settings: str, frequencies: bytes, crowds: bytes) -> Model:
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        folder = Path(name)
        (folder / "model.json").write_text(settings, encoding="utf-8")
        (folder / "frequencies.parquet").write_bytes(frequencies)
        (folder / "crowds.parquet").write_bytes(crowds)
        return read_model(folder)
