"""``pods/binding`` and ``pods/eviction``: a node for a pod, and a deletion that disruption budgets may forbid.

After ``pkg/registry/core/pod/storage``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.negotiation import JSON
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.body import parse_object
from kubewright.apiserver.registry.deletion import timestamp
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import BadRequest, Conflict, InternalError, TooManyRequests
from kubewright.objects.names import GroupResource, GroupVersionResource
from kubewright.objects.selectors import LabelSelector

_BUDGETS = GroupVersionResource("policy", "v1", "poddisruptionbudgets")
_RETRY_SECONDS = 10
_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def bind(call: Call) -> Response:
    """Give a pod its node; only once."""
    write = call.write("CreateOptions")
    binding, _ = parse_object(await call.request.body(), call.body_type())
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node"):
        raise BadRequest(f"invalid target kind: {target['kind']}")
    if not target.get("name"):
        raise BadRequest("target.name: Required value")

    async def assigned(pod: Object) -> Object:
        where = pod["spec"].get("nodeName")
        if pod["metadata"].get("deletionTimestamp"):
            raise _binding_conflict(call, f"pod {call.info.name} is being deleted, cannot be assigned to a host")
        if where:
            raise _binding_conflict(call, f'pod {call.info.name} is already assigned to node "{where}"')
        if pod["spec"].get("schedulingGates"):
            raise _binding_conflict(call, f"pod {call.info.name} has non-empty .spec.schedulingGates")
        pod["spec"]["nodeName"] = target["name"]
        annotations = (binding.get("metadata") or {}).get("annotations")
        if annotations:
            pod["metadata"]["annotations"] = {**(pod["metadata"].get("annotations") or {}), **annotations}
        _set_scheduled(pod)
        return pod

    info = call.info
    await call.store.update(info.namespace, info.name, assigned, write, subresource="binding")
    return _done(call, write)


def _binding_conflict(call: Call, why: str) -> Conflict:
    return Conflict.of(GroupResource("", "pods/binding"), call.info.name, why)


def _set_scheduled(pod: Object) -> None:
    condition = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": timestamp(datetime.now(UTC)),
    }
    others = [one for one in pod["status"].get("conditions") or () if one["type"] != "PodScheduled"]
    pod["status"]["conditions"] = [*others, condition]


async def evict(call: Call) -> Response:
    """Delete a pod unless a disruption budget wants it to stay."""
    write = call.write("CreateOptions")
    eviction, _ = parse_object(await call.request.body(), call.body_type())
    options = eviction.get("deleteOptions") or {}
    dry_run = write.dry_run or bool(options.get("dryRun"))
    info = call.info
    pod = await call.store.get(info.namespace, info.name)
    deletion = Write(write.user, options, dry_run=dry_run, warnings=write.warnings)
    if not _ignores_budgets(pod):
        await _take_from_budgets(call, pod, write, dry_run=dry_run)
    await call.store.delete(info.namespace, info.name, deletion)
    return _done(call, write)


def _ignores_budgets(pod: Object) -> bool:
    """Pods that have ended, or never began, disrupt nothing by going."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


async def _take_from_budgets(call: Call, pod: Object, write: Write, *, dry_run: bool) -> None:
    """Use up one allowed disruption of the budget that covers the pod.

    :raises TooManyRequests: none is left.
    """
    reader = call.store.cluster.reader
    budgets = _covering(reader.list("policy", "poddisruptionbudgets", call.info.namespace), pod)
    if len(budgets) > 1:
        text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise InternalError(text)
    for budget in budgets:
        if _unhealthy_may_go(budget, pod):
            continue
        name = budget["metadata"]["name"]
        _check_budget(name, budget)
        if not dry_run:
            store = call.store.cluster.store(_BUDGETS)
            assert store is not None
            pod_name = pod["metadata"]["name"]

            async def used(live: Object, name: str = name, pod_name: str = pod_name) -> Object:
                _check_budget(name, live)
                status = live["status"]
                status["disruptionsAllowed"] -= 1
                disrupted = {**(status.get("disruptedPods") or {}), pod_name: timestamp(datetime.now(UTC))}
                status["disruptedPods"] = disrupted
                live["metadata"].pop("resourceVersion", None)
                return live

            await store.update(call.info.namespace, name, used, write, subresource="status")


def _covering(budgets: Iterable[Object], pod: Object) -> list[Object]:
    labels = pod["metadata"].get("labels") or {}
    found = []
    for budget in budgets:
        selector = budget["spec"].get("selector")
        if selector is not None and LabelSelector.from_object(selector).matches(labels):
            found.append(budget)
    return found


def _unhealthy_may_go(budget: Object, pod: Object) -> bool:
    conditions: Iterable[Mapping[str, Any]] = (pod.get("status") or {}).get("conditions") or ()
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(0 < status.get("desiredHealthy", 0) <= status.get("currentHealthy", 0))


def _check_budget(name: str, budget: Object) -> None:
    status = budget.get("status") or {}
    allowed = status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        text = f"The disruption budget {name} is still being processed by the server."
    elif allowed <= 0:
        text = (
            f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods "
            f"and has {status.get('currentHealthy', 0)} currently"
        )
    else:
        return
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": text}]}
    if allowed > 0:
        details["retryAfterSeconds"] = _RETRY_SECONDS
    raise TooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", details=details)


def _done(call: Call, write: Write) -> Response:
    return Response(msgspec.json.encode(_SUCCESS), status=201, media_type=JSON)
