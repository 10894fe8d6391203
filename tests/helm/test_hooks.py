from typing import Any

import pytest

from kubewright.helm.hooks import ended
from kubewright.objects import Unstructured


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        ("Job", {}, ""),
        ("Job", {"active": 1}, ""),
        ("Job", {"conditions": [{"type": "Complete", "status": "True"}]}, "Succeeded"),
        ("Job", {"conditions": [{"type": "FailureTarget", "status": "True"}]}, ""),
        ("Job", {"conditions": [{"type": "Failed", "status": "True"}]}, "Failed"),
        ("Job", {"conditions": [{"type": "Failed", "status": "False"}]}, ""),
        ("Pod", {"phase": "Running"}, ""),
        ("Pod", {"phase": "Succeeded"}, "Succeeded"),
        ("Pod", {"phase": "Failed"}, "Failed"),
    ],
)
def test_a_hook_has_ended_when_its_job_or_pod_has(kind: str, status: dict[str, Any], outcome: str) -> None:
    api_version = "v1" if kind == "Pod" else "batch/v1"
    obj = Unstructured({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "status": status})
    assert ended(obj) == outcome
