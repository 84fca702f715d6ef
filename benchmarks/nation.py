"""A simulated nation: people with Chinese name statistics, and what agencies write about them, with errors in the keys.

People are the lab's, with its numbers; to its hundred surnames come rarer ones, dotted names and names in Latin
letters (`nation.yaml`, which states every rate with its source). Records are what the lab's agencies deliver, with
their planted defects; then the copies go wrong as `nation.yaml` says. Whom a record is about stands in `truth`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from goodstanding.facts.catalogue import Catalogue, catalogue
from goodstanding.facts.sources import Source, read_sources
from goodstanding.facts.world import World
from goodstanding.lab.agencies import agency_records
from goodstanding.lab.defects import with_defects
from goodstanding.lab.draws import Floats, Ints, choice, normal, uniform
from goodstanding.lab.population import population
from goodstanding.lab.scenario import Scenario, read_scenario

ROOT = Path(__file__).parents[1]
BLOCK = 200_000
"""People whose records are made at once: memory does not grow with the records of all."""
YEAR = (dt.date(2025, 11, 1), dt.date(2026, 10, 31))
_DEFECTS = ("misspelt-name", "bad-number")
"""The lab's defects that touch the keys; the others are refused for other reasons."""
_DOTS = ("•", "．", ".", "")
_DAYS = (1, -1, 10, -10, 30, 365)
"""By how many days a wrong day of birth is wrong: a digit of day, month or year."""


