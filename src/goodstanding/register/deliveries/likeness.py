"""Who may be meant by a row without a number: the model that an authority gave, and the candidates that it finds.

The register's organisations are prepared once and kept in the cache folder; those that came since are added. It finds
candidates and decides nothing, but where the authority set a threshold that the best of them passes by a margin.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from goodstanding.engine.compiled.running import cache_folder
from goodstanding.facts.errors import InputError
from goodstanding.linkage.columns import prepared
from goodstanding.linkage.evidence import evidence
from goodstanding.linkage.kept import keep, linked
from goodstanding.linkage.models import Model, read_model
from goodstanding.register.deliveries.unlinked import Case
from goodstanding.register.log import events
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out
from goodstanding.register.store.database import Register, turn_of

COLUMNS = ("name", "born", "place")
"""What is known of an organisation, and may be compared; `born` is the day on which it was founded."""
_CELLS = {"place": "seat"}
"""Columns of deliveries that are called otherwise: the place of a row may be that of what happened."""
LEAST = -10.0
"""Bits from which a subject is a candidate at all."""
MOST = 10
"""Candidates of one case."""
_TURN = 0x600D11CE
_BATCH = 200_000


@dataclass(frozen=True)
class Given:
    """A model that an authority put in force: its number here, and the bits that decide without a person."""

    number: int
    model: Model
    threshold: Decimal
    margin: Decimal


@dataclass(frozen=True)
class Candidate:
    """A subject that may be meant; weight in bits, rounded to thousandths; probability to millionths."""

    subject_id: int
    weight: Decimal
    probability: Decimal


def give(register: Register, folder: Path, threshold: Decimal, margin: Decimal, by: str) -> Given:
    """Put a linkage model in force, with the bits from which, and the margin by which, no person is asked.

    Raises InputError where it is no model, compares what a register does not know, the margin is below zero, or nobody
    says so.
    """
    model = read_model(folder)
    known = {model.columns.key, *COLUMNS}
    unknown = [field.column for field in model.columns.fields if field.column not in known]
    if unknown:
        raise InputError(f"{folder}: compares {', '.join(unknown)}; a register knows {', '.join(COLUMNS)}")
    if margin < 0 or not by.strip():
        raise InputError("expected a margin of 0 bits or more, and who puts the model in force")
    tables = {name: io.BytesIO() for name in ("frequencies", "crowds")}
    for name, content in tables.items():
        getattr(model, name).write_parquet(content)
    row: dict[str, Any] = {name: content.getvalue() for name, content in tables.items()}
    row |= {"version": model.version, "settings": model.text(), "threshold": threshold, "margin": margin, "by": by}
    with register.engine.begin() as connection:
        kept = events.add(connection, "model", [row])[0]
    return Given(kept["number"], model, kept["threshold"], kept["margin"])


def given(connection: sa.Connection) -> Given | None:
    """Return the model in force, the last that was given; None where there is none."""
    row = connection.execute(sa.select(schema.model).order_by(schema.model.c.number.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        folder = Path(name)
        (folder / "model.json").write_text(row.settings, encoding="utf-8")
        for part in ("frequencies", "crowds"):
            (folder / f"{part}.parquet").write_bytes(bytes(getattr(row, part)))
        return Given(row.number, read_model(folder), row.threshold, row.margin)


def candidates(register: Register, using: Given, cases: Sequence[Case]) -> dict[int, list[Candidate]]:
    """Return for each undecided case whom it may be about, the likeliest first, at most `MOST`.

    Raises InputError where the cache folder cannot be written to.
    """
    if not cases:
        return {}
    with register.engine.connect() as connection, turn_of(connection, _TURN):
        folder = _kept(connection, using.model)
        found = linked(folder, forms(using.model, cases), LEAST) if folder else None
    told: dict[int, list[Candidate]] = {one.number: [] for one in cases}
    if found is None:
        return told
    for row in found.sort("weight", "left", descending=[True, False]).iter_rows(named=True):
        own = told[int(row["right"])]
        if len(own) < MOST:
            weight, share = (Decimal(row[name]).quantize(Decimal(unit)) for name, unit in _ROUNDED)
            own.append(Candidate(int(row["left"]), weight, share))
    return told


_ROUNDED = (("weight", "0.001"), ("probability", "0.000001"))


def forms(model: Model, cases: Sequence[Case]) -> pl.DataFrame:
    """Return the normal forms of cases, their number as key."""
    rows: list[dict[str, str | None]] = []
    for one in cases:
        told = {name: (one.cells or {}).get(_CELLS.get(name, name)) for name in COLUMNS}
        rows.append({model.columns.key: str(one.number), **told})
    return prepared(pl.DataFrame(rows, schema=dict.fromkeys((model.columns.key, *COLUMNS), pl.String)), model.columns)


def spoken(register: Register, using: Given, case: Case, subject_id: int) -> list[dict[str, Any]]:
    """Return what speaks for a case being about a subject, and against it, as `linkage.evidence` takes it apart."""
    with register.engine.connect() as connection:
        subject = prepared(_subjects(connection, using.model, subject_id, subject_id), using.model.columns)
    if not subject.height:
        return []
    found = evidence(using.model, subject, forms(using.model, [case]))
    return [_row(row) for row in found.iter_rows(named=True)]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence as it is kept: bits as text, since a float has no exact one."""
    bits = {name: str(Decimal(row[name] or 0.0).quantize(Decimal("0.001"))) for name in ("weight", "frequency")}
    return dict(row) | bits


def _kept(connection: sa.Connection, model: Model) -> Path | None:
    """Return the folder with all organisations of the register, prepared; None where it has none."""
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    folder = cache_folder() / "subjects" / f"{salt[:16]}-{model.version[:32]}"
    newest = connection.execute(sa.select(sa.func.max(schema.subject.c.id))).scalar_one() or 0
    try:
        for start in range(_known(connection, folder) + 1, newest + 1, _BATCH):
            last = min(start + _BATCH - 1, newest)
            some = _subjects(connection, model, start, last)
            if some.height:
                keep(folder, prepared(some, model.columns), model)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _LAST).write_text(json.dumps([last, _ends(connection, last)]))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); set GOODSTANDING_CACHE to another") from None
    return folder if (folder / "model").exists() else None


_LAST = "last"


def _known(connection: sa.Connection, folder: Path) -> int:
    """Return the last subject that is kept; 0, and nothing is kept, where it is another one now."""
    try:
        last, ends = json.loads((folder / _LAST).read_text())
    except (FileNotFoundError, ValueError):
        last, ends = 0, None
    if ends is None or _ends(connection, last) != ends:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    return int(last)


def _ends(connection: sa.Connection, id_: int) -> str | None:
    """Return what names the content of a subject: its commitment."""
    found = connection.execute(sa.select(schema.subject.c.commitment).where(schema.subject.c.id == id_)).scalar()
    return None if found is None else bytes(found).hex()


def _subjects(connection: sa.Connection, model: Model, first: int, last: int) -> pl.DataFrame:
    """Return the organisations among some subjects, as text; nobody who is a person, or may be one."""
    columns = dict.fromkeys((model.columns.key, *COLUMNS), pl.String)
    query = (
        "SELECT id::text, nullif(name, ''), born::text, seat FROM subject "
        "WHERE publishable AND is_a IS DISTINCT FROM 'person' AND id BETWEEN %(first)s AND %(last)s ORDER BY id"
    )
    return copy_out(connection, query, columns, {"first": first, "last": last})
