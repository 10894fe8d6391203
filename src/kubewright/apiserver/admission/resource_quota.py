"""ResourceQuota: what a namespace may hold, counted up in each quota's status as objects are created.

After ``plugin/pkg/admission/resourcequota`` and ``pkg/quota/v1/evaluator/core``.  A quota counts once its status says
what is limited (a controller, or ``kubectl``, copies the spec there); usage is what the status says plus what the
request adds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import refused
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.quantity import Quantity

Usage = dict[str, Quantity]

RecordUsage = Callable[[str, str, dict[str, str]], Awaitable[None]]
"""Writes the ``status.used`` of the quota with this namespace and name."""

_COUNTED = {
    "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services",
}  # fmt: skip
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_CLASS_SUFFIX = ".storageclass.storage.k8s.io/"


class ResourceQuota:
    """:param record: writes the new usage of a quota that took part in a request."""

    def __init__(self, record: RecordUsage) -> None:
        self._record = record
        self._lock = asyncio.Lock()

    async def validate(self, attributes: Attributes) -> None:
        if not attributes.namespace or attributes.subresource or attributes.operation not in ("CREATE", "UPDATE"):
            return
        quotas = list(attributes.reader.list("", "resourcequotas", attributes.namespace))
        if not quotas or attributes.obj is None:
            return
        delta = _delta(attributes)
        if not delta:
            return
        async with self._lock:
            await self._charge(attributes, delta)

    async def _charge(self, attributes: Attributes, delta: Usage) -> None:
        """Check every quota before any is charged, with usage read again now that nobody else charges."""
        charged: list[tuple[str, dict[str, str]]] = []
        assert attributes.obj is not None
        for quota in attributes.reader.list("", "resourcequotas", attributes.namespace):
            hard = (quota.get("status") or {}).get("hard") or {}
            added = {name: amount for name, amount in delta.items() if name in hard}
            if not hard or not _concerns(quota, attributes):
                continue
            name = quota["metadata"]["name"]
            if missing := _unspecified(attributes, hard):
                raise refused(attributes, f"failed quota: {name}: must specify {missing}")
            if not added:
                continue
            used = {key: Quantity(amount) for key, amount in ((quota["status"].get("used")) or {}).items()}
            new = {key: used.get(key, Quantity(0)) + amount for key, amount in added.items()}
            over = sorted(
                key for key, amount in new.items() if added[key] > Quantity(0) and amount > Quantity(hard[key])
            )
            if over:
                requested, have = _text(added, over), _text(used, over)
                limited = ",".join(f"{key}={hard[key]}" for key in over)
                text = f"exceeded quota: {name}, requested: {requested}, used: {have}, limited: {limited}"
                raise refused(attributes, text)
            charged.append((name, {key: str(amount) for key, amount in (used | new).items()}))
        if not attributes.dry_run:
            for name, usage in charged:
                await self._record(attributes.namespace, name, usage)


def _text(amounts: Mapping[str, Quantity], names: list[str]) -> str:
    return ",".join(f"{name}={amounts.get(name, Quantity(0))}" for name in names)


def _delta(attributes: Attributes) -> Usage:
    """What the request adds, by quota resource; an update adds the difference."""
    assert attributes.obj is not None
    new = usage_of(attributes.resource.group, attributes.resource.resource, attributes.obj)
    if attributes.operation == "CREATE" or attributes.old is None:
        return new
    old = usage_of(attributes.resource.group, attributes.resource.resource, attributes.old)
    changed = {name: new.get(name, Quantity(0)) - old.get(name, Quantity(0)) for name in new.keys() | old.keys()}
    return {name: amount for name, amount in changed.items() if amount}


def usage_of(group: str, resource: str, obj: Object) -> Usage:
    """What one object counts for."""
    one = Quantity(1)
    usage = {f"count/{resource}.{group}" if group else f"count/{resource}": one}
    if not group and resource in _COUNTED:
        usage[resource] = one
    match (group, resource):
        case ("", "pods"):
            if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
                return {f"count/{resource}": one}
            usage |= _pod_usage(obj["spec"])
        case ("", "services"):
            usage |= _service_usage(obj["spec"])
        case ("", "persistentvolumeclaims"):
            usage |= _claim_usage(obj["spec"])
    return usage


def _pod_usage(spec: Mapping[str, Any]) -> Usage:
    usage: Usage = {}
    for field in ("requests", "limits"):
        for name, amount in _effective(spec, field).items():
            usage[f"{field}.{name}"] = amount
            if field == "requests" and name in _COMPUTE:
                usage[name] = amount
    return usage


def _effective(spec: Mapping[str, Any], field: str) -> Usage:
    """Containers together, or the largest init container where that is more; sidecars count with the containers."""
    total: Usage = {}
    peak: Usage = {}
    for container in spec.get("initContainers") or ():
        for name, amount in _amounts(container, field):
            if container.get("restartPolicy") == "Always":
                total[name] = total.get(name, Quantity(0)) + amount
            peak[name] = max(peak.get(name, Quantity(0)), amount)
    for container in spec.get("containers") or ():
        for name, amount in _amounts(container, field):
            total[name] = total.get(name, Quantity(0)) + amount
    for name, amount in peak.items():
        total[name] = max(total.get(name, Quantity(0)), amount)
    for name, text in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, Quantity(0)) + Quantity(text)
    return total


def _amounts(container: Mapping[str, Any], field: str) -> Iterator[tuple[str, Quantity]]:
    for name, amount in ((container.get("resources") or {}).get(field) or {}).items():
        yield name, Quantity(amount)


def _service_usage(spec: Mapping[str, Any]) -> Usage:
    ports = Quantity(len(spec.get("ports") or ()))
    match spec.get("type"):
        case "NodePort":
            return {"services.nodeports": ports}
        case "LoadBalancer":
            usage = {"services.loadbalancers": Quantity(1)}
            if spec.get("allocateLoadBalancerNodePorts", True):
                usage["services.nodeports"] = ports
            return usage
    return {}


def _claim_usage(spec: Mapping[str, Any]) -> Usage:
    storage = Quantity(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0"))
    usage = {"requests.storage": storage}
    if name := spec.get("storageClassName"):
        usage[f"{name}{_CLASS_SUFFIX}requests.storage"] = storage
        usage[f"{name}{_CLASS_SUFFIX}persistentvolumeclaims"] = Quantity(1)
    return usage


def _unspecified(attributes: Attributes, hard: Mapping[str, str]) -> str:
    """Compute resources that a quota limits but some container of a new pod does not mention."""
    if attributes.resource.group_resource != ("", "pods") or attributes.operation != "CREATE":
        return ""
    assert attributes.obj is not None
    spec = attributes.obj["spec"]
    found: dict[str, list[str]] = {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.get("resources") or {}
        for name in sorted(hard):
            field, _, resource = name.rpartition(".")
            resource = resource or name
            if resource in _COMPUTE and resource not in (resources.get(field or "requests") or {}):
                found.setdefault(name, []).append(container.get("name", ""))
    return "; ".join(f"{name} for: {','.join(containers)}" for name, containers in found.items())


def _concerns(quota: Object, attributes: Attributes) -> bool:
    assert attributes.obj is not None
    return in_scope(quota["spec"], *attributes.resource.group_resource, attributes.obj)


def in_scope(spec: Mapping[str, Any], group: str, resource: str, obj: Object) -> bool:
    """Whether a quota with that spec counts an object; scopes are of Pods alone."""
    rules = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    rules += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if not rules:
        return True
    return (group, resource) == ("", "pods") and all(_pod_matches(rule, obj) for rule in rules)


def _pod_matches(rule: Mapping[str, Any], pod: Object) -> bool:
    spec = pod["spec"]
    bounded = spec.get("activeDeadlineSeconds") is not None
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    best_effort = not any(container.get("resources") for container in containers)
    match rule["scopeName"]:
        case "Terminating":
            return bounded
        case "NotTerminating":
            return not bounded
        case "BestEffort":
            return best_effort
        case "NotBestEffort":
            return not best_effort
        case "PriorityClass":
            return _operator_matches(rule, spec.get("priorityClassName", ""))
    affinity = spec.get("affinity") or {}
    terms = [term for kind in ("podAffinity", "podAntiAffinity") for term in _terms(affinity.get(kind) or {})]
    return any(term.get("namespaces") or "namespaceSelector" in term for term in terms)


def _operator_matches(rule: Mapping[str, Any], value: str) -> bool:
    match rule.get("operator"):
        case "In":
            return value in (rule.get("values") or ())
        case "NotIn":
            return value not in (rule.get("values") or ())
        case "DoesNotExist":
            return not value
    return bool(value)


def _terms(rules: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    for weighted in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        yield weighted.get("podAffinityTerm") or {}
