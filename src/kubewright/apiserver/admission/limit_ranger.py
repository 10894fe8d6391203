"""LimitRanger: containers without requests or limits get a namespace's defaults, and none exceeds its bounds.

After ``plugin/pkg/admission/limitranger``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import is_new, refused
from kubewright.objects.quantity import Quantity

Amounts = dict[str, str]

_ANNOTATION = "kubernetes.io/limit-ranger"


class LimitRanger:
    """Both stages: defaults are filled first, bounds are checked on the final object."""

    async def admit(self, attributes: Attributes) -> None:
        if not is_new(attributes, "", "pods") or attributes.obj is None:
            return
        for item in _items(attributes, "Container"):
            notes = [
                note
                for field in ("containers", "initContainers")
                for container in attributes.obj["spec"].get(field) or ()
                for note in _fill(container, item, "init container" if field == "initContainers" else "container")
            ]
            if notes:
                metadata = attributes.obj["metadata"]
                text = "LimitRanger plugin set: " + "; ".join(notes)
                metadata["annotations"] = {**(metadata.get("annotations") or {}), _ANNOTATION: text}

    async def validate(self, attributes: Attributes) -> None:
        if attributes.obj is None:
            return
        problems: list[str] = []
        if is_new(attributes, "", "pods"):
            spec = attributes.obj["spec"]
            containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
            for item in _items(attributes, "Container"):
                for container in containers:
                    problems += _bounds(item, "Container", container.get("resources") or {})
            for item in _items(attributes, "Pod"):
                problems += _bounds(item, "Pod", _pod_total(spec))
        elif is_new(attributes, "", "persistentvolumeclaims"):
            resources = attributes.obj["spec"].get("resources") or {}
            for item in _items(attributes, "PersistentVolumeClaim"):
                problems += _claim_bounds(item, resources.get("requests") or {})
        if problems:
            raise refused(attributes, problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _items(attributes: Attributes, kind: str) -> Iterator[dict[str, Any]]:
    for limit_range in attributes.reader.list("", "limitranges", attributes.namespace):
        for item in limit_range["spec"].get("limits") or ():
            if item.get("type") == kind:
                yield item


def _fill(container: dict[str, Any], item: dict[str, Any], what: str) -> list[str]:
    resources = container.setdefault("resources", {})
    notes = []
    for field, default, word in (("requests", "defaultRequest", "request"), ("limits", "default", "limit")):
        wanted: Amounts = item.get(default) or {}
        given: Amounts = resources.get(field) or {}
        missing = sorted(name for name in wanted if name not in given)
        if missing:
            resources[field] = {**given, **{name: wanted[name] for name in missing}}
            notes.append(f"{', '.join(missing)} {word} for {what} {container.get('name', '')}")
    return notes


def _pod_total(spec: dict[str, Any]) -> dict[str, Amounts]:
    """The sum of a pod's containers, but at least what its largest init container needs."""
    total: dict[str, Amounts] = {}
    for field in ("requests", "limits"):
        amounts = _sum((c.get("resources") or {}).get(field) or {} for c in spec.get("containers") or ())
        for container in spec.get("initContainers") or ():
            for name, amount in ((container.get("resources") or {}).get(field) or {}).items():
                amounts[name] = max(amounts.get(name, Quantity(0)), Quantity(amount))
        total[field] = {name: str(amount) for name, amount in amounts.items()}
    return total


def _sum(amounts: Iterable[Amounts]) -> dict[str, Quantity]:
    total: dict[str, Quantity] = {}
    for one in amounts:
        for name, amount in one.items():
            total[name] = total.get(name, Quantity(0)) + Quantity(amount)
    return total


def _bounds(item: dict[str, Any], kind: str, resources: dict[str, Any]) -> list[str]:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    problems = []
    for name, bound in sorted((item.get("min") or {}).items()):
        if name not in requests:
            problems.append(f"minimum {name} usage per {kind} is {bound}.  No request is specified")
        elif Quantity(requests[name]) < Quantity(bound):
            problems.append(f"minimum {name} usage per {kind} is {bound}, but request is {requests[name]}")
        if name in limits and Quantity(limits[name]) < Quantity(bound):
            problems.append(f"minimum {name} usage per {kind} is {bound}, but limit is {limits[name]}")
    for name, bound in sorted((item.get("max") or {}).items()):
        if name not in limits:
            problems.append(f"maximum {name} usage per {kind} is {bound}.  No limit is specified")
        elif Quantity(limits[name]) > Quantity(bound):
            problems.append(f"maximum {name} usage per {kind} is {bound}, but limit is {limits[name]}")
        if name in requests and Quantity(requests[name]) > Quantity(bound):
            problems.append(f"maximum {name} usage per {kind} is {bound}, but request is {requests[name]}")
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        problems += _ratio(name, bound, kind, requests.get(name), limits.get(name))
    return problems


def _ratio(name: str, bound: str, kind: str, request: str | None, limit: str | None) -> list[str]:
    head = f"{name} max limit to request ratio per {kind} is {bound}"
    if request is None or not Quantity(request):
        return [f"{head}, but no request is specified or request is 0"]
    if limit is None or not Quantity(limit):
        return [f"{head}, but no limit is specified or limit is 0"]
    ratio = Quantity(limit).exact / Quantity(request).exact
    return [f"{head}, but provided ratio is {float(ratio):f}"] if ratio > Quantity(bound).exact else []


def _claim_bounds(item: dict[str, Any], requests: Amounts) -> list[str]:
    kind = "PersistentVolumeClaim"
    problems = []
    for name, bound in sorted((item.get("min") or {}).items()):
        if name in requests and Quantity(requests[name]) < Quantity(bound):
            problems.append(f"minimum {name} usage per {kind} is {bound}, but request is {requests[name]}")
    for name, bound in sorted((item.get("max") or {}).items()):
        if name in requests and Quantity(requests[name]) > Quantity(bound):
            problems.append(f"maximum {name} usage per {kind} is {bound}, but request is {requests[name]}")
    return problems
