"""What Kubernetes warns of in Pods and pod templates: fields that are deprecated, doubled or without effect.

In go metadata and spec and the path that stands before them; out come texts for the ``Warning`` header, in the order
and words of ``pkg/api/pod/warnings.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import ip_warnings
from kubewright.apiserver.registry.builtin.base import name_of, same
from kubewright.apiserver.registry.builtin.node_label_warnings import deprecated_label, node_term_warnings
from kubewright.apiserver.registry.metadata_rules import is_dns_label
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.field_errors import show
from kubewright.objects.quantity import Quantity

Spec = Mapping[str, Any]

IN_POD = "the Pod's hostname"
IN_POD_NAMES = "Pod names and hostnames"
_DEAD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
DEAD_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}


def name_warnings(obj: Object, used_in: str) -> list[str]:
    """A name that is no DNS label makes odd host names."""
    found = is_dns_label(name_of(obj))
    if not found:
        return []
    text = "which can result in surprising behavior; a DNS label is recommended"
    return [f"metadata.name: this is used in {used_in}, {text}: [{' '.join(found)}]"]


def workload_warnings(obj: Object, old: Object | None, template: Spec | None, field: str) -> list[str]:
    """Warnings of a kind that makes pods: of its name when it is new, of its template whenever the spec changes."""
    if old is None:
        return name_warnings(obj, IN_POD_NAMES) + template_warnings(template, field)
    return [] if same(obj["spec"], old["spec"]) else template_warnings(template, field)


def template_warnings(template: Spec | None, field: str) -> list[str]:
    """Warnings of a PodTemplateSpec at ``field``."""
    if template is None:
        return []
    return pod_warnings(template.get("metadata") or {}, template.get("spec") or {}, f"{field}.")


def pod_warnings(metadata: Spec, spec: Spec, before: str = "") -> list[str]:
    """Warnings of a pod; ``before`` stands before the paths of its fields."""
    at = f"{before}spec"
    found = _labels(spec, at)
    annotations = metadata.get("annotations") or {}
    found += [f"{before}metadata.annotations[{key}]: {text}" for key, text in _DEAD_ANNOTATIONS.items()
              if key in annotations]  # fmt: skip
    for index, volume in enumerate(spec.get("volumes") or ()):
        found += [f"{at}.volumes[{index}].{kind}: {DEAD_VOLUMES[kind]}" for kind in volume if kind in DEAD_VOLUMES]
    found += _doubles(spec.get("hostAliases") or (), "ip", f"{at}.hostAliases")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        found += ip_warnings(alias.get("ip", ""), f"{at}.hostAliases[{index}].ip")
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        found += ip_warnings(server, f"{at}.dnsConfig.nameservers[{index}]")
    secrets = spec.get("imagePullSecrets") or ()
    found += _doubles(secrets, "name", f"{at}.imagePullSecrets")
    for index, secret in enumerate(secrets):
        if not secret.get("name"):
            found.append(f'{at}.imagePullSecrets[{index}].name: invalid empty name ""')
    for path, container in _containers(spec, at):
        found += _fractions(container, path) + _hidden_variables(container, path)
    found += _port_overlaps(spec, at)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"{at}.terminationGracePeriodSeconds: {text}")
    return found


def _containers(spec: Spec, at: str) -> Iterator[tuple[str, Spec]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield f"{at}.{field}[{index}]", container


def _labels(spec: Spec, at: str) -> list[str]:
    selected = spec.get("nodeSelector") or ()
    found = [f"{at}.nodeSelector[{label}]: {text}" for label in selected if (text := deprecated_label(label))]
    found += _node_affinity(spec, at)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        path = f"{at}.topologySpreadConstraints[{index}]"
        key = constraint.get("topologyKey", "")
        if text := deprecated_label(key):
            found.append(f"{path}.topologyKey: {key} is {text}")
        if constraint.get("labelSelector") is None:
            found.append(f"{path}.labelSelector: a null labelSelector results in matching no pod")
    return found


def _node_affinity(spec: Spec, at: str) -> list[str]:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required, preferred = (f"{kind}DuringSchedulingIgnoredDuringExecution" for kind in ("required", "preferred"))
    path = f"{at}.affinity.nodeAffinity"
    found = []
    for index, term in enumerate((affinity.get(required) or {}).get("nodeSelectorTerms") or ()):
        found += node_term_warnings(term, f"{path}.{required}.nodeSelectorTerms[{index}]")
    for index, weighted in enumerate(affinity.get(preferred) or ()):
        where = f"{path}.{preferred}[{index}].preference"
        found += node_term_warnings(weighted.get("preference") or {}, where, values=True)
    return found


def _doubles(items: Iterable[Spec], key: str, field: str) -> list[str]:
    seen: set[str] = set()
    found = []
    for index, item in enumerate(items):
        value = item.get(key, "")
        if value in seen:
            found.append(f"{field}[{index}].{key}: duplicate {key} {show(value)}")
        seen.add(value)
    return found


def _fractions(container: Spec, path: str) -> list[str]:
    """Memory and disk are counted in whole bytes."""
    resources = container.get("resources") or {}
    found = []
    for name in ("memory", "ephemeral-storage"):
        for bound in ("limits", "requests"):
            amount = (resources.get(bound) or {}).get(name)
            if amount is not None and Quantity(amount).milli_value % 1000:
                text = f"fractional byte value {show(amount)} is invalid, must be an integer"
                found.append(f"{path}.resources.{bound}[{name}]: {text}")
    return found


def _hidden_variables(container: Spec, path: str) -> list[str]:
    seen: set[str] = set()
    found = []
    for index, variable in enumerate(container.get("env") or ()):
        name, value = variable.get("name", ""), variable.get("value", "")
        own = f"$({name})"
        if name in seen and ("valueFrom" in variable or value == own or own not in value):
            text = f"hides previous definition of {show(name)}, which may be dropped when using apply"
            found.append(f"{path}.env[{index}]: {text}")
        seen.add(name)
    return found


def _port_overlaps(spec: Spec, at: str) -> list[str]:
    found = []
    others: dict[tuple[int, str], list[tuple[str, Spec]]] = {}
    for path, container in _containers(spec, at):
        for index, port in enumerate(container.get("ports") or ()):
            place = f"{path}.ports[{index}]"
            same_port = others.setdefault((port.get("containerPort", 0), port.get("protocol", "")), [])
            for where, other in same_port:
                if word := _overlap(port, other):
                    found.append(f"{place}: {word} port definition with {where}")
            same_port.append((place, port))
    return found


def _overlap(port: Spec, other: Spec) -> str:
    """How two definitions of one container port get into each other's way, or nothing."""
    ips = port.get("hostIP", ""), other.get("hostIP", "")
    ports = port.get("hostPort", 0), other.get("hostPort", 0)
    if ips[0] == ips[1] and ports[0] == ports[1]:
        return "duplicate"
    if not all(ports):
        return "overlapping"
    return "dangerously ambiguous" if ports[0] == ports[1] and not all(ips) else ""
