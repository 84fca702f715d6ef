"""Terms: how long records of a kind are kept, from which day on, and under which clause."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from goodstanding.facts.catalogue import Kind, catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World

_Count = Annotated[int, Field(ge=0)]
Gravity = Literal["minor", "ordinary", "serious"]


class Term(BaseModel):
    """So long from a day, as the calendar counts it: five years from 1 March 2020 end on 28 February 2025.

    since: the day of the act, of the decision, of its becoming final, the latest of these three (`settled`), the end of
    the conduct (what has not ended is kept), or the day (UTC) on which the register came to know the record. A record
    without that day is kept, and counted in the report. where: only records with one of these values of an attribute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    years: _Count = 0
    months: _Count = 0
    days: _Count = 0
    since: Literal["act", "decided", "final", "settled", "end", "known"]
    where: dict[str, tuple[str, ...]] = {}
    clause: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not (self.years or self.months or self.days):
            raise ValueError("expected a term of at least a day, in years, months or days")
        return self

    def within(self, years: int) -> bool:
        """Whether it lasts no longer than so many years (a month being 30.4375 days)."""
        return (12 * self.years + self.months) * 487 + self.days * 16 <= 12 * years * 487


class Terms(BaseModel):
    """The terms that ship with the release: the ceilings in years, what holds by gravity, and what statutes say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ceiling: int
    ceiling_of_statutes: int
    defaults: dict[Gravity, Term]
    gravity: dict[str, Gravity]
    terms: dict[str, tuple[Term, ...]]

    @model_validator(mode="after")
    def _below_the_ceiling(self) -> Self:
        if any(not term.within(self.ceiling) for term in self.defaults.values()):
            raise ValueError(f"defaults: expected no term over the ceiling of {self.ceiling} years")
        for kind, terms in self.terms.items():
            if kind in self.gravity and not all(term.within(self.ceiling_of_statutes) for term in terms):
                raise ValueError(f"{kind}: expected no term over the {self.ceiling_of_statutes} years of a statute")
        return self

    def of(self, kind: str, spec: Kind, own: tuple[Term, ...] = ()) -> tuple[Term, ...]:
        """Return every term of a kind, of which the shortest counts: the statute's and the registrar's own.

        An adverse kind without either has that of its gravity, and each has the ceiling: from the end of conduct that
        goes on, else from the latest of act, decision and finality.
        """
        given = (*self.terms.get(kind, ()), *own)
        if spec.direction != "adverse":
            return given
        if not given and kind in self.gravity:
            given = (self.defaults[self.gravity[kind]],)
        statute = not all(term.within(self.ceiling) for term in self.terms.get(kind, ()))
        years = self.ceiling_of_statutes if statute else self.ceiling
        clause = f"charter C32: no adverse record is kept for longer than {years} years"
        return (*given, Term(years=years, since="end" if spec.continuing else "settled", clause=clause))

    def check_own(self, kind: str, spec: Kind, own: tuple[Term, ...]) -> None:
        """Raise ValueError where a registrar would keep adverse records beyond the ceiling."""
        for term in own:
            if spec.direction == "adverse" and not term.within(self.ceiling):
                raise ValueError(
                    f"{kind}: found {_length(term)}, expected at most {self.ceiling} years: it is adverse, and only "
                    "a statute, whose terms ship with the release, keeps such a record for longer"
                )


def _length(term: Term) -> str:
    parts = ((term.years, "years"), (term.months, "months"), (term.days, "days"))
    return ", ".join(f"{count} {word}" for count, word in parts if count)


@cache
def shipped_terms() -> Terms:
    """Return the terms that ship with the release.

    They are no part of the catalogue's digest: what may be recorded does not change with how long it is kept. Raises
    InputError where a term is over its ceiling, or an adverse kind of the real catalogue has no gravity.
    """
    content = files("goodstanding.facts").joinpath("catalogue", "terms.yaml").read_bytes()
    return read_terms(content, catalogue(World.REAL).kinds)


def read_terms(content: bytes, kinds: Mapping[str, Kind]) -> Terms:
    """Read terms for a closed catalogue. Raises InputError as `shipped_terms` does."""
    try:
        terms = Terms.model_validate(yaml.load(content, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValidationError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InputError(f"terms.yaml: {said}") from None
    adverse = {kind for kind, spec in kinds.items() if spec.direction == "adverse"}
    if adverse != set(terms.gravity):
        kind = min(adverse ^ set(terms.gravity))
        raise InputError(f"terms.yaml: gravity: {kind}: expected each adverse kind of the real catalogue, and no other")
    return terms


def statutory() -> Mapping[str, tuple[Term, ...]]:
    """Return the terms that statutes give, by kind."""
    return shipped_terms().terms
