"""What the population is drawn from: ages, names, occupations, trades, with their shares (`population.yaml`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LegalForm(_Frozen):
    """How organisations of one legal form are numbered and named; trades: name, Latin, weight, handles food."""

    code: str
    share: int
    suffix: tuple[str, str]
    trades: tuple[tuple[str, str, int, bool], ...]


class Student(_Frozen):
    """Who studies: the per mille `share` of those below an age."""

    below: int
    share: int


class Pensioner(_Frozen):
    """Who is retired: the per mille `share` of those from an age on."""

    since: int = Field(alias="from")
    share: int


class Traits(_Frozen):
    """The content of `population.yaml`; shares are per mille and need not add up to 1000."""

    city: tuple[str, str]
    districts: tuple[tuple[str, int], ...]
    ages: tuple[int, ...]
    men: tuple[int, ...]
    women: tuple[int, ...]
    student: Student
    pensioner: Pensioner
    occupations: tuple[tuple[str, int], ...]
    legal_forms: dict[str, LegalForm]
    brands: tuple[tuple[str, str], ...]
    surnames: tuple[tuple[str, str, int], ...]
    single_given: int
    given: tuple[tuple[str, str, str], ...]


@cache
def traits() -> Traits:
    """Return what the population is drawn from, as it ships with this version."""
    content = files("goodstanding.lab").joinpath("population.yaml").read_bytes()
    return Traits.model_validate(yaml.load(content, Loader=yaml.CSafeLoader))


@cache
def homophones() -> dict[str, str]:
    """Return for each character of a given or company name another one that sounds alike."""
    groups = [men + women for _, men, women in traits().given] + [characters for _, characters in traits().brands]
    rings = ["".join(dict.fromkeys(group)) for group in reversed(groups)]
    return {character: ring[(place + 1) % len(ring)] for ring in rings for place, character in enumerate(ring)}
