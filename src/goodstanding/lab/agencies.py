"""The agencies: which records they deliver, under which number, law and dates, before anything goes wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from goodstanding.facts.catalogue import Catalogue
from goodstanding.facts.sources import Source
from goodstanding.lab.attributes import with_attributes
from goodstanding.lab.draws import normal, uniform
from goodstanding.lab.events import events
from goodstanding.lab.population import ADULT
from goodstanding.lab.scenario import Scenario


def agency_records(
    scenario: Scenario, subjects: pl.DataFrame, catalogue: Catalogue, sources: Mapping[str, Source]
) -> pl.DataFrame:
    """Return the records that are delivered until the end of the scenario, in the order of delivery.

    Columns: those of `facts.records.CORE`, dates as Date; the attributes as text; `delivered` (Date), the day on which
    the source has the record ready. A record of something done waits for what was recorded of the same occurrence
    before, so none arrives before the conduct that it ends.
    """
    happened = events(scenario, subjects, catalogue)
    rows = _with_subject(happened, subjects, scenario)
    rows = _with_dates(rows, scenario, catalogue)
    rows = _with_source(rows, scenario, sources)
    rows = _delivered(rows, scenario, sources)
    return with_attributes(_with_papers(rows, scenario, catalogue, sources), scenario, catalogue).drop("is_a")


def _with_subject(happened: pl.DataFrame, subjects: pl.DataFrame, scenario: Scenario) -> pl.DataFrame:
    """Say whom it is about and on which day; what was begun in youth, or is done after the end, is no record."""
    who = subjects.select("subject", "name", "born", "is_a")[happened["who"]]
    act = pl.lit(scenario.since) + pl.duration(days=pl.col("day"))
    grown = pl.col("born").is_null() | (pl.col("born").dt.offset_by(f"{ADULT}y") <= pl.col("act"))
    return (
        pl.concat([happened, who], how="horizontal")
        .with_columns(act.cast(pl.Date).alias("act"))
        .filter(grown.all().over("occurrence") & (pl.col("act") <= scenario.until))
    )


def _with_dates(rows: pl.DataFrame, scenario: Scenario, catalogue: Catalogue) -> pl.DataFrame:
    """Decisions on adverse acts, some of them final. Lists and registrations begin on the day itself."""
    decided_kinds = [
        kind for kind, spec in catalogue.kinds.items() if spec.direction == "adverse" and not spec.continuing
    ]
    deciding, count = scenario.deciding, rows.height
    lag = np.floor(deciding.days * np.exp(normal(scenario.seed, "deciding", count) * 0.6)).astype(np.int64)
    final = pl.Series(uniform(scenario.seed, "final", count) < deciding.final)
    decided = pl.col("act") + pl.duration(days=pl.lit(pl.Series(lag)))
    return rows.with_columns(
        pl.when(pl.col("kind").is_in(decided_kinds)).then(decided).cast(pl.Date).alias("decided")
    ).with_columns(
        pl.when(final).then(pl.col("decided") + pl.duration(days=deciding.until_final)).cast(pl.Date).alias("final")
    )


def _with_source(rows: pl.DataFrame, scenario: Scenario, sources: Mapping[str, Source]) -> pl.DataFrame:
    """Draw one of the sources of the kind; in one occurrence the first source delivers what it can."""
    delivering = pl.DataFrame(
        [(kind, source.id) for source in sources.values() for kind in source.kinds],
        schema={"kind": pl.String, "source": pl.String},
        orient="row",
    )
    choices = delivering.group_by("kind", maintain_order=True).agg(pl.col("source").alias("choices"))
    place = pl.Series(uniform(scenario.seed, "source", rows.height))
    drawn = (
        rows.with_columns(place.alias("place"))
        .with_row_index("row")
        .join(choices, on="kind", how="left", maintain_order="left")
        .with_columns(
            pl.col("choices").list.get((pl.col("place") * pl.col("choices").list.len()).floor().cast(pl.Int64))
        )
        .with_columns(pl.col("choices").first().over("occurrence", order_by=["day", "row"]).alias("first"))
    )
    can = delivering.with_columns(pl.lit(True).alias("can")).rename({"source": "first"})
    return (
        drawn.join(can, on=["kind", "first"], how="left", maintain_order="left")
        .with_columns(pl.when("can").then("first").otherwise("choices").alias("source"))
        .drop("row", "place", "choices", "first", "can")
    )


def _delivered(rows: pl.DataFrame, scenario: Scenario, sources: Mapping[str, Source]) -> pl.DataFrame:
    """Add the day of delivery, within the source's lag; what is not delivered until the end is left out."""
    lag = pl.col("source").replace_strict(
        {source.id: source.max_lag_days for source in sources.values()}, return_dtype=pl.Int64
    )
    place = pl.Series(uniform(scenario.seed, "lag", rows.height))
    known = pl.max_horizontal("act", "decided", "final")
    return (
        rows.with_columns(
            (known + pl.duration(days=(lag * place * place).floor().cast(pl.Int64))).cast(pl.Date).alias("ready")
        )
        .with_columns(pl.col("ready").cum_max().over("occurrence", order_by=["day", "ready"]).alias("delivered"))
        .filter(pl.col("delivered") <= scenario.until)
        .sort("delivered", "source", "subject", "kind", "day", maintain_order=True)
        .drop("who", "day", "ready")
    )


def _with_papers(
    rows: pl.DataFrame, scenario: Scenario, catalogue: Catalogue, sources: Mapping[str, Source]
) -> pl.DataFrame:
    """Number the documents of each source and the occurrences; name authority and law."""
    contexts = {kind: spec.context for kind, spec in catalogue.kinds.items()}
    laws = {kind: scenario.basis.get(context, scenario.basis["otherwise"]) for kind, context in contexts.items()}
    agencies = {source.id: source.agency["zh"] for source in sources.values()}
    number = pl.int_range(1, pl.len() + 1).over("source").cast(pl.String).str.zfill(6)
    return rows.with_columns(
        pl.format("{}-{}-{}", pl.col("source").str.split(".").list.last(), pl.col("delivered").dt.year(), number).alias(
            "document"
        ),
        (pl.lit("wy-") + pl.col("occurrence").cast(pl.String).str.zfill(7)).alias("occurrence"),
        pl.col("source").replace_strict(agencies, return_dtype=pl.String).alias("authority"),
        ("《" + pl.col("kind").replace_strict(laws, return_dtype=pl.String) + "》").alias("basis"),
    )
