"""``pods/eviction``: a deletion that disruption budgets may forbid.

After ``pkg/registry/core/pod/storage/eviction.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from kubewright.apiserver.http import unstored
from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.negotiation import JSON
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.deletion import check_preconditions, current_timestamp
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.own_writes import own_write
from kubewright.apiserver.registry.pod_conditions import set_pod_condition
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import APIError, BadRequest, Conflict, Forbidden, TooManyRequests, resource_details
from kubewright.objects.names import GroupResource, GroupVersionKind, GroupVersionResource
from kubewright.objects.selectors import LabelSelector

_KIND: Final = GroupVersionKind("policy", "v1", "Eviction")
_BUDGETS: Final = GroupVersionResource("policy", "v1", "poddisruptionbudgets")
_MAX_DISRUPTED: Final = 2000
_RETRY_SECONDS: Final = 10

_SEVERAL: Final = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


async def evict(call: Call) -> Response:
    """Delete a pod unless a disruption budget wants it to stay.

    :raises TooManyRequests: one does.
    """
    write, info = call.write("CreateOptions"), call.info
    eviction = await unstored.read(call, _KIND, write)
    if eviction["metadata"].get("name") != info.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    options = _delete_options(eviction, write)
    eviction = await unstored.admit_creation(call, _KIND, info.name, eviction, write)
    pod = await call.store.get(info.namespace, info.name)
    dry_run = bool(options.get("dryRun"))
    if not _ignores_budgets(pod):
        budgets = _covering(call, pod)
        if len(budgets) > 1:
            # Kubernetes answers as if the eviction had been created, with a Status that tells of a failure.
            return _answer({"status": "Failure", "message": _SEVERAL, "code": 500})
        for budget in budgets:
            if _unhealthy_may_go(budget, pod):
                return await _delete_unchanged(call, budget, pod, options, write)
            await _use_up(call, budget, pod, dry_run=dry_run)
    return await _delete(call, options, write)


async def _delete_unchanged(call: Call, budget: Object, pod: Object, options: Object, write: Write) -> Response:
    """Delete a pod that the budget does not count, unless it has changed meanwhile: it may count now.

    :raises TooManyRequests: it has.
    :raises Conflict: a precondition of the client's own does not hold.
    """
    preconditions = options.get("preconditions") or {}
    if preconditions.get("resourceVersion"):
        return await _delete(call, options, write)
    preconditions = {**preconditions, "resourceVersion": pod["metadata"]["resourceVersion"]}
    try:
        return await _delete(call, {**options, "preconditions": preconditions}, write)
    except Conflict:
        raise _unprocessed(budget) from None


async def _delete(call: Call, options: Object, write: Write) -> Response:
    info, dry_run = call.info, bool(options.get("dryRun"))
    if not dry_run:
        options = await _announce(call, options)
    deletion = Write(write.user, options, dry_run=dry_run, warnings=write.warnings)
    await call.store.delete(info.namespace, info.name, deletion, admitted=True)
    return _answer({"status": "Success", "code": 201})


def _answer(status: Object) -> Response:
    whole = {"kind": "Status", "apiVersion": "v1", "metadata": {}, **status}
    return Response(msgspec.json.encode(whole), status=201, media_type=JSON)


def _delete_options(eviction: Object, write: Write) -> Object:
    """:raises APIError: request and body disagree about whether this is a dry run."""
    options: Object = dict(eviction.get("deleteOptions") or {})
    asked, given = write.options.get("dryRun"), options.get("dryRun")
    if asked and given and asked != given:
        raise APIError(f"Non-matching dry-run options in request and content: {asked} and {given}")
    return {**options, "dryRun": given or asked} if given or asked else options


async def _announce(call: Call, options: Object) -> Object:
    """Note in the pod's status that it goes, and why.

    :returns: the options of its deletion, about the pod as it is now.
    :raises Conflict: a precondition does not hold.
    """
    store, info = call.store, call.info

    async def announced(live: Object) -> Object:
        check_preconditions(store.resource, live, options)
        set_pod_condition(live, "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting")
        return live

    write, guard = own_write("UpdateOptions"), unstored.admitted_before
    pod, _ = await store.update(
        info.namespace, info.name, announced, write, subresource="status", owned=True, guard=guard
    )
    preconditions = options.get("preconditions") or {}
    if not preconditions.get("resourceVersion"):
        return options
    return {**options, "preconditions": {**preconditions, "resourceVersion": pod["metadata"]["resourceVersion"]}}


def _ignores_budgets(pod: Object) -> bool:
    """Pods that have ended, or never began, disrupt nothing by going."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def _covering(call: Call, pod: Object) -> list[Object]:
    """The budgets that the pod counts for."""
    labels = pod["metadata"].get("labels") or {}
    budgets = call.store.cluster.reader.list("policy", "poddisruptionbudgets", call.info.namespace)
    found = []
    for budget in budgets:
        selector = budget["spec"].get("selector")
        if selector is not None and LabelSelector.from_object(selector).matches(labels):
            found.append(budget)
    return found


