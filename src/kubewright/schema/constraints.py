"""What a marker does to a schema, and whether it may: a length fits texts, lists and maps, a minimum fits numbers.

A schema is changed in place; a marker that doesn't fit its type is an error that names the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kubewright.schema.builtin_types import Schema
from kubewright.schema.errors import SchemaError
from kubewright.schema.markers import Immutable, Marker, Meta, OneOf, Rule, class_markers
from kubewright.schema.structural.declarations import escape

_LENGTHS = {"string": "Length", "array": "Items", "object": "Properties"}
_BOUNDS = {
    "ge": ("minimum", False),
    "gt": ("minimum", True),
    "le": ("maximum", False),
    "lt": ("maximum", True),
}
_VERBATIM = {
    "format": "format",
    "title": "title",
    "description": "description",
    "default": "default",
    "example": "example",
    "external_docs": "externalDocs",
    "nullable": "nullable",
    "map_type": "x-kubernetes-map-type",
    "preserve_unknown": "x-kubernetes-preserve-unknown-fields",
    "embedded_resource": "x-kubernetes-embedded-resource",
}


def constrain(schema: Schema, marker: Any, where: str) -> None:
    """Apply one marker of an ``Annotated[...]``, ours or another library's with the same attributes.

    :raises SchemaError: the marker doesn't fit the type.
    """
    if isinstance(marker, Rule):
        schema.setdefault("x-kubernetes-validations", []).append(marker.to_json())
    elif isinstance(marker, Immutable):
        constrain(schema, Rule("self == oldSelf", "field is immutable"), where)
    elif isinstance(marker, OneOf):
        raise SchemaError(where, f"{type(marker).__name__} counts the fields of a class", "put it above the class")
    elif not isinstance(marker, str):
        _bounds(schema, marker, where)
        _lengths(schema, marker, where)
        _pattern(schema, marker, where)
        if isinstance(marker, Meta):
            _meta(schema, marker, where)
        elif text := getattr(marker, "documentation", None):
            schema["description"] = text


def mark_class(schema: Schema, cls: type, json_names: Mapping[str, str], required: Sequence[str]) -> None:
    """Apply the markers above a class to its object schema."""
    for marker in class_markers(cls):
        if isinstance(marker, OneOf):
            schema.setdefault("x-kubernetes-validations", []).append(
                marker.to_rule([_member(name, marker, cls, json_names, required) for name in marker.fields]).to_json()
            )
        else:
            constrain(schema, marker, cls.__name__)


def _member(name: str, marker: Marker, cls: type, json_names: Mapping[str, str], required: Sequence[str]) -> str:
    where = f"{cls.__name__}: {type(marker).__name__}"
    if name not in json_names:
        raise SchemaError(where, f"there is no field {name!r}", f"the fields are {', '.join(json_names)}")
    if json_names[name] in required:
        raise SchemaError(where, f"{name!r} is always set", "give the field `| None = None`")
    return cel_name(json_names[name], where)


def cel_name(json_name: str, where: str) -> str:
    """How CEL names a field, some names being words of the language.

    :raises SchemaError: it can't.
    """
    name = escape(json_name)
    if name is None:
        raise SchemaError(where, f"CEL can't name the field {json_name!r}", "write a Rule by hand")
    return name


def _bounds(schema: Schema, marker: Any, where: str) -> None:
    for attribute, (keyword, exclusive) in _BOUNDS.items():
        bound = getattr(marker, attribute, None)
        if bound is not None:
            _need_number(schema, where, attribute)
            schema[keyword] = _whole(schema, bound, where)
            if exclusive:
                schema[f"exclusive{keyword.capitalize()}"] = True
    step = getattr(marker, "multiple_of", None)
    if step is not None:
        _need_number(schema, where, "multiple_of")
        schema["multipleOf"] = _whole(schema, step, where)


def _whole(schema: Schema, bound: Any, where: str) -> Any:
    if schema.get("type") == "integer" and bound != int(bound):
        raise SchemaError(where, f"{bound} can't bound an integer", "use a whole number")
    return int(bound) if bound == int(bound) else bound


def _lengths(schema: Schema, marker: Any, where: str) -> None:
    for attribute, side in (("min_length", "min"), ("max_length", "max")):
        length = getattr(marker, attribute, None)
        if length is not None:
            noun = "Length" if schema.get("x-kubernetes-int-or-string") else _LENGTHS.get(schema.get("type", ""))
            if noun is None:
                raise SchemaError(where, f"{attribute} needs a text, a list or a map")
            schema[f"{side}{noun}"] = length


def _pattern(schema: Schema, marker: Any, where: str) -> None:
    pattern = getattr(marker, "pattern", None)
    if pattern is None:
        return
    if not schema.get("x-kubernetes-int-or-string"):
        _need(schema, where, "pattern", "string")
    text = pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    problem = _compile_re2(text)
    if problem:
        raise SchemaError(where, f"the pattern {text!r} isn't valid in the API server: {problem}")
    schema["pattern"] = text


def _meta(schema: Schema, meta: Meta, where: str) -> None:
    for attribute, keyword in _VERBATIM.items():
        value = getattr(meta, attribute)
        if value is not None:
            schema[keyword] = dict(value) if isinstance(value, Mapping) else value
    schema.update(meta.keywords or {})
    if meta.enum is not None:
        schema["enum"] = list(meta.enum)
    if meta.map_type is not None:
        _need(schema, where, "map_type", "object")
    if meta.list_type == "":
        for keyword in ("x-kubernetes-list-type", "x-kubernetes-list-map-keys"):
            schema.pop(keyword, None)
    elif meta.list_type is not None or meta.list_map_keys is not None:
        _need(schema, where, "list_type", "array")
        _list_type(schema, meta, where)


def _list_type(schema: Schema, meta: Meta, where: str) -> None:
    keys = list(meta.list_map_keys or ())
    kind = meta.list_type or "map"
    if (kind == "map") != bool(keys):
        raise SchemaError(where, "list_type='map' and list_map_keys belong together")
    items = schema["items"]
    atomic = "atomic" in (items.get("x-kubernetes-map-type"), items.get("x-kubernetes-list-type"))
    if kind == "set" and items.get("type") in ("object", "array") and not atomic:
        raise SchemaError(where, "a set holds plain values only", "use Meta(list_map_keys=[...])")
    for key in keys:
        field = items.get("properties", {}).get(key)
        if field is None:
            raise SchemaError(where, f"the items have no field {key!r}", "list_map_keys are JSON names of item fields")
        if key not in items.get("required", ()) and "default" not in field:
            raise SchemaError(where, f"the key {key!r} must be required or have a default")
    schema["x-kubernetes-list-type"] = kind
    if keys:
        schema["x-kubernetes-list-map-keys"] = keys


def _need_number(schema: Schema, where: str, constraint: str) -> None:
    if not schema.get("x-kubernetes-int-or-string"):
        _need(schema, where, constraint, "integer", "number")


def _need(schema: Schema, where: str, constraint: str, *kinds: str) -> None:
    if schema.get("type") not in kinds:
        raise SchemaError(where, f"{constraint} doesn't fit a value of type {schema.get('type', 'any')}")


def _compile_re2(pattern: str) -> str:
    """Why RE2, which the API server matches with, refuses a pattern; empty where it doesn't.

    Without the RE2 library (an extra) Python's own engine stands in, less what RE2 is known to lack.
    """
    try:
        import re2
    except ModuleNotFoundError:
        return _compile_like_re2(pattern)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error as error:
        return str(error)
    return ""


def _compile_like_re2(pattern: str) -> str:
    unknown = re.search(r"\(\?(?:[=!]|<[=!])|\\[1-9]", pattern)
    if unknown:
        return f"RE2 has no {unknown[0]}"
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""
