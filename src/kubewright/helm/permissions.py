"""The permissions that releases of a chart need, told from what the chart renders to.

Rendered objects go in; needs come out: to have every kind, to grant what rendered roles grant, and to keep releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubewright.helm.manifests import Raw, gvk_of
from kubewright.manager import Need
from kubewright.schema.builtin_kinds import served_kind

_HAVE = ("get", "list", "watch", "create", "patch", "delete")
_ROLES = ("Role", "ClusterRole")
_RBAC = "rbac.authorization.k8s.io"


def needs_of(objects: Iterable[Raw], definitions: Iterable[Raw], chart: str) -> list[Need]:
    """What the operator has to be allowed.

    :param definitions: those in the chart's ``crds/``.
    """
    definitions = list(definitions)
    needs = [Need("", "secrets", (*_HAVE, "update"), "keeping releases")]
    own = {(one["spec"]["group"], one["spec"]["names"]["kind"]): one["spec"] for one in definitions}
    for obj in objects:
        gvk = gvk_of(obj)
        spec = own.get((gvk.group, gvk.kind))
        plural, namespaced = (spec["names"]["plural"], spec["scope"] == "Namespaced") if spec else served_kind(gvk)
        needs.append(Need(gvk.group, plural, _HAVE, f"objects of chart {chart}", namespaced=namespaced))
        needs += _granted(obj, namespaced)
    if definitions:
        why = f"definitions of chart {chart}"
        verbs = ("get", "list", "watch", "create", "patch")
        needs.append(Need("apiextensions.k8s.io", "customresourcedefinitions", verbs, why, namespaced=False))
    return list(dict.fromkeys(needs))


def _granted(obj: Raw, namespaced: bool) -> Iterator[Need]:
    """Nobody may grant what he has not: what a rendered role says, or the right to bind one that is not rendered."""
    if gvk_of(obj).group != _RBAC:
        return
    why = f"granting what {obj['kind']} {obj['metadata']['name']} grants"
    for rule in (obj.get("rules") or ()) if obj["kind"] in _ROLES else ():
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for name in rule.get("resourceNames") or ("",):
                    yield Need(group, resource, tuple(rule["verbs"]), why, namespaced=namespaced, name=name)
    reference = obj.get("roleRef")
    if reference is not None:
        plural = "clusterroles" if reference["kind"] == "ClusterRole" else "roles"
        why = f"binding {reference['kind']} {reference['name']}"
        yield Need(_RBAC, plural, ("bind",), why, namespaced=plural == "roles", name=reference["name"])
