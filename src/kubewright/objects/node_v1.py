"""Typed objects of node v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import Toleration
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.quantity import Quantity


class Overhead(Struct):
    pod_fixed: dict[str, Quantity] = {}


class Scheduling(Struct):
    node_selector: dict[str, str] = {}
    tolerations: list[Toleration] = []


class RuntimeClass(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("node.k8s.io", "v1", "RuntimeClass")
    plural: ClassVar[str] = "runtimeclasses"
    namespaced: ClassVar[bool] = False

    handler: str = ""
    overhead: Overhead | None = None
    scheduling: Scheduling | None = None
