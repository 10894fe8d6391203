"""Rules for a pod spec, as Pods and every pod template must follow them, and for changes to a Pod.

After ``ValidatePodSpec``, ``ValidatePodTemplateSpec`` and ``ValidatePodUpdate`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import same
from kubewright.apiserver.registry.builtin.container_rules import (
    host_port_conflicts,
    validate_app_armor,
    validate_containers,
    validate_resource_requirements,
    validate_seccomp,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    in_range,
    is_ip,
    one_of,
    optional_one_of,
    problems,
)
from kubewright.apiserver.registry.builtin.scheduling_rules import (
    validate_affinity,
    validate_tolerations,
    validate_topology_spread,
)
from kubewright.apiserver.registry.builtin.volume_rules import validate_volumes
from kubewright.apiserver.registry.metadata_rules import (
    is_dns_label,
    is_dns_subdomain,
    is_qualified_name,
    validate_annotations,
    validate_labels,
)
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_found, required

Spec = dict[str, Any]

RESTART_POLICIES = ("Always", "Never", "OnFailure")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_NOT_EPHEMERAL = (
    "ports", "resources", "resizePolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
)  # fmt: skip
_SYSCTL = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?\Z")
_MAX_INT32 = 2**31 - 1
_IMMUTABLE_TEXT = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_template(template: Object, field: str) -> list[Cause]:
    """A PodTemplateSpec: labels, annotations, spec."""
    metadata = template.get("metadata") or {}
    causes = validate_labels(metadata.get("labels"), f"{field}.labels")
    causes += validate_annotations(metadata.get("annotations"), f"{field}.annotations")
    causes += validate_pod_spec(template.get("spec") or {}, f"{field}.spec")
    if (template.get("spec") or {}).get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        causes.append(forbidden(f"{field}.spec.ephemeralContainers", text))
    return causes


def validate_pod_spec(spec: Spec, field: str) -> list[Cause]:
    causes = validate_volumes(spec.get("volumes") or [], f"{field}.volumes")
    volumes = {volume.get("name", ""): volume for volume in spec.get("volumes") or ()}
    causes += _all_containers(spec, volumes, field)
    causes += one_of(spec.get("restartPolicy"), RESTART_POLICIES, f"{field}.restartPolicy")
    causes += one_of(spec.get("dnsPolicy"), _DNS_POLICIES, f"{field}.dnsPolicy")
    causes += validate_labels(spec.get("nodeSelector"), f"{field}.nodeSelector")
    causes += _host_namespaces(spec, field)
    causes += _pod_security_context(spec.get("securityContext") or {}, f"{field}.securityContext")
    causes += validate_affinity(spec.get("affinity"), f"{field}.affinity")
    causes += _dns_config(spec, field)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType", "")
        causes += problems(is_qualified_name(kind), kind, f"{field}.readinessGates[{index}].conditionType")
    causes += _scheduling_gates(spec.get("schedulingGates") or [], f"{field}.schedulingGates")
    spread = spec.get("topologySpreadConstraints") or []
    causes += validate_topology_spread(spread, f"{field}.topologySpreadConstraints")
    for name in ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"):
        if spec.get(name):
            causes += problems(is_dns_subdomain(spec[name]), spec[name], f"{field}.{name}")
    if "activeDeadlineSeconds" in spec:
        causes += in_range(spec["activeDeadlineSeconds"], 1, _MAX_INT32, f"{field}.activeDeadlineSeconds")
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            causes += problems(is_dns_label(spec[name]), spec[name], f"{field}.{name}")
    causes += validate_tolerations(spec.get("tolerations") or [], f"{field}.tolerations")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        ip = alias.get("ip", "")
        causes += problems(is_ip(ip), ip, f"{field}.hostAliases[{index}].ip")
        for at, name in enumerate(alias.get("hostnames") or ()):
            causes += problems(is_dns_subdomain(name), name, f"{field}.hostAliases[{index}].hostnames[{at}]")
    policies = ("Never", "PreemptLowerPriority")
    causes += optional_one_of(spec.get("preemptionPolicy"), policies, f"{field}.preemptionPolicy")
    if spec.get("os") is not None:
        causes += one_of(spec["os"].get("name"), ("linux", "windows"), f"{field}.os.name")
    if spec.get("resources"):
        causes += validate_resource_requirements(spec["resources"], f"{field}.resources")
    return causes


def _all_containers(spec: Spec, volumes: Mapping[str, Spec], field: str) -> list[Cause]:
    containers = spec.get("containers") or []
    taken: set[str] = set()
    causes = [] if containers else [required(f"{field}.containers")]
    causes += validate_containers(containers, volumes, f"{field}.containers", taken=taken)
    causes += host_port_conflicts(containers, f"{field}.containers")
    init = spec.get("initContainers") or []
    causes += validate_containers(init, volumes, f"{field}.initContainers", taken=taken, init=True)
    ephemeral = spec.get("ephemeralContainers") or []
    causes += validate_containers(ephemeral, volumes, f"{field}.ephemeralContainers", taken=taken)
    targets = {container.get("name") for container in (*containers, *init)}
    for index, container in enumerate(ephemeral):
        path = f"{field}.ephemeralContainers[{index}]"
        target = container.get("targetContainerName")
        if target and target not in targets:
            causes.append(not_found(f"{path}.targetContainerName", target))
        for name in _NOT_EPHEMERAL:
            if container.get(name):
                causes.append(forbidden(f"{path}.{name}", "cannot be set for an Ephemeral Container"))
    return causes


def _host_namespaces(spec: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    if spec.get("hostNetwork"):
        for index, container in enumerate(spec.get("containers") or ()):
            for at, port in enumerate(container.get("ports") or ()):
                # Templates may leave the host's port out: it is filled in when a Pod is made of them.
                if port.get("hostPort") and port["hostPort"] != port.get("containerPort"):
                    path = f"{field}.containers[{index}].ports[{at}].hostPort"
                    text = "must match `containerPort` when `hostNetwork` is true"
                    causes.append(invalid(path, port["hostPort"], text))
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        causes.append(invalid(f"{field}.securityContext.shareProcessNamespace", True, text))
    if spec.get("hostUsers") is False:
        for name, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
            if spec.get(name):
                causes.append(forbidden(f"{field}.{shown}", "when `pod.Spec.HostUsers` is false"))
    return causes


def _pod_security_context(context: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        if name in context:
            causes += in_range(context[name], 0, _MAX_INT32, f"{field}.{name}")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        causes += in_range(group, 0, _MAX_INT32, f"{field}.supplementalGroups[{index}]")
    causes += _sysctls(context.get("sysctls") or [], f"{field}.sysctls")
    policies = ("Always", "OnRootMismatch")
    causes += optional_one_of(context.get("fsGroupChangePolicy"), policies, f"{field}.fsGroupChangePolicy")
    policies = ("Merge", "Strict")
    causes += optional_one_of(context.get("supplementalGroupsPolicy"), policies, f"{field}.supplementalGroupsPolicy")
    causes += validate_seccomp(context.get("seccompProfile"), f"{field}.seccompProfile")
    return causes + validate_app_armor(context.get("appArmorProfile"), f"{field}.appArmorProfile")


def _sysctls(sysctls: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name, path = sysctl.get("name", ""), f"{field}[{index}].name"
        if not name:
            causes.append(required(path))
        elif len(name) > 253 or not _SYSCTL.match(name):
            causes.append(invalid(path, name, "must have at most 253 characters and be a name of a kernel parameter"))
        elif name in seen:
            causes.append(duplicate(path, name))
        seen.add(name)
    return causes


def _duplicates(items: list[Spec]) -> list[tuple[int, tuple[str, Spec]]]:
    seen: set[str] = set()
    found = []
    for index, item in enumerate(items):
        name = item.get("name", "")
        if name in seen:
            found.append((index, (name, item)))
        seen.add(name)
    return found


def _dns_config(spec: Spec, field: str) -> list[Cause]:
    config = spec.get("dnsConfig") or {}
    servers = config.get("nameservers") or []
    causes: list[Cause] = []
    if spec.get("dnsPolicy") == "None" and spec.get("dnsConfig") is None:
        return [required(f"{field}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")]
    if spec.get("dnsPolicy") == "None" and not servers:
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(f"{field}.dnsConfig.nameservers", text)]
    if len(servers) > 3:
        causes.append(invalid(f"{field}.dnsConfig.nameservers", servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        causes += problems(is_ip(server), server, f"{field}.dnsConfig.nameservers[{index}]")
    searches = config.get("searches") or []
    if len(searches) > 32:
        causes.append(invalid(f"{field}.dnsConfig.searches", searches, "must not have more than 32 search paths"))
    for index, search in enumerate(searches):
        name = search.removesuffix(".")
        causes += problems(is_dns_subdomain(name), name, f"{field}.dnsConfig.searches[{index}]")
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            causes.append(required(f"{field}.dnsConfig.options[{index}]", "must not be empty"))
    return causes


def _scheduling_gates(gates: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        causes += problems(is_qualified_name(name), name, f"{field}[{index}]")
    for index, (name, _) in _duplicates(gates):
        causes.append(duplicate(f"{field}[{index}]", name))
    return causes


def validate_pod_change(new: Spec, old: Spec, field: str = "spec") -> list[Cause]:
    """What an update of a Pod may change: images, the deadline, further tolerations, removal of scheduling gates."""
    for name in ("containers", "initContainers"):
        if len(new.get(name) or ()) != len(old.get(name) or ()):
            return [forbidden(f"{field}.{name}", "pod updates may not add or remove containers")]
    causes = _deadline_change(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"), field)
    causes += _toleration_change(new.get("tolerations") or [], old.get("tolerations") or [], f"{field}.tolerations")
    if not same(_fixed_part(new, old), _fixed_part(old, old)):
        causes.append(forbidden(field, _IMMUTABLE_TEXT))
    return causes


def _fixed_part(spec: Spec, old: Spec) -> Spec:
    fixed = {key: value for key, value in spec.items() if key not in ("activeDeadlineSeconds", "tolerations")}
    for name in ("containers", "initContainers"):
        fixed[name] = [{k: v for k, v in container.items() if k != "image"} for container in spec.get(name) or ()]
    grace = spec.get("terminationGracePeriodSeconds")
    if grace == 1 and (old.get("terminationGracePeriodSeconds") or 0) < 0:
        fixed["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    if old.get("schedulingGates"):
        gates = {gate["name"] for gate in old["schedulingGates"]}
        if all(gate.get("name") in gates for gate in spec.get("schedulingGates") or ()):
            fixed.pop("schedulingGates", None)
        if old["schedulingGates"] and same(
            {**(spec.get("nodeSelector") or {}), **(old.get("nodeSelector") or {})}, spec.get("nodeSelector") or {}
        ):
            fixed.pop("nodeSelector", None)
    return fixed


def _deadline_change(new: int | None, old: int | None, field: str) -> list[Cause]:
    path = f"{field}.activeDeadlineSeconds"
    if new is None:
        text = "must not update from a positive integer to nil value"
        return [] if old is None else [invalid(path, None, text)]
    causes = in_range(new, 0, _MAX_INT32, path)
    if old is not None and old < new:
        causes.append(invalid(path, new, "must be less than or equal to previous value"))
    return causes


def _toleration_change(new: list[Spec], old: list[Spec], field: str) -> list[Cause]:
    def bare(toleration: Spec) -> Spec:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    kept = [bare(toleration) for toleration in new]
    if all(bare(toleration) in kept for toleration in old):
        return []
    text = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden(field, text)]
