"""The runtime's bounds among faults: no storm of requests, and no memory that grows with the events."""

from __future__ import annotations

import asyncio

from tests.faults.sizes import container_sizes
from tests.serving import api_server
from tests.virtual_time import run

from kubewright import Context, ObjectMeta, Operator, Retry
from kubewright.cache import Cache
from kubewright.client import AsgiTransport, Client
from kubewright.manager.endpoints import Endpoints
from kubewright.objects.core_v1 import ConfigMap, Secret
from kubewright.testing.faults import FaultyTransport, unavailable
from kubewright.workqueue import Cause, WorkQueue
from kubewright.workqueue.core import PriorityQueue

BOUNDED = (
    ".cache._informers[]._reader._packer._samples",
    ".cache._informers[]._reader._early",
    ".cache._informers[]._reader._traits",
    ".controllers[]._hot_loops._seen",
)
"""What remembers up to a fixed number, and so may grow for a while."""

restless = Operator("restless")


@restless.reconcile(ConfigMap, owns=[Secret])
async def reconcile(config: ConfigMap, ctx: Context) -> None:
    await ctx.apply(Secret(metadata=ObjectMeta(name=config.metadata.name)))
    if len(ctx.causes) and "seen" not in config.metadata.annotations:
        raise Retry("not yet", after=0.001)


@restless.finalize(ConfigMap)
async def finalize(config: ConfigMap, ctx: Context) -> None:
    await ctx.client.delete(Secret, config.metadata.name, "default")


@restless.on_change(ConfigMap, "data")
async def changed(memo: dict[str, object], attempt: int) -> None:
    memo["seen"] = True
    if attempt < 3:
        raise OSError("once more")


@restless.timer(ConfigMap, interval=3600)
async def ticked(memo: dict[str, object]) -> None:
    memo["ticked"] = True


@restless.daemon(ConfigMap)
async def guard(stopped: asyncio.Event) -> None:
    await stopped.wait()


async def live_and_die(user: Client, prefix: str) -> None:
    """Twenty objects come, are worked on, and go."""
    names = {f"{prefix}-{number}" for number in range(20)}
    for name in names:
        await user.create(ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data={"a": "b"}))
    async with user.watch(ConfigMap, namespace="default") as events:
        async for event in events:
            metadata = event.object.metadata
            if event.type == "DELETED":
                names.discard(metadata.name)
                if not names:
                    return
            elif metadata.annotations and metadata.finalizers and not metadata.deletion_timestamp:
                await user.delete(event.object)


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


def test_a_key_that_is_always_early_leaves_no_trail_of_its_delays() -> None:
    core: PriorityQueue[str] = PriorityQueue()
    for second in range(10_000):
        core.add("key", second, delay=3600)
        core.add("key", second)
        assert core.pop(second)
        core.done("key")
    core.add("key", 10_000, delay=3600)
    assert core.next_due() == 13_600
    assert sum(map(len, container_sizes(core).values())) < 200


async def test_objects_that_come_and_go_leave_nothing_behind() -> None:
    async with api_server() as server, asyncio.timeout(30):
        user = server.client()
        async with restless.running(server.client(), health_address="0", metrics_address="0") as manager:
            await live_and_die(user, "first")
            before = container_sizes(manager)
            for number in range(3):
                await live_and_die(user, f"again{number}")
            after = container_sizes(manager)
    assert len(before) > 50
    growth = {path: sum(sizes) - sum(before.get(path, ())) for path, sizes in after.items()}
    assert {path: more for path, more in growth.items() if more >= 20 and not path.startswith(BOUNDED)} == {}
