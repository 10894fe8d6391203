from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace

from tests.controller.observed import Seen, created, updated
from tests.virtual_time import run

from kubewright.cache.event import Event
from kubewright.controller.handlers import enqueue_object
from kubewright.controller.predicates import generation_changed
from kubewright.controller.sources import LOW_PRIORITY, Channel, IteratorSource, KindSource, Source, Ticker
from kubewright.objects import ObjectKey
from kubewright.workqueue import Cause, WorkQueue

KEY = ObjectKey("ns", "a")


class Informer:
    def __init__(self, *events: Event[str]) -> None:
        self.events = events

    async def subscribe(
        self,
        on_events: Callable[[Iterable[Event[str]]], None],
        ready: Callable[[], None],
        *,
        resync: float | None = None,
    ) -> None:
        self.resync = resync
        on_events(self.events)
        ready()


async def filled(source: Source[ObjectKey]) -> WorkQueue[ObjectKey]:
    queue, ready = WorkQueue[ObjectKey](), asyncio.Event()
    await source.run(queue, ready.set)
    assert ready.is_set()
    return queue


async def test_events_become_requests_with_their_cause() -> None:
    source = KindSource("Website", Informer(updated(Seen(), Seen(resource_version="2"))), enqueue_object)
    item = await (await filled(source)).get()
    assert (item.key, item.priority, item.causes) == (KEY, 0, (Cause("update", "Website", "ns/a", "2"),))


async def test_the_initial_list_and_resyncs_have_low_priority() -> None:
    initial, resync = created(Seen(), initial=True), updated(Seen(), Seen(), resync=True)
    item = await (await filled(KindSource("Website", Informer(initial, resync), enqueue_object))).get()
    assert (item.priority, [cause.event for cause in item.causes]) == (LOW_PRIORITY, ["initial", "resync"])


async def test_how_often_to_resync_is_asked_of_the_informer() -> None:
    informer = Informer()
    await filled(KindSource("Website", informer, enqueue_object))
    assert informer.resync is None
    await filled(KindSource("Website", informer, enqueue_object, resync=600))
    assert informer.resync == 600


async def test_predicates_keep_events_back() -> None:
    events = Informer(updated(Seen(), replace(Seen(), labels={"a": "b"})))
    assert len(await filled(KindSource("Website", events, enqueue_object, [generation_changed]))) == 0


async def test_an_async_iterator_names_requests() -> None:
    async def messages() -> AsyncIterator[ObjectKey]:
        yield KEY

    item = await (await filled(IteratorSource("broker", messages()))).get()
    assert (item.key, item.causes) == (KEY, (Cause("generic", "broker"),))


async def test_a_channel_keeps_what_was_sent_before_it_ran() -> None:
    channel, queue, ready = Channel[ObjectKey]("hook"), WorkQueue[ObjectKey](), asyncio.Event()
    channel.send(KEY)
    running = asyncio.ensure_future(channel.run(queue, ready.set))
    await ready.wait()
    channel.send(ObjectKey("ns", "b"))
    assert [(await queue.get()).key.name for _ in range(2)] == ["a", "b"]
    running.cancel()


def test_a_ticker_repeats_its_requests() -> None:
    async def main() -> None:
        queue = WorkQueue[ObjectKey]()
        ticking = asyncio.ensure_future(Ticker("hourly", lambda: 3600.0, lambda: [KEY]).run(queue, lambda: None))
        await asyncio.sleep(3599)
        assert len(queue) == 0
        await asyncio.sleep(2)
        assert len(queue) == 1
        ticking.cancel()

    run(main)
