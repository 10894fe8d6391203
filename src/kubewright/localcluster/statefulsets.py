"""The StatefulSet controller: Pods with names of their own, made and replaced in order.

What to do next is decided by `plan`, which is pure; the rules are those of `pkg/controller/statefulset`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import NamedTuple

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.pod_control import PodControl
from kubewright.localcluster.pods import is_ready, pod_from
from kubewright.localcluster.revisions import HASH, ensure_revision, template_of
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, from_json, to_json
from kubewright.objects.apps_v1 import ControllerRevision, StatefulSet
from kubewright.objects.core_v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimVolumeSource,
    Pod,
    PodTemplateSpec,
    Volume,
)
from kubewright.objects.errors import AlreadyExists

_INDEX = "apps.kubernetes.io/pod-index"
_POD_NAME = "statefulset.kubernetes.io/pod-name"


class Replica(NamedTuple):
    """One Pod as the plan sees it."""

    revision: str
    ready: bool
    ended: bool
    going: bool


class Plan(NamedTuple):
    create: list[int]
    delete: list[int]


def plan(
    wanted: range,
    replicas: Mapping[int, Replica],
    *,
    update_revision: str,
    partition: int = 0,
    parallel: bool = False,
    on_delete: bool = False,
) -> Plan:
    """Which ordinals to make and which to delete now.

    In order, one at a time, each only when all before it are ready; ``parallel`` makes and deletes regardless of order.
    Pods of an older revision are replaced from the highest ordinal down to ``partition``, when all are ready.
    """
    ended = [ordinal for ordinal, one in replicas.items() if one.ended and not one.going]
    missing = [ordinal for ordinal in wanted if ordinal not in replicas]
    surplus = sorted((n for n, one in replicas.items() if n not in wanted and not one.going), reverse=True)
    if parallel:
        if missing or surplus or ended:
            return Plan(missing, [*ended, *surplus])
    else:
        for ordinal in wanted:
            one = replicas.get(ordinal)
            if one is None:
                return Plan([ordinal], [])
            if one.ended:
                return Plan([], [ordinal] if not one.going else [])
            if not one.ready or one.going:
                return Plan([], [])
        if surplus or any(n not in wanted for n in replicas):
            return Plan([], surplus[:1] if not any(replicas[n].going for n in replicas if n not in wanted) else [])
    if on_delete:
        return Plan([], [])
    for ordinal in reversed(wanted):
        one = replicas[ordinal]
        if one.going or not one.ready:
            return Plan([], [])
        if ordinal >= partition and one.revision != update_revision:
            return Plan([], [ordinal])
    return Plan([], [])


def statefulset_controller(view: View) -> Controller[ObjectKey]:
    control = PodControl(view, "statefulset-controller")

    async def reconcile(sts: StatefulSet) -> Requeue | None:
        if sts.metadata.deletion_timestamp is not None:
            return None
        await claim(view, sts, ControllerRevision)
        await claim(view, sts, Pod, adoptable=lambda pod: _ordinal(sts, pod) is not None)
        limit = 10 if sts.spec.revision_history_limit is None else sts.spec.revision_history_limit
        update = await ensure_revision(view, sts, sts.spec.template, limit=limit)
        current = sts.status.current_revision or update
        pods = _by_ordinal(view, sts)
        strategy = sts.spec.update_strategy
        rolling = strategy.rolling_update if strategy else None
        partition = (rolling.partition or 0) if rolling else 0
        steps = plan(
            _wanted(sts),
            {ordinal: _replica(pod) for ordinal, pod in pods.items()},
            update_revision=update,
            partition=partition,
            parallel=sts.spec.pod_management_policy == "Parallel",
            on_delete=strategy is not None and strategy.type == "OnDelete",
        )
        revisions = {ordinal: current if ordinal < partition else update for ordinal in steps.create}
        await asyncio.gather(
            *(_create(view, control, sts, ordinal, revision) for ordinal, revision in revisions.items())
        )
        await asyncio.gather(*(control.delete(sts, pods[ordinal]) for ordinal in steps.delete))
        _observe(sts, _by_ordinal(view, sts), current, update)
        return None

    controller = view.controller("statefulset", StatefulSet, reconcile, owns=[Pod, ControllerRevision])
    return watch_orphans(controller, view, Pod, StatefulSet)


def _wanted(sts: StatefulSet) -> range:
    start = (sts.spec.ordinals.start or 0) if sts.spec.ordinals else 0
    return range(start, start + (1 if sts.spec.replicas is None else sts.spec.replicas))


def _by_ordinal(view: View, sts: StatefulSet) -> dict[int, Pod]:
    pods = {_ordinal(sts, pod): pod for pod in view.owned(Pod, sts)}
    return {ordinal: pod for ordinal, pod in pods.items() if ordinal is not None}


def _ordinal(sts: StatefulSet, pod: Pod) -> int | None:
    """Which of the set's Pods one is, by its name."""
    name, _, ordinal = pod.metadata.name.rpartition("-")
    return int(ordinal) if name == sts.metadata.name and ordinal.isdigit() else None


