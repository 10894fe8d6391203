"""Defaults of a structural schema, compiled: an object comes in, missing members are filled in place.

The rules are those of ``k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting``: nulls that are neither
nullable nor defaulted are dropped first; a default is filled before its own members are defaulted; a missing parent is
not created for a child's sake.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from kubewright.schema.node import MISSING, Node

Default = Callable[[Any], None]


def compile_defaults(node: Node) -> Default:
    """The function that defaults a value of ``node`` in place."""
    return _compile(node) or (lambda value: None)


def _compile(node: Node) -> Default | None:
    """None where nothing below could be defaulted or be null; nulls can be anywhere below an object or array."""
    if node.items is not None:
        return _list(node.items)
    if node.properties or node.additional is not None:
        return _object(node)
    return None


def _list(items: Node) -> Default | None:
    inside = _compile(items)
    default, nullable = _default_of(items), items.nullable

    def apply(value: Any) -> None:
        if type(value) is not list:
            return
        for index, item in enumerate(value):
            if item is None and not nullable and default is not MISSING:
                item = value[index] = _fresh(default)
            if inside is not None and item is not None:
                inside(item)

    return apply


def _object(node: Node) -> Default:
    inside = {name: child for name, prop in node.properties.items() if (child := _compile(prop)) is not None}
    defaults = {name: _default_of(prop) for name, prop in node.properties.items() if _default_of(prop) is not MISSING}
    nullable = {name for name, prop in node.properties.items() if prop.nullable}
    values = None if node.properties else node.additional
    inside_values = _compile(values) if values is not None else None

    def drop_null(obj: dict[str, Any], key: str) -> None:
        member = node.properties.get(key, values)
        if member is None or member.nullable or key in defaults:
            return
        if _default_of(member) is MISSING:
            del obj[key]
        else:
            obj[key] = _fresh(member.default)

    def apply(obj: Any) -> None:
        if type(obj) is not dict:
            return
        if None in obj.values():
            for key in [key for key, value in obj.items() if value is None]:
                drop_null(obj, key)
        for name, default in defaults.items():
            if name not in obj or (obj[name] is None and name not in nullable):
                obj[name] = _fresh(default)
        for name, child in inside.items():
            value = obj.get(name)
            if value is not None:
                child(value)
        if inside_values is not None:
            for value in obj.values():
                inside_values(value)

    return apply


def _default_of(node: Node) -> Any:
    """The default, or ``MISSING``; a default of null is none."""
    return MISSING if node.default is None else node.default


def _fresh(default: Any) -> Any:
    return copy.deepcopy(default) if isinstance(default, dict | list) else default
