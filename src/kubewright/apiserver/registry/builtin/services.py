"""Services and Endpoints; cluster IPs and node ports are chosen here.

After ``pkg/registry/core/service`` (strategy and allocators) and ``ValidateService``.  What is taken is read from the
stored Services themselves, so nothing can leak: an address is free when no Service has it.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, label_text, name_of
from kubewright.apiserver.registry.builtin.field_rules import (
    PROTOCOLS,
    in_range,
    is_cidr,
    is_ip,
    one_of,
    optional_one_of,
    port_number,
    port_number_or_name,
    problems,
)
from kubewright.apiserver.registry.metadata_rules import (
    dns1035_label,
    is_dns_label,
    is_dns_subdomain,
    is_qualified_name,
    validate_labels,
)
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause, Invalid
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required
from kubewright.objects.names import GroupKind

Spec = dict[str, Any]

SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/12")
NODE_PORTS = range(30000, 32768)

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_WITH_NODE_PORTS = ("LoadBalancer", "NodePort")
_SERVICE = GroupKind("", "Service")


class ServiceStrategy(BuiltinStrategy):
    allow_create_on_update = True
    columns = columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", wide=("Selector",))
    status = True
    return_deleted = True
    field_labels = frozenset({"spec.clusterIP", "spec.type"})
    update_checks_metadata_twice = True

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return dns1035_label(name, prefix)

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("sessionAffinity", "None")
        spec.setdefault("type", "ClusterIP")
        if spec["sessionAffinity"] == "None":
            spec.pop("sessionAffinityConfig", None)
        elif spec["sessionAffinity"] == "ClientIP":
            client = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
            client.setdefault("timeoutSeconds", 10800)
        for port in spec.get("ports") or ():
            port.setdefault("protocol", "TCP")
            if port.get("targetPort") in (0, "", None):
                port["targetPort"] = port["port"]
        if spec["type"] in _WITH_NODE_PORTS or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
            spec.setdefault("externalTrafficPolicy", "Cluster")
        if spec["type"] != "ExternalName":
            spec.setdefault("internalTrafficPolicy", "Cluster")
        if spec["type"] == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)
            for ingress in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
                if ingress.get("ip"):
                    ingress.setdefault("ipMode", "VIP")

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        spec = obj["spec"]
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        self._allocate(obj, None, reader)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        spec, before = obj["spec"], old["spec"]
        _follow_cluster_ip(spec, before)
        if spec["type"] != "ExternalName" and before.get("type") != "ExternalName":
            if not spec.get("clusterIP") and not spec.get("clusterIPs"):
                for field in ("clusterIP", "clusterIPs"):
                    if before.get(field):
                        spec[field] = before[field]
            for field in ("ipFamilies", "ipFamilyPolicy"):
                if field in before:
                    spec.setdefault(field, before[field])
        if spec["type"] in _WITH_NODE_PORTS and before.get("type") in _WITH_NODE_PORTS:
            _keep_node_ports(spec, before)
        _drop_what_the_type_lacks(spec, before)
        self._allocate(obj, old, reader)

    def _allocate(self, obj: Object, old: Object | None, reader: Reader) -> None:
        spec = obj["spec"]
        if spec["type"] == "ExternalName":
            return
        _default_families(spec)
        others = [
            service["spec"]
            for service in reader.list("", "services")
            if service["metadata"].get("uid") != obj["metadata"].get("uid") or old is None
        ]
        if spec.get("clusterIP") != "None":
            _allocate_cluster_ip(obj, old, {ip for other in others for ip in other.get("clusterIPs") or ()})
        if spec["type"] == "NodePort" or (
            spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
        ):
            _allocate_node_ports(obj, old, others)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        headless = spec.get("clusterIP") == "None"
        causes: list[Cause] = []
        kind = spec.get("type", "")
        if not spec.get("ports") and not headless and kind != "ExternalName":
            causes.append(required("spec.ports"))
        if kind == "LoadBalancer" and headless:
            causes.append(invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services"))
        if kind == "NodePort" and headless:
            causes.append(invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services"))
        if kind == "ExternalName":
            causes += _external_name(spec)
        causes += _ports(spec.get("ports") or [], kind)
        causes += validate_labels(spec.get("selector"), "spec.selector")
        causes += one_of(spec.get("sessionAffinity"), ("ClientIP", "None"), "spec.sessionAffinity")
        if spec.get("sessionAffinity") == "ClientIP":
            seconds = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds", 10800)
            causes += in_range(seconds, 1, 86400, "spec.sessionAffinityConfig.clientIP.timeoutSeconds")
        if kind != "ExternalName":
            causes += _cluster_ips(spec)
        for index, ip in enumerate(spec.get("externalIPs") or ()):
            causes += endpoint_ip(ip, f"spec.externalIPs[{index}]")
        causes += one_of(kind, _TYPES, "spec.type")
        causes += _source_ranges(spec, "spec.LoadBalancerSourceRanges")
        if "allocateLoadBalancerNodePorts" in spec and kind != "LoadBalancer":
            text = "may only be used when `type` is 'LoadBalancer'"
            causes.append(forbidden("spec.allocateLoadBalancerNodePorts", text))
        preferences = ("PreferClose", "PreferSameNode", "PreferSameZone")
        causes += optional_one_of(spec.get("trafficDistribution"), preferences, "spec.trafficDistribution")
        if spec.get("loadBalancerClass") is not None and kind != "LoadBalancer":
            causes.append(forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"))
        policies = ("Cluster", "Local")
        causes += optional_one_of(spec.get("internalTrafficPolicy"), policies, "spec.internalTrafficPolicy")
        return causes + _external_traffic(spec)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return _cluster_ip_change(obj["spec"], old["spec"]) + self.rules(obj)

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {"spec.clusterIP": obj["spec"].get("clusterIP", ""), "spec.type": obj["spec"].get("type", "")}

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        return [
            name_of(obj),
            spec.get("type", ""),
            (spec.get("clusterIPs") or [spec.get("clusterIP") or "<none>"])[0],
            _external_ips(obj),
            _port_text(spec.get("ports") or []),
            age(obj),
            label_text(spec.get("selector")),
        ]


def _default_families(spec: Spec) -> None:
    if spec.get("clusterIP") == "None" and not spec.get("selector"):
        # A headless Service whose endpoints are written by hand may have any families.
        spec.setdefault("ipFamilyPolicy", "RequireDualStack")
        families = spec.get("ipFamilies") or ["IPv4"]
        if spec["ipFamilyPolicy"] == "RequireDualStack" and len(families) == 1:
            families = [*families, "IPv6" if families[0] == "IPv4" else "IPv4"]
        spec["ipFamilies"] = families
        return
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4"])


def _follow_cluster_ip(spec: Spec, before: Spec) -> None:
    """Clients that know only ``clusterIP`` change that; ``clusterIPs`` follows (``NormalizeClusterIPs``)."""
    if spec.get("clusterIPs") == before.get("clusterIPs") and spec.get("clusterIP") != before.get("clusterIP"):
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"], *(spec.get("clusterIPs") or ())[1:]]
        else:
            spec.pop("clusterIPs", None)
    elif spec.get("clusterIP") == before.get("clusterIP") and not spec.get("clusterIPs") and before.get("clusterIPs"):
        spec.pop("clusterIP", None)


def _keep_node_ports(spec: Spec, before: Spec) -> None:
    """A port that names no node port keeps the one it had."""
    had = {(port["port"], port.get("protocol", "TCP")): port.get("nodePort") for port in before.get("ports") or ()}
    used = {port.get("nodePort") for port in spec.get("ports") or ()}
    for port in spec.get("ports") or ():
        kept = had.get((port["port"], port.get("protocol", "TCP")))
        if not port.get("nodePort") and kept and kept not in used:
            port["nodePort"] = kept
    if before.get("healthCheckNodePort") and not spec.get("healthCheckNodePort") and _needs_health_check(spec):
        spec["healthCheckNodePort"] = before["healthCheckNodePort"]


def _drop_what_the_type_lacks(spec: Spec, before: Spec) -> None:
    """Values that an earlier type needed and that the client did not touch go with it."""
    kind = spec["type"]
    if kind == "ExternalName" and before.get("type") != "ExternalName":
        for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
            if spec.get(field) == before.get(field):
                spec.pop(field, None)
    if kind not in _WITH_NODE_PORTS and before.get("type") in _WITH_NODE_PORTS:
        old_ports = [port.get("nodePort") for port in before.get("ports") or ()]
        for port in spec.get("ports") or ():
            if port.get("nodePort") in old_ports:
                port.pop("nodePort", None)
        if spec.get("externalTrafficPolicy") == before.get("externalTrafficPolicy") and not spec.get("externalIPs"):
            spec.pop("externalTrafficPolicy", None)
    if kind != "LoadBalancer" and before.get("type") == "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(field) == before.get(field):
                spec.pop(field, None)
    if not _needs_health_check(spec) and spec.get("healthCheckNodePort") == before.get("healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)


def _needs_health_check(spec: Spec) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _allocate_cluster_ip(obj: Object, old: Object | None, taken: set[str]) -> None:
    spec = obj["spec"]
    had = (old["spec"].get("clusterIPs") if old else None) or []
    wanted = spec.get("clusterIPs") or []
    if wanted and wanted[0]:
        if wanted != had and wanted[0] in taken:
            text = f"failed to allocate IP {wanted[0]}: provided IP is already allocated"
            raise Invalid.of(_SERVICE, name_of(obj), [invalid("spec.clusterIPs", wanted, text)])
        spec["clusterIP"] = wanted[0]
        return
    address = next(ip for ip in _candidates() if ip not in taken)
    spec["clusterIP"], spec["clusterIPs"] = address, [address]


def _candidates() -> Iterator[str]:
    """Random addresses of the service network, without its first ten and its broadcast address."""
    while True:
        yield str(SERVICE_NETWORK[random.randrange(10, SERVICE_NETWORK.num_addresses - 1)])


def _allocate_node_ports(obj: Object, old: Object | None, others: list[Spec]) -> None:
    spec = obj["spec"]
    had = {port.get("nodePort") for port in (old["spec"].get("ports") if old else None) or ()}
    taken = {(port.get("nodePort"), port.get("protocol")) for other in others for port in other.get("ports") or ()}
    numbers = {number for number, _ in taken} | {other.get("healthCheckNodePort") for other in others}
    for index, port in enumerate(spec.get("ports") or ()):
        number = port.get("nodePort")
        path = f"spec.ports[{index}].nodePort"
        if number:
            if number not in NODE_PORTS and number not in had:
                text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
                raise Invalid.of(_SERVICE, name_of(obj), [invalid(path, number, text)])
            if (number, port.get("protocol")) in taken and number not in had:
                text = "provided port is already allocated"
                raise Invalid.of(_SERVICE, name_of(obj), [invalid(path, number, text)])
        else:
            port["nodePort"] = number = _free_port(numbers)
        numbers.add(number)
    if _needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = _free_port(numbers)


def _free_port(taken: set[int | None]) -> int:
    return random.choice([port for port in NODE_PORTS if port not in taken])


def _external_name(spec: Spec) -> list[Cause]:
    causes = []
    if spec.get("clusterIPs"):
        causes.append(forbidden("spec.clusterIPs", "may not be set for ExternalName services"))
    given = [field for field in ("ipFamilies", "ipFamilyPolicy") if spec.get(field)]
    causes += [forbidden(f"spec.{field}", "may not be set for ExternalName services") for field in given]
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*causes, required("spec.externalName")]
    return causes + problems(is_dns_subdomain(name), spec["externalName"], "spec.externalName")


def _ports(ports: list[Spec], kind: str) -> list[Cause]:
    causes: list[Cause] = []
    names: set[str] = set()
    numbers: set[tuple[int, str]] = set()
    taken: set[tuple[int, str]] = set()
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name:
            if len(ports) > 1:
                causes.append(required(f"{path}.name"))
        else:
            causes += problems(is_dns_label(name), name, f"{path}.name")
            if name in names:
                causes.append(duplicate(f"{path}.name", name))
            names.add(name)
        causes += port_number(port["port"], f"{path}.port")
        causes += one_of(port.get("protocol"), PROTOCOLS, f"{path}.protocol")
        causes += port_number_or_name(port.get("targetPort", 0), f"{path}.targetPort")
        if port.get("appProtocol"):
            causes += problems(is_qualified_name(port["appProtocol"]), port["appProtocol"], f"{path}.appProtocol")
        if port.get("nodePort") and kind == "ClusterIP":
            text = "may not be used when `type` is 'ClusterIP'"
            causes.append(forbidden(f"{path}.nodePort", text))
        key = (port["port"], port.get("protocol", ""))
        if key in numbers:
            causes.append(duplicate(path, {"port": key[0], "protocol": key[1]}))
        numbers.add(key)
        node = (port.get("nodePort") or 0, port.get("protocol", ""))
        if node[0] and node in taken:
            causes.append(duplicate(f"{path}.nodePort", node[0]))
        taken.add(node)
    return causes


def _source_ranges(spec: Spec, field: str) -> list[Cause]:
    ranges = spec.get("loadBalancerSourceRanges") or ()
    causes: list[Cause] = []
    if ranges and spec.get("type") != "LoadBalancer":
        causes.append(forbidden(field, "may only be used when `type` is 'LoadBalancer'"))
    for index, source in enumerate(ranges):
        causes += problems(is_cidr(source.strip()), source.strip(), f"{field}[{index}]")
    return causes


def _cluster_ips(spec: Spec) -> list[Cause]:
    ips = spec.get("clusterIPs") or []
    causes: list[Cause] = []
    if ips and spec.get("clusterIP") != ips[0]:
        causes.append(invalid("spec.clusterIPs", ips, "first value must match `clusterIP`"))
    for index, ip in enumerate(ips):
        if ip != "None":
            causes += problems(is_ip(ip), ip, f"spec.clusterIPs[{index}]")
        elif len(ips) > 1:
            text = "'None' must be the first and only value"
            causes.append(invalid(f"spec.clusterIPs[{index}]", ip, text))
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        causes += optional_one_of(family, ("IPv4", "IPv6"), f"spec.ipFamilies[{index}]")
    policies = ("PreferDualStack", "RequireDualStack", "SingleStack")
    return causes + optional_one_of(spec.get("ipFamilyPolicy"), policies, "spec.ipFamilyPolicy")


def _cluster_ip_change(spec: Spec, before: Spec) -> list[Cause]:
    """A cluster IP stays for as long as the Service has any use for one."""
    if "ExternalName" in (spec.get("type"), before.get("type")):
        return []
    had, now = before.get("clusterIPs") or [], spec.get("clusterIPs") or []
    if had and now and had[0] != now[0]:
        return [invalid("spec.clusterIPs[0]", now, "may not change once set")]
    return []


def _external_traffic(spec: Spec) -> list[Cause]:
    policy = spec.get("externalTrafficPolicy")
    accessible = spec.get("type") in _WITH_NODE_PORTS or bool(spec.get("externalIPs"))
    causes = []
    if policy and not accessible:
        text = "may only be set for externally-accessible services"
        causes.append(invalid("spec.externalTrafficPolicy", policy, text))
    elif policy:
        causes += optional_one_of(policy, ("Cluster", "Local"), "spec.externalTrafficPolicy")
    if spec.get("healthCheckNodePort") and not _needs_health_check(spec):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        causes.append(invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], text))
    return causes


def _external_ips(obj: Object) -> str:
    spec = obj["spec"]
    ips: list[str] = list(spec.get("externalIPs") or ())
    match spec.get("type"):
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case "LoadBalancer":
            ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
            found = sorted({entry.get("ip") or entry.get("hostname", "") for entry in ingress} - {""})
            return ",".join([*found, *ips]) or "<pending>"
        case "ClusterIP" | "NodePort":
            return ",".join(ips) or "<none>"
    return "<unknown>"


def _port_text(ports: list[Spec]) -> str:
    texts = []
    for port in ports:
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port['port']}{node}/{port.get('protocol', '')}")
    return ",".join(texts) or "<none>"


class EndpointsStrategy(BuiltinStrategy):
    columns = columns("Endpoints", "Age")
    allow_create_on_update = True
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        for subset in obj.get("subsets") or ():
            for port in subset.get("ports") or ():
                port.setdefault("protocol", "TCP")

    def rules(self, obj: Object) -> list[Cause]:
        causes: list[Cause] = []
        for index, subset in enumerate(obj.get("subsets") or ()):
            path = f"subsets[{index}]"
            if not subset.get("addresses") and not subset.get("notReadyAddresses"):
                causes.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
            for field in ("addresses", "notReadyAddresses"):
                for at, address in enumerate(subset.get(field) or ()):
                    causes += endpoint_ip(address.get("ip", ""), f"{path}.{field}[{at}].ip")
            ports = subset.get("ports") or []
            for at, port in enumerate(ports):
                causes += _endpoint_port(port, f"{path}.ports[{at}]", named=len(ports) > 1)
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), _endpoints_text(obj), age(obj)]


def endpoint_ip(ip: str, field: str) -> list[Cause]:
    """``ValidateEndpointIP``: an address that traffic may be sent to."""
    if found := is_ip(ip):
        return problems(found, ip, field)
    address = ipaddress.ip_address(ip)
    for wrong, text in (
        (address.is_unspecified, f"may not be unspecified ({ip})"),
        (address.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (address.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            address.is_multicast and ip.startswith(("224.0.0.", "ff02")),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    ):
        if wrong:
            return [invalid(field, ip, text)]
    return []


def _endpoint_port(port: Spec, path: str, *, named: bool) -> list[Cause]:
    causes: list[Cause] = []
    if named and not port.get("name"):
        causes.append(required(f"{path}.name"))
    elif port.get("name"):
        causes += problems(is_dns_label(port["name"]), port["name"], f"{path}.name")
    causes += port_number(port.get("port", 0), f"{path}.port")
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
