"""The two worlds, fixed when a register or a data set is made and never changed (see docs/explanation/worlds.md)."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from goodstanding.facts.errors import InputError


class World(StrEnum):
    """Whether the subjects exist."""

    REAL = "real"
    SYNTHETIC = "synthetic"


class Manifest(BaseModel):
    """What a generator must be given to make the same synthetic world again; its presence makes a world verifiable.

    `population` is the SHA-256 (hex) over the generated population; `until` is the last day that is simulated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    world: World
    generator: str
    version: int
    seed: int
    persons: int
    organisations: int
    since: dt.date
    until: dt.date
    population: str


def read_manifest(path: Path) -> Manifest:
    """Read a synthetic world's manifest.

    Raises InputError where the file is missing, is not a manifest, or claims a real world.
    """
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{path}: {where}: {first['msg']}; expected a manifest.json as the lab writes it") from None
    if manifest.world is not World.SYNTHETIC:
        raise InputError(f"{path}: world: found '{manifest.world}', expected 'synthetic': only the lab makes manifests")
    return manifest
