"""Reading a policy folder: YAML with positions, so that every error names its file and line.

Every scalar is read as text; nothing is guessed to be a number, a date or a truth value. A policy is named by the
SHA-256 over the files it consists of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.world import World
from goodstanding.policy.checking import Fault, faults_in
from goodstanding.policy.composing import MOST_PARTS, Composer, Path_, PolicyError
from goodstanding.policy.model import Policy
from goodstanding.policy.scalars import wrong_code, wrong_name

LARGEST, LARGEST_MAIN, MOST_FILES, MOST_NAMED, MOST_FAULTS = 4_000_000, 400_000, 50, 1000, 100
"""Of a policy at most: bytes of its files together and of policy.yaml, files of items, parts with a name of one sort
(rules, values, ...), and faults that are told at once."""

_Read = Callable[[Path, str], bytes]
"""Returns the content of a file of a policy, given where it stands and its name among the policy's files."""

_NAMED = ("tables", "accounts", "entries", "values", "measures")
_CODED = ("law", "interpretations", "decisions")


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
    return parse_yaml(file, _content(file, LARGEST))


def parse_yaml(file: Path, content: bytes) -> Source:
    """Read YAML from memory; `file` is what errors call it."""
    composer = Composer(file)
    return Source(file, composer.compose(content), composer.lines)


def read_policy(folder: Path) -> Loaded:
    """Read and check the policy in a folder: policy.yaml, the items files that it names, and what it is based on.

    Raises PolicyError with every fault that was found, one a line.
    """
    contents: dict[str, bytes] = {}

    def read(file: Path, name: str) -> bytes:
        contents[name] = _content(file, LARGEST - sum(len(content) for content in contents.values()))
        return contents[name]

    return _loaded(_gathered(folder, "", read), contents, folder)


def policy_from(contents: Mapping[str, bytes], folder: Path) -> Loaded:
    """Read a policy from its files' contents, as a register keeps them; `folder` is what errors call it."""

    def read(file: Path, name: str) -> bytes:
        if name not in contents:
            raise PolicyError(f"{file}: found no such file, expected it among those of the policy")
        return contents[name]

    return _loaded(_gathered(folder, "", read), contents, folder)


def _content(file: Path, most: int) -> bytes:
    """Read a plain file of at most so many bytes, which stands, links followed, where its folder's policy.yaml does."""
    main = file.with_name("policy.yaml")
    try:
        if not file.is_file():
            found = "a folder" if file.is_dir() else "no file"
            raise PolicyError(f"{file}: found {found}, expected a file; a policy is a folder with a policy.yaml in it")
        if main.is_file() and file.resolve().parent != main.resolve().parent:
            raise PolicyError(f"{file}: found a link out of the folder, expected a file in it")
        size = file.stat().st_size
        if size > most:
            raise PolicyError(f"{file}: found {size:,} bytes, expected at most {LARGEST:,} in a policy")
        return file.read_bytes()
    except OSError as error:
        raise PolicyError(f"{file}: cannot be read ({error.strerror})") from None


def _loaded(gathered: tuple[dict[str, Any], Places], contents: Mapping[str, bytes], folder: Path) -> Loaded:
    value, places = gathered
    for sort in _NAMED + _CODED:
        if len(_map(value.get(sort))) > MOST_NAMED:
            found = f"found {len(value[sort]):,} parts, expected at most {MOST_NAMED:,}"
            raise PolicyError(places.line((sort,), found))
    faults = [places.line(path, message) for path, message in _wrong_words(value)][:MOST_FAULTS]
    try:
        policy = Policy.model_validate(value)
    except ValidationError as error:
        raise PolicyError("\n".join([*faults, *explained_faults(error, places)])) from None
    faults += [places.line(fault.path, fault.message) for fault in faults_in(policy, catalogue(World.SYNTHETIC))]
    if faults:
        raise PolicyError("\n".join(faults))
    name = hashlib.sha256(b"".join(name.encode() + b"\0" + contents[name] + b"\0" for name in sorted(contents)))
    return Loaded(policy, name.hexdigest(), folder, dict(contents))


def _wrong_words(policy: dict[str, Any]) -> Iterator[tuple[Path_, str]]:
    """Yield the names, ids and codes that are not ASCII words, where the policy itself says what they are."""
    grades, tables = _map(policy.get("grades")), _map(policy.get("tables"))
    maps = [(("tables", name, "map"), _map(table).get("map")) for name, table in tables.items()]
    for path, part, wrong in [
        *(((key,), policy.get(key), wrong_name) for key in _NAMED),
        *(((key,), policy.get(key), wrong_code) for key in _CODED),
        (("grades", "order"), grades.get("order"), wrong_code),
        *((path, part, wrong_code) for path, part in maps),
    ]:
        yield from (((*path, word), message) for word in _map(part) if (message := wrong(word)))
    items = policy.get("items")
    for index, item in enumerate(items if isinstance(items, list) else []):
        for key in ("id", "class"):
            word = _map(item).get(key)
            if isinstance(word, str) and (message := wrong_code(word)):
                yield ("items", index, key), message


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Places:
    """Where each part of what was put together from one or several files stands."""

    main: Path
    lines: dict[Path_, tuple[Path, int]]

    def line(self, path: Path_, message: str) -> str:
        """Return a fault as one line: `file:line: path: message`."""
        inside = path
        while inside not in self.lines and inside:
            inside = inside[:-1]
        file, line = self.lines.get(inside, (self.main, 1))
        where = f"{'.'.join(str(part) for part in path)}: " if path else ""
        return f"{file}:{line}: {where}{message}"


