"""Labels of nodes that have newer names, or none at all: what Kubernetes warns of wherever a selector asks for one.

In goes a label or a selector, out come texts for the ``Warning`` header, as ``pkg/api/node/util.go`` words them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.metadata_rules import is_label_value
from kubewright.objects.field_errors import show

Spec = Mapping[str, Any]


def _renamed(since: str, name: str) -> str:
    return f"deprecated since {since}; use {show(name)} instead"


_DEPRECATED = {
    "beta.kubernetes.io/arch": _renamed("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": _renamed("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": _renamed("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": _renamed("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": _renamed("v1.17", "node.kubernetes.io/instance-type"),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def deprecated_label(label: str) -> str | None:
    """What is to be said of a label that nodes should not be chosen by any more."""
    return _DEPRECATED.get(label)


def node_term_warnings(term: Spec, at: str, *, values: bool = False) -> list[str]:
    """Of the expressions of a term; with ``values``, also of values that no label can have."""
    found = []
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        path, key = f"{at}.matchExpressions[{index}]", expression.get("key", "")
        if text := deprecated_label(key):
            found.append(f"{path}.key: {key} is {text}")
        for place, value in enumerate(expression.get("values") or () if values else ()):
            found += [f"{path}.values[{place}]: {value} is invalid, {text}" for text in is_label_value(value)]
    return found


def node_selector_warnings(selector: Spec, at: str) -> list[str]:
    """Of a label selector that chooses nodes."""
    labels = selector.get("matchLabels") or ()
    texts = [f"{at}.matchLabels.{label}: {text}" for label in labels if (text := deprecated_label(label))]
    return node_term_warnings(selector, at) + texts
