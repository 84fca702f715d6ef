"""A register on a server that could lose what it acknowledged is not served, and the setting is named."""

import time

import psycopg
import pytest

from goodstanding.facts.errors import InputError
from goodstanding.facts.shipped import shipped
from goodstanding.register.store import embedded
from goodstanding.register.store.database import open_register
from goodstanding.register.store.durability import check_durable
from tests.cli.test_commands import goodstanding

FOOD = shipped("policies") / "uk-food-hygiene"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("durable")
    made = goodstanding("register", "init", "--sources", FOOD / "sources.yaml", "--folder", folder)
    assert made.returncode == 0, made.stderr
    yield folder
    embedded.stop(folder)


def administer(folder, *statements):
    with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement)


@pytest.fixture
def system(folder):
    """Change the settings of the whole server, and take that back afterwards."""
    yield lambda name, value: administer(folder, f"ALTER SYSTEM SET {name} = {value}", "SELECT pg_reload_conf()")
    administer(folder, "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


def refused(folder):
    register = open_register(embedded.dsn(folder))
    with pytest.raises(InputError) as error:
        check_durable(register.engine)
    return str(error.value)


def test_the_embedded_server_keeps_what_it_acknowledges(folder) -> None:
    assert check_durable(open_register(embedded.dsn(folder)).engine) == []


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_what_it_acknowledged_is_refused_with_the_setting(folder, system, name) -> None:
    system(name, "off")
    said = _until(lambda: refused(folder))
    assert f"setting {name} is off" in said
    assert "(source: configuration file)" in said
    for command in (("serve", "--port", "8999"), ("deliver", "gb.fsa", __file__)):
        answer = goodstanding("register", *command, "--folder", folder)
        assert (answer.returncode, f"setting {name} is off" in answer.stderr) == (2, True), answer.stderr


@pytest.mark.parametrize(("to", "source"), [("ROLE goodstanding", "user"), ("DATABASE goodstanding", "database")])
def test_a_setting_of_one_login_or_database_is_found_too(folder, to, source) -> None:
    administer(folder, f"ALTER {to} SET synchronous_commit = off")
    try:
        assert f"setting synchronous_commit is off (source: {source})" in refused(folder)
    finally:
        administer(folder, f"ALTER {to} RESET synchronous_commit")
    assert check_durable(open_register(embedded.dsn(folder)).engine) == []


def test_the_service_role_itself_cannot_be_told_to_forget(folder) -> None:
    """SET ROLE takes no settings of the role: what counts is what its sessions have."""
    administer(folder, "ALTER ROLE goodstanding_service SET synchronous_commit = off")
    try:
        assert check_durable(open_register(embedded.dsn(folder)).engine) == []
    finally:
        administer(folder, "ALTER ROLE goodstanding_service RESET synchronous_commit")


def _until(answer):
    """The server reads its settings again a moment after it was told to."""
    for _ in range(50):
        try:
            return answer()
        except pytest.fail.Exception:
            time.sleep(0.1)
    return answer()
