"""Reading a policy folder: YAML with positions, so that every error names its file and line.

Every scalar is read as text; nothing is guessed to be a number, a date or a truth value. A policy is named by the
SHA-256 over the files it consists of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.errors import InputError
from goodstanding.facts.world import World
from goodstanding.policy.checking import Fault, faults_in
from goodstanding.policy.model import Policy

Path_ = tuple[str | int, ...]


class PolicyError(InputError):
    """A policy that cannot be used; one line for each fault, as `file:line: what`."""


@dataclass(frozen=True)
class Source:
    """What a YAML file holds: plain values, and the line at which every part of it starts."""

    file: Path
    value: Any
    lines: Mapping[Path_, int]

    def line(self, path: Path_) -> int:
        """Return the line (from 1) of the part at `path`, or of the nearest part around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(frozen=True)
class Loaded:
    """A policy that passed its checks, with the hash that names it and the files it was read from."""

    policy: Policy
    hash: str
    folder: Path
    contents: Mapping[str, bytes] = field(repr=False)


def read_yaml(file: Path) -> Source:
    """Read a YAML file as text scalars with positions. Raises PolicyError where it is missing or does not parse."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read ({error.strerror})") from None
    return parse_yaml(file, content)


def parse_yaml(file: Path, content: bytes) -> Source:
    """Read YAML from memory; `file` is what errors call it."""
    try:
        text = content.decode("utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        _no_aliases(file, text)
    except UnicodeDecodeError as error:
        raise PolicyError(f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        raise PolicyError(f"{where}: {error.problem or error.context}; expected YAML") from None
    except yaml.YAMLError as error:
        raise PolicyError(f"{file}: {str(error).splitlines()[0]}; expected YAML") from None
    if node is None:
        raise PolicyError(f"{file}: the file is empty")
    lines: dict[Path_, int] = {}
    return Source(file, _plain(node, (), lines, file), lines)


def _no_aliases(file: Path, content: str) -> None:
    for token in yaml.scan(content, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.AliasToken):
            raise PolicyError(f"{file}:{token.start_mark.line + 1}: found an alias, expected every part written out")


def _plain(node: yaml.Node, path: Path_, lines: dict[Path_, int], file: Path) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, index), lines, file) for index, child in enumerate(node.value)]
    values: dict[str, Any] = {}
    for key, child in node.value:
        line = key.start_mark.line + 1
        if key.value in values:
            raise PolicyError(f"{file}:{line}: found {key.value!r} a second time, expected each key once")
        values[key.value] = _plain(child, (*path, key.value), lines, file)
        lines[(*path, key.value)] = line
    return values


def read_policy(folder: Path) -> Loaded:
    """Read and check the policy in a folder: policy.yaml, and the items file that it names.

    Raises PolicyError with every fault that was found, one a line.
    """
    main = folder / "policy.yaml"
    if not main.is_file():
        raise PolicyError(f"{folder}: expected a folder with a policy.yaml in it")
    contents = {"policy.yaml": main.read_bytes()}
    named = parse_yaml(main, contents["policy.yaml"]).value
    items = named.get("items") if isinstance(named, dict) else None
    if isinstance(items, str):
        if not (folder / items).is_file() or Path(items).name != items:
            raise PolicyError(f"{main}: items: found {items!r}, expected a file in the same folder")
        contents[items] = (folder / items).read_bytes()
    return policy_from(contents, folder)


def policy_from(contents: Mapping[str, bytes], folder: Path) -> Loaded:
    """Read a policy from its files' contents, as a register keeps them; `folder` is what errors call it."""
    main = parse_yaml(folder / "policy.yaml", contents["policy.yaml"])
    sources = {"": main}
    value = main.value
    if isinstance(value, dict) and isinstance(value.get("items"), str):
        sources["items"] = parse_yaml(folder / value["items"], contents[value["items"]])
        value = value | {"items": sources["items"].value}
    try:
        policy = Policy.model_validate(value)
    except ValidationError as error:
        raise PolicyError("\n".join(_explained(error, sources))) from None
    faults = faults_in(policy, catalogue(World.SYNTHETIC))
    if faults:
        raise PolicyError("\n".join(_line(fault.path, fault.message, sources) for fault in faults))
    name = hashlib.sha256(b"".join(name.encode() + b"\0" + contents[name] + b"\0" for name in sorted(contents)))
    return Loaded(policy, name.hexdigest(), folder, dict(contents))


def _line(path: Path_, message: str, sources: Mapping[str, Source]) -> str:
    source, inside = sources[""], path
    if path[:1] == ("items",) and "items" in sources:
        source, inside = sources["items"], path[1:]
    dotted = ".".join(str(part) for part in path)
    return f"{source.file}:{source.line(inside)}: {dotted}: {message}"


def _explained(error: ValidationError, sources: Mapping[str, Source]) -> list[str]:
    lines = []
    for one in error.errors():
        path: Path_ = tuple(part for part in one["loc"] if not _branch(part))
        lines.append(_line(path, _message(one), sources))
    return list(dict.fromkeys(lines))


def _branch(part: str | int) -> bool:
    """Whether pydantic put this part into a path to name the branch of a union that it tried."""
    return isinstance(part, str) and (part in ("Share", "str", "date") or "[" in part)


def _message(one: Any) -> str:
    found = one["input"] if isinstance(one["input"], str) else None
    if one["type"] == "extra_forbidden":
        key = str(one["loc"][-1])
        near = get_close_matches(key, _keys(), n=1)
        return f"found {key!r}, a key that is not known here" + (f"; did you mean {near[0]!r}?" if near else "")
    if one["type"] == "missing":
        return "expected a value, found nothing"
    message = str(one["msg"]).removeprefix("Value error, ")
    return f"found {found!r}: {message}" if found is not None else message


def _keys() -> list[str]:
    definitions = Policy.model_json_schema(by_alias=True)
    return sorted({key for spec in (definitions, *definitions["$defs"].values()) for key in spec.get("properties", {})})


__all__ = ["Fault", "Loaded", "PolicyError", "Source", "parse_yaml", "policy_from", "read_policy", "read_yaml"]
