"""`goodstanding lab`: synthetic worlds."""

from __future__ import annotations

from pathlib import Path

import click


@click.group(name="lab")
def group() -> None:
    """Make synthetic worlds; nobody in them is real."""


@group.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--scenario", type=click.Path(path_type=Path), help="A scenario file; without it, the city that ships.")
def city(folder: Path, scenario: Path | None) -> None:
    """Make a synthetic city in FOLDER: its manifest, its sources and everything that they deliver.

    \b
    Example:
      goodstanding lab city city
    """
    from goodstanding.cli.progress import bars
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.shipped import shipped
    from goodstanding.lab.city import make_city, read_scenario

    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: expected a folder that is empty or does not exist")
    with bars() as progress:
        manifest = make_city(folder, read_scenario(scenario or shipped("scenarios") / "city.yaml"), progress)
    click.echo(f"{manifest.persons:,} persons and {manifest.organisations:,} organisations in {folder}")
