"""Logical clusters share a process and a store, and nothing that a client could see."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport, Client
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.objects.errors import NotFound
from kubewright.objects.rbac_v1 import ClusterRole


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    yield server
    await server.stop()


def client_of(server: ApiServer, cluster: str) -> Client:
    headers = {"authorization": "Bearer admin"}
    return Client(AsgiTransport(server.app, headers=headers, prefix=f"/clusters/{cluster}" if cluster else ""))


def named(name: str) -> ObjectMeta:
    return ObjectMeta(name=name)


async def test_each_has_objects_of_its_own_under_the_same_names(server: ApiServer) -> None:
    for name in ("", "one", "other"):
        await client_of(server, name).create(ConfigMap(metadata=named("a"), data={"of": name}))
    for name in ("", "one", "other"):
        assert (await client_of(server, name).get(ConfigMap, "a")).data == {"of": name}
    await client_of(server, "one").delete(ConfigMap, "a")
    with pytest.raises(NotFound):
        await client_of(server, "one").get(ConfigMap, "a")
    assert (await client_of(server, "other").get(ConfigMap, "a")).data == {"of": "other"}


async def test_each_begins_with_its_own_namespaces_and_roles(server: ApiServer) -> None:
    one, other = client_of(server, "one"), client_of(server, "other")
    await one.create(Namespace(metadata=named("shop")))
    await one.create(ClusterRole(metadata=named("shopkeeper")))
    assert "shop" not in {item.metadata.name for item in await other.list(Namespace)}
    with pytest.raises(NotFound):
        await other.get(ClusterRole, "shopkeeper")
    assert {item.metadata.name for item in await other.list(Namespace)} >= {"default", "kube-system"}


async def test_a_watch_hears_nothing_of_another_cluster(server: ApiServer) -> None:
    one, other = client_of(server, "one"), client_of(server, "other")
    start = (await one.list(ConfigMap)).resource_version
    async with one.watch(ConfigMap, namespace="default", resource_version=start) as events:
        await other.create(ConfigMap(metadata=named("theirs")))
        await one.create(ConfigMap(metadata=named("ours")))
        async for event in events:
            assert event.object.metadata.name == "ours"
            break
