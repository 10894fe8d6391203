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
        for item in (item for limits in _limits(attributes) for item in limits if item.get("type") == "Container"):
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
        for limits in _limits(attributes):
            found = list(dict.fromkeys(_problems(attributes, limits)))
            if found:
                raise refused(attributes, found[0] if len(found) == 1 else f"[{', '.join(found)}]")


def _limits(attributes: Attributes) -> Iterator[list[dict[str, Any]]]:
    """What each LimitRange of the namespace has to say."""
    for limit_range in attributes.reader.list("", "limitranges", attributes.namespace):
        yield limit_range["spec"].get("limits") or []


def _problems(attributes: Attributes, limits: list[dict[str, Any]]) -> Iterator[str]:
    """What one LimitRange has against a new object."""
    if attributes.obj is None:
        return
    spec = attributes.obj["spec"]
    for item in limits:
        kind = item.get("type", "")
        if is_new(attributes, "", "persistentvolumeclaims") and kind == "PersistentVolumeClaim":
            yield from _claim_bounds(item, (spec.get("resources") or {}).get("requests") or {})
        if not is_new(attributes, "", "pods"):
            continue
        if kind == "Container":
            for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
                yield from _bounds(item, kind, container.get("resources") or {})
        elif kind == "Pod":
            yield from _bounds(item, kind, _pod_total(spec))


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


def _bounds(item: dict[str, Any], kind: str, resources: dict[str, Any]) -> Iterator[str]:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name, bound in sorted((item.get("min") or {}).items()):
        yield from _minimum(f"minimum {name} usage per {kind} is {bound}", bound, requests.get(name), limits.get(name))
    for name, bound in sorted((item.get("max") or {}).items()):
        head, limit, request = f"maximum {name} usage per {kind} is {bound}", limits.get(name), requests.get(name)
        if limit is None:
            yield f"{head}.  No limit is specified"
        elif Quantity(limit) > Quantity(bound):
            yield f"{head}, but limit is {limit}"
        elif request is not None and Quantity(request) > Quantity(bound):
            yield f"{head}, but request is {request}"
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _ratio(name, bound, kind, requests.get(name), limits.get(name))


def _minimum(head: str, bound: str, request: str | None, limit: str | None) -> Iterator[str]:
    """The first of what is too small, or missing: one reason is enough."""
    if request is None:
        yield f"{head}.  No request is specified"
    elif Quantity(request) < Quantity(bound):
        yield f"{head}, but request is {request}"
    elif limit is not None and Quantity(limit) < Quantity(bound):
        yield f"{head}, but limit is {limit}"


def _ratio(name: str, bound: str, kind: str, request: str | None, limit: str | None) -> list[str]:
    head = f"{name} max limit to request ratio per {kind} is {bound}"
    if request is None or not Quantity(request):
        return [f"{head}, but no request is specified or request is 0"]
    if limit is None or not Quantity(limit):
        return [f"{head}, but no limit is specified or limit is 0"]
    ratio = Quantity(limit).exact / Quantity(request).exact
    return [f"{head}, but provided ratio is {float(ratio):f}"] if ratio > Quantity(bound).exact else []


def _claim_bounds(item: dict[str, Any], requests: Amounts) -> Iterator[str]:
    for name, bound in sorted((item.get("min") or {}).items()):
        yield from _minimum(
            f"minimum {name} usage per PersistentVolumeClaim is {bound}", bound, requests.get(name), None
        )
    for name, bound in sorted((item.get("max") or {}).items()):
        head, request = f"maximum {name} usage per PersistentVolumeClaim is {bound}", requests.get(name)
        if request is None:
            yield f"{head}.  No request is specified"
        elif Quantity(request) > Quantity(bound):
            yield f"{head}, but request is {request}"
