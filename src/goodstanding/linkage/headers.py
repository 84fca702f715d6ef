"""The roles of columns, guessed from their headers: a proposal that is shown to whoever gave the file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import yaml

from goodstanding.linkage.columns import Field

_ONCE = ("key", "name", "given", "family", "organisation")


def proposed(headers: Iterable[str]) -> tuple[str | None, tuple[Field, ...]]:
    """Return the column that numbers the rows, if any, and those with a role; the first of a role that stands once."""
    words, key, fields, seen = _words(), None, [], set[str]()
    for header in headers:
        role = words.get(_folded(header))
        if role is None or (role in _ONCE and role in seen):
            continue
        seen.add(role)
        if role == "key":
            key = header
        else:
            fields.append(Field.model_validate({"column": header, "role": role}))
    return key, tuple(fields)


@cache
def _words() -> dict[str, str]:
    read = yaml.safe_load(files("goodstanding.linkage").joinpath("headers.yaml").read_text(encoding="utf-8"))
    return {_folded(word): role for role, words in read.items() for word in words}


def _folded(header: str) -> str:
    plain = unicodedata.normalize("NFKD", header).replace("ß", "ss").casefold()
    return "".join(character for character in plain if character.isalnum())
