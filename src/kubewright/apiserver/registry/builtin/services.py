"""Services: defaults, what each type of them needs, and what may change.

After ``pkg/registry/core/service/strategy.go`` and ``ValidateService``; addresses and ports come from
`service_allocation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import cidr_warnings, endpoint_ip, ip_warnings, is_cidr, is_ip
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, label_text, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import (
    PROTOCOLS,
    in_range,
    one_of,
    optional_one_of,
    port_number,
    port_number_or_name,
    problems,
)
from kubewright.apiserver.registry.builtin.service_allocation import (
    WITH_NODE_PORTS,
    allocate_cluster_ip,
    allocate_node_ports,
    default_families,
    needs_health_check,
    validate_cluster_ip_change,
    validate_cluster_ips,
)
from kubewright.apiserver.registry.metadata_rules import (
    dns_label,
    is_dns_label,
    is_dns_subdomain,
    is_qualified_name,
    validate_labels,
)
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required

Spec = dict[str, Any]

_HINTS = "service.kubernetes.io/topology-aware-hints"
_MODE = "service.kubernetes.io/topology-mode"
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


class ServiceStrategy(BuiltinStrategy):
    allow_create_on_update = True
    columns = columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", wide=("Selector",))
    status = True
    return_deleted = True
    field_labels = frozenset({"spec.clusterIP", "spec.type"})
    update_checks_metadata_twice = True

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        """As relaxed by RelaxedServiceNameValidation: a digit may come first."""
        return dns_label(name, prefix)

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
        if spec["type"] in WITH_NODE_PORTS or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
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
        if spec["type"] in WITH_NODE_PORTS and before.get("type") in WITH_NODE_PORTS:
            _keep_node_ports(spec, before)
        _drop_what_the_type_lacks(spec, before)
        if spec["type"] != "LoadBalancer":
            obj["status"] = {"loadBalancer": {}}
        self._allocate(obj, old, reader)

    def _allocate(self, obj: Object, old: Object | None, reader: Reader) -> None:
        spec = obj["spec"]
        if spec["type"] == "ExternalName":
            return
        default_families(obj)
        others = [
            service["spec"]
            for service in reader.list("", "services")
            if service["metadata"].get("uid") != obj["metadata"].get("uid") or old is None
        ]
        if spec.get("clusterIP") != "None":
            allocate_cluster_ip(obj, old, {ip for other in others for ip in other.get("clusterIPs") or ()})
        if spec["type"] == "NodePort" or (
            spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
        ):
            allocate_node_ports(obj, old, others)

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
            causes += validate_cluster_ips(spec)
        for index, ip in enumerate(spec.get("externalIPs") or ()):
            causes += endpoint_ip(ip, f"spec.externalIPs[{index}]")
        annotations = obj["metadata"].get("annotations") or {}
        if {_HINTS, _MODE} <= annotations.keys() and annotations[_HINTS] != annotations[_MODE]:
            text = f"must match annotations[{_HINTS}] when both are specified"
            causes.append(invalid(f"metadata.annotations[{_MODE}]", annotations[_MODE], text))
        causes += one_of(kind, _TYPES, "spec.type")
        causes += _source_ranges(spec, "spec.LoadBalancerSourceRanges")
        if "allocateLoadBalancerNodePorts" in spec and kind != "LoadBalancer":
            text = "may only be used when `type` is 'LoadBalancer'"
            causes.append(forbidden("spec.allocateLoadBalancerNodePorts", text))
        preferences = ("PreferClose", "PreferSameNode", "PreferSameZone")
        causes += optional_one_of(spec.get("trafficDistribution"), preferences, "spec.trafficDistribution")
        causes += _load_balancer_class(spec)
        policies = ("Cluster", "Local")
        causes += optional_one_of(spec.get("internalTrafficPolicy"), policies, "spec.internalTrafficPolicy")
        return causes + _external_traffic(spec)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        causes = validate_cluster_ip_change(new, before)
        if new.get("type") == before.get("type") == "LoadBalancer" and not same(
            new.get("loadBalancerClass"), before.get("loadBalancerClass")
        ):
            text = "may not change once set"
            causes.append(invalid("spec.loadBalancerClass", new.get("loadBalancerClass"), text))
        causes += _load_balancer_class(new)
        port = new.get("healthCheckNodePort")
        if needs_health_check(new) and needs_health_check(before) and port != before.get("healthCheckNodePort"):
            causes.append(forbidden("spec.healthCheckNodePort", "field is immutable"))
        return causes + self.rules(obj)

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        ingress = (obj["status"].get("loadBalancer") or {}).get("ingress") or []
        if ingress and obj["spec"].get("type") != "LoadBalancer":
            text = "may only be used when `spec.type` is 'LoadBalancer'"
            return [forbidden("status.loadBalancer.ingress", text)]
        causes: list[Cause] = []
        for index, entry in enumerate(ingress):
            causes += _ingress_point(entry, f"status.loadBalancer.ingress[{index}]")
        return causes

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        """Of what is deprecated, and of what has no effect on a Service of this type."""
        spec = obj["spec"]
        found: list[str] = []
        if _HINTS in (obj["metadata"].get("annotations") or {}):
            found.append(f"annotation {_HINTS} is deprecated, please use {_MODE} instead")
        if spec.get("clusterIP") != "None":
            for index, ip in enumerate(spec.get("clusterIPs") or ()):
                found += ip_warnings(ip, f"spec.clusterIPs[{index}]")
        headless = spec.get("type") == "ClusterIP" and spec.get("clusterIP") == "None"
        external = spec.get("type") == "ExternalName"
        if headless:
            given = [field for field in ("loadBalancerIP", "externalIPs") if spec.get(field)]
            given += ["SessionAffinity"] if spec.get("sessionAffinity") != "None" else []
            found += [f"spec.{field} is ignored for headless services" for field in given]
        for index, ip in enumerate(spec.get("externalIPs") or ()):
            found += ip_warnings(ip, f"spec.externalIPs[{index}]")
        if spec.get("externalIPs") and not headless and not external:
            found.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
        if spec.get("loadBalancerIP"):
            found += ip_warnings(spec["loadBalancerIP"], "spec.loadBalancerIP")
        for index, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
            found += cidr_warnings(cidr, f"spec.loadBalancerSourceRanges[{index}]")
        if external and spec.get("externalIPs"):
            found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
        if not external and spec.get("externalName"):
            found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
        if spec.get("trafficDistribution") == "PreferClose":
            found.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
        return found

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
    if before.get("healthCheckNodePort") and not spec.get("healthCheckNodePort") and needs_health_check(spec):
        spec["healthCheckNodePort"] = before["healthCheckNodePort"]


def _drop_what_the_type_lacks(spec: Spec, before: Spec) -> None:
    """Values that an earlier type needed and that the client did not touch go with it."""
    kind = spec["type"]
    if kind == "ExternalName" and before.get("type") != "ExternalName":
        for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(field) == before.get(field):
                spec.pop(field, None)
    if kind not in WITH_NODE_PORTS and before.get("type") in WITH_NODE_PORTS:
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
    if not needs_health_check(spec) and spec.get("healthCheckNodePort") == before.get("healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)


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


def _load_balancer_class(spec: Spec) -> list[Cause]:
    name, path = spec.get("loadBalancerClass"), "spec.loadBalancerClass"
    if name is None:
        return []
    if spec.get("type") != "LoadBalancer":
        return [forbidden(path, "may only be used when `type` is 'LoadBalancer'")]
    return problems(is_qualified_name(name), name, path)


def _ingress_point(entry: Spec, path: str) -> list[Cause]:
    """One address of a load balancer."""
    ip, mode, host = entry.get("ip", ""), entry.get("ipMode"), entry.get("hostname", "")
    causes = problems(is_ip(ip), ip, f"{path}.ip") if ip else []
    if mode is None and ip:
        causes.append(required(f"{path}.ipMode", "must be specified when `ip` is set"))
    elif mode is not None and not ip:
        causes.append(forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
    else:
        causes += optional_one_of(mode, ("Proxy", "VIP"), f"{path}.ipMode")
    if host:
        causes += problems(is_dns_subdomain(host), host, f"{path}.hostname")
        if not is_ip(host):
            causes.append(invalid(f"{path}.hostname", host, "must be a DNS name, not an IP address"))
    return causes


def _external_traffic(spec: Spec) -> list[Cause]:
    policy = spec.get("externalTrafficPolicy")
    accessible = spec.get("type") in WITH_NODE_PORTS or bool(spec.get("externalIPs"))
    causes = []
    if policy and not accessible:
        text = "may only be set for externally-accessible services"
        causes.append(invalid("spec.externalTrafficPolicy", policy, text))
    elif policy:
        causes += optional_one_of(policy, ("Cluster", "Local"), "spec.externalTrafficPolicy")
    if spec.get("healthCheckNodePort") and not needs_health_check(spec):
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
