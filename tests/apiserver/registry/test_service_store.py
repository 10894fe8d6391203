"""Every address of a Service has its object."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apiserver.test_access import ask

from kubewright.apiserver.server import ADMIN, ApiServer

SERVICES = "/api/v1/namespaces/default/services"
ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses"


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


async def make(server: ApiServer, query: str = "", **spec: Any) -> str:
    body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], **spec}}
    code, made = await ask(server, "POST", f"{SERVICES}{query}", body)
    assert code == 201, made
    return str(made["spec"]["clusterIP"])


async def status(server: ApiServer, address: str) -> int:
    return (await ask(server, "GET", f"{ADDRESSES}/{address}"))[0]


async def test_an_address_comes_and_goes_with_its_service(server: ApiServer) -> None:
    address = await make(server)
    _, found = await ask(server, "GET", f"{ADDRESSES}/{address}")
    assert found["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "s"}
    assert found["metadata"]["labels"]["ipaddress.kubernetes.io/ip-family"] == "IPv4"
    await ask(server, "DELETE", f"{SERVICES}/s")
    assert await status(server, address) == 404


async def test_an_address_that_is_given_up_goes(server: ApiServer) -> None:
    address = await make(server)
    patch = {"spec": {"type": "ExternalName", "externalName": "a.example.com", "clusterIP": "", "clusterIPs": None}}
    path = f"{SERVICES}/s"
    code, answer = await ask(server, "PATCH", path, patch, content_type="application/merge-patch+json")
    assert code == 200, answer
    assert await status(server, address) == 404


@pytest.mark.parametrize(("query", "spec"), [("?dryRun=All", {}), ("", {"clusterIP": "None"})])
async def test_what_takes_no_address_leaves_no_object(server: ApiServer, query: str, spec: dict[str, Any]) -> None:
    await make(server, query, **spec)
    _, listed = await ask(server, "GET", ADDRESSES)
    assert [item["metadata"]["name"] for item in listed["items"]] == ["10.96.0.1"]
