"""Typed objects of coordination v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import MicroTime


class LeaseSpec(Struct):
    acquire_time: MicroTime | None = None
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    lease_transitions: int | None = None
    preferred_holder: str | None = None
    renew_time: MicroTime | None = None
    strategy: str | None = None


class Lease(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("coordination.k8s.io", "v1", "Lease")
    plural: ClassVar[str] = "leases"

    spec: LeaseSpec = field(default_factory=LeaseSpec)
