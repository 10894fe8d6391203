"""The quick yes to a resource: a structural schema comes in, a type that msgspec checks in C goes out, with a check of
what types cannot say.

What fits the type has no unknown field, no wrong type, no null that may not be, and no bound is broken: pruning and
value validation, which take thirty times as long, have nothing to say of it.  A no may be wrong, so it is them who
word what is wrong.  Schemas that have something to them that no type can express always get a no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.composition import compile_composition
from kubewright.schema.structural.formats import supported_format
from kubewright.schema.structural.invariants import walk
from kubewright.schema.structural.numbers import number_rule
from kubewright.schema.structural.problems import Problems
from kubewright.schema.structural.pruning import TYPE_AND_METADATA
from kubewright.schema.structural.values import compile_values

_INTEGERS = {
    "": (-(1 << 63), (1 << 63) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "int32": (-(1 << 31), (1 << 31) - 1),
}


class Acceptance:
    """The quick yes to the resources of one schema.

    :param node: the schema of whole resources.
    """

    def __init__(self, node: Node) -> None:
        try:
            self._type = _struct(node, resource_root=True)
        except _Inexpressible:
            self._type = None
        self._unsaid = walk(node, _unsaid)
        self._ends = {name: compile_values(prop) for name, prop in node.properties.items() if name in TYPE_AND_METADATA}

    def fits(self, obj: Mapping[str, Any]) -> bool:
        """Whether pruning would certainly find nothing."""
        if self._type is None:
            return False
        try:
            msgspec.convert(obj, self._type)
        except msgspec.ValidationError:
            return False
        return True

    def accepts(self, obj: dict[str, Any]) -> bool:
        """Whether value validation would certainly find nothing."""
        if not self.fits(obj) or (self._unsaid is not None and self._unsaid(obj) is not None):
            return False
        return all(check(obj[name], MISSING) is None for name, check in self._ends.items() if name in obj)


class _Inexpressible(Exception):
    """A schema that no type is the same as."""


def _type(node: Node) -> Any:
    """:raises _Inexpressible: there is no such type."""
    found = _not_null(node)
    return found | None if node.nullable else found


def _not_null(node: Node) -> Any:
    if node.int_or_string and node.type is None:
        return _integer({}) | str
    match node.type:
        case "string":
            return _string(node.raw)
        case "integer":
            return _integer(node.raw)
        case "number":
            return float
        case "boolean":
            return bool
        case "array" if node.items is not None and not node.raw.get("enum") and not node.raw.get("uniqueItems"):
            return _sized(list[_type(node.items)], node.raw, "minItems", "maxItems")  # type: ignore[misc]
        case "object":
            return _object(node)
    raise _Inexpressible


def _string(raw: Mapping[str, Any]) -> Any:
    return Literal[tuple(raw["enum"])] if _names(raw) else _sized(str, raw, "minLength", "maxLength")


def _names(raw: Mapping[str, Any]) -> bool:
    """Whether a schema is nothing but a choice of texts."""
    choice = raw.get("enum") or ()
    lengths = raw.get("minLength") is not None or raw.get("maxLength") is not None
    return bool(choice) and not lengths and all(isinstance(one, str) for one in choice)


def _integer(raw: Mapping[str, Any]) -> Any:
    low, high = _INTEGERS[supported_format("integer", raw.get("format") or "")]
    if raw.get("minimum") is not None:
        low = max(low, int(raw["minimum"]) + bool(raw.get("exclusiveMinimum")))
    if raw.get("maximum") is not None:
        high = min(high, int(raw["maximum"]) - bool(raw.get("exclusiveMaximum")))
    if low > high:
        raise _Inexpressible
    return Annotated[int, msgspec.Meta(ge=low, le=high)]


def _object(node: Node) -> Any:
    raw = node.raw
    additional = raw.get("additionalProperties")
    if node.embedded_resource or raw.get("enum") or (additional is not None and node.properties):
        raise _Inexpressible
    if isinstance(additional, Mapping) and node.additional is not None and not node.required:
        return _sized(dict[str, _type(node.additional)], raw, "minProperties", "maxProperties")  # type: ignore[misc]
    if additional is not None:
        raise _Inexpressible
    return _struct(node)


def _struct(node: Node, *, resource_root: bool = False) -> Any:
    fields = {name: _type(prop) for name, prop in node.properties.items() if not (resource_root and _is_end(name))}
    if resource_root:
        fields.update(dict.fromkeys(TYPE_AND_METADATA, Any))
    raw = node.raw
    sized = raw.get("minProperties") is not None or raw.get("maxProperties") is not None
    if sized or raw.get("additionalProperties") is not None or raw.get("enum") or not fields.keys() >= {*node.required}:
        raise _Inexpressible
    members = [
        (f"f{index}", kind) if name in node.required else (f"f{index}", kind, None)
        for index, (name, kind) in enumerate(fields.items())
    ]
    return msgspec.defstruct(
        "Members",
        members,
        rename={f"f{index}": name for index, name in enumerate(fields)},
        forbid_unknown_fields=not node.preserve_unknown,
        kw_only=True,
        gc=False,
    )


def _is_end(name: str) -> bool:
    return name in TYPE_AND_METADATA


def _sized(kind: Any, raw: Mapping[str, Any], fewest: str, most: str) -> Any:
    low, high = raw.get(fewest), raw.get(most)
    if low is None and high is None:
        return kind
    if not all(one is None or (type(one) is int and one >= 0) for one in (low, high)):
        raise _Inexpressible
    return Annotated[kind, msgspec.Meta(min_length=low, max_length=high)]


def _unsaid(node: Node) -> Callable[[Any], Problems] | None:
    """What the type leaves open: then all of a scalar is looked at, and of other values how they are composed."""
    composition = compile_composition(node.raw, compile_values)
    if node.type in ("object", "array"):
        return None if composition is None else lambda value: None if value is None else composition(value, MISSING)
    if composition is None and _said(node):
        return None
    check = compile_values(node)
    return lambda value: check(value, MISSING)


def _said(node: Node) -> bool:
    """Whether the type says everything that the schema says of a scalar on its own."""
    raw = node.raw
    if raw.get("enum") and (node.nullable or node.type != "string" or not _names(raw)):
        return False
    match node.type:
        case "string":
            return not raw.get("pattern") and not supported_format("string", raw.get("format") or "")
        case "integer":
            return raw.get("multipleOf") is None
        case "number":
            return number_rule(node, int) is None and number_rule(node, float) is None
        case "boolean":
            return True
    return False
