from __future__ import annotations

import pytest
from tests.serving import api_server

from kubewright.client import Client
from kubewright.manager import Need
from kubewright.objects import ObjectMeta
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Pod
from kubewright.testing.undeclared import UndeclaredRequests


async def said(caplog: pytest.LogCaptureFixture, *needs: Need) -> list[str]:
    """What is said of an operator with these needs that lists and applies ConfigMaps and reads a scale."""
    async with api_server() as server:
        client = server.client()
        client.rest.transport = UndeclaredRequests(client.rest.transport, needs)
        for name in ("a", "b"):
            await client.apply(ConfigMap(metadata=ObjectMeta(name=name, namespace="default")), field_manager="test")
        await client.list(ConfigMap)
        await _scale(client)
    return caplog.messages


async def _scale(client: Client) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments/web/scale"
    await client.rest.transport.request("GET", path)


async def test_what_is_not_declared_is_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    told = await said(caplog, Need.of(ConfigMap, ("get", "list"), "reading"), Need.of(Pod, ("*",), "all"))
    assert [text.partition(" is declared")[0] for text in told] == [
        "no permission to patch configmaps",
        "no permission to get deployments/scale.apps",
    ]
    assert told[0].endswith('op.requires(KIND, "patch")')
    assert told[1].endswith('op.requires(KIND, "get", subresource="scale")')


async def test_what_is_declared_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    scale = Need.of(Deployment, ("get",), "looking", subresource="scale")
    assert not await said(caplog, Need.of(ConfigMap, ("*",), "all"), scale)


async def test_a_need_of_one_object_covers_no_other(caplog: pytest.LogCaptureFixture) -> None:
    scale = Need.of(Deployment, ("get",), "looking", subresource="scale", name="api")
    assert len(await said(caplog, Need.of(ConfigMap, ("*",), "all"), scale)) == 1


async def test_registration_beside_a_cluster_needs_no_permission(caplog: pytest.LogCaptureFixture) -> None:
    async with api_server() as server:
        transport = UndeclaredRequests(server.client().rest.transport, [])
        await transport.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        await transport.request("GET", "/apis")
    assert not caplog.messages
