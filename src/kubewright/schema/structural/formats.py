"""Which formats a custom resource schema may demand; one that Kubernetes does not know is ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubewright.cel.string_formats import FORMATS
from kubewright.schema.structural.structurality import Raw, subschemas


def supported_format(type_name: str | None, format_name: str) -> str:
    """The format if it is checked for this type, else an empty string.

    The rules are those of ``k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go``.
    """
    if not format_name:
        return ""
    match type_name:
        case None | "string":
            return format_name if format_name.replace("-", "") in FORMATS else ""
        case "integer":
            return format_name if format_name in ("int32", "int64") else ""
        case "number":
            return format_name if format_name in ("float", "double") else ""
    return ""


def unrecognized_formats(raw: Raw) -> Iterator[str]:
    """Every format in a schema that will not be checked; the apiserver warns of them."""
    name: Any = raw.get("format")
    if name and not supported_format(raw.get("type"), name):
        yield str(name)
    for _, child in subschemas(raw):
        yield from unrecognized_formats(child)
