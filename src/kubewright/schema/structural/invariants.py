"""Rules of Kubernetes' own extensions, wherever a schema has them; here: items of lists that have to be unique.

``x-kubernetes-list-type`` set and map make them so (``schema/listtype`` of the apiextensions-apiserver).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from kubewright.objects.field_errors import duplicate, invalid
from kubewright.schema.node import Node
from kubewright.schema.structural.problems import Problem, Problems, below

Check = Callable[[Any], Problems]
Local = Callable[[Node], Check | None]


def compile_list_types(node: Node) -> Check | None:
    """The uniqueness check of every set and map list below ``node``; None where there are none."""
    return walk(node, _unique_items)


def walk(node: Node, local: Local) -> Check | None:
    """Apply ``local`` checks wherever a schema below ``node`` has one, and visit nothing else."""
    own = local(node)
    items = walk(node.items, local) if node.items is not None else None
    members = {name: inner for name, prop in node.properties.items() if (inner := walk(prop, local)) is not None}
    additional = node.additional if isinstance(node.raw.get("additionalProperties"), dict) else None
    values = walk(additional, local) if additional is not None else None
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
        case "map" if keys := node.list_map_keys:
            identity = itemgetter(*keys)
            return lambda value: _unique_keys(value, keys, identity) if type(value) is list else None
    return None


def _unique_keys(value: list[Any], keys: Sequence[str], identity: Callable[[Any], Any]) -> Problems:
    if _surely_distinct(value, identity):
        return None
    for index, item in enumerate(value):
        if item is not None and type(item) is not dict:
            return [_at(index, item, "must be an object for an array of list-type map")]
    return _duplicates(value, [{key: item[key] for key in keys if key in item} if item else {} for item in value])


def _surely_distinct(value: list[Any], identity: Callable[[Any], Any]) -> bool:
    """Whether no two objects have the same keys, found out at the speed of C: a no may be wrong, a yes never is."""
    try:
        return len(set(map(identity, value))) == len(value)
    except (LookupError, TypeError):  # no object, or a key that is missing or none of the scalars
        return False


def _duplicates(value: list[Any], identities: list[Any]) -> Problems:
    """One problem for each identity that occurs again, at its second place.

    As in Kubernetes, 1 and 1.0 are two items of a list, but objects and lists are compared as Go writes them: without
    the fraction.
    """
    if len(value) <= 1:
        return None
    seen: dict[bytes, int] = {}
    problems: list[Problem] = []
    for index, identity in enumerate(identities):
        key = msgspec.json.encode(identity, order="deterministic")
        if type(identity) in (dict, list) and b".0" in key:
            key = msgspec.json.encode(_without_fractions(identity), order="deterministic")
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            problems.append(_duplicate(index, identity))
    return problems or None


def _without_fractions(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_fractions(inner) for name, inner in value.items()}
        case list():
            return [_without_fractions(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _duplicate(index: int, identity: Any) -> Problem:
    problem = Problem(lambda path: duplicate(path, identity))
    problem.path = f"[{index}]"
    return problem


def _at(index: int, value: Any, detail: str) -> Problem:
    problem = Problem(lambda path: invalid(path, value, detail))
    problem.path = f"[{index}]"
    return problem
