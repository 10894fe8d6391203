"""The conditions of Pods that the server itself sets."""

from typing import Any

from kubewright.apiserver.registry.pod_conditions import set_pod_condition


def test_a_condition_keeps_its_place_and_its_time_while_its_status_stays() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    ready = {"type": "Ready", "status": "False"}
    pod: dict[str, Any] = {"status": {"conditions": [scheduled, ready]}}
    set_pod_condition(pod, "PodScheduled", "False", "SchedulingGated", "wait")
    assert pod["status"]["conditions"] == [
        {**scheduled, "lastProbeTime": None, "reason": "SchedulingGated", "message": "wait"},
        ready,
    ]
    set_pod_condition(pod, "PodScheduled", "True")
    first, last = pod["status"]["conditions"]
    assert (first["status"], last) == ("True", ready)
    assert "reason" not in first
    assert first["lastTransitionTime"] > "2020-01-01T00:00:00Z"
