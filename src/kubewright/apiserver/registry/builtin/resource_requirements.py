"""Rules for what containers and pods ask of a node: requests and limits, claims on devices, how they may be resized.

After ``ValidateContainerResourceRequirements``, ``validatePodResources`` and ``ValidatePodResize`` in
``pkg/apis/core/validation``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import same
from kubewright.apiserver.registry.builtin.field_rules import non_negative_quantity, one_of, problems, unique
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain, is_qualified_name
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_found, not_supported, required
from kubewright.objects.quantity import Quantity

Spec = Mapping[str, Any]

_COMPUTE = ("cpu", "memory")
_STANDARD = (*_COMPUTE, "ephemeral-storage")
_HUGE = "hugepages-"
_KNOWN = frozenset(
    {
        *_STANDARD, *(f"{bound}.{name}" for bound in ("limits", "requests") for name in _STANDARD), "pods",
        "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
        "storage", "requests.storage", "services.nodeports", "services.loadbalancers",
    }
)  # fmt: skip


def validate_resource_requirements(resources: Spec, path: str, claims: Collection[str] = ()) -> list[Cause]:
    """Limits and requests of a container, each by itself and against each other, and its shares of the pod's claims."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    causes: list[Cause] = []
    for bound, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in sorted(amounts.items()):
            at = f"{path}.{bound}[{name}]"
            causes += validate_container_resource(name, at) + _amount(name, amount, at)
    causes += _bounds(limits, requests, path)
    used = resources.get("claims") or []
    for index, claim in enumerate(used):
        name = claim.get("name", "")
        if not name:
            causes.append(required(f"{path}.claims[{index}]"))
        elif name not in claims:
            causes.append(not_found(f"{path}.claims[{index}]", name))
    keys = ("/".join(filter(None, (claim.get("name"), claim.get("request")))) for claim in used)
    return causes + [duplicate(f"{path}.claims[{index}]", key) for index, key in unique(keys) if key]


def _amount(name: str, amount: str, field: str) -> list[Cause]:
    causes = non_negative_quantity(amount, field)
    if is_extended_resource(name) and Quantity(amount).milli_value % 1000:
        causes.append(invalid(field, amount, "must be an integer"))
    return causes


def _bounds(limits: Spec, requests: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for name, amount in sorted(requests.items()):
        limit = limits.get(name)
        if limit is None:
            if not overcommit_allowed(name):
                causes.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
        elif Quantity(amount) != Quantity(limit) and not overcommit_allowed(name):
            causes.append(invalid(f"{path}.requests", amount, f"must be equal to {name} limit of {limit}"))
        elif Quantity(amount) > Quantity(limit):
            causes.append(invalid(f"{path}.requests", amount, f"must be less than or equal to {name} limit of {limit}"))
    names = {*limits, *requests}
    if any(name.startswith(_HUGE) for name in names) and not names & set(_COMPUTE):
        causes.append(forbidden(path, "HugePages require cpu or memory"))
    return causes


def overcommit_allowed(name: str) -> bool:
    return ("/" not in name or "kubernetes.io/" in name) and not name.startswith(_HUGE)


def is_extended_resource(name: str) -> bool:
    """Whether a resource is one of somebody's own: not of Kubernetes, and whole."""
    own = "/" not in name or "kubernetes.io/" in name or name.startswith("requests.")
    return not own and not is_qualified_name(f"requests.{name}")


def validate_resource_name(name: str, field: str) -> list[Cause]:
    """``validateResourceName``: one that Kubernetes knows, or one with a domain."""
    if found := is_qualified_name(name):
        return problems(found, name, field)
    if "/" in name or name in _KNOWN or name.startswith(_HUGE):
        return []
    return [invalid(field, name, "must be a standard resource type or fully qualified")]


def validate_container_resource(name: str, field: str) -> list[Cause]:
    """``validateContainerResourceName``: what no container can have is said beside what is no resource at all."""
    causes = validate_resource_name(name, field)
    if "/" not in name:
        if name not in _STANDARD and not name.startswith(_HUGE):
            causes.append(invalid(field, name, "must be a standard resource for containers"))
    elif "kubernetes.io/" not in name and not is_extended_resource(name):
        causes.append(invalid(field, name, "doesn't follow extended resource name standard"))
    return causes


def validate_pod_level_resources(spec: Spec, field: str) -> list[Cause]:
    """What a pod asks for as a whole has to hold what its containers ask for."""
    resources, path = spec.get("resources"), f"{field}.resources"
    if not resources:
        return []
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden(path, "may not be set for a windows pod")]
    causes: list[Cause] = []
    if resources.get("claims") is not None:
        causes.append(forbidden(f"{path}.claims", "claims may not be set for Resources at pod-level"))
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for bound, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in sorted(amounts.items()):
            at = f"{path}.{bound}[{name}]"
            if name not in _COMPUTE and not name.startswith(_HUGE):
                causes.append(not_supported(at, name, (*_COMPUTE, f"{_HUGE}*")))
            causes += non_negative_quantity(amount, at)
    causes += _bounds(limits, requests, path)
    for name, asked in sorted(total_requests(spec).items()):
        if name in requests and asked > Quantity(requests[name]):
            text = f"must be greater than or equal to aggregate container requests of {asked}"
            causes.append(invalid(f"{path}.requests[{name}]", requests[name], text))
    for index, container in enumerate(spec.get("containers") or ()):
        for name, limit in sorted(((container.get("resources") or {}).get("limits") or {}).items()):
            if name in limits and Quantity(limit) > Quantity(limits[name]):
                text = f"must be less than or equal to pod limits of {limits[name]}"
                causes.append(invalid(f"{path}.containers[{index}][{name}].limits", limit, text))
    return causes


