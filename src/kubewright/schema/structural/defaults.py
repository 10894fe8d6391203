"""Whether the defaults of a structural schema follow it themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid
from kubewright.schema.node import MISSING, Node
from kubewright.schema.structural.embedded import compile_embedded
from kubewright.schema.structural.problems import NO_FIELD, Problems, same
from kubewright.schema.structural.pruning import compile_prune_value
from kubewright.schema.structural.rules import check_by_rules
from kubewright.schema.structural.spared import NOTHING_SPARED, Spared
from kubewright.schema.structural.values import compile_values


def check_defaults(raw: Mapping[str, Any], path: str, spared: Spared = NOTHING_SPARED) -> list[Cause]:
    """One error for each default with unknown fields, or the errors of its value."""
    return [cause for node, at in _defaults(Node(raw), path) for cause in _check(node, f"{at}.default", spared)]


def has_unpruned_defaults(raw: Mapping[str, Any]) -> bool:
    """Whether a default has fields that its schema does not know."""
    return any(_has_unknown_fields(node) for node, _ in _defaults(Node(raw), ""))


def _defaults(node: Node, path: str) -> Iterator[tuple[Node, str]]:
    """The places that have one.  Maps are not entered: defaults are forbidden in there."""
    if node.default is not MISSING and node.default is not None:
        yield node, path
    if node.items is not None:
        yield from _defaults(node.items, f"{path}.items")
    for name, prop in node.properties.items():
        yield from _defaults(prop, f"{path}.properties[{name}]")


def _has_unknown_fields(node: Node) -> bool:
    pruned = copy.deepcopy(node.default)
    compile_prune_value(node)(pruned)
    return not same(pruned, node.default)


def _check(node: Node, path: str, spared: Spared) -> Iterator[Cause]:
    default = node.default
    if not spared.unpruned_defaults and _has_unknown_fields(node):
        yield invalid(path, default, "must not have unknown fields")
    embedded = compile_embedded(node)
    problems: Problems = embedded(default) if embedded is not None else None
    problems = problems or compile_values(node)(default, MISSING)
    if problems is None:
        yield from check_by_rules(node, default, path)
    for problem in problems or ():
        cause = problem.cause()
        if cause.field == NO_FIELD:
            yield cause
            continue
        between = "" if not cause.field or cause.field[0] == "[" else "."
        yield cause._replace(field=f"{path}{between}{cause.field}")
