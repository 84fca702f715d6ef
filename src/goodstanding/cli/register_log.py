"""`goodstanding register ...`: the log of a register, signed, published, proved and verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import DSN, FOLDER, read, serviced

if TYPE_CHECKING:
    from goodstanding.proof.bundles import Bundle
    from goodstanding.proof.notes import Verifier

FILE = click.Path(path_type=Path, dir_okay=False)
KEY = click.option(
    "--key", "file", type=FILE, required=True, envvar="GOODSTANDING_KEY", help="The private key of the register's log."
)
OUT = click.option("--out", type=FILE, required=True, help="The document to write.")


@click.command()
@click.argument("file", type=FILE)
@DSN
@FOLDER
def key(file: Path, dsn: str | None, folder: Path) -> None:
    """Make a key that signs the register's log: private in the new FILE, public in the register.

    Prints the public key; keep it elsewhere too. Keep FILE away from the database.

    \b
    Example:
      goodstanding register key log.key
    """
    from goodstanding.register.log.keys import make_key

    click.echo(make_key(serviced(dsn, folder), file))


@click.command()
@DSN
@FOLDER
@KEY
@click.option(
    "--alone", is_flag=True, help="The older key is lost: begin with this one, which verifiers must be given."
)
def sign(dsn: str | None, folder: Path, file: Path, *, alone: bool) -> None:
    """Append all that happened to the log and sign it, once.

    \b
    Example:
      goodstanding register sign --key log.key
    """
    from goodstanding.register.log import sequence
    from goodstanding.register.log.keys import read_key

    signed = sequence.sign(serviced(dsn, folder), read_key(file), alone=alone)
    click.echo(f"signed a log of {signed.size:,} leaves" if signed else "nothing new to sign")


@click.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@DSN
@FOLDER
def publish(target: Path, dsn: str | None, folder: Path) -> None:
    """Write the log into the folder TARGET, for any web server to serve: tiles, entries and the newest checkpoint.

    \b
    Example:
      goodstanding register publish /var/www/log
    """
    from goodstanding.register.proving.publishing import publish as write

    click.echo(f"a log of {write(read(dsn, folder), target):,} leaves is in {target}")


@click.command()
@click.argument("file", type=FILE)
@DSN
@FOLDER
@click.option("--verifier", required=True, help="The public key of the witness.")
def cosign(file: Path, dsn: str | None, folder: Path, verifier: str) -> None:
    """Keep the cosignature of a witness: FILE is a checkpoint of this register with the witness's line under it.

    \b
    Example:
      goodstanding register cosign checkpoint.cosigned --verifier witness.example/w1+6a0b1d3c+BFcr...
    """
    from goodstanding.register.log.keys import cosign as keep

    size = keep(serviced(dsn, folder), _text(file), _verifier(verifier))
    click.echo(f"the cosignature on the checkpoint of {size:,} leaves is kept")


@click.group()
def prove() -> None:
    """Make documents that `goodstanding proof check` accepts without the register."""


@prove.command()
@click.argument("identifier")
@DSN
@FOLDER
@OUT
def dossier(identifier: str, dsn: str | None, folder: Path, out: Path) -> None:
    """Prove that the records of IDENTIFIER are all that the register has, or that it has none.

    \b
    Example:
      goodstanding register prove dossier gb.fhrs:413-321605 --out dossier.json
    """
    from goodstanding.register.proving.proofs import prove_dossier

    _write(out, prove_dossier(read(dsn, folder), identifier))


@prove.command()
@click.argument("delivery", type=int)
@click.argument("row", type=int)
@DSN
@FOLDER
@OUT
def record(delivery: int, row: int, dsn: str | None, folder: Path, out: Path) -> None:
    """Prove that the record in ROW of DELIVERY was accepted: a receipt.

    \b
    Example:
      goodstanding register prove record 1 3 --out receipt.json
    """
    from goodstanding.register.proving.proofs import prove_record

    _write(out, prove_record(read(dsn, folder), delivery, row))


@prove.command()
@click.argument("checkpoint", type=FILE)
@DSN
@FOLDER
@OUT
def consistency(checkpoint: Path, dsn: str | None, folder: Path, out: Path) -> None:
    """Prove that the log only grew since the older CHECKPOINT.

    \b
    Example:
      goodstanding register prove consistency checkpoint.old --out grown.json
    """
    from goodstanding.register.proving.proofs import prove_consistency

    _write(out, prove_consistency(read(dsn, folder), _text(checkpoint)))


@click.command()
@DSN
@FOLDER
@click.option("--checkpoint", type=FILE, help="A checkpoint that was kept outside the register.")
@click.option("--verifier", "verifiers", multiple=True, help="The log's public key as it is known elsewhere.")
def verify(dsn: str | None, folder: Path, checkpoint: Path | None, verifiers: tuple[str, ...]) -> None:
    """Prove every row against the signed log; exit 1 and name what was changed, removed or added.

    With a checkpoint and a key that were kept elsewhere, a log that was cut back, an old backup and a history that was
    rewritten as a whole are found too. What is under no checkpoint yet is counted, and compared with its events only.

    \b
    Example:
      goodstanding register verify --checkpoint kept.txt --verifier goodstanding-1f0c...+6a0b1d3c+AVcr...
    """
    from goodstanding.register.log.sequence import waiting as events_waiting
    from goodstanding.register.proving.verification import kept_outside
    from goodstanding.register.proving.verification import verify as problems

    if checkpoint is not None and not verifiers:
        raise click.UsageError("--checkpoint needs --verifier: the log's public key as it is known elsewhere")
    keys = [_verifier(one) for one in verifiers]
    outside = kept_outside(_text(checkpoint), keys) if checkpoint else None
    register = read(dsn, folder)
    found = problems(register, outside, keys)
    for problem in found:
        click.echo(problem)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("every record and every delivery is as it was accepted")
    waiting = events_waiting(register)
    if waiting.events:
        click.echo(
            f"{waiting.events:,} events are under no checkpoint yet, the oldest since "
            f"{waiting.since:%Y-%m-%d %H:%M:%S} UTC: their rows are as the events tell, and nothing signed says so"
        )


def _verifier(text: str) -> Verifier:
    from goodstanding.facts.errors import InputError
    from goodstanding.proof.errors import ProofError
    from goodstanding.proof.notes import Verifier

    try:
        return Verifier.parse(text)
    except ProofError as error:
        raise InputError(f"--verifier: {error}") from None


def _text(file: Path) -> str:
    from goodstanding.facts.errors import InputError

    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); expected a checkpoint") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: not a text in UTF-8; expected a checkpoint") from None


def _write(file: Path, document: Bundle) -> None:
    from goodstanding.facts.errors import InputError

    try:
        file.write_text(document.text(), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from None
    click.echo(f"{file}: check it with goodstanding proof check {file} --key KEY")


COMMANDS = (key, sign, publish, cosign, prove, verify)
