"""The Deployment controller: one ReplicaSet for each template, and the way from the old ones to the new one.

The arithmetic of sizes is in `rollouts`; the rules are those of `pkg/controller/deployment`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.controller_refs import claim, watch_orphans
from kubewright.localcluster.pods import share, template_hash
from kubewright.localcluster.replicasets import REPLICA_FAILURE
from kubewright.localcluster.rollouts import Sizes, plan_rollout, plan_scaling
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, from_json, owner_reference, to_json
from kubewright.objects.apps_v1 import Deployment, DeploymentCondition, ReplicaSet, ReplicaSetSpec
from kubewright.objects.core_v1 import Pod, PodTemplateSpec
from kubewright.objects.errors import AlreadyExists, NotFound
from kubewright.objects.meta import LabelSelector

_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_COMPONENT = "deployment-controller"


def bounds(deployment: Deployment) -> tuple[int, int]:
    """How many Pods may be there above, and be missing below, the wanted number."""
    wanted = _wanted(deployment)
    rolling = deployment.spec.strategy.rolling_update if deployment.spec.strategy else None
    surge = share(rolling.max_surge if rolling else "25%", wanted, math.ceil)
    unavailable = share(rolling.max_unavailable if rolling else "25%", wanted, math.floor)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def deployment_controller(view: View) -> Controller[ObjectKey]:
    view.recorder(_COMPONENT)  # Asked for now: recorders start with the view.

    async def reconcile(deployment: Deployment) -> Requeue | None:
        if deployment.metadata.deletion_timestamp is not None:
            return None
        replicasets = await claim(view, deployment, ReplicaSet)
        new, old = _split(deployment, replicasets)
        now = datetime.now(UTC)
        if _is_scaled(deployment, [*([new] if new else []), *old]) or deployment.spec.paused:
            await _scale(view, deployment, new, old)
        else:
            if new is None and not (_recreates(deployment) and _has_pods(view, old)):
                new = await _create(view, deployment, old)
            if new is not None:
                await _keep_revision(view, deployment, new, old)
                await _roll(view, deployment, new, old)
                await _clean_up(view, deployment, new, old)
            else:
                await asyncio.gather(*(_resize(view, deployment, one, 0) for one in old))
        new, old = _split(deployment, view.owned(ReplicaSet, deployment))
        return _observe(deployment, new, old, now)

    controller = view.controller("deployment", Deployment, reconcile, owns=[ReplicaSet], maps={Pod: lambda pod: ()})
    return watch_orphans(controller, view, ReplicaSet, Deployment)


def _split(deployment: Deployment, replicasets: list[ReplicaSet]) -> tuple[ReplicaSet | None, list[ReplicaSet]]:
    """The ReplicaSet of the present template, and the others, oldest first."""
    wanted = to_json(deployment.spec.template)
    new = next((one for one in replicasets if to_json(_own_template(one)) == wanted), None)
    return new, [one for one in replicasets if new is None or one.metadata.uid != new.metadata.uid]


def _own_template(replicaset: ReplicaSet) -> PodTemplateSpec:
    """The template without the label that the controller added."""
    template = from_json(PodTemplateSpec, to_json(replicaset.spec.template))
    template.metadata.labels.pop(_HASH, None)
    return template


async def _create(view: View, deployment: Deployment, old: list[ReplicaSet]) -> ReplicaSet | None:
    surge, _ = bounds(deployment)
    hashed = template_hash(deployment.spec.template)
    template = from_json(PodTemplateSpec, to_json(deployment.spec.template))
    template.metadata.labels[_HASH] = hashed
    selector = deployment.spec.selector
    room = _wanted(deployment) + (surge if not _recreates(deployment) else 0) - sum(map(_size, old))
    replicaset = ReplicaSet(
        metadata=ObjectMeta(
            name=f"{deployment.metadata.name}-{hashed}",
            namespace=deployment.metadata.namespace,
            labels=dict(template.metadata.labels),
            annotations={**_inherited(deployment), **_size_annotations(deployment), _REVISION: _next_revision(old)},
            owner_references=[owner_reference(deployment)],
        ),
        spec=ReplicaSetSpec(
            replicas=max(0, min(_wanted(deployment), room)),
            min_ready_seconds=deployment.spec.min_ready_seconds,
            selector=LabelSelector(
                match_labels={**selector.match_labels, _HASH: hashed}, match_expressions=selector.match_expressions
            ),
            template=template,
        ),
    )
    try:
        made = await view.client.create(replicaset)
    except AlreadyExists:
        return None  # on its way through the cache
    _tell_size(view, deployment, made, 0)
    return made


async def _roll(view: View, deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]) -> None:
    wanted = _wanted(deployment)
    if not any(_size(one) for one in old):
        await _resize(view, deployment, new, wanted)
        return
    if _recreates(deployment):
        await asyncio.gather(*(_resize(view, deployment, one, 0) for one in old))
        return
    surge, unavailable = bounds(deployment)
    sizes = plan_rollout(
        wanted, _sizes(new), [_sizes(one) for one in old if _size(one)], surge=surge, unavailable=unavailable
    )
    changed = [one for one in (new, *old) if one.metadata.name in sizes]
    await asyncio.gather(*(_resize(view, deployment, one, sizes[one.metadata.name]) for one in changed))


def _is_scaled(deployment: Deployment, replicasets: list[ReplicaSet]) -> bool:
    """Whether the wanted number has changed since a ReplicaSet with Pods was sized."""
    desired = [one.metadata.annotations.get(_DESIRED, "") for one in replicasets if _size(one)]
    return any(number.isdigit() and int(number) != _wanted(deployment) for number in desired)


async def _scale(view: View, deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet]) -> None:
    """Bring the new number in without going on with a rollout: what is there keeps its proportions."""
    surge = 0 if _recreates(deployment) else bounds(deployment)[0]
    replicasets = [*([new] if new else []), *reversed(old)]
    sizes = plan_scaling(
        _wanted(deployment), [_sizes(one) for one in replicasets], has_new=new is not None, surge=surge,
        rolling=not _recreates(deployment), present=deployment.status.replicas or 0,
    )  # fmt: skip
    # Those that keep their size are told of the new number, too, or it would count as unheard of at the next look.
    sized = [one for one in replicasets if _size(one) or one.metadata.name in sizes]
    await asyncio.gather(*(_resize(view, deployment, one, sizes.get(one.metadata.name, _size(one))) for one in sized))


async def _resize(view: View, deployment: Deployment, replicaset: ReplicaSet, replicas: int) -> None:
    annotations = _size_annotations(deployment)
    if _size(replicaset) == replicas and annotations.items() <= replicaset.metadata.annotations.items():
        return
    patch = {"metadata": {"uid": replicaset.metadata.uid, "annotations": annotations}, "spec": {"replicas": replicas}}
    _tell_size(view, deployment, await view.client.patch(replicaset, merge=patch), _size(replicaset))


def _tell_size(view: View, deployment: Deployment, replicaset: ReplicaSet, before: int) -> None:
    after, name = _size(replicaset), replicaset.metadata.name
    if after != before:
        note = f"Scaled {'up' if after > before else 'down'} replica set {name} from {before} to {after}"
        view.recorder(_COMPONENT).record(deployment, "ScalingReplicaSet", note, action="Scale")


async def _keep_revision(view: View, deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]) -> None:
    """The present template has the highest revision, also when it came back after others; kubectl rollout reads it.

    Only the present ReplicaSet follows the Deployment's annotations: those of the others tell why they were rolled out.
    """
    revision = new.metadata.annotations.get(_REVISION, "")
    newest = max((_revision(one) for one in old), default=0)
    if newest >= _revision(new):
        revision = _next_revision(old)
    annotations = {**_inherited(deployment), _REVISION: revision}
    if not annotations.items() <= new.metadata.annotations.items():
        await view.client.patch(new, merge={"metadata": {"annotations": annotations}})
        new.metadata.annotations.update(annotations)
    if deployment.metadata.annotations.get(_REVISION) != revision:
        await view.client.patch(deployment, merge={"metadata": {"annotations": {_REVISION: revision}}})


async def _clean_up(view: View, deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]) -> None:
    limit = 10 if deployment.spec.revision_history_limit is None else deployment.spec.revision_history_limit
    done = [one for one in old if not _size(one) and not one.status.replicas and not one.metadata.deletion_timestamp]
    for one in sorted(done, key=_revision)[: max(len(done) - limit, 0)]:
        try:
            await view.client.delete(one, uid=one.metadata.uid)
        except NotFound:
            continue


def _observe(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet], now: datetime) -> Requeue | None:
    replicasets = [*([new] if new else []), *old]
    status = deployment.status
    total = sum(one.status.replicas for one in replicasets)
    available = sum(one.status.available_replicas or 0 for one in replicasets)
    updated = new.status.replicas if new else 0
    progressed = (total, updated, available) != (
        status.replicas or 0, status.updated_replicas or 0, status.available_replicas or 0
    )  # fmt: skip
    status.observed_generation = deployment.metadata.generation
    status.replicas = total or None
    status.updated_replicas = updated or None
    status.ready_replicas = sum(one.status.ready_replicas or 0 for one in replicasets) or None
    status.available_replicas = available or None
    status.unavailable_replicas = max(max(_wanted(deployment), total) - available, 0) or None
    _observe_refusals(deployment, replicasets, now)
    _, unavailable = bounds(deployment)
    if available >= _wanted(deployment) - unavailable:
        _set(deployment, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
    else:
        _set(
            deployment, "Available", "False", "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.", now,
        )  # fmt: skip
    return _observe_progress(deployment, new, progressed, now)


def _observe_refusals(deployment: Deployment, replicasets: Sequence[ReplicaSet], now: datetime) -> None:
    """Say that Pods cannot be made where a ReplicaSet says so, the present one before the others."""
    conditions = (condition for one in replicasets for condition in one.status.conditions)
    failure = next((one for one in conditions if one.type == REPLICA_FAILURE), None)
    if failure is not None:
        _set(deployment, REPLICA_FAILURE, failure.status, failure.reason or "", failure.message or "", now)
    else:
        kept = [one for one in deployment.status.conditions if one.type != REPLICA_FAILURE]
        deployment.status.conditions = kept


def _observe_progress(
    deployment: Deployment, new: ReplicaSet | None, progressed: bool, now: datetime
) -> Requeue | None:
    status, name = deployment.status, new.metadata.name if new else deployment.metadata.name
    complete = (
        (status.updated_replicas or 0) == _wanted(deployment)
        and (status.replicas or 0) == _wanted(deployment)
        and (status.available_replicas or 0) == _wanted(deployment)
    )
    if complete:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        _set(deployment, "Progressing", "True", "NewReplicaSetAvailable", message, now)
        return None
    condition = next((one for one in status.conditions if one.type == "Progressing"), None)
    if condition is None:
        _set(deployment, "Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"', now)
    elif progressed or condition.reason == "NewReplicaSetAvailable":
        _set(deployment, "Progressing", "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', now)
        _touch(deployment, now)
    deadline = timedelta(seconds=deployment.spec.progress_deadline_seconds or 600)
    condition = next(one for one in status.conditions if one.type == "Progressing")
    ends = (condition.last_update_time or now) + deadline
    if ends > now:
        return Requeue(after=ends - now)
    message = f'ReplicaSet "{name}" has timed out progressing.'
    _set(deployment, "Progressing", "False", "ProgressDeadlineExceeded", message, now)
    return None


def _set(deployment: Deployment, type: str, status: str, reason: str, message: str, now: datetime) -> None:
    now = now.replace(microsecond=0)
    for condition in deployment.status.conditions:
        if condition.type == type:
            if condition.status != status:
                condition.last_transition_time = now
            if (condition.status, condition.reason, condition.message) != (status, reason, message):
                condition.last_update_time = now
            condition.status, condition.reason, condition.message = status, reason, message
            return
    deployment.status.conditions.append(
        DeploymentCondition(
            type=type, status=status, reason=reason, message=message, last_transition_time=now, last_update_time=now
        )
    )


def _touch(deployment: Deployment, now: datetime) -> None:
    for condition in deployment.status.conditions:
        if condition.type == "Progressing":
            condition.last_update_time = now.replace(microsecond=0)


def _inherited(deployment: Deployment) -> dict[str, str]:
    """The user's annotations, kubectl's ``change-cause`` among them."""
    return {
        key: value
        for key, value in deployment.metadata.annotations.items()
        if not key.startswith("deployment.kubernetes.io/") and key != "kubectl.kubernetes.io/last-applied-configuration"
    }


def _size_annotations(deployment: Deployment) -> dict[str, str]:
    """What a ReplicaSet says of its Deployment's size: by it, a change of that size is noticed later."""
    wanted = _wanted(deployment)
    surge = 0 if _recreates(deployment) else bounds(deployment)[0]
    return {_DESIRED: str(wanted), _MAXIMUM: str(wanted + surge)}


def _next_revision(replicasets: Sequence[ReplicaSet]) -> str:
    return str(max((_revision(one) for one in replicasets), default=0) + 1)


def _revision(replicaset: ReplicaSet) -> int:
    text = replicaset.metadata.annotations.get(_REVISION, "")
    return int(text) if text.isdigit() else 0


def _sizes(replicaset: ReplicaSet) -> Sizes:
    maximum = replicaset.metadata.annotations.get(_MAXIMUM, "")
    return Sizes(
        replicaset.metadata.name,
        _size(replicaset),
        replicaset.status.available_replicas or 0,
        int(maximum) if maximum.isdigit() else 0,
    )


def _size(replicaset: ReplicaSet) -> int:
    return 1 if replicaset.spec.replicas is None else replicaset.spec.replicas


def _wanted(deployment: Deployment) -> int:
    return 1 if deployment.spec.replicas is None else deployment.spec.replicas


def _recreates(deployment: Deployment) -> bool:
    return deployment.spec.strategy is not None and deployment.spec.strategy.type == "Recreate"


def _has_pods(view: View, replicasets: list[ReplicaSet]) -> bool:
    return any(_size(one) or view.owned(Pod, one) for one in replicasets)
