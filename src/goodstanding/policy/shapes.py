"""The shape of a policy's files, read off their JSON Schema: which keys there are at a place, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from goodstanding.policy.examples import Example
from goodstanding.policy.model import json_schema

T = TypeVar("T")


@dataclass(frozen=True)
class Shape:
    """A schema and the definitions that it refers to."""

    schema: Mapping[str, Any]
    definitions: Mapping[str, Any]

    def branches(self) -> list[Mapping[str, Any]]:
        """Return the alternatives of a schema, references followed."""
        return list(self._branches(self.schema))

    def _branches(self, schema: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        if "$ref" in schema:
            yield from self._branches(self.definitions[schema["$ref"].rpartition("/")[2]])
        elif "anyOf" in schema and "properties" not in schema:
            for one in schema["anyOf"]:
                yield from self._branches(one)
        else:
            yield schema

    def _of(self, kind: str) -> Mapping[str, Any]:
        return next((one for one in self.branches() if one.get("type") == kind), {})

    def key(self, name: str) -> Shape:
        """Return the shape of what stands under a key."""
        one = self._of("object")
        inner = one.get("properties", {}).get(name, one.get("additionalProperties"))
        return Shape(inner if isinstance(inner, Mapping) else {}, self.definitions)

    def item(self, mapping: bool) -> Shape:
        """Return the shape of the items of a list: those that are mappings, or the others."""
        lists = [
            Shape(one["items"], self.definitions)
            for one in self.branches()
            if one.get("type") == "array" and "items" in one
        ]
        fitting = [one for one in lists if bool(one._of("object")) == mapping]
        return next(iter(fitting or lists), Shape({}, self.definitions))

    def order(self, kind: str = "object") -> list[str]:
        """Return the keys of the language here, in its order; none where authors choose the names."""
        one = self._of(kind)
        return list(one.get("properties", {}) or one.get("propertyNames", {}).get("enum", []))

    def sorted(self, parts: Iterable[T], name: Callable[[T], str]) -> list[T]:
        """Put parts in the order of the language; unknown keys last, names of an author as they were."""
        order = {key: place for place, key in enumerate(self.order())}
        return sorted(parts, key=lambda part: order.get(name(part), len(order)))

    def is_part(self, key: str) -> bool:
        """Whether a key is one of the large parts of a policy, from `law` on."""
        order = self.order()
        return "law" in order and key in order and order.index(key) >= order.index("law")

    def says(self, name: str) -> str:
        """Return what the schema says of a key: its type or its description."""
        described = [one.get("description") for one in self.key(name).branches()]
        return next((text for text in described if text), "")


@cache
def shape_of(file: str) -> Shape:
    """Return the shape of a file of a policy by its name: the policy, examples, or items."""
    if file.startswith("examples"):
        example = Example.model_json_schema(by_alias=True)
        return Shape({"type": "array", "items": example}, example.get("$defs", {}))
    schema = json_schema()
    items = {"type": "array", "items": {"$ref": "#/$defs/Item"}}
    return Shape(schema if file == "policy.yaml" else items, schema["$defs"])
