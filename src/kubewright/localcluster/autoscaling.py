"""The HorizontalPodAutoscaler controller (`pkg/controller/podautoscaler`), on usage that Pods pretend.

What a Pod uses is said by its annotation ``kubewright.dev/usage``, such as ``cpu=250m,memory=64Mi``; without it, the
cluster is one without a metrics server.  Resource metrics are known, and stabilization; the policies of ``behavior``
are not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from kubewright.client import NoMatch, Untyped
from kubewright.controller import Controller, Requeue
from kubewright.localcluster.pods import is_active, is_ready
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, Quantity, key
from kubewright.objects.autoscaling_v1 import Scale
from kubewright.objects.autoscaling_v2 import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerCondition,
    MetricSpec,
    MetricStatus,
    MetricValueStatus,
    ResourceMetricStatus,
)
from kubewright.objects.core_v1 import Pod
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.selectors import LabelSelector

_USAGE = "kubewright.dev/usage"
_PERIOD = 15.0
_TOLERANCE = 0.1
_STABILIZATION = 300
"""Seconds for which a smaller count has to be asked for before it is taken."""


class Proposal(NamedTuple):
    """How many replicas a metric asks for, by what it measures now."""

    replicas: int
    current: MetricStatus
    name: str


class _NoMetrics(Exception):
    """A metric cannot be had; reason and text of the condition that says so."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def autoscaler_controller(view: View) -> Controller[ObjectKey]:
    recommended: dict[str, list[tuple[datetime, int]]] = {}

    def beside(pod: Pod) -> Iterable[ObjectKey]:
        return [key(one) for one in view.select(HorizontalPodAutoscaler, pod.metadata.namespace)]

    async def reconcile(autoscaler: HorizontalPodAutoscaler) -> Requeue | None:
        time, target = datetime.now(UTC), autoscaler.spec.scale_target_ref
        kind = Untyped(GroupVersionKind.parse(target.api_version or "", target.kind))
        namespace = autoscaler.metadata.namespace
        try:
            scale = await view.client.get_subresource(kind, target.name, namespace, "scale", Scale)
        except (APIError, NoMatch) as error:
            text = f"the HPA controller was unable to get the target's current scale: {error}"
            _say(autoscaler, "AbleToScale", False, "FailedGetScale", text, time)
            return Requeue(after=_PERIOD)
        text = "the HPA controller was able to get the target's current scale"
        _say(autoscaler, "AbleToScale", True, "SucceededGetScale", text, time)
        current, status = scale.spec.replicas or 0, autoscaler.status
        if not scale.status.selector:
            text = "the HPA target's scale is missing a selector"
            _say(autoscaler, "ScalingActive", False, "InvalidSelector", text, time)
            return Requeue(after=_PERIOD)
        pods = view.select(Pod, namespace, LabelSelector.parse(scale.status.selector))
        history = recommended.setdefault(autoscaler.metadata.uid, [])
        wanted = desired(autoscaler, current, [pod for pod in pods if is_active(pod)], history, time)
        status.current_replicas, status.desired_replicas = current, wanted
        status.observed_generation = autoscaler.metadata.generation
        if wanted != current:
            scale.spec.replicas = wanted
            await view.client.update_subresource(kind, target.name, namespace, "scale", scale)
            status.last_scale_time = time.replace(microsecond=0)
            text = f"the HPA controller was able to update the target scale to {wanted}"
            _say(autoscaler, "AbleToScale", True, "SucceededRescale", text, time)
        return Requeue(after=_PERIOD)

    return view.controller("horizontalpodautoscaler", HorizontalPodAutoscaler, reconcile, maps={Pod: beside}, workers=1)


def desired(
    autoscaler: HorizontalPodAutoscaler,
    current: int,
    pods: list[Pod],
    history: list[tuple[datetime, int]],
    now: datetime,
) -> int:
    """How many replicas there should be; the autoscaler's status says why.

    :param history: what was recommended lately; the present recommendation is added.
    """
    least, most = autoscaler.spec.min_replicas or 1, autoscaler.spec.max_replicas
    if current == 0:
        text = "scaling is disabled since the replica count of the target is zero"
        _say(autoscaler, "ScalingActive", False, "ScalingDisabled", text, now)
        return 0
    if not least <= current <= most:
        return _limited(autoscaler, current, current, now)
    try:
        proposals = [_proposal(metric, current, pods) for metric in autoscaler.spec.metrics]
    except _NoMetrics as error:
        text = f"the HPA was unable to compute the replica count: {error}"
        _say(autoscaler, "ScalingActive", False, error.reason, text, now)
        return current
    if not proposals:
        return current
    highest = max(proposals, key=lambda one: one.replicas)
    autoscaler.status.current_metrics = [one.current for one in proposals]
    text = f"the HPA was able to successfully calculate a replica count from {highest.name}"
    _say(autoscaler, "ScalingActive", True, "ValidMetricFound", text, now)
    return _limited(autoscaler, current, _stabilized(autoscaler, current, highest.replicas, history, now), now)