def total_requests(spec: Spec) -> dict[str, Quantity]:
    """``AggregateContainerRequests``: containers and sidecars run together, init containers beside earlier sidecars."""
    total: dict[str, Quantity] = {}
    for container in spec.get("containers") or ():
        _add(total, _requests(container))
    sidecars: dict[str, Quantity] = {}
    peak: dict[str, Quantity] = {}
    for container in spec.get("initContainers") or ():
        wanted = _requests(container)
        if container.get("restartPolicy") == "Always":
            _add(total, wanted)
            _add(sidecars, wanted)
            wanted = {}
        beside = dict(sidecars)
        _add(beside, wanted)
        peak = {name: max(peak.get(name, Quantity(0)), beside.get(name, Quantity(0))) for name in {*peak, *beside}}
    return {name: max(total.get(name, Quantity(0)), peak.get(name, Quantity(0))) for name in {*total, *peak}}


def _requests(container: Spec) -> dict[str, Quantity]:
    amounts = (container.get("resources") or {}).get("requests") or {}
    return {name: Quantity(amount) for name, amount in amounts.items()}


def _add(total: dict[str, Quantity], amounts: Mapping[str, Quantity]) -> None:
    for name, amount in amounts.items():
        total[name] = total.get(name, Quantity(0)) + amount


def validate_overhead(overhead: Spec, path: str) -> list[Cause]:
    """What running the pod itself costs: checked as limits are."""
    return validate_resource_requirements({"limits": overhead}, path)


def validate_resource_claims(claims: list[Spec], field: str, pod: str = "") -> list[Cause]:
    """The claims of a pod; with the pod's name, also that of a claim to be made from a template."""
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        path, name = f"{field}[{index}]", claim.get("name", "")
        template, existing = claim.get("resourceClaimTemplateName"), claim.get("resourceClaimName")
        if not name:
            causes.append(required(f"{path}.name"))
        elif name in seen:
            causes.append(duplicate(f"{path}.name", name))
        elif found := is_dns_label(name):
            causes += problems(found, name, f"{path}.name")
        elif pod and template is not None:
            final = f"{pod}-{name}"
            texts = [f"final ResourceClaim name: {text}" for text in is_dns_subdomain(final)]
            causes += problems(texts, final, f"{path}.name")
        seen.add(name)
        if existing is not None and template is not None:
            text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            causes.append(invalid(path, claim, text))
        if existing is None and template is None:
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            causes.append(invalid(path, claim, text))
        for key in ("resourceClaimName", "resourceClaimTemplateName"):
            if (value := claim.get(key)) is not None:
                causes += problems(is_dns_subdomain(value), value, f"{path}.{key}")
    return causes


def validate_resize_policy(policies: list[Spec], field: str, pod_restarts: str) -> list[Cause]:
    causes: list[Cause] = []
    names = (policy.get("resourceName", "") for policy in policies)
    causes += [duplicate(f"{field}[{index}]", name) for index, name in unique(names)]
    for policy in policies:
        restarts = policy.get("restartPolicy", "")
        causes += one_of(policy.get("resourceName"), _COMPUTE, field)
        causes += one_of(restarts, ("NotRequired", "RestartContainer"), field)
        if pod_restarts == "Never" and restarts != "NotRequired":
            causes.append(invalid(field, restarts, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
    return causes


def validate_resize(new: Spec, old: Spec, field: str = "spec") -> list[Cause]:
    """What a resize may change: CPU and memory of the containers that run, and none of it removed."""
    causes = _same_containers(new, old, field)
    if causes:
        return causes
    for kind in ("initContainers", "containers"):
        pairs = zip(new.get(kind) or (), old.get(kind) or (), strict=True)
        for index, (container, was) in enumerate(pairs):
            causes += _container_resize(container, was, kind, f"{field}.{kind}[{index}]", field)
    return causes


def _same_containers(new: Spec, old: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for kind in ("containers", "initContainers"):
        names, were = ([one.get("name") for one in spec.get(kind) or ()] for spec in (new, old))
        if len(names) != len(were):
            causes.append(forbidden(f"{field}.{kind}", f"{kind} may not be added or removed on resize"))
            continue
        text = f"{kind} may not be renamed or reordered on resize"
        renamed = (index for index, name in enumerate(were) if names[index] != name)
        causes += [forbidden(f"{field}.{kind}[{index}].name", text) for index in renamed]
    return causes


def _container_resize(container: Spec, was: Spec, kind: str, path: str, field: str) -> list[Cause]:
    if kind == "initContainers" and was.get("restartPolicy") != "Always":
        changed = not same(container.get("resources"), was.get("resources"))
        return [forbidden(field, "resources for non-sidecar init containers are immutable")] if changed else []
    causes: list[Cause] = []
    others: list[dict[str, Any]] = []
    for bound in ("requests", "limits"):
        now, before = ((one.get("resources") or {}).get(bound) or {} for one in (container, was))
        if before.keys() - now.keys():
            causes.append(forbidden(f"{path}.resources.{bound}", f"resource {bound} cannot be removed"))
        others += [_without(amounts, _COMPUTE) for amounts in (now, before)]
    if others[0] != others[1] or others[2] != others[3]:
        whose = " for sidecar containers" if kind == "initContainers" else ""
        causes.append(forbidden(field, f"only cpu and memory resources{whose} are mutable"))
    return causes


def _without(amounts: Spec, names: Iterable[str]) -> dict[str, Any]:
    return {name: amount for name, amount in amounts.items() if name not in names}
