"""Commands of `goodstanding register` on what is kept, and for how long."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goodstanding.cli.options import DAY, DSN, FOLDER, database, serviced
from goodstanding.cli.options import read as opened

if TYPE_CHECKING:
    from goodstanding.register.ledger.subjects import Subject
    from goodstanding.register.store.database import Register


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
    from goodstanding.register.keeping.expiry import expire as run
    from goodstanding.register.keeping.expiry import swept

    register = serviced(dsn, folder)
    done = run(register, on or register.today)
    dead = swept(database(dsn, folder), rewrite=rewrite) if sweep or rewrite else None
    click.echo(f"{len(done.records):,} records of {len(done.subjects):,} subjects erased")
    for clause, count in done.clauses.items():
        click.echo(f"  {count:,} under {clause}")
    if done.looks:
        click.echo(f"  {done.looks:,} looks at dossiers forgotten after two years")
    for kind, count in done.unlimited.items():
        click.echo(f"  {kind}: no term is given; {count:,} records are kept")
    if report:
        records = [{**vars(one), "on": one.on.isoformat()} for one in done.records]
        told: dict[str, object] = {"on": done.on.isoformat(), "clauses": done.clauses, "records": records}
        told |= {"unlimited": done.unlimited, "running": done.running, "looks": done.looks, "versions_left": dead}
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
    from goodstanding.register.keeping.erasures import listed

    told = listed(opened(dsn, folder))
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
    from goodstanding.register.keeping.erasures import again

    done = again(serviced(dsn, folder), file)
    click.echo(
        f"{done.records:,} records and {done.documents:,} documents erased again; "
        f"{done.nothing:,} erasures had nothing left to erase"
    )


MASTER = click.option(
    "--master",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="GOODSTANDING_MASTER",
    required=True,
    help="The file of the master key, kept outside the database and its backups.",
)


@click.group()
def document() -> None:
    """The documents in a subject's envelope: encrypted, read by no rule, every look written down."""


