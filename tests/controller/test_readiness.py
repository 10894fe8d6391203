from typing import Any

import pytest

from kubewright.controller.readiness import readiness
from kubewright.objects import Unstructured


def judged(api_version: str, kind: str, *, generation: int = 2, **parts: Any) -> tuple[bool, str]:
    content = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "generation": generation}, **parts}
    return readiness(Unstructured(content))


def condition(kind: str, status: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "Because", **more}


def test_an_object_that_asks_for_nothing_is_ready() -> None:
    assert judged("v1", "ConfigMap", data={}) == (True, "")


def test_an_object_on_its_way_out_is_not_ready() -> None:
    doomed = Unstructured(
        {"apiVersion": "v1", "kind": "A", "metadata": {"name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    )
    assert readiness(doomed) == (False, "is being deleted")


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 1},
        {"conditions": [condition("Ready", "True", observedGeneration=1)]},
    ],
)
def test_an_old_generation_does_not_count(status: dict[str, Any]) -> None:
    assert judged("a.example.com/v1", "A", status=status) == (False, "generation 2 has not been looked at")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([condition("Ready", "True")], (True, "Ready=True: Because")),
        ([condition("Ready", "False", message="no disk")], (False, "Ready=False: Because, no disk")),
        ([condition("Stalled", "True")], (False, "Stalled=True: Because")),
        ([condition("Synced", "False")], (True, "")),
    ],
)
def test_conditions_decide(conditions: list[dict[str, Any]], expected: tuple[bool, str]) -> None:
    assert judged("a.example.com/v1", "A", status={"conditions": conditions}) == expected


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "status", "missing"),
    [
        ("apps/v1", "Deployment", {"replicas": 2}, {"updatedReplicas": 2, "availableReplicas": 2}, ""),
        ("apps/v1", "Deployment", {"replicas": 2}, {"updatedReplicas": 1}, "1 of 2 updated"),
        ("apps/v1", "Deployment", {}, {"updatedReplicas": 1}, "0 of 1 available"),
        ("apps/v1", "StatefulSet", {"replicas": 1}, {}, "0 of 1 ready"),
        ("apps/v1", "DaemonSet", {}, {"desiredNumberScheduled": 3, "numberAvailable": 2}, "2 of 3 available"),
        ("batch/v1", "Job", {}, {}, "has not completed"),
        ("batch/v1", "Job", {}, {"conditions": [condition("Complete", "True")]}, ""),
        ("v1", "Pod", {}, {"phase": "Pending"}, "phase Pending"),
        ("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}, ""),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, {}, "not yet established"),
    ],
)
def test_a_workload_is_ready_when_all_of_it_is_there(
    api_version: str, kind: str, spec: dict[str, Any], status: dict[str, Any], missing: str
) -> None:
    assert judged(api_version, kind, spec=spec, status=status) == (not missing, missing)


def test_a_pod_names_the_container_it_waits_for() -> None:
    status = {"containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    assert judged("v1", "Pod", status=status) == (False, "web: ImagePullBackOff")
