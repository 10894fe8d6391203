"""Typed objects of networking v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import TypedLocalObjectReference
from kubewright.objects.meta import Condition, IntOrString, LabelSelector, Object
from kubewright.objects.names import GroupVersionKind


class ServiceBackendPort(Struct):
    name: str | None = None
    number: int | None = None


class IngressServiceBackend(Struct):
    name: str = ""
    port: ServiceBackendPort | None = None


class IngressBackend(Struct):
    resource: TypedLocalObjectReference | None = None
    service: IngressServiceBackend | None = None


class HTTPIngressPath(Struct):
    backend: IngressBackend = field(default_factory=IngressBackend)
    path: str | None = None
    path_type: str = ""


class HTTPIngressRuleValue(Struct):
    paths: list[HTTPIngressPath] = []


class ParentReference(Struct):
    group: str | None = None
    name: str = ""
    namespace: str | None = None
    resource: str = ""


class IPAddressSpec(Struct):
    parent_ref: ParentReference = field(default_factory=ParentReference)


class IPAddress(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("networking.k8s.io", "v1", "IPAddress")
    plural: ClassVar[str] = "ipaddresses"
    namespaced: ClassVar[bool] = False

    spec: IPAddressSpec = field(default_factory=IPAddressSpec)


class IPBlock(Struct):
    cidr: str = ""
    except_: list[str] = []


class IngressRule(Struct):
    host: str | None = None
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Struct):
    hosts: list[str] = []
    secret_name: str | None = None


class IngressSpec(Struct):
    default_backend: IngressBackend | None = None
    ingress_class_name: str | None = None
    rules: list[IngressRule] = []
    tls: list[IngressTLS] = []


class IngressPortStatus(Struct):
    error: str | None = None
    port: int = 0
    protocol: str = ""


class IngressLoadBalancerIngress(Struct):
    hostname: str | None = None
    ip: str | None = None
    ports: list[IngressPortStatus] = []


class IngressLoadBalancerStatus(Struct):
    ingress: list[IngressLoadBalancerIngress] = []


class IngressStatus(Struct):
    load_balancer: IngressLoadBalancerStatus | None = None


class Ingress(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("networking.k8s.io", "v1", "Ingress")
    plural: ClassVar[str] = "ingresses"

    spec: IngressSpec = field(default_factory=IngressSpec)
    status: IngressStatus = field(default_factory=IngressStatus)


class IngressClassParametersReference(Struct):
    api_group: str | None = None
    kind: str = ""
    name: str = ""
    namespace: str | None = None
    scope: str | None = None


class IngressClassSpec(Struct):
    controller: str | None = None
    parameters: IngressClassParametersReference | None = None


class IngressClass(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("networking.k8s.io", "v1", "IngressClass")
    plural: ClassVar[str] = "ingressclasses"
    namespaced: ClassVar[bool] = False

    spec: IngressClassSpec = field(default_factory=IngressClassSpec)


class NetworkPolicyPort(Struct):
    end_port: int | None = None
    port: IntOrString | None = None
    protocol: str | None = None


class NetworkPolicyPeer(Struct):
    ip_block: IPBlock | None = None
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class NetworkPolicyEgressRule(Struct):
    ports: list[NetworkPolicyPort] = []
    to: list[NetworkPolicyPeer] = []


class NetworkPolicyIngressRule(Struct):
    from_: list[NetworkPolicyPeer] = []
    ports: list[NetworkPolicyPort] = []


class NetworkPolicySpec(Struct):
    egress: list[NetworkPolicyEgressRule] = []
    ingress: list[NetworkPolicyIngressRule] = []
    pod_selector: LabelSelector | None = None
    policy_types: list[str] = []


class NetworkPolicy(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("networking.k8s.io", "v1", "NetworkPolicy")
    plural: ClassVar[str] = "networkpolicies"

    spec: NetworkPolicySpec = field(default_factory=NetworkPolicySpec)


class ServiceCIDRSpec(Struct):
    cidrs: list[str] = []


class ServiceCIDRStatus(Struct):
    conditions: list[Condition] = []


class ServiceCIDR(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("networking.k8s.io", "v1", "ServiceCIDR")
    plural: ClassVar[str] = "servicecidrs"
    namespaced: ClassVar[bool] = False

    spec: ServiceCIDRSpec = field(default_factory=ServiceCIDRSpec)
    status: ServiceCIDRStatus = field(default_factory=ServiceCIDRStatus)
