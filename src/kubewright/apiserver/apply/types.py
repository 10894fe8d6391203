"""How server-side apply sees a schema: which values are owned as a whole and which piece by piece.

A `Type` is made once from each schema node and keeps just the facts that the walks in `walk.py` ask for.  The rules are
those by which Kubernetes turns OpenAPI into the schema of structured-merge-diff (kube-openapi, schemaconv):
``x-kubernetes-list-type``/``-map-keys``/``-map-type`` decide, lists are atomic and objects granular by default, and
where the schema is silent (unknown fields preserved) the value itself decides: maps granular, lists atomic.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import cached_property
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from kubewright.apiserver.apply.fieldset import FieldSet
from kubewright.schema.node import MISSING, Node

_Key = TypeVar("_Key")


class Kind(Enum):
    """The ways to own a value."""

    LEAF = auto()
    """A scalar, or a container owned as a whole."""

    MAP = auto()
    """A struct or map whose members are owned each."""

    SET = auto()
    """A list of scalars, each owned by its value."""

    KEYED = auto()
    """A list of objects, each identified by some of its fields."""

    DEDUCED = auto()
    """No schema: a map is owned by members, anything else as a whole."""


# The published definitions leave out Go's defaults; of all keys of associative lists, only the protocol of service and
# container ports has one.  (Custom resources must give a default in the schema or require the key.)
_KEY_DEFAULTS: Final = {"protocol": "TCP"}

_REMEMBERED: Final = 256
"""Sets of leaves that each type remembers."""

_FEW: Final = 128
"""Members that a set may have to be remembered."""

_SCALARS: Final[Mapping[str | None, tuple[str, tuple[type, ...]]]] = {
    "string": ("string", (str,)),
    "boolean": ("boolean", (bool,)),
    "integer": ("numeric (int or float)", (int, float)),
    "number": ("numeric (int or float)", (int, float)),
}


class Type:
    """What apply knows of the values at one place; made by `type_of`."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.kind = _kind(node)
        self.leaf = self.kind is Kind.LEAF
        self._fields: dict[str, Type] = {}
        self._leaves: dict[tuple[str, ...], FieldSet | None] = {}
        self._plain_leaves: dict[tuple[tuple[str, ...], tuple[type, ...]], FieldSet | None] = {}

    @cached_property
    def name(self) -> str:
        """The type's name in messages."""
        if self.is_list:
            return "list"
        if self.is_map:
            return "map"
        return self.scalar[0] if self.scalar else "scalar"

    @cached_property
    def is_list(self) -> bool:
        return self.node.type == "array"

    @cached_property
    def is_map(self) -> bool:
        return self.node.type == "object" and self.kind is not Kind.DEDUCED

    @cached_property
    def scalar(self) -> tuple[str, tuple[type, ...]] | None:
        """Name and Python types of the scalars allowed; None for any."""
        untyped = self.node.int_or_string or self.node.raw.get("format") == "quantity"
        return None if untyped else _SCALARS.get(self.node.type)

    @cached_property
    def plain(self) -> frozenset[type]:
        """The Python types of scalars that a leaf takes without a further look."""
        allowed = (str, int, float, bool) if self.scalar is None else self.scalar[1]
        return frozenset() if self.is_list or self.is_map else frozenset((*allowed, type(None)))

    def member(self, name: str) -> Type | None:
        """The type of one member of a map; None where the schema has no such field."""
        found = self._fields.get(name)
        if found is not None:
            return found
        node = self.node.properties.get(name)
        if node is None:
            return self._other
        found = self._fields[name] = type_of(node)
        return found

    @cached_property
    def _other(self) -> Type | None:
        """The type of a member that is no field of a struct: a map's values, or whatever is preserved."""
        if self.kind is Kind.DEDUCED:
            return self
        if self.node.additional is not None:
            return type_of(self.node.additional)
        return DEDUCED if self.node.preserve_unknown or not self.node.properties else None

    def leaves(self, names: tuple[str, ...]) -> FieldSet | None:
        """The set of these members of a map, in order, where all are leaves; None where there is more to one of them.

        Objects of a kind have the same few, over and over: the sets are remembered, and shared.
        """
        found: Any = self._leaves.get(names, MISSING)
        if found is MISSING:
            leaves = all((self.member(name) or DEDUCED).leaf for name in names)
            found = {f"f:{name}": {} for name in sorted(names)} if leaves else None
            _remember(self._leaves, names, found, size=len(names))
        return found  # type: ignore[no-any-return]

    def plain_leaves(self, value: Mapping[str, Any]) -> FieldSet | None:
        """The same for a map whose values have yet to be checked; None also where one needs a closer look."""
        shape = tuple(value), tuple(map(type, value.values()))
        found: Any = self._plain_leaves.get(shape, MISSING)
        if found is MISSING:
            plain = all(
                (member := self.member(name)) and kind in member.plain for name, kind in zip(*shape, strict=True)
            )
            found = self.leaves(shape[0]) if plain else None
            _remember(self._plain_leaves, shape, found, size=len(value))
        return found  # type: ignore[no-any-return]

    def is_field(self, name: str) -> bool:
        """Whether the name is a struct's field, as opposed to a map's key."""
        return name in self.node.properties

    @cached_property
    def whole(self) -> bool:
        """Whether values are containers that are owned as a whole."""
        return self.kind is Kind.LEAF and (self.is_list or self.is_map)

    def below(self, element: str) -> Type | None:
        """The type of what a path element leads to; None where the schema has no such field."""
        return self.member(element[2:]) if element.startswith("f:") else self.item

    @cached_property
    def item(self) -> Type:
        """The type of a list's items."""
        return type_of(self.node.items) if self.node.items is not None else DEDUCED

    @cached_property
    def keys(self) -> tuple[tuple[str, Any], ...]:
        """An associative list's keys by name, each with its default or ``MISSING``."""
        names = self.node.list_map_keys or tuple(filter(None, (self.node.patch_merge_key,)))
        fields = self.node.items.properties if self.node.items is not None else {}
        return tuple((name, _key_default(name, fields.get(name))) for name in sorted(names))

    @cached_property
    def prefixed_keys(self) -> tuple[tuple[tuple[str, Any], str], ...]:
        """The keys, each with what precedes its value in a path element, the braces and commas included."""
        names = (msgspec.json.encode(name).decode() for name, _ in self.keys)
        prefixes = (f"{',' if position else 'k:{'}{name}:" for position, name in enumerate(names))
        return tuple(zip(self.keys, prefixes, strict=True))


