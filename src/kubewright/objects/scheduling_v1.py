"""Typed objects of scheduling v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind


class PriorityClass(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("scheduling.k8s.io", "v1", "PriorityClass")
    plural: ClassVar[str] = "priorityclasses"
    namespaced: ClassVar[bool] = False

    description: str | None = None
    global_default: bool | None = None
    preemption_policy: str | None = None
    value: int | None = None
