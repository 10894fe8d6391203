"""CustomResourceDefinitions from resource classes, one class a version.

Resource classes go in, the typed ``CustomResourceDefinition`` comes out; paths of columns, scale and selectable fields
are checked against the schema on the way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from kubewright.objects import ObjectMeta
from kubewright.objects.apiextensions_v1 import (
    CustomResourceColumnDefinition,
    CustomResourceConversion,
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceSubresourceScale,
    CustomResourceValidation,
    SelectableField,
)
from kubewright.schema.builtin_types import Schema
from kubewright.schema.descriptions import cut_descriptions
from kubewright.schema.errors import SchemaError
from kubewright.schema.resource import Definition, Resource, has_status, has_status_subresource, stated_fields
from kubewright.schema.structural import check_schema
from kubewright.schema.types import SchemaBuilder

AnyResource = Resource[Any, Any]

_STEP = re.compile(r"""\.((?:[\w/$-]|\\.)+)|\['((?:[^'\\]|\\.)+)'\]|(\[(?:'[^']*'|"[^"]*"|[^]'"])*\])""")
_ANYWHERE = re.compile(r"\.[.*]")


def crd(
    *versions: type[AnyResource],
    conversion: CustomResourceConversion | None = None,
    allow_floats: bool = False,
    embedded_metadata: bool = True,
    max_description: int | None = None,
) -> CustomResourceDefinition:
    """The definition of one kind, from the classes of its versions.

    :param conversion: how the API server converts between the versions; None leaves objects as they are.
    :param allow_floats: admit ``float`` fields.
    :param embedded_metadata: say what the metadata of embedded objects holds, lest the API server prunes it.
    :param max_description: cut descriptions to this length; 0 leaves them out.
    :raises SchemaError: a class can't be expressed, or the versions don't agree.
    """
    first = versions[0]
    _check_versions(versions)
    definition = first.definition
    builder = SchemaBuilder(allow_floats=allow_floats, embedded_metadata=embedded_metadata)
    storage = _storage_version(versions)
    return CustomResourceDefinition(
        metadata=ObjectMeta(
            name=f"{first.plural}.{first.gvk.group}",
            labels=dict(definition.labels),
            annotations=dict(definition.annotations),
        ),
        spec=CustomResourceDefinitionSpec(
            group=first.gvk.group,
            names=CustomResourceDefinitionNames(
                kind=definition.kind,
                list_kind=f"{definition.kind}List",
                plural=definition.plural,
                singular=definition.singular,
                short_names=list(definition.short_names),
                categories=list(definition.categories),
            ),
            scope="Namespaced" if first.namespaced else "Cluster",
            conversion=conversion,
            versions=[
                _version(cls, builder, storage=cls is storage, max_description=max_description)
                for cls in sorted(versions, key=lambda cls: cls.gvk.version)
            ],
        ),
    )


def resource_schema(cls: type[AnyResource], builder: SchemaBuilder | None = None) -> Schema:
    """The whole schema of one version: ``spec``, ``status`` and the type's own fields."""
    builder = builder or SchemaBuilder()
    schema = builder.struct(cls, without=[name for name in ("spec", "status") if name not in stated_fields(cls)])
    if has_status(cls):
        status = schema["properties"]["status"]
        if status.get("default") == {}:
            del status["default"]  # Python's start of a status; without more to say, it is the controller's to make
    return schema


def _version(
    cls: type[AnyResource], builder: SchemaBuilder, *, storage: bool, max_description: int | None
) -> CustomResourceDefinitionVersion:
    definition = cls.definition
    schema = resource_schema(cls, builder)
    _check_paths(cls, schema)
    _check_as_the_server_does(cls, schema)
    if max_description is not None:
        schema = cut_descriptions(schema, max_description)
    deprecated = definition.deprecated
    return CustomResourceDefinitionVersion(
        name=cls.gvk.version,
        served=definition.served,
        storage=storage,
        deprecated=True if deprecated else None,
        deprecation_warning=deprecated if isinstance(deprecated, str) and deprecated else None,
        schema=CustomResourceValidation(open_api_v3_schema=schema),
        subresources=_subresources(cls, definition),
        additional_printer_columns=[
            CustomResourceColumnDefinition(
                name=column.name,
                type=column.type,
                json_path=column.json_path,
                description=column.description or None,
                format=column.format or None,
                priority=column.priority or None,
            )
            for column in definition.columns
        ],
        selectable_fields=[SelectableField(json_path=path) for path in definition.selectable_fields],
    )


