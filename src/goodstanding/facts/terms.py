"""Terms: how long records of a kind are kept, from which day on, and under which clause."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

_Count = Annotated[int, Field(ge=0)]


class Term(BaseModel):
    """So long from a day, as the calendar counts it: five years from 1 March 2020 end on 28 February 2025.

    since: the day of the act, of the decision, of its becoming final, the end of the conduct (what has not ended is
    kept), or the day (UTC) on which the register came to know the record. A record without that day is kept, and
    counted in the report. where: only records with one of these values of an attribute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    years: _Count = 0
    months: _Count = 0
    days: _Count = 0
    since: Literal["act", "decided", "final", "end", "known"]
    where: dict[str, tuple[str, ...]] = {}
    clause: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not (self.years or self.months or self.days):
            raise ValueError("expected a term of at least a day, in years, months or days")
        return self


@cache
def statutory() -> Mapping[str, tuple[Term, ...]]:
    """Return the terms that statutes give, by kind; they ship with the release.

    They are no part of the catalogue's digest: what may be recorded does not change with how long it is kept.
    """
    content = files("goodstanding.facts").joinpath("catalogue", "terms.yaml").read_bytes()
    found = yaml.load(content, Loader=yaml.CSafeLoader)["terms"]
    return {kind: tuple(Term.model_validate(term) for term in terms) for kind, terms in found.items()}
