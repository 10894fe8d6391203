"""EndpointSlices: where the backends of a Service are.

After ``pkg/apis/discovery``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import endpoint_ip, ip_warnings, is_ip
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import PROTOCOLS, one_of, optional_one_of, problems, unique
from kubewright.apiserver.registry.metadata_rules import (
    immutable,
    is_dns_label,
    is_dns_subdomain,
    is_label_value,
    is_qualified_name,
    validate_labels,
)
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, invalid, required, too_many

Spec = dict[str, Any]

_MAX_PORTS = 20_000
_MAX_ENDPOINTS = 1000
_MAX_ADDRESSES = 100
_MAX_TOPOLOGY = 16
_MAX_HINTS = 8
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLERS = ("endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io")
"""They copy addresses, and can do nothing about them."""


class EndpointSliceStrategy(BuiltinStrategy):
    columns = columns("AddressType", "Ports", "Endpoints", "Age")
    generation = True

    def counts(self, obj: Object, old: Object) -> bool:
        """Labels count too: they say whose endpoints these are."""
        return not same(obj["metadata"].get("labels"), old["metadata"].get("labels")) or super().counts(obj, old)

    def default(self, obj: Object) -> None:
        for port in obj.get("ports") or ():
            port.setdefault("name", "")
            port.setdefault("protocol", "TCP")

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if obj.get("addressType") == "FQDN":
            return ["spec.addressType: FQDN endpoints are deprecated"]
        if (obj["metadata"].get("labels") or {}).get(_MANAGED_BY) in _CONTROLLERS:
            return []
        return [
            warning
            for index, endpoint in enumerate(obj.get("endpoints") or ())
            for at, address in enumerate(endpoint.get("addresses") or ())
            for warning in ip_warnings(address, f"endpoints[{index}].addresses[{at}]")
        ]

    def rules(self, obj: Object) -> list[Cause]:
        return self._slice_rules(obj) + _slice_endpoints(obj)

    def _slice_rules(self, obj: Object) -> list[Cause]:
        causes = one_of(obj.get("addressType"), ("FQDN", "IPv4", "IPv6"), "addressType")
        ports = obj.get("ports") or []
        if len(ports) > _MAX_PORTS:
            return [*causes, too_many("ports", len(ports), _MAX_PORTS)]
        for index, name in unique(port.get("name", "") for port in ports):
            causes.append(duplicate(f"ports[{index}].name", name))
        for index, port in enumerate(ports):
            path = f"ports[{index}]"
            if name := port.get("name"):
                causes += problems(is_dns_label(name), name, f"{path}.name")
            causes += optional_one_of(port.get("protocol"), PROTOCOLS, f"{path}.protocol")
            if (protocol := port.get("appProtocol")) is not None:
                causes += problems(is_qualified_name(protocol), protocol, f"{path}.appProtocol")
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        # Endpoints that stay are not looked at again: they may be from before today's rules.
        causes = self._slice_rules(obj)
        if obj.get("endpoints") != old.get("endpoints"):
            causes += _slice_endpoints(obj)
        return causes + immutable(obj.get("addressType"), old.get("addressType"), "addressType")

    def cells(self, obj: Object) -> list[Any]:
        ports = [str(port.get("port") or port.get("name", "*")) for port in obj.get("ports") or ()]
        addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
        return [
            name_of(obj),
            obj.get("addressType", ""),
            _shortened(ports, "<unset>"),
            _shortened(addresses, "<unset>"),
            age(obj),
        ]


def _shortened(items: list[str], nothing: str) -> str:
    if not items:
        return nothing
    return ",".join(items[:3]) + (f" + {len(items) - 3} more..." if len(items) > 3 else "")


def _slice_endpoints(obj: Object) -> list[Cause]:
    endpoints = obj.get("endpoints") or []
    if len(endpoints) > _MAX_ENDPOINTS:
        return [too_many("endpoints", len(endpoints), _MAX_ENDPOINTS)]
    causes: list[Cause] = []
    for index, endpoint in enumerate(endpoints):
        causes += _slice_endpoint(endpoint, obj.get("addressType", ""), f"endpoints[{index}]")
    return causes


def _slice_endpoint(endpoint: Spec, kind: str, path: str) -> list[Cause]:
    addresses, topology = endpoint.get("addresses") or [], endpoint.get("deprecatedTopology") or {}
    causes: list[Cause] = []
    if not addresses:
        causes.append(required(f"{path}.addresses", "must contain at least 1 address"))
    if len(addresses) > _MAX_ADDRESSES:
        causes.append(too_many(f"{path}.addresses", len(addresses), _MAX_ADDRESSES))
    for index, address in enumerate(addresses):
        causes += _slice_address(address, kind, f"{path}.addresses[{index}]")
    if (node := endpoint.get("nodeName")) is not None:
        causes += problems(is_dns_subdomain(node), node, f"{path}.nodeName")
    if len(topology) > _MAX_TOPOLOGY:
        causes.append(too_many(f"{path}.deprecatedTopology", len(topology), _MAX_TOPOLOGY))
    causes += validate_labels(topology, f"{path}.deprecatedTopology")
    if (host := endpoint.get("hostname")) is not None:
        causes += problems(is_dns_label(host), host, f"{path}.hostname")
    hints = endpoint.get("hints") or {}
    causes += _hints(hints.get("forZones") or [], is_label_value, f"{path}.hints.forZones")
    return causes + _hints(hints.get("forNodes") or [], is_dns_subdomain, f"{path}.hints.forNodes")


def _slice_address(address: str, kind: str, path: str) -> list[Cause]:
    if kind == "FQDN":
        return _full_domain(address, path)
    if kind not in ("IPv4", "IPv6"):
        return []
    causes: list[Cause] = []
    if is_ip(address) or f"IPv{ipaddress.ip_address(address).version}" != kind:
        causes.append(invalid(path, address, f"must be a valid {kind} address"))
    return causes + endpoint_ip(address, path)


def _full_domain(name: str, path: str) -> list[Cause]:
    """``IsFullyQualifiedDomainName``."""
    if not name:
        return [required(path)]
    name = name.removesuffix(".")
    if found := is_dns_subdomain(name):
        return [invalid(path, name, ",".join(found))]
    labels = name.split(".")
    if len(labels) < 2:
        return [invalid(path, name, "should be a domain with at least two segments separated by dots")]
    wrong = next(filter(None, map(is_dns_label, labels)), [])
    return [invalid(path, name, ",".join(wrong))] if wrong else []


def _hints(hints: list[Spec], rule: Callable[[str], list[str]], path: str) -> list[Cause]:
    if len(hints) > _MAX_HINTS:
        return [too_many(path, len(hints), _MAX_HINTS)]
    names = [hint.get("name", "") for hint in hints]
    causes = [duplicate(f"{path}[{index}].name", name) for index, name in unique(names)]
    for index, name in enumerate(names):
        causes += problems(rule(name), name, f"{path}[{index}].name")
    return causes
