"""Commands of `goodstanding register` on what is kept, and for how long."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, database


@click.command()
@DSN
@FOLDER
@click.option("--on", type=DAY, help="The day; the register's present day where it is not given.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write the evidence to FILE, as JSON.")
@click.option("--sweep", is_flag=True, help="Then remove the old versions of the rows, so that no query finds them.")
@click.option("--rewrite", is_flag=True, help="Sweep, and write the table anew, so that its files hold nothing of it.")
def expire(dsn: str | None, folder: Path, on: dt.date | None, report: Path | None, sweep: bool, rewrite: bool) -> None:
    """Erase the records whose term is over, each under its clause; say which kinds have no term.

    Exit 1 where an open transaction still sees what was erased: end it, and sweep again.

    \b
    Example:
      goodstanding register expire --on 2026-10-31 --sweep --report expired.json
    """
    from goodstanding.register.database import open_register
    from goodstanding.register.expiry import expire as run
    from goodstanding.register.expiry import swept

    address = database(dsn, folder)
    register = open_register(address)
    done = run(register, on or register.today)
    dead = swept(address, rewrite=rewrite) if sweep or rewrite else None
    click.echo(f"{len(done.records):,} records of {len(done.subjects):,} subjects erased")
    for clause, count in done.clauses.items():
        click.echo(f"  {count:,} under {clause}")
    for kind, count in done.unlimited.items():
        click.echo(f"  {kind}: no term is given; {count:,} records are kept")
    if report:
        records = [{**vars(one), "on": one.on.isoformat()} for one in done.records]
        told: dict[str, object] = {"on": done.on.isoformat(), "clauses": done.clauses, "records": records}
        told |= {"unlimited": done.unlimited, "running": done.running, "versions_left": dead}
        report.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if dead:
        click.echo(f"{dead:,} old versions are still seen by an open transaction: end it, and sweep again", err=True)
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DSN
@FOLDER
def erasures(file: Path, dsn: str | None, folder: Path) -> None:
    """Write the list of all erasures to FILE, to be kept outside the database and its backups.

    \b
    Example:
      goodstanding register erasures /safe/erasures.jsonl
    """
    from goodstanding.register.database import open_register
    from goodstanding.register.erasures import listed

    told = listed(open_register(database(dsn, folder)))
    beside = file.with_name(file.name + ".new")
    beside.write_text(told, encoding="utf-8")
    beside.replace(file)
    click.echo(f"{told.count(chr(10)) - 1:,} erasures listed in {file}")


@click.command(name="erase-again")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DSN
@FOLDER
def erase_again(file: Path, dsn: str | None, folder: Path) -> None:
    """Erase what the list in FILE names and a restored backup has brought back.

    \b
    Example:
      goodstanding register erase-again /safe/erasures.jsonl
    """
    from goodstanding.register.database import open_register
    from goodstanding.register.erasures import again

    done = again(open_register(database(dsn, folder)), file)
    click.echo(f"{done.records:,} records erased again; {done.nothing:,} erasures had nothing left to erase")


COMMANDS = (expire, erasures, erase_again)
