"""A new policy: a complete small one in a folder of its own, to be changed part by part."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

from goodstanding.facts.errors import InputError
from goodstanding.policy.model import json_schema

TEMPLATE = ("policy.yaml", "examples.yaml", "README.md")
SCHEMA = "policy.schema.json"
"""The file beside a new policy that its first line names, so that an editor knows the keys."""


def schema_text() -> str:
    """Return the JSON Schema of a policy file as text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def start(folder: Path) -> None:
    """Write a new policy; its id is the folder's name.

    Raises InputError where the folder exists, or its name can be no id.
    """
    name = folder.resolve().name
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(f"found {name!r}, expected a name of small letters, digits and hyphens, as nl-taxi-points")
    template = files("goodstanding.policy").joinpath("template")
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise InputError(f"{folder}: exists already; expected the name of a new folder") from None
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from None
    for file in TEMPLATE:
        content = template.joinpath(file).read_text("utf-8").replace("{id}", name)
        (folder / file).write_text(content, "utf-8")
    (folder / SCHEMA).write_text(schema_text(), "utf-8")
