"""Fixtures that tests of several packages share."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings

from goodstanding.register.store import embedded

settings.register_profile("goodstanding", deadline=None)
settings.load_profile("goodstanding")


@pytest.fixture(scope="session")
def postgres_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running PostgreSQL, one for each test process."""
    folder = tmp_path_factory.mktemp("postgres")
    embedded.start(folder)
    with psycopg.connect(embedded.superuser_dsn(folder), autocommit=True) as admin:
        # Only what a crash of the machine would lose: nothing that a test keeps.
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    yield folder
    embedded.stop(folder)


@pytest.fixture
def database(postgres_folder: Path) -> Iterator[str]:
    """The DSN of a fresh, empty database that the role `goodstanding` owns; dropped afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(embedded.superuser_dsn(postgres_folder), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER goodstanding")
        yield embedded.dsn(postgres_folder).replace("@/goodstanding?", f"@/{name}?")
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
