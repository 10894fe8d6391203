"""Tagged unions: one of several classes, told apart by the value of a tag field.

Structural schemas name all properties in one place, so the members' properties are merged, and ``oneOf`` says which of
them belong to which tag; a class's own rules hold for its tag only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from kubewright.schema.builtin_types import Schema
from kubewright.schema.constraints import cel_name
from kubewright.schema.errors import SchemaError

Tag = str | int

_MERGED = ("type", "properties", "required", "description", "x-kubernetes-validations")
_COUNTS = ("minProperties", "maxProperties")


def tagged(schema: Schema, cls: Any) -> Schema:
    """The schema of a struct with the tag that msgspec writes before its fields, if it writes any.

    :raises SchemaError: msgspec writes no object at all.
    """
    config = cls.__struct_config__
    if config.array_like:
        raise SchemaError(cls.__name__, "it is written as a list of different things", "leave array_like out")
    if config.tag_field is None:
        return schema
    kind = "integer" if isinstance(config.tag, int) else "string"
    properties = {config.tag_field: {"type": kind, "enum": [config.tag]}, **schema.get("properties", {})}
    required = sorted([config.tag_field, *schema.get("required", ())])
    return schema | {"properties": properties, "required": required}


def tagged_union(members: Sequence[type], schemas: Sequence[Schema], where: str) -> Schema:
    """The schema of a value that is one of several classes with a tag each.

    :param schemas: the members' own object schemas, the tag among the properties.
    :raises SchemaError: the classes can't be told apart, or two of them type the same field differently.
    """
    tag_field, tags = _tags(schemas, where)
    kind = "integer" if isinstance(tags[0], int) else "string"
    properties: dict[str, Any] = {tag_field: {"type": kind, "enum": tags}}
    for member, schema in zip(members, schemas, strict=True):
        for name, field in schema["properties"].items():
            if name != tag_field and properties.setdefault(name, field) != field:
                raise SchemaError(
                    where,
                    f"{member.__name__}.{name} differs from the field of the same name in another class of the union",
                    "use one type, or different names",
                )
        for keyword in schema.keys() - {*_MERGED, *_COUNTS}:
            raise SchemaError(where, f"{keyword} of {member.__name__} can't hold for one class of a union only")
    for name, field in properties.items():
        if "default" in field and not all(name in schema["properties"] for schema in schemas):
            # The API server would fill it into objects of the other classes, where it must not be.
            properties[name] = {keyword: value for keyword, value in field.items() if keyword != "default"}
    union: Schema = {
        "type": "object",
        "properties": properties,
        "required": [tag_field],
        "oneOf": [_only(tag_field, tag, schema, properties) for tag, schema in zip(tags, schemas, strict=True)],
    }
    subject = f"self.{cel_name(tag_field, where)}"
    rules = [
        rule | {"rule": f"{subject} != {msgspec.json.encode(tag).decode()} || ({rule['rule']})"}
        for tag, schema in zip(tags, schemas, strict=True)
        for rule in schema.get("x-kubernetes-validations", ())
    ]
    return union | ({"x-kubernetes-validations": rules} if rules else {})


def _tags(schemas: Sequence[Schema], where: str) -> tuple[str, list[Tag]]:
    """The field that has one value of its own in every member, and these values."""
    for name in schemas[0].get("properties", ()):
        values = [schema.get("properties", {}).get(name, {}).get("enum", ()) for schema in schemas]
        if all(len(value) == 1 for value in values):
            tags = [value[0] for value in values]
            if len(set(tags)) == len(tags):
                return name, tags
    raise SchemaError(
        where,
        "the classes of a union need a tag each, in the same field",
        "write `class S3(Spec, tag_field='type', tag='s3')`, or in pydantic `type: Literal['s3']`",
    )


def _only(tag_field: str, tag: Tag, schema: Schema, properties: Schema) -> Schema:
    branch: Schema = {"properties": {tag_field: {"enum": [tag]}}}
    required = [name for name in schema.get("required", ()) if name != tag_field]
    others = sorted(properties.keys() - schema["properties"].keys())
    if required:
        branch["required"] = required
    branch |= {keyword: schema[keyword] for keyword in _COUNTS if keyword in schema}
    if others:
        branch["not"] = {"anyOf": [{"required": [name]} for name in others]}
    return branch
