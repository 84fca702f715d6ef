"""The report of a run of `goodstanding link`: one page, without network, that a screen reader can read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import yaml
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from goodstanding.cli.link_evidence import told
from goodstanding.cli.link_pictures import examples, histogram, waterfall
from goodstanding.linkage.columns import KEY

if TYPE_CHECKING:
    from goodstanding.cli.link_files import Warned
    from goodstanding.cli.link_run import Asked, Found
    from goodstanding.cli.link_truth import Measured
    from goodstanding.facts.catalogue import Language


class Level(NamedTuple):
    """One level of a comparison: its bits, how often either kind of pairs is at it, and how many candidates are."""

    name: str
    bits: float
    together: float
    strangers: float
    candidates: int


def worth(found: Found) -> dict[str, list[Level]]:
    """Return the levels of each comparison of the model, the strongest first."""
    made = {}
    for comparison in found.model.settings["comparisons"]:
        name = comparison["output_column_name"]
        counts = dict(found.links[name].cast(pl.String).value_counts().rows())
        levels = []
        for level in comparison["comparison_levels"]:
            if level.get("is_null_level"):
                continue
            label, m, u = level["label_for_charts"], level["m_probability"], level["u_probability"]
            last = level is comparison["comparison_levels"][-1]
            label = "nothing in common" if last else label
            levels.append(Level(label, math.log2(m / u), m, u, counts.get(label, 0)))
        made[name] = levels
    return made


def report(
    asked: Asked, found: Found, warnings: Sequence[Warned], measured: Measured | None, language: Language
) -> str:
    """Return the page in a language; all that came from the files is escaped."""
    here = files("goodstanding.cli")
    texts = yaml.safe_load(here.joinpath("link_report.yaml").read_text(encoding="utf-8"))
    words = {name: _said(text, language) for name, text in texts.items()}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "count": partial(format_decimal, locale=language),
        "share": partial(format_percent, format="0.0%", locale=language),
        "rate": partial(format_percent, format="0.###%", locale=language),
        "bits": partial(format_decimal, format="+0.0;-0.0", locale=language),
        "four": partial(format_decimal, format="0.0000", locale=language),
        "thing": partial(_thing, words["things"]),
        "level": partial(_level, words, language),
    }
    template = environment.from_string(here.joinpath("link_report.html").read_text(encoding="utf-8"))
    bars, threshold = histogram(found.seen["weight"], asked.least)
    pairs = [
        (said, left, right, told(asked, found.forms, found.model, left, right))
        for said, left, right in examples(found.seen, asked.least)
    ]
    return template.render(
        language="zh-Hans" if language == "zh" else language,
        words=words,
        asked=asked,
        found=found,
        files=_files(asked, found),
        warnings=warnings,
        filled=[
            (field, [1 - table[field.label].null_count() / table.height for table in asked.tables])
            for field in asked.columns.fields
        ],
        below=found.seen.height - found.links.height,
        grouped=found.groups["group"].n_unique(),
        largest=int(found.groups["group"].value_counts()["count"].max() or 0),  # type: ignore[arg-type]
        measured=measured,
        bars=bars,
        threshold=threshold,
        worth=worth(found),
        pairs=[(*one, waterfall(one[3], asked.least)) for one in pairs],
    )


def _said(text: Any, language: Language) -> Any:
    """Return a text, or a table of texts, in a language."""
    if language in text:
        return text[language]
    return {name: one.get(language, name) for name, one in text.items()}


def _thing(things: Mapping[str, str], label: str) -> str:
    """Return what a comparison is called: a role, and a number where there are several."""
    stem = label.rstrip("0123456789")
    return f"{things.get(stem, stem)} {label.removeprefix(stem)}".rstrip()


def _level(words: Mapping[str, Any], language: Language, label: str) -> str | Markup:
    """Return a level in a language; one that has no word there stays English, and is marked so."""
    if language == "en" or label in words["levels"]:
        return str(words["levels"].get(label, label))
    form = label.removeprefix("same ")
    stem = form.partition("_")[0].rstrip("0123456789") + "".join(form.partition("_")[1:])
    if form != label and stem in words["things"]:
        return str(words["same"]).format(words["things"][stem])
    return Markup('<span lang="en">{}</span>').format(label)


def _files(asked: Asked, found: Found) -> list[tuple[str, int, int]]:
    """Return of each file its name, its rows, and how many of them have a candidate."""
    return [
        (path.name, table.height, found.groups.filter(pl.col("file") == side)[KEY].n_unique())
        for side, (path, table) in enumerate(zip(asked.paths, asked.tables, strict=True), 1)
    ]
