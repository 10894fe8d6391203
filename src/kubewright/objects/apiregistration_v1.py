"""Typed objects of apiregistration v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class ServiceReference(Struct):
    name: str | None = None
    namespace: str | None = None
    port: int | None = None


class APIServiceSpec(Struct):
    ca_bundle: bytes | None = None
    group: str | None = None
    group_priority_minimum: int = 0
    insecure_skip_tls_verify: bool | None = field(default=None, name="insecureSkipTLSVerify")
    service: ServiceReference | None = None
    version: str | None = None
    version_priority: int = 0


class APIServiceCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class APIServiceStatus(Struct):
    conditions: list[APIServiceCondition] = []


class APIService(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apiregistration.k8s.io", "v1", "APIService")
    plural: ClassVar[str] = "apiservices"
    namespaced: ClassVar[bool] = False

    spec: APIServiceSpec = field(default_factory=APIServiceSpec)
    status: APIServiceStatus = field(default_factory=APIServiceStatus)
