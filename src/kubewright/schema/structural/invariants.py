"""Rules of Kubernetes' own extensions that plain OpenAPI lacks: unique lists, and embedded resources.

``x-kubernetes-list-type`` set and map make items unique (``schema/listtype`` of the apiextensions-apiserver),
``x-kubernetes-embedded-resource`` demands a proper apiVersion, kind and metadata (``schema/objectmeta``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from kubewright.objects.field_errors import duplicate, invalid, required
from kubewright.schema.node import Node
from kubewright.schema.structural.problems import Problem, Problems, below

Check = Callable[[Any], Problems]
Local = Callable[[Node], Check | None]

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


def compile_list_types(node: Node) -> Check | None:
    """The uniqueness check of every set and map list below ``node``; None where there are none."""
    return _walk(node, _unique_items)


def compile_embedded(node: Node) -> Check | None:
    """The check of every embedded resource below ``node``; None where there are none."""
    return _walk(node, lambda child: _check_embedded if child.embedded_resource else None)


def _walk(node: Node, local: Local) -> Check | None:
    """Apply ``local`` checks wherever a schema below ``node`` has one, and visit nothing else."""
    own = local(node)
    items = _walk(node.items, local) if node.items is not None else None
    members = {name: inner for name, prop in node.properties.items() if (inner := _walk(prop, local)) is not None}
    additional = node.additional if isinstance(node.raw.get("additionalProperties"), dict) else None
    values = _walk(additional, local) if additional is not None else None
    if own is None and items is None and not members and values is None:
        return None

    def check(value: Any) -> Problems:
        problems: list[Problem] = []
        if own is not None:
            problems += own(value) or ()
        if type(value) is dict:
            for name, member in members.items():
                if name in value and (found := member(value[name])) is not None:
                    below(found, name)
                    problems += found
            if values is not None:
                for key, one in value.items():
                    if key not in members and (found := values(one)) is not None:
                        below(found, f"[{key}]")
                        problems += found
        elif type(value) is list and items is not None:
            for index, one in enumerate(value):
                if (found := items(one)) is not None:
                    below(found, f"[{index}]")
                    problems += found
        return problems or None

    return check


def _unique_items(node: Node) -> Check | None:
    match node.list_type:
        case "set":
            return lambda value: _duplicates(value, value) if type(value) is list else None
        case "map":
            return lambda value: _unique_keys(value, node.list_map_keys) if type(value) is list else None
    return None


def _unique_keys(value: list[Any], keys: Sequence[str]) -> Problems:
    for index, item in enumerate(value):
        if item is not None and type(item) is not dict:
            return [_at(index, item, "must be an object for an array of list-type map")]
    return _duplicates(value, [{key: item[key] for key in keys if key in item} if item else {} for item in value])


def _duplicates(value: list[Any], identities: list[Any]) -> Problems:
    """One problem for each identity that occurs again, at its second place."""
    if len(value) <= 1:
        return None
    seen: dict[bytes, int] = {}
    problems: list[Problem] = []
    for index, identity in enumerate(identities):
        key = msgspec.json.encode(identity, order="deterministic")
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            problems.append(_duplicate(index, identity))
    return problems or None


def _duplicate(index: int, identity: Any) -> Problem:
    problem = Problem(lambda path: duplicate(path, identity))
    problem.path = f"[{index}]"
    return problem


def _at(index: int, value: Any, detail: str) -> Problem:
    problem = Problem(lambda path: invalid(path, value, detail))
    problem.path = f"[{index}]"
    return problem


def _check_embedded(value: Any) -> Problems:
    if type(value) is not dict:
        return None
    problems: list[Problem] = []
    for field, rule in (("apiVersion", _check_api_version), ("kind", _check_kind)):
        text = value.get(field)
        if text is None or text == "":
            found: Problem | None = Problem(required)
        elif not isinstance(text, str):
            found = _bad(text, "must be a string")
        else:
            found = rule(text)
        if found is not None:
            found.path = field
            problems.append(found)
    if "metadata" in value:
        found_in_metadata = _check_metadata(value["metadata"])
        below(found_in_metadata, "metadata")
        problems += found_in_metadata
    return problems or None


def _bad(value: Any, detail: str) -> Problem:
    return Problem(lambda path: invalid(path, value, detail))


def _check_api_version(text: str) -> Problem | None:
    return _bad(text, f"unexpected GroupVersion string: {text}") if text.count("/") > 1 else None


def _check_kind(text: str) -> Problem | None:
    return _bad(text, _KIND_RULE) if len(text) > 63 or not _KIND.match(text.lower()) else None


def _check_metadata(metadata: Any) -> list[Problem]:
    if type(metadata) is not dict:
        return [_bad(metadata, "must be an object")]
    problems: list[Problem] = []

    def report(field: str, value: Any, detail: str) -> None:
        problem = _bad(value, detail)
        problem.path = field
        problems.append(problem)

    name = metadata.get("name") or ""
    if not isinstance(name, str):
        report("name", name, "must be a string")
    elif name in (".", ".."):
        report("name", name, f"may not be '{name}'")
    else:
        for char in "/%":
            if char in name:
                report("name", name, f"may not contain '{char}'")
    for field in ("labels", "annotations"):
        mapping = metadata.get(field) or {}
        if not isinstance(mapping, dict) or not all(isinstance(one, str) for one in mapping.values()):
            report(field, mapping, "must be a map of strings")
        elif field == "labels":
            for text in mapping.values():
                if len(text) > 63 or not _LABEL_VALUE.match(text):
                    report(field, text, _LABEL_VALUE_RULE)
    return problems
