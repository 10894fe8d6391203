"""Typed objects of autoscaling v2; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import LabelSelector, Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.quantity import Quantity
from kubewright.objects.time import Time


class MetricTarget(Struct):
    average_utilization: int | None = None
    average_value: Quantity | None = None
    type: str = ""
    value: Quantity | None = None


class ContainerResourceMetricSource(Struct):
    container: str = ""
    name: str = ""
    target: MetricTarget = field(default_factory=MetricTarget)


class MetricValueStatus(Struct):
    average_utilization: int | None = None
    average_value: Quantity | None = None
    value: Quantity | None = None


class ContainerResourceMetricStatus(Struct):
    container: str = ""
    current: MetricValueStatus = field(default_factory=MetricValueStatus)
    name: str = ""


class CrossVersionObjectReference(Struct):
    api_version: str | None = None
    kind: str = ""
    name: str = ""


class MetricIdentifier(Struct):
    name: str = ""
    selector: LabelSelector | None = None


class ExternalMetricSource(Struct):
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)
    target: MetricTarget = field(default_factory=MetricTarget)


class ExternalMetricStatus(Struct):
    current: MetricValueStatus = field(default_factory=MetricValueStatus)
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)


class HPAScalingPolicy(Struct):
    period_seconds: int = 0
    type: str = ""
    value: int = 0


class HPAScalingRules(Struct):
    policies: list[HPAScalingPolicy] = []
    select_policy: str | None = None
    stabilization_window_seconds: int | None = None
    tolerance: Quantity | None = None


class HorizontalPodAutoscalerBehavior(Struct):
    scale_down: HPAScalingRules | None = None
    scale_up: HPAScalingRules | None = None


class ObjectMetricSource(Struct):
    described_object: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)
    target: MetricTarget = field(default_factory=MetricTarget)


class PodsMetricSource(Struct):
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)
    target: MetricTarget = field(default_factory=MetricTarget)


class ResourceMetricSource(Struct):
    name: str = ""
    target: MetricTarget = field(default_factory=MetricTarget)


class MetricSpec(Struct):
    container_resource: ContainerResourceMetricSource | None = None
    external: ExternalMetricSource | None = None
    object: ObjectMetricSource | None = None
    pods: PodsMetricSource | None = None
    resource: ResourceMetricSource | None = None
    type: str = ""


class HorizontalPodAutoscalerSpec(Struct):
    behavior: HorizontalPodAutoscalerBehavior | None = None
    max_replicas: int = 0
    metrics: list[MetricSpec] = []
    min_replicas: int | None = None
    scale_target_ref: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)


class HorizontalPodAutoscalerCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    observed_generation: int | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class ObjectMetricStatus(Struct):
    current: MetricValueStatus = field(default_factory=MetricValueStatus)
    described_object: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)


class PodsMetricStatus(Struct):
    current: MetricValueStatus = field(default_factory=MetricValueStatus)
    metric: MetricIdentifier = field(default_factory=MetricIdentifier)


class ResourceMetricStatus(Struct):
    current: MetricValueStatus = field(default_factory=MetricValueStatus)
    name: str = ""


class MetricStatus(Struct):
    container_resource: ContainerResourceMetricStatus | None = None
    external: ExternalMetricStatus | None = None
    object: ObjectMetricStatus | None = None
    pods: PodsMetricStatus | None = None
    resource: ResourceMetricStatus | None = None
    type: str = ""


class HorizontalPodAutoscalerStatus(Struct):
    conditions: list[HorizontalPodAutoscalerCondition] = []
    current_metrics: list[MetricStatus] = []
    current_replicas: int | None = None
    desired_replicas: int = 0
    last_scale_time: Time | None = None
    observed_generation: int | None = None


class HorizontalPodAutoscaler(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler")
    plural: ClassVar[str] = "horizontalpodautoscalers"

    spec: HorizontalPodAutoscalerSpec = field(default_factory=HorizontalPodAutoscalerSpec)
    status: HorizontalPodAutoscalerStatus = field(default_factory=HorizontalPodAutoscalerStatus)
