"""The client and the cache against the embedded API server, in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.cache.objects import key
from tests.cache.test_informer import Listener, eventually, running

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport, Client, MetadataOnly, Untyped
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.objects.errors import AlreadyExists, Conflict, Gone, NotFound
from kubewright.objects.meta import ObjectMeta
from kubewright.objects.names import GroupVersionKind


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    server = ApiServer(tokens={"secret": ADMIN}, history=10)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def transport(server: ApiServer) -> AsgiTransport:
    return AsgiTransport(server.app, headers={"authorization": "Bearer secret"})


@pytest.fixture
def client(transport: AsgiTransport) -> Client:
    return Client(transport)


def config_map(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name), data=data)


async def test_an_object_lives_from_create_to_delete(client: Client) -> None:
    made = await client.create(config_map("a", x="1"))
    with pytest.raises(AlreadyExists):
        await client.create(config_map("a"))
    changed = await client.patch(made, merge={"data": {"y": "2"}})
    assert changed.data == {"x": "1", "y": "2"}
    with pytest.raises(Conflict):
        await client.update(made)
    changed.data = {"z": "3"}
    assert (await client.update(changed)).data == {"z": "3"}
    await client.delete(ConfigMap, "a")
    with pytest.raises(NotFound, match='configmaps "a" not found'):
        await client.get(ConfigMap, "a")


async def test_apply_owns_fields_and_conflicts_over_them(client: Client) -> None:
    await client.apply(config_map("a", x="1"), field_manager="one")
    with pytest.raises(Conflict) as error:
        await client.apply(config_map("a", x="2"), field_manager="two")
    assert [cause.field for cause in error.value.causes] == [".data.x"]
    assert (await client.apply(config_map("a", x="2"), field_manager="two", force=True)).data == {"x": "2"}


async def test_lists_come_in_pages_and_in_every_shape(client: Client) -> None:
    for number in range(5):
        await client.create(config_map(f"n{number}"))
    sizes = [len(page) async for page in client.pages(ConfigMap, namespace="default", page_size=2)]
    assert sum(sizes) == len(await client.list(ConfigMap, namespace="default"))
    assert max(sizes) == 2
    gvk = GroupVersionKind("", "v1", "ConfigMap")
    assert "n0" in {item.metadata.name for item in await client.list(Untyped(gvk), namespace="default")}
    assert (await client.get(MetadataOnly(ConfigMap), "n0")).content == {}
    assert (await client.mapper.resource("deploy")).kind == Deployment.gvk


async def test_a_watch_shows_what_happens_and_refuses_what_is_too_old(client: Client) -> None:
    start = (await client.list(ConfigMap)).resource_version
    async with client.watch(ConfigMap, namespace="default", resource_version=start) as events:
        await client.create(config_map("a"))
        await client.delete(ConfigMap, "a")
        assert [(await anext(events)).type for _ in range(2)] == ["ADDED", "DELETED"]
    for number in range(10):
        await client.create(config_map(f"more-{number}"))
    with pytest.raises(Gone):
        async with client.watch(ConfigMap, resource_version=start) as events:
            await anext(events)


async def test_an_informer_follows_the_server(transport: AsgiTransport, client: Client) -> None:
    await client.create(config_map("before"))
    async with running(transport) as cache:
        informer, listener = cache.informer(ConfigMap, namespaces=["default"]), Listener()
        task = listener.follow(informer)
        await listener.until(lambda: listener.ready)
        assert "before" in {obj.name for obj in informer.indexer}
        await client.create(config_map("after"))
        await listener.until(lambda: any(line.startswith("create after") for line in listener.seen))
        await client.delete(ConfigMap, "before")
        await listener.until(lambda: any(line.startswith("delete before") for line in listener.seen))
        assert informer.restarts == 0
        task.cancel()


async def test_own_writes_are_read_at_once(transport: AsgiTransport) -> None:
    async with running(transport) as cache:
        await cache.informer(ConfigMap).wait_for_sync()
        for number in range(50):
            await cache.client.create(config_map("a", round=str(number)))
            assert (await cache.get(ConfigMap, "a")).data == {"round": str(number)}
            await cache.client.delete(ConfigMap, "a")
            with pytest.raises(NotFound):
                await cache.get(ConfigMap, "a")
        await eventually(lambda: key("a") not in cache.informer(ConfigMap).indexer)


async def test_a_deleted_collection_is_gone_from_reads_at_once_but_for_what_is_held(transport: AsgiTransport) -> None:
    async with running(transport) as cache:
        client = cache.client
        await cache.informer(ConfigMap).wait_for_sync()
        for metadata in (
            ObjectMeta(name="plain", labels={"app": "a"}),
            ObjectMeta(name="held", labels={"app": "a"}, finalizers=["example.com/x"]),
            ObjectMeta(name="other", labels={"app": "b"}),
        ):
            await client.create(ConfigMap(metadata=metadata))
        await client.delete_collection(ConfigMap, label_selector={"app": "a"})
        left = {obj.metadata.name: obj for obj in await cache.list(ConfigMap)}
        assert set(left) == {"held", "other"}
        assert left["held"].metadata.deletion_timestamp is not None
        assert left["other"].metadata.deletion_timestamp is None


async def test_removing_the_last_finalizer_counts_as_a_deletion(transport: AsgiTransport) -> None:
    async with running(transport) as cache:
        client = cache.client
        await cache.informer(ConfigMap).wait_for_sync()
        await client.create(ConfigMap(metadata=ObjectMeta(name="a", finalizers=["example.com/x"])))
        await client.delete(ConfigMap, "a")
        assert (await cache.get(ConfigMap, "a")).metadata.deletion_timestamp is not None
        await client.patch(ConfigMap, "a", merge={"metadata": {"finalizers": None}})
        with pytest.raises(NotFound):
            await cache.get(ConfigMap, "a")


async def test_selectors_keep_other_objects_out(transport: AsgiTransport, client: Client) -> None:
    async with running(transport) as cache:
        chosen = cache.informer(Namespace, label_selector="team=web")
        await chosen.wait_for_sync()
        await client.create(Namespace(metadata=ObjectMeta(name="web", labels={"team": "web"})))
        await client.create(Namespace(metadata=ObjectMeta(name="db", labels={"team": "db"})))
        await eventually(lambda: len(chosen.indexer) == 1)
        await cache.client.patch(Namespace, "web", merge={"metadata": {"labels": {"team": "db"}}})
        assert await cache.list(Namespace) == []
