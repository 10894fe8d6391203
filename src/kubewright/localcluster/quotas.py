"""The resource quota controller: what a namespace uses of its quotas, counted anew when something goes.

Admission charges quotas when objects are made; this puts ``status.hard`` there in the first place and gives back what
is gone (`pkg/controller/resourcequota`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kubewright.apiserver.admission.resource_quota import Usage, in_scope, usage_of
from kubewright.client import NoMatch, Untyped
from kubewright.controller import Controller, Requeue
from kubewright.localcluster.view import View
from kubewright.objects import Object, ObjectKey, Quantity, key, to_dict
from kubewright.objects.core_v1 import ConfigMap, PersistentVolumeClaim, Pod, ResourceQuota, Secret, Service

_FOLLOWED: tuple[type[Object], ...] = (Pod, Service, ConfigMap, Secret, PersistentVolumeClaim)
_PLURALS = {cls.plural: cls for cls in _FOLLOWED}
_LOOK_AGAIN = 5.0
"""Seconds between two counts of kinds that are not followed."""


def quota_controller(view: View) -> Controller[ObjectKey]:
    def quotas_of(obj: Object) -> Iterable[ObjectKey]:
        return [key(quota) for quota in view.select(ResourceQuota, obj.metadata.namespace)]

    async def reconcile(quota: ResourceQuota) -> Requeue | None:
        if quota.metadata.deletion_timestamp is not None:
            return None
        namespace, hard = quota.metadata.namespace, quota.spec.hard
        followed = {_followed(name) for name in hard} - {None}
        objects = (
            (cls.plural, to_dict(obj)) for cls in followed if cls is not None for obj in view.select(cls, namespace)
        )
        spec = to_dict(quota.spec)
        used = _sum(usage_of("", plural, obj) for plural, obj in objects if in_scope(spec, "", plural, obj))
        others = [name for name in hard if _followed(name) is None]
        for name in others:
            used[name] = Quantity(await _count(view, name.removeprefix("count/"), namespace))
        wanted = {name: used.get(name, Quantity(0)) for name in hard}
        quota.status.hard = dict(hard)
        quota.status.used = wanted
        return Requeue(after=_LOOK_AGAIN) if others else None

    return view.controller(
        "resourcequota", ResourceQuota, reconcile, maps=dict.fromkeys(_FOLLOWED, quotas_of), workers=1
    )


def _followed(name: str) -> type[Object] | None:
    """The kind whose objects a quota's resource counts, if it is one of those that are followed."""
    if name.startswith("count/"):
        return _PLURALS.get(name.removeprefix("count/"))
    if name.startswith("services."):
        return Service
    if name == "requests.storage" or ".storageclass.storage.k8s.io/" in name:
        return PersistentVolumeClaim
    if name.startswith(("requests.", "limits.")) or name in ("cpu", "memory", "ephemeral-storage"):
        return Pod
    return _PLURALS.get(name)


def _sum(usages: Iterable[Usage]) -> Usage:
    total: Usage = {}
    for usage in usages:
        for name, amount in usage.items():
            total[name] = total.get(name, Quantity(0)) + amount
    return total


async def _count(view: View, resource: str, namespace: str) -> int:
    """How many objects of a resource, such as ``deployments.apps``, there are."""
    try:
        mapping = await view.client.mapper.resource(resource)
    except NoMatch:
        return 0
    found: list[Any] = await view.client.list(Untyped(mapping.kind), namespace=namespace)
    return len(found)
