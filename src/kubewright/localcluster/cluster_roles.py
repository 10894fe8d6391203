"""The aggregation of ClusterRoles: a role with an ``aggregationRule`` holds the rules of all roles that it selects.

As `pkg/controller/clusterroleaggregation`: the selectors in order, the roles that each finds by name, no rule twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, key, to_dict
from kubewright.objects.rbac_v1 import ClusterRole
from kubewright.objects.selectors import LabelSelector

_MANAGER = "clusterrole-aggregation-controller"
_AGGREGATING = "aggregating"
"""The index of the few roles that hold others: every change of any role asks for them."""


def cluster_role_controller(view: View) -> Controller[ObjectKey]:
    indexer = view.informer(ClusterRole).indexer
    indexer.add_index(_AGGREGATING, lambda stored: [_AGGREGATING] if stored.decode().aggregation_rule else [])

    def holders_of(role: ClusterRole) -> Iterable[ObjectKey]:
        """The roles that hold the rules of this one."""
        return [
            key(holder)
            for holder in (stored.decode() for stored in indexer.by_index(_AGGREGATING, _AGGREGATING))
            if any(selector.matches(role.metadata.labels) for selector in _selectors(holder))
        ]

    async def reconcile(role: ClusterRole) -> Requeue | None:
        selectors = _selectors(role)
        if not selectors:
            return None
        wanted: list[dict[str, Any]] = []
        for selector in selectors:
            chosen = view.select(ClusterRole, "", labels=selector)
            for other in sorted(chosen, key=lambda one: one.metadata.name):
                if other.metadata.name != role.metadata.name:
                    wanted += [rule for rule in map(to_dict, other.rules) if rule not in wanted]
        if wanted != [to_dict(rule) for rule in role.rules]:
            await view.client.patch(ClusterRole, role.metadata.name, merge={"rules": wanted}, field_manager=_MANAGER)
        return None

    return view.controller("clusterroleaggregation", ClusterRole, reconcile, maps={ClusterRole: holders_of}, workers=1)


def _selectors(role: ClusterRole) -> list[LabelSelector]:
    rule = role.aggregation_rule
    if rule is None:
        return []
    return [LabelSelector.from_object(to_dict(selector)) for selector in rule.cluster_role_selectors]
