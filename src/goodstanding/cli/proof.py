"""`goodstanding proof`: check what a register gives out, without the register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goodstanding.proof.bundles import Bundle
    from goodstanding.proof.checkpoints import Checkpoint
    from goodstanding.proof.errors import ProofError
    from goodstanding.proof.notes import Verifier

FILE = click.Path(path_type=Path)
KEYS = click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    help="A public key: of the log, or of a witness; as text, or a file with one on each line. Can be repeated.",
)


@click.group(name="proof")
def group() -> None:
    """Check what a register gives out, without the register: no database, no network."""


@group.command()
@click.argument("file", type=FILE)
@KEYS
def check(file: Path, keys: tuple[str, ...]) -> None:
    """Check the proof in FILE: of a record, a whole dossier, or two checkpoints. Exit 1 where it does not hold.

    \b
    Example:
      goodstanding proof check dossier.json --key log.pub
    """
    from goodstanding.proof import bundles
    from goodstanding.proof.errors import ProofError

    bundle, known = bundles.read(_read(file)), _keys(keys)
    try:
        said = bundles.check(bundle, known)
    except ProofError as error:
        _refused(file, error)
    for line in said:
        click.echo(_plain(line))
    click.echo(f"{file}: all of this holds")


@group.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option("--proof", type=FILE, help="The proof, a document of the kind consistency-proof/1.")
@click.option("--tiles", type=FILE, help="A folder with the log's tiles, to make the proof from.")
@KEYS
def compare(old: Path, new: Path, proof: Path | None, tiles: Path | None, keys: tuple[str, ...]) -> None:
    """Check that the log of OLD only grew to that of NEW. Exit 1 where it does not, or where it cannot be shown.

    OLD and NEW are checkpoints, or documents with a checkpoint in them; of two dossiers it is also checked that each
    holds, and that no record of the old one is gone. Exactly one of --proof and --tiles is needed.

    \b
    Example:
      goodstanding proof compare kept.txt checkpoint --tiles log --key log.pub
    """
    from goodstanding.proof import bundles, checkpoints
    from goodstanding.proof.errors import ProofError

    if (proof is None) == (tiles is None):
        raise click.UsageError("expected one of --proof and --tiles")
    given, known = [_given(old), _given(new)], _keys(keys)
    if tiles is not None and not tiles.is_dir():
        raise click.UsageError(f"{tiles}: not a folder")
    hashes = None if proof is None else _hashes(proof)
    try:
        notes = (one if isinstance(one, str) else bundles.checkpoint_of(one) for one in given)
        before, after = (checkpoints.verify(note, known).checkpoint for note in notes)
        if hashes is None and tiles is not None and before.size <= after.size:
            hashes = _made(before, after, tiles)
        checkpoints.compare(before, after, hashes or ())
        dossiers = [one for one in given if isinstance(one, bundles.DossierProof | bundles.MergedDossierProof)]
        for one in dossiers:
            bundles.check(one, known)
        said = bundles.check_grown(*dossiers) if len(dossiers) == 2 else None
    except ProofError as error:
        _refused(new, error)
    click.echo(
        f"{_plain(after.origin)}: from {before.size:,} to {after.size:,} leaves, and what was there is unchanged"
    )
    if said is not None:
        click.echo(_plain(said))


@group.command()
@click.argument("checkpoint", type=FILE)
def inspect(checkpoint: Path) -> None:
    """Show what CHECKPOINT says and by whom it is signed, without checking a signature.

    \b
    Example:
      goodstanding proof inspect checkpoint
    """
    from goodstanding.cli.tables import show
    from goodstanding.facts.errors import InputError
    from goodstanding.proof import bundles, checkpoints, notes
    from goodstanding.proof.errors import ProofError

    try:
        one = _given(checkpoint)
        text, signatures = notes.split(one if isinstance(one, str) else bundles.checkpoint_of(one))
        said = checkpoints.parse(text)
    except ProofError as error:
        raise InputError(f"{checkpoint}: {error}") from None
    rows = [("origin", _plain(said.origin)), ("leaves", f"{said.size:,}"), ("root", said.root.hex())]
    rows += [("extension", _plain(line)) for line in said.extensions]
    rows += [("signature", f"{_plain(one.name)}+{one.id.hex()}, not checked") for one in signatures]
    show(("checkpoint", str(checkpoint)), rows)


@group.command()
@click.argument("folder", type=FILE)
@KEYS
def release(folder: Path, keys: tuple[str, ...]) -> None:
    """Check that the files of a release in FOLDER are those that its maker signed for. Exit 1 where they are not.

    \b
    Example:
      goodstanding proof release dist --key release.pub
    """
    from goodstanding.facts.errors import InputError
    from goodstanding.proof import releases
    from goodstanding.proof.errors import ProofError

    try:
        said = releases.check(folder, _keys(keys))
    except ProofError as error:
        _refused(folder, error)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder / releases.NOTE}: cannot be read ({error})") from None
    for line in said:
        click.echo(_plain(line))
    click.echo(f"{folder}: all of this holds")


def _read(file: Path) -> str:
    from goodstanding.facts.errors import InputError
    from goodstanding.proof.bundles import LARGEST

    try:
        if file.stat().st_size > LARGEST:
            raise InputError(f"{file}: larger than {LARGEST >> 20} MB")
        return file.read_bytes().decode()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: not a text in UTF-8") from None


def _given(file: Path) -> str | Bundle:
    """What is in a file: a document, or a signed note."""
    from goodstanding.proof import bundles

    text = _read(file)
    return bundles.read(text) if text.startswith("{") else text


def _keys(given: Sequence[str]) -> list[Verifier]:
    from goodstanding.facts.errors import InputError
    from goodstanding.proof.errors import ProofError
    from goodstanding.proof.notes import Verifier

    found: dict[Verifier, None] = {}
    for one in given:
        try:
            lines = [one] if one.count("+") >= 2 and not Path(one).is_file() else _read(Path(one)).split("\n")
            found |= dict.fromkeys(Verifier.parse(line) for line in lines if line.strip())
        except ProofError as error:
            raise InputError(f"--key: {error}") from None
    if not found:
        raise InputError("--key: there is no key in the file")
    return list(found)


def _hashes(file: Path) -> Sequence[bytes]:
    from goodstanding.facts.errors import InputError
    from goodstanding.proof import bundles

    bundle = bundles.read(_read(file))
    if not isinstance(bundle, bundles.ConsistencyProof):
        raise InputError(f"{file}: found a {bundle.goodstanding}, expected a consistency-proof/1")
    return bundle.proof


def _made(old: Checkpoint, new: Checkpoint, folder: Path) -> list[bytes]:
    from goodstanding.facts.errors import InputError
    from goodstanding.proof import merkle, tiles

    try:
        return merkle.consistency(old.size, new.size, tiles.reader(new.size, tiles.folder(folder)))
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from None


def _plain(text: str) -> str:
    """The text without what a terminal would obey: such characters of others' texts are written as escapes."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _refused(file: Path, error: ProofError) -> NoReturn:
    click.echo(f"{file}: not as it is claimed: {_plain(str(error))}", err=True)
    raise click.exceptions.Exit(1)
