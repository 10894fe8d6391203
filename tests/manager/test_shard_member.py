"""Several managers over one API server: every object is worked on by one of them, whoever comes, leaves or dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.serving import Server, api_server

from kubewright import Context, ObjectMeta, Operator
from kubewright.client import AsgiTransport, Client
from kubewright.controller import on_object
from kubewright.manager import Manager, ShardLost, Timing
from kubewright.objects.coordination_v1 import Lease
from kubewright.objects.core_v1 import ConfigMap, Secret
from kubewright.testing.faults import FaultyTransport, refuse, skew

COUNT = 24
TIMING = Timing(lease_duration=1.0, renew_deadline=0.6, retry_period=0.1)


class Team:
    """Replicas of one operator, and who worked on what."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.active: dict[str, str] = {}
        self.seen: dict[str, str] = {}
        self.changed = asyncio.Condition()
        self.hold: asyncio.Event | None = None

    def manager(self, name: str) -> tuple[Manager, FaultyTransport]:
        return self.managed(self.operator(name))

    def operator(self, name: str) -> Operator:
        op = Operator("team")

        @op.reconcile(ConfigMap, workers=4)
        async def reconcile(config: ConfigMap, ctx: Context) -> None:
            async with self.working(config.metadata.name, name):
                if self.hold is not None:
                    await self.hold.wait()

        return op

    def guards(self, name: str) -> tuple[Manager, FaultyTransport]:
        """A replica whose work is daemons."""
        op = Operator("team")

        @op.daemon(ConfigMap, grace=5)
        async def guard(obj: ConfigMap, stopped: asyncio.Event) -> None:
            async with self.working(obj.metadata.name, name):
                await (self.hold or stopped).wait()

        return self.managed(op)

    @asynccontextmanager
    async def working(self, key: str, name: str) -> AsyncIterator[None]:
        assert key not in self.active, f"two workers at {key}"
        self.active[key] = name
        try:
            async with self.changed:
                self.seen[key] = name
                self.changed.notify_all()
            yield
        finally:
            del self.active[key]

    def managed(self, op: Operator) -> tuple[Manager, FaultyTransport]:
        inner = AsgiTransport(self.server.server.app, headers={"authorization": "Bearer admin"})
        transport = FaultyTransport(inner)
        manager = Manager(
            Client(transport), "team", sharding=True, timing=TIMING, health_address="0", metrics_address="0"
        )
        op.add_to(manager)
        return manager, transport

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15), self.changed:
            await self.changed.wait_for(condition)

    async def until_members(self, manager: Manager, count: int) -> None:
        shards = manager.shards
        assert shards is not None
        read = asyncio.Event()
        shards.gate("observer").subscribe(lambda _: read.set())
        async with asyncio.timeout(15):
            while len(shards.shard.members) != count or shards.shard.is_stale:
                await read.wait()
                read.clear()


@asynccontextmanager
async def team() -> AsyncIterator[Team]:
    async with api_server() as server:
        user = server.client()
        for number in range(COUNT):
            await user.create(ConfigMap(metadata=ObjectMeta(name=f"c{number}", namespace="default")))
        yield Team(server)


@asynccontextmanager
async def running(*managers: Manager) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(manager.run(stop)) for manager in managers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def test_replicas_share_the_objects_and_a_leaver_s_are_taken_at_once() -> None:
    async with team() as replicas:
        one, two = replicas.manager("one")[0], replicas.manager("two")[0]
        async with running(one):
            await replicas.until(lambda: Counter(replicas.seen.values()) == {"one": COUNT})
            async with running(two):
                await replicas.until(lambda: 0 < Counter(replicas.seen.values())["two"] < COUNT)
                await replicas.until_members(one, 2)
            await replicas.until(lambda: Counter(replicas.seen.values()) == {"one": COUNT})
        leases = await replicas.server.client().list(Lease, namespace="default")
        assert [lease.spec.holder_identity for lease in leases] == ["", ""]


async def test_the_dead_are_taken_over_from() -> None:
    async with team() as replicas:
        one, (two, network) = replicas.manager("one")[0], replicas.manager("two")
        async with running(one):
            dying = asyncio.create_task(two.run())
            await replicas.until(lambda: 0 < Counter(replicas.seen.values())["two"] < COUNT)
            network.faults.append(refuse())
            with pytest.raises(ShardLost):
                await dying
            await replicas.until(lambda: Counter(replicas.seen.values()) == {"one": COUNT})


@pytest.mark.parametrize("ahead", [3600, -3600])
async def test_clocks_that_differ_by_an_hour_change_nothing(ahead: float) -> None:
    async with team() as replicas:
        one, (two, network) = replicas.manager("one")[0], replicas.manager("two")
        network.faults.append(skew(ahead))
        async with running(one):
            dying = asyncio.create_task(two.run())
            await replicas.until(lambda: 0 < Counter(replicas.seen.values())["two"] < COUNT)
            await replicas.until_members(one, 2)
            network.faults.append(refuse())
            with pytest.raises(ShardLost):
                await dying
            await replicas.until(lambda: Counter(replicas.seen.values()) == {"one": COUNT})


