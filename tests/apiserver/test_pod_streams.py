"""Logs and streams of pods that a simulated kubelet runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def transport() -> AsyncIterator[AsgiTransport]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    transport = AsgiTransport(server.app, headers={"authorization": "Bearer admin", "content-type": "application/json"})
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    assert (await transport.request("POST", "/api/v1/nodes", body=msgspec.json.encode(node))).status == 201
    yield transport
    await server.stop()


async def make(transport: AsgiTransport, name: str, *containers: str, node: str = "") -> None:
    spec: dict[str, Any] = {"containers": [{"name": one, "image": "i"} for one in containers]}
    if node:
        spec["nodeName"] = node
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    answer = await transport.request("POST", PODS, body=msgspec.json.encode(pod))
    assert answer.status == 201, answer.body


async def message(transport: AsgiTransport, path: str, method: str = "GET") -> tuple[int, str]:
    answer = await transport.request(method, f"{PODS}/{path}")
    return answer.status, msgspec.json.decode(answer.body)["message"]


async def test_a_simulated_container_has_logged_nothing(transport: AsgiTransport) -> None:
    await make(transport, "a", "main", node="n")
    answer = await transport.request("GET", f"{PODS}/a/log")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"")


async def test_a_pod_without_a_node_has_no_log_yet(transport: AsgiTransport) -> None:
    await make(transport, "a", "main")
    assert (await transport.request("GET", f"{PODS}/a/log")).status == 204


async def test_the_container_has_to_be_clear(transport: AsgiTransport) -> None:
    await make(transport, "two", "x", "y", node="n")
    assert await message(transport, "two/log") == (
        400,
        "a container name must be specified for pod two, choose one of: [x y]",
    )
    assert await message(transport, "two/log?container=z") == (400, "container z is not valid for pod two")
    assert (await transport.request("GET", f"{PODS}/two/log?container=x")).status == 200


async def test_nothing_can_be_run_in_a_simulated_container(transport: AsgiTransport) -> None:
    await make(transport, "a", "main", node="n")
    await make(transport, "unassigned", "main")
    status, text = await message(transport, "a/exec?command=ls", "POST")
    assert (status, text.startswith("error dialing backend")) == (500, True)
    assert await message(transport, "unassigned/exec?command=ls", "POST") == (
        400,
        "pod unassigned does not have a host assigned",
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tailLines=-1", "tailLines"),
        ("limitBytes=0", "limitBytes"),
        ("sinceSeconds=0", "sinceSeconds"),
        ("sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z", None),
    ],
)
async def test_log_options_have_to_make_sense(transport: AsgiTransport, query: str, field: str | None) -> None:
    await make(transport, "a", "main", node="n")
    answer = await transport.request("GET", f"{PODS}/a/log?{query}")
    details = msgspec.json.decode(answer.body)["details"]
    assert (answer.status, details["kind"]) == (422, "PodLogOptions")
    assert [cause.get("field") for cause in details["causes"]] == [field]


async def test_a_node_that_is_not_there_is_named(transport: AsgiTransport) -> None:
    await make(transport, "a", "main", node="gone")
    assert await message(transport, "a/log") == (404, 'nodes "gone" not found')
    assert await message(transport, "a/exec?command=ls", "POST") == (404, 'nodes "gone" not found')
