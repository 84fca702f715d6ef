"""`goodstanding register`: the service an authority runs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli import (
    backups,
    claims,
    contracts,
    delivering,
    dossiers,
    keeping,
    lookups,
    merging,
    quality,
    receivers,
    register_log,
    reread,
    review,
)
from goodstanding.cli.options import CONFIGURATION, DAY, DSN, FOLDER, founding, serviced

if TYPE_CHECKING:
    from goodstanding.cli.configuration import Configuration


@click.group(name="register")
@CONFIGURATION
@click.pass_context
def group(context: click.Context, file: Path | None) -> None:
    """Keep a register: deliveries in, standings out, on PostgreSQL."""
    from goodstanding.cli.configuration import configuration, spread
    from goodstanding.facts.logs import set_up

    context.obj = configuration(file)
    spread(context.obj)
    set_up(context.obj.log_format)


for module in (
    backups,
    claims,
    contracts,
    keeping,
    delivering,
    dossiers,
    lookups,
    merging,
    quality,
    register_log,
    reread,
    review,
):
    for command in module.COMMANDS:
        group.add_command(command)
group.add_command(receivers.group)


@group.command(name="configuration")
@click.option("--check", is_flag=True, help="Also ask the database, as the service would.")
@DSN
@FOLDER
@click.pass_obj
def show_configuration(found: Configuration, check: bool, dsn: str | None, folder: Path) -> None:
    """Show what a register is run with, secrets left out, or say what is wrong with it.

    \b
    Example:
      goodstanding register --configuration register.toml configuration --check
    """
    from goodstanding.cli.tables import show

    show(("name", "value"), sorted(found.model_dump(mode="json").items()))
    if check:
        serviced(dsn, folder)
        click.echo("a register answers there, and keeps what it acknowledges", err=True)


@group.command()
@DSN
@FOLDER
@click.option("--sources", type=click.Path(path_type=Path), required=True, help="The sources, as a YAML file.")
@click.option("--manifest", type=click.Path(path_type=Path), help="Makes the world synthetic: the lab's manifest.")
def init(dsn: str | None, folder: Path, sources: Path, manifest: Path | None) -> None:
    """Make a register: its schema, its world (fixed for ever) and its sources.

    Without --manifest the world is real.

    \b
    Example:
      goodstanding register init --sources policies/uk-food-hygiene/sources.yaml
    """
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.sources import read_sources
    from goodstanding.facts.world import World, read_manifest
    from goodstanding.register.founding import found

    world = World.SYNTHETIC if manifest else World.REAL
    known = read_sources(sources, catalogue(world))
    made = read_manifest(manifest) if manifest else None
    population = None
    if made:
        from goodstanding.lab.verification import verified_population

        population = verified_population(made)
    register = found(founding(dsn, folder), world, known, made, population)
    click.echo(f"a register of the {register.world} world with {len(known)} sources")
    contracts.tell_others_in_force(register, known)


@group.command()
@click.argument("policies", type=click.Path(path_type=Path), nargs=-1, required=True)
@DSN
@FOLDER
def load(policies: tuple[Path, ...], dsn: str | None, folder: Path) -> None:
    """Load POLICIES (folders) into the register.

    \b
    Example:
      goodstanding register load policies/uk-food-hygiene
    """
    from goodstanding.policy.reader import read_policy
    from goodstanding.register.ledger.policies import load_policy

    loaded = [read_policy(policy) for policy in policies]
    register = serviced(dsn, folder)
    for one in loaded:
        load_policy(register, one)
        click.echo(f"{one.policy.id} {one.policy.version} {one.hash[:16]} loaded")


@group.command()
@click.argument("source")
@click.argument("file", type=click.Path(path_type=Path))
@DSN
@FOLDER
@click.option("--received", type=DAY, help="The day of receipt; the register's present day where it is not given.")
@click.option("--note", type=click.Path(path_type=Path, exists=True), help="FILE.note, for a source that has a key.")
def deliver(
    source: str, file: Path, dsn: str | None, folder: Path, received: dt.date | None, note: Path | None
) -> None:
    """Deliver FILE from SOURCE: applied exactly once, whole or not at all, however often it is sent.

    Refused rows go to FILE.refused.csv, to be corrected and delivered again; the exit code is then 3. A file that does
    not keep the contract of SOURCE is held back for a person, and nothing of it is applied; the exit code is then 4.

    \b
    Example:
      goodstanding register deliver gb.fsa FHRS413en-GB.xml
    """
    from functools import partial

    from goodstanding.facts.formats import delivery_batches
    from goodstanding.facts.refusals import write_refused
    from goodstanding.register.deliveries.delivering import deliver as apply
    from goodstanding.register.deliveries.delivering import refused_rows
    from goodstanding.register.deliveries.holding import HeldBackError

    register = serviced(dsn, folder)
    signed = note.read_text(encoding="utf-8", errors="replace") if note else None
    try:
        done = apply(register, source, file, received or register.today, note=signed)
    except HeldBackError as error:
        contracts.tell_breaches(error.held.breaches)
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(4) from None
    if done.earlier:
        click.echo(f"delivery {done.number} of {source} was applied before; nothing to do")
    click.echo(
        f"{done.rows:,} rows: {done.accepted:,} accepted, {done.repeated:,} known already, {done.refused:,} refused"
    )
    if done.refused:
        beside = file.with_name(file.name + ".refused.csv")
        write_refused(delivery_batches(file), partial(refused_rows, register, done.number), beside)
        click.echo(f"correct the refused rows in {beside} and deliver it", err=True)
        raise click.exceptions.Exit(3)


@group.command()
@click.argument("policies", nargs=-1)
@DSN
@FOLDER
@click.option("--as-of", "on", type=DAY, help="The day of the standings; the register's present day where not given.")
def score(policies: tuple[str, ...], dsn: str | None, folder: Path, on: dt.date | None) -> None:
    """Score every subject under POLICIES (ids), or under all that are loaded.

    \b
    Example:
      goodstanding register score uk-food-hygiene --as-of 2015-12-31
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.policies import policies as loaded
    from goodstanding.register.standings.scoring import score as run

    register = serviced(dsn, folder)
    runs = [run(register, policy, on or register.today) for policy in policies or sorted(loaded(register))]
    rows = [(one.policy, one.on, outcome, count) for one in runs for outcome, count in sorted(one.outcomes.items())]
    show(("policy", "on", "outcome", "subjects"), rows)


@group.command()
@DSN
@FOLDER
@click.option("--host", default="127.0.0.1", envvar="GOODSTANDING_HOST", show_default=True)
@click.option("--port", default=8000, envvar="GOODSTANDING_PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--key", type=click.Path(path_type=Path), envvar="GOODSTANDING_KEY", help="Signs the log meanwhile.")
@click.pass_obj
def serve(found: Configuration, dsn: str | None, folder: Path, host: str, port: int, key: Path | None) -> None:
    """Serve the register's pages and API.

    With --key, the private key of the log, what happens is signed every second. Without it another process must sign:
    while a checkpoint is overdue, nothing is said about standings and dossiers.

    \b
    Example:
      goodstanding register serve --port 8080 --key log.key
    """
    from goodstanding.portal.server import serve as run
    from goodstanding.register.log.keys import read_key

    signer = read_key(key) if key else None

    register = serviced(dsn, folder)
    overdue = dt.timedelta(seconds=found.checkpoint_age)
    run(register, host, port, lambda address: click.echo(f"serving on {address}  (stop with Ctrl-C)"), signer, overdue)
