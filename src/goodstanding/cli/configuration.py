"""The configuration of a register: one file (TOML), or the environment, checked before anything starts.

What is said on the command line comes first, then the environment (GOODSTANDING_DSN ...), then the file.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from goodstanding.facts.errors import InputError

PREFIX = "GOODSTANDING_"
FILE = f"{PREFIX}CONFIGURATION"
"""The variable that names the file."""
_OTHERS = {FILE, f"{PREFIX}CACHE", f"{PREFIX}EXAMPLES"}
"""Variables of the same prefix that are no part of a register's configuration."""


def _private(path: Path) -> Path:
    """Only its owner may read a key."""
    try:
        status = path.stat()
        with path.open("rb"):
            pass
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    if status.st_mode & 0o077 or status.st_uid != os.geteuid():
        raise ValueError(f"others may read {path}; make it yours alone: chown it, and chmod 600")
    return path


def _address(host: str) -> str:
    if host != "localhost":
        ip_address(host)
    return host


Key = Annotated[Path, AfterValidator(_private)]


class Configuration(BaseSettings):
    """What a register is run with. Durations are in seconds.

    dsn: a PostgreSQL server; without it, the embedded one in `folder`. strict: refuse a login that could change the
    ledger. key: the file of the key that signs the log; master: of the one that opens documents; only their owner reads
    them. checkpoint_age: how long an event may wait for its checkpoint. host, port: where to listen.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    dsn: SecretStr | None = None
    folder: Path = Path(".goodstanding/register")
    strict: bool = False
    key: Key | None = None
    master: Key | None = None
    checkpoint_age: Annotated[int, Field(gt=0)] = 900
    host: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    log_format: Literal["text", "json"] = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment come before the file, whose values are the arguments."""
        return env_settings, init_settings


def configuration(file: Path | None) -> Configuration:
    """Read the configuration of a file, where one is given, and of the environment.

    Raises InputError with all that is wrong, each with its line of the file or its variable.
    """
    text = _text(file) if file else ""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: not TOML: {error}") from None
    try:
        found = Configuration(**said)
    except ValidationError as error:
        wrong = [_told(one, file, text) for one in error.errors(include_url=False)]
    else:
        wrong = []
    wrong += _unknown(os.environ)
    if wrong:
        raise InputError("\n".join(wrong))
    if found.dsn and "password" in _secrets(found.dsn) and file and file.stat().st_mode & 0o077 and "dsn" in said:
        raise InputError(f"{file}: others may read this file, and it holds a password; chmod 600 it")
    return found


def spread(found: Configuration) -> None:
    """Put what a configuration says into the environment of this process, where options and libraries look for it."""
    for name in found.model_fields_set:
        value = getattr(found, name)
        plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        os.environ.setdefault(f"{PREFIX}{name.upper()}", plain)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); expected a configuration file") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: not a text in UTF-8") from None


def _secrets(dsn: SecretStr) -> Mapping[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return conninfo_to_dict(dsn.get_secret_value())
    except ProgrammingError:
        raise InputError("dsn: expected an address of PostgreSQL, as postgresql://login@host/database") from None


def _told(error: ErrorDetails, file: Path | None, text: str) -> str:
    """Say where a value is from and what is wrong with it, without the value: it may be a secret."""
    name = str(error["loc"][0])
    variable = f"{PREFIX}{name.upper()}"
    if variable in os.environ:
        place = f"environment variable {variable}"
    else:
        line = next(
            (n for n, line in enumerate(text.split("\n"), 1) if re.match(rf"\s*\[?\"?{re.escape(name)}\b", line)), 0
        )
        place = f"{file}:{line}: {name}"
    if error["type"] == "extra_forbidden":
        return f"{place}: is not known; {_expected(name)}"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"


def _unknown(environment: Mapping[str, str]) -> list[str]:
    names = {f"{PREFIX}{name.upper()}" for name in Configuration.model_fields} | _OTHERS
    return [
        f"environment variable {name}: is not known; {_expected(name.removeprefix(PREFIX).lower())}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in names
    ]


def _expected(name: str) -> str:
    near = difflib.get_close_matches(name, Configuration.model_fields, 1)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(sorted(Configuration.model_fields))}"
