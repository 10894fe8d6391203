"""Rules for what environment variables and files of a pod are taken from: keys, fields of the pod, resources.

After ``validateObjectFieldSelector`` and ``validateContainerResourceFieldSelector`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.field_rules import config_key, problems
from kubewright.apiserver.registry.metadata_rules import is_dns_subdomain, is_qualified_name
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, not_supported, required
from kubewright.objects.quantity import Quantity

Spec = Mapping[str, Any]

_SUBSCRIPTED = re.compile(r"([^\[]*)\['(.*)'\]\Z")
_LABELS = frozenset((
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
    "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP",
    "status.hostIPs", "status.podIP", "status.podIPs", "spec.host",
))  # fmt: skip
"""The fields of a pod that the downward API has names for; not all may be asked for everywhere."""
_RESOURCES = tuple(
    f"{bound}.{name}" for bound in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_SIZES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_KINDS_OF_SIZES = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}


def validate_key_reference(reference: Spec, field: str) -> list[Cause]:
    """A ConfigMapKeySelector or SecretKeySelector."""
    name, key = reference.get("name", ""), reference.get("key", "")
    causes = problems(is_dns_subdomain(name), name, f"{field}.name")
    if not key:
        return [*causes, required(f"{field}.key")]
    return causes + problems(config_key(key), key, f"{field}.key")


def validate_pod_field(reference: Spec, allowed: Collection[str], field: str) -> list[Cause]:
    """An ObjectFieldSelector; single labels and annotations are always allowed."""
    version, wanted = reference.get("apiVersion", ""), reference.get("fieldPath", "")
    if not version:
        return [required(f"{field}.apiVersion")]
    if not wanted:
        return [required(f"{field}.fieldPath")]
    problem = ""
    subscripted = _SUBSCRIPTED.match(wanted)
    if version != "v1":
        problem = f"unsupported pod version: {version}"
    elif subscripted and subscripted[1] not in ("metadata.annotations", "metadata.labels"):
        problem = f"field label does not support subscript: {wanted}"
    elif not subscripted and wanted not in _LABELS:
        problem = f"field label not supported: {wanted}"
    if problem:
        return [invalid(f"{field}.fieldPath", wanted, f"error converting fieldPath: {problem}")]
    if subscripted:
        key = subscripted[2].lower() if subscripted[1] == "metadata.annotations" else subscripted[2]
        return problems(is_qualified_name(key), key, field)
    wanted = "spec.nodeName" if wanted == "spec.host" else wanted
    return [] if wanted in allowed else [not_supported(f"{field}.fieldPath", wanted, allowed)]


def validate_resource_field(reference: Spec, field: str, *, volume: bool = False) -> list[Cause]:
    """A ResourceFieldSelector; in a volume it has to say which container is meant."""
    resource, divisor = reference.get("resource", ""), reference.get("divisor", "0")
    causes: list[Cause] = []
    if volume and not reference.get("containerName"):
        causes.append(required(f"{field}.containerName"))
    elif not resource:
        causes.append(required(f"{field}.resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        causes.append(not_supported(f"{field}.resource", resource, _RESOURCES))
    if Quantity(divisor) == Quantity(0):
        return causes
    name = resource.partition(".")[2] if resource in _RESOURCES else ""
    text = ""
    if name == "cpu":
        text = "" if divisor in ("1", "1m") else "only divisor's values 1m and 1 are supported with the cpu resource"
    elif (name or resource.startswith(_HUGE_PAGES)) and divisor not in _SIZES:
        kind = _KINDS_OF_SIZES.get(name, "hugepages")
        text = f"only divisor's values {', '.join(_SIZES)} are supported with the {kind} resource"
    return [*causes, invalid(f"{field}.divisor", resource, text)] if text else causes