def _replica(pod: Pod) -> Replica:
    ended = pod.status.phase in ("Succeeded", "Failed")
    going = pod.metadata.deletion_timestamp is not None
    return Replica(pod.metadata.labels.get(HASH, ""), is_ready(pod), ended, going)


async def _create(view: View, control: PodControl, sts: StatefulSet, ordinal: int, revision: str) -> None:
    name = f"{sts.metadata.name}-{ordinal}"
    template = template_of(view, sts, revision) or from_json(PodTemplateSpec, to_json(sts.spec.template))
    for claim_template in sts.spec.volume_claim_templates:
        claim = await _claim(view, sts, claim_template, name)
        template.spec.volumes = [one for one in template.spec.volumes if one.name != claim_template.metadata.name]
        source = PersistentVolumeClaimVolumeSource(claim_name=claim)
        template.spec.volumes.append(Volume(name=claim_template.metadata.name, persistent_volume_claim=source))
    template.spec.hostname, template.spec.subdomain = name, sts.spec.service_name
    pod = pod_from(template, sts, name=name, labels={HASH: revision, _POD_NAME: name, _INDEX: str(ordinal)})
    with contextlib.suppress(AlreadyExists):  # The former one is still going.
        await control.create(sts, pod)


async def _claim(view: View, sts: StatefulSet, template: PersistentVolumeClaim, pod: str) -> str:
    """The name of a Pod's claim, made if there is none; it outlives the Pod."""
    claim = from_json(PersistentVolumeClaim, to_json(template))
    claim.metadata.name, claim.metadata.namespace = f"{template.metadata.name}-{pod}", sts.metadata.namespace
    claim.metadata.labels = {**sts.spec.selector.match_labels, **claim.metadata.labels}
    if view.get(PersistentVolumeClaim, claim.metadata.name, claim.metadata.namespace) is None:
        with contextlib.suppress(AlreadyExists):
            await view.client.create(claim)
    return claim.metadata.name


def _observe(sts: StatefulSet, pods: Mapping[int, Pod], current: str, update: str) -> None:
    replicas = [_replica(pod) for pod in pods.values()]
    status, wanted = sts.status, len(_wanted(sts))
    ready = sum(one.ready and not one.going for one in replicas)
    updated = sum(one.revision == update for one in replicas)
    if updated == ready == len(replicas) == wanted:
        current = update
    status.observed_generation = sts.metadata.generation
    status.replicas = len(replicas)
    status.ready_replicas = ready or None
    status.available_replicas = ready
    status.updated_replicas = updated or None
    status.current_replicas = sum(one.revision == current for one in replicas) or None
    status.current_revision, status.update_revision = current, update
    status.collision_count = 0
