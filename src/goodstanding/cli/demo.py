"""`goodstanding demo`: a synthetic city from nothing to pages in one command."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import founding, serviced

if TYPE_CHECKING:
    from goodstanding.cli.progress import Report
    from goodstanding.proof.notes import Signer
    from goodstanding.register.store.database import Register

_READY = "ready"
"""Written last into the demo's folder; a folder without it was interrupted and is made anew."""

_KEY = "log.key"
"""Signs the demo's log."""

_POLICIES = ("cn-wendeng", "uk-food-hygiene")


@click.command(name="demo")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path(".goodstanding/demo"))
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--reset", is_flag=True, help="Throw the demo away and make it anew.")
@click.option("--serve/--no-serve", default=True, help="Serve the pages when all is ready.")
def command(folder: Path, port: int, reset: bool, serve: bool) -> None:
    """Make a synthetic city, let 37 sources deliver, score everybody, and serve the pages.

    A second run finds everything as it was left. Nobody in the city is real.

    \b
    Example:
      goodstanding demo --port 8080
    """
    from goodstanding.portal.server import free
    from goodstanding.register.store import embedded

    if serve:
        free("127.0.0.1", port)
    if reset or not ((folder / _READY).exists() and embedded.founded(folder / "postgresql")):
        _discard(folder)
        register = _made(folder)
    else:
        register = serviced(None, folder / "postgresql")
    if serve:
        from goodstanding.portal.server import serve as run

        key = _key(register, folder)
        run(register, "127.0.0.1", port, lambda address: click.echo(f"\n  {address}   (stop with Ctrl-C)\n"), key)


def _discard(folder: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    from goodstanding.register.store import embedded

    if embedded.running(folder / "postgresql"):
        embedded.stop(folder / "postgresql")
    for part in ("postgresql", "city"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for file in (_READY, _KEY):
        (folder / file).unlink(missing_ok=True)


def _key(register: Register, folder: Path) -> Signer:
    from goodstanding.register.log.keys import make_key, read_key

    if not (folder / _KEY).exists():
        make_key(register, folder / _KEY)
    return read_key(folder / _KEY)


def _made(folder: Path) -> Register:
    from goodstanding.cli.progress import bars
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.shipped import shipped
    from goodstanding.facts.sources import read_sources
    from goodstanding.facts.world import World
    from goodstanding.lab.city import make_city, read_scenario
    from goodstanding.lab.verification import verified_population
    from goodstanding.register.founding import found
    from goodstanding.register.log.sequence import sign

    folder.mkdir(parents=True, exist_ok=True)
    city = folder / "city"
    with bars() as report:
        manifest = make_city(city, read_scenario(shipped("scenarios") / "city.yaml"), report)
        report("PostgreSQL", 0, 1)
        dsn = founding(None, folder / "postgresql")
        report("PostgreSQL", 1, 1)
        sources = read_sources(city / "sources.yaml", catalogue(World.SYNTHETIC))
        register = found(dsn, World.SYNTHETIC, sources, manifest, verified_population(manifest))
        sign(register, _key(register, folder))
        _deliver(register, city / "deliveries", report)
        _score(register, report)
        sign(register, _key(register, folder))
    (folder / _READY).write_text("made\n")
    return register


def _deliver(register: Register, folder: Path, report: Report) -> None:
    from goodstanding.register.deliveries.delivering import deliver

    files = sorted(folder.iterdir())
    accepted = refused = 0
    report("deliveries of 37 sources", 0, len(files))
    for index, file in enumerate(files, start=1):
        done = deliver(register, file.stem.split("-")[1], file, register.today)
        accepted, refused = accepted + done.accepted, refused + done.refused
        report("deliveries of 37 sources", index, len(files))
    click.echo(f"{accepted:,} records accepted, {refused:,} rows refused", err=True)


def _score(register: Register, report: Report) -> None:
    from goodstanding.facts.shipped import shipped
    from goodstanding.policy.reader import read_policy
    from goodstanding.register.ledger.policies import load_policy
    from goodstanding.register.standings.scoring import score

    report("scoring under policies", 0, len(_POLICIES))
    for index, name in enumerate(_POLICIES, start=1):
        load_policy(register, read_policy(shipped("policies") / name))
        score(register, name, register.today)
        report("scoring under policies", index, len(_POLICIES))
