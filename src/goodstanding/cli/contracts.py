"""`goodstanding register contract`, `held`, `release`, `reject`: what is asked of deliveries, what a person decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goodstanding.cli.options import DSN, FOLDER, read, serviced

if TYPE_CHECKING:
    from goodstanding.facts.measuring import Breach
    from goodstanding.facts.sources import Source
    from goodstanding.register.store.database import Register


def tell_breaches(breaches: Iterable[Breach]) -> None:
    """Print the clauses that a delivery does not keep."""
    from goodstanding.cli.tables import show

    show(("measure", "found", "expected"), [(one.measure, one.found, one.expected) for one in breaches])


def tell_others_in_force(register: Register, given: Mapping[str, Source]) -> None:
    """Say of which sources another contract is in force than a sources file has."""
    from goodstanding.register.ledger.sources import sources

    for name, kept in sources(register).items():
        if kept.contract != given[name].contract:
            told = "the contract in force is not the one in this file, and stays; "
            click.echo(f"{name}: {told}goodstanding register contract {name} FILE changes it", err=True)


@click.command()
@click.argument("source")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@DSN
@FOLDER
def contract(source: str, file: Path | None, dsn: str | None, folder: Path) -> None:
    """Put the contract in FILE in force for what SOURCE delivers from now on; without FILE show the one in force.

    \b
    Example:
      goodstanding register contract gb.fsa contract.yaml
    """
    import yaml

    from goodstanding.facts.contracts import read_contract
    from goodstanding.register.ledger.sources import change_contract, source_of

    register = serviced(dsn, folder)
    if file is not None:
        change_contract(register, source, read_contract(file, source_of(register, source).kinds, register.catalogue))
    found = source_of(register, source).contract
    if found is None:
        click.echo(f"{source} has no contract")
    else:
        terms = found.model_dump(mode="json", exclude_defaults=True)
        click.echo(yaml.safe_dump(terms, allow_unicode=True, sort_keys=False), nl=False)


@click.command()
@click.argument("number", type=int, required=False)
@click.option("--all", "also_decided", is_flag=True, help="Those that are decided too.")
@DSN
@FOLDER
def held(number: int | None, also_decided: bool, dsn: str | None, folder: Path) -> None:
    """List the deliveries that wait for a person, or show what one of them, NUMBER, does not keep.

    \b
    Example:
      goodstanding register held 3
    """
    from goodstanding.cli.tables import show
    from goodstanding.facts.errors import InputError
    from goodstanding.register.deliveries.holding import held as kept

    register = read(dsn, folder)
    found = [one for one in kept(register) if number in (None, one.number)]
    if number is not None and not found:
        raise InputError(f"held {number}: there is none; goodstanding register held lists them")
    rows = [
        (one.number, one.source, one.file, one.received, one.rows, one.decision or "waits", one.delivery, one.reason)
        for one in found
        if also_decided or number or one.decision is None
    ]
    show(("number", "source", "file", "received", "rows", "state", "delivery", "reason"), rows)
    if number is not None:
        tell_breaches(found[0].breaches)


def _deciding(command: Callable[..., Any]) -> click.Command:
    command = click.option("--reason", required=True, help="Why; a source is told it. No personal data.")(command)
    command = click.option("--by", required=True, help="Who decides.")(command)
    return click.command()(click.argument("number", type=int)(DSN(FOLDER(command))))


@_deciding
def release(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """Apply the held delivery NUMBER as if it had just come, with its day of receipt.

    \b
    Example:
      goodstanding register release 3 --by "A. Jansen" --reason "the yearly file is larger"
    """
    from goodstanding.register.deliveries.deciding import release as apply

    done = apply(serviced(dsn, folder), number, by, reason)
    click.echo(
        f"delivery {done.number} of {done.source}: {done.rows:,} rows: {done.accepted:,} accepted, "
        f"{done.repeated:,} known already, {done.refused:,} refused"
    )


@_deciding
def reject(number: int, by: str, reason: str, dsn: str | None, folder: Path) -> None:
    """End the held delivery NUMBER: nothing of it is applied, and its content is not kept any longer.

    \b
    Example:
      goodstanding register reject 3 --by "A. Jansen" --reason "the file of another region"
    """
    from goodstanding.register.deliveries.deciding import reject as end

    done = end(serviced(dsn, folder), number, by, reason)
    click.echo(f"held {done.number} of {done.source} was rejected on {done.on}")


COMMANDS = (contract, held, release, reject)
