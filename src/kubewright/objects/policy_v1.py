"""Typed objects of policy v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Condition, DeleteOptions, IntOrString, LabelSelector, Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class Eviction(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("policy", "v1", "Eviction")
    plural: ClassVar[str] = "pods/eviction"

    delete_options: DeleteOptions | None = None


class PodDisruptionBudgetSpec(Struct):
    max_unavailable: IntOrString | None = None
    min_available: IntOrString | None = None
    selector: LabelSelector | None = None
    unhealthy_pod_eviction_policy: str | None = None


class PodDisruptionBudgetStatus(Struct):
    conditions: list[Condition] = []
    current_healthy: int | None = None
    desired_healthy: int | None = None
    disrupted_pods: dict[str, Time] = {}
    disruptions_allowed: int | None = None
    expected_pods: int | None = None
    observed_generation: int | None = None


class PodDisruptionBudget(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("policy", "v1", "PodDisruptionBudget")
    plural: ClassVar[str] = "poddisruptionbudgets"

    spec: PodDisruptionBudgetSpec = field(default_factory=PodDisruptionBudgetSpec)
    status: PodDisruptionBudgetStatus = field(default_factory=PodDisruptionBudgetStatus)
