"""Rules for a pod spec, as Pods and every pod template must follow them, and for changes to a Pod.

After ``ValidatePodSpec``, ``ValidatePodTemplateSpec`` and ``ValidatePodUpdate`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import is_ip
from kubewright.apiserver.registry.builtin.base import same
from kubewright.apiserver.registry.builtin.container_rules import PodContainers, untrimmed_image
from kubewright.apiserver.registry.builtin.field_rules import in_range, one_of, optional_one_of, problems
from kubewright.apiserver.registry.builtin.resource_requirements import (
    validate_overhead,
    validate_pod_level_resources,
    validate_resource_claims,
)
from kubewright.apiserver.registry.builtin.scheduling_rules import (
    validate_affinity,
    validate_tolerations,
    validate_topology_spread,
)
from kubewright.apiserver.registry.builtin.security_rules import (
    validate_operating_system,
    validate_pod_security_context,
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
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required, too_long

Spec = dict[str, Any]

RESTART_POLICIES = ("Always", "Never", "OnFailure")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_INTEGER = re.compile(r"(0|-?[1-9][0-9]*)\Z")
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
    causes += validate_pod_annotations(metadata.get("annotations") or {}, f"{field}.annotations")
    causes += validate_pod_spec(template.get("spec") or {}, f"{field}.spec")
    if (template.get("spec") or {}).get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        causes.append(forbidden(f"{field}.spec.ephemeralContainers", text))
    return causes


def validate_pod_spec(spec: Spec, field: str, pod: str = "") -> list[Cause]:
    """The spec of a pod, or of a template; ``pod`` is the name of a real one."""
    containers = PodContainers(spec, field)
    causes = validate_volumes(spec.get("volumes") or [], f"{field}.volumes", pod)
    causes += validate_resource_claims(spec.get("resourceClaims") or [], f"{field}.resourceClaims", pod)
    causes += containers.validate() + validate_pod_level_resources(spec, field)
    causes += one_of(spec.get("restartPolicy"), RESTART_POLICIES, f"{field}.restartPolicy")
    causes += one_of(spec.get("dnsPolicy"), _DNS_POLICIES, f"{field}.dnsPolicy")
    causes += validate_labels(spec.get("nodeSelector"), f"{field}.nodeSelector")
    causes += _host_namespaces(spec, field)
    causes += validate_pod_security_context(spec, field)
    causes += validate_affinity(spec.get("affinity"), f"{field}.affinity")
    causes += _dns_config(spec, f"{field}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType", "")
        causes += problems(is_qualified_name(kind), kind, f"{field}.readinessGates[{index}].conditionType")
    causes += _scheduling_gates(spec.get("schedulingGates") or [], f"{field}.schedulingGates")
    spread = spec.get("topologySpreadConstraints") or []
    causes += validate_topology_spread(spread, f"{field}.topologySpreadConstraints")
    causes += _names(spec, field)
    if "activeDeadlineSeconds" in spec:
        causes += in_range(spec["activeDeadlineSeconds"], 1, _MAX_INT32, f"{field}.activeDeadlineSeconds")
    causes += validate_tolerations(spec.get("tolerations") or [], f"{field}.tolerations")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        ip = alias.get("ip", "")
        causes += problems(is_ip(ip), ip, f"{field}.hostAliases[{index}].ip")
        for at, name in enumerate(alias.get("hostnames") or ()):
            causes += problems(is_dns_subdomain(name), name, f"{field}.hostAliases[{index}].hostnames[{at}]")
    policies = ("Never", "PreemptLowerPriority")
    causes += optional_one_of(spec.get("preemptionPolicy"), policies, f"{field}.preemptionPolicy")
    if spec.get("overhead") is not None:
        causes += validate_overhead(spec["overhead"], f"{field}.overhead")
    return causes + validate_operating_system(spec, iter(containers), field)


def _names(spec: Spec, field: str) -> list[Cause]:
    """Names of other objects, and names that the pod goes by."""
    causes: list[Cause] = []
    for name in ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"):
        if spec.get(name):
            causes += problems(is_dns_subdomain(spec[name]), spec[name], f"{field}.{name}")
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            causes += problems(is_dns_label(spec[name]), spec[name], f"{field}.{name}")
    override, path = spec.get("hostnameOverride"), f"{field}.hostnameOverride"
    if override is None:
        return causes
    given = [name for name in ("setHostnameAsFQDN", "hostNetwork") if spec.get(name)]
    causes += [forbidden(path, f"may not be specified when {name} is true") for name in given]
    if len(override) > 64:
        causes.append(too_long(path, 64))
    return causes + problems(is_dns_subdomain(override), override, path)


def validate_pod_itself(pod: Object) -> list[Cause]:
    """What holds for Pods, but not for the templates that they are made of."""
    spec = pod["spec"]
    causes = validate_pod_annotations(pod["metadata"].get("annotations") or {}, "metadata.annotations")
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            causes += untrimmed_image(container, f"spec.{kind}[{index}]")
    if spec.get("serviceAccountName"):
        return causes
    text = "must not be specified when serviceAccountName is not set"
    for index, volume in enumerate(spec.get("volumes") or ()):
        path = f"spec.volumes[{index}].projected.sources"
        sources = enumerate((volume.get("projected") or {}).get("sources") or ())
        causes += [
            forbidden(f"{path}[{at}].serviceAccountToken", text)
            for at, source in sources
            if "serviceAccountToken" in source
        ]
    return causes


def validate_pod_annotations(annotations: Mapping[str, str], field: str) -> list[Cause]:
    """``ValidatePodSpecificAnnotations``."""
    cost = annotations.get(_DELETION_COST)
    if cost is None or (_INTEGER.match(cost) and -_MAX_INT32 - 1 <= int(cost) <= _MAX_INT32):
        return []
    return [invalid(f"{field}[{_DELETION_COST}]", cost, "must be a 32bit integer")]


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
                causes.append(forbidden(f"{field}.{shown}", "when `hostUsers` is false"))
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
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    causes: list[Cause] = []
    if spec.get("dnsPolicy") == "None" and spec.get("dnsConfig") is None:
        return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")]
    if spec.get("dnsPolicy") == "None" and not servers:
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        return [required(f"{field}.nameservers", text)]
    if len(servers) > 3:
        causes.append(invalid(f"{field}.nameservers", servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        causes += problems(is_ip(server), server, f"{field}.nameservers[{index}]")
    if len(searches) > 32:
        causes.append(invalid(f"{field}.searches", searches, "must not have more than 32 search paths"))
    if len(" ".join(searches)) > 2048:
        text = "must not have more than 2048 characters (including spaces) in the search list"
        causes.append(invalid(f"{field}.searches", searches, text))
    for index, search in enumerate(searches):
        name = search.removesuffix(".") if search != "." else "root"
        # An underscore may stand where a letter does, as in names of services.
        causes += problems(is_dns_subdomain(name.replace("_", "x")), name, f"{field}.searches[{index}]")
    options = enumerate(config.get("options") or ())
    missing = (index for index, option in options if not option.get("name"))
    return causes + [required(f"{field}.options[{index}]", "must not be empty") for index in missing]


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
    causes: list[Cause] = []
    for name in ("containers", "initContainers"):
        if len(new.get(name) or ()) != len(old.get(name) or ()):
            return [*causes, forbidden(f"{field}.{name}", "pod updates may not add or remove containers")]
        for index, container in enumerate(new.get(name) or ()):
            path = f"{field}.{name}[{index}]"
            causes += untrimmed_image(container, path) if container.get("image") else [required(f"{path}.image")]
    deadline = _deadline_change(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"), field)
    causes += deadline
    if deadline and new.get("activeDeadlineSeconds") is not None:
        return causes
    causes += _toleration_change(new.get("tolerations") or [], old.get("tolerations") or [], f"{field}.tolerations")
    gates = {gate.get("name") for gate in old.get("schedulingGates") or ()}
    for index, gate in enumerate(new.get("schedulingGates") or ()):
        if gate.get("name") not in gates:
            text = f"only deletion is allowed, but found new scheduling gate '{gate.get('name', '')}'"
            causes.append(forbidden(f"{field}.schedulingGates[{index}].name", text))
    if gates:
        causes += _gated_change(new, old, field)
    if not same(_fixed_part(new, old), _fixed_part(old, old)):
        causes.append(forbidden(field, _IMMUTABLE_TEXT))
    return causes


def _gated_change(new: Spec, old: Spec, field: str) -> list[Cause]:
    """Where a pod may go can be narrowed until its last scheduling gate is gone."""
    causes: list[Cause] = []
    wanted, had = new.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if not had.items() <= wanted.items():
        text = "only additions to the existing node selector are allowed (no mutations or deletions)"
        causes.append(invalid(f"{field}.nodeSelector", wanted, text))
    terms, before = _node_terms(new), _node_terms(old)
    path = f"{field}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    if before and len(before) != len(terms):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        return [*causes, invalid(path, terms, text)]
    for index, (term, was) in enumerate(zip(terms, before, strict=False)):
        kept = [
            one in (term.get(name) or ()) for name in ("matchExpressions", "matchFields") for one in was.get(name) or ()
        ]
        if not all(kept) or (not kept and term):
            causes.append(invalid(f"{path}[{index}]", term, "only additions are allowed (no mutations or deletions)"))
    return causes


def _node_terms(spec: Spec) -> list[Spec]:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms: list[Spec] = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get(
        "nodeSelectorTerms"
    ) or []
    return terms


def _fixed_part(spec: Spec, old: Spec) -> Spec:
    loose = {"activeDeadlineSeconds", "tolerations", "schedulingGates"}
    if old.get("schedulingGates"):
        loose.add("nodeSelector")
    fixed = {key: value for key, value in spec.items() if key not in loose}
    if old.get("schedulingGates") and fixed.get("affinity"):
        fixed["affinity"] = {key: value for key, value in fixed["affinity"].items() if key != "nodeAffinity"}
    for name in ("containers", "initContainers"):
        fixed[name] = [{k: v for k, v in container.items() if k != "image"} for container in spec.get(name) or ()]
    grace = spec.get("terminationGracePeriodSeconds")
    if grace == 1 and (old.get("terminationGracePeriodSeconds") or 0) < 0:
        fixed["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
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
        return validate_tolerations([*new], field)
    text = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden(field, text)]
