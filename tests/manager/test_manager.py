from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.manager.test_leader_elector import MemoryLock, Server
from tests.manager.test_runnables import Part
from tests.serving import api_server
from tests.virtual_time import run

from kubewright.client import AsgiTransport, Client
from kubewright.controller import Controller, KindSource, enqueue_object
from kubewright.manager.endpoints import Endpoints
from kubewright.manager.leader_elector import LeaderElector, LeadershipLost
from kubewright.manager.lease_lock import LeaseLock
from kubewright.manager.manager import Manager
from kubewright.manager.runnables import Group
from kubewright.objects import ObjectKey, ObjectMeta
from kubewright.objects.coordination_v1 import Lease
from kubewright.objects.core_v1 import Namespace
from kubewright.workqueue import Item, WorkQueue


def manager(*, leader_elect: bool = False, warm_standby: bool = False, grace_period: float = 30.0) -> Manager:
    """One whose server knows nothing: every path is not found."""
    client = Client(AsgiTransport(Endpoints({})))
    return Manager(
        client,
        "test",
        leader_elect=leader_elect,
        warm_standby=warm_standby,
        health_address="0",
        metrics_address="0",
        grace_period=grace_period,
    )


def test_groups_start_in_order_and_stop_so_that_nothing_is_lost() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        subject, stop = manager(), asyncio.Event()
        for group in reversed(Group):
            subject.add(Part(group.name.lower(), log, ready_after=1, stop_after=1), group)
        running = asyncio.ensure_future(subject.run(stop))
        await asyncio.sleep(20)
        stop.set()
        await running
        return log

    names = ["http", "webhooks", "caches", "others", "leader"]
    stops = ["others", "leader", "caches", "webhooks", "http"]
    assert run(main) == [f"{name} ready" for name in names] + [f"{name} stopped" for name in stops]


def test_it_is_ready_once_all_but_the_leaders_part_has_started() -> None:
    async def main() -> None:
        subject, stop, log = manager(), asyncio.Event(), list[str]()
        subject.add(Part("cache", log, ready_after=5), Group.CACHES)
        subject.add(Part("controller", log, ready_after=5))
        assert (await subject.readyz.answer("started")).status == 500
        running = asyncio.ensure_future(subject.run(stop))
        await asyncio.sleep(4)
        assert (await subject.readyz.answer("")).status == 500
        await asyncio.sleep(2)
        assert (await subject.readyz.answer("")).status == 200
        await asyncio.sleep(6)
        assert (await subject.readyz.answer("")).status == 200
        stop.set()
        await running

    run(main)


def test_stopping_while_it_starts() -> None:
    async def main() -> list[str]:
        subject, stop, log = manager(), asyncio.Event(), list[str]()
        subject.add(Part("endless", log, ready_after=1e6), Group.CACHES)
        subject.add(Part("controller", log))
        running = asyncio.ensure_future(subject.run(stop))
        await asyncio.sleep(1)
        stop.set()
        await running
        return log

    assert run(main) == []


def test_the_grace_period_is_shared_by_all() -> None:
    async def main() -> float:
        subject, stop = manager(grace_period=30), asyncio.Event()
        for group in (Group.LEADER, Group.CACHES):
            subject.add(Part("stubborn", [], stop_after=1e6), group)
        running = asyncio.ensure_future(subject.run(stop))
        await asyncio.sleep(1)
        stop.set()
        start = asyncio.get_running_loop().time()
        await running
        return asyncio.get_running_loop().time() - start

    assert run(main) == pytest.approx(30)


def test_a_failing_part_ends_the_manager_after_an_orderly_stop() -> None:
    class Failing:
        async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
            ready()
            await asyncio.sleep(3)
            raise ValueError("boom")

    async def main() -> list[str]:
        log: list[str] = []
        subject = manager()
        subject.add(Part("cache", log), Group.CACHES)
        subject.add(Failing())
        with pytest.raises(ValueError, match="boom"):
            await subject.run()
        return log

    assert run(main) == ["cache ready", "cache stopped"]


