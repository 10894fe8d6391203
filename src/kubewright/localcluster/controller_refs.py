"""Whose an object is: workloads adopt what they select and nobody controls, and release what they no longer select.

A controller asks `claim` instead of only looking at owner references, and `watch_orphans` wakes it when an object
without a controller turns up.  The rules are those of client-go's ``ControllerRefManager``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from kubewright.cache.event import Event
from kubewright.controller import Controller, KindSource
from kubewright.localcluster.view import View
from kubewright.objects import Object, ObjectKey, key, owner_reference, to_dict
from kubewright.objects.apps_v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from kubewright.objects.batch_v1 import Job
from kubewright.objects.core_v1 import ReplicationController
from kubewright.objects.errors import NotFound
from kubewright.objects.selectors import LabelSelector

Workload: TypeAlias = DaemonSet | Deployment | Job | ReplicaSet | ReplicationController | StatefulSet

T = TypeVar("T", bound=Object)


def selector_of(workload: Workload) -> LabelSelector | None:
    """What the workload selects; None where it has no selector, which then selects nothing."""
    given = workload.spec.selector
    if not given:
        return None
    return LabelSelector.from_object({"matchLabels": given} if isinstance(given, dict) else to_dict(given))


async def claim(
    view: View, workload: Workload, cls: type[T], *, adoptable: Callable[[T], bool] = lambda orphan: True
) -> list[T]:
    """The objects that the workload controls now, those that it adopts included.

    :param adoptable: which of the orphans that its selector matches it may have.
    """
    selector, going = selector_of(workload), workload.metadata.deletion_timestamp is not None
    claimed: list[T] = []
    for obj in view.owned(cls, workload):
        if selector is not None and selector.matches(obj.metadata.labels):
            claimed.append(obj)
        elif not going:
            await _release(view, workload, obj)
    if going or selector is None:
        return claimed
    orphans = [
        orphan
        for orphan in view.orphans(cls, workload.metadata.namespace)
        if orphan.metadata.deletion_timestamp is None and selector.matches(orphan.metadata.labels) and adoptable(orphan)
    ]
    if orphans and await _may_adopt(view, workload):
        claimed += [taken for orphan in orphans if (taken := await _adopt(view, workload, orphan)) is not None]
    return claimed


def watch_orphans(
    controller: Controller[ObjectKey], view: View, cls: type[Object], *workloads: type[Workload]
) -> Controller[ObjectKey]:
    """Have the controller look at each workload that an object without a controller could belong to."""

    def adopters(event: Event[Object]) -> Iterable[ObjectKey]:
        seen = event.new
        if seen is None or any(reference.controller for reference in seen.owner_references):
            return
        for kind in workloads:
            for workload in view.select(kind, seen.key.namespace):
                selector = selector_of(workload)
                if selector is not None and selector.matches(seen.labels):
                    yield key(workload)

    controller.watch(KindSource(f"orphaned {cls.__name__}", view.informer(cls), adopters))
    return controller


async def _may_adopt(view: View, workload: Workload) -> bool:
    """Asked of the server: a cache that lags must not give objects to a workload that is going or gone."""
    try:
        live = await view.client.get(type(workload), workload.metadata.name, workload.metadata.namespace)
    except NotFound:
        return False
    return live.metadata.uid == workload.metadata.uid and live.metadata.deletion_timestamp is None


async def _adopt(view: View, workload: Workload, orphan: T) -> T | None:
    reference = to_dict(owner_reference(workload))
    patch = {"metadata": {"uid": orphan.metadata.uid, "ownerReferences": [reference]}}
    try:
        return await view.client.patch(orphan, strategic=patch)
    except NotFound:
        return None


async def _release(view: View, workload: Workload, obj: Object) -> None:
    reference = {"$patch": "delete", "uid": workload.metadata.uid}
    try:
        await view.client.patch(obj, strategic={"metadata": {"uid": obj.metadata.uid, "ownerReferences": [reference]}})
    except NotFound:
        return
