"""What the status of a Pod may say, and which of its containers may come back to life.

After ``ValidatePodStatusUpdate`` and ``ValidateContainerStateTransition`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import is_ip
from kubewright.apiserver.registry.builtin.field_rules import problems
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid

Spec = Mapping[str, Any]

_SYSTEM_CONDITIONS = ("Initialized", "PodScheduled", "Ready")
_NO_MORE = "may not be transitioned to non-terminated state"


def validate_pod_status(pod: Object, old: Object) -> list[Cause]:
    status, before, spec = pod["status"], old.get("status") or {}, old["spec"]
    causes: list[Cause] = []
    for index, condition in enumerate(status.get("conditions") or ()):
        kind, path = condition.get("type", ""), f"status.conditions[{index}]"
        if condition.get("observedGeneration", 0) < 0:
            text = "must be a non-negative integer"
            causes.append(invalid(f"{path}.observedGeneration", condition["observedGeneration"], text))
        if kind not in _SYSTEM_CONDITIONS:
            causes += problems(is_qualified_name(kind), kind, f"{path}.Type")
    node = status.get("nominatedNodeName", "")
    if node and node != before.get("nominatedNodeName", ""):
        causes += problems(is_dns_subdomain(node), node, "status.nominatedNodeName")
        if spec.get("nodeName"):
            text = "may not be set on pods that are already bound to a node"
            causes.append(forbidden("status.nominatedNodeName", text))
    if status.get("observedGeneration", 0) < 0:
        text = "must be a non-negative integer"
        causes.append(invalid("status.observedGeneration", status["observedGeneration"], text))
    if before.get("qosClass"):
        causes += immutable(status.get("qosClass"), before["qosClass"], "status.qosClass")
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        causes += _revived(status, before, field, spec)
    hosts = status.get("hostIPs") or []
    if hosts and hosts[0].get("ip") != status.get("hostIP"):
        causes.append(invalid("status.hostIPs[0].ip", hosts[0].get("ip", ""), "must be equal to `hostIP`"))
    return causes + _addresses(status, before, "podIPs") + _addresses(status, before, "hostIPs")


def _revived(new: Spec, before: Spec, field: str, spec: Spec) -> list[Cause]:
    """Containers that ended for good and are now said to run."""
    states = {one.get("name"): one.get("state") or {} for one in new.get(field) or ()}
    causes: list[Cause] = []
    for index, old in enumerate(before.get(field) or ()):
        ended = (old.get("state") or {}).get("terminated")
        running = old.get("name") in states and "terminated" not in states[old["name"]]
        if ended is not None and running and not _may_restart(field, old["name"], ended.get("exitCode", 0), spec):
            causes.append(forbidden(f"status.{field}[{index}].state", _NO_MORE))
    return causes


def _may_restart(field: str, name: str, code: int, spec: Spec) -> bool:
    """Whether a container that ended with a code is started again, by its own policy or else the pod's."""
    policy = spec.get("restartPolicy")
    if field == "initContainerStatuses":
        sidecars = {one.get("name") for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"}
        return policy == "Always" or (policy == "OnFailure" and code != 0) or name in sidecars
    if field == "ephemeralContainerStatuses":
        return False
    container = next((one for one in spec.get("containers") or () if one.get("name") == name), None)
    if container is None:
        return False
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes") or {}
        if (code in (codes.get("values") or ())) == (codes.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy", policy)
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _addresses(status: Spec, before: Spec, field: str) -> list[Cause]:
    """Addresses of the pod or its host: one of each family at most."""
    ips = [entry.get("ip", "") for entry in status.get(field) or ()]
    had = {entry.get("ip") for entry in before.get(field) or ()}
    causes: list[Cause] = []
    for index, ip in enumerate(ips):
        if ip not in had:
            causes += problems(is_ip(ip), ip, f"status.{field}[{index}]")
    families = {ipaddress.ip_address(ip).version for ip in ips if not is_ip(ip)}
    if len(ips) > 1 and len(families) != len(ips):
        text = "may specify no more than one IP for each IP family"
        causes.append(invalid(f"status.{field}", status[field], text))
    return causes
