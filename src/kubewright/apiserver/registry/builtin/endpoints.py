"""Endpoints: the addresses behind a Service, in the older form.

After ``ValidateEndpoints`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.registry.builtin.addresses import endpoint_ip, ip_warnings, is_ip
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import PROTOCOLS, one_of, port_number, problems
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import required

Spec = dict[str, Any]


class EndpointsStrategy(BuiltinStrategy):
    columns = columns("Endpoints", "Age")
    allow_create_on_update = True
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        for subset in obj.get("subsets") or ():
            for port in subset.get("ports") or ():
                port.setdefault("protocol", "TCP")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        # Subsets that stay are not looked at again: they may be from before today's rules.
        return [] if same(obj.get("subsets"), old.get("subsets")) else self.rules(obj)

    def rules(self, obj: Object) -> list[Cause]:
        causes: list[Cause] = []
        for index, subset in enumerate(obj.get("subsets") or ()):
            path = f"subsets[{index}]"
            if not subset.get("addresses") and not subset.get("notReadyAddresses"):
                causes.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
            for field in ("addresses", "notReadyAddresses"):
                for at, address in enumerate(subset.get(field) or ()):
                    causes += _address(address, f"{path}.{field}[{at}]")
            ports = subset.get("ports") or []
            for at, port in enumerate(ports):
                causes += _endpoint_port(port, f"{path}.ports[{at}]", named=len(ports) > 1)
        return causes

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        if (obj["metadata"].get("labels") or {}).get("endpoints.kubernetes.io/managed-by") == "endpoint-controller":
            return []
        return [
            warning
            for index, subset in enumerate(obj.get("subsets") or ())
            for field in ("addresses", "notReadyAddresses")
            for at, address in enumerate(subset.get(field) or ())
            for warning in ip_warnings(address.get("ip", ""), f"subsets[{index}].{field}[{at}].ip")
        ]

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), _endpoints_text(obj), age(obj)]


def _address(address: Spec, path: str) -> list[Cause]:
    ip, host, node = address.get("ip", ""), address.get("hostname", ""), address.get("nodeName")
    causes = problems(is_ip(ip), ip, f"{path}.ip")
    causes += problems(is_dns_label(host), host, f"{path}.hostname") if host else []
    causes += problems(is_dns_subdomain(node), node, f"{path}.nodeName") if node is not None else []
    return causes + endpoint_ip(ip, f"{path}.ip")


def _endpoint_port(port: Spec, path: str, *, named: bool) -> list[Cause]:
    causes: list[Cause] = []
    if named and not port.get("name"):
        causes.append(required(f"{path}.name"))
    elif port.get("name"):
        causes += problems(is_dns_label(port["name"]), port["name"], f"{path}.name")
    causes += port_number(port.get("port", 0), f"{path}.port")
    if (protocol := port.get("appProtocol")) is not None:
        causes += problems(is_qualified_name(protocol), protocol, f"{path}.appProtocol")
    return causes + one_of(port.get("protocol"), PROTOCOLS, f"{path}.protocol")


def _host_port(ip: str, port: int | None) -> str:
    if port is None:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _endpoints_text(obj: Object) -> str:
    """The first three addresses with their ports."""
    shown: list[str] = []
    count = 0
    for subset in obj.get("subsets") or ():
        ports = subset.get("ports") or [{}]
        for port in ports:
            for address in subset.get("addresses") or ():
                count += 1
                if len(shown) < 3:
                    shown.append(_host_port(address.get("ip", ""), port.get("port")))
    if not shown:
        return "<none>"
    return ",".join(shown) + (f" + {count - 3} more..." if count > 3 else "")
