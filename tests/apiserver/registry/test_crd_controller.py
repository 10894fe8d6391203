"""What is served follows the stored definitions, and a definition that goes takes its objects along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.server import ADMIN, ApiServer

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/widgets"
IN_DEFAULT = "/apis/example.com/v1/namespaces/default/widgets"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


def crd(plural: str = "widgets", kind: str = "Widget", *, served: tuple[str, ...] = ("v1", "v2")) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [
        {"name": name, "served": name in served, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
    ]
    names = {"plural": plural, "singular": plural[:-1], "kind": kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions},
    }


async def answers(server: ApiServer, path: str, code: int) -> None:
    """Return when the answer has that code."""
    async with asyncio.timeout(10):
        while True:
            if (await ask(server, "GET", path))[0] == code:
                return
            await asyncio.sleep(0)


async def has(server: ApiServer, name: str, type: str, status: str, reason: str) -> None:
    """Wait for a condition of a definition."""
    wanted = (type, status, reason)
    async with asyncio.timeout(10):
        while True:
            _, found = await ask(server, "GET", f"{CRDS}/{name}")
            conditions = (found.get("status") or {}).get("conditions") or ()
            if any((one["type"], one["status"], one["reason"]) == wanted for one in conditions):
                return
            await asyncio.sleep(0)


async def create(server: ApiServer, path: str, body: dict[str, Any]) -> None:
    code, answer = await ask(server, "POST", path, body)
    assert code == 201, answer


async def test_a_version_that_is_no_longer_served_is_gone(server: ApiServer) -> None:
    await create(server, CRDS, crd())
    await answers(server, WIDGETS.replace("v1", "v2"), 200)
    change = {"spec": crd(served=("v1",))["spec"]}
    path = f"{CRDS}/widgets.example.com"
    assert (await ask(server, "PATCH", path, change, content_type="application/merge-patch+json"))[0] == 200
    await answers(server, WIDGETS.replace("v1", "v2"), 404)
    await answers(server, WIDGETS, 200)


async def test_a_definition_waits_until_its_objects_are_gone(server: ApiServer) -> None:
    await create(server, CRDS, crd())
    await answers(server, WIDGETS, 200)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}
    held = {**widget, "metadata": {"name": "b", "finalizers": ["example.com/hold"]}}
    await create(server, IN_DEFAULT, widget)
    await create(server, IN_DEFAULT, held)
    assert (await ask(server, "DELETE", f"{CRDS}/widgets.example.com"))[0] == 200
    await has(server, "widgets.example.com", "Terminating", "True", "InstanceDeletionInProgress")
    await answers(server, f"{IN_DEFAULT}/a", 404)
    release = {"metadata": {"finalizers": None}}
    assert (await ask(server, "PATCH", f"{IN_DEFAULT}/b", release, content_type="application/merge-patch+json"))[
        0
    ] == 200
    await answers(server, f"{CRDS}/widgets.example.com", 404)
    await answers(server, WIDGETS, 404)


async def test_names_that_come_free_go_to_the_definition_that_waits(server: ApiServer) -> None:
    await create(server, CRDS, crd())
    await answers(server, WIDGETS, 200)
    await create(server, CRDS, crd("gadgets", "Widget"))
    await has(server, "gadgets.example.com", "NamesAccepted", "False", "ListKindConflict")
    assert (await ask(server, "DELETE", f"{CRDS}/widgets.example.com"))[0] == 200
    await has(server, "gadgets.example.com", "NamesAccepted", "True", "NoConflicts")
    await answers(server, WIDGETS.replace("widgets", "gadgets"), 200)
