"""Kinds by name: the classes of those that Kubernetes itself has, and how any kind is served.

A kind's group, version and name go in; its class comes out, or its plural and scope, which are guessed for kinds that
nobody here knows.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import NamedTuple

from kubewright.objects import GroupVersionKind, Object
from kubewright.schema.plurals import pluralize


class ServedKind(NamedTuple):
    """What the path of a kind's objects is made of."""

    plural: str
    namespaced: bool


@cache
def builtin_class(gvk: GroupVersionKind) -> type[Object] | None:
    """The class of a kind that Kubernetes itself has."""
    group = gvk.group.partition(".")[0] or "core"
    try:
        module = importlib.import_module(f"kubewright.objects.{group}_{gvk.version}")
    except ModuleNotFoundError:
        return None
    found = getattr(module, gvk.kind, None)
    return found if isinstance(found, type) and issubclass(found, Object) and found.gvk == gvk else None


def served_kind(gvk: GroupVersionKind) -> ServedKind:
    """How a kind is served: known of built-in ones; of others the plural is English, and ``ClusterX`` has no namespace.

    For permissions that are written without a cluster at hand; discovery knows better.
    """
    builtin = builtin_class(gvk)
    if builtin is not None:
        return ServedKind(builtin.plural, builtin.namespaced)
    without_namespace = gvk.kind.startswith("Cluster") and gvk.kind != "Cluster"
    return ServedKind(pluralize(gvk.kind), not without_namespace)
