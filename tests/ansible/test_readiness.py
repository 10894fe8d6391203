from __future__ import annotations

from typing import Any

import pytest

from kubewright.ansible.readiness import is_ready, meets_condition


@pytest.mark.parametrize(
    ("kind", "spec", "status", "ready"),
    [
        ("Deployment", {"replicas": 2}, {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, True),
        ("Deployment", {"replicas": 2}, {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
        ("Deployment", {"replicas": 0}, {}, True),
        (
            "Deployment",
            {},
            {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 0},
            False,
        ),
        ("DaemonSet", {}, {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberReady": 1}, True),
        ("DaemonSet", {}, {}, False),
        ("StatefulSet", {"replicas": 1}, {"updatedReplicas": 1, "readyReplicas": 1}, True),
        ("StatefulSet", {"replicas": 1, "updateStrategy": {"type": "OnDelete"}}, {"readyReplicas": 1}, True),
        ("StatefulSet", {"replicas": 1}, {"readyReplicas": 1}, False),
        ("Pod", {}, {"containerStatuses": [{"ready": True}]}, True),
        ("Pod", {}, {"containerStatuses": [{"ready": True}, {"ready": False}]}, False),
        ("Pod", {}, {"phase": "Succeeded"}, True),
        ("Pod", {}, {}, False),
        ("PersistentVolumeClaim", {}, {"phase": "Bound"}, True),
        ("ConfigMap", {}, {}, True),
    ],
)
def test_readiness_by_kind(kind: str, spec: dict[str, Any], status: dict[str, Any], ready: bool) -> None:
    obj = {"kind": kind, "metadata": {"generation": 1}, "spec": spec, "status": {"observedGeneration": 1, **status}}
    assert is_ready(obj) is ready


def test_a_condition_is_met_with_its_status_and_reason() -> None:
    obj = {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Up"}]}}
    assert meets_condition(obj, {"type": "Ready"})
    assert meets_condition(obj, {"type": "Ready", "status": True, "reason": "Up"})
    assert not meets_condition(obj, {"type": "Ready", "status": "False"})
    assert not meets_condition(obj, {"type": "Ready", "reason": "Down"})
    assert not meets_condition(obj, {"type": "Other"})