class SlowSource:
    """Takes half a minute for its first list."""

    name = "slow"

    async def run(self, queue: WorkQueue[str], ready: Callable[[], None]) -> None:
        await asyncio.sleep(30)
        queue.add("key")
        ready()
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("dies", "warm", "at_most"),
    [(True, True, 24.0), (True, False, 54.0), (False, True, 4.5), (False, False, 34.5)],
)
def test_a_warm_standby_goes_on_as_soon_as_it_leads(dies: bool, warm: bool, at_most: float) -> None:
    async def main() -> float:
        server, worked = Server(), asyncio.Event()

        async def work(item: Item[str]) -> None:
            worked.set()

        leader = LeaderElector(MemoryLock(server), "first")
        await leader.acquire()
        holding = asyncio.ensure_future(leader.hold())
        standby, stop = manager(leader_elect=True, warm_standby=warm), asyncio.Event()
        standby.elector = LeaderElector(MemoryLock(server), "second")
        controller = Controller[str]("controller", work)
        controller.watch(SlowSource())
        standby.add_controller(controller)
        running = asyncio.ensure_future(standby.run(stop))
        await asyncio.sleep(100)
        assert not worked.is_set()
        holding.cancel()
        if not dies:
            await leader.release()
        ended = asyncio.get_running_loop().time()
        await worked.wait()
        took = asyncio.get_running_loop().time() - ended
        stop.set()
        await running
        return took

    took = run(main)  # candidates ask every 2 to 4.4 s, and count the 15 s of a lease from when they have seen it last
    assert took <= at_most
    assert warm or took >= 30


def test_a_lost_lease_ends_it_at_once_without_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> float:
        subject = manager(leader_elect=True)
        subject.add(Part("controller", [], stop_after=1e6))
        elector = subject.elector
        assert elector is not None

        async def acquire() -> None:
            await asyncio.sleep(1)

        async def hold() -> None:
            await asyncio.sleep(5)

        monkeypatch.setattr(elector, "acquire", acquire)
        monkeypatch.setattr(elector, "hold", hold)
        with pytest.raises(LeadershipLost):
            await subject.run()
        return asyncio.get_running_loop().time()

    assert run(main) == pytest.approx(1006)


async def test_controllers_are_known_by_name() -> None:
    async def nothing(item: Item[str]) -> None: ...

    subject = manager()
    subject.add_controller(Controller[str]("website", nothing))
    with pytest.raises(ValueError, match="two controllers are called website"):
        subject.add_controller(Controller[str]("website", nothing))


def test_the_lease_is_renewed_until_the_controllers_have_finished() -> None:
    async def main() -> None:
        subject, stop, server = manager(leader_elect=True, grace_period=60), asyncio.Event(), Server()
        subject.elector = LeaderElector(MemoryLock(server), "a")
        subject.add(Part("controller", [], stop_after=40))
        running = asyncio.ensure_future(subject.run(stop))
        await asyncio.sleep(5)
        stop.set()
        other = asyncio.ensure_future(LeaderElector(MemoryLock(server), "b").acquire())
        await asyncio.sleep(39)
        assert not other.done() and not running.done()
        await running
        await other
        assert server.record is not None and server.record.holder == "b"

    run(main)


@pytest.mark.parametrize("warm_standby", [False, True])
async def test_a_controller_is_removed_and_starts_again_with_all_objects(warm_standby: bool) -> None:
    names: asyncio.Queue[str] = asyncio.Queue()

    async def work(item: Item[ObjectKey]) -> None:
        names.put_nowait(item.key.name)

    async with api_server() as server, asyncio.timeout(10):
        user, stop = server.client(), asyncio.Event()
        subject = Manager(
            server.client(),
            "test",
            leader_elect=warm_standby,
            warm_standby=warm_standby,
            health_address="0",
            metrics_address="0",
        )
        controller: Controller[ObjectKey] = Controller("namespaces", work)
        controller.watch(KindSource("Namespace", subject.cache.informer(Namespace), enqueue_object))
        subject.add_controller(controller)
        running = asyncio.ensure_future(subject.run(stop))
        await user.create(Namespace(metadata=ObjectMeta(name="a")))
        while await names.get() != "a":
            pass
        assert await subject.remove_controller("namespaces") is controller
        with pytest.raises(KeyError):
            await subject.remove_controller("namespaces")
        await user.create(Namespace(metadata=ObjectMeta(name="b")))
        subject.add_controller(controller)
        seen: set[str] = set()
        while not seen >= {"a", "b"}:
            seen.add(await names.get())
        stop.set()
        await running


async def test_the_lease_may_be_another_one_with_labels() -> None:
    async with api_server() as server, asyncio.timeout(5):
        client, stop = server.client(), asyncio.Event()
        lock = LeaseLock(client, "default", "shared", labels={"app": "test"})
        subject = Manager(client, "test", leader_elect=True, lock=lock, health_address="0", metrics_address="0")
        subject.add(Part("controller", []))
        running = asyncio.ensure_future(subject.run(stop))
        async with server.client().watch(Lease, field_selector={"metadata.name": "shared"}) as events:
            async for event in events:
                if event.object.spec.holder_identity:
                    assert event.object.metadata.labels == {"app": "test"}
                    break
        stop.set()
        await running
