"""What goes wrong on the way: the known faults of a source, planted in its rows as often as the source says.

Every fault but two is found again by reading: by validation, or, for a misspelt name, by comparing it with the name
that the number belongs to. A duplicate is skipped and a late row accepted.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.sources import Source
from goodstanding.lab.draws import choice, uniform
from goodstanding.lab.traits import homophones, traits

_REQUIRED = ("act", "authority", "basis")


def with_defects(rows: pl.DataFrame, source: Source, catalogue: Catalogue, seed: int) -> pl.DataFrame:
    """Plant the faults of one source in its rows (all cells text) and add the column `defect`, null where none.

    A row has at most one fault. Copies of duplicated rows stand at the end. Which rows are `late` is only marked here:
    it is a matter of the file that they are put in.
    """
    shares = [float(defect.share) for defect in source.defects]
    drawn = choice(uniform(seed, f"defect:{source.id}", rows.height), [*shares, 1 - sum(shares)])
    kinds = pl.Series([*(defect.kind for defect in source.defects), None], dtype=pl.String)
    rows = rows.with_columns(kinds.gather(pl.Series(drawn)).alias("defect"))
    coin = pl.Series(uniform(seed, f"defect:{source.id}:how", rows.height))
    for kind, planted in _PLANTED.items():
        changed = {
            name: pl.when(pl.col("defect") == kind).then(cell).otherwise(name) for name, cell in planted(coin).items()
        }
        rows = rows.with_columns(**changed)
    rows = _with_unknown_codes(rows, catalogue, coin)
    return pl.concat([rows, rows.filter(pl.col("defect") == "duplicate")])


def misspelt(name: str) -> str:
    """Return the name with a character that sounds alike: the last of a person, the first of a company's own part."""
    city = traits().city[0]
    place = len(city) if name.startswith(city) else len(name) - 1
    return name[:place] + homophones()[name[place]] + name[place + 1 :]


def _wrong_date(coin: pl.Series) -> dict[str, pl.Expr]:
    """Half of the days do not exist, half lie a century ahead."""
    impossible = pl.col("act").str.slice(0, 4) + "-02-30"
    return {"act": pl.when(coin < 0.5).then(impossible).otherwise(pl.col("act").str.replace("^20", "21"))}


def _misspelt_name(_: pl.Series) -> dict[str, pl.Expr]:
    return {"name": pl.col("name").map_elements(misspelt, return_dtype=pl.String)}


def _missing_field(coin: pl.Series) -> dict[str, pl.Expr]:
    which = (coin * len(_REQUIRED)).floor()
    return {name: pl.when(which != place).then(name) for place, name in enumerate(_REQUIRED)}


def _bad_number(_: pl.Series) -> dict[str, pl.Expr]:
    """Another last character than the one that checks the others."""
    last = pl.when(pl.col("subject").str.ends_with("0")).then(pl.lit("1")).otherwise(pl.lit("0"))
    return {"subject": pl.col("subject").str.slice(0, pl.col("subject").str.len_chars() - 1) + last}


_PLANTED: dict[str, Callable[[pl.Series], dict[str, pl.Expr]]] = {
    "wrong-date": _wrong_date,
    "misspelt-name": _misspelt_name,
    "missing-field": _missing_field,
    "bad-number": _bad_number,
}


def _with_unknown_codes(rows: pl.DataFrame, catalogue: Catalogue, coin: pl.Series) -> pl.DataFrame:
    """Half of the kinds that have a code get one from no list; the rest a kind from an older edition of the list."""
    codes = {
        kind: next((name for name, attribute in spec.attributes.items() if attribute.type == "code"), None)
        for kind, spec in catalogue.kinds.items()
    }
    coded = pl.col("kind").replace_strict(codes, return_dtype=pl.String)
    rows = rows.with_columns(
        pl.when(pl.col("defect") == "unknown-code")
        .then(pl.when(coin < 0.5).then(coded).fill_null("kind"))
        .alias("wrong")
    )
    present = [name for name in {*codes.values(), "kind"} if name in rows.columns]
    unknown = {name: pl.lit("other") if name != "kind" else pl.col("kind") + "-2018" for name in present}
    wrong = {name: pl.when(pl.col("wrong") == name).then(cell).otherwise(name) for name, cell in unknown.items()}
    return rows.with_columns(**wrong).drop("wrong")
