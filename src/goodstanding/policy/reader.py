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

LARGEST = 4_000_000
"""Bytes of one file of a policy at most."""


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
    """Read and check the policy in a folder: policy.yaml, the items files that it names, and what it is based on.

    Raises PolicyError with every fault that was found, one a line.
    """
    contents: dict[str, bytes] = {}
    _collect(folder, "", contents)
    return policy_from(contents, folder)


def _collect(folder: Path, prefix: str, contents: dict[str, bytes]) -> None:
    """Read the files of a policy; those of the policy that it is based on are named FOLDER/FILE."""
    main = folder / "policy.yaml"
    if not main.is_file():
        raise PolicyError(f"{folder}: expected a folder with a policy.yaml in it")
    contents[prefix + "policy.yaml"] = _limited(main)
    value = parse_yaml(main, contents[prefix + "policy.yaml"]).value
    named = value if isinstance(value, dict) else {}
    for items in _file_names(named.get("items")):
        if not (folder / items).is_file() or Path(items).name != items:
            raise PolicyError(f"{main}: items: found {items!r}, expected a file in the same folder")
        contents[prefix + items] = _limited(folder / items)
    base = named.get("based on")
    if isinstance(base, str):
        if prefix or Path(base).name != base or not (folder.resolve().parent / base).is_dir():
            raise PolicyError(f"{main}: based on: found {base!r}, expected a folder beside this one, based on none")
        _collect(folder.resolve().parent / base, base + "/", contents)


def _limited(file: Path) -> bytes:
    size = file.stat().st_size
    if size > LARGEST:
        raise PolicyError(f"{file}: found {size:,} bytes, expected at most {LARGEST:,} in one file of a policy")
    return file.read_bytes()


def _file_names(items: Any) -> list[str]:
    """Return the files that `items` names; none where the items stand in the policy itself."""
    named = [items] if isinstance(items, str) else items if isinstance(items, list) else []
    return [item for item in named if isinstance(item, str)]


def policy_from(contents: Mapping[str, bytes], folder: Path) -> Loaded:
    """Read a policy from its files' contents, as a register keeps them; `folder` is what errors call it."""
    value, places = _gathered(contents, folder, "")
    try:
        policy = Policy.model_validate(value)
    except ValidationError as error:
        raise PolicyError("\n".join(_explained(error, places))) from None
    faults = faults_in(policy, catalogue(World.SYNTHETIC))
    if faults:
        raise PolicyError("\n".join(places.line(fault.path, fault.message) for fault in faults))
    name = hashlib.sha256(b"".join(name.encode() + b"\0" + contents[name] + b"\0" for name in sorted(contents)))
    return Loaded(policy, name.hexdigest(), folder, dict(contents))


@dataclass(frozen=True)
class _Places:
    """Where each part of a policy that was put together from several files stands."""

    main: Path
    lines: Mapping[Path_, tuple[Path, int]]

    def line(self, path: Path_, message: str) -> str:
        inside = path
        while inside not in self.lines and inside:
            inside = inside[:-1]
        file, line = self.lines.get(inside, (self.main, 1))
        return f"{file}:{line}: {'.'.join(str(part) for part in path)}: {message}"


def _gathered(contents: Mapping[str, bytes], folder: Path, prefix: str) -> tuple[Any, _Places]:
    """Put a policy together: its own parts, its items files, and under them the parts of what it is based on."""
    main = parse_yaml(folder / "policy.yaml", contents[prefix + "policy.yaml"])
    lines = {path: (main.file, line) for path, line in main.lines.items()}
    value = main.value
    if not isinstance(value, dict):
        return value, _Places(main.file, lines)
    named = _file_names(value.get("items"))
    if named:
        value = value | {"items": []}
    for name in named:
        source = parse_yaml(folder / name, contents[prefix + name])
        first = len(value["items"])
        if not isinstance(source.value, list):
            raise PolicyError(f"{source.file}:1: found no list, expected items")
        value["items"] += source.value
        for path, line in source.lines.items():
            if path:
                lines[("items", first + int(path[0]), *path[1:])] = (source.file, line)
    base = value.get("based on")
    if isinstance(base, str) and not prefix:
        under, places = _gathered(contents, folder.parent / base, base + "/")
        for path, where in places.lines.items():
            if path and not _replaced(path, value):
                lines.setdefault(path, where)
        value = {key: _laid_over(under.get(key), value.get(key)) for key in {**under, **value}}
    return value, _Places(main.file, lines)


def _laid_over(under: Any, over: Any) -> Any:
    """Return what stands in a policy that is based on another: named parts one by one, all else as a whole."""
    if isinstance(under, dict) and isinstance(over, dict):
        return under | over
    return under if over is None else over


def _replaced(path: Path_, value: Mapping[str, Any]) -> bool:
    own = value.get(str(path[0]))
    return own is not None and not (isinstance(own, dict) and len(path) > 1 and path[1] not in own)


def _explained(error: ValidationError, places: _Places) -> list[str]:
    lines = []
    for one in error.errors():
        path: Path_ = tuple(part for part in one["loc"] if not _branch(part))
        lines.append(places.line(path, _message(one)))
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
