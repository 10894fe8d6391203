from __future__ import annotations

import asyncio

import pytest
from tests.serving import api_server
from tests.virtual_time import run

from kubewright.cache import Cache, NotSynced
from kubewright.client import AsgiTransport, Client
from kubewright.manager.caches import CacheRunner
from kubewright.objects.core_v1 import ConfigMap


async def test_it_is_ready_when_the_informers_are_filled_and_ends_when_told() -> None:
    async with api_server() as server:
        cache = Cache(server.client())
        cache.informer(ConfigMap)
        runner, stop, ready = CacheRunner(cache), asyncio.Event(), asyncio.Event()
        assert "ConfigMap" in (runner.unsynced() or "")
        running = asyncio.ensure_future(runner.run(stop, ready.set))
        await asyncio.wait_for(ready.wait(), 5)
        assert runner.unsynced() is None
        stop.set()
        await asyncio.wait_for(running, 5)


def test_an_informer_that_cannot_be_filled_is_named() -> None:
    async def down(scope: object, receive: object, send: object) -> None: ...

    async def main() -> None:
        cache = Cache(Client(AsgiTransport(down)))
        cache.informer(ConfigMap)
        await CacheRunner(cache, timeout=30).run(asyncio.Event(), lambda: None)

    with pytest.raises(NotSynced, match=r"not in sync after 30 s: .*ConfigMap"):
        run(main)


def test_it_stops_while_it_cannot_be_filled() -> None:
    async def down(scope: object, receive: object, send: object) -> None: ...

    async def main() -> None:
        cache = Cache(Client(AsgiTransport(down)))
        cache.informer(ConfigMap)
        stop = asyncio.Event()
        running = asyncio.ensure_future(CacheRunner(cache, timeout=1000).run(stop, lambda: None))
        await asyncio.sleep(1)
        stop.set()
        await asyncio.wait_for(running, 1)

    run(main)
