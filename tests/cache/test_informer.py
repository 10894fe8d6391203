from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.cache.fake_server import FakeServer
from tests.cache.objects import key, pod
from tests.client.scripted import Reply, Request, ScriptedServer, status

from kubewright.cache import Cache, Event, Informer, NotSynced
from kubewright.client import AsgiTransport, Client, MetadataOnly, Untyped
from kubewright.objects.core_v1 import Namespace, Pod
from kubewright.objects.errors import NotFound
from kubewright.objects.meta import ObjectMeta
from kubewright.objects.names import GroupVersionKind


@asynccontextmanager
async def running(server: Any, **settings: Any) -> AsyncIterator[Cache]:
    """A cache that runs against an application, or over a transport."""
    transport = server if isinstance(server, AsgiTransport) else AsgiTransport(server)
    cache = Cache(Client(transport), **settings)
    task = asyncio.create_task(cache.run())
    await eventually(lambda: cache.running)
    try:
        yield cache
    finally:
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled() or task.exception() is None


class Listener:
    """Collects events as ``create a 1 initial``."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.ready = False
        self._changed = asyncio.Event()

    def on_events(self, events: Iterable[Event[Any]]) -> None:
        for event in events:
            observed = event.new or event.old
            assert observed is not None
            marks = " initial" * event.initial + " resync" * event.resync
            self.seen.append(f"{event.type} {observed.key.name} {observed.resource_version}{marks}")
        self._changed.set()

    def on_ready(self) -> None:
        self.ready = True
        self._changed.set()

    def follow(self, informer: Informer[Any], **settings: Any) -> asyncio.Task[None]:
        return asyncio.create_task(informer.subscribe(self.on_events, self.on_ready, **settings))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  the condition is about code that knows nothing of this test
            await asyncio.sleep(0)


async def test_a_subscriber_gets_what_is_there_and_then_every_change() -> None:
    server = FakeServer(pod("a", 1), pod("b", 2))
    async with running(server) as cache:
        listener = Listener()
        task = listener.follow(cache.informer(Pod))
        await listener.until(lambda: listener.ready)
        assert listener.seen == ["create a 1 initial", "create b 2 initial"]
        server.put(pod("a", 3))
        server.delete(key("b"), 4)
        await listener.until(lambda: len(listener.seen) == 4)
        assert listener.seen[2:] == ["update a 3", "delete b 4"]
        task.cancel()


async def test_a_late_subscriber_starts_with_the_store_and_one_that_left_hears_nothing_more() -> None:
    server = FakeServer(pod("a", 1))
    async with running(server) as cache:
        early, late = Listener(), Listener()
        leaving = early.follow(cache.informer(Pod))
        await early.until(lambda: early.ready)
        staying = late.follow(cache.informer(Pod))
        await late.until(lambda: late.ready)
        leaving.cancel()
        await asyncio.wait((leaving,))
        server.put(pod("a", 2))
        await late.until(lambda: len(late.seen) == 2)
        assert late.seen == ["create a 1 initial", "update a 2"]
        assert early.seen == ["create a 1 initial"]
        staying.cancel()


async def test_a_subscriber_that_fails_does_not_disturb_the_others() -> None:
    server = FakeServer(pod("a", 1))

    def fail(_: Iterable[Event[Pod]]) -> None:
        raise RuntimeError("handler is broken")

    async with running(server) as cache:
        informer, listener = cache.informer(Pod), Listener()
        failing = asyncio.create_task(informer.subscribe(fail))
        task = listener.follow(informer)
        await listener.until(lambda: listener.ready)
        with pytest.raises(RuntimeError, match="handler is broken"):
            await failing
        task.cancel()


async def test_a_resync_hands_out_the_store_again() -> None:
    async with running(FakeServer(pod("a", 1))) as cache:
        listener = Listener()
        task = listener.follow(cache.informer(Pod), resync=0.01)
        await listener.until(lambda: len(listener.seen) >= 3)
        assert listener.seen[:3] == ["create a 1 initial", "update a 1 resync", "update a 1 resync"]
        task.cancel()


async def test_wishes_that_are_the_same_share_one_informer() -> None:
    cache = Cache(Client(AsgiTransport(FakeServer())))
    assert cache.informer(Pod) is cache.informer(Pod)
    assert cache.informer(Pod) is not cache.informer(Pod, label_selector="app=web")
    assert cache.informer(MetadataOnly(Pod)) is cache.informer(MetadataOnly(Pod))
    assert len({cache.informer(MetadataOnly(Pod)), cache.informer(Pod)}) == 2


async def test_how_a_kind_is_followed_is_said_before_anybody_asks_for_it() -> None:
    cache = Cache(Client(AsgiTransport(FakeServer())))
    gold = cache.follow(Pod, label_selector="tier=gold")
    assert cache.informer(Pod) is gold
    silver = cache.informer(Pod, label_selector="tier=silver")
    assert silver is not gold and cache.informers == [gold, silver]
    with pytest.raises(ValueError, match="followed already"):
        cache.follow(Pod)
    cache.remove(gold)
    assert cache.informer(Pod) is not gold


async def test_cached_reads_decode_from_the_store() -> None:
    server = FakeServer(pod("a", 1, labels={"app": "web"}), pod("b", 2, namespace="other"))
    async with running(server) as cache:
        assert (await cache.get(Pod, "a")).metadata.labels == {"app": "web"}
        assert [p.metadata.name for p in await cache.list(Pod, label_selector="app")] == ["a"]
        assert [p.metadata.name for p in await cache.list(Pod, namespace="other")] == ["b"]
        assert [p.metadata.name for p in await cache.list(Pod, field_selector="metadata.name=b")] == ["b"]
        with pytest.raises(NotFound, match='pods "x" not found'):
            await cache.get(Pod, "x")


async def test_reading_from_a_cache_that_does_not_run_says_so() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        await Cache(Client(AsgiTransport(FakeServer()))).get(Pod, "a")


async def test_what_the_client_wrote_can_be_read_at_once() -> None:
    server = FakeServer(pod("a", 1))
    async with running(server) as cache:
        listener = Listener()
        task = listener.follow(cache.informer(Pod))
        await listener.until(lambda: listener.ready)
        server.hold()
        await cache.client.patch(Pod, "a", merge={"metadata": {"labels": {"x": "1"}}})
        await cache.client.create(Pod(metadata=ObjectMeta(name="new")))
        assert (await cache.get(Pod, "a")).metadata.labels == {"x": "1"}
        assert (await cache.get(Pod, "new")).metadata.name == "new"
        await cache.client.delete(Pod, "a")
        with pytest.raises(NotFound):
            await cache.get(Pod, "a")
        assert [p.metadata.name for p in await cache.list(Pod)] == ["new"]
        assert len(listener.seen) == 1
        server.release()
        await listener.until(lambda: len(listener.seen) == 4)
        assert [line.split()[:2] for line in listener.seen[1:]] == [["update", "a"], ["create", "new"], ["delete", "a"]]
        task.cancel()


async def test_without_read_your_writes_the_watch_decides() -> None:
    server = FakeServer(pod("a", 1))
    async with running(server, read_your_writes=False) as cache:
        await cache.get(Pod, "a")
        server.hold()
        await cache.client.patch(Pod, "a", merge={"metadata": {"labels": {"x": "1"}}})
        assert (await cache.get(Pod, "a")).metadata.labels == {}


async def test_namespaces_are_followed_each_and_can_come_and_go() -> None:
    server = FakeServer(pod("a", 1), pod("b", 2, namespace="other"), pod("c", 3, namespace="third"))
    async with running(server, namespaces=["default", "other"]) as cache:
        informer = cache.informer(Pod)
        await informer.wait_for_sync()
        assert {obj.key.name for obj in informer.indexer} == {"a", "b"}
        informer.add_namespace("third")
        await eventually(lambda: len(informer.indexer) == 3)
        listener = Listener()
        task = listener.follow(informer)
        await listener.until(lambda: listener.ready)
        informer.remove_namespace("other")
        assert {obj.key.name for obj in informer.indexer} == {"a", "c"}
        assert not any(line.startswith("delete") for line in listener.seen)
        task.cancel()


async def test_cluster_scoped_kinds_are_followed_whole() -> None:
    server = FakeServer()
    async with running(server, namespaces=["default"]) as cache:
        await cache.informer(Namespace).wait_for_sync()
    assert {request.path for request in server.requests} == {"/api/v1/namespaces"}


async def test_metadata_only_informers_ask_for_and_keep_metadata_only() -> None:
    server = FakeServer(pod("a", 1, spec={"nodeName": "n"}))
    async with running(server) as cache:
        found = await cache.get(MetadataOnly(Pod), "a")
        assert (found.kind, found.content) == ("Pod", {})
    assert all("PartialObjectMetadata" in request.headers["accept"] for request in server.requests)


async def test_an_informer_describes_itself_for_debugging() -> None:
    async with running(FakeServer(pod("a", 1), pod("b", 2))) as cache:
        informer = cache.informer(Pod, label_selector="app=web", namespaces=["default"])
        await informer.wait_for_sync()
        found = informer.describe()
        assert (found["of"], found["namespaces"], found["selectors"]) == ("Pod", ["default"], "app=web")
        assert (found["synced"], found["watchRestarts"], found["troubles"]) == (True, 0, [])


async def test_a_removed_informer_stops_following() -> None:
    server = FakeServer(pod("a", 1))
    async with running(server) as cache:
        informer = cache.informer(Pod)
        await informer.wait_for_sync()
        await eventually(lambda: server.watchers == 1)
        cache.remove(informer)
        await eventually(lambda: server.watchers == 0)
        assert cache.informers == []


async def test_an_informer_that_cannot_be_filled_says_why() -> None:
    async with running(ScriptedServer(lambda _: status(403, "Forbidden", "pods is forbidden"))) as cache:
        cache.informer(Pod)
        with pytest.raises(NotSynced, match=r"not in sync after 0.05 s: <Informer of Pod.*pods is forbidden"):
            await cache.wait_for_sync(timeout=0.05)


async def test_a_kind_that_is_not_there_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubewright.cache.informer._ABSENT_KIND_PAUSE", 0.001)
    served: list[dict[str, Any]] = []

    def handle(request: Request) -> Reply:
        if request.path in ("/api", "/apis"):
            items = served if request.path == "/apis" else []
            return Reply({"kind": "APIGroupDiscoveryList", "items": items})
        return Reply({"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "w", "namespace": "n"}}]})

    async with running(ScriptedServer(handle)) as cache:
        informer = cache.informer(Untyped(GroupVersionKind("example.com", "v1", "Widget")))
        await eventually(lambda: informer.kind is None)
        resource = {"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced"}
        versions = [{"version": "v1", "resources": [resource]}]
        served.append({"metadata": {"name": "example.com"}, "versions": versions})
        await informer.wait_for_sync()
        assert informer.kind is not None


async def test_handlers_hear_of_a_change_when_the_store_has_it() -> None:
    server = FakeServer(pod("a", 1))
    async with running(server) as cache:
        informer, stored = cache.informer(Pod), list[tuple[int, str | None]]()

        def look(events: Iterable[Event[Pod]]) -> None:
            for _ in events:
                held = informer.get(key("a"))
                stored.append((len(informer.indexer), held.resource_version if held else None))

        task = asyncio.create_task(informer.subscribe(look))
        await eventually(lambda: len(stored) == 1)
        server.put(pod("a", 2))
        server.put(pod("b", 3))
        await eventually(lambda: len(stored) == 3)
        server.delete(key("a"), 4)
        await eventually(lambda: len(stored) == 4)
        assert stored[0] == (1, "1")
        assert stored[-1] == (1, None)
        task.cancel()


async def test_resyncs_are_each_subscribers_own() -> None:
    async with running(FakeServer(pod("a", 1))) as cache:
        often, never = Listener(), Listener()
        tasks = [often.follow(cache.informer(Pod), resync=0.01), never.follow(cache.informer(Pod))]
        await often.until(lambda: len(often.seen) >= 3)
        assert never.seen == ["create a 1 initial"]
        for task in tasks:
            task.cancel()


async def test_a_transform_is_what_handlers_and_readers_see() -> None:
    def shout(plain: dict[str, Any]) -> dict[str, Any]:
        return {**plain, "metadata": {**plain["metadata"], "name": plain["metadata"]["name"].upper()}}

    async with running(FakeServer(pod("a", 1)), transform=shout) as cache:
        listener = Listener()
        task = listener.follow(cache.informer(Pod))
        await listener.until(lambda: listener.ready)
        assert listener.seen == ["create A 1 initial"]
        assert (await cache.get(Pod, "A")).metadata.name == "A"
        task.cancel()


@pytest.mark.parametrize(
    ("cached", "wanted", "followed"),
    [
        (None, None, {"/api/v1/pods"}),
        (["a", "b"], None, {"/api/v1/namespaces/a/pods", "/api/v1/namespaces/b/pods"}),
        (["a", "b"], ["c"], {"/api/v1/namespaces/c/pods"}),
        (None, ["c", "c"], {"/api/v1/namespaces/c/pods"}),
        (["a"], [], set()),
    ],
)
async def test_what_an_informer_asks_for_goes_before_what_its_cache_does(
    cached: list[str] | None, wanted: list[str] | None, followed: set[str]
) -> None:
    server = FakeServer()
    async with running(server, namespaces=cached) as cache:
        await cache.informer(Pod, namespaces=wanted).wait_for_sync()
    assert {request.path for request in server.requests} == followed
