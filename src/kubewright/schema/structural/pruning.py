"""Pruning, compiled: fields that a structural schema does not name are removed in place, and their paths reported.

The rules are those of ``k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning``; the paths are what
``fieldValidation`` calls unknown fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubewright.schema.node import Node

Prune = Callable[[Any, str, list[str]], None]
"""Prunes a value in place; takes the path of the value and the list that unknown paths are added to."""

TYPE_AND_METADATA = frozenset(("apiVersion", "kind", "metadata"))

OBJECT_META_FIELDS = frozenset((
    "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName",
    "generation", "labels", "managedFields", "name", "namespace", "ownerReferences", "resourceVersion", "selfLink",
    "uid",
))  # fmt: skip


def compile_prune(node: Node) -> Callable[[dict[str, Any]], list[str]]:
    """The function that prunes a whole resource in place and returns the paths it removed, sorted."""
    prune = _members(node, resource_root=True)

    def apply(obj: dict[str, Any]) -> list[str]:
        unknown: list[str] = []
        if prune is not None:
            prune(obj, "", unknown)
        return sorted(unknown)

    return apply


def compile_prune_value(node: Node) -> Callable[[Any], None]:
    """The function that prunes any value of ``node`` in place."""
    prune = _compile(node)
    return lambda value: prune(value, "", []) if prune is not None else None


def _compile(node: Node) -> Prune | None:
    """None where values are scalars or everything is preserved."""
    if node.items is not None:
        return _list(_compile(node.items))
    return _members(node, resource_root=False)


def _list(inside: Prune | None) -> Prune | None:
    if inside is None:
        return None

    def apply(value: Any, path: str, unknown: list[str]) -> None:
        if type(value) is list:
            for index, item in enumerate(value):
                inside(item, f"{path}[{index}]", unknown)

    return apply


def _members(node: Node, *, resource_root: bool) -> Prune | None:
    embedded = node.embedded_resource or resource_root
    keep_unknown = node.preserve_unknown
    children: dict[str, Prune | None] = {name: _compile(prop) for name, prop in node.properties.items()}
    if embedded:
        children.update(dict.fromkeys(TYPE_AND_METADATA))
        if not resource_root:
            children["metadata"] = _prune_metadata
    additional = node.raw.get("additionalProperties")
    inside_values: Prune | None = None
    if additional is not None:
        values = node.additional if isinstance(additional, dict) else None
        inside_values = _compile(values) if values is not None else _empty
        keep_unknown = True
    if keep_unknown and inside_values is None and not any(children.values()):
        return None

    def apply(obj: Any, path: str, unknown: list[str]) -> None:
        if type(obj) is dict:
            for key, value in list(obj.items()):
                if key in children:
                    child = children[key]
                elif keep_unknown:
                    child = inside_values
                else:
                    del obj[key]
                    unknown.append(f"{path}.{key}" if path else key)
                    continue
                if child is not None and type(value) in (dict, list):
                    child(value, f"{path}.{key}" if path else key, unknown)
        elif type(obj) is list:
            for index, item in enumerate(obj):
                apply(item, f"{path}[{index}]", unknown)

    return apply


def _empty(value: Any, path: str, unknown: list[str]) -> None:
    """Below a map whose values have no schema (``additionalProperties: true``) objects lose all their members."""
    if type(value) is dict:
        unknown.extend(f"{path}.{key}" for key in value)
        value.clear()
    elif type(value) is list:
        for index, item in enumerate(value):
            _empty(item, f"{path}[{index}]", unknown)


def _prune_metadata(metadata: Any, path: str, unknown: list[str]) -> None:
    if type(metadata) is dict:
        for key in metadata.keys() - OBJECT_META_FIELDS:
            del metadata[key]
            unknown.append(f"{path}.{key}")
