"""Backups of the embedded server, and its restoration to any moment since.

A backup folder holds `base` (a copy of the cluster), `wal` (all that happened since, brought there by the server itself
as it happens, a minute late at most) and the passwords of the cluster's roles. Keep it on another machine's disk.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from goodstanding.facts.errors import InputError
from goodstanding.register.store import embedded

ARCHIVED_AFTER = 60
"""So many seconds may pass before what happened is in the backup."""
_RECOVERY_SECONDS = 3600
_PASSWORDS = "*.password"


@dataclass(frozen=True)
class Restored:
    """Where a restored register stands: its last delivery and the size of its signed log; what came later is lost.

    known_on: of the last delivery, in UTC; None where there is none.
    """

    deliveries: int
    known_on: dt.datetime | None
    log_size: int


def backup(folder: Path, target: Path) -> None:
    """Copy the cluster in `folder` to the new folder `target`, and let the server bring there what happens from now on.

    Raises InputError where the target is there already or cannot be written, or the copy does not verify.
    """
    if not embedded.founded(folder):
        raise InputError(f"{folder.resolve()}: no register is there; say with --folder which one to copy")
    target = target.resolve()
    try:
        (target / "wal").mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise InputError(f"{target}: no backup is made there ({error.strerror}); expected a new folder") from None
    target.chmod(0o700)
    try:
        embedded.start(folder)
        with _admin(folder) as admin, _archiving(admin, folder, target / "wal"):
            options = ("-c", "fast", "-X", "stream", "--manifest-checksums=SHA256", "--no-password")
            _program(folder, "pg_basebackup", "-D", str(target / "base"), *options)
            _check(target / "base")
            last = target / "wal" / _ended(admin)
            _wait(last.exists, 60, f"{target / 'wal'}: nothing arrives there; see {folder / 'log'}")
        for password in folder.glob(_PASSWORDS):
            shutil.copy2(password, target)
    except BaseException:
        shutil.rmtree(target)
        raise


@contextmanager
def _admin(folder: Path) -> Iterator[psycopg.Connection[Any]]:
    """A session of the superuser of the cluster in a folder. Raises InputError where it is not let in."""
    try:
        session = psycopg.connect(embedded.superuser_dsn(folder), autocommit=True)
    except psycopg.OperationalError as error:
        raise InputError(f"{folder}: the superuser's password is not taken ({str(error).splitlines()[-1]})") from None
    with session:
        yield session


def restore(target: Path, folder: Path, until: dt.datetime | None = None) -> Restored:
    """Make a cluster in the new `folder` from a backup, as it was at a moment, or as late as the backup knows.

    The cluster archives nothing before it is backed up itself. Raises InputError where the folder has a cluster, the
    backup is none, or it does not reach that moment; then `folder` is as it was.
    """
    target, new = target.resolve(), folder / "data.new"
    if (folder / "data").exists():
        raise InputError(f"{folder}: holds a cluster already; expected a new folder, so that nothing is overwritten")
    if not (target / "base" / "backup_label").exists():
        raise InputError(f"{target}: is no backup; expected a folder that goodstanding register backup made")
    if until is not None and until.tzinfo is None:
        raise InputError("until: expected a moment with its time zone, as 2026-03-31T12:00:00Z")
    _check(target / "base")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(target / "base", new, symlinks=True)
    for password in target.glob(_PASSWORDS):
        shutil.copy2(password, folder)
    (new / "postgresql.auto.conf").write_text(_recovery(target / "wal", until), "utf-8")
    (new / "recovery.signal").touch()
    new.rename(folder / "data")
    try:
        embedded.start(folder)
        _promoted(folder)
    except embedded.EmbeddedError:
        embedded.stop(folder)
        shutil.rmtree(folder / "data")
        raise InputError(
            f"{target}: does not reach {until or 'a consistent state'}; give an earlier moment, or see {folder / 'log'}"
        ) from None
    with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM RESET ALL")
    with psycopg.connect(embedded.dsn(folder)) as register:
        row = register.execute(
            "SELECT (SELECT count(*) FROM delivery), (SELECT max(known_on) FROM delivery), "
            "(SELECT coalesce(max(size), 0) FROM checkpoint)"
        ).fetchone()
    assert row is not None
    return Restored(*row)


def _check(base: Path) -> None:
    """Raise InputError where a file of the copy is not what the server wrote down when it was made."""
    for said in json.loads((base / "backup_manifest").read_bytes())["Files"]:
        path = base / said["Path"]
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            found = ""
        if found != said["Checksum"]:
            raise InputError(f"{path}: is not what was copied; this backup cannot be used, take an earlier one")


@contextmanager
def _archiving(admin: psycopg.Connection[Any], folder: Path, wal: Path) -> Iterator[None]:
    """Let the server copy each piece of its WAL to a folder, whole or not at all; let others of its user connect.

    Where the context fails, WAL goes where it went before.
    """
    if admin.execute("SHOW archive_mode").fetchone() == ("off",):
        raise InputError(f"{folder}: this server was started by an earlier release; stop it, and make the backup again")
    host_based = folder / "data" / "pg_hba.conf"
    rule = "local replication postgres scram-sha-256\n"
    if rule not in host_based.read_text("ascii"):
        with host_based.open("a", encoding="ascii") as file:
            file.write(rule)
    to = shlex.quote(str(wal).replace("%", "%%"))
    part = f"{to}/%f.part"
    command = f"cmp -s %p {to}/%f || {{ test ! -e {to}/%f && cp %p {part} && sync {part} && mv {part} {to}/%f; }}"
    wanted = {"archive_command": command, "archive_timeout": f"{ARCHIVED_AFTER}s"}
    before = {name: admin.execute("SELECT current_setting(%s)", [name]).fetchall()[0][0] for name in wanted}
    _set(admin, wanted)
    try:
        yield
    except BaseException:
        _set(admin, before)
        raise


def _set(admin: psycopg.Connection[Any], settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        admin.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    admin.execute("SELECT pg_reload_conf()")


def _ended(admin: psycopg.Connection[Any]) -> str:
    """End the present piece of WAL, in which there is something, and return its name."""
    admin.execute("SELECT pg_logical_emit_message(false, 'goodstanding', 'backup')")
    return str(admin.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchall()[0][0])


def _recovery(wal: Path, until: dt.datetime | None) -> str:
    """What a restored cluster reads at its first start."""
    fetch = f"cp {shlex.quote(str(wal).replace('%', '%%'))}/%f %p".replace("'", "''")
    lines = [f"restore_command = '{fetch}'", "recovery_target_action = 'promote'", "archive_command = '/bin/true'"]
    if until is not None:
        lines.append(f"recovery_target_time = '{until.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f+00}'")
    return "\n".join(lines) + "\n"


def _promoted(folder: Path) -> None:
    """Wait until the server has replayed what it should."""

    def done() -> bool:
        with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
            return admin.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)

    try:
        _wait(done, _RECOVERY_SECONDS, f"{folder}: recovery does not end; see {folder / 'log'}")
    except psycopg.OperationalError as error:
        raise embedded.EmbeddedError(str(error)) from None


def _wait(done: Callable[[], bool], seconds: float, failure: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise InputError(failure)
        time.sleep(0.1)


def _program(folder: Path, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as its superuser; the password goes by the environment, which is private."""
    said = conninfo_to_dict(embedded.superuser_dsn(folder))
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    embedded.run(folder, name, *arguments, **{variable: str(said[part]) for variable, part in names.items()})
