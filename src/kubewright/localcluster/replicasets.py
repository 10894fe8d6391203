"""The ReplicaSet controller, and that of its forerunner, the ReplicationController: as many Pods as asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.pods import available_since, deletion_order, is_active, is_available, is_ready, pod_from
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey
from kubewright.objects.apps_v1 import ReplicaSet
from kubewright.objects.core_v1 import Pod, ReplicationController
from kubewright.objects.errors import NotFound

T = TypeVar("T", ReplicaSet, ReplicationController)

_BURST = 500
"""How many Pods one reconcile makes or deletes at most, as `pkg/controller/replicaset` has it."""


def replicaset_controller(view: View) -> Controller[ObjectKey]:
    return _controller(view, "replicaset", ReplicaSet)


def replicationcontroller_controller(view: View) -> Controller[ObjectKey]:
    return _controller(view, "replicationcontroller", ReplicationController)


def _controller(view: View, name: str, cls: type[T]) -> Controller[ObjectKey]:
    async def reconcile(replicaset: T) -> Requeue | None:
        pods = [pod for pod in await claim(view, replicaset, Pod, adoptable=is_active) if is_active(pod)]
        if replicaset.metadata.deletion_timestamp is None:
            await _scale(view, replicaset, pods)
            pods = [pod for pod in view.owned(Pod, replicaset) if is_active(pod)]
        return _observe(replicaset, pods, datetime.now(UTC))

    return watch_orphans(view.controller(name, cls, reconcile, owns=[Pod]), view, Pod, cls)


async def _scale(view: View, replicaset: ReplicaSet | ReplicationController, pods: list[Pod]) -> None:
    wanted = 1 if replicaset.spec.replicas is None else replicaset.spec.replicas
    missing = min(wanted - len(pods), _BURST)
    if missing > 0:
        template = replicaset.spec.template
        await asyncio.gather(*(view.client.create(pod_from(template, replicaset)) for _ in range(missing)))
        return
    surplus = deletion_order(pods)[: min(len(pods) - wanted, _BURST)]
    await asyncio.gather(*(delete_pod(view, pod) for pod in surplus))


async def delete_pod(view: View, pod: Pod) -> None:
    """Delete this very Pod, if it is still there."""
    try:
        await view.client.delete(pod, uid=pod.metadata.uid)
    except NotFound:
        return


def _observe(replicaset: ReplicaSet | ReplicationController, pods: list[Pod], now: datetime) -> Requeue | None:
    """Put what is there into the status; asks to be called when a ready Pod will have been so for long enough."""
    template_labels = replicaset.spec.template.metadata.labels.items()
    minimum = replicaset.spec.min_ready_seconds or 0
    status = replicaset.status
    status.replicas = len(pods)
    status.fully_labeled_replicas = sum(template_labels <= pod.metadata.labels.items() for pod in pods) or None
    status.ready_replicas = sum(map(is_ready, pods)) or None
    status.available_replicas = sum(is_available(pod, minimum, now) for pod in pods) or None
    status.observed_generation = replicaset.metadata.generation
    waiting = [since for pod in pods if (since := available_since(pod, minimum)) and since > now]
    return Requeue(after=min(waiting) - now) if minimum and waiting else None