async def test_what_is_being_worked_on_stays_with_its_worker_until_it_is_done() -> None:
    async with team() as replicas:
        one, two = replicas.manager("one")[0], replicas.manager("two")[0]
        replicas.hold = release = asyncio.Event()
        async with running(one):
            await replicas.until(lambda: len(replicas.active) == 4)
            async with running(two):
                await replicas.until_members(one, 2)
                held = set(replicas.active)
                assert one.shards is not None and len(one.shards.shard.working) == 4
                release.set()
                await replicas.until(lambda: len(replicas.seen) == COUNT)
                assert held <= replicas.seen.keys()


async def test_daemons_follow_their_objects_and_never_run_twice() -> None:
    async with team() as replicas:
        one, two = replicas.guards("one")[0], replicas.guards("two")[0]
        async with running(one):
            await replicas.until(lambda: Counter(replicas.active.values()) == {"one": COUNT})
            async with running(two):
                await replicas.until(lambda: 0 < Counter(replicas.active.values())["two"] < COUNT)
                await replicas.until_members(one, 2)
                await replicas.until(lambda: len(replicas.active) == COUNT)
                assert set(replicas.active.values()) == {"one", "two"}
            await replicas.until(lambda: Counter(replicas.active.values()) == {"one": COUNT})
            await replicas.server.client().delete(ConfigMap, "c0", "default")
        assert not replicas.active


async def test_the_daemons_of_the_dead_end_with_them_and_are_taken_over() -> None:
    async with team() as replicas:
        one, (two, network) = replicas.guards("one")[0], replicas.guards("two")
        replicas.hold = end = asyncio.Event()
        async with running(one):
            dying = asyncio.create_task(two.run())
            await replicas.until(lambda: 0 < Counter(replicas.active.values())["two"] < COUNT)
            network.faults.append(refuse())
            with pytest.raises(ShardLost):
                await dying
            assert "two" not in replicas.active.values()
            await replicas.until(lambda: Counter(replicas.active.values()) == {"one": COUNT})
            end.set()


async def test_the_objects_of_further_clusters_are_shared_too() -> None:
    async with team() as replicas, team() as west:
        managers = []
        for name in ("one", "two"):
            op = replicas.operator(name)
            manager = replicas.managed(op)[0]
            op.clusters(manager).add("west", west.server.client())
            managers.append(manager)
        for number in range(COUNT):
            await replicas.server.client().delete(ConfigMap, f"c{number}", "default")
            await west.server.client().create(ConfigMap(metadata=ObjectMeta(name=f"w{number}", namespace="default")))
        async with running(*managers):
            await replicas.until(lambda: len(replicas.seen) == 2 * COUNT)
            assert set(replicas.seen.values()) == {"one", "two"}


async def test_a_deleted_lease_ends_its_owner() -> None:
    async with team() as replicas:
        manager, _ = replicas.manager("one")
        task = asyncio.create_task(manager.run())
        await replicas.until(lambda: len(replicas.seen) == COUNT)
        assert manager.shards is not None
        await replicas.server.client().delete(Lease, manager.shards.shard.identity, "default")
        with pytest.raises(ShardLost, match="deleted"):
            await task


async def test_what_was_applied_for_objects_that_move_away_is_forgotten() -> None:
    """Another replica may apply more meanwhile; who gets the object back must not take that for its own work."""

    def publisher() -> Operator:
        op = Operator("team")

        @op.reconcile(ConfigMap, owns=[Secret], when=on_object(lambda found: "source" in found.metadata.labels))
        async def reconcile(config: ConfigMap, ctx: Context) -> None:
            await ctx.apply(Secret(metadata=ObjectMeta(name=config.metadata.name, annotations=dict(config.data))))

        return op

    async with team() as replicas:
        user = replicas.server.client()

        async def until_published(wanted: dict[str, str]) -> None:
            async with asyncio.timeout(10), user.watch(Secret, namespace="default") as events:
                found: dict[str, dict[str, str]] = {}
                async for event in events:
                    found[event.object.metadata.name] = dict(event.object.metadata.annotations)
                    if len(found) == COUNT and all(data == wanted for data in found.values()):
                        return

        async def change(data: dict[str, str | None]) -> None:
            for number in range(COUNT):
                labels = {"source": "yes"}
                await user.patch(
                    ConfigMap, f"c{number}", "default", merge={"metadata": {"labels": labels}, "data": data}
                )

        one, (two, network) = replicas.managed(publisher())[0], replicas.managed(publisher())
        async with running(one):
            await change({"a": "1"})
            await until_published({"a": "1"})
            dying = asyncio.create_task(two.run())
            await replicas.until_members(one, 2)
            await change({"b": "2"})
            await until_published({"a": "1", "b": "2"})
            network.faults.append(refuse())
            await change({"b": None})
            with pytest.raises(ShardLost):
                await dying
            await until_published({"a": "1"})
