"""Commands of `goodstanding register` that keep a copy of the embedded server, and bring it back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from goodstanding.cli.options import FOLDER


class Moment(click.ParamType[dt.datetime]):
    """A moment with its time zone, as 2026-03-31T12:00:00Z."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Read ISO 8601; the time zone must be said."""
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"found {value!r}, expected a moment with its time zone, as 2026-03-31T12:00:00Z", param, ctx)
        return moment


@click.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@FOLDER
def backup(target: Path, folder: Path) -> None:
    """Copy the embedded server to the new folder TARGET, and bring there what happens from now on.

    What happens arrives there a minute late at most. Keys are no part of it: keep them elsewhere. For another
    server use its own tools, as the run book says.

    \b
    Example:
      goodstanding register backup /mnt/backup/2026-11-22
    """
    from goodstanding.register.operation.backup import ARCHIVED_AFTER
    from goodstanding.register.operation.backup import backup as copy

    copy(folder, target)
    click.echo(f"copied to {target}; what happens from now on arrives there within {ARCHIVED_AFTER} seconds")


@click.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@FOLDER
@click.option("--until", type=Moment(), help="As it was at this moment; without it, as late as the backup knows.")
def restore(target: Path, folder: Path, until: dt.datetime | None) -> None:
    """Make the embedded server in the new --folder from the backup in TARGET, and say where it stands.

    \b
    Example:
      goodstanding register restore /mnt/backup/2026-11-22 --folder restored --until 2026-11-22T12:00:00Z
    """
    from goodstanding.register.operation.backup import restore as bring_back

    done = bring_back(target, folder, until)
    last = f"the last known on {done.known_on:%Y-%m-%dT%H:%M:%SZ}" if done.known_on else "none yet"
    click.echo(
        f"restored to {folder}: {done.deliveries:,} deliveries, {last}; a signed log of {done.log_size:,} leaves"
    )
    click.echo(
        "what came later is lost here: compare with a checkpoint kept outside (goodstanding register verify "
        "--checkpoint FILE --verifier KEY), erase again what was erased since (erase-again), ask the sources to "
        "deliver again, and make a new backup",
        err=True,
    )


COMMANDS = (backup, restore)
