"""Evictions: what disruption budgets allow."""

from __future__ import annotations

from typing import Any

import pytest

from kubewright.apiserver.http.pod_eviction import check_budget, take
from kubewright.objects.errors import APIError

ALLOWS_NONE = {"observedGeneration": 1, "desiredHealthy": 2, "currentHealthy": 1, "disruptionsAllowed": 0}
FAILED = {"type": "DisruptionAllowed", "reason": "SyncFailed", "message": "no scale"}


@pytest.mark.parametrize(
    ("status", "code", "text", "retry"),
    [
        ({}, 429, "The disruption budget p is still being processed by the server.", 10),
        (ALLOWS_NONE, 429, "The disruption budget p needs 2 healthy pods and has 1 currently", None),
        (
            {**ALLOWS_NONE, "conditions": [FAILED]},
            429,
            "The disruption budget p does not allow evicting pods currently because it failed sync: no scale",
            None,
        ),
        ({**ALLOWS_NONE, "disruptionsAllowed": -1}, 403, "pdb disruptions allowed is negative", None),
    ],
)
def test_a_budget_that_allows_no_disruption(status: dict[str, Any], code: int, text: str, retry: int | None) -> None:
    with pytest.raises(APIError) as caught:
        check_budget({"metadata": {"name": "p", "generation": 1}, "status": status})
    assert (caught.value.status_code, caught.value.retry_after) == (code, retry)
    assert text in f"{caught.value.message} {caught.value.causes}"


def test_an_eviction_uses_up_a_disruption() -> None:
    status: dict[str, Any] = {"disruptionsAllowed": 2, "observedGeneration": 3}
    take(status, "a", "2026-01-01T00:00:00Z")
    assert "conditions" not in status
    take(status, "b", "2026-01-01T00:00:01Z")
    assert (status["disruptionsAllowed"], sorted(status["disruptedPods"])) == (0, ["a", "b"])
    [condition] = status["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "InsufficientPods")
