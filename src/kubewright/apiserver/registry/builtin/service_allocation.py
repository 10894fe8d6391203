"""IP families, cluster IPs and node ports of Services.

After ``pkg/registry/core/service/storage/alloc.go`` and the rules for these fields in ``pkg/apis/core/validation``.
What is taken is read from the stored Services themselves, so nothing can leak: an address is free when no Service
has it.  The cluster has one family, IPv4.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import is_ip
from kubewright.apiserver.registry.builtin.base import name_of
from kubewright.apiserver.registry.builtin.field_rules import optional_one_of, problems, unique
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause, Invalid
from kubewright.objects.field_errors import duplicate, invalid, required
from kubewright.objects.names import GroupKind

Spec = dict[str, Any]

SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/12")
NODE_PORTS = range(30000, 32768)
WITH_NODE_PORTS = ("LoadBalancer", "NodePort")
_SERVICE = GroupKind("", "Service")
_FAMILIES = ("IPv4", "IPv6")
_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")


def needs_health_check(spec: Spec) -> bool:
    """Whether the nodes say on a port of their own if they have endpoints."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_headless(spec: Spec) -> bool:
    return bool(spec.get("clusterIPs")) and spec["clusterIPs"][0] == "None"


def default_families(service: Object) -> None:
    """Fill in the families of a Service and its policy for them (``initIPFamilyFields``).

    :raises Invalid: it asks for what a cluster of one family doesn't have.
    """
    spec = service["spec"]
    causes = validate_cluster_ips(spec)
    if not causes and spec.get("ipFamilyPolicy") == "SingleStack":
        text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
        given = (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families"))
        causes = [
            invalid("spec.ipFamilyPolicy", "SingleStack", text.format(what))
            for field, what in given
            if len(spec.get(field) or ()) == 2
        ]
    if not causes:
        families = spec.get("ipFamilies") or []
        for ip in (spec.get("clusterIPs") or [])[len(families) :]:
            families = [*families, f"IPv{ipaddress.ip_address(ip).version}"] if ip != "None" else families
        if is_headless(spec) and not spec.get("selector"):
            _default_any_families(spec, families)
            return
        causes = _beyond_the_cluster(spec, families)
        spec["ipFamilies"] = families or ["IPv4"]
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    if causes:
        raise Invalid.of(_SERVICE, name_of(service), causes)


def _default_any_families(spec: Spec, families: list[str]) -> None:
    """A headless Service whose endpoints are written by hand may have any families."""
    families = families or ["IPv4"]
    if len(families) < 2 and spec.get("ipFamilyPolicy") != "SingleStack":
        families = [*families, "IPv6" if families[0] == "IPv4" else "IPv4"]
    spec["ipFamilies"] = families
    spec.setdefault("ipFamilyPolicy", "RequireDualStack")


def _beyond_the_cluster(spec: Spec, families: list[str]) -> list[Cause]:
    causes: list[Cause] = []
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        text = "this cluster is not configured for dual-stack services"
        causes.append(invalid("spec.ipFamilyPolicy", "RequireDualStack", text))
    text = "not configured on this cluster"
    foreign = [index for index, family in enumerate(families) if family != "IPv4"]
    return causes + [invalid(f"spec.ipFamilies[{index}]", families[index], text) for index in foreign]


def validate_cluster_ips(spec: Spec) -> list[Cause]:
    """``ValidateServiceClusterIPsRelatedFields``."""
    ip, ips, families = spec.get("clusterIP"), spec.get("clusterIPs") or [], spec.get("ipFamilies") or []
    causes: list[Cause] = []
    if ip and not ips:
        causes.append(required("spec.clusterIPs"))
    elif ip and ips[0] != ip:
        causes.append(invalid("spec.clusterIPs", ips, "first value must match `clusterIP`"))
    elif ips and not ip:
        causes.append(invalid("spec.clusterIPs", ips, "must be empty when `clusterIP` is not specified"))
    for index, family in enumerate(families):
        causes += optional_one_of(family, _FAMILIES, f"spec.ipFamilies[{index}]")
    causes += [duplicate(f"spec.ipFamilies[{index}]", family) for index, family in unique(families)]
    causes += optional_one_of(spec.get("ipFamilyPolicy"), _POLICIES, "spec.ipFamilyPolicy")
    wrong: list[Cause] = []
    if is_headless(spec) and len(ips) > 1:
        wrong.append(invalid("spec.clusterIPs", ips, "'None' must be the first and only value"))
    for index, address in enumerate(ips):
        if index or address != "None":
            wrong += problems(is_ip(address), address, f"spec.clusterIPs[{index}]")
    causes += wrong
    if len(ips) > 2:
        causes.append(invalid("spec.clusterIPs", ips, "may only hold up to 2 values"))
    return causes if wrong or is_headless(spec) else causes + _families_of(ips, families)


def _families_of(ips: list[str], families: list[str]) -> list[Cause]:
    """Addresses are of different families, and of those that are named beside them."""
    versions = [f"IPv{ipaddress.ip_address(ip).version}" for ip in ips]
    causes: list[Cause] = []
    if len(ips) > 1 and len(set(versions)) < len(ips):
        text = "may specify no more than one IP for each IP family"
        causes.append(invalid("spec.clusterIPs", ips, text))
    for index, (version, family) in enumerate(zip(versions, families, strict=False)):
        if family in _FAMILIES and family != version:
            text = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            causes.append(invalid(f"spec.clusterIPs[{index}]", ips[index], text))
    return causes


def validate_cluster_ip_change(spec: Spec, before: Spec) -> list[Cause]:
    """A second address comes and goes with the policy; the first stays while the Service has any use for one."""
    if "ExternalName" in (spec.get("type"), before.get("type")) or (is_headless(spec) and is_headless(before)):
        return []
    had, now = before.get("clusterIPs") or [], spec.get("clusterIPs") or []
    text = "may not change once set"
    causes: list[Cause] = []
    if len(had) == len(now):
        moved = [index for index, ip in enumerate(had) if ip != now[index]]
        causes += [invalid(f"spec.clusterIPs[{index}]", now, text) for index in moved]
    elif not now:
        causes.append(invalid("spec.clusterIPs[0]", now, "primary clusterIP can not be unset"))
    elif had and had[0] != now[0]:
        causes.append(invalid("spec.clusterIPs[0]", now, text))
    families, were = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    if not is_headless(spec) and not is_headless(before) and len(families) == len(were):
        causes += [invalid("spec.ipFamilies[0]", families, text) for a, b in zip(families, were, strict=True) if a != b]
    return causes


def allocate_cluster_ip(obj: Object, old: Object | None, taken: set[str]) -> None:
    spec = obj["spec"]
    had = (old["spec"].get("clusterIPs") if old else None) or []
    wanted = spec.get("clusterIPs") or []
    if wanted and wanted[0]:
        if wanted != had and ipaddress.ip_address(wanted[0]) not in SERVICE_NETWORK:
            text = f"failed to allocate IP {wanted[0]}: the provided network does not match the current range"
            raise Invalid.of(_SERVICE, name_of(obj), [invalid("spec.clusterIPs", wanted, text)])
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


def allocate_node_ports(obj: Object, old: Object | None, others: list[Spec]) -> None:
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
    if needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = _free_port(numbers)


def _free_port(taken: set[int | None]) -> int:
    return random.choice([port for port in NODE_PORTS if port not in taken])
