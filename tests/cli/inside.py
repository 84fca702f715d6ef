"""The command line within this process, as fast as a function: what it says and how it ends."""

from dataclasses import dataclass

import click
import pytest

from goodstanding.cli import register
from goodstanding.cli.main import main


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys, monkeypatch):
    """Run a command; what escapes as anything but an exit is a traceback, and fails the test."""

    def run(*arguments) -> Answer:
        monkeypatch.setattr("sys.argv", ["goodstanding", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Answer(int(end.value.code or 0), out, err)

    return run


def commands(group=register.group, *names):
    """Every command under `register`, by its name as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield " ".join((*names, name)), command
