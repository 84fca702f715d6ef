"""`goodstanding deliveries`: what a source does before it delivers. `goodstanding register sources`: who is late.

`goodstanding register source-key`: the keys of a source.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, read, serviced


@click.group(name="deliveries")
def group() -> None:
    """Check and sign files, as a source that delivers."""


@group.command()
@click.option("--source", required=True, help="The id of the source.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Where the private key goes; keep it secret."
)
def key(source: str, out: Path) -> None:
    """Make a key of a source; prints the public key, which the registrar enrols.

    \b
    Example:
      goodstanding deliveries key --source gb.fsa --out gb.fsa.key
    """
    from goodstanding.proof.notes import Signer

    made = Signer.generate(source)
    out.touch(mode=0o600, exist_ok=False)
    out.write_text(f"{made}\n", encoding="utf-8")
    click.echo(str(made.verifier))


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="The id of the source.")
@click.option("--register", "origin", required=True, help="The origin of the register, as its checkpoints name it.")
@click.option("--key", "key_file", type=click.Path(path_type=Path), required=True, help="The private key.")
@click.option("--sequence", type=click.IntRange(0), help="Another number each time; the time in seconds by default.")
def sign(file: Path, source: str, origin: str, key_file: Path, sequence: int | None) -> None:
    """Write the delivery note of FILE beside it, as FILE.note; it holds for 7 days.

    \b
    Example:
      goodstanding deliveries sign rows.csv --source gb.fsa --register example.org/register --key gb.fsa.key
    """
    from goodstanding.facts.errors import InputError
    from goodstanding.proof.errors import ProofError
    from goodstanding.proof.notes import Signer
    from goodstanding.register.deliveries.delivering import content_of
    from goodstanding.register.deliveries.senders import Note

    try:
        signer = Signer.parse(key_file.read_text(encoding="utf-8"))
        said = Note(origin, source, content_of(file), dt.datetime.now(dt.UTC), sequence or int(time.time()))
        note = said.signed(signer)
    except OSError as error:
        raise InputError(f"{key_file}: cannot be read ({error.strerror}); expected a private key") from None
    except ProofError as error:
        raise InputError(f"{key_file}: {error}") from None
    beside = file.with_name(file.name + ".note")
    beside.write_text(note, encoding="utf-8")
    click.echo(f"{beside}")


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sources", type=click.Path(path_type=Path), required=True, help="The sources of the register (YAML).")
@click.option("--source", required=True, help="The id of the source.")
@click.option("--synthetic", is_flag=True, help="For a register of a synthetic world.")
def check(file: Path, sources: Path, source: str, synthetic: bool) -> None:
    """Check FILE as the register would before it applies it: row by row, and against the contract of the source.

    Whom rows are about, what was delivered before and the change since then, only the register knows. Exit 3 where
    rows would be refused, 4 where it would be held back.

    \b
    Example:
      goodstanding deliveries check rows.csv --sources sources.yaml --source gb.fsa
    """
    from goodstanding.cli.contracts import tell_breaches
    from goodstanding.facts.catalogue import catalogue
    from goodstanding.facts.contracts import Contract
    from goodstanding.facts.errors import InputError
    from goodstanding.facts.formats import delivery_batches
    from goodstanding.facts.measuring import Measured
    from goodstanding.facts.sources import read_sources
    from goodstanding.facts.validation import Intake
    from goodstanding.facts.validation import check as checked
    from goodstanding.facts.world import World

    world = World.SYNTHETIC if synthetic else World.REAL
    known = read_sources(sources, catalogue(world))
    if source not in known:
        raise InputError(f"{sources}: source {source}: there is none; expected one of {', '.join(known)}")
    today, kinds = dt.datetime.now(dt.UTC).date(), known[source].kinds
    intake = Intake(catalogue(world), world, source, today, kinds, versions=True, waits=True)
    measured = Measured(known[source].contract or Contract(), catalogue(world))
    try:
        for batch in measured.of(checked(table, intake) for table in delivery_batches(file)):
            for row in batch.refusals.head(20).iter_rows(named=True):
                click.echo(f"{row['field']}: found {row['found']}, expected {row['expected']}", err=True)
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(f"{file}") else f"{file}: {error}") from None
    click.echo(f"{measured.rows:,} rows: {measured.rows - measured.valid:,} would be refused")
    breaches = measured.breaches()
    if breaches:
        tell_breaches(breaches)
        click.echo("it does not keep the contract, and would be held back for a person", err=True)
    raise click.exceptions.Exit(4 if breaches else 3 if measured.valid < measured.rows else 0)


@click.group(name="source-key")
def source_key() -> None:
    """Enrol and end the keys with which sources deliver."""


@source_key.command()
@click.argument("source")
@click.argument("verifier")
@DSN
@FOLDER
def add(source: str, verifier: str, dsn: str | None, folder: Path) -> None:
    """Enrol the public key VERIFIER of SOURCE: from now on it delivers with notes only.

    \b
    Example:
      goodstanding register source-key add gb.fsa gb.fsa+1b2c3d4e+AbC...
    """
    from goodstanding.register.deliveries.senders import enrol_key

    key = enrol_key(serviced(dsn, folder), source, verifier)
    click.echo(f"{source} delivers with {key.name}+{key.id.hex()}")


@source_key.command()
@click.argument("source")
@click.argument("key")
@DSN
@FOLDER
@click.option("--why", required=True, help="Why it ends: lost, replaced, stolen.")
def end(source: str, key: str, dsn: str | None, folder: Path, why: str) -> None:
    """End the KEY (its 8 hexadecimal digits) of SOURCE: what it signs is no longer taken in.

    \b
    Example:
      goodstanding register source-key end gb.fsa 1b2c3d4e --why replaced
    """
    from goodstanding.register.deliveries.senders import end_key

    end_key(serviced(dsn, folder), source, key, why)
    click.echo(f"{source} no longer delivers with {key}")


@click.command()
@DSN
@FOLDER
@click.option("--on", type=DAY, help="The day; the register's present day where it is not given.")
def sources(dsn: str | None, folder: Path, on: dt.date | None) -> None:
    """List the sources: what they deliver, when they did last and must again, which are late, and what pauses for it.

    The exit code is 3 where one is late.

    \b
    Example:
      goodstanding register sources --on 2026-10-31
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.ledger.lateness import timeliness
    from goodstanding.register.ledger.sources import sources as known

    register = read(dsn, folder)
    stands = timeliness(register, on or register.today)
    rows = [
        (name, stands[name].last, stands[name].due, stands[name].late, ", ".join(stands[name].paused), kinds)
        for name, source in known(register).items()
        for kinds in (", ".join(source.kinds),)
    ]
    show(("source", "last delivery", "due", "late since", "pauses", "delivers"), rows)
    if any(one.late for one in stands.values()):
        raise click.exceptions.Exit(3)


COMMANDS = (source_key, sources)
