"""Where a part of a policy stands: the file and the line of a path, its items in their files, its base under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goodstanding.policy.composing import Path_
from goodstanding.policy.reader import Source, parse_yaml


@dataclass(frozen=True)
class Places:
    """The files of one policy with the line of every part, and those of the policy that it is based on."""

    main: Source
    items: tuple[Source, ...] = ()
    base: Places | None = field(default=None)

    def of(self, path: Path_) -> tuple[Path, int]:
        """Return the file and the line (from 1) of a part, or of the nearest part around it."""
        if path[:1] == ("items",) and len(path) > 1 and self.items:
            return self._of_item(int(path[1]), path[2:])
        if self.base and path[:2] not in self.main.lines and path[:2] in self.base.main.lines:
            return self.base.of(path)
        return self.main.file, self.main.line(path)

    def _of_item(self, index: int, rest: Path_) -> tuple[Path, int]:
        for source in self.items:
            if index < len(source.value):
                return source.file, source.line((index, *rest))
            index -= len(source.value)
        return self.main.file, self.main.line(("items",))

    def sources(self) -> tuple[Source, ...]:
        """Return every file of the policy itself."""
        return (self.main, *self.items)


def places(contents: Mapping[str, bytes], folder: Path, prefix: str = "") -> Places:
    """Find the places of a policy in its files' contents; `folder` is what they are called after."""
    main = parse_yaml(folder / "policy.yaml", contents[prefix + "policy.yaml"])
    value = main.value if isinstance(main.value, dict) else {}
    named = value.get("items", [])
    names = [named] if isinstance(named, str) else [one for one in named if isinstance(one, str)]
    items = tuple(parse_yaml(folder / name, contents[prefix + name]) for name in names)
    base = value.get("based on")
    under = places(contents, folder.resolve().parent / base, base + "/") if base and not prefix else None
    return Places(main, items, under)
