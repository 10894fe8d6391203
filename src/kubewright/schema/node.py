"""One node of an OpenAPI v3 schema with Kubernetes' extensions, as every engine that walks objects sees it.

Built-in kinds and custom resources are described by the same nodes, so defaulting, pruning, field validation,
strategic merge and server-side apply are each written once.  References are followed lazily and each named definition
becomes one shared node: recursive schemas are fine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

Raw = Mapping[str, Any]
"""An OpenAPI schema as decoded from JSON."""

Resolve = Callable[[str], "Node"]
"""Gives the node that a ``$ref`` names."""

MISSING: Final = object()


class Node:
    """A schema that values at one place of an object follow.

    :param raw: the OpenAPI schema; only the keywords read below matter.
    :param resolve: gives the node for a ``$ref``; needed where the schema has any.
    """

    def __init__(self, raw: Raw, resolve: Resolve | None = None) -> None:
        self.raw = raw
        self._resolve = resolve

    @cached_property
    def type(self) -> str | None:
        """``object``, ``array``, ``string``, ``integer``, ``number``, ``boolean``, or None where any is allowed."""
        kind = self.raw.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), None)
        if kind is None and ("properties" in self.raw or "additionalProperties" in self.raw):
            return "object"
        return kind

    @cached_property
    def properties(self) -> Mapping[str, Node]:
        return {name: self._child(raw) for name, raw in (self.raw.get("properties") or {}).items()}

    @cached_property
    def additional(self) -> Node | None:
        """What the values of a map follow; None where the object is no map."""
        raw = self.raw.get("additionalProperties")
        if raw is None or raw is False:
            return None
        return self._child({} if raw is True else raw)

    @cached_property
    def items(self) -> Node | None:
        raw = self.raw.get("items")
        return None if raw is None else self._child(raw)

    def field(self, name: str) -> Node | None:
        """The node of one member of an object: a property, or else what a map's values follow."""
        return self.properties.get(name) or self.additional

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(self.raw.get("required") or ())

    @property
    def default(self) -> Any:
        """The default as JSON, or ``MISSING``; shared, so copy it before handing it on."""
        return self.raw.get("default", MISSING)

    @cached_property
    def nullable(self) -> bool:
        return bool(self.raw.get("nullable"))

    @cached_property
    def int_or_string(self) -> bool:
        return bool(self.raw.get("x-kubernetes-int-or-string")) or self.raw.get("format") == "int-or-string"

    @cached_property
    def preserve_unknown(self) -> bool:
        return bool(self.raw.get("x-kubernetes-preserve-unknown-fields"))

    @cached_property
    def embedded_resource(self) -> bool:
        return bool(self.raw.get("x-kubernetes-embedded-resource"))

    @cached_property
    def list_type(self) -> str:
        """``atomic``, ``set`` or ``map``; a list without the extension is atomic."""
        return self.raw.get("x-kubernetes-list-type") or "atomic"

    @cached_property
    def list_map_keys(self) -> tuple[str, ...]:
        return tuple(self.raw.get("x-kubernetes-list-map-keys") or ())

    @cached_property
    def map_type(self) -> str:
        """``granular`` or ``atomic``, of maps and structs alike."""
        return self.raw.get("x-kubernetes-map-type") or "granular"

    @cached_property
    def patch_strategies(self) -> frozenset[str]:
        """``merge``, ``replace`` and ``retainKeys``, as strategic merge patch knows them (built-in kinds only)."""
        return frozenset(filter(None, (self.raw.get("x-kubernetes-patch-strategy") or "").split(",")))

    @cached_property
    def patch_merge_key(self) -> str | None:
        return self.raw.get("x-kubernetes-patch-merge-key")

    def _child(self, raw: Raw) -> Node:
        ref = raw.get("$ref")
        if ref is None and len(raw.get("allOf") or ()) == 1 and "$ref" in raw["allOf"][0]:
            ref = raw["allOf"][0]["$ref"]
        if ref is None:
            return Node(raw, self._resolve)
        if self._resolve is None:
            raise ValueError(f"the schema refers to {ref!r} but no definitions were given")
        target = self._resolve(ref)
        beside = {key: value for key, value in raw.items() if key not in ("$ref", "allOf", "description")}
        return Node({**target.raw, **beside}, self._resolve) if beside else target


class Definitions:
    """Named schemas that refer to each other, each made into a node once.

    :param raw: ``{name: schema}``.
    """

    def __init__(self, raw: Mapping[str, Raw]) -> None:
        self.raw = raw
        self._nodes: dict[str, Node] = {}

    def __getitem__(self, name: str) -> Node:
        """The node of a definition, by its bare name or by any ``$ref`` that ends in it.

        :raises KeyError: there is no such definition.
        """
        name = name.rpartition("/")[2]
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = Node(self.raw[name], self.__getitem__)
        return node

    def __contains__(self, name: str) -> bool:
        return name in self.raw
