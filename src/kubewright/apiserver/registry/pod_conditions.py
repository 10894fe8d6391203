"""The conditions of Pods that the server itself sets."""

from __future__ import annotations

from kubewright.apiserver.registry.deletion import current_timestamp
from kubewright.apiserver.registry.strategy import Object


def set_pod_condition(pod: Object, kind: str, status: str, reason: str = "", message: str = "") -> None:
    """Note a condition in a Pod's status, where one of its type was if there was one (``UpdatePodCondition``)."""
    condition: Object = {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": current_timestamp(),
    }
    condition |= {"reason": reason} if reason else {}
    condition |= {"message": message} if message else {}
    known: list[Object] = pod["status"].get("conditions") or []
    was = next((one for one in known if one["type"] == kind), None)
    if was is not None and was["status"] == status:
        condition["lastTransitionTime"] = was.get("lastTransitionTime")
    pod["status"]["conditions"] = (
        [*known, condition] if was is None else [condition if one is was else one for one in known]
    )
