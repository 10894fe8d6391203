"""Values at dotted paths of custom resources, as the scale subresource reads them.

An object and a path (``.spec.replicas``) come in; the value of the wanted type goes out, or what keeps it from being
read, worded as ``NestedInt64`` and ``NestedString`` of ``k8s.io/apimachinery/pkg/apis/meta/v1/unstructured`` word it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.objects.go_values import shown, type_name
from kubewright.schema.node import MISSING


class AccessorError(ValueError):
    """A value is of another type than its path says."""


def integer(obj: Mapping[str, Any], path: str) -> int | None:
    """The integer at a path; None where there is none.

    :raises AccessorError: there is something else, or null.
    """
    found = _find(obj, path)
    if found is MISSING:
        return None
    if not isinstance(found, int) or isinstance(found, bool):
        raise AccessorError(_problem(path, found, "int64"))
    return found


def string(obj: Mapping[str, Any], path: str) -> str | None:
    """The string at a path; None where there is none.

    :raises AccessorError: there is something else, or null.
    """
    found = _find(obj, path)
    if found is MISSING:
        return None
    if not isinstance(found, str):
        raise AccessorError(_problem(path, found, "string"))
    return found


def _find(obj: Mapping[str, Any], path: str) -> Any:
    value: Any = obj
    passed = ""
    for name in path.removeprefix(".").split("."):
        if value is None:
            return MISSING  # Null on the way is as good as nothing; at the end it is a value.
        passed = f"{passed}.{name}"
        if not isinstance(value, dict):
            raise AccessorError(_problem(passed, value, "map[string]interface{}"))
        if name not in value:
            return MISSING
        value = value[name]
    return value


def _problem(path: str, value: Any, wanted: str) -> str:
    path = f".{path.removeprefix('.')}"
    return f"{path} accessor error: {shown(value)} is of the type {type_name(value)}, expected {wanted}"
