"""Embedded resources (``x-kubernetes-embedded-resource``): whole objects inside an object.

They have to have a proper apiVersion, kind and metadata (``schema/objectmeta`` of the apiextensions-apiserver).  What
metadata looks like is known to whoever reads objects (`Metadata`); checks without a server look at what is simple.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, required
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.invariants import Check, walk
from kubewright.schema.structural.problems import Problem, Problems

_KIND = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_KIND_RULE = (
    "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric "
    "characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  "
    "or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
_LABEL_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


class Metadata(Protocol):
    """The rules for the metadata of an embedded resource."""

    def read(self, metadata: Any) -> dict[str, Any]:
        """The metadata as its Go type holds it.

        :raises ValueError: a field has the wrong type.
        """

    def check(self, metadata: Any) -> list[Cause]:
        """What is wrong with the metadata; fields begin with ``metadata``."""


class PlainMetadata:
    """Rules that need no knowledge of the type: names, and maps of strings."""

    def read(self, metadata: Any) -> dict[str, Any]:
        if not isinstance(metadata, dict):
            raise ValueError("must be an object")
        return metadata

    def check(self, metadata: Any) -> list[Cause]:
        if type(metadata) is not dict:
            return [invalid("metadata", metadata, "must be an object")]
        causes: list[Cause] = []
        name = metadata.get("name") or ""
        if not isinstance(name, str):
            causes.append(invalid("metadata.name", name, "must be a string"))
        elif name in (".", ".."):
            causes.append(invalid("metadata.name", name, f"may not be '{name}'"))
        else:
            causes += [invalid("metadata.name", name, f"may not contain '{char}'") for char in "/%" if char in name]
        for field in ("labels", "annotations"):
            mapping = metadata.get(field) or {}
            if not isinstance(mapping, dict) or not all(isinstance(one, str) for one in mapping.values()):
                causes.append(invalid(f"metadata.{field}", mapping, "must be a map of strings"))
            elif field == "labels":
                wrong = [text for text in mapping.values() if len(text) > 63 or not _LABEL_VALUE.match(text)]
                causes += [invalid("metadata.labels", text, _LABEL_VALUE_RULE) for text in wrong]
        return causes


_PLAIN = PlainMetadata()


def compile_embedded(node: Node, metadata: Metadata = _PLAIN) -> Check | None:
    """The check of every embedded resource below ``node``; None where there are none."""

    def check(value: Any) -> Problems:
        return _check(value, metadata)

    return walk(node, lambda child: check if child.embedded_resource else None)


def compile_reading(node: Node, metadata: Metadata) -> Callable[[Any], Problems] | None:
    """Bring the metadata of all embedded resources below ``node`` into form, in place; gives those of wrong types."""

    def read(value: Any) -> Problems:
        if type(value) is not dict:
            return None
        for field in ("apiVersion", "kind"):
            if not isinstance(value.get(field, ""), str):
                return [_moved(invalid(field, value[field], "must be a string"))]
        if "metadata" not in value:
            return None
        try:
            value["metadata"] = metadata.read(value["metadata"])
        except ValueError as error:
            return [_moved(invalid("metadata", value["metadata"], str(error)))]
        return None

    return walk(node, lambda child: read if child.embedded_resource else None)


def _moved(cause: Cause) -> Problem:
    """The problem of a cause whose field is still to be completed."""
    problem = Problem(lambda path: cause._replace(field=path))
    problem.path = cause.field
    return problem


def _check(value: Any, metadata: Metadata) -> Problems:
    if type(value) is not dict:
        return None
    problems: list[Problem] = []
    for field, rule in (("apiVersion", _check_api_version), ("kind", _check_kind)):
        text = value.get(field, MISSING)
        if text is MISSING:
            found: Problem | None = Problem(required)
        elif not isinstance(text, str):
            found = _bad(text, "must be a string")
        else:
            found = rule(text) if text else _bad(text, "must not be empty")
        if found is not None:
            found.path = field
            problems.append(found)
    if "metadata" in value:
        problems += [_moved(cause) for cause in metadata.check(value["metadata"])]
    return problems or None


def _bad(value: Any, detail: str) -> Problem:
    return Problem(lambda path: invalid(path, value, detail))


def _check_api_version(text: str) -> Problem | None:
    return _bad(text, f"unexpected GroupVersion string: {text}") if text.count("/") > 1 else None


def _check_kind(text: str) -> Problem | None:
    return _bad(text, _KIND_RULE) if len(text) > 63 or not _KIND.match(text.lower()) else None
