"""Make a synthetic city: a folder with its manifest, its sources, its subjects and what the agencies deliver.

Everything follows from the scenario: the same scenario gives the same files, byte for byte, with the same release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from goodstanding.facts.catalogue import Catalogue, catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.records import CORE
from goodstanding.facts.sources import Source, read_sources
from goodstanding.facts.validation import REQUIRED
from goodstanding.facts.world import Manifest, World
from goodstanding.lab.agencies import agency_records
from goodstanding.lab.defects import with_defects
from goodstanding.lab.population import GENERATOR, VERSION, population, population_digest
from goodstanding.lab.scenario import Scenario, read_scenario

__all__ = ["Delivery", "Scenario", "deliveries", "make_city", "read_scenario"]

Progress = Callable[[str, int, int], None]
_LATE = "-late"


@dataclass(frozen=True)
class Delivery:
    """One file that a source hands over.

    `period` is the last month that it covers, as 2026-10, with `-late` behind it for the file of what came late.
    `table` holds the delivered cells as text; `defect` says row by row which fault was planted, null where none.
    """

    source: str
    period: str
    table: pl.DataFrame
    defect: pl.Series


def make_city(folder: Path, scenario: Scenario, progress: Progress | None = None) -> Manifest:
    """Write manifest.json, sources.yaml, subjects.parquet and deliveries/NNN-<source>-<period>.csv or .parquet.

    Files are numbered in the order in which they are to be delivered. `progress` is called with what is being done, how
    much of it is done, and how much there is. Raises InputError where the folder holds something already, or the
    scenario's sources cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: not an empty folder; give a new one, so that no old delivery is left among the new"
        )
    report = progress or (lambda what, done, total: None)
    sources = read_sources(scenario.sources, catalogue(World.SYNTHETIC))
    report("subjects", 0, 1)
    subjects = population(scenario.seed, scenario.persons, scenario.organisations, scenario.until)
    report("subjects", 1, 1)
    report("records", 0, 1)
    made = deliveries(scenario, subjects, sources)
    report("records", 1, 1)
    (folder / "deliveries").mkdir(parents=True)
    for place, delivery in enumerate(made, start=1):
        _write(folder / "deliveries" / f"{place:03}-{delivery.source}-{delivery.period}", delivery, sources)
        report("files", place, len(made))
    subjects.write_parquet(folder / "subjects.parquet")
    (folder / "sources.yaml").write_bytes(scenario.sources.read_bytes())
    manifest = _manifest(scenario, subjects)
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def deliveries(scenario: Scenario, subjects: pl.DataFrame, sources: Mapping[str, Source]) -> list[Delivery]:
    """Return what the agencies deliver in the order of delivery: year by year, what is late at the end."""
    kinds = catalogue(World.SYNTHETIC)
    rows = agency_records(scenario, subjects, kinds, sources).with_columns(_period(scenario))
    rows = rows.select(pl.all().cast(pl.String))
    made = [delivery for source in sources.values() for delivery in _of_source(rows, source, kinds, scenario)]
    return sorted(made, key=lambda delivery: (delivery.period.endswith(_LATE), delivery.period))


def _period(scenario: Scenario) -> pl.Expr:
    """The last month of the reporting year of the day of delivery; such years begin with the month of `since`."""
    first, last = (day.year * 12 + day.month - 1 for day in (scenario.since, scenario.until))
    month = pl.col("delivered").dt.year().cast(pl.Int64) * 12 + pl.col("delivered").dt.month() - 1
    ends = [min(end, last) for end in range(first + 11, last + 12, 12)]
    labels = {year: f"{end // 12}-{end % 12 + 1:02}" for year, end in enumerate(ends)}
    return ((month - first) // 12).replace_strict(labels, return_dtype=pl.String).alias("period")


def _of_source(rows: pl.DataFrame, source: Source, kinds: Catalogue, scenario: Scenario) -> Iterator[Delivery]:
    """Plant the faults of a source and cut its rows into files; columns that it never fills are left out."""
    own = with_defects(rows.filter(pl.col("source") == source.id), source, kinds, scenario.seed)
    late = pl.lit(f"{scenario.until:%Y-%m}{_LATE}")
    own = own.with_columns(pl.when(pl.col("defect") == "late").then(late).otherwise("period").alias("period"))
    attributes = [name for kind in source.kinds for name in kinds.kinds[kind].attributes]
    columns = [name for name in (*CORE, *dict.fromkeys(attributes)) if name in own.columns and name != "source"]
    filled = [name for name in columns if name in REQUIRED or own[name].null_count() < own.height]
    for (period,), table in own.group_by("period", maintain_order=True):
        yield Delivery(source.id, str(period), table.select(filled), table["defect"])


def _write(path: Path, delivery: Delivery, sources: Mapping[str, Source]) -> None:
    """Every other source sends CSV, the rest Parquet, all cells text."""
    if list(sources).index(delivery.source) % 2 == 0:
        delivery.table.write_csv(Path(f"{path}.csv"))
    else:
        delivery.table.write_parquet(Path(f"{path}.parquet"))


def _manifest(scenario: Scenario, subjects: pl.DataFrame) -> Manifest:
    return Manifest(
        world=World.SYNTHETIC,
        generator=GENERATOR,
        version=VERSION,
        seed=scenario.seed,
        persons=scenario.persons,
        organisations=scenario.organisations,
        since=scenario.since,
        until=scenario.until,
        population=population_digest(subjects),
    )
