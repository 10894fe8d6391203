"""Schemas as CEL types: what ``self`` is in a validation rule, with the bounds that cost estimates need.

The mapping is that of ``apiserver/pkg/cel/common/schemas.go``: fields without a type stay out of reach, names that CEL
cannot spell are escaped, sizes without a bound are bounded by the size of a request; scalars, objects and the keys of
maps count as having no size.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from kubewright.cel.errors import EvaluationError
from kubewright.cel.types import Type
from kubewright.cel.values import Duration, Timestamp
from kubewright.schema.node import Node

MAX_REQUEST_BYTES = 3 * 1024 * 1024
_MIN_STRING, _MIN_NUMBER, _MIN_BOOL = 2, 1, 4
_RESERVED = frozenset((
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
    "loop", "package", "namespace", "return", "var", "void", "while",
))  # fmt: skip
_SPELLABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile(r"__|[./-]")


def escape(name: str) -> str | None:
    """A property's name as CEL spells it, or None if it cannot be spelt."""
    if name in _RESERVED:
        return f"__{name}__"
    if not _SPELLABLE.match(name):
        return None
    return _ESCAPED.sub(lambda found: _ESCAPES[found.group()], name)


def declare(node: Node, *, resource_root: bool = False, name: str = "object") -> Type | None:
    """The CEL type of values of ``node``; None if rules cannot see them.

    :param resource_root: whether apiVersion, kind and metadata are there even if the schema does not say so.
    """
    if node.int_or_string:
        return Type("dyn", max_elements=_string_bound(node), min_size=1)
    match node.raw.get("type"):
        case "array":
            return _declare_list(node, name)
        case "object":
            if isinstance(node.raw.get("additionalProperties"), Mapping):
                return _declare_map(node, name)
            return _declare_object(node, resource_root or node.embedded_resource, name)
        case "string":
            return _declare_string(node)
        case "boolean":
            return Type("bool", max_elements=0, min_size=_MIN_BOOL)
        case "number":
            return Type("double", max_elements=0, min_size=_MIN_NUMBER, decode=_optional(_double))
        case "integer":
            return Type("int", max_elements=0, min_size=_MIN_NUMBER, decode=_optional(_integer))
    return None


def _declare_list(node: Node, name: str) -> Type | None:
    items = declare(node.items, name=f"{name}.@idx") if node.items is not None else None
    if items is None:
        return None
    most = node.raw.get("maxItems")
    bound = (MAX_REQUEST_BYTES - 2) // (items.min_size + 1) if most is None else max(0, most)
    return Type("list", items, max_elements=bound, min_size=2)


def _declare_map(node: Node, name: str) -> Type | None:
    values = declare(node.additional, name=f"{name}.@elem") if node.additional is not None else None
    if values is None:
        return None
    most = node.raw.get("maxProperties")
    bound = (MAX_REQUEST_BYTES - 2) // (values.min_size + 6) if most is None else max(0, most)
    keys = Type("string", max_elements=0, min_size=_MIN_STRING)
    return Type("map", keys, values, max_elements=bound, min_size=2)


def _declare_object(node: Node, resource_root: bool, name: str) -> Type:
    fields: dict[str, Type] = {}
    keys: dict[str, str] = {}
    min_size = 2
    for property_name, prop in node.properties.items():
        field = declare(prop, name=f"{name}.{property_name}")
        if field is None:
            continue
        spelling = escape(property_name)
        if spelling is not None:
            fields[spelling] = field
            if spelling != property_name:
                keys[spelling] = property_name
        if property_name in node.required and prop.raw.get("default") is None:
            min_size += len(property_name) + field.min_size + 4
    if resource_root and not _has_metadata(fields):
        fields |= _resource_fields(name)
    return Type("object", name=name, fields=fields, keys=keys, max_elements=0, min_size=min_size)


def _has_metadata(fields: Mapping[str, Type]) -> bool:
    """Whether the schema itself says all that is known of every resource, as those of built-in kinds do."""
    metadata = fields.get("metadata")
    if metadata is None or metadata.fields is None:
        return False
    places = [fields.get(name) for name in ("apiVersion", "kind")]
    places += [metadata.fields.get(name) for name in ("name", "generateName")]
    return all(place is not None and place.kind == "string" for place in places)


def _resource_fields(name: str) -> dict[str, Type]:
    """What rules at the root of a resource can see of its type and metadata, whatever the schema says."""
    text = Type("string", max_elements=MAX_REQUEST_BYTES - 2, min_size=_MIN_STRING)
    metadata = Type("object", name=f"{name}.metadata", fields={"name": text, "generateName": text}, min_size=2)
    return {"apiVersion": text, "kind": text, "metadata": metadata}


def _declare_string(node: Node) -> Type:
    match node.raw.get("format"):
        case "byte":
            decode = _optional(_decode_base64)
            return Type("bytes", max_elements=_bytes_bound(node), min_size=_MIN_STRING, decode=decode)
        case "duration":
            return _time("duration", Duration.parse, most=32, fewest=3)
        case "date":
            return _time("timestamp", Timestamp.parse_date, most=12, fewest=12)
        case "date-time":
            return _time("timestamp", Timestamp.parse, most=32, fewest=21)
    return Type("string", max_elements=_string_bound(node), min_size=_MIN_STRING)


def _time(kind: str, parse: Callable[[str], Any], *, most: int, fewest: int) -> Type:
    return Type(kind, max_elements=most, min_size=fewest, decode=_optional(parse))


def _bytes_bound(node: Node) -> int:
    most = node.raw.get("maxLength")
    return MAX_REQUEST_BYTES - 2 if most is None else max(0, int(most))


def _string_bound(node: Node) -> int:
    """In bytes: a character can take four."""
    most, allowed = node.raw.get("maxLength"), node.raw.get("enum")
    if most is not None:
        return max(0, int(most)) * 4
    if allowed and not node.int_or_string:
        return max((len(one.encode()) for one in allowed if isinstance(one, str)), default=0)
    return MAX_REQUEST_BYTES - 2


def _optional(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Decoding that leaves null alone, and has no value for what the schema does not allow (anymore)."""

    def run(value: Any) -> Any:
        if value is None:
            return None
        try:
            return decode(value)
        except (TypeError, ValueError) as error:
            raise EvaluationError(f"invalid data, got {type(value).__name__}: {error}") from error

    return run


def _integer(value: Any) -> int:
    if type(value) in (int, float):
        return int(value)
    raise TypeError("expected an integer")


def _double(value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    raise TypeError("expected a number")


def _decode_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