def _stabilized(
    autoscaler: HorizontalPodAutoscaler, current: int, wanted: int, history: list[tuple[datetime, int]], now: datetime
) -> int:
    """No fewer than what has been asked for within the window."""
    rules = autoscaler.spec.behavior.scale_down if autoscaler.spec.behavior else None
    window = rules.stabilization_window_seconds if rules else None
    since = now - timedelta(seconds=_STABILIZATION if window is None else window)
    history[:] = [(time, count) for time, count in history if time > since]
    history.append((now, wanted))
    stable = max(count for _, count in history)
    if wanted < current and stable != wanted:
        text = "recent recommendations were higher than current one, applying the highest recent recommendation"
        _say(autoscaler, "AbleToScale", True, "ScaleDownStabilized", text, now)
        return min(stable, current)
    return wanted


def _limited(autoscaler: HorizontalPodAutoscaler, current: int, wanted: int, now: datetime) -> int:
    """Within the bounds of the autoscaler, and not more than doubled at once."""
    least, most = autoscaler.spec.min_replicas or 1, autoscaler.spec.max_replicas
    at_once = max(2 * current, 4)
    if wanted < least:
        text = "the desired replica count is less than the minimum replica count"
        _say(autoscaler, "ScalingLimited", True, "TooFewReplicas", text, now)
        return least
    if wanted > min(at_once, most):
        text = "the desired replica count is more than the maximum replica count"
        reason = "TooManyReplicas"
        if at_once < most:
            text, reason = "the desired replica count is increasing faster than the maximum scale rate", "ScaleUpLimit"
        _say(autoscaler, "ScalingLimited", True, reason, text, now)
        return min(at_once, most)
    text = "the desired count is within the acceptable range"
    _say(autoscaler, "ScalingLimited", False, "DesiredWithinRange", text, now)
    return wanted


def _proposal(metric: MetricSpec, current: int, pods: list[Pod]) -> Proposal:
    """:raises _NoMetrics: the metric cannot be had."""
    source = metric.resource
    if source is None:
        raise _NoMetrics(f"FailedGet{metric.type}Metric", f"no {metric.type.lower()} metrics are kept in this cluster")
    ready = [pod for pod in pods if is_ready(pod)]
    used = [usage.get(source.name) for pod in ready if (usage := _usage(pod))]
    amounts = [amount.milli_value for amount in used if amount is not None]
    if not amounts:
        why = "no metrics returned from resource metrics API"
        raise _NoMetrics("FailedGetResourceMetric", f"unable to get metrics for resource {source.name}: {why}")
    total, target = sum(amounts), source.target
    value = MetricValueStatus(average_value=Quantity(f"{total // len(amounts)}m"))
    if target.average_utilization is not None:
        requested = sum(_requested(pod, source.name) for pod in ready)
        value.average_utilization = total * 100 // requested
        ratio = value.average_utilization / target.average_utilization
        name = f"{source.name} resource utilization (percentage of request)"
    else:
        average = target.average_value
        ratio = total / (average.milli_value * len(amounts)) if average else 1.0
        name = f"{source.name} resource"
    status = MetricStatus(type="Resource", resource=ResourceMetricStatus(name=source.name, current=value))
    close = abs(ratio - 1) <= _TOLERANCE
    return Proposal(current if close else math.ceil(ratio * len(amounts)), status, name)


def _requested(pod: Pod, resource: str) -> int:
    """:raises _NoMetrics: a container does not say what it wants."""
    total = 0
    for container in pod.spec.containers:
        amount = container.resources.requests.get(resource) if container.resources else None
        if amount is None:
            text = f"missing request for {resource} in container {container.name} of Pod {pod.metadata.name}"
            raise _NoMetrics("FailedGetResourceMetric", f"failed to get {resource} utilization: {text}")
        total += amount.milli_value
    return total


def _usage(pod: Pod) -> dict[str, Quantity]:
    """What the Pod pretends to use; nothing if it says it badly."""
    parts = [part.partition("=") for part in pod.metadata.annotations.get(_USAGE, "").split(",") if part]
    try:
        return {name.strip(): Quantity(amount.strip()) for name, _, amount in parts}
    except ValueError:
        return {}


def _say(autoscaler: HorizontalPodAutoscaler, type: str, holds: bool, reason: str, message: str, now: datetime) -> None:
    wanted, conditions = str(holds), autoscaler.status.conditions
    known = next((one for one in conditions if one.type == type), None)
    if known is None:
        known = HorizontalPodAutoscalerCondition(type=type)
        conditions.append(known)
    if known.status != wanted:
        known.status, known.last_transition_time = wanted, now.replace(microsecond=0)
    known.reason, known.message = reason, message
