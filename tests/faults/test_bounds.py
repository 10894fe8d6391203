"""The runtime's bounds among faults: no storm of requests, and no memory that grows with the events."""

from __future__ import annotations

import asyncio

from tests.virtual_time import run

from kubewright.cache import Cache
from kubewright.client import AsgiTransport, Client
from kubewright.manager.endpoints import Endpoints
from kubewright.objects.core_v1 import ConfigMap
from kubewright.testing.faults import FaultyTransport, unavailable
from kubewright.workqueue import Cause, WorkQueue


def test_a_server_that_is_down_is_not_stormed() -> None:
    async def main() -> None:
        transport = FaultyTransport(AsgiTransport(Endpoints({})), [down := unavailable()])
        cache = Cache(Client(transport))
        cache.informer(ConfigMap)
        running = asyncio.ensure_future(cache.run())
        await asyncio.sleep(3600)
        running.cancel()
        assert 3600 / 60 < down.hits < 3600 / 2

    run(main)


async def test_ten_thousand_events_for_a_busy_key_take_the_room_of_one() -> None:
    queue: WorkQueue[str] = WorkQueue("hot")
    queue.add("key")
    item = await queue.get()
    for number in range(10_000):
        queue.add("key", cause=Cause("update", "Site", "s0", str(number)))
    assert len(queue) == 1
    queue.done(item.key)
    again = await queue.get()
    assert len(again.causes) + again.omitted_causes == 10_000
    assert len(again.causes) < 10
