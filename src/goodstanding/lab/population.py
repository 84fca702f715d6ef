"""The people and organisations of a synthetic city, made again from seed and numbers whenever they must be verified.

Numbers follow GB 11643-1999, GB 32100-2015 and GB 11714-1997 with right check characters, in region 000000, which is
assigned to nobody. Names, districts and shares come from `population.yaml`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl

from goodstanding.facts.errors import InputError
from goodstanding.facts.identifiers import SYNTHETIC_REGION
from goodstanding.lab.draws import Floats, Ints, choice, uniform
from goodstanding.lab.traits import LegalForm, traits

GENERATOR = "goodstanding.lab.population"
VERSION = 1
"""Raise it with every change that makes other subjects from the same seed."""

SCHEMA: dict[str, type[pl.DataType]] = {
    "subject": pl.String,
    "is_a": pl.String,
    "name": pl.String,
    "latin": pl.String,
    "born": pl.Date,
    "sex": pl.String,
    "district": pl.String,
    "occupation": pl.String,
    "legal_form": pl.String,
    "holds_food_licence": pl.Boolean,
}
MOST_PERSONS = 10_000_000
"""A day of birth has room for 499 numbers of each sex."""
MOST_ORGANISATIONS = 1_000_000
ADULT = 18
_YEAR = 365.2425
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)])
_GB11714_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_RIC_WEIGHTS = np.array([pow(2, 17 - place, 11) for place in range(17)])


def population(seed: int, persons: int, organisations: int, until: dt.date) -> pl.DataFrame:
    """Make the subjects of a city: persons (adults of 18 to 90 on the day `until`) and organisations, columns `SCHEMA`.

    The first N persons, and the first N organisations, are the same whatever the totals. Sex is `m` or `f`; born, sex
    and occupation are null for organisations, legal_form for persons. Nobody is a sole trader.
    Raises InputError where a total is negative or too large for the room that the numbers leave.
    """
    for what, count, most in (
        ("persons", persons, MOST_PERSONS),
        ("organisations", organisations, MOST_ORGANISATIONS),
    ):
        if not 0 <= count <= most:
            raise InputError(f"{what}: found {count}, expected 0 to {most}")
    return pl.concat([_persons(seed, persons, until), _organisations(seed, organisations)])


def population_digest(frame: pl.DataFrame) -> str:
    """Return the SHA-256 (hex) over the population as text: cells joined by U+001F, rows by line feeds, null empty."""
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in SCHEMA]
    lines = frame.select(pl.concat_str(cells, separator="\x1f")).to_series()
    return hashlib.sha256("\n".join(["\x1f".join(SCHEMA), *lines]).encode()).hexdigest()


def _persons(seed: int, count: int, until: dt.date) -> pl.DataFrame:
    men = uniform(seed, "person:sex", count) < sum(traits().men) / sum(traits().men + traits().women)
    ages = _ages(seed, men)
    born = np.datetime64(until) - np.ceil(ages * _YEAR).astype(np.int64)
    frame = pl.DataFrame({"born": born, "sex": np.where(men, "m", "f")}, schema={"born": pl.Date, "sex": pl.String})
    number = frame.select(pl.int_range(pl.len()).over("born", "sex")).to_series().to_numpy()
    surnames = [(characters, latin) for characters, latin, _ in traits().surnames]
    surname = choice(uniform(seed, "person:surname", count), [share for *_, share in traits().surnames])
    given, given_latin = _given_names(seed, men)
    return _completed(
        frame.with_columns(
            _resident_numbers(frame["born"], 2 * number + np.where(men, 1, 2)),
            pl.lit("person").alias("is_a"),
            (_taken([row[0] for row in surnames], surname) + given).alias("name"),
            (_taken([row[1] for row in surnames], surname) + " " + given_latin).alias("latin"),
            _drawn(seed, "person:district", count, traits().districts).alias("district"),
            _occupations(seed, ages).alias("occupation"),
        )
    )


def _ages(seed: int, men: np.ndarray) -> Floats:
    """Years, fractions included, by the age table of each sex; a group is filled evenly."""
    edges = [*traits().ages, 90]
    place = uniform(seed, "person:age", len(men))
    by_sex = (
        np.interp(place, np.concatenate([[0.0], np.cumsum(group) / sum(group)]), edges)
        for group in (traits().men, traits().women)
    )
    return np.where(men, *by_sex)


def _resident_numbers(born: pl.Series, sequence: Ints) -> pl.Series:
    """Numbers after GB 11643: region, day of birth, a sequence that is odd for men, ISO 7064 MOD 11-2."""
    body = SYNTHETIC_REGION + born.dt.strftime("%Y%m%d") + pl.Series(sequence).cast(pl.String).str.zfill(3)
    total = (_digits(body, 17) @ _RIC_WEIGHTS) % 11
    return ("cn.ric:" + body + _taken(list("10X98765432"), total)).alias("subject")


def _given_names(seed: int, men: np.ndarray) -> tuple[pl.Series, pl.Series]:
    """Given names of one or two characters, and the same in Latin letters."""
    groups = [[(c, syllable) for syllable, *by_sex in traits().given for c in by_sex[sex]] for sex in (0, 1)]
    single = uniform(seed, "person:single", len(men)) < traits().single_given / 1000
    places = []
    for which in ("first", "second"):
        numbers = uniform(seed, f"person:{which}", len(men))
        by_sex = [choice(numbers, [1 / (rank + 20) for rank in range(len(group))]) for group in groups]
        places.append(np.where(men, by_sex[0], by_sex[1] + len(groups[0])))
    characters, syllables = zip(*groups[0], *groups[1], strict=True)
    second = _taken(["", *characters], np.where(single, 0, places[1] + 1))
    latin = _taken(["", *syllables], np.where(single, 0, places[1] + 1))
    capitals = [syllable.capitalize() for syllable in syllables]
    return _taken(characters, places[0]) + second, _taken(capitals, places[0]) + latin


def _occupations(seed: int, ages: Floats) -> pl.Series:
    student, pensioner = traits().student, traits().pensioner
    place = uniform(seed, "person:occupation:age", len(ages)) * 1000
    drawn = _drawn(seed, "person:occupation", len(ages), traits().occupations)
    studies = pl.Series((ages < student.below) & (place < student.share))
    retired = pl.Series((ages >= pensioner.since) & (place < pensioner.share))
    return (
        pl.select(pl.when(studies).then(pl.lit("student")).when(retired).then(pl.lit("pensioner")).otherwise(drawn))
        .to_series()
        .cast(pl.String)
    )


def _organisations(seed: int, count: int) -> pl.DataFrame:
    forms = traits().legal_forms
    kinds = [(form, spec, trade) for form, spec in forms.items() for trade in spec.trades]
    weights = [spec.share * trade[2] / sum(row[2] for row in spec.trades) for _, spec, trade in kinds]
    kind = choice(uniform(seed, "organisation:kind", count), weights)
    brand, brand_latin = _brands(seed, count)
    endings = [_ending(spec, trade[:2]) for _, spec, trade in kinds]
    return _completed(
        pl.DataFrame(
            {
                "subject": _social_credit_codes(seed, _taken([spec.code for _, spec, _ in kinds], kind)),
                "is_a": pl.repeat("organisation", count, eager=True, dtype=pl.String),
                "name": traits().city[0] + brand + _taken([ending[0] for ending in endings], kind),
                "latin": f"{traits().city[1]} " + brand_latin + " " + _taken([ending[1] for ending in endings], kind),
                "district": _drawn(seed, "organisation:district", count, traits().districts),
                "legal_form": _taken([form for form, *_ in kinds], kind),
                "holds_food_licence": pl.Series(np.array([trade[3] for *_, trade in kinds])[kind], dtype=pl.Boolean),
            }
        )
    )


def _ending(form: LegalForm, trade: tuple[str, str]) -> tuple[str, str]:
    return trade[0] + form.suffix[0], f"{trade[1]} {form.suffix[1]}"


def _brands(seed: int, count: int) -> tuple[pl.Series, pl.Series]:
    sounds = [(character, syllable) for syllable, characters in traits().brands for character in characters]
    characters, syllables = zip(*sounds, strict=True)
    first, second = (
        (uniform(seed, f"organisation:{which}", count) * len(sounds)).astype(np.int64) for which in ("first", "second")
    )
    latin = _taken([syllable.capitalize() for syllable in syllables], first) + _taken(syllables, second)
    return _taken(characters, first) + _taken(characters, second), latin


def _social_credit_codes(seed: int, leading: pl.Series) -> pl.Series:
    """Codes after GB 32100: department and class, region, organisation code with its own check digit, check character.

    The organisation code is MA and six digits: a walk that meets each of the million numbers once.
    """
    start = int(uniform(seed, "organisation:code", 1)[0] * 1_000_000)
    walk = (np.arange(len(leading), dtype=np.int64) * 387_421 + start) % 1_000_000
    code = "MA" + pl.Series(walk).cast(pl.String).str.zfill(6)
    values = np.hstack([np.full((len(code), 2), [22, 10]), _digits(code.str.slice(2), 6)])
    inner = _taken([*"0123456789", "X"], (11 - values @ _GB11714_WEIGHTS % 11) % 11)
    body = leading + SYNTHETIC_REGION + code + inner
    total = (_digits(body, 17) @ _USCC_WEIGHTS) % 31
    return "cn.uscc:" + body + _taken(list(_ALPHABET), (31 - total) % 31)


def _digits(text: pl.Series, length: int) -> Ints:
    """The values of the characters in the alphabet of GB 32100, one row for each text of this length."""
    places = np.frombuffer("".join(text).encode(), dtype=np.uint8).reshape(-1, length)
    values = np.zeros(128, dtype=np.int64)
    values[np.frombuffer(_ALPHABET.encode(), dtype=np.uint8)] = np.arange(len(_ALPHABET))
    return values[places]


def _drawn(seed: int, purpose: str, count: int, shares: Sequence[tuple[str, int]]) -> pl.Series:
    names, weights = zip(*shares, strict=True)
    return _taken(names, choice(uniform(seed, purpose, count), weights))


def _taken(values: Sequence[str], places: Ints) -> pl.Series:
    return pl.Series(values, dtype=pl.String).gather(pl.Series(places))


def _completed(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what such a subject has not, in the order of `SCHEMA`."""
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(absent).select(*SCHEMA).with_columns(pl.col("holds_food_licence").fill_null(False))
