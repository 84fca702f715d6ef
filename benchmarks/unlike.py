"""Linkage on data sets that are unlike each other, beside Splink with its documentation's settings; truth is known.

Usage: python -m benchmarks.unlike [NAME ...] [--seed N]. Nobody and nothing in them exists. Precision, recall and F1
are over pairs: a threshold is chosen on one half of the subjects and tried on the other; and at even odds, chosen by
nobody.
"""

from __future__ import annotations

import argparse
import random
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from benchmarks import linked, people
from benchmarks.figures import Figures

SEED = 5
Row = dict[str, str | None]
Tables = list[pl.DataFrame]
"""One table or two, with the columns `id`, `cluster` (the truth) and what is compared."""
_WORDS = """
bakery builders cafe carpets catering chemists cleaning clinic computers consultants dairy dental design
electric energy engineering estates farms fashion finance fisheries flowers foods furniture garage gardens
glass group holdings hotel insurance interiors international joinery kitchen laundry law lighting logistics
management marine media metals motors music nursery optics packaging paints partners pharmacy plastics
plumbing print properties records restaurant roofing school security services shipping software solutions
sports stores supplies systems taxi technology textiles theatre timber tools trading training transport
travel tyres veterinary windows wines
"""
_TRADES = _WORDS.split()
_FORMS = ("BV", "B.V.", "Ltd", "Limited", "GmbH", "NV", "", "")
_STREETS = ("street", "road", "lane", "square", "avenue", "quay")


def few(draw: random.Random) -> Tables:
    """Return people of whom only a name and a town are known; most have one record, some two."""
    rows = []
    for cluster, person in enumerate(_persons(6_000, draw)):
        for _ in range(1 + (draw.random() < 0.35)):
            whole = f"{_slip(person['given'], 0.06, draw)} {_slip(person['family'], 0.06, draw)}"
            rows.append({"cluster": str(cluster), "name": whole, "town": _gone(person["town"], 0.05, draw)})
    return [_table(rows, "a", draw)]


def gaps(draw: random.Random) -> Tables:
    """Return people with up to five records, in which almost half of the cells are missing."""
    rows = []
    for cluster, person in enumerate(_persons(3_000, draw)):
        for _ in range(draw.randint(1, 5)):
            cells = {name: _gone(_slip(cell, 0.06, draw), 0.45, draw) for name, cell in person.items()}
            rows.append({"cluster": str(cluster), **cells})
    return [_table(rows, "a", draw)]


def organisations(draw: random.Random) -> Tables:
    """Return two registers of organisations; some have one name in many places, each of them another subject."""
    left, right = [], []
    for cluster, one in enumerate(_companies(6_000, draw)):
        left += [{"cluster": str(cluster), **_told(one, draw)}] if draw.random() < 0.8 else []
        right += [{"cluster": str(cluster), **_told(one, draw)}] if draw.random() < 0.8 else []
    return [_table(left, "a", draw), _table(right, "b", draw)]


def many(draw: random.Random) -> Tables:
    """Return a register of organisations, and permits, of which an organisation has none, one or many."""
    left, right = [], []
    for cluster, one in enumerate(_companies(3_000, draw)):
        left.append({"cluster": str(cluster), **one})
        for _ in range(draw.choice((0, 0, 1, 1, 2, 3, 8))):
            told = _told(one, draw)
            right.append({"cluster": str(cluster), **told, "street": _gone(told["street"], 0.5, draw)})
    return [_table(left, "a", draw), _table(right, "b", draw)]


SETS: dict[str, Callable[[random.Random], Tables]] = {
    "few": few,
    "gaps": gaps,
    "organisations": organisations,
    "many": many,
}


def _persons(count: int, draw: random.Random) -> Iterator[dict[str, str]]:
    return people.persons(0, count, draw.randrange(2**31)).drop("person").iter_rows(named=True)


def _companies(count: int, draw: random.Random) -> Iterator[dict[str, str]]:
    """Yield organisations; every eighth is a branch: the name of another, in another place."""
    names: list[str] = []
    for number, person in enumerate(_persons(count, draw)):
        trade, other = (_TRADES[min(int(draw.paretovariate(0.7)) - 1, len(_TRADES) - 1)] for _ in range(2))
        shapes = (
            f"{person['family']} {trade}",
            f"{person['family']} {trade} {other}",
            f"{person['town']} {trade}",
            f"{person['given']} {person['family']} {trade}",
            f"{person['family']} & {person['given']}",
        )
        names.append(draw.choice(names) if number % 8 == 7 else draw.choice(shapes))
        street = f"{draw.randint(1, 300)} {person['given']} {draw.choice(_STREETS)}"
        whole = f"{names[-1]} {draw.choice(_FORMS)}".strip()
        yield {"company": whole, "street": street, "postcode": person["postcode"], "town": person["town"]}


