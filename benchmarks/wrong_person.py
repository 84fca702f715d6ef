"""Adverse records that reach the wrong person, in a simulated nation: by name, by number, by the register's rule.

Usage: python -m benchmarks.wrong_person [--people N] [--seeds N] [--plot FILE]. The nation, and what goes wrong in it,
are those of `nation.py`. The rules are compared on the same records, of which it is known whom they are about:

- *name only*: one of those who have exactly this name, drawn, as a clerk would take whoever the list shows;
- *number only*: whoever has the number, if its check character fits;
- *ours*: the register's own rule (`goodstanding.linkage.exact`, charter C27): the number, with name and day of birth
  equal. What does not corroborate the number is doubt, for a person whose errors are stated.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks import nation, picture
from benchmarks.figures import Figures
from goodstanding.facts.identifiers import faults_in
from goodstanding.facts.world import World
from goodstanding.lab.draws import uniform
from goodstanding.linkage import exact, intervals
from goodstanding.linkage.columns import Columns, Field, prepared
from goodstanding.linkage.linking import links
from goodstanding.linkage.training import train

ROOT = Path(__file__).parents[1]
RULES = {"name": "name only", "number": "number only", "ours": "ours"}
PER = 100_000
LIMIT, RATIO, GAP = 1.0, 0.8, 1.0
"""Charter C47: wrong-person adverse records in 100,000; the ratio of shares unharmed; the gap in points."""
_T = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""Student's t at 97.5 % for 1 to 9 degrees of freedom."""
_SURE = 6.64
"""The weight in bits of a probability of 0.99."""
GROUPS = {
    "script": pl.col("script"),
    "rarity of the name": pl.when(pl.col("namesakes") == 1)
    .then(pl.lit("nobody else has it"))
    .when(pl.col("namesakes") < 10)
    .then(pl.lit("2 to 9 people have it"))
    .when(pl.col("namesakes") < 100)
    .then(pl.lit("10 to 99 people have it"))
    .otherwise(pl.lit("100 or more people have it")),
    "origin": pl.when("common")
    .then(pl.lit("Han, one of the hundred surnames"))
    .when(pl.col("script") == "han")
    .then(pl.lit("Han, another surname"))
    .when(pl.col("script") == "dotted")
    .then(pl.lit("Central Asian"))
    .otherwise(pl.lit("foreign")),
}
"""What people are told apart by, here where nobody is real; a register never infers origin."""


ENDS = {
    "all errors at their low end": nation.rates("low"),
    "all errors at their high end": nation.rates("high"),
    "every list by name, every day of birth from the number": nation.rates(by_name=1.0, derived=1.0),
    "no list by name, every day of birth asked for": nation.rates(by_name=0.0, derived=0.0),
}
"""What the figures would be if the rates were others."""


