"""`goodstanding deliveries`: what a source does before it delivers. `goodstanding register sources`: who is late.

`goodstanding register source-key`: the keys of a source.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, serviced


@click.group(name="deliveries")
def group() -> None:
    """Make keys and sign files, as a source that delivers."""


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

    register = serviced(dsn, folder)
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
