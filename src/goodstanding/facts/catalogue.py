"""The catalogue of kinds: what may be recorded, of whom, with which attributes.

The files under `facts/catalogue/` are the catalogue. `real*.yaml` is closed and ships with the release; the kinds of
`synthetic*.yaml` exist in synthetic worlds only, and no real register can be told to take them.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from goodstanding.facts.world import World

Subject = Literal["person", "organisation", "thing"]
Language = Literal["en", "nl", "zh"]
Words = dict[Language, str]


class Attribute(BaseModel):
    """A typed fact on a record. Numbers have `scale` decimals and are held as whole 10^-scale units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["number", "code", "date", "flag"]
    words: Words
    required: bool = True
    scale: Annotated[int, Field(ge=0, le=6)] = 0
    unit: str | None = None
    values: tuple[int, ...] | None = None
    codes: str | None = None

    def number(self, units: int) -> Fraction:
        """Turn whole units, as tables hold them, into the number they stand for."""
        return Fraction(units, 10**self.scale)


class Kind(BaseModel):
    """A kind of record. `continuing` conduct lasts until a `conduct.ended` record of the same occurrence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: str
    direction: Literal["adverse", "favourable", "neutral"]
    subjects: tuple[Subject, ...]
    words: Words
    continuing: bool = False
    attributes: dict[str, Attribute] = {}


class Catalogue(BaseModel):
    """All kinds and code lists of one world."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: dict[str, dict[str, Words]]
    kinds: dict[str, Kind]
    digest: str

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """Every attribute by name; a name means the same type and scale in every kind."""
        return {name: attribute for kind in self.kinds.values() for name, attribute in kind.attributes.items()}


@cache
def catalogue(world: World) -> Catalogue:
    """Return the catalogue of a world: the real kinds, and in a synthetic world the synthetic ones too.

    `digest` is the SHA-256 (hex) over the files it was read from.
    """
    folder = files("goodstanding.facts").joinpath("catalogue")
    of_world = ("real",) if world is World.REAL else ("real", "synthetic")
    names = sorted(one.name for one in folder.iterdir() if one.name.startswith(of_world))
    contents = [folder.joinpath(name).read_bytes() for name in names]
    parts = [yaml.load(content, Loader=yaml.CSafeLoader) for content in contents]
    return Catalogue(
        codes={code: words for part in parts for code, words in (part.get("codes") or {}).items()},
        kinds={kind: spec for part in parts for kind, spec in (part.get("kinds") or {}).items()},
        digest=hashlib.sha256(b"".join(contents)).hexdigest(),
    )