async def _use_up(call: Call, budget: Object, pod: Object, *, dry_run: bool) -> None:
    """Take one of the disruptions that the budget allows.

    :raises TooManyRequests: none is left.
    """
    check_budget(budget)
    store = call.store.cluster.store(_BUDGETS)
    assert store is not None
    now = current_timestamp()

    async def used(live: Object) -> Object:
        check_budget(live)
        take(live["status"], pod["metadata"]["name"], now)
        return live  # It carries the live version, without which a budget is not updated.

    write = own_write("UpdateOptions", dry_run=dry_run)
    await store.update(call.info.namespace, budget["metadata"]["name"], used, write, subresource="status")


def take(status: Object, pod: str, now: str) -> None:
    """Note in a budget's status that a pod goes."""
    status["disruptionsAllowed"] -= 1
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod: now}
    if status["disruptionsAllowed"]:
        return
    kind = "DisruptionAllowed"
    conditions: list[Object] = status.get("conditions") or []
    known = next((one for one in conditions if one["type"] == kind), None)
    since = known["lastTransitionTime"] if known is not None and known["status"] == "False" else now
    condition = {
        "type": kind,
        "status": "False",
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": since,
        "reason": "InsufficientPods",
        "message": known["message"] if known is not None else "",
    }
    others = [one for one in conditions if one["type"] != kind]
    status["conditions"] = [*others, condition]


def _unhealthy_may_go(budget: Object, pod: Object) -> bool:
    """Whether the pod is not ready, so that the budget does not count it, and may go as it is."""
    conditions: Iterable[Mapping[str, Any]] = (pod.get("status") or {}).get("conditions") or ()
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(0 < status.get("desiredHealthy", 0) <= status.get("currentHealthy", 0))


def check_budget(budget: Object) -> None:
    """:raises TooManyRequests: the budget allows no disruption, or its controller has not seen it yet.
    :raises Forbidden: its numbers make no sense.
    """
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    allowed = status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise _unprocessed(budget)
    if allowed < 0:
        raise _nonsense(name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > _MAX_DISRUPTED:
        raise _nonsense(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if allowed == 0:
        raise _too_many(_why_none(name, status))


def _why_none(name: str, status: Mapping[str, Any]) -> str:
    for condition in status.get("conditions") or ():
        if condition["type"] == "DisruptionAllowed" and condition.get("reason") == "SyncFailed":
            why = condition.get("message", "")
            return f"The disruption budget {name} does not allow evicting pods currently because it failed sync: {why}"
    wanted, have = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
    return f"The disruption budget {name} needs {wanted} healthy pods and has {have} currently"


def _unprocessed(budget: Object) -> TooManyRequests:
    name = budget["metadata"]["name"]
    return _too_many(f"The disruption budget {name} is still being processed by the server.", _RETRY_SECONDS)


def _too_many(why: str, retry_after: int = 0) -> TooManyRequests:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return TooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", details=details)


def _nonsense(name: str, why: str) -> Forbidden:
    budget = GroupResource("policy", "poddisruptionbudget")
    return Forbidden(f'{budget} "{name}" is forbidden: {why}', details=resource_details(budget, name))
