"""Whether an object has come to what its spec asks for, told from the object alone.

The rules are kstatus' (sigs.k8s.io/cli-utils), which kubectl-like tools agree on: the newest generation has been
observed, no condition says otherwise, and of the built-in workloads everything that was asked for is available.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from kubewright.objects import Unstructured, to_dict

Raw = Mapping[str, Any]


class Readiness(NamedTuple):
    """``why`` tells what is still missing; where an object is ready it may be empty."""

    ready: bool
    why: str


def readiness(obj: msgspec.Struct | Unstructured) -> Readiness:
    """Judge an object by its metadata, status and conditions.

    An object without status or conditions counts as ready, as a ConfigMap is: it asks for nothing further.
    """
    raw = to_dict(obj)
    metadata, status = raw["metadata"], raw.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return Readiness(False, "is being deleted")
    generation, conditions = metadata.get("generation"), status.get("conditions") or ()
    ready = next((one for one in conditions if one.get("type") == "Ready"), None)
    observed = status.get("observedGeneration", (ready or {}).get("observedGeneration"))
    if generation is not None and observed is not None and observed < generation:
        return Readiness(False, f"generation {generation} has not been looked at")
    workload = _WORKLOADS.get((raw["apiVersion"], raw["kind"]))
    if workload is not None:
        missing = workload(raw.get("spec") or {}, status)
        return Readiness(not missing, missing)
    for one in conditions:
        if one.get("type") in ("Stalled", "Reconciling", "Failed") and one.get("status") == "True":
            return Readiness(False, _said(one))
    if ready is not None:
        return Readiness(ready.get("status") == "True", _said(ready))
    return Readiness(True, "")


def _said(condition: Raw) -> str:
    words = (condition.get("reason"), condition.get("message"))
    return f"{condition['type']}={condition.get('status')}: " + ", ".join(filter(None, words))


def _deployment(spec: Raw, status: Raw) -> str:
    for one in status.get("conditions") or ():
        if one.get("reason") == "ProgressDeadlineExceeded":
            return _said(one)
    wanted = spec.get("replicas", 1)
    return _counted("updated", status.get("updatedReplicas", 0), wanted) or _counted(
        "available", status.get("availableReplicas", 0), wanted
    )


def _stateful_set(spec: Raw, status: Raw) -> str:
    return _counted("ready", status.get("readyReplicas", 0), spec.get("replicas", 1))


def _daemon_set(spec: Raw, status: Raw) -> str:
    if "desiredNumberScheduled" not in status:
        return "not yet scheduled"
    return _counted("available", status.get("numberAvailable", 0), status["desiredNumberScheduled"])


def _job(spec: Raw, status: Raw) -> str:
    finished = {one["type"]: one for one in status.get("conditions") or () if one.get("status") == "True"}
    if "Complete" in finished:
        return ""
    return _said(finished["Failed"]) if "Failed" in finished else "has not completed"


def _pod(spec: Raw, status: Raw) -> str:
    if status.get("phase") == "Succeeded":
        return ""
    ready = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
    if ready is not None and ready.get("status") == "True":
        return ""
    waiting = [
        f"{container['name']}: {state['reason']}"
        for container in status.get("containerStatuses") or ()
        if (state := (container.get("state") or {}).get("waiting"))
    ]
    return "; ".join(waiting) or f"phase {status.get('phase', 'Pending')}"


def _claim(spec: Raw, status: Raw) -> str:
    return "" if status.get("phase") == "Bound" else f"phase {status.get('phase', 'Pending')}"


def _definition(spec: Raw, status: Raw) -> str:
    established = any(
        one["type"] == "Established" and one.get("status") == "True" for one in status.get("conditions") or ()
    )
    return "" if established else "not yet established"


def _counted(what: str, count: int, wanted: int) -> str:
    return "" if count >= wanted else f"{count} of {wanted} {what}"


_WORKLOADS: Mapping[tuple[str, str], Callable[[Raw, Raw], str]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "ReplicaSet"): _stateful_set,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _definition,
}
