"""The disruption controller: how many Pods a PodDisruptionBudget lets go, by which evictions are let through.

How many Pods there ought to be is asked of what controls them, down to the Scale of custom resources
(`pkg/controller/disruption`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from kubewright.client import NoMatch, Untyped
from kubewright.controller import Controller, Requeue, set_condition
from kubewright.localcluster.pods import is_ready, share
from kubewright.localcluster.view import View
from kubewright.objects import Object, ObjectKey, OwnerReference, key, to_dict
from kubewright.objects.apps_v1 import Deployment, ReplicaSet, StatefulSet
from kubewright.objects.autoscaling_v1 import Scale
from kubewright.objects.core_v1 import Pod, ReplicationController
from kubewright.objects.errors import APIError, NotFound
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.policy_v1 import PodDisruptionBudget
from kubewright.objects.selectors import LabelSelector

_GOES_WITHIN = timedelta(minutes=2)
"""How long a Pod whose eviction was let through is taken for gone while it is still there."""

_WORKLOADS: dict[tuple[str, str], type[Deployment | ReplicaSet | StatefulSet | ReplicationController]] = {
    (cls.gvk.group, cls.gvk.kind): cls for cls in (Deployment, ReplicaSet, StatefulSet, ReplicationController)
}


class _CannotTell(Exception):
    """How many Pods there ought to be is not known; the text says why."""


def disruption_controller(view: View) -> Controller[ObjectKey]:
    def budgets_of(pod: Pod) -> Iterable[ObjectKey]:
        for budget in view.select(PodDisruptionBudget, pod.metadata.namespace):
            selector = _selector(budget)
            if selector is not None and selector.matches(pod.metadata.labels):
                yield key(budget)

    async def reconcile(budget: PodDisruptionBudget) -> Requeue | None:
        selector = _selector(budget)
        pods = [] if selector is None else view.select(Pod, budget.metadata.namespace, selector)
        now = datetime.now(UTC)
        try:
            expected, desired = await _wanted(view, budget, pods)
        except _CannotTell as error:
            budget.status.disruptions_allowed = 0
            _say(budget, False, "SyncFailed", str(error))
            return None
        return observe(budget, pods, expected, desired, now)

    return view.controller(
        "disruption", PodDisruptionBudget, reconcile, maps={Pod: budgets_of}, workers=1, guarded=True
    )


def observe(
    budget: PodDisruptionBudget, pods: Iterable[Pod], expected: int, desired: int, now: datetime
) -> Requeue | None:
    """Bring a budget's status up to date; says when a Pod that was to go will no longer be taken for gone."""
    status, pods = budget.status, list(pods)
    staying = {pod.metadata.name for pod in pods if pod.metadata.deletion_timestamp is None}
    status.disrupted_pods = {
        name: since for name, since in status.disrupted_pods.items() if name in staying and since + _GOES_WITHIN > now
    }
    healthy = sum(
        is_ready(pod) and pod.metadata.name in staying and pod.metadata.name not in status.disrupted_pods
        for pod in pods
    )
    allowed = healthy - desired if expected > 0 else 0
    status.current_healthy, status.desired_healthy, status.expected_pods = healthy, desired, expected
    status.disruptions_allowed = max(allowed, 0)
    status.observed_generation = budget.metadata.generation
    _say(budget, allowed > 0, "SufficientPods" if allowed > 0 else "InsufficientPods")
    ends = [since + _GOES_WITHIN for since in status.disrupted_pods.values()]
    return Requeue(after=min(ends) - now) if ends else None


def _say(budget: PodDisruptionBudget, allowed: bool, reason: str, message: str = "") -> None:
    generation = budget.metadata.generation
    set_condition(
        budget.status.conditions,
        "DisruptionAllowed",
        allowed,
        reason=reason,
        message=message,
        observed_generation=generation,
    )


def _selector(budget: PodDisruptionBudget) -> LabelSelector | None:
    """What the budget counts: an empty selector everything, none nothing."""
    given = budget.spec.selector
    return None if given is None else LabelSelector.from_object(to_dict(given))


async def _wanted(view: View, budget: PodDisruptionBudget, pods: list[Pod]) -> tuple[int, int]:
    """How many Pods there ought to be, and how many of them healthy.

    :raises _CannotTell: what controls one of them does not say how many it wants.
    """
    most, least = budget.spec.max_unavailable, budget.spec.min_available
    if most is None and isinstance(least, int):
        return len(pods), least
    expected = await _expected(view, pods)
    if most is not None:
        return expected, max(expected - share(most, expected, math.ceil), 0)
    return expected, share(least, expected, math.ceil)


async def _expected(view: View, pods: list[Pod]) -> int:
    """The sum of what the controllers of these Pods want; Pods that nobody controls count for nothing."""
    owners = {owner.uid: owner for pod in pods if (owner := _controller(pod)) is not None}
    # By what controls in the end: several ReplicaSets may stand for one Deployment.
    wanted = dict([await _scale(view, owner, pods[0].metadata.namespace) for owner in owners.values()])
    return sum(wanted.values())


def _controller(obj: Object) -> OwnerReference | None:
    return next((one for one in obj.metadata.owner_references if one.controller), None)


async def _scale(view: View, owner: OwnerReference, namespace: str) -> tuple[str, int]:
    """Uid and replica count of what controls a Pod in the end.

    :raises _CannotTell: it has none.
    """
    kind = GroupVersionKind.parse(owner.api_version, owner.kind)
    cls = _WORKLOADS.get(kind.group_kind)
    if cls is not None:
        workload = view.get(cls, owner.name, namespace)
        if workload is None:
            return owner.uid, 0
        above = _controller(workload)
        if isinstance(workload, ReplicaSet) and above is not None and above.kind == "Deployment":
            return await _scale(view, above, namespace)
        replicas = workload.spec.replicas
        return workload.metadata.uid, 1 if replicas is None else replicas
    try:
        mapping = await view.client.mapper.mapping(kind)
        if "scale" not in mapping.subresources:
            group, version, resource = mapping.resource
            raise _CannotTell(f"{group}/{version}, Resource={resource} does not implement the scale subresource")
        found = await view.client.get_subresource(Untyped(kind), owner.name, namespace, "scale", Scale)
    except NotFound:
        return owner.uid, 0
    except (APIError, NoMatch) as error:
        raise _CannotTell(str(error)) from None
    return found.metadata.uid, found.spec.replicas or 0