class Rules:
    """Link rows by each rule to the people of a nation."""

    def __init__(self, people: pl.DataFrame, seed: int) -> None:
        self.people, self.seed = people, seed
        self._holders = people.select("subject", holder="id")
        self._known = people.select(
            "id", "name", "born", identifier="subject", is_a=pl.lit("person", pl.String)
        ).select(*exact.SUBJECTS)
        by_name = people.select("id", "name").sort("name", "id").with_row_index("place")
        self._ordered = by_name["id"]
        self._names = by_name.group_by("name").agg(pl.col("place").min().alias("first"), pl.len().alias("namesakes"))

    def linked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return row, truth, and the id that each of `RULES` links to or null; and `doubt`, the id in doubt."""
        rows = rows.join(self._holders, on="subject", how="left", maintain_order="left")
        strange = rows.filter(pl.col("holder").is_null())["subject"].drop_nulls()
        valid = rows.filter(
            pl.col("subject").is_not_null() & ~pl.col("subject").is_in(list(faults_in(strange, World.SYNTHETIC)))
        )
        told = exact.link(valid.select("row", "subject", "name", "born"), self._known, World.SYNTHETIC)
        doubted = told.refusals.filter(pl.col("field").is_in(["name", "born"])).select("row").unique()
        ours = told.records.select("row", ours="id")
        found = rows.join(ours, on="row", how="left", maintain_order="left")
        return found.select(
            "row",
            "truth",
            "ours",
            name=self._by_name(rows),
            number=pl.col("holder"),
            doubt=pl.when(pl.col("row").is_in(doubted["row"].to_list())).then("holder"),
        )

    def _by_name(self, rows: pl.DataFrame) -> pl.Series:
        there = rows.select("row", "name").join(self._names, on="name", how="left", maintain_order="left")
        draw = pl.Series(uniform(self.seed, f"clerk:{rows['row'][0] if rows.height else 0}", rows.height))
        place = there["first"] + (draw * there["namesakes"]).floor().cast(pl.UInt32)
        return self._ordered.gather(place)


@dataclass
class Tally:
    """What came of the records of one nation, by rule: counts, and for each person what reached or missed them."""

    people: pl.DataFrame
    records: int = 0
    wrong: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    missed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    doubts: int = 0
    doubts_wrong: int = 0
    harmed: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.harmed = {rule: np.zeros(self.people.height, dtype=np.bool_) for rule in RULES}
        self.about, self.asked, self.lost = (np.zeros(self.people.height, dtype=np.int64) for _ in range(3))

    def add(self, linked: pl.DataFrame) -> None:
        """Count rows of `Rules.linked`."""
        truth = linked["truth"]
        self.records += linked.height
        for rule in RULES:
            wrong = (linked[rule] != truth).fill_null(value=False)
            self.wrong[rule] += int(wrong.sum())
            self.missed[rule] += int((linked[rule].is_null() | wrong).sum())
            self.harmed[rule][linked[rule].filter(wrong).to_numpy()] = True
        in_doubt = linked["doubt"].is_not_null()
        self.doubts += int(in_doubt.sum())
        self.doubts_wrong += int((linked["doubt"] != truth).fill_null(value=False).sum())
        for counts, which in (
            (self.about, truth),
            (self.asked, truth.filter(in_doubt)),
            (self.lost, truth.filter(linked["ours"].is_null())),
        ):
            counts += np.bincount(which.to_numpy(), minlength=len(counts))

    @cached_property
    def rates(self) -> dict[str, float]:
        """Everything in 100,000 adverse records; `one` and `two`: after one reader, or two who must agree."""
        accepts, rejects = (nation.stated()["reader"][what]["of"][1] for what in ("accepts", "rejects"))
        right = self.doubts - self.doubts_wrong
        found = {f"wrong {rule}": float(self.wrong[rule]) for rule in RULES}
        found |= {f"missed {rule}": float(self.missed[rule]) for rule in RULES}
        found |= {"person ours": float(self.doubts), "doubts about another": float(self.doubts_wrong)}
        for name, readers in (("one", 1), ("two", 2)):
            found[f"wrong {name}"] = self.wrong["ours"] + self.doubts_wrong * accepts**readers
            found[f"missed {name}"] = self.missed["ours"] - right * (1 - rejects) ** readers
        return {name: value / self.records * PER for name, value in found.items()}

    def bearable(self, readers: int) -> float:
        """The share of "the same" said wrongly by each reader up to which the limit holds; 1 at most."""
        return self._room(self.doubts_wrong) ** (1 / readers)

    def copied(self) -> float:
        """The share of copies that may have name and day of birth from the number until the limit is reached."""
        return self._room(self.wrong["number"])

    def _room(self, wrong: int) -> float:
        """The share of so many wrong ones that may be linked beside those that are, at the limit; 1 at most."""
        room = max(LIMIT * self.records / PER - self.wrong["ours"], 0.0)
        return min(room / wrong, 1.0) if wrong else 1.0

    def groups(self, by: pl.Expr) -> pl.DataFrame:
        """Count by group: people, records about them; people harmed by each rule, records in doubt, and not linked."""
        cells = {f"harmed {rule}": pl.Series(harmed) for rule, harmed in self.harmed.items()}
        each = self.people.select(group=by).with_columns(
            **cells, about=pl.Series(self.about), asked=pl.Series(self.asked), lost=pl.Series(self.lost)
        )
        return each.group_by("group").agg(pl.len().alias("people"), pl.exclude("group").sum()).sort("group")


def tallied(seed: int, people: pl.DataFrame, ways: Mapping[str, Mapping[str, float]]) -> dict[str, Tally]:
    """Make the records of a nation, copied in several ways, link them by each rule, and count."""
    rules, tallies = Rules(people, seed), {way: Tally(people) for way in ways}
    for copies in nation.records(seed, people, ways):
        for way, rows in copies.items():
            tallies[way].add(rules.linked(rows))
    return tallies


def over(values: list[float]) -> tuple[float, float, float]:
    """Return the mean over seeds and a 95 % interval (Student's t), not under 0; of one seed no interval is known."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = _T[min(len(values) - 2, len(_T) - 1)] * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return mean, max(mean - half, 0.0), mean + half


def by_likeness(people: pl.DataFrame, rows: pl.DataFrame, refused: pl.Series) -> dict[str, intervals.Figure]:
    """Link rows by weights alone: what would have been decided in 100,000, and what candidates a person would get.

    `refused`: the rows that our rule links to nobody. Of their records about somebody here, the share whose person is
    among the first five candidates is `found`.
    """
    cells = {"key": pl.col("id").cast(pl.String), "name": pl.col("name"), "born": pl.col("born")}
    columns = Columns(
        key="key",
        fields=(
            Field(column="name", role="name"),
            Field(column="born", role="date"),
            Field(column="number", role="identifier"),
        ),
    )
    number = pl.col("subject").str.split(":").list.last()
    known = prepared(people.select(**cells, number=number), columns)
    sent = prepared(rows.rename({"row": "id"}).select(**cells, number=number), columns)
    model = train(known, sent, columns, {})
    pairs = links(model, known, sent, least=-10.0).select(
        row=pl.col("right").cast(pl.Int64), to=pl.col("left").cast(pl.Int64), weight="weight"
    )
    ranked = pairs.sort("weight", "to", descending=[True, False]).with_columns(rank=pl.int_range(pl.len()).over("row"))
    truth = rows.select("row", "truth")
    told = truth.join(ranked.filter(pl.col("rank") == 0), on="row", how="left")
    count, made = told.height, {}
    for name, least in (("even", 0.0), ("sure", _SURE)):
        decided = told.filter(pl.col("weight") >= least)
        wrong = decided.filter(pl.col("to") != pl.col("truth")).height
        missed = count - decided.height + wrong
        made[f"wrong {name}"] = intervals.share(wrong / count, count, count).scaled(PER)
        made[f"missed {name}"] = intervals.share(missed / count, count, count).scaled(PER)
    asked = truth.filter(pl.col("row").is_in(refused.to_list()))
    five = ranked.filter(pl.col("rank") < 5).join(asked, left_on=["row", "to"], right_on=["row", "truth"], how="semi")
    return made | {"found": intervals.share(five.height / max(asked.height, 1), asked.height, asked.height)}


def main() -> int:
    """Measure, print one line a figure, write the results and the picture; return the exit code."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=1_000_000)
    asked.add_argument("--seeds", type=int, default=4)
    asked.add_argument("--plot", type=Path, default=ROOT / "docs" / "images" / "wrong-person.svg")
    options = asked.parse_args()
    figures = Figures("wrong_person", 1)
    tallies, ends = [], {}
    for seed in range(1, options.seeds + 1):
        people = nation.people(seed, options.people)
        if seed == 1:
            told_nation(figures, people)
            likeness = told_likeness(figures, people, seed)
        made = tallied(seed, people, {"taken": nation.rates(), **(ENDS if seed == 1 else {})})
        tallies.append(made.pop("taken"))
        ends |= made
    told_rules(figures, tallies)
    for name, tally in ends.items():
        for rule in ("number", "ours"):
            figures.only(f"{name}: {RULES[rule]}, wrong in 100,000", tally.rates[f"wrong {rule}"], f"C47: {LIMIT:g}")
        figures.only(f"{name}: ours, share that needs a person, %", tally.rates["person ours"] / PER * 100)
    told_groups(figures, tallies)
    figures.only("GB at most", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    options.plot.write_text(picture.svg(_drawn(tallies, likeness), LIMIT), encoding="utf-8")
    return figures.write()


def told_nation(figures: Figures, people: pl.DataFrame) -> None:
    """Say what the nation is like, beside what is known of the real one."""
    count = people.height
    commonest = people["namesakes"].max()
    assert isinstance(commonest, int)
    figures.only("people in a nation", count)
    figures.only("share with one of the hundred surnames, %", people["common"].sum() / count * 100, "China: 85.9")
    figures.only("people with the commonest name, in 100,000", commonest / count * PER, "China: 21")
    figures.only("people with a namesake, %", people.filter(pl.col("namesakes") > 1).height / count * 100)


def told_rules(figures: Figures, tallies: list[Tally]) -> None:
    """Print what each rule does, with intervals over the seeds, against the limit of the charter."""
    figures.only("adverse records, all seeds", sum(tally.records for tally in tallies))

    def tell(name: str, key: str, limit: float | None = None) -> None:
        mean, low, high = over([tally.rates[key] for tally in tallies])
        if limit is None:
            figures.only(name, mean, f"95 % within {low:.2f} and {high:.2f}")
        else:
            figures.most(name, mean, limit)
            figures.only(f"{name}: 95 % interval over seeds", f"{low:.2f} to {high:.2f}", f"C47: {limit:g}")

    for rule, said in RULES.items():
        tell(f"{said}: wrong in 100,000", f"wrong {rule}", LIMIT if rule == "ours" else None)
        tell(f"{said}: missed in 100,000", f"missed {rule}")
    rare = _together(tallies)
    figures.only(
        "ours: wrong in 100,000, all seeds together", rare.value, f"95 % within {rare.low:.2f} and {rare.high:.2f}"
    )
    tell("ours: needs a person, in 100,000", "person ours")
    tell("ours: of these about another than the number's holder", "doubts about another")
    tell("ours, after one reader, where C47 allows 1: wrong in 100,000", "wrong one")
    tell("ours, after one reader: missed in 100,000", "missed one")
    tell("ours, after two readers who must agree: wrong in 100,000", "wrong two", LIMIT)
    tell("ours, after two readers who must agree: missed in 100,000", "missed two")
    for name, readers in (("one reader", 1), ("two readers who must agree", 2)):
        mean, low, high = over([tally.bearable(readers) * 100 for tally in tallies])
        figures.only(
            f"{name}: another taken for the same up to which C47 holds, %",
            mean,
            f"95 % within {low:.2f} and {high:.2f}",
        )
    mean, low, high = over([tally.copied() * 100 for tally in tallies])
    figures.only(
        "copies that may take name and day of birth from the number, C47 holding, %", mean, f"{low:.2f} to {high:.2f}"
    )


def _together(tallies: list[Tally]) -> intervals.Figure:
    """How many in 100,000 our rule gives to another, by all seeds: too few for an interval over them."""
    wrong, records = sum(tally.wrong["ours"] for tally in tallies), sum(tally.records for tally in tallies)
    return intervals.share(wrong / records, records, records).scaled(PER)


def told_groups(figures: Figures, tallies: list[Tally]) -> None:
    """Print ratio and gap between groups of people harmed, against the charter; where records are lost or in doubt.

    All seeds together. The ratio is that of the group harmed most to the one harmed least, of people *not* harmed.
    """
    for what, by in GROUPS.items():
        table = pl.concat([tally.groups(by) for tally in tallies]).group_by("group").sum().sort("group")
        for rule, said in RULES.items():
            harmed = sorted(_shares(table, f"harmed {rule}", "people").values())
            gap, ratio = (
                intervals.gap(harmed[-1], harmed[0]).scaled(100),
                intervals.ratio(harmed[-1].rest(), harmed[0].rest()),
            )
            for name, figure, tell in (
                ("ratio of shares unharmed", ratio, lambda name, value: figures.least(name, value, RATIO)),
                ("gap in points", gap, lambda name, value: figures.most(name, value, GAP)),
            ):
                within = f"95 % within {figure.low:.4f} and {figure.high:.4f}"
                if rule == "ours":
                    tell(f"{what}, {said}: {name}", figure.value)
                    figures.only(f"{what}, {said}: {name}: interval", within, f"C47: {RATIO:g} and {GAP:g}")
                else:
                    figures.only(f"{what}, {said}: {name}", figure.value, within)
        for name, said in (("asked", "needs a person"), ("lost", "not linked")):
            for group, figure in _shares(table, name, "about").items():
                found = figure.scaled(100)
                within = f"95 % within {found.low:.2f} and {found.high:.2f}"
                figures.only(f"{what}, {group}: {said}, % of records", found.value, within)


def _shares(table: pl.DataFrame, name: str, of: str) -> dict[str, intervals.Figure]:
    """Return by group which share of the people, or of the records about them, is counted in a column."""
    rows = table.select("group", name, of).rows()
    return {group: intervals.share(count / size, size, size) for group, count, size in rows}


def told_likeness(figures: Figures, people: pl.DataFrame, seed: int) -> dict[str, intervals.Figure]:
    """Let weights decide about the first block of records, among the people of the block; print what came of it."""
    rows = next(nation.records(seed, people, {"taken": nation.rates()}))["taken"]
    linked = Rules(people, seed).linked(rows)
    block = people.head(nation.BLOCK)
    found = by_likeness(block, rows, linked.filter(pl.col("ours").is_null())["row"])
    figures.only("by likeness: records", rows.height, f"among {block.height} people")
    for name, said in (("even", "at even odds"), ("sure", "at a probability of 0.99")):
        for what in ("wrong", "missed"):
            _, low, high, _ = figure = found[f"{what} {name}"]
            why = f"C47: {LIMIT:g}; " if what == "wrong" else ""
            figures.only(f"by likeness, {said}: {what} in 100,000", figure.value, f"{why}95 % {low:.2f} to {high:.2f}")
    first = found["found"].scaled(100)
    figures.only("by likeness: right person among five candidates, % of what ours does not link", first.value)
    return found


def _drawn(tallies: list[Tally], likeness: Mapping[str, intervals.Figure]) -> Iterator[picture.Row]:
    """What the picture shows: a row for each way to decide, with wrong and missed in 100,000."""
    ways = {**RULES, "one": "ours, then one reader", "two": "ours, then two readers"}
    for key, said in ways.items():
        wrong, missed = (over([tally.rates[f"{what} {key}"] for tally in tallies]) for what in ("wrong", "missed"))
        wrong = _together(tallies)[:3] if key == "ours" else wrong
        yield picture.Row(said, wrong, missed)
    yield picture.Row("likeness alone, at 0.99", likeness["wrong sure"][:3], likeness["missed sure"][:3])


if __name__ == "__main__":
    sys.exit(main())
