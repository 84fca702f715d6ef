"""Write the pages of docs/reference that follow from the code; with `--check`, only say which are stale."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from goodstanding.cli.main import commands
from goodstanding.facts.catalogue import Attribute, Catalogue, Kind, catalogue
from goodstanding.facts.world import World
from goodstanding.policy.model import json_schema

REFERENCE = Path(__file__).parent / "reference"
WIDTH = 100  # of the help texts, in characters


def command_line() -> str:
    """Give the help of every command, each under its own heading."""
    pages = [f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in _helps(commands, "goodstanding", None)]
    return "\n".join(["# Command line\n", *pages])


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = command.make_context(
        name, [], parent, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH, color=False
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from _helps(command.commands[child], child, context)


def schema() -> str:
    """Give the JSON Schema of a policy file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def kinds() -> str:
    """Give the catalogue of kinds: those of real registers, then those that synthetic worlds add."""
    real, synthetic = catalogue(World.REAL), catalogue(World.SYNTHETIC)
    added = {name: kind for name, kind in synthetic.kinds.items() if name not in real.kinds}
    return "\n".join(
        ["# Catalogue of kinds", "", "What a record can be. Numbers are written with the decimals shown.", "",
         "## Real and synthetic worlds", "", *_table(real.kinds), "",
         "## Synthetic worlds only", "", *_table(added), "",
         "## Code lists", "", *_codes(synthetic), ""])  # fmt: skip


def _table(some: dict[str, Kind]) -> Iterator[str]:
    yield "| kind | means | context | direction | of | attributes |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, kind in sorted(some.items()):
        attributes = ", ".join(_attribute(*item) for item in kind.attributes.items())
        direction = f"{kind.direction}, continuing" if kind.continuing else kind.direction
        subjects = ", ".join(kind.subjects)
        yield f"| `{name}` | {kind.words['en']} | {kind.context} | {direction} | {subjects} | {attributes} |"


def _attribute(name: str, attribute: Attribute) -> str:
    says = [attribute.codes or attribute.type]
    says += [f"{attribute.scale} decimals"] * bool(attribute.scale)
    says += [attribute.unit] if attribute.unit else []
    says += ["one of " + " ".join(map(str, attribute.values))] if attribute.values else []
    says += ["optional"] * (not attribute.required)
    return f"`{name}` ({', '.join(says)})"


def _codes(shown: Catalogue) -> Iterator[str]:
    yield "| list | code | means |"
    yield "| --- | --- | --- |"
    for name, codes in sorted(shown.codes.items()):
        yield from (f"| {name} | `{code}` | {words['en']} |" for code, words in codes.items())


PAGES = {"cli.md": command_line, "policy.schema.json": schema, "catalogue.md": kinds}


def stale() -> dict[Path, str]:
    """Find the pages that are missing or differ from what the code says, with the text they should have."""
    wanted = {REFERENCE / name: write() for name, write in PAGES.items()}
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}


def main() -> int:
    """Write the stale pages, or with `--check` name them and return 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    check = parser.parse_args().check
    found = stale()
    for path, text in found.items():
        print(f"docs/reference/{path.name}: {'stale, run `make docs`' if check else 'written'}")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
