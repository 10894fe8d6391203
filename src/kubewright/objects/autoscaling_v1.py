"""Typed objects of autoscaling v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class CrossVersionObjectReference(Struct):
    api_version: str | None = None
    kind: str = ""
    name: str = ""


class HorizontalPodAutoscalerSpec(Struct):
    max_replicas: int = 0
    min_replicas: int | None = None
    scale_target_ref: CrossVersionObjectReference = field(default_factory=CrossVersionObjectReference)
    target_cpu_utilization_percentage: int | None = field(default=None, name="targetCPUUtilizationPercentage")


class HorizontalPodAutoscalerStatus(Struct):
    current_cpu_utilization_percentage: int | None = field(default=None, name="currentCPUUtilizationPercentage")
    current_replicas: int = 0
    desired_replicas: int = 0
    last_scale_time: Time | None = None
    observed_generation: int | None = None


class HorizontalPodAutoscaler(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("autoscaling", "v1", "HorizontalPodAutoscaler")
    plural: ClassVar[str] = "horizontalpodautoscalers"

    spec: HorizontalPodAutoscalerSpec = field(default_factory=HorizontalPodAutoscalerSpec)
    status: HorizontalPodAutoscalerStatus = field(default_factory=HorizontalPodAutoscalerStatus)


class ScaleSpec(Struct):
    replicas: int | None = None


class ScaleStatus(Struct):
    replicas: int = 0
    selector: str | None = None


class Scale(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("autoscaling", "v1", "Scale")
    plural: ClassVar[str] = "scales"

    spec: ScaleSpec = field(default_factory=ScaleSpec)
    status: ScaleStatus = field(default_factory=ScaleStatus)
