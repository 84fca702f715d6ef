"""The scenario of a synthetic city: how many subjects, how often what happens to them, and what follows on it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.lab.population import MOST_ORGANISATIONS, MOST_PERSONS

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, le=1000)]
Days = Annotated[float, Field(ge=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spread(_Frozen):
    """How unlike subjects are: standard deviations of the logarithms of two factors with mean 1."""

    direction: float
    context: float


class Again(_Frozen):
    """Repetition: the share of adverse events with another of the same kind, and the median days until then."""

    share: Share
    days: Days


class Follow(_Frozen):
    """What follows in the same occurrence: the share of events and the median days until then, 0 for the same act."""

    after: tuple[str, ...]
    then: str
    share: Share
    days: Days


class Deciding(_Frozen):
    """Median days until a decision, the share that is delivered only when final, and the days until that."""

    days: Days
    final: Share
    until_final: int


class Number(_Frozen):
    """A log-normal number in whole units; zero unless another attribute has one of the values in `only`."""

    median: Annotated[float, Field(gt=0)]
    spread: float
    least: int
    organisation: float = 1
    only: dict[str, tuple[str, ...]] = {}


class Scenario(_Frozen):
    """A scenario file (`scenarios/city.yaml` says what each part means); `sources` is the path of the sources' file."""

    seed: int
    persons: Annotated[int, Field(ge=0, le=MOST_PERSONS)]
    organisations: Annotated[int, Field(ge=0, le=MOST_ORGANISATIONS)]
    since: dt.date
    until: dt.date
    sources: Path
    spread: Spread
    rates: dict[str, tuple[Rate, Rate]]
    active: dict[str, Annotated[float, Field(gt=0, le=1)]]
    among: dict[str, dict[str, tuple[str, ...]]]
    again: Again
    follows: tuple[Follow, ...]
    deciding: Deciding
    numbers: dict[str, Number]
    shares: dict[str, dict[str, int]]
    alike: dict[str, Share]
    absent: dict[str, Share]
    basis: dict[str, str]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}")
        return self

    @property
    def days(self) -> int:
        """The length of the simulated time in days, both ends included."""
        return (self.until - self.since).days + 1


def read_scenario(path: Path) -> Scenario:
    """Read a scenario; the path of its sources is taken from the folder of the scenario.

    Raises InputError where the file cannot be read, says something else than a scenario, or names a kind that the
    catalogue of synthetic worlds does not have.
    """
    try:
        scenario = Scenario.model_validate(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not a YAML file: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise InputError(f"{path}: {where}: {first['msg']}; expected a scenario as scenarios/city.yaml") from None
    unknown = _unknown_kinds(scenario)
    if unknown:
        raise InputError(f"{path}: found '{unknown[0]}', expected a kind of the catalogue of synthetic worlds")
    return scenario.model_copy(update={"sources": path.parent / scenario.sources})


def _unknown_kinds(scenario: Scenario) -> list[str]:
    """Names of kinds that no kind has, or, where they end in a point, that no kind begins with."""
    kinds = list(catalogue(World.SYNTHETIC).kinds)
    named = [name for part in (scenario.rates, scenario.active, scenario.alike, scenario.absent) for name in part]
    named += [kind for rule in scenario.follows for kind in (*rule.after, rule.then)]
    unknown = sorted(set(named) - {*kinds, "otherwise"})
    return unknown + [name for name in scenario.among if not any(kind_of(kind, name) for kind in kinds)]


def kind_of(kind: str, name: str) -> bool:
    """Whether `name` is this kind, or ends in a point and is how the kind begins."""
    return kind == name or (name.endswith(".") and kind.startswith(name))
