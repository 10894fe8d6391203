"""Whether an object is what a task waits for: ready by the rules of its kind, or by a condition that the task names.

The rules are those of ``kubernetes.core``: its waiters look at the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_ready(obj: Mapping[str, Any]) -> bool:
    """Whether it is up; an object of a kind without a notion of that is, once it exists."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    match obj.get("kind"):
        case "Deployment":
            wanted = spec.get("replicas", 1)
            counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
            return _observed(obj) and all(count == wanted for count in counts) and not status.get("unavailableReplicas")
        case "DaemonSet":
            wanted = status.get("desiredNumberScheduled")
            counts = [status.get(name, 0) for name in ("updatedNumberScheduled", "numberReady")]
            return wanted is not None and _observed(obj) and all(count == wanted for count in counts)
        case "StatefulSet":
            wanted = spec.get("replicas", 1)
            updated = (
                status.get("updatedReplicas", 0) == wanted or spec.get("updateStrategy", {}).get("type") == "OnDelete"
            )
            return _observed(obj) and updated and status.get("readyReplicas", 0) == wanted
        case "Pod":
            containers = status.get("containerStatuses") or []
            if status.get("phase") == "Succeeded":
                return True
            return bool(containers) and all(container.get("ready") for container in containers)
        case "PersistentVolumeClaim":
            return bool(status.get("phase") == "Bound")
    return True


def meets_condition(obj: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    """Whether a condition of ``status.conditions`` is as wanted: ``{"type": ..., "status": ..., "reason": ...}``."""
    for known in (obj.get("status") or {}).get("conditions") or ():
        if known.get("type") == condition.get("type"):
            fits = str(known.get("status")) == str(condition.get("status") or "True")
            return fits and (not condition.get("reason") or known.get("reason") == condition["reason"])
    return False


def _observed(obj: Mapping[str, Any]) -> bool:
    generation = (obj.get("metadata") or {}).get("generation", 0)
    return bool((obj.get("status") or {}).get("observedGeneration", 0) >= generation)
