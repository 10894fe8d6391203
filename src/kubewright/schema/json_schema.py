"""JSON Schema for editors, from a CustomResourceDefinition: completion and checking while one types a resource.

OpenAPI's dialect goes in (``nullable``, boolean exclusive bounds, Kubernetes' extensions), plain JSON Schema comes out,
with unknown fields refused wherever the API server would drop them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]
Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"

_COPIED = (
    "type", "format", "title", "description", "default", "enum", "pattern", "minLength", "maxLength", "minItems",
    "maxItems", "minProperties", "maxProperties", "minimum", "maximum", "multipleOf", "required",
)  # fmt: skip


def json_schemas(crd: Raw) -> dict[str, Schema]:
    """A schema for each served version, by file name: ``website-web-v1.json``, as editors' schema stores name them."""
    spec = crd["spec"]
    kind, group = spec["names"]["kind"], spec["group"]
    return {
        f"{kind.lower()}-{group.partition('.')[0]}-{version['name']}.json": json_schema(crd, version["name"])
        for version in spec["versions"]
        if version["served"]
    }


def json_schema(crd: Raw, version: str) -> Schema:
    """The schema of whole objects of one version.

    :raises KeyError: the definition has no such version.
    """
    spec = crd["spec"]
    for entry in spec["versions"]:
        if entry["name"] == version:
            root = _convert(entry["schema"]["openAPIV3Schema"])
            break
    else:
        raise KeyError(version)
    kind, group = spec["names"]["kind"], spec["group"]
    properties = root.setdefault("properties", {})
    properties["apiVersion"] = {"type": "string", "enum": [f"{group}/{version}"]}
    properties["kind"] = {"type": "string", "enum": [kind]}
    properties["metadata"] = {"type": "object"}
    root["required"] = sorted({"apiVersion", "kind", "metadata", *root.get("required", ())})
    return {"$schema": DIALECT, "title": kind, **root}


def _convert(raw: Raw) -> Schema:
    schema: Schema = {key: raw[key] for key in _COPIED if key in raw}
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if raw.get(exclusive):
            schema[exclusive] = schema.pop(bound)
    if raw.get("x-kubernetes-int-or-string"):
        schema["type"] = ["integer", "string"]
    if "properties" in raw:
        schema["properties"] = {name: _convert(field) for name, field in raw["properties"].items()}
    if isinstance(raw.get("additionalProperties"), Mapping):
        schema["additionalProperties"] = _convert(raw["additionalProperties"])
    elif raw.get("type") == "object" and not raw.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
    if "items" in raw:
        schema["items"] = _convert(raw["items"])
    if raw.get("x-kubernetes-list-type") == "set":
        schema["uniqueItems"] = True
    for keyword in ("oneOf", "anyOf", "allOf"):
        if keyword in raw and not raw.get("x-kubernetes-int-or-string"):
            schema[keyword] = [_validation(branch) for branch in raw[keyword]]
    if "not" in raw:
        schema["not"] = _validation(raw["not"])
    return _nullable(schema) if raw.get("nullable") else schema


def _validation(raw: Raw) -> Schema:
    """A branch of ``oneOf`` and its like adds conditions only; it doesn't say which fields there are."""
    schema = _convert({key: value for key, value in raw.items() if key != "type"})
    schema.pop("additionalProperties", None)
    return schema


def _nullable(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind is not None:
        schema["type"] = [*(kind if isinstance(kind, list) else [kind]), "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema
