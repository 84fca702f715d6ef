"""The configuration of a register: one file or the environment, and what is wrong is told with its place."""

import os
from pathlib import Path

import psycopg
import pytest

from goodstanding.cli.configuration import Configuration, configuration
from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.register.store import embedded
from tests.cli.test_commands import goodstanding


@pytest.fixture
def written(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "register.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "log.key"
    path.write_text("k")
    path.chmod(0o600)
    return path


def test_a_file_says_what_the_environment_does_not(written, key, monkeypatch) -> None:
    file = written(f'key = "{key}"\nport = 8100\ncheckpoint_age = 60\nstrict = true\n')
    monkeypatch.setenv("GOODSTANDING_PORT", "8200")
    found = configuration(file)
    assert (found.key, found.port, found.checkpoint_age, found.strict) == (key, 8200, 60, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 8000\nprot = 1\n", ":2: prot: is not known; did you mean port?"),
        ("[limits]\nx = 1\n", ":1: limits: is not known; expected one of"),
        ("\n\nport = 'many'\n", ":3: port: Input should be a valid integer"),
        ("port = 70000\n", ":1: port: Input should be less than or equal to 65535"),
        ("log_format = 'xml'\n", ":1: log_format: Input should be 'text' or 'json'"),
        ("host = 'here and there'\n", ":1: host: 'here and there' does not appear"),
        ("checkpoint_age = 0\n", ":1: checkpoint_age: Input should be greater than 0"),
        ("port = \n", "not TOML: Invalid value (at line 1"),
        ("key = '/nowhere/key'\n", ":1: key: /nowhere/key cannot be read (No such file"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(written, text, says) -> None:
    with pytest.raises(InputError) as refused:
        configuration(written(text))
    assert says in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(written, monkeypatch) -> None:
    monkeypatch.setenv("GOODSTANDING_CHEKPOINT_AGE", "1")
    monkeypatch.setenv("GOODSTANDING_STRICT", "perhaps")
    with pytest.raises(InputError) as refused:
        configuration(written("port = 0\nhost = 1\n"))
    said = str(refused.value).splitlines()
    assert len(said) == 4
    assert any("variable GOODSTANDING_CHEKPOINT_AGE: is not known; did you mean checkpoint_age?" in one for one in said)
    assert any("variable GOODSTANDING_STRICT: Input should be a valid boolean" in one for one in said)


def test_a_key_that_others_can_read_is_refused(written, key) -> None:
    key.chmod(0o640)
    with pytest.raises(InputError, match=r":1: key: others may read .*log\.key; make it yours alone"):
        configuration(written(f'key = "{key}"\n'))


def test_a_file_with_a_password_that_others_can_read_is_refused_without_telling_it(written) -> None:
    text = 'dsn = "postgresql://u:tops3cret@h/d"\n'
    with pytest.raises(InputError, match="it holds a password; chmod 600") as refused:
        configuration(written(text, 0o644))
    assert "tops3cret" not in str(refused.value) + repr(configuration(written(text)))


def test_the_command_shows_it_without_secrets_and_uses_it(written, tmp_path) -> None:
    folder = tmp_path / "pg"
    file = written(f'folder = "{folder}"\nport = 8123\n')
    sources = shipped("policies") / "uk-food-hygiene" / "sources.yaml"
    named = {**os.environ, "GOODSTANDING_CONFIGURATION": str(file)}
    assert goodstanding("register", "init", "--sources", sources, **named).returncode == 0
    try:
        answer = goodstanding("register", "configuration", "--check", **named)
        assert (answer.returncode, "port\t8123" in answer.stdout) == (0, True), answer.stderr
        strict = goodstanding("register", "configuration", "--check", **named, GOODSTANDING_STRICT="true")
        assert strict.returncode == 2
        assert "could change the ledger (goodstanding owns" in strict.stderr
        with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
            admin.execute("CREATE ROLE desk LOGIN PASSWORD 'p' IN ROLE goodstanding_service")
        where = embedded.dsn(folder).partition("@")[2]
        desk = {"GOODSTANDING_STRICT": "true", "GOODSTANDING_DSN": f"postgresql://desk:p@{where}"}
        answer = goodstanding("register", "configuration", "--check", **named, **desk)
        assert (answer.returncode, "**********" in answer.stdout, ":p@" in answer.stdout) == (0, True, False)
    finally:
        embedded.stop(folder)


def test_the_run_book_names_everything_that_can_be_configured() -> None:
    told = (Path(__file__).parents[2] / "docs" / "how-to" / "run-a-register.md").read_text()
    toml = told.partition("```toml")[2].partition("```")[0]
    missing = [name for name in Configuration.model_fields if f"{name} = " not in toml]
    assert missing == []
