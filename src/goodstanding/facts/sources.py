"""Sources: the systems that deliver records, who runs them, what they may deliver and how they are known to fail."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from goodstanding.facts.catalogue import Catalogue, Words
from goodstanding.facts.contracts import Contract, fault_in
from goodstanding.facts.errors import InputError
from goodstanding.facts.terms import Term, shipped_terms


class Defect(BaseModel):
    """A known fault of a source, in words, and how often it happens (a share, as decimal text)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["duplicate", "late", "unknown-code", "wrong-date", "misspelt-name", "missing-field", "bad-number"]
    share: str


class Source(BaseModel):
    """One source. The registrar fixes `origin`; a third-party tip is not a record, so there is no such origin.

    `kept`: how long its records of a kind are kept, where no statute says so or where it is to be shorter. `contract`:
    what its deliveries are held to; unlike the rest it can be changed later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    words: Words
    agency: Words
    origin: Literal["own-finding", "court"]
    key: Words
    schedule: Literal["daily", "weekly", "monthly", "yearly"]
    max_lag_days: int
    kinds: tuple[str, ...]
    defects: tuple[Defect, ...] = ()
    kept: dict[str, tuple[Term, ...]] = {}
    contract: Contract | None = None


def read_sources(path: Path, catalogue: Catalogue) -> dict[str, Source]:
    """Read the sources of a register by id.

    Raises InputError where the file does not parse, a source delivers a kind that the catalogue does not have, or its
    adverse records would be kept beyond the ceiling.
    Raises InputError where the file does not parse, a source delivers a kind that the catalogue does not have, or
    its contract does not fit.
    """
    try:
        rows = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["sources"]
        sources = [Source.model_validate(row) for row in rows]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a list of sources: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    for source in sources:
        _check(path, source, catalogue)
    return {source.id: source for source in sources}


def _check(path: Path, source: Source, catalogue: Catalogue) -> None:
    """Raise InputError where a source does not fit the catalogue."""
    unknown = sorted(set(source.kinds) - set(catalogue.kinds))
    if unknown:
        raise InputError(f"{path}: source {source.id}: kind {unknown[0]} is not in the catalogue of this world")
    strange = sorted(set(source.kept) - set(source.kinds))
    if "conduct.ended" in source.kept:
        raise InputError(f"{path}: source {source.id}: kept: conduct.ended goes with the conduct that it ends")
    if strange:
        raise InputError(f"{path}: source {source.id}: kept: {strange[0]} is no kind that it delivers")
    for kind, own in source.kept.items():
        try:
            shipped_terms().check_own(kind, catalogue.kinds[kind], own)
        except ValueError as error:
            raise InputError(f"{path}: source {source.id}: kept: {error}") from None
    unfit = fault_in(source.contract, source.kinds, catalogue) if source.contract else None
    if unfit:
        raise InputError(f"{path}: source {source.id}: contract: {unfit}")
