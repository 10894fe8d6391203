"""The schema of a custom resource's spec, from what its chart says of its values.

``values.schema.json`` becomes a structural schema; without one, the types are read off ``values.yaml``, and what is
not mentioned there is allowed.  Defaults stay the chart's: in the resource they would outlive a new version of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

OPEN = "x-kubernetes-preserve-unknown-fields"

_COPIED = (
    "description", "title", "format", "pattern", "enum", "minLength", "maxLength", "minItems", "maxItems", "minimum",
    "maximum", "minProperties", "maxProperties", "multipleOf",
)  # fmt: skip
_TYPES = frozenset(("object", "array", "string", "integer", "number", "boolean"))


def spec_schema(values: Mapping[str, Any], schema: Schema | None) -> Schema:
    """The schema of the values that a resource may give.

    :param values: the chart's defaults; a value that has one need not be given.
    :param schema: the chart's ``values.schema.json``.
    """
    found = of_values(dict(values)) if schema is None else _Converter(schema).convert(schema, values)
    # Every chart has values that its own schema does not name: `global`, and those of its dependencies.
    return {**found, "type": "object", OPEN: True}


def of_values(value: Any) -> Schema:
    """The schema of whatever may stand in the place of a default value."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"x-kubernetes-int-or-string": True}
    if isinstance(value, float):
        return {"type": "number"}
    if isinstance(value, str):
        return {"type": "string"}
    if isinstance(value, list):
        return {"type": "array", "items": {OPEN: True}}
    if isinstance(value, dict):
        properties = {str(name): of_values(one) for name, one in value.items()}
        return {"type": "object", OPEN: True, **({"properties": properties} if properties else {})}
    return {OPEN: True}


class _Converter:
    """JSON Schema into OpenAPI's structural dialect; what that cannot say is left to the chart, which checks again."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._open: list[str] = []

    def convert(self, schema: Any, default: Any) -> Schema:
        if not isinstance(schema, dict):
            return {OPEN: True}
        if isinstance(reference := schema.get("$ref"), str):
            return self._referred(reference, schema, default)
        types = schema.get("type")
        names = [types] if isinstance(types, str) else list(types or ())
        nullable = "null" in names
        names = [name for name in names if name in _TYPES]
        copied = {name: schema[name] for name in _COPIED if name in schema}
        if "const" in schema:
            copied["enum"] = [schema["const"]]
        converted = self._typed(names, schema, default, copied)
        return {**converted, "nullable": True} if nullable and "type" in converted else converted

    def _typed(self, names: list[str], schema: Schema, default: Any, copied: Schema) -> Schema:
        described: Schema = {name: copied[name] for name in ("description", "title") if name in copied}
        if names == ["object"] or (not names and "properties" in schema):
            return {**described, **self._object(schema, default)}
        if names == ["array"]:
            items = schema.get("items")
            made = {OPEN: True} if not isinstance(items, dict) else self.convert(items, None)
            kept: Schema = {name: copied[name] for name in ("minItems", "maxItems") if name in copied}
            return {**described, "type": "array", "items": made, **kept}
        if sorted(names) == ["integer", "string"]:
            return {**described, "x-kubernetes-int-or-string": True}
        if len(names) == 1:
            return {"type": names[0], **copied, **_bounds(schema)}
        return {**described, OPEN: True}

    def _object(self, schema: Schema, default: Any) -> Schema:
        made: Schema = {"type": "object"}
        defaults = default if isinstance(default, Mapping) else {}
        properties = {
            name: self.convert(one, defaults.get(name)) for name, one in (schema.get("properties") or {}).items()
        }
        additional = schema.get("additionalProperties", True)
        if properties:
            made["properties"] = properties
            required = [name for name in schema.get("required") or () if name not in defaults and name in properties]
            if required:
                made["required"] = sorted(required)
        elif isinstance(additional, dict) and additional and "patternProperties" not in schema:
            return {**made, "additionalProperties": self.convert(additional, None)}
        if additional is not False or "patternProperties" in schema or not properties:
            made[OPEN] = True
        return made

    def _referred(self, reference: str, schema: Schema, default: Any) -> Schema:
        if reference in self._open or not reference.startswith("#/"):
            return {OPEN: True}
        target: Any = self._root
        for step in reference[2:].split("/"):
            target = target.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            return {OPEN: True}
        self._open.append(reference)
        try:
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            return self.convert({**target, **beside}, default)
        finally:
            self._open.pop()


def _bounds(schema: Schema) -> Schema:
    """JSON Schema's exclusive bounds are numbers, OpenAPI's are flags beside the bound."""
    made: Schema = {}
    for bound in ("minimum", "maximum"):
        exclusive = schema.get(f"exclusive{bound.capitalize()}")
        if isinstance(exclusive, int | float) and not isinstance(exclusive, bool):
            made |= {bound: exclusive, f"exclusive{bound.capitalize()}": True}
    return made