def _gathered(folder: Path, prefix: str, read: _Read) -> tuple[dict[str, Any], Places]:
    """Put a policy together: its own parts, its items files, and under them the parts of what it is based on.

    The files of what it is based on are read as FOLDER/FILE.
    """
    content = read(folder / "policy.yaml", prefix + "policy.yaml")
    main = parse_yaml(folder / "policy.yaml", content)
    if len(content) > LARGEST_MAIN:
        most = f"at most {LARGEST_MAIN:,}, with many items in files of their own"
        raise PolicyError(f"{main.file}: found {len(content):,} bytes, expected {most}")
    places = Places(main.file, {path: (main.file, line) for path, line in main.lines.items()})
    if not isinstance(main.value, dict):
        raise PolicyError(places.line((), f"found {told(main.value)}, expected a map with the parts of a policy"))
    value = _with_items(main.value, folder, prefix, read, places)
    base = value.get("based on")
    if not isinstance(base, str):
        return value, places
    if prefix or not _plain_name(base) or base == folder.name:
        message = f"found {told(base)}, expected the name of a folder beside this one, itself based on none"
        raise PolicyError(places.line(("based on",), message))
    beside = folder if folder.name not in ("", "..") else folder.resolve()
    under, below = _gathered(beside.parent / base, base + "/", read)
    for path, where in below.lines.items():
        if path and not _replaced(path, value):
            places.lines.setdefault(path, where)
    return {key: _laid_over(under.get(key), value.get(key)) for key in {**under, **value}}, places


def _with_items(value: dict[str, Any], folder: Path, prefix: str, read: _Read, places: Places) -> dict[str, Any]:
    """Return a policy with the items that stand in files of their own, and note where they do."""
    named = _file_names(value.get("items"), places)
    items: list[Any] = []
    for name in named:
        source = parse_yaml(folder / name, read(folder / name, prefix + name))
        if not isinstance(source.value, list):
            raise PolicyError(f"{source.file}:1: found {told(source.value)}, expected a list of items")
        for path, line in source.lines.items():
            if path:
                places.lines["items", len(items) + int(path[0]), *path[1:]] = (source.file, line)
        if len(places.lines) > MOST_PARTS:
            raise PolicyError(f"{source.file}: found over {MOST_PARTS:,} parts by now, expected fewer in a policy")
        items += source.value
    return value | {"items": items} if named else value


def _file_names(items: Any, places: Places) -> list[str]:
    """Return the files that `items` names; none where the items stand in the policy itself."""
    listed = items if isinstance(items, list) else [items]
    named = [item for item in listed if isinstance(item, str)]
    if named and len(named) < len(listed):
        raise PolicyError(places.line(("items",), "found files and items together, expected one or the other"))
    if len(named) > MOST_FILES:
        raise PolicyError(places.line(("items",), f"found {len(named):,} files, expected at most {MOST_FILES}"))
    for index, name in enumerate(named):
        if not _plain_name(name) or name in named[:index]:
            raise PolicyError(
                places.line(("items",), f"found {told(name)}, expected files in the same folder, once each")
            )
    return named


def _plain_name(name: str) -> bool:
    return 0 < len(name) <= 100 and name.isprintable() and Path(name).name == name != ".."


def _laid_over(under: Any, over: Any) -> Any:
    """Return what stands in a policy that is based on another: named parts one by one, all else as a whole."""
    if isinstance(under, dict) and isinstance(over, dict):
        return under | over
    return under if over is None else over


def _replaced(path: Path_, value: Mapping[str, Any]) -> bool:
    own = value.get(str(path[0]))
    return own is not None and not (isinstance(own, dict) and len(path) > 1 and path[1] not in own)


def explained_faults(error: ValidationError, places: Places) -> list[str]:
    """Return a line for each fault that the model found, up to MOST_FAULTS of them."""
    lines = []
    for one in error.errors(include_url=False, include_context=False)[:MOST_FAULTS]:
        path: Path_ = ()
        if one["loc"][-1:] == ("str",) and isinstance(one["input"], dict):
            continue  # the other branch of the union says what is wrong with the map
        for part in one["loc"]:
            if (*path, part) in places.lines or not _branch(part):
                path = (*path, part)
        lines.append(places.line(path, _message(one)))
    return list(dict.fromkeys(lines))


def _branch(part: str | int) -> bool:
    """Whether pydantic put this part into a path to name the branch of a union that it tried."""
    return isinstance(part, str) and (part in ("Share", "str", "date") or "[" in part)


_TYPES = {
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "text",
}


def _message(one: Any) -> str:
    found, kind = one["input"], one["type"]
    if kind == "extra_forbidden":
        key = str(one["loc"][-1])
        near = get_close_matches(key, _keys(), n=1)
        return f"found {told(key)}, a key that is not known here" + (f"; did you mean {near[0]!r}?" if near else "")
    if kind == "missing":
        return "expected a value, found nothing"
    message = str(one["msg"]).removeprefix("Value error, ").replace("Input should be ", "expected ")
    expected = f"expected {_TYPES[kind]}" if kind in _TYPES else message
    return f"found {told(found)}{',' if expected.startswith('expected') else ':'} {expected}"


def told(found: Any) -> str:
    """Name what was found in a few words."""
    if isinstance(found, dict | list | tuple):
        return "a map" if isinstance(found, dict) else "a list"
    text = str(found)
    return repr(text) if len(text) <= 60 else f"{text[:50]!r}... ({len(text):,} characters)"


@cache
def _keys() -> list[str]:
    definitions = Policy.model_json_schema(by_alias=True)
    return sorted({key for spec in (definitions, *definitions["$defs"].values()) for key in spec.get("properties", {})})


__all__ = [
    "Fault",
    "Loaded",
    "Places",
    "PolicyError",
    "Source",
    "explained_faults",
    "parse_yaml",
    "policy_from",
    "read_policy",
    "read_yaml",
    "told",
]
