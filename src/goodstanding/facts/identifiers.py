"""Identifiers of subjects: `scheme:number`, checked by form and check digit, sorted into the two worlds.

Sources: GB 11643-1999 (resident numbers), GB 32100-2015 (unified social credit codes). Region 000000 is assigned to
nobody; it marks synthetic numbers. `python-stdnum` refuses it for residents, so those are held to date and check digit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import polars as pl

from goodstanding.facts.catalogue import Subject
from goodstanding.facts.world import World

SYNTHETIC_REGION = "000000"
SUBJECTS = get_args(Subject)


@dataclass(frozen=True)
class Scheme:
    """One way of numbering subjects.

    `subject` is person, organisation or thing; `form_known` says whether a number by itself tells that its holder is
    no natural person. Where it does not, the holder counts as a person for publication and look-up. `form`: the regular
    expression that says all of a scheme without check digits.
    """

    id: str
    subject: Subject
    form_known: bool
    example: str
    fault: Callable[[str], str | None]
    form: str | None = None


def _resident(number: str) -> str | None:
    from stdnum.exceptions import ValidationError
    from stdnum.iso7064 import mod_11_2

    if len(number) != 18 or not number[:17].isdigit() or not number.isascii():
        return "18 characters: 17 digits and a check character"
    try:
        dt.date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    except ValueError:
        return "a date of birth in characters 7-14"
    try:
        mod_11_2.validate(number)
    except ValidationError:
        return "a number whose check character fits"
    return None


def _by_stdnum(module: str, form: str, pattern: str = ".*") -> Callable[[str], str | None]:
    """Check by a module of stdnum; `pattern` leaves out what it takes as another way to write the same number."""

    def fault(number: str) -> str | None:
        import re
        from importlib import import_module

        from stdnum.exceptions import InvalidChecksum, ValidationError

        if not re.fullmatch(pattern, number):
            return form
        try:
            if import_module(f"stdnum.{module}").validate(number) != number:
                return f"{form}, without spaces or punctuation"
        except InvalidChecksum:
            return f"{form}; the check digit does not fit"
        except ValidationError:
            return form
        return None

    return fault


def _by_form(pattern: str, form: str) -> Callable[[str], str | None]:
    def fault(number: str) -> str | None:
        import re

        return None if re.fullmatch(pattern, number) else form

    return fault


_FHRS = "(?:[0-9]{1,3}|[1-9][0-9]{3})-(?:0|[1-9][0-9]{0,8})"
"""Codes of authorities have three digits, some of them a zero first."""

SCHEMES: dict[str, Scheme] = {
    scheme.id: scheme
    for scheme in (
        Scheme("cn.ric", "person", False, "cn.ric:000000197001010019", _resident),
        Scheme("nl.bsn", "person", False, "nl.bsn:111222333", _by_stdnum("nl.bsn", "9 digits")),
        Scheme(
            "cn.uscc",
            "organisation",
            True,
            "cn.uscc:91000000MA0000007C",
            _by_stdnum("cn.uscc", "18 characters of 0-9 A-Z without I, O, S, V, Z"),
        ),
        Scheme("nl.kvk", "organisation", False, "nl.kvk:12345678", _by_form("[0-9]{8}", "8 digits"), "[0-9]{8}"),
        Scheme(
            "gb.company",
            "organisation",
            True,
            "gb.company:01234567",
            _by_form("([0-9]{2}|[A-Z]{2})[0-9]{6}", "8 digits, or 2 letters and 6 digits"),
        ),
        Scheme(
            "eu.vat",
            "organisation",
            False,
            "eu.vat:NL004495445B01",
            _by_stdnum("eu.vat", "an EU VAT number, a Greek one with EL", "(?!GR).*"),
        ),
        Scheme("gb.vat", "organisation", False, "gb.vat:980780684", _by_stdnum("gb.vat", "9 digits", "[0-9]{9}")),
        Scheme("sg.uen", "organisation", False, "sg.uen:00192200M", _by_stdnum("sg.uen", "9 or 10 characters")),
        Scheme("jp.cn", "organisation", False, "jp.cn:5835678256246", _by_stdnum("jp.cn", "13 digits")),
        Scheme(
            "gb.fhrs",
            "thing",
            False,
            "gb.fhrs:122-39575",
            _by_form(_FHRS, "local authority code, hyphen, FHRSID without leading zeros"),
            _FHRS,
        ),
    )
}
_SYNTHETIC_SCHEMES = {"cn.ric": slice(0, 6), "cn.uscc": slice(2, 8)}
"""Schemes whose numbers the generators make, and where the region stands in them."""


def subject_of(identifier: str) -> Subject:
    """Return person, organisation or thing for a valid identifier; sole traders count as persons.

    Unified social credit codes that begin with 92 (GB 32100: commerce, individual business) are sole traders.
    """
    scheme, _, number = identifier.partition(":")
    if scheme == "cn.uscc" and number.startswith("92"):
        return "person"
    return SCHEMES[scheme].subject


def held_by(identifiers: pl.Expr, subject: Subject) -> pl.Expr:
    """Whether valid identifiers of a column are, by `subject_of`, those of a person, an organisation or a thing."""
    trader = identifiers.str.starts_with("cn.uscc:92")
    found = [identifiers.str.starts_with(f"{name}:") for name, scheme in SCHEMES.items() if scheme.subject == subject]
    return pl.any_horizontal(*found, trader) if subject == "person" else pl.any_horizontal(found) & ~trader


def subjects_of(identifiers: pl.Expr) -> pl.Expr:
    """Return what `subject_of` does, for a column of valid identifiers."""
    return pl.coalesce(pl.when(held_by(identifiers, subject)).then(pl.lit(subject)) for subject in SUBJECTS)


def faults_in(identifiers: pl.Series, world: World) -> dict[str, str]:
    """Return what `fault_in` says of each identifier in a column that is not valid."""
    doubtful = identifiers.filter(~_plainly_valid(identifiers, world)).unique()
    return {number: fault for number in doubtful if (fault := fault_in(number, world)) is not None}


def _plainly_valid(identifiers: pl.Series, world: World) -> pl.Series:
    """Tell which identifiers need no closer look: those of real schemes that are a form only."""
    forms = [f"{name}:(?:{scheme.form})" for name, scheme in SCHEMES.items() if scheme.form]
    forms = forms if world is World.REAL else []
    return identifiers.str.contains(f"^(?:{'|'.join(forms)})$") if forms else identifiers.is_null()


def publishable(identifier: str) -> bool:
    """Whether a page may be shown to the public: the holder is known not to be a natural person (C42-C44, C53)."""
    return SCHEMES[identifier.partition(":")[0]].form_known and subject_of(identifier) != "person"


def fault_in(identifier: str, world: World) -> str | None:
    """Return what was expected instead, or None where the identifier is valid and of this world.

    A synthetic world takes only numbers in region 000000, a real one takes none of them. The number itself is never
    repeated in the answer: it encodes sex, age and origin.
    """
    scheme_id, separator, number = identifier.partition(":")
    scheme = SCHEMES.get(scheme_id)
    if not separator or scheme is None:
        return f"scheme:number with one of the schemes {', '.join(SCHEMES)}"
    region = _SYNTHETIC_SCHEMES.get(scheme_id)
    synthetic = region is not None and number[region] == SYNTHETIC_REGION
    if world is World.SYNTHETIC and not synthetic:
        return "a synthetic number (region 000000): this world holds nobody real"
    if world is World.REAL and synthetic:
        return "an assigned number: region 000000 is synthetic"
    return scheme.fault(number)