def _told(one: dict[str, str], draw: random.Random) -> Row:
    """Return what a register has of an organisation: another legal form, a word less, slips, an earlier address."""
    words = one["company"].split()
    words = [word for word in words if word not in _FORMS] if draw.random() < 0.4 else words
    if len(words) > 2 and draw.random() < 0.1:
        words.remove(draw.choice(words))
    if draw.random() < 0.05:
        draw.shuffle(words)
    name = " ".join("Intl" if word == "international" and draw.random() < 0.5 else word for word in words)
    moved = draw.random() < 0.08
    street = f"{draw.randint(1, 300)} {draw.choice(_TRADES)} {draw.choice(_STREETS)}" if moved else one["street"]
    postcode = f"{draw.randint(1000, 9999)}{''.join(draw.choices('ABCDE', k=2))}" if moved else one["postcode"]
    return {
        "company": _slip(name, 0.08, draw),
        "street": _gone(_slip(street, 0.08, draw), 0.1, draw),
        "postcode": _gone(_slip(postcode, 0.04, draw), 0.1, draw),
        "town": _gone(_slip(one["town"], 0.03, draw), 0.05, draw),
    }


def _slip(text: str, share: float, draw: random.Random) -> str:
    """Return a text in which, in this share of cases, a letter is another, lacking, or exchanged with the next."""
    if draw.random() >= share:
        return text
    place = draw.randrange(len(text))
    others = string.digits if text[place].isdigit() else string.ascii_lowercase
    wrong = (draw.choice(others), "", text[place + 1 : place + 2] + text[place])[draw.randrange(3)]
    return text[:place] + wrong + text[place + (2 if len(wrong) == 2 else 1) :]


def _gone(text: str | None, share: float, draw: random.Random) -> str | None:
    return None if draw.random() < share else text


def _table(rows: list[Row], first: str, draw: random.Random) -> pl.DataFrame:
    draw.shuffle(rows)
    return pl.DataFrame(rows).select(pl.format(f"{first}{{}}", pl.int_range(pl.len())).alias("id"), pl.all())


def main() -> int:
    """Measure, print one line a figure, write the results; return the exit code."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SETS))
    asked.add_argument("--seed", type=int, default=SEED)
    options = asked.parse_args()
    figures = Figures("unlike", options.seed)
    with tempfile.TemporaryDirectory(prefix="unlike-") as name:
        for what in options.names or SETS:
            measure(figures, Path(name), what, options.seed)
    return figures.write()


def measure(figures: Figures, folder: Path, what: str, seed: int) -> None:
    """Link one data set with ours and with Splink, and print what each found."""
    tables = SETS[what](random.Random(f"{what} {seed}"))
    files = [folder / f"{what}{place}.parquet" for place in range(len(tables))]
    for table, file in zip(tables, files, strict=True):
        table.drop("cluster").write_parquet(file)
    outs = {who: folder / f"{what}-{who}.parquet" for who in ("splink", "ours")}
    linked.run(what, outs["ours"], *files)
    peer = Path(__file__).with_name("peers") / "with_splink.py"
    subprocess.run([sys.executable, peer, what, outs["splink"], *files], check=True, capture_output=True)
    target = {"chosen": 0.0, "even": 0.0}
    for who in ("splink", "ours"):
        for threshold, (precision, recall, score) in scores(pl.read_parquet(outs[who]), tables).items():
            name = f"{what}, {who}, threshold {threshold}"
            figures.only(f"{name}: precision", precision)
            figures.only(f"{name}: recall", recall)
            if who == "ours":
                figures.least(f"{name}: F1 in ten-thousandths", round(score * 10_000), target[threshold])
            else:
                figures.only(f"{name}: F1 in ten-thousandths", round(score * 10_000))
                target[threshold] = round(score * 10_000)


def scores(found: pl.DataFrame, tables: Tables) -> dict[str, tuple[float, float, float]]:
    """Return precision, recall and F1 on one half of the subjects: at a threshold of the other half; at even odds."""
    sides = [table.select("id", "cluster", half=pl.col("cluster").hash(3) % 2) for table in tables]
    sizes = [side.group_by("cluster", "half").len().cast({"len": pl.Int64}) for side in sides]
    both = sizes[0].join(sizes[-1], on=["cluster", "half"])
    n, m = pl.col("len"), pl.col("len_right")
    there = dict(both.group_by("half").agg((n * m).sum() if len(tables) > 1 else (n * (n - 1) // 2).sum()).rows())
    pairs = found.join(sides[0], left_on="left", right_on="id").join(sides[-1], left_on="right", right_on="id")
    pairs = pairs.filter(pl.col("half") == pl.col("half_right")).with_columns(
        true=(pl.col("cluster") == pl.col("cluster_right")).cast(pl.Int64)
    )
    tried = pairs.filter(half=0).sort("weight", descending=True)
    best = (2 * tried["true"].cum_sum() / (pl.int_range(1, tried.height + 1, eager=True) + there[0])).arg_max()
    told = {}
    chosen = float(tried["weight"][best]) if best is not None else 0.0
    for name, least in (("chosen", chosen), ("even", 0.0)):
        kept = pairs.filter(pl.col("half") == 1, pl.col("weight") >= least)["true"]
        right = int(kept.sum())
        told[name] = right / max(len(kept), 1), right / there[1], 2 * right / (len(kept) + there[1])
    return told


if __name__ == "__main__":
    sys.exit(main())
