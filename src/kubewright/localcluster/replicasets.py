"""The ReplicaSet controller, and that of its forerunner, the ReplicationController: as many Pods as asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TypeVar

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.pod_control import PodControl
from kubewright.localcluster.pods import available_since, deletion_order, is_active, is_available, is_ready, pod_from
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey
from kubewright.objects.apps_v1 import ReplicaSet, ReplicaSetCondition
from kubewright.objects.core_v1 import Pod, ReplicationController, ReplicationControllerCondition
from kubewright.objects.errors import APIError

T = TypeVar("T", ReplicaSet, ReplicationController)
C = TypeVar("C", ReplicaSetCondition, ReplicationControllerCondition)

REPLICA_FAILURE = "ReplicaFailure"
"""The condition that says that Pods could not be made, of a ReplicaSet and of its Deployment."""

_BURST = 500
"""How many Pods one reconcile makes or deletes at most, as `pkg/controller/replicaset` has it."""


def replicaset_controller(view: View) -> Controller[ObjectKey]:
    return _controller(view, "replicaset", ReplicaSet, PodControl(view, "replicaset-controller"))


def replicationcontroller_controller(view: View) -> Controller[ObjectKey]:
    control = PodControl(view, "replication-controller")
    return _controller(view, "replicationcontroller", ReplicationController, control)


def _controller(view: View, name: str, cls: type[T], control: PodControl) -> Controller[ObjectKey]:
    async def reconcile(replicaset: T) -> Requeue | None:
        pods = [pod for pod in await claim(view, replicaset, Pod, adoptable=is_active) if is_active(pod)]
        refused: APIError | None = None
        if replicaset.metadata.deletion_timestamp is None:
            refused = await _scale(control, replicaset, pods)
            pods = [pod for pod in view.owned(Pod, replicaset) if is_active(pod)]
        outcome = _observe(replicaset, pods, refused, datetime.now(UTC))
        return outcome if refused is None else Requeue()  # Tried again, later and later.

    return watch_orphans(view.controller(name, cls, reconcile, owns=[Pod]), view, Pod, cls)


async def _scale(
    control: PodControl, replicaset: ReplicaSet | ReplicationController, pods: list[Pod]
) -> APIError | None:
    """Make what is missing or delete what is too much; returns why a Pod was refused, if one was."""
    wanted = 1 if replicaset.spec.replicas is None else replicaset.spec.replicas
    missing = min(wanted - len(pods), _BURST)
    if missing > 0:
        template = replicaset.spec.template
        return await control.create_all(replicaset, [pod_from(template, replicaset) for _ in range(missing)])
    surplus = deletion_order(pods)[: min(len(pods) - wanted, _BURST)]
    await asyncio.gather(*(control.delete(replicaset, pod) for pod in surplus))
    return None


def _observe(
    replicaset: ReplicaSet | ReplicationController, pods: list[Pod], refused: APIError | None, now: datetime
) -> Requeue | None:
    """Put what is there into the status; asks to be called when a ready Pod will have been so for long enough."""
    template_labels = replicaset.spec.template.metadata.labels.items()
    minimum = replicaset.spec.min_ready_seconds or 0
    status = replicaset.status
    status.replicas = len(pods)
    status.fully_labeled_replicas = sum(template_labels <= pod.metadata.labels.items() for pod in pods) or None
    status.ready_replicas = sum(map(is_ready, pods)) or None
    status.available_replicas = sum(is_available(pod, minimum, now) for pod in pods) or None
    status.observed_generation = replicaset.metadata.generation
    _observe_refusal(replicaset, refused, now)
    waiting = [since for pod in pods if (since := available_since(pod, minimum)) and since > now]
    return Requeue(after=min(waiting) - now) if minimum and waiting else None


def _observe_refusal(replicaset: ReplicaSet | ReplicationController, refused: APIError | None, now: datetime) -> None:
    """The condition ReplicaFailure is there as long as Pods are refused, with the first refusal's reason."""
    told = [condition.type for condition in replicaset.status.conditions]
    if refused is None:
        if REPLICA_FAILURE in told:
            del replicaset.status.conditions[told.index(REPLICA_FAILURE)]
    elif REPLICA_FAILURE not in told:
        if isinstance(replicaset, ReplicaSet):
            replicaset.status.conditions.append(_failure(ReplicaSetCondition, refused, now))
        else:
            replicaset.status.conditions.append(_failure(ReplicationControllerCondition, refused, now))


def _failure(cls: type[C], refused: APIError, now: datetime) -> C:
    return cls(
        type=REPLICA_FAILURE, status="True", reason="FailedCreate", message=str(refused),
        last_transition_time=now.replace(microsecond=0),
    )  # fmt: skip