def _remember(known: dict[_Key, FieldSet | None], key: _Key, fields: FieldSet | None, *, size: int) -> None:
    if size > _FEW:
        return  # Large maps are hardly ever alike, and their names take memory.
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = fields


def _key_default(name: str, node: Node | None) -> object:
    default = node.default if node is not None else MISSING
    return _KEY_DEFAULTS.get(name, MISSING) if default is MISSING else default


def _kind(node: Node) -> Kind:
    if node.int_or_string:
        return Kind.LEAF
    match node.type:
        case "object":
            if node.map_type == "atomic":
                return Kind.LEAF
            return Kind.MAP if node.properties or node.additional is not None else Kind.DEDUCED
        case "array":
            return _list_kind(node)
        case None:
            return Kind.DEDUCED
        case _:
            return Kind.LEAF


def _list_kind(node: Node) -> Kind:
    if "x-kubernetes-list-type" in node.raw:
        return {"set": Kind.SET, "map": Kind.KEYED}.get(node.list_type, Kind.LEAF)
    if "merge" not in node.patch_strategies:
        return Kind.LEAF
    return Kind.KEYED if node.patch_merge_key else Kind.SET


_types: WeakKeyDictionary[Node, Type] = WeakKeyDictionary()


def type_of(node: Node) -> Type:
    """The one type of a node."""
    found = _types.get(node)
    if found is None:
        found = _types[node] = Type(node)
    return found


_ANY: Final = Node({})
DEDUCED: Final = type_of(_ANY)
"""The type of values without a schema."""
