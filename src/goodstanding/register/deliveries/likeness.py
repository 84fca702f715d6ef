"""Who may be meant by a row without a number: candidates, each with its weight by the model in force.

They are found in two ways: by the keys of the model, and by the look-up, which finds a name with slips of the pen that
shares no key, and is for a person to see even where the model makes little of it. The register's organisations are
prepared once and kept in the cache folder, as is the index of their names; those that came since are added. So whom a
case is offered follows from the register alone, on any machine and in any order of deliveries, as long as no more than
`PROPOSED` names are as alike. It finds, and decides nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from goodstanding.linkage.kept import keep, linked, weighed
from goodstanding.linkage.linking import LINKS
from goodstanding.linkage.lookup import Asked, Lookup
from goodstanding.linkage.models import Model
from goodstanding.register.deliveries.inforce import COLUMNS, Given, model_of
from goodstanding.register.deliveries.unlinked import Case
from goodstanding.register.ledger.finding import whole
from goodstanding.register.store import schema
from goodstanding.register.store.bulk import copy_out
from goodstanding.register.store.database import Register, turn_of

_CELLS = {"place": "seat"}
"""Columns of deliveries that are called otherwise: the place of a row may be that of what happened."""
Tell = Callable[[str, int, int], None]
"""Told the name of some work, how much of it is done and how much there is."""
LEAST = -10.0
"""Bits from which a subject is a candidate by its keys; one whose name is alike is, whatever it weighs."""
MOST = 10
"""Candidates of one case."""
_TURN = 0x600D11CE
ALIKE = 0.6
"""The agreement of names by the look-up that makes a candidate: three characters of four are the same."""
PROPOSED = 30
"""Organisations that the look-up proposes for a case; more than that are as alike only where a name tells little."""
_BATCH, _CASES = 200_000, 1_000
"""Subjects that are prepared at once, and cases that are looked for at once."""
_PREPARED, _NAMES, _SOUGHT = "subjects prepared", "names of the register", "cases looked for"


def nothing(name: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Candidate:
    """A subject that may be meant; weight in bits, rounded to thousandths; probability to millionths."""

    subject_id: int
    weight: Decimal
    probability: Decimal


def candidates(
    register: Register, using: Given, cases: Sequence[Case], tell: Tell = nothing
) -> Iterator[dict[int, list[Candidate]]]:
    """Yield for some undecided cases after others whom each may be about, the likeliest first, at most `MOST`.

    Found are organisations that share a key of the model with a case, and those that the look-up proposes for its name;
    each is weighed by the model. What the look-up lacks of the register is put there first. `tell` is told how far it
    is. Raises InputError where the cache folder cannot be written to.
    """
    if not cases:
        return
    with register.engine.connect() as connection, turn_of(connection, _TURN):
        model = model_of(connection, using)
        folder = _kept(connection, model, tell)
        tell(_NAMES, 0, 1)
        names = whole(connection)
        tell(_NAMES, 1, 1)
        for first in range(0, len(cases), _CASES):
            tell(_SOUGHT, first, len(cases))
            some = cases[first : first + _CASES]
            found = _found(folder, names, forms(model, some), some) if folder else pl.DataFrame(schema=LINKS)
            ids = found["left"].unique().cast(pl.Int64).to_list()
            named = {row.id: row.identifier for row in connection.execute(_IDENTIFIERS, {"ids": ids})}
            yield _likeliest(some, found, named)
        tell(_SOUGHT, len(cases), len(cases))


_IDENTIFIERS = sa.text("SELECT id, identifier FROM subject WHERE id = ANY(:ids)")


def _found(folder: Path, names: Lookup, records: pl.DataFrame, cases: Sequence[Case]) -> pl.DataFrame:
    """Return what is found by the keys of the model and by the look-up, weighed by the model, each pair once."""
    met = linked(folder, records, LEAST)
    alike = _alike(names, cases).join(met, on=["left", "right"], how="anti")
    return pl.concat([met, weighed(folder, alike, records)])


def _alike(names: Lookup, cases: Sequence[Case]) -> pl.DataFrame:
    """Return the pairs of a subject (`left`) and a case (`right`) whose names the look-up takes to be alike."""
    pairs = []
    for one in cases:
        cells = one.cells or {}
        asked = Asked(*(cells.get(name) or "" for name in ("name", "seat", "born")))
        pairs += [(hit.entry.key, str(one.number)) for hit in names.find(asked, PROPOSED, ALIKE)]
    return pl.DataFrame(pairs, schema={"left": pl.String, "right": pl.String}, orient="row").unique()


def _likeliest(cases: Sequence[Case], found: pl.DataFrame, named: Mapping[int, str]) -> dict[int, list[Candidate]]:
    """Return the `MOST` likeliest of each case. What weighs the same stands in the order of identifiers.

    An identifier, not the number here: it is the same in whatever order deliveries came.
    """
    told: dict[int, list[tuple[str, Candidate]]] = {one.number: [] for one in cases}
    for row in found.iter_rows(named=True):
        weight, share = (Decimal(row[name]).quantize(Decimal(unit)) for name, unit in _ROUNDED)
        subject = int(row["left"])
        told[int(row["right"])].append((named[subject], Candidate(subject, weight, share)))
    return {
        number: [one for _, one in sorted(some, key=lambda pair: (-pair[1].weight, pair[0]))[:MOST]]
        for number, some in told.items()
    }


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
        model = model_of(connection, using)
        subject = prepared(_subjects(connection, model, subject_id, subject_id), model.columns)
    if not subject.height:
        return []
    found = evidence(model, subject, forms(model, [case]))
    return [_row(row) for row in found.iter_rows(named=True)]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence as it is kept: bits as text, since a float has no exact one."""
    bits = {name: str(Decimal(row[name] or 0.0).quantize(Decimal("0.001"))) for name in ("weight", "frequency")}
    return dict(row) | bits


def _kept(connection: sa.Connection, model: Model, tell: Tell) -> Path | None:
    """Return the folder with all organisations of the register, prepared; None where it has none."""
    salt = connection.execute(sa.select(schema.world.c.salt)).scalar_one()
    folder = cache_folder() / "subjects" / f"{salt[:16]}-{model.version[:32]}"
    newest = newest_subject(connection)
    try:
        for start in range(_known(connection, folder) + 1, newest + 1, _BATCH):
            tell(_PREPARED, start - 1, newest)
            last = min(start + _BATCH - 1, newest)
            some = _subjects(connection, model, start, last)
            if some.height:
                keep(folder, prepared(some, model.columns), model)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _LAST).write_text(json.dumps([last, _ends(connection, last)]))
        tell(_PREPARED, newest, newest)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); set GOODSTANDING_CACHE to another") from None
    return folder if (folder / "model").exists() else None


def newest_subject(connection: sa.Connection) -> int:
    """Return the number of the subject that came last, 0 where there is none."""
    return connection.execute(sa.select(sa.func.max(schema.subject.c.id))).scalar_one() or 0


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
