"""Several API servers over one etcd are one API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from tests.etcd import free_port

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.storage.etcd import EtcdStorage
from kubewright.client import AsgiTransport, Client, NoMatch, Untyped
from kubewright.objects import GroupVersionKind, ObjectMeta, Unstructured
from kubewright.objects.apiextensions_v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceValidation,
)
from kubewright.objects.core_v1 import ConfigMap
from kubewright.objects.errors import AlreadyExists, Conflict, NotFound

pytestmark = pytest.mark.etcd


@asynccontextmanager
async def client_of_server(etcd: str, prefix: str) -> AsyncIterator[Client]:
    server = ApiServer(EtcdStorage([etcd], prefix=prefix), tokens={"admin": ADMIN})
    await server.start()
    try:
        yield Client(AsgiTransport(server.app, headers={"authorization": "Bearer admin"}))
    finally:
        await server.stop()


@pytest.fixture
async def clients(etcd: str, etcd_prefix: str) -> AsyncIterator[tuple[Client, Client]]:
    """A client of each of two servers, started at the same time."""
    async with AsyncExitStack() as stack:
        servers = [stack.enter_async_context(client_of_server(etcd, etcd_prefix)) for _ in range(2)]
        one, other = await asyncio.gather(*servers)
        yield one, other


def config_map(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name), data=data)


def definition() -> CustomResourceDefinition:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = CustomResourceDefinitionVersion(
        name="v1", served=True, storage=True, schema=CustomResourceValidation(open_api_v3_schema=schema)
    )
    names = CustomResourceDefinitionNames(plural="sites", singular="site", kind="Site", list_kind="SiteList")
    spec = CustomResourceDefinitionSpec(group="example.com", names=names, scope="Namespaced", versions=[version])
    return CustomResourceDefinition(metadata=ObjectMeta(name="sites.example.com"), spec=spec)


async def until_served(client: Client, kind: GroupVersionKind) -> None:
    async with asyncio.timeout(5):
        while True:
            with suppress(NotFound, NoMatch):
                await client.list(Untyped(kind))
                return


async def until_withdrawn(client: Client, kind: GroupVersionKind) -> None:
    async with asyncio.timeout(5):
        with suppress(NotFound, NoMatch):
            while True:
                await client.list(Untyped(kind))


async def test_a_read_through_one_server_sees_the_write_through_the_other(clients: tuple[Client, Client]) -> None:
    one, other = clients
    for number in range(20):
        made = await one.create(config_map(f"n{number}"))
        found = await other.get(ConfigMap, f"n{number}")
        assert found.metadata.resource_version == made.metadata.resource_version
        assert len([item for item in await other.list(ConfigMap) if item.metadata.name == f"n{number}"]) == 1
        one, other = other, one


async def test_a_watch_on_one_server_tells_of_writes_through_the_other(clients: tuple[Client, Client]) -> None:
    one, other = clients
    start = (await one.list(ConfigMap)).resource_version
    async with one.watch(ConfigMap, namespace="default", resource_version=start) as events:
        made = await other.create(config_map("a"))
        await other.patch(made, merge={"data": {"x": "1"}})
        await other.delete(ConfigMap, "a")
        seen = []
        async for event in events:
            seen.append((event.type, event.object.metadata.name))
            if event.type == "DELETED":
                break
    assert seen == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_a_name_is_taken_once_and_a_version_replaced_once(clients: tuple[Client, Client]) -> None:
    results = await asyncio.gather(
        *(client.create(config_map("a")) for client in clients for _ in range(10)), return_exceptions=True
    )
    made = [result for result in results if isinstance(result, ConfigMap)]
    assert len(made) == 1
    assert sum(isinstance(result, AlreadyExists) for result in results) == 19
    changed = await asyncio.gather(*(client.update(made[0]) for client in clients), return_exceptions=True)
    assert not [result for result in changed if isinstance(result, Exception) and not isinstance(result, Conflict)]


async def test_concurrent_patches_through_both_are_all_kept(clients: tuple[Client, Client]) -> None:
    made = await clients[0].create(config_map("a"))
    await asyncio.gather(
        *(client.patch(made, merge={"data": {f"{who}": "1"}}) for who, client in enumerate(clients * 2))
    )
    assert (await clients[1].get(ConfigMap, "a")).data == {"0": "1", "1": "1", "2": "1", "3": "1"}


async def test_a_definition_made_through_one_is_served_and_withdrawn_by_both(clients: tuple[Client, Client]) -> None:
    one, other = clients
    kind = GroupVersionKind("example.com", "v1", "Site")
    await one.create(definition())
    for client in clients:
        await until_served(client, kind)
    await other.create(Unstructured({"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": "a"}}))
    assert (await one.get(Untyped(kind), "a")).metadata.name == "a"
    await other.delete(CustomResourceDefinition, "sites.example.com")
    for client in clients:
        await until_withdrawn(client, kind)


async def test_what_others_keep_in_the_same_etcd_holds_up_no_read(etcd: str, etcd_prefix: str) -> None:
    stranger = EtcdStorage([etcd], prefix=f"{etcd_prefix}-stranger")
    await stranger.open()
    async with client_of_server(etcd, etcd_prefix) as client:
        await client.create(config_map("a"))
        await stranger.create("/x", b"")
        async with asyncio.timeout(1):
            assert (await client.get(ConfigMap, "a")).metadata.name == "a"
            await client.list(ConfigMap)
    await stranger.close()


async def test_an_etcd_that_is_away_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(OSError, match=rf"etcd at {url} does not answer: .*check --etcd-servers"):
        await ApiServer(EtcdStorage([url])).start()
