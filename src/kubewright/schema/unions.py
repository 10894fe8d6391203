"""Tagged unions: one of several classes, told apart by the value of a tag field.

Structural schemas name all properties in one place, so the members' properties are merged, and ``oneOf`` says which of
them belong to which tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubewright.schema.builtin_types import Schema
from kubewright.schema.errors import SchemaError


def tagged_union(members: Sequence[Any], schemas: Sequence[Schema], where: str) -> Schema:
    """The schema of a value that is one of several tagged structs.

    :param schemas: the members' own object schemas, without the tag.
    :raises SchemaError: a member has no tag of its own, or two members type the same field differently.
    """
    configs = [member.__struct_config__ for member in members]
    fields = {config.tag_field for config in configs}
    tags = [config.tag for config in configs]
    if None in tags or len(fields) != 1 or len(set(tags)) != len(tags):
        raise SchemaError(
            where,
            "the classes of a union need a tag each, in the same field",
            "write `class S3(Spec, tag_field='type', tag='s3')`",
        )
    tag_field = str(fields.pop())
    properties: dict[str, Any] = {tag_field: {"type": "string", "enum": tags}}
    for member, schema in zip(members, schemas, strict=True):
        for name, field in schema.get("properties", {}).items():
            if properties.setdefault(name, field) != field:
                raise SchemaError(
                    where,
                    f"{member.__name__}.{name} differs from the field of the same name in another class of the union",
                    "use one type, or different names",
                )
    foreign = [sorted(properties.keys() - schema.get("properties", {}).keys() - {tag_field}) for schema in schemas]
    return {
        "type": "object",
        "properties": properties,
        "required": [tag_field],
        "oneOf": [
            _only(tag_field, tag, schema.get("required", []), others)
            for tag, schema, others in zip(tags, schemas, foreign, strict=True)
        ],
    }


def _only(tag_field: str, tag: Any, required: Sequence[str], others: Sequence[str]) -> Schema:
    branch: Schema = {"properties": {tag_field: {"enum": [tag]}}}
    if required:
        branch["required"] = list(required)
    if others:
        branch["not"] = {"anyOf": [{"required": [name]} for name in others]}
    return branch