@document.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make the master key of all envelopes in a new FILE. Without it nobody reads them: keep a copy in a safe.

    \b
    Example:
      goodstanding register document key /safe/master
    """
    from goodstanding.register.keeping.sealing import Master

    click.echo(f"master key {Master.make(file).id} in {file}")


@document.command()
@DSN
@FOLDER
@MASTER
@click.option(
    "--to", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file of the master key to come."
)
def rotate(dsn: str | None, folder: Path, master: Path, to: Path) -> None:
    """Seal every envelope with another master key, all or none; afterwards the old one opens nothing here.

    \b
    Example:
      goodstanding register document key /safe/master.2027
      goodstanding register document rotate --master /safe/master --to /safe/master.2027
    """
    from goodstanding.register.keeping.envelope import rotate as run
    from goodstanding.register.keeping.sealing import Master

    old, new = Master.read(master), Master.read(to)
    done = run(serviced(dsn, folder), old, new)
    click.echo(f"{done:,} envelopes sealed anew; all are under {new.id} now: give {to} to the service")


@document.command()
@click.argument("subject")
@click.argument("file", type=click.Path(path_type=Path))
@DSN
@FOLDER
@MASTER
@click.option("--title", required=True, help="What it is called in the envelope.")
@click.option("--basis", required=True, help="The clause under which it is kept.")
def add(subject: str, file: Path, dsn: str | None, folder: Path, master: Path, title: str, basis: str) -> None:
    """Put FILE into the envelope of SUBJECT (its identifier, or its number here).

    \b
    Example:
      goodstanding register document add gb.fhrs:413-7 judgment.pdf --title "Judgment of 3 May" --basis "Food Act, s. 9"
    """
    from goodstanding.register.keeping.envelope import add as put
    from goodstanding.register.keeping.sealing import Master

    register, whose = _subject(dsn, folder, subject)
    done = put(register, Master.read(master), whose, file, title, basis)
    click.echo(f"document {done.number}: {done.size:,} bytes, SHA-256 {done.content}")


@document.command(name="list")
@click.argument("subject")
@DSN
@FOLDER
@MASTER
@click.option("--who", required=True, help="Who looks; the subject is told.")
@click.option("--purpose", required=True, help="What for; the subject is told.")
def list_(subject: str, dsn: str | None, folder: Path, master: Path, who: str, purpose: str) -> None:
    """List the documents of SUBJECT; the look is written down first.

    \b
    Example:
      goodstanding register document list gb.fhrs:413-7 --who "J. Smith" --purpose "appeal 2026/7"
    """
    from goodstanding.cli.tables import show
    from goodstanding.register.keeping.envelope import documents
    from goodstanding.register.keeping.sealing import Master
    from goodstanding.register.ledger.access import log_access

    register, whose = _subject(dsn, folder, subject)
    opener = Master.read(master)
    log_access(register, whose, who, "officer", purpose, "documents")
    rows = [
        (
            one.number,
            one.known_on.date(),
            one.size,
            one.title or f"erased under {one.clause} on {one.erased_on}",
            one.basis,
        )
        for one in documents(register, whose, opener)
    ]
    show(("document", "known", "bytes", "title", "basis"), rows)


@document.command()
@click.argument("subject")
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DSN
@FOLDER
@MASTER
@click.option("--who", required=True, help="Who looks; the subject is told.")
@click.option("--purpose", required=True, help="What for; the subject is told.")
def read(  # noqa: PLR0917
    subject: str, number: int, file: Path, dsn: str | None, folder: Path, master: Path, who: str, purpose: str
) -> None:
    """Write document NUMBER of SUBJECT to FILE; the look is written down first.

    \b
    Example:
      goodstanding register document read gb.fhrs:413-7 3 judgment.pdf --who "J. Smith" --purpose "appeal 2026/7"
    """
    from goodstanding.facts.errors import InputError
    from goodstanding.register.keeping.envelope import content
    from goodstanding.register.keeping.sealing import Master
    from goodstanding.register.ledger.access import log_access

    register, whose = _subject(dsn, folder, subject)
    opener = Master.read(master)
    log_access(register, whose, who, "officer", purpose, f"document {number}")
    parts = content(register, opener, whose, number)
    beside = file.with_name(file.name + ".part")
    try:
        with beside.open("wb") as into:
            into.writelines(parts)
        beside.replace(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from None
    finally:
        beside.unlink(missing_ok=True)
    click.echo(f"{file}: document {number}")


@document.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
@DSN
@FOLDER
@click.option("--clause", required=True, help="Under which it is erased.")
def erase(numbers: tuple[int, ...], dsn: str | None, folder: Path, clause: str) -> None:
    """Destroy the keys of the documents NUMBERS; with the last one of a subject goes the subject's key.

    \b
    Example:
      goodstanding register document erase 3 --clause "GDPR art. 17(1)(b)"
    """
    from goodstanding.register.keeping.envelope import erase as destroy

    register = serviced(dsn, folder)
    for number in numbers:
        done = destroy(register, number, clause, register.today)
        click.echo(f"document {done.number}: erased under {done.clause}")


def _subject(dsn: str | None, folder: Path, text: str) -> tuple[Register, Subject]:
    from goodstanding.facts.errors import InputError
    from goodstanding.register.ledger.subjects import by_identifier, subject

    register = serviced(dsn, folder)
    found = by_identifier(register, text) or subject(register, text)
    if found is None:
        raise InputError(f"subject {text}: nobody here has this identifier or number")
    return register, found


@click.command()
@DSN
@FOLDER
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="GOODSTANDING_KEY",
    help="Sign checkpoints with this private key.",
)
@click.option("--to", metavar="RECEIVER", help="Where messages go: a file, !COMMAND, or an http(s) address.")
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
def work(dsn: str | None, folder: Path, key: Path | None, to: str | None, once: bool) -> None:
    """Do the register's jobs: expiry, rescoring, signing, lateness, messages. Run it on as many machines as you like.

    \b
    Example:
      goodstanding register work --key /safe/log.key --to https://registrar.example/messages
    """
    from goodstanding.register.log.effects import Receiver
    from goodstanding.register.log.keys import read_key
    from goodstanding.register.operation.jobs import Duties
    from goodstanding.register.operation.jobs import work as run

    signer = read_key(key) if key else None
    register = serviced(dsn, folder)
    run(database(dsn, folder), Duties(register, signer, Receiver(to) if to else None), once=once)


COMMANDS = (expire, erasures, erase_again, document, work)