@cache
def stated() -> Mapping[str, Any]:
    """Return what `nation.yaml` says."""
    said: Mapping[str, Any] = yaml.load((ROOT / "benchmarks" / "nation.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return said


def rates(level: str = "taken", **other: float) -> dict[str, float]:
    """Return all rates at their low, taken or high end, but those that are given."""
    place = ("low", "taken", "high").index(level)
    return {name: rate["of"][place] for name, rate in stated()["rates"].items()} | other


def people(seed: int, count: int) -> pl.DataFrame:
    """Make the people: id, subject, name, born, script (han, dotted, latin), family, district, common, namesakes.

    `common`: whether the surname is one of the hundred. `namesakes`: how many have this name, oneself included.
    """
    made = population(seed, count, 0, YEAR[1]).select("subject", "name", "born", "sex", "district", "occupation")
    shares = stated()["names"]
    place = uniform(seed, "nation:script", count)
    script = np.where(
        place < shares["latin"], "latin", np.where(place < shares["latin"] + shares["dotted"], "dotted", "han")
    )
    rare = (uniform(seed, "nation:rare", count) >= shares["hundred"]) & (script == "han")
    surnames = stated()["surnames"].split()
    weights = [1 / (101 + rank) ** 2 for rank in range(len(surnames))]
    surname = _drawn(seed, "surname", count, surnames, weights)
    dotted, father = _dotted(seed, made["sex"])
    given, family = (_drawn(seed, part, count, stated()[part].split()) for part in ("given", "families"))
    is_script = {name: pl.Series(script == name) for name in ("dotted", "latin")}
    own = pl.when(pl.Series(rare)).then(surname).otherwise(pl.col("name").str.head(1))
    named = made.with_columns(
        id=pl.int_range(count, dtype=pl.Int64),
        script=pl.Series(script),
        common=pl.Series(~rare & (script == "han")),
        family=pl.when(is_script["dotted"]).then(father).when(is_script["latin"]).then(family).otherwise(own),
        name=pl.when(is_script["dotted"])
        .then(dotted + "·" + father)
        .when(is_script["latin"])
        .then(given + " " + family)
        .otherwise(own + pl.col("name").str.slice(1)),
    )
    return named.with_columns(namesakes=pl.len().over("name")).drop("sex")


def _dotted(seed: int, sex: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return own names and fathers' names."""
    men, women = (stated()[part].split() for part in ("men", "women"))
    his, hers = _drawn(seed, "his", len(sex), men), _drawn(seed, "hers", len(sex), women)
    own = pl.select(pl.when(sex == "m").then(his).otherwise(hers)).to_series()
    return own, _drawn(seed, "father", len(sex), men)


def _drawn(seed: int, purpose: str, count: int, values: list[str], weights: list[float] | None = None) -> pl.Series:
    """Draw texts; without weights the n-th is as common as 1/(n+5)."""
    odds = weights or [1 / (rank + 5) for rank in range(len(values))]
    return pl.Series(values, dtype=pl.String).gather(pl.Series(choice(uniform(seed, f"nation:{purpose}", count), odds)))


def records(
    seed: int, nation: pl.DataFrame, ways: Mapping[str, Mapping[str, float]]
) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the adverse records of a year, `BLOCK` people at a time, copied in each of the `ways` (rates of errors).

    Columns row, truth, subject, name, born, error. `subject` is null where no number was sent. `error` says what
    happened to the number: missing, mistyped, sibling, above; null where it was copied as it was.
    """
    scenario, kinds, sources = _agencies()
    households = Households(nation)
    row = 0
    for block, first in enumerate(range(0, nation.height, BLOCK)):
        own = scenario.model_copy(update={"seed": seed * 1_000 + block})
        true = _true(own, nation.slice(first, BLOCK), kinds, sources)
        yield {name: Copies(own.seed, how, true, nation, households).made(row) for name, how in ways.items()}
        row += true.height


@cache
def _agencies() -> tuple[Scenario, Catalogue, dict[str, Source]]:
    """The lab's city, for a year and for adverse records of persons alone."""
    scenario, kinds = read_scenario(ROOT / "scenarios" / "city.yaml"), catalogue(World.SYNTHETIC)
    adverse = {name for name, kind in kinds.kinds.items() if kind.direction == "adverse"}
    told = {name: scenario.rates.get(name, scenario.rates["otherwise"])[0] for name in adverse}
    update = {
        "since": YEAR[0],
        "until": YEAR[1],
        "organisations": 0,
        "rates": {name: (told.get(name, 0.0), 0.0) for name in [*kinds.kinds, "otherwise"]},
        "follows": tuple(rule for rule in scenario.follows if rule.then in adverse),
    }
    sources = {
        name: source.model_copy(update={"defects": tuple(one for one in source.defects if one.kind in _DEFECTS)})
        for name, source in read_sources(scenario.sources, kinds).items()
    }
    return scenario.model_copy(update=update), kinds, sources


def _true(scenario: Scenario, some: pl.DataFrame, kinds: Catalogue, sources: Mapping[str, Source]) -> pl.DataFrame:
    """Return what the agencies deliver about some people, with the lab's defects in names that it can misspell."""
    absent = pl.lit(None, pl.String)
    subjects = some.with_columns(is_a=pl.lit("person"), legal_form=absent)
    subjects = subjects.with_columns(holds_food_licence=pl.lit(value=False))
    rows = agency_records(scenario, subjects, kinds, sources)
    kept = ("subject", "name", "born", "kind", "source", "act", "delivered", "authority", "basis")
    who = some.select("id", "subject", "script")
    rows = rows.select(kept).join(who, on="subject", maintain_order="left").rename({"id": "truth"})
    rows = rows.with_columns(pl.col("act", "born", "delivered").cast(pl.String))
    han, others = rows.filter(pl.col("script") == "han"), rows.filter(pl.col("script") != "han")
    parts = [
        with_defects(han.filter(pl.col("source") == source.id), source, kinds, scenario.seed)
        for source in sources.values()
    ]
    both = pl.concat([*parts, others.with_columns(defect=absent)]).sort("delivered", "source", maintain_order=True)
    return both.with_columns(pl.col("act", "born", "delivered").str.to_date()).drop("kind", "authority", "basis")


class Households:
    """Who can be whose brother or sister: one family name and district, born within six years, or the same day."""

    def __init__(self, nation: pl.DataFrame) -> None:
        family = nation.select(pl.concat_str("family", "district", separator=" ").rank("dense")).to_series()
        keys = family.to_numpy().astype(np.int64) * 100_000 + 50_000 + nation["born"].cast(pl.Int32).to_numpy()
        self._order = np.argsort(keys, kind="stable")
        self._keys, self._of = keys[self._order], keys

    def siblings(self, who: Ints, place: Floats) -> Ints:
        """Return a sibling of each; oneself where the family has nobody else. `place` is uniform in [0, 1)."""
        twins = stated()["twins"]
        apart = np.where(place < twins, 0, 365 + (place - twins) / (1 - twins) * 5 * 365).astype(np.int64)
        at = np.searchsorted(self._keys, self._of[who] + apart)
        at = np.minimum(at + (self._order[np.minimum(at, len(self._keys) - 1)] == who), len(self._keys) - 1)
        found = self._order[at]
        same = self._of[found] // 100_000 == self._of[who] // 100_000
        return np.asarray(np.where(same, found, who), dtype=np.int64)


@dataclass(frozen=True)
class Copies:
    """What agencies' copies make of true rows: `made` goes through what can go wrong, one after the other."""

    seed: int
    how: Mapping[str, float]
    true: pl.DataFrame
    nation: pl.DataFrame
    households: Households

    def made(self, first: int) -> pl.DataFrame:
        """Return the rows as they were sent, numbered from `first`."""
        listed = self._listed()
        number = self._numbered(listed)
        rows = number.with_columns(
            name=self._named(number),
            born=self._born(number),
            row=pl.int_range(first, first + number.height, dtype=pl.Int64),
        )
        return rows.select("row", "truth", "subject", "name", "born", "error")

    def _chance(self, purpose: str, count: int) -> Floats:
        return uniform(self.seed, f"copy:{purpose}", count)

    def _listed(self) -> pl.DataFrame:
        """Put the rows in the order of the agencies' lists: a list a source and month, some in order of name."""
        sources = sorted(_agencies()[2])
        sorts = dict(zip(sources, self._habit("by_name"), strict=True))
        key = pl.when(pl.col("source").replace_strict(sorts, return_dtype=pl.Boolean)).then("name").fill_null("")
        month = pl.col("delivered").dt.truncate("1mo")
        rows = self.true.with_columns(month=month, key=key).sort("source", "month", "key", maintain_order=True)
        above = pl.col("truth").shift(1).over("source", "month")
        return rows.with_columns(above=above)

    def _habit(self, name: str) -> list[bool]:
        """Which of the sources have a habit: the same in every seed, since it is a source's."""
        return [bool(place < self.how[name]) for place in uniform(0, f"habit:{name}", len(_agencies()[2]))]

    def _numbered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Send no number, a mistyped one, a sibling's, or that of the line above."""
        kinds = ("missing", "mistyped", "sibling", "above")
        shares = [self.how[kind] for kind in kinds]
        error = pl.Series([*kinds, None]).gather(
            pl.Series(choice(self._chance("number", rows.height), [*shares, 1 - sum(shares)]))
        )
        numbers, truth = self.nation["subject"], rows["truth"].to_numpy()
        sibling = numbers.gather(self.households.siblings(truth, self._chance("sibling", rows.height)))
        above = numbers.gather(rows["above"].fill_null(rows["truth"]))
        typed = self._mistyped(rows["subject"], error == "mistyped")
        sent = (
            pl.when(error == "missing")
            .then(None)
            .when(error == "sibling")
            .then(sibling)
            .when(error == "above")
            .then(above)
        )
        return rows.with_columns(subject=sent.otherwise(typed), error=error)

    def _mistyped(self, numbers: pl.Series, which: pl.Series) -> pl.Series:
        slips, at = stated()["slips"], which.arg_true()
        ways = choice(self._chance("slip", len(at)), list(slips.values()))
        draws = uniform(self.seed, "copy:slip:where", len(at), 4)
        wrong = [
            mistyped(number, list(slips)[way], draw)
            for number, way, draw in zip(numbers.gather(at), ways, draws, strict=True)
        ]
        return numbers.clone().scatter(at, pl.Series(wrong, dtype=pl.String))

    def _named(self, rows: pl.DataFrame) -> pl.Expr:
        """Names as agencies have them: old ones, and those that are not Han written otherwise."""
        chance = {name: pl.Series(self._chance(name, rows.height)) for name in ("old", "other", "dot", "which")}
        lag = stated()["lag"]["median"] * np.exp(stated()["lag"]["spread"] * normal(self.seed, "copy:lag", rows.height))
        since = (rows["delivered"] - rows["act"]).dt.total_days() + pl.Series(lag)
        another = self.nation["name"].gather((chance["other"] * self.nation.height).floor().cast(pl.Int64)).str.slice(1)
        old = (rows["script"] == "han") & (chance["old"] < since / 365 * self.how["renamed"])
        dotted = (rows["script"] == "dotted") & (chance["dot"] < self.how["dot"])
        latin = (rows["script"] == "latin") & (chance["dot"] < self.how["turned"])
        return (
            pl.when(old)
            .then(pl.col("name").str.head(1) + another)
            .when(dotted)
            .then(_dots(pl.col("name"), chance["which"]))
            .when(latin)
            .then(
                pl.when(chance["which"] < 0.5)
                .then(_turned(pl.col("name")))
                .otherwise(pl.col("name").str.to_uppercase())
            )
            .otherwise("name")
        )

    def _born(self, rows: pl.DataFrame) -> pl.Expr:
        """Days of birth: as the number says, where the source takes them from it; else as asked, seldom wrong."""
        habit = dict(zip(sorted(_agencies()[2]), self._habit("derived"), strict=True))
        derives = rows["source"].replace_strict(habit, return_dtype=pl.Boolean)
        said = pl.col("subject").str.extract(r":.{6}(\d{8})").str.to_date("%Y%m%d", strict=False)
        slip = pl.Series(self._chance("day", rows.height))
        by = pl.Series(_DAYS).gather(
            (slip / self.how["day"] * len(_DAYS)).floor().clip(0, len(_DAYS) - 1).cast(pl.Int64)
        )
        asked = pl.when(slip < self.how["day"]).then(pl.col("born") + pl.duration(days=by)).otherwise("born")
        return pl.when(derives & pl.col("subject").is_not_null()).then(said).otherwise(asked)


def _dots(name: pl.Expr, which: pl.Series) -> pl.Expr:
    """Another dot, none, or another customary spelling, as often as each other."""
    pairs = {one: other for pair in stated()["spellings"] for one, other in (pair, pair[::-1])}
    spelt = name.str.replace_many(list(pairs), list(pairs.values()))
    forms = [*(name.str.replace("·", dot, literal=True) for dot in _DOTS), spelt]
    place = (which * len(forms)).floor()
    return pl.coalesce(pl.when(place == at).then(form) for at, form in enumerate(forms))


def _turned(name: pl.Expr) -> pl.Expr:
    return name.str.split(" ").list.reverse().list.join(" ")


def mistyped(number: str, slip: str, draw: Floats) -> str:
    """Return a number `scheme:18 characters` with one slip of the hand; `draw`: four uniform numbers that say where."""
    scheme, _, typed = number.partition(":")
    digits = list(typed)
    at, far = int(draw[0] * len(digits)), int(draw[1] * len(digits))

    def other(place: int, by: float) -> str:
        return str((int(digits[place].replace("X", "0")) + 1 + int(by * 9)) % 10)

    if slip == "length":
        digits = digits[:at] + digits[at + 1 :] if draw[1] < 0.5 else [*digits[:at], digits[at], *digits[at:]]
    elif slip in ("adjacent", "jump"):
        step = 1 if slip == "adjacent" else 2
        at = min(at, len(digits) - 1 - step)
        digits[at], digits[at + step] = digits[at + step], digits[at]
    elif slip == "twin":
        at = next((place for place in range(17) if digits[place] == digits[place + 1]), at % 16)
        digits[at] = digits[at + 1] = other(at, draw[2])
    else:
        digits[at] = other(at, draw[2])
        if slip == "two":
            digits[far] = other(far, draw[3])
    return f"{scheme}:{''.join(digits)}"