def _check_as_the_server_does(cls: type[AnyResource], schema: Schema) -> None:
    """Structure, defaults and CEL rules; an image without the RE2 library leaves that to the API server."""
    if find_spec("re2") is None:
        return
    problems = check_schema(schema, "schema", status_subresource=has_status_subresource(cls))
    if problems:
        shown = "".join(f"\n  {_python_path(problem.field)}: {problem.message}" for problem in problems)
        raise SchemaError(cls.__name__, f"the API server would refuse its schema:{shown}")


def _python_path(path: str) -> str:
    """``schema.properties[spec].properties[ports].items`` as ``.spec.ports[]``."""
    short = re.sub(r"\.properties\[([^]]*)]", r".\1", path.removeprefix("schema"))
    return short.replace(".items", "[]").replace(".additionalProperties", "[*]") or "."


def _subresources(cls: type[AnyResource], definition: Definition) -> CustomResourceSubresources | None:
    scale = definition.scale
    apart = has_status_subresource(cls)
    if not apart and scale is None:
        return None
    return CustomResourceSubresources(
        status={} if apart else None,
        scale=CustomResourceSubresourceScale(
            spec_replicas_path=scale.spec_path,
            status_replicas_path=scale.status_path,
            label_selector_path=scale.selector_path,
        )
        if scale
        else None,
    )


def _check_versions(versions: Sequence[type[AnyResource]]) -> None:
    first = versions[0]
    for cls in versions:
        if not hasattr(cls, "definition"):
            raise SchemaError(cls.__name__, "it has no group and version yet", "decorate it with @op.resource(...)")
        if (cls.gvk.group_kind, cls.plural, cls.namespaced) != (first.gvk.group_kind, first.plural, first.namespaced):
            raise SchemaError(cls.__name__, f"its names or scope differ from those of {first.__name__}")
    names = [cls.gvk.version for cls in versions]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SchemaError(first.__name__, f"two classes are its version {twice}", "give one of them another version")


def _storage_version(versions: Sequence[type[AnyResource]]) -> type[AnyResource]:
    if len(versions) == 1:
        return versions[0]
    stored = [cls for cls in versions if cls.definition.storage]
    if len(stored) != 1:
        problem = f"{len(stored)} of its versions are marked as the stored one"
        raise SchemaError(versions[0].gvk.kind, problem, "set storage=True on exactly one class")
    return stored[0]


def _check_paths(cls: type[AnyResource], schema: Schema) -> None:
    definition = cls.definition
    for column in definition.columns:
        _check_path(cls, schema, column.json_path, f"the column {column.name!r}")
    for path in definition.selectable_fields:
        found = _check_path(cls, schema, path, "a selectable field")
        if found is None or found.get("type") not in ("string", "integer", "boolean"):
            raise SchemaError(cls.__name__, f"{path} is no text, number or truth value, so it can't be selectable")
    if definition.scale is not None:
        for path in (definition.scale.spec_path, definition.scale.status_path):
            _check_path(cls, schema, path, "the scale subresource")
        if definition.scale.selector_path:
            _check_path(cls, schema, definition.scale.selector_path, "the scale subresource")


def _check_path(cls: type[AnyResource], schema: Schema, path: str, what: str) -> Schema | None:
    """The schema that a JSON path leads to; None where it leads beyond what the schema says.

    :raises SchemaError: the path leads nowhere.
    """
    if path.startswith(".metadata"):
        return None
    position, node = 0, schema
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None and _ANYWHERE.match(path, position):
            return None
        if step is None:
            raise SchemaError(
                cls.__name__, f"{what} has the path {path!r}, which is no JSON path such as .spec.replicas"
            )
        position = step.end()
        name = re.sub(r"\\(.)", r"\1", step[1] or step[2] or "")
        if not name:
            node = node.get("items") or {}
        elif name in node.get("properties", {}):
            node = node["properties"][name]
        elif "additionalProperties" in node:
            node = node["additionalProperties"]
        elif "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
            known = ", ".join(node["properties"])
            raise SchemaError(cls.__name__, f"{what} has the path {path!r}, but there is no {name!r} (only {known})")
        if not node or node.get("x-kubernetes-preserve-unknown-fields"):
            return None
    return node
