"""Evictions: what disruption budgets allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.http.pod_eviction import check_budget, take
from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.storage.protocol import Entry, RevisionMismatch
from kubewright.apiserver.storage.sqlite import SqliteStorage
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


class Hurried(SqliteStorage):
    """Somebody else writes just before the next update, which fails for that."""

    first: Callable[[], Awaitable[object]] | None = None

    async def update(self, current: Entry, value: bytes) -> int:
        if self.first is not None:
            first, self.first = self.first, None
            await first()
            raise RevisionMismatch(current)
        return await super().update(current, value)


@pytest.mark.parametrize(("ready", "code"), [("False", 201), ("True", 201), ("Unknown", 429)])
async def test_a_pod_that_is_not_ready_goes_past_its_budget_if_it_stays_so(ready: str, code: int) -> None:
    """``Unknown``: not ready at first, and ready when it is about to go."""
    storage = Hurried()
    server = ApiServer(storage, tokens={"admin": ADMIN})
    await server.start()

    async def patch(path: str, status: dict[str, Any]) -> None:
        body, media_type = {"status": status}, "application/merge-patch+json"
        assert (await ask(server, "PATCH", f"{path}/status", body, content_type=media_type))[0] == 200

    async def become(ready: str) -> None:
        conditions = [{"type": "Ready", "status": ready}]
        await patch("/api/v1/namespaces/default/pods/p", {"phase": "Running", "conditions": conditions})

    pod = {"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    assert (await ask(server, "POST", "/api/v1/namespaces/default/pods", pod))[0] == 201
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}
    assert (await ask(server, "POST", budgets, {"metadata": {"name": "p"}, "spec": spec}))[0] == 201
    numbers = {"currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1, "observedGeneration": 1}
    await patch(f"{budgets}/p", {**numbers, "disruptionsAllowed": int(ready == "True")})
    await become(ready)
    if ready == "Unknown":
        storage.first = partial(become, "True")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    answered, answer = await ask(server, "POST", "/api/v1/namespaces/default/pods/p/eviction", eviction)
    assert answered == code, answer
    _, budget = await ask(server, "GET", f"{budgets}/p")
    assert budget["status"]["disruptionsAllowed"] == 0
    await server.stop()
