"""Typed objects of discovery v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import ObjectReference
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind


class EndpointConditions(Struct):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class ForNode(Struct):
    name: str = ""


class ForZone(Struct):
    name: str = ""


class EndpointHints(Struct):
    for_nodes: list[ForNode] = []
    for_zones: list[ForZone] = []


class Endpoint(Struct):
    addresses: list[str] = []
    conditions: EndpointConditions | None = None
    deprecated_topology: dict[str, str] = {}
    hints: EndpointHints | None = None
    hostname: str | None = None
    node_name: str | None = None
    target_ref: ObjectReference | None = None
    zone: str | None = None


class EndpointPort(Struct):
    app_protocol: str | None = None
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class EndpointSlice(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("discovery.k8s.io", "v1", "EndpointSlice")
    plural: ClassVar[str] = "endpointslices"

    address_type: str = ""
    endpoints: list[Endpoint] = []
    ports: list[EndpointPort] = []
